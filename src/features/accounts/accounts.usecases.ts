import { isStale, isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { type Account, rolesOf } from '../../domain/accounts/account.ts';
import { isGuessable } from '../../domain/accounts/password-policy.ts';
import { type Failure, failure } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { DAY_MS, dayStamp } from '../../domain/time.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import type { Caller } from '../../http/factory.ts';
import { isOn } from '../flags/is-on.ts';
import { accountEventStatement, activityStatement, type Client } from './account.statements.ts';
import {
  endSession,
  findAccount,
  findByLoginName,
  findRefreshToken,
  findSessionAccount,
  forgetAccount,
  forgetLoginAttempts,
  insertAccount,
  insertTicket,
  rotateRefreshToken,
  spendTicket,
} from './accounts.repository.ts';
import { recogniseDevice, rememberDeviceStatements } from './devices.repository.ts';
import { linkStatements } from './links.ts';
import { type AttemptPlace, countAttempt, hashing } from './login-attempts.ts';
import { hashSecret, newSecret } from './secret.ts';
import { barredFailure, beginSession, issueTokens, newSession, type SignedIn } from './sign-in.ts';
import { findTwoFactor } from './two-factor.repository.ts';
import { beginChallenge, CHALLENGE_SECONDS } from './two-factor.usecases.ts';

/** The password was right, and a code is still to come. */
export interface ChallengedLogin {
  challenge: string;
  expiresInSeconds: number;
}

/** Long enough to open a socket, short enough to be worthless in a log. */
export const TICKET_SECONDS = 30;

const INVALID_CREDENTIALS = failure('invalid_credentials', 'The e-mail address or the password is wrong.');
const INVALID_REFRESH_TOKEN = failure(
  'invalid_refresh_token',
  'The refresh token is not valid or no longer valid. Sign in again.',
);

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
  const passwordHash = await hashing(deps.passwords.hash(input.password));

  const account: Account = {
    id: newId('usr', deps.random),
    email: input.email,
    username: input.username,
    displayName: input.displayName ?? input.username,
    role: 'user',
    status: 'active',
    suspendedUntilMs: null,
    emailVerifiedAtMs: null,
    createdAtMs: deps.now(),
  };
  const refreshToken = newSecret(deps.random);
  const deviceToken = newSecret(deps.random);
  const session = await newSession(deps, account.id, client, refreshToken);
  const device = { userId: account.id, hash: await hashSecret(deviceToken) };
  const { email, username, displayName } = account;
  try {
    await insertAccount(deps.db, account, passwordHash, session, [
      ...rememberDeviceStatements(deps.db, device, client, account.createdAtMs),
      activityStatement(deps, account.id, 'registered', client, session.id),
      accountEventStatement(
        deps,
        'account.registered',
        account.id,
        { email, username, display_name: displayName },
        { correlationId: client.requestId },
      ),
      ...(await linkStatements(deps, 'verify_email', account, {
        cause: `${account.id}:registered`,
        correlationId: client.requestId,
      })),
    ]);
  } catch (error) {
    if (isUniqueViolation(error, 'users.email_key'))
      return err(failure('email_taken', 'There is an account with this e-mail address already.'));
    if (isUniqueViolation(error, 'users.username_key'))
      return err(failure('username_taken', 'This username is taken.'));
    throw error;
  }
  deps.log.info('account_registered', { user_id: account.id });
  await deps.outbox.drain();
  return ok(await issueTokens(deps, account, session.id, refreshToken, deviceToken));
}

/** Tells the owner, once a day at most, that somebody keeps guessing. */
async function tellLocked(deps: Deps, account: Account, client: Client): Promise<void> {
  try {
    await accountEventStatement(
      deps,
      'account.locked',
      account.id,
      { email: account.email, display_name: account.displayName, address: client.address },
      {
        correlationId: client.requestId,
        eventId: `${account.id}:locked:${dayStamp(deps.now())}`,
      },
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
  await deps.outbox.drain();
}

/**
 * Signs in by e-mail address or username. An unknown name, and a wrong password, take the same steps and get the same
 * answer. Attempts are counted before the password is checked, so that parallel guesses cannot slip past the limit; a
 * device that has signed in before has a count of its own, which nobody else can use up.
 */
export async function login(
  deps: Deps,
  input: { name: string; password: string },
  client: Client,
): Promise<Result<SignedIn | ChallengedLogin, Failure>> {
  const found = await findByLoginName(deps.db, input.name);
  const device = await recogniseDevice(deps.db, found?.account.id ?? '', client);
  const place: AttemptPlace = {
    accountHash: await hashSecret(found?.account.id ?? input.name.toLowerCase()),
    address: device.hash === null ? client.address : `device:${device.hash}`,
  };
  await countAttempt(deps, place, async () => {
    if (found) await tellLocked(deps, found.account, client);
  });
  const matches = await hashing(deps.passwords.verify(input.password, found?.passwordHash ?? null));
  if (!found || !matches) return err(INVALID_CREDENTIALS);
  const { account } = found;
  if (isBarred(account, deps.now())) return err(barredFailure(account));
  if ((await findTwoFactor(deps.db, account.id))?.confirmedAt != null)
    return ok({
      challenge: await beginChallenge(deps, account.id, [forgetLoginAttempts(deps.db, place)]),
      expiresInSeconds: CHALLENGE_SECONDS,
    });
  try {
    return ok(await beginSession(deps, found, client, device, [place]));
  } catch (error) {
    if (isStale(error)) return err(INVALID_CREDENTIALS);
    throw error;
  }
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
  return ok(await issueTokens(deps, found.account, found.sessionId, next));
}

/** Ends the caller's session: its access token stops here at once and elsewhere within seconds. */
export async function logout(deps: Deps, caller: Caller, client: Client): Promise<void> {
  await revoke(deps, caller.sessionId, 'logout');
  await activityStatement(deps, caller.userId, 'signed_out', client, caller.sessionId);
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

/** Lets the next reader in this isolate see a change of an account at once. */
export const readAccountFresh = (id: string): void => forgetAccount(id);

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
