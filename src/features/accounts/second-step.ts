/** The second step: a code of an app or a recovery code, each good for one use. */
import type { Deps } from '../../deps.ts';
import { randomKey } from '../../domain/ids.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type AttemptPlace, countAttempt } from './login-attempts.ts';
import { hashSecret } from './secret.ts';
import {
  findTwoFactor,
  spendRecoveryStatements,
  spendStepStatements,
  type TwoFactorRow,
} from './two-factor.repository.ts';

/** What somebody shows: the six digits of the app, or one of the codes they wrote down. */
export type Proof = { code: string } | { recoveryCode: string };

const RECOVERY_CODES = 10;
/** 50 bits, in two halves that are easy to read. */
const HALF = 5;

const secretContext = (userId: string) => `two-factor:${userId}`;
export const sealTotpSecret = (deps: Deps, userId: string, secret: string) =>
  deps.vault.sealText(secret, secretContext(userId));

/** Case, dashes and look-alikes do not matter when a code is read from paper. */
const normalised = (code: string) =>
  code.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');

/** Keyed, since 50 bits could be tried out by whoever has the table alone. */
const recoveryHash = (deps: Deps, userId: string, code: string) =>
  deps.vault.sign(`recovery:${userId}:${normalised(code)}`);

/** New recovery codes as the user gets to see them once, and as they are stored. */
export async function newRecoveryCodes(
  deps: Deps,
  userId: string,
): Promise<{ codes: string[]; hashes: string[] }> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const key = randomKey(deps.random);
    return `${key.slice(0, HALF)}-${key.slice(HALF, 2 * HALF)}`;
  });
  return { codes, hashes: await Promise.all(codes.map((code) => recoveryHash(deps, userId, code))) };
}

export const invalidProof = () =>
  problem('two_factor_invalid', 'This code is wrong, too old, or was used before.');

/** The time step of a code for a secret that is stored; refused with `two_factor_invalid`. */
export async function stepOfCode(deps: Deps, row: TwoFactorRow, code: string): Promise<number> {
  const secret = await deps.vault.openText(row.sealedSecret, secretContext(row.userId));
  if (secret === null) throw new Error(`the second factor of ${row.userId} cannot be opened`);
  const step = deps.authenticator.stepOf(secret, code, deps.now());
  if (step === null || step <= row.lastStep) throw invalidProof();
  return step;
}

/** Where codes of an account are tried from, counted apart from passwords. */
export const proofPlace = async (userId: string, address: string): Promise<AttemptPlace> => ({
  accountHash: await hashSecret(`two-factor:${userId}`),
  address,
});

/**
 * Checks a second step, counted before it is looked at, and gives the statements that spend it: as parts of a batch that
 * is stale when somebody else spent it first. Refused with `two_factor_invalid`, `two_factor_off` or `rate_limited`.
 */
export async function checkProof(
  deps: Deps,
  userId: string,
  place: AttemptPlace,
  proof: Proof,
): Promise<Statement[]> {
  const row = await findTwoFactor(deps.db, userId);
  if (row === null || row.confirmedAt === null)
    throw problem('two_factor_off', 'Two-factor sign-in is not on for this account.');
  await countAttempt(deps, place);
  if ('code' in proof) {
    const step = await stepOfCode(deps, row, proof.code);
    return spendStepStatements(deps.db, userId, step);
  }
  const hash = await recoveryHash(deps, userId, proof.recoveryCode);
  return spendRecoveryStatements(deps.db, userId, hash, deps.now());
}
