import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL, isStale } from '../../db/client.ts';
import { loginAttempts, refreshTokens, sessions, socketTickets, users } from '../../db/schema.ts';
import type { Account } from '../../domain/accounts/account.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { AttemptPlace } from './login-attempts.ts';
import {
  ATTEMPTS_FORGOTTEN_MS,
  LOGIN_WINDOW_MS,
  MAX_LOGIN_ATTEMPTS,
  MAX_WINDOW_DOUBLINGS,
} from './login-limits.ts';

/** How long an account read from D1 is answered from memory: `/me` is asked far more often than it changes. */
const MEMO_MS = 5_000;
/** Bounds the memory of the memo; the oldest entries go first. */
const MAX_MEMOISED = 5_000;

/** A new session with the first refresh token of its family. Times are epoch milliseconds. */
export interface NewSession {
  id: string;
  userId: string;
  userAgent: string;
  address: string;
  refreshHash: string;
  createdAtMs: number;
  expiresAtMs: number;
}

export const toAccount = (row: typeof users.$inferSelect): Account => ({
  id: row.id,
  email: row.email,
  username: row.username,
  displayName: row.displayName,
  role: row.role,
  status: row.status,
  suspendedUntilMs: row.suspendedUntil,
  emailVerifiedAtMs: row.emailVerifiedAt,
  createdAtMs: row.createdAt,
});

const memo = new Map<string, { account: Account; readAtMs: number }>();

/** Lets the next reader in this isolate see a change at once. */
export function forgetAccount(id: string): void {
  memo.delete(id);
}

/** The account, as it is now or was a few seconds ago. */
export async function findAccount(db: Db, id: string, nowMs: number): Promise<Account | null> {
  const known = memo.get(id);
  if (known && nowMs - known.readAtMs < MEMO_MS) return known.account;
  memo.delete(id);
  const [row] = await db.select().from(users).where(eq(users.id, id));
  if (!row) return null;
  const account = toAccount(row);
  if (memo.size >= MAX_MEMOISED) memo.delete(memo.keys().next().value as string);
  memo.set(id, { account, readAtMs: nowMs });
  return account;
}

/** By e-mail address when the name has an @, which no username can have, else by username. */
export async function findByLoginName(
  db: Db,
  name: string,
): Promise<{ account: Account; passwordHash: string } | null> {
  const key = name.toLowerCase();
  const [row] = await db
    .select()
    .from(users)
    .where(and(eq(key.includes('@') ? users.emailKey : users.usernameKey, key), isNull(users.deletedAt)));
  return row ? { account: toAccount(row), passwordHash: row.passwordHash } : null;
}

const insertSession = (db: Db, session: NewSession): Statement[] => [
  db.insert(sessions).values({
    id: session.id,
    userId: session.userId,
    userAgent: session.userAgent,
    address: session.address,
    createdAt: session.createdAtMs,
    lastUsedAt: session.createdAtMs,
    expiresAt: session.expiresAtMs,
  }),
  db.insert(refreshTokens).values({
    hash: session.refreshHash,
    sessionId: session.id,
    createdAt: session.createdAtMs,
    expiresAt: session.expiresAtMs,
  }),
];

/** Writes the account and its first session together. Throws a unique violation when a name is taken. */
export async function insertAccount(
  db: Db,
  account: Account,
  passwordHash: string,
  session: NewSession,
  more: readonly Statement[],
): Promise<void> {
  await db.batch([
    db.insert(users).values({
      id: account.id,
      email: account.email,
      emailKey: account.email.toLowerCase(),
      username: account.username,
      usernameKey: account.username.toLowerCase(),
      displayName: account.displayName,
      passwordHash,
      role: account.role,
      status: account.status,
      lastLoginAt: account.createdAtMs,
      createdAt: account.createdAtMs,
      updatedAt: account.createdAtMs,
    }),
    ...insertSession(db, session),
    ...more,
  ]);
}

/** When the window of a row of attempts ends: each lockout before it doubled its length. */
const WINDOW_END = sql`${loginAttempts.windowStartedAt} + ${LOGIN_WINDOW_MS} * (1 << min(${loginAttempts.lockouts}, ${MAX_WINDOW_DOUBLINGS}))`;

/** Counts one more attempt, also among parallel ones, and answers how many there are in its window. */
export async function countLoginAttempt(
  db: Db,
  attempt: AttemptPlace & { nowMs: number },
): Promise<{ attempts: number; windowStartedAtMs: number; lockouts: number }> {
  const { accountHash, address, nowMs } = attempt;
  const isOver = sql`${nowMs} >= ${WINDOW_END}`;
  const wasLocked = sql`${loginAttempts.attempts} > ${MAX_LOGIN_ATTEMPTS}`;
  const [, [counted]] = await db.batch([
    db.delete(loginAttempts).where(lt(loginAttempts.windowStartedAt, nowMs - ATTEMPTS_FORGOTTEN_MS)),
    db
      .insert(loginAttempts)
      .values({ accountHash, address, attempts: 1, windowStartedAt: nowMs })
      .onConflictDoUpdate({
        target: [loginAttempts.accountHash, loginAttempts.address],
        set: {
          attempts: sql`case when ${isOver} then 1 else ${loginAttempts.attempts} + 1 end`,
          lockouts: sql`case when ${isOver} and ${wasLocked} then ${loginAttempts.lockouts} + 1 else ${loginAttempts.lockouts} end`,
          windowStartedAt: sql`case when ${isOver} then ${nowMs} else ${loginAttempts.windowStartedAt} end`,
        },
      })
      .returning({
        attempts: loginAttempts.attempts,
        windowStartedAtMs: loginAttempts.windowStartedAt,
        lockouts: loginAttempts.lockouts,
      }),
  ]);
  return counted!;
}

