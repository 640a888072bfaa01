import { DAY_MS, HOUR_MS } from '../time.ts';

/** What a mailed link is for. */
export const ACCOUNT_TOKEN_PURPOSES = ['verify_email', 'reset_password', 'change_email'] as const;
export type AccountTokenPurpose = (typeof ACCOUNT_TOKEN_PURPOSES)[number];

/** How long a link works: a reset opens the account, so it is short. */
export const ACCOUNT_TOKEN_LIFE_MS: Readonly<Record<AccountTokenPurpose, number>> = {
  verify_email: 3 * DAY_MS,
  reset_password: HOUR_MS,
  change_email: DAY_MS,
};

/** Mails of one kind that an account is sent in an hour at most, whoever asks for them. */
export const MAX_LINKS_PER_HOUR = 4;
