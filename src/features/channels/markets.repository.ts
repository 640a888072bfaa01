import { and, eq, lt, sql } from 'drizzle-orm';
import { followedMarkets } from '../../db/channels-schema.ts';
import type { Db } from '../../db/client.ts';

export async function saveFollowed(db: Db, feed: string, nowMs: number): Promise<void> {
  await db
    .insert(followedMarkets)
    .values({ feed, askedAt: nowMs })
    .onConflictDoUpdate({ target: followedMarkets.feed, set: { askedAt: nowMs } });
}

/** Which of these feeds somebody has asked for. */
export async function followedAmong(db: Db, feeds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ feed: followedMarkets.feed })
    .from(followedMarkets)
    .where(sql`${followedMarkets.feed} in (select value from json_each(${JSON.stringify(feeds)}))`);
  return new Set(rows.map(({ feed }) => feed));
}

/** Nobody listens any more; unless somebody has asked for it since. */
export async function forgetFollowed(db: Db, feed: string, askedBeforeMs: number): Promise<void> {
  await db
    .delete(followedMarkets)
    .where(and(eq(followedMarkets.feed, feed), lt(followedMarkets.askedAt, askedBeforeMs)));
}
