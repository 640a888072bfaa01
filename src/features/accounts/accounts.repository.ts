import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL, isStale } from '../../db/client.ts';
import { loginAttempts, refreshTokens, sessions, socketTickets, users } from '../../db/schema.ts';
import type { Account } from '../../domain/accounts/account.ts';

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

const toAccount = (row: typeof users.$inferSelect): Account => ({
  id: row.id,
  email: row.email,
  username: row.username,
  displayName: row.displayName,
  role: row.role,
  status: row.status,
  suspendedUntilMs: row.suspendedUntil,
  createdAtMs: row.createdAt,
});

const memo = new Map<string, { account: Account; readAtMs: number }>();

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
    .where(eq(key.includes('@') ? users.emailKey : users.usernameKey, key));
  return row ? { account: toAccount(row), passwordHash: row.passwordHash } : null;
}

const insertSession = (db: Db, session: NewSession) =>
  [
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
  ] as const;

/** Writes the account and its first session together. Throws a unique violation when a name is taken. */
export async function insertAccount(
  db: Db,
  account: Account,
  passwordHash: string,
  session: NewSession,
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
      createdAt: account.createdAtMs,
      updatedAt: account.createdAtMs,
    }),
    ...insertSession(db, session),
  ]);
}

/** Counts one more attempt, also among parallel ones, and answers how many there are in its window. */
export async function countLoginAttempt(
  db: Db,
  attempt: { accountHash: string; address: string; nowMs: number; windowMs: number },
): Promise<{ attempts: number; windowStartedAtMs: number }> {
  const { accountHash, address, nowMs, windowMs } = attempt;
  const [, [counted]] = await db.batch([
    db.delete(loginAttempts).where(lt(loginAttempts.windowStartedAt, nowMs - windowMs)),
    db
      .insert(loginAttempts)
      .values({ accountHash, address, attempts: 1, windowStartedAt: nowMs })
      .onConflictDoUpdate({
        target: [loginAttempts.accountHash, loginAttempts.address],
        set: { attempts: sql`${loginAttempts.attempts} + 1` },
      })
      .returning({
        attempts: loginAttempts.attempts,
        windowStartedAtMs: loginAttempts.windowStartedAt,
      }),
  ]);
  return counted!;
}

/** A successful login: the session begins and the attempts of this pair are forgotten. */
export async function openSession(
  db: Db,
  session: NewSession,
  attempt: { accountHash: string; address: string },
): Promise<void> {
  await db.batch([
    db
      .delete(loginAttempts)
      .where(
        and(eq(loginAttempts.accountHash, attempt.accountHash), eq(loginAttempts.address, attempt.address)),
      ),
    ...insertSession(db, session),
  ]);
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
