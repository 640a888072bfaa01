import { isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { type Account, rolesOf } from '../../domain/accounts/account.ts';
import { isGuessable } from '../../domain/accounts/password-policy.ts';
import { type Failure, failure } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import type { Caller } from '../../http/factory.ts';
import { PasswordsBusyError } from '../../platform/passwords/passwords.ts';
import { isOn } from '../flags/is-on.ts';
import {
  countLoginAttempt,
  endSession,
  findAccount,
  findByLoginName,
  findRefreshToken,
  findSessionAccount,
  insertAccount,
  insertTicket,
  type NewSession,
  openSession,
  rotateRefreshToken,
  spendTicket,
} from './accounts.repository.ts';
import { hashSecret, newSecret } from './secret.ts';

const DAY_MS = 24 * 3_600_000;

/** Attempts without a success, for one account from one address, before that address has to wait. */
export const MAX_LOGIN_ATTEMPTS = 10;
export const LOGIN_WINDOW_MS = 15 * 60_000;

/** Long enough to open a socket, short enough to be worthless in a log. */
export const TICKET_SECONDS = 30;

/** Where a sign-in comes from; the address is the one the platform saw. */
export interface Client {
  address: string;
  userAgent: string;
}

export interface SignedIn {
  account: Account;
  accessToken: string;
  expiresInSeconds: number;
  refreshToken: string;
}

const INVALID_CREDENTIALS = failure('invalid_credentials', 'The e-mail address or the password is wrong.');
const INVALID_REFRESH_TOKEN = failure(
  'invalid_refresh_token',
  'The refresh token is not valid or no longer valid. Sign in again.',
);
const BUSY = failure('unavailable', 'Too many people are signing in at this moment. Try again shortly.');

/** What somebody who is suspended or banned is told. */
function barredFailure({ status, suspendedUntilMs }: Account): Failure {
  if (status === 'banned') return failure('account_banned', 'This account is banned.');
  const until = suspendedUntilMs === null ? null : new Date(suspendedUntilMs).toISOString();
  return failure('account_suspended', 'This account is suspended.', { suspended_until: until });
}

/** Runs a password hash; too long a queue for it is a refusal, not an error. */
async function hashing<T>(work: Promise<T>): Promise<Result<T, Failure>> {
  try {
    return ok(await work);
  } catch (error) {
    if (error instanceof PasswordsBusyError) return err(BUSY);
    throw error;
  }
}

async function newSession(
  deps: Deps,
  userId: string,
  client: Client,
  refreshToken: string,
): Promise<NewSession> {
  const nowMs = deps.now();
  return {
    id: newId('ses', deps.random),
    userId,
    userAgent: client.userAgent,
    address: client.address,
    refreshHash: await hashSecret(refreshToken),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + deps.config.REFRESH_TOKEN_DAYS * DAY_MS,
  };
}

async function signedIn(
  deps: Deps,
  account: Account,
  sessionId: string,
  refreshToken: string,
): Promise<SignedIn> {
  const { token, expiresInSeconds } = await deps.tokens.sign(
    { userId: account.id, sessionId, username: account.username, roles: rolesOf(account.role) },
    deps.now(),
  );
  return { account, accessToken: token, expiresInSeconds, refreshToken };
}

/**
 * Creates an account and signs it in (GR-01). Refused with `weak_password`, `email_taken` or `username_taken`; the
 * password is hashed before the names are looked at, so that a taken name costs as much time as a free one.
 */
export async function register(
  deps: Deps,
  input: { email: string; username: string; password: string; displayName: string | null },
  client: Client,
): Promise<Result<SignedIn, Failure>> {
  if (!(await isOn(deps, 'registration_open')))
    return err(failure('registration_closed', 'New accounts are not being made at the moment.'));
  if (isGuessable(input.password, input)) {
    const detail = 'This password is among the first that a guesser tries. Choose another.';
    return err({ code: 'weak_password', detail, errors: [{ pointer: '/password', detail }] });
  }
  const hashed = await hashing(deps.passwords.hash(input.password));
  if (!hashed.ok) return hashed;

  const account: Account = {
    id: newId('usr', deps.random),
    email: input.email,
    username: input.username,
    displayName: input.displayName ?? input.username,
    role: 'user',
    status: 'active',
    suspendedUntilMs: null,
    createdAtMs: deps.now(),
  };
  const refreshToken = newSecret(deps.random);
  const session = await newSession(deps, account.id, client, refreshToken);
  try {
    await insertAccount(deps.db, account, hashed.value, session);
  } catch (error) {
    if (isUniqueViolation(error, 'users.email_key'))
      return err(failure('email_taken', 'There is an account with this e-mail address already.'));
    if (isUniqueViolation(error, 'users.username_key'))
      return err(failure('username_taken', 'This username is taken.'));
    throw error;
  }
  deps.log.info('account_registered', { user_id: account.id });
  return ok(await signedIn(deps, account, session.id, refreshToken));
}

/**
 * Signs in by e-mail address or username. An unknown name, and a wrong password, take the same steps and get the same
 * answer. Attempts are counted before the password is checked, so that parallel guesses cannot slip past the limit.
 */
export async function login(
  deps: Deps,
  input: { name: string; password: string },
  client: Client,
): Promise<Result<SignedIn, Failure>> {
  const found = await findByLoginName(deps.db, input.name);
  const attempt = {
    accountHash: await hashSecret(found?.account.id ?? input.name.toLowerCase()),
    address: client.address,
  };
  const nowMs = deps.now();
  const { attempts, windowStartedAtMs } = await countLoginAttempt(deps.db, {
    ...attempt,
    nowMs,
    windowMs: LOGIN_WINDOW_MS,
  });
  if (attempts > MAX_LOGIN_ATTEMPTS) {
    const waitSeconds = Math.max(1, Math.ceil((windowStartedAtMs + LOGIN_WINDOW_MS - nowMs) / 1000));
    return err(
      failure('rate_limited', `Too many attempts. Try again in ${waitSeconds} s.`, {
        retry_after_seconds: waitSeconds,
      }),
    );
  }

  const matches = await hashing(deps.passwords.verify(input.password, found?.passwordHash ?? null));
  if (!matches.ok) return matches;
  if (!found || !matches.value) return err(INVALID_CREDENTIALS);
  const { account } = found;
  if (isBarred(account, nowMs)) return err(barredFailure(account));

  const refreshToken = newSecret(deps.random);
  const session = await newSession(deps, account.id, client, refreshToken);
  await openSession(deps.db, session, attempt);
  return ok(await signedIn(deps, account, session.id, refreshToken));
}

/**
 * Spends a refresh token for the next one (RFC 9700). A token that was spent before means that two parties hold it: the
 * whole session ends, and with it every token that descends from its login. There is no grace for parallel uses,
 * because a grace has to give the same pair again and so has to keep what is stored only as a hash; clients refresh one
 * at a time.
 */
export async function refresh(deps: Deps, refreshToken: string): Promise<Result<SignedIn, Failure>> {
  const nowMs = deps.now();
  const hash = await hashSecret(refreshToken);
  const found = await findRefreshToken(deps.db, hash, nowMs);
  if (!found) return err(INVALID_REFRESH_TOKEN);
  if (found.isUsed) {
    await revoke(deps, found.sessionId, 'refresh_token_reused');
    return err(INVALID_REFRESH_TOKEN);
  }
  if (!found.isLive) return err(INVALID_REFRESH_TOKEN);
  if (isBarred(found.account, nowMs)) return err(barredFailure(found.account));

  const next = newSecret(deps.random);
  const rotated = await rotateRefreshToken(deps.db, {
    hash,
    nextHash: await hashSecret(next),
    sessionId: found.sessionId,
    nowMs,
    expiresAtMs: nowMs + deps.config.REFRESH_TOKEN_DAYS * DAY_MS,
  });
  if (!rotated) {
    await revoke(deps, found.sessionId, 'refresh_token_reused');
    return err(INVALID_REFRESH_TOKEN);
  }
  return ok(await signedIn(deps, found.account, found.sessionId, next));
}

/** Ends the caller's session: its access token stops here at once and elsewhere within seconds. */
export async function logout(deps: Deps, caller: Caller): Promise<void> {
  await revoke(deps, caller.sessionId, 'logout');
}

async function revoke(deps: Deps, sessionId: string, reason: string): Promise<void> {
  const nowMs = deps.now();
  await endSession(deps.db, sessionId, reason, nowMs);
  deps.revocations.add(sessionId, nowMs);
  deps.log.info('session_ended', { session_id: sessionId, reason });
}

/** An account by id, at most a few seconds old; `user_not_found` when there is none. */
export async function readAccount(deps: Deps, id: string): Promise<Result<Account, Failure>> {
  const account = await findAccount(deps.db, id, deps.now());
  return account ? ok(account) : err(failure('user_not_found', 'There is no such user.'));
}

/** A one-time ticket with which a browser opens a socket without showing its token in a URL. */
export async function issueTicket(deps: Deps, caller: Caller): Promise<string> {
  const nowMs = deps.now();
  const ticket = newSecret(deps.random);
  await insertTicket(
    deps.db,
    {
      hash: await hashSecret(ticket),
      userId: caller.userId,
      sessionId: caller.sessionId,
      expiresAtMs: nowMs + TICKET_SECONDS * 1000,
    },
    nowMs,
  );
  return ticket;
}

/**
 * The caller behind a ticket, or null. A ticket works once and only while its session does; what it opens may last as
 * long as an access token issued now.
 */
export async function redeemTicket(deps: Deps, ticket: string): Promise<Caller | null> {
  const nowMs = deps.now();
  const sessionId = await spendTicket(deps.db, await hashSecret(ticket), nowMs);
  if (sessionId === null || deps.revocations.isRevoked(sessionId)) return null;
  const account = await findSessionAccount(deps.db, sessionId, nowMs);
  if (!account || isBarred(account, nowMs)) return null;
  return {
    userId: account.id,
    sessionId,
    username: account.username,
    roles: rolesOf(account.role),
    expiresAtMs: nowMs + deps.config.ACCESS_TOKEN_SECONDS * 1000,
  };
}
