import { isStale } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import {
  type Activity,
  accountEventStatement,
  activityStatement,
  type Client,
} from './account.statements.ts';
import { findAccount, forgetLoginAttempts } from './accounts.repository.ts';
import { recogniseDevice } from './devices.repository.ts';
import { checkOwnPassword, countAttempt } from './login-attempts.ts';
import {
  checkProof,
  invalidProof,
  newRecoveryCodes,
  type Proof,
  proofPlace,
  sealTotpSecret,
  stepOfCode,
} from './second-step.ts';
import { hashSecret, newSecret } from './secret.ts';
import { barredFailure, beginSession, type SignedIn } from './sign-in.ts';
import {
  confirmStatements,
  countRecoveryCodes,
  findTwoFactor,
  insertChallenge,
  putUnconfirmed,
  replaceRecoveryStatements,
  spendChallengeStatements,
  tryChallenge,
} from './two-factor.repository.ts';
import { removeTwoFactorStatements } from './two-factor.statements.ts';

/** Time to find the phone and type six digits. */
export const CHALLENGE_SECONDS = 300;
/** Codes that may be tried with one challenge; then the password is asked for again. */
export const MAX_CHALLENGE_ATTEMPTS = 5;

export interface TwoFactorState {
  confirmedAtMs: number | null;
  isStarted: boolean;
  recoveryCodesLeft: number;
}

export async function readTwoFactor(deps: Deps, caller: Caller): Promise<TwoFactorState> {
  const row = await findTwoFactor(deps.db, caller.userId);
  const confirmedAtMs = row?.confirmedAt ?? null;
  return {
    confirmedAtMs,
    isStarted: row !== null,
    recoveryCodesLeft: confirmedAtMs === null ? 0 : await countRecoveryCodes(deps.db, caller.userId),
  };
}

/** Makes a secret for an app; nothing changes for signing in until a code of it comes back. */
export async function setUpTwoFactor(
  deps: Deps,
  caller: Caller,
  password: string,
): Promise<{ secret: string; uri: string; qrSvg: string }> {
  await checkOwnPassword(deps, caller, password);
  const account = await findAccount(deps.db, caller.userId, deps.now());
  const secret = deps.authenticator.newSecret();
  const isWritten = await putUnconfirmed(deps.db, {
    userId: caller.userId,
    sealedSecret: await sealTotpSecret(deps, caller.userId, secret),
    createdAt: deps.now(),
  });
  if (!isWritten) throw alreadyOn();
  return { secret, ...deps.authenticator.enrolment(secret, account?.email ?? caller.username) };
}

const alreadyOn = () => problem('two_factor_on', 'Two-factor sign-in is on already. Turn it off first.');

/** What a change of the second factor leaves behind: the line of activity, and the word to the owner. */
async function changeStatements(
  deps: Deps,
  caller: Caller,
  client: Client,
  event: 'account.two_factor_enabled' | 'account.two_factor_disabled' | 'account.recovery_codes_made',
  activity: Activity,
): Promise<Statement[]> {
  const account = await findAccount(deps.db, caller.userId, deps.now());
  return [
    activityStatement(deps, caller.userId, activity, client, caller.sessionId),
    accountEventStatement(
      deps,
      event,
      caller.userId,
      { email: account?.email ?? '', display_name: account?.displayName ?? '', address: client.address },
      { correlationId: client.requestId },
    ),
  ];
}

async function runSpending(deps: Deps, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  try {
    await deps.db.batch([first!, ...rest]);
  } catch (error) {
    if (isStale(error)) throw invalidProof();
    throw error;
  }
  await deps.outbox.drain();
}

