import type { Revocations, TradingSide } from './revocations.ts';

/** How old the list may grow: a logout elsewhere is known here after at most this and one query. */
const REFRESH_PERIOD_MS = 5_000;
/** A refresh that has not come back by now died with its request; another may start. */
const ABANDONED_AFTER_MS = 30_000;
/** Each refresh reads back this far before the last one began: clocks differ, and commits take a while. */
const OVERLAP_MS = 60_000;
/** Users with something switched off are few: an index holds them alone. Past this many the rest go by the slower checks. */
const MAX_WITHHELD = 20_000;
/** Bounds the memory; past it the oldest revocations, whose tokens end soonest, are forgotten first. */
const MAX_SESSIONS = 20_000;

interface Ended {
  atMs: number;
  reason: string | null;
}

/** The end of each session by its id, oldest first. The Worker and the objects of one isolate share it. */
const ended = new Map<string, Ended>();
/** What is switched off for whom; nobody else may be in it. */
let withheld = new Map<string, readonly TradingSide[]>();
let readUpToMs = 0;
let nextRefreshMs = 0;

/**
 * Sessions whose end is younger than the life of an access token, read from D1 in the background. A failed read keeps
 * the list as it is: tokens stay short-lived, and signed-in requests never wait for a database. A new isolate therefore
 * knows no revocations until its first read returns, some milliseconds after its first request.
 */
export function createD1Revocations(d1: D1Database, accessTokenMs: number): Revocations {
  const note = (sessionId: string, atMs: number, reason: string | null = null) => {
    if (ended.has(sessionId)) return;
    if (ended.size >= MAX_SESSIONS) ended.delete(ended.keys().next().value as string);
    ended.set(sessionId, { atMs, reason });
  };

  async function refresh(startedMs: number): Promise<void> {
    try {
      const sinceMs = Math.max(startedMs - accessTokenMs, readUpToMs - OVERLAP_MS);
      const sessions = d1
        .prepare(
          `select id, revoked_at, revoke_reason from (
             select id, revoked_at, revoke_reason from sessions where revoked_at > ?1 order by revoked_at desc limit ?2
           ) order by revoked_at`,
        )
        .bind(sinceMs, MAX_SESSIONS);
      const limited = d1
        .prepare('select id, can_buy, can_sell from users where (can_buy = 0 or can_sell = 0) limit ?1')
        .bind(MAX_WITHHELD);
      const [ends, rights] = (await d1.batch([sessions, limited])) as [
        D1Result<{ id: string; revoked_at: number; revoke_reason: string | null }>,
        D1Result<{ id: string; can_buy: number; can_sell: number }>,
      ];
      for (const row of ends.results) note(row.id, row.revoked_at, row.revoke_reason);
      withheld = new Map(
        rights.results.map(({ id, can_buy, can_sell }) => [
          id,
          [...(can_buy ? [] : (['buy'] as const)), ...(can_sell ? [] : (['sell'] as const))],
        ]),
      );
      for (const [sessionId, { atMs }] of ended) {
        if (atMs > startedMs - accessTokenMs) break;
        ended.delete(sessionId);
      }
      readUpToMs = startedMs;
    } catch (error) {
      console.warn(
        JSON.stringify({
          level: 'warn',
          event: 'revocations_refresh_failed',
          error: error instanceof Error ? error.message : String(error),
        }),
      );
    } finally {
      nextRefreshMs = startedMs + REFRESH_PERIOD_MS;
    }
  }

  return {
    isRevoked: (sessionId) => ended.has(sessionId),
    reasonOf: (sessionId) => ended.get(sessionId)?.reason ?? null,
    add: note,
    isWithheld: (userId, side) => withheld.get(userId)?.includes(side) ?? false,
    withhold: (userId, sides) => void withheld.set(userId, sides),
    refreshIfStale(nowMs) {
      if (nowMs < nextRefreshMs) return null;
      nextRefreshMs = nowMs + ABANDONED_AFTER_MS;
      return refresh(nowMs);
    },
  };
}
