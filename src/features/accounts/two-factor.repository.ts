import { and, count, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { loginChallenges, recoveryCodes, twoFactor } from '../../db/identity-schema.ts';
import { insertMany } from '../../db/insert-many.ts';
import { users } from '../../db/schema.ts';
import type { Account } from '../../domain/accounts/account.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { toAccount } from './accounts.repository.ts';

export type TwoFactorRow = typeof twoFactor.$inferSelect;

export async function findTwoFactor(db: Db, userId: string): Promise<TwoFactorRow | null> {
  const [row] = await db.select().from(twoFactor).where(eq(twoFactor.userId, userId));
  return row ?? null;
}

export async function countRecoveryCodes(db: Db, userId: string): Promise<number> {
  const [row] = await db
    .select({ left: count() })
    .from(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, userId), isNull(recoveryCodes.usedAt)));
  return row?.left ?? 0;
}

/** Starts over with a new secret; true unless a confirmed one is there. */
export async function putUnconfirmed(
  db: Db,
  row: { userId: string; sealedSecret: string; createdAt: number },
): Promise<boolean> {
  const { sealedSecret, createdAt } = row;
  const written = await db
    .insert(twoFactor)
    .values({ ...row, lastStep: 0 })
    .onConflictDoUpdate({
      target: twoFactor.userId,
      set: { sealedSecret, createdAt, lastStep: 0 },
      setWhere: isNull(twoFactor.confirmedAt),
    })
    .returning({ userId: twoFactor.userId });
  return written.length > 0;
}

/** Turns it on, once, with the secret that the code was made from. */
export const confirmStatements = (db: Db, row: TwoFactorRow, step: number, nowMs: number): Statement[] => [
  db
    .update(twoFactor)
    .set({ confirmedAt: nowMs, lastStep: step })
    .where(
      and(
        eq(twoFactor.userId, row.userId),
        eq(twoFactor.sealedSecret, row.sealedSecret),
        isNull(twoFactor.confirmedAt),
      ),
    ),
  db.run(sql.raw(GUARD_SQL)),
];

/** Spends a code: none of its time step, or of an earlier one, works again. */
export const spendStepStatements = (db: Db, userId: string, step: number): Statement[] => [
  db
    .update(twoFactor)
    .set({ lastStep: step })
    .where(and(eq(twoFactor.userId, userId), lt(twoFactor.lastStep, step))),
  db.run(sql.raw(GUARD_SQL)),
];

export const spendRecoveryStatements = (db: Db, userId: string, hash: string, nowMs: number): Statement[] => [
  db
    .update(recoveryCodes)
    .set({ usedAt: nowMs })
    .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, hash), isNull(recoveryCodes.usedAt))),
  db.run(sql.raw(GUARD_SQL)),
];

export const replaceRecoveryStatements = (db: Db, userId: string, hashes: readonly string[]): Statement[] => [
  db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
  insertMany(
    db,
    recoveryCodes,
    hashes.map((hash) => ({ userId, hash })),
  ),
];

export const insertChallenge = (
  db: Db,
  challenge: { hash: string; userId: string; createdAt: number; expiresAt: number },
): Statement => db.insert(loginChallenges).values({ ...challenge, attempts: 0 });

/** Counts a try at a challenge that is open and has tries left, and gives whose it is; null for any other. */
export async function tryChallenge(
  db: Db,
  hash: string,
  maxAttempts: number,
  nowMs: number,
): Promise<{ account: Account; passwordHash: string } | null> {
  const [tried] = await db
    .update(loginChallenges)
    .set({ attempts: sql`${loginChallenges.attempts} + 1` })
    .where(
      and(
        eq(loginChallenges.hash, hash),
        isNull(loginChallenges.usedAt),
        gt(loginChallenges.expiresAt, nowMs),
        lt(loginChallenges.attempts, maxAttempts),
      ),
    )
    .returning({ userId: loginChallenges.userId });
  if (!tried) return null;
  const [row] = await db
    .select()
    .from(users)
    .where(and(eq(users.id, tried.userId), isNull(users.deletedAt)));
  return row ? { account: toAccount(row), passwordHash: row.passwordHash } : null;
}

export const spendChallengeStatements = (db: Db, hash: string, nowMs: number): Statement[] => [
  db
    .update(loginChallenges)
    .set({ usedAt: nowMs })
    .where(and(eq(loginChallenges.hash, hash), isNull(loginChallenges.usedAt))),
  db.run(sql.raw(GUARD_SQL)),
];
