/** Guessing is slow, and nobody can use that against the owner: decision 0002. */
import type { Deps } from '../../deps.ts';
import { failure } from '../../domain/errors.ts';
import { Problem } from '../../http/problem.ts';
import { PasswordsBusyError } from '../../platform/passwords/passwords.ts';
import { countLoginAttempt, forgetLoginAttempts, passwordHashOf } from './accounts.repository.ts';
import { LOGIN_WINDOW_MS, MAX_LOGIN_ATTEMPTS, MAX_WINDOW_DOUBLINGS } from './login-limits.ts';
import { hashSecret } from './secret.ts';

/** One account as tried from one place: an address, a device that has signed in before, or a session. */
export interface AttemptPlace {
  accountHash: string;
  address: string;
}

/**
 * Counts an attempt before its secret is looked at, so that parallel guesses cannot slip past the limit. One too
 * many is refused with `rate_limited` and the seconds to wait, and the first such one is told to `onLocked`.
 */
export async function countAttempt(
  deps: Deps,
  place: AttemptPlace,
  onLocked: () => Promise<void> = async () => {},
): Promise<void> {
  const nowMs = deps.now();
  const { attempts, windowStartedAtMs, lockouts } = await countLoginAttempt(deps.db, { ...place, nowMs });
  if (attempts <= MAX_LOGIN_ATTEMPTS) return;
  if (attempts === MAX_LOGIN_ATTEMPTS + 1) await onLocked();
  const endsAtMs = windowStartedAtMs + LOGIN_WINDOW_MS * 2 ** Math.min(lockouts, MAX_WINDOW_DOUBLINGS);
  const waitSeconds = Math.max(1, Math.ceil((endsAtMs - nowMs) / 1000));
  throw new Problem(
    failure('rate_limited', `Too many attempts. Try again in ${waitSeconds} s.`, {
      retry_after_seconds: waitSeconds,
    }),
    { 'Retry-After': String(waitSeconds) },
  );
}

/** Runs a password hash; too long a queue for it is a refusal, not an error. */
export async function hashing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PasswordsBusyError)
      throw new Problem(
        failure('unavailable', 'Too many people are signing in at this moment. Try again shortly.'),
      );
    throw error;
  }
}

/**
 * Asks a signed-in user for their password once more; refused with `wrong_password`. Guesses with a stolen session are
 * counted for that session. Gives the stored hash, to guard what follows by it.
 */
export async function checkOwnPassword(
  deps: Deps,
  { userId, sessionId }: { userId: string; sessionId: string },
  password: string,
): Promise<string> {
  const place = { accountHash: await hashSecret(userId), address: `session:${sessionId}` };
  await countAttempt(deps, place);
  const hash = await passwordHashOf(deps.db, userId);
  if (!(await hashing(deps.passwords.verify(password, hash))))
    throw new Problem(failure('wrong_password', 'This is not the password of your account.'));
  await forgetLoginAttempts(deps.db, place);
  return hash ?? '';
}
