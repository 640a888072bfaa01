import { COMMON_PASSWORDS } from './common-passwords.ts';

/** Any character counts and nothing is cut off (ASVS 6.2); length is in code points of the NFC form. */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

export const hasPasswordLength = (password: string): boolean => {
  const length = [...password].length;
  return length >= MIN_PASSWORD_LENGTH && length <= MAX_PASSWORD_LENGTH;
};

/** True for a password that a guesser tries first: a common one, or the account's own names. */
export function isGuessable(password: string, account: { email: string; username: string }): boolean {
  const folded = password.toLowerCase();
  return (
    COMMON_PASSWORDS.has(folded) ||
    folded === account.email.toLowerCase() ||
    folded === account.email.toLowerCase().split('@')[0] ||
    folded === account.username.toLowerCase()
  );
}
