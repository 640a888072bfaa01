import { and, asc, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { accountActivity, accountTokens, knownDevices, loginChallenges } from '../../db/identity-schema.ts';
import { refreshTokens, sessions } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { DAY_MS } from '../../domain/time.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import {
  activityStatement,
  type Client,
  endSessionsStatement,
  noteEndedSessions,
} from './account.statements.ts';

export type SessionRow = typeof sessions.$inferSelect;

/** The caller's sessions that still work, newest first. */
export function listSessions(
  deps: Deps,
  caller: Caller,
  before: [createdAtMs: number, id: string] | null,
  limit: number,
): Promise<SessionRow[]> {
  return deps.db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, caller.userId),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, deps.now()),
        before === null
          ? undefined
          : sql`(${sessions.createdAt}, ${sessions.id}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(limit);
}

/** Ends one of the caller's sessions; one that is not theirs, or has ended, is not there. */
export async function revokeSession(deps: Deps, caller: Caller, id: string, client: Client): Promise<void> {
  const nowMs = deps.now();
  const mine = and(eq(sessions.id, id), eq(sessions.userId, caller.userId), isNull(sessions.revokedAt));
  try {
    await deps.db.batch([
      deps.db.update(sessions).set({ revokedAt: nowMs, revokeReason: 'revoked_by_user' }).where(mine),
      deps.db.run(sql.raw(GUARD_SQL)),
      activityStatement(deps, caller.userId, 'session_revoked', client, id),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('session_not_found', 'There is no such session, or it is not yours.');
    throw error;
  }
  deps.revocations.add(id, nowMs);
}

/** Ends every session of the caller but the one that asks; gives how many that were. */
export async function revokeOtherSessions(deps: Deps, caller: Caller, client: Client): Promise<number> {
  const nowMs = deps.now();
  await deps.db.batch([
    endSessionsStatement(deps.db, caller.userId, caller.sessionId, 'revoked_by_user', nowMs),
    activityStatement(deps, caller.userId, 'other_sessions_revoked', client, caller.sessionId),
  ]);
  return noteEndedSessions(deps, caller.userId, nowMs);
}

/** Rows of each kind that one run deletes; what is left goes in the next minute. */
const PURGED_PER_RUN = 500;
/** How long an ended session is kept, so that a refresh token that comes back is still recognised. */
const SESSION_KEPT_MS = 7 * DAY_MS;
const DEVICE_KEPT_MS = 365 * DAY_MS;
const ACTIVITY_KEPT_MS = 365 * DAY_MS;

/** Deletes what identity no longer needs, in bounded pages that each follow an index. */
export async function purgeIdentity(deps: Deps, nowMs: number): Promise<void> {
  const { db } = deps;
  const page = PURGED_PER_RUN;
  const staleTokens = db
    .select({ hash: refreshTokens.hash })
    .from(refreshTokens)
    .where(lt(refreshTokens.expiresAt, nowMs - DAY_MS))
    .orderBy(asc(refreshTokens.expiresAt))
    .limit(page);
  const expired = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(lt(sessions.expiresAt, nowMs - SESSION_KEPT_MS))
    .orderBy(asc(sessions.expiresAt))
    .limit(page);
  const revoked = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(lt(sessions.revokedAt, nowMs - SESSION_KEPT_MS))
    .orderBy(asc(sessions.revokedAt))
    .limit(page);
  const staleLinks = db
    .select({ hash: accountTokens.hash })
    .from(accountTokens)
    .where(lt(accountTokens.expiresAt, nowMs - DAY_MS))
    .limit(page);
  const staleChallenges = db
    .select({ hash: loginChallenges.hash })
    .from(loginChallenges)
    .where(lt(loginChallenges.expiresAt, nowMs))
    .limit(page);
  const staleDevices = sql`select rowid from known_devices where last_used_at < ${nowMs - DEVICE_KEPT_MS} limit ${page}`;
  const oldActivity = db
    .select({ id: accountActivity.id })
    .from(accountActivity)
    .where(lt(accountActivity.createdAt, nowMs - ACTIVITY_KEPT_MS))
    .limit(page);
  await db.batch([
    db.delete(refreshTokens).where(inArray(refreshTokens.hash, staleTokens)),
    db.delete(refreshTokens).where(inArray(refreshTokens.sessionId, expired)),
    db.delete(sessions).where(inArray(sessions.id, expired)),
    db.delete(refreshTokens).where(inArray(refreshTokens.sessionId, revoked)),
    db.delete(sessions).where(inArray(sessions.id, revoked)),
    db.delete(accountTokens).where(inArray(accountTokens.hash, staleLinks)),
    db.delete(loginChallenges).where(inArray(loginChallenges.hash, staleChallenges)),
    db.delete(knownDevices).where(sql`rowid in (${staleDevices})`),
    db.delete(accountActivity).where(inArray(accountActivity.id, oldActivity)),
  ]);
}