export const forgetLoginAttempts = (db: Db, { accountHash, address }: AttemptPlace) =>
  db
    .delete(loginAttempts)
    .where(and(eq(loginAttempts.accountHash, accountHash), eq(loginAttempts.address, address)));

/**
 * A successful login: the session begins, and with it what else the login does. Stale when the password that was checked
 * is no longer the account's.
 */
export async function openSession(
  db: Db,
  session: NewSession,
  passwordHash: string,
  more: readonly Statement[],
): Promise<void> {
  await db.batch([
    db
      .update(users)
      .set({ lastLoginAt: session.createdAtMs })
      .where(and(eq(users.id, session.userId), eq(users.passwordHash, passwordHash))),
    db.run(sql.raw(GUARD_SQL)),
    ...insertSession(db, session),
    ...more,
  ]);
}

/** The stored hash; null for nobody. */
export async function passwordHashOf(db: Db, userId: string): Promise<string | null> {
  const [row] = await db
    .select({ hash: users.passwordHash })
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.deletedAt)));
  return row?.hash ?? null;
}

/** Ends a session once; the reason of the first end stays. */
export async function endSession(db: Db, id: string, reason: string, nowMs: number): Promise<void> {
  await db
    .update(sessions)
    .set({ revokedAt: nowMs, revokeReason: reason })
    .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)));
}

export interface StoredRefreshToken {
  sessionId: string;
  isUsed: boolean;
  isLive: boolean;
  account: Account;
}

/** A refresh token with its session and account; it is live while neither it nor its session has ended. */
export async function findRefreshToken(
  db: Db,
  hash: string,
  nowMs: number,
): Promise<StoredRefreshToken | null> {
  const [row] = await db
    .select({ token: refreshTokens, session: sessions, user: users })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(refreshTokens.hash, hash));
  if (!row) return null;
  return {
    sessionId: row.session.id,
    isUsed: row.token.usedAt !== null,
    isLive: row.session.revokedAt === null && row.token.expiresAt > nowMs,
    account: toAccount(row.user),
  };
}

/** Spends one token and writes its successor, in one transaction; false when another request spent it first. */
export async function rotateRefreshToken(
  db: Db,
  rotation: { hash: string; nextHash: string; sessionId: string; nowMs: number; expiresAtMs: number },
): Promise<boolean> {
  const { hash, nextHash, sessionId, nowMs, expiresAtMs } = rotation;
  try {
    await db.batch([
      db
        .update(refreshTokens)
        .set({ usedAt: nowMs })
        .where(and(eq(refreshTokens.hash, hash), isNull(refreshTokens.usedAt))),
      db.run(sql.raw(GUARD_SQL)),
      db
        .update(sessions)
        .set({ lastUsedAt: nowMs, expiresAt: expiresAtMs })
        .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt))),
      db.run(sql.raw(GUARD_SQL)),
      db
        .insert(refreshTokens)
        .values({ hash: nextHash, sessionId, createdAt: nowMs, expiresAt: expiresAtMs }),
    ]);
    return true;
  } catch (error) {
    if (isStale(error)) return false;
    throw error;
  }
}

/** Stores a ticket and sweeps out the expired ones, so that the table stays as small as one ticket's life. */
export async function insertTicket(
  db: Db,
  ticket: { hash: string; userId: string; sessionId: string; expiresAtMs: number },
  nowMs: number,
): Promise<void> {
  await db.batch([
    db.delete(socketTickets).where(lt(socketTickets.expiresAt, nowMs)),
    db.insert(socketTickets).values({
      hash: ticket.hash,
      userId: ticket.userId,
      sessionId: ticket.sessionId,
      expiresAt: ticket.expiresAtMs,
    }),
  ]);
}

/** Spends a ticket: of any number of parallel uses one gets its session. */
export async function spendTicket(db: Db, hash: string, nowMs: number): Promise<string | null> {
  const [spent] = await db
    .update(socketTickets)
    .set({ usedAt: nowMs })
    .where(
      and(eq(socketTickets.hash, hash), isNull(socketTickets.usedAt), gt(socketTickets.expiresAt, nowMs)),
    )
    .returning({ sessionId: socketTickets.sessionId });
  return spent?.sessionId ?? null;
}

/** The account of a session that has not ended. */
export async function findSessionAccount(db: Db, sessionId: string, nowMs: number): Promise<Account | null> {
  const [row] = await db
    .select({ user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), gt(sessions.expiresAt, nowMs)));
  return row ? toAccount(row.user) : null;
}