/** Turns it on with the first code, and gives the recovery codes, which nobody gets to see again. */
export async function confirmTwoFactor(
  deps: Deps,
  caller: Caller,
  code: string,
  client: Client,
): Promise<string[]> {
  const row = await findTwoFactor(deps.db, caller.userId);
  if (row === null) throw problem('two_factor_off', 'Set it up first.');
  if (row.confirmedAt !== null) throw alreadyOn();
  const place = await proofPlace(caller.userId, `session:${caller.sessionId}`);
  await countAttempt(deps, place);
  const step = await stepOfCode(deps, row, code);
  const { codes, hashes } = await newRecoveryCodes(deps, caller.userId);
  await runSpending(deps, [
    ...confirmStatements(deps.db, row, step, deps.now()),
    ...replaceRecoveryStatements(deps.db, caller.userId, hashes),
    forgetLoginAttempts(deps.db, place),
    ...(await changeStatements(deps, caller, client, 'account.two_factor_enabled', 'two_factor_enabled')),
  ]);
  return codes;
}

/** The password and a second step, from a session that is signed in already. */
async function proveAgain(deps: Deps, caller: Caller, password: string, proof: Proof): Promise<Statement[]> {
  await checkOwnPassword(deps, caller, password);
  const place = await proofPlace(caller.userId, `session:${caller.sessionId}`);
  const spend = await checkProof(deps, caller.userId, place, proof);
  return [...spend, forgetLoginAttempts(deps.db, place)];
}

/** New recovery codes; the old ones stop working. */
export async function renewRecoveryCodes(
  deps: Deps,
  caller: Caller,
  input: { password: string; proof: Proof },
  client: Client,
): Promise<string[]> {
  const spend = await proveAgain(deps, caller, input.password, input.proof);
  const { codes, hashes } = await newRecoveryCodes(deps, caller.userId);
  await runSpending(deps, [
    ...spend,
    ...replaceRecoveryStatements(deps.db, caller.userId, hashes),
    ...(await changeStatements(deps, caller, client, 'account.recovery_codes_made', 'recovery_codes_made')),
  ]);
  return codes;
}

export async function disableTwoFactor(
  deps: Deps,
  caller: Caller,
  input: { password: string; proof: Proof },
  client: Client,
): Promise<void> {
  const spend = await proveAgain(deps, caller, input.password, input.proof);
  await runSpending(deps, [
    ...spend,
    ...removeTwoFactorStatements(deps.db, caller.userId),
    ...(await changeStatements(deps, caller, client, 'account.two_factor_disabled', 'two_factor_disabled')),
  ]);
}

/** A login that still needs its second step, as a secret that works once and not for long. */
export async function beginChallenge(
  deps: Deps,
  userId: string,
  more: readonly Statement[],
): Promise<string> {
  const nowMs = deps.now();
  const challenge = newSecret(deps.random);
  await deps.db.batch([
    insertChallenge(deps.db, {
      hash: await hashSecret(challenge),
      userId,
      createdAt: nowMs,
      expiresAt: nowMs + CHALLENGE_SECONDS * SECOND_MS,
    }),
    ...more,
  ]);
  return challenge;
}

/**
 * The second step of a login. Refused with `two_factor_challenge_invalid` when the first step has to be done again, with
 * `two_factor_invalid` for a wrong or used code, and with `rate_limited` after too many of them from one place.
 */
export async function finishLogin(
  deps: Deps,
  input: { challenge: string; proof: Proof },
  client: Client,
): Promise<SignedIn> {
  const nowMs = deps.now();
  const hash = await hashSecret(input.challenge);
  const found = await tryChallenge(deps.db, hash, MAX_CHALLENGE_ATTEMPTS, nowMs);
  if (!found)
    throw problem('two_factor_challenge_invalid', 'Sign in with your password again, then send the code.');
  const { account } = found;
  const device = await recogniseDevice(deps.db, account.id, client);
  const place = await proofPlace(account.id, device.hash === null ? client.address : `device:${device.hash}`);
  const spend = await checkProof(deps, account.id, place, input.proof);
  if (isBarred(account, nowMs)) throw new Problem(barredFailure(account));
  const usedRecovery =
    'recoveryCode' in input.proof ? [activityStatement(deps, account.id, 'recovery_code_used', client)] : [];
  try {
    return await beginSession(
      deps,
      found,
      client,
      device,
      [place],
      [...spendChallengeStatements(deps.db, hash, nowMs), ...spend, ...usedRecovery],
    );
  } catch (error) {
    if (isStale(error)) throw invalidProof();
    throw error;
  }
}
