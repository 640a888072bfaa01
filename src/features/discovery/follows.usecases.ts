import { and, desc, eq, inArray, lt, not, or, sql } from 'drizzle-orm';
import { feedItems, follows } from '../../db/discovery-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { FeedKind } from '../../domain/discovery/feed.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { DAY_MS } from '../../domain/time.ts';
import { Problem, problem } from '../../http/problem.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import { isBlocked } from '../conversations/blocks.usecases.ts';
import { isOutOfSight } from '../listings/listing-cards.usecases.ts';

export const MAX_FOLLOWED = 5_000;
const FEED_RETENTION_MS = 90 * DAY_MS;
const FANNED_OUT_AT_ONCE = 1_000;
const PRUNED_AT_ONCE = 5_000;

type Position = readonly [number, string] | null;

/**
 * Follows a user; it comes to the same however often it is said, and the other hears of it the first time only.
 * `user_not_found` too when one of the two has blocked the other: a block is not told.
 */
export async function follow(
  deps: Deps,
  followerId: string,
  followeeId: string,
  correlationId: string,
): Promise<void> {
  if (followerId === followeeId) throw problem('validation_failed', 'You cannot follow yourself.');
  const other = await readAccount(deps, followeeId);
  if (!other.ok) throw new Problem(other.error);
  if (await isBlocked(deps, followerId, followeeId))
    throw problem('user_not_found', 'There is no such user.');
  const nowMs = deps.now();
  const followed = sql`(select count(*) from follows where follower_id = ${followerId} and followee_id <> ${followeeId})`;
  const [written] = await deps.db.batch([
    deps.db
      .insert(follows)
      .select(sql`select ${followerId}, ${followeeId}, ${nowMs} where ${followed} < ${MAX_FOLLOWED}`)
      .onConflictDoUpdate({
        target: [follows.followerId, follows.followeeId],
        set: { createdAt: sql`${follows.createdAt}` },
      })
      .returning({ createdAt: follows.createdAt }),
    outboxStatement(
      deps.db,
      [tellFollowed(followerId, followeeId, correlationId, nowMs)],
      nowMs,
    ).onConflictDoNothing(),
  ]);
  if (written.length === 0)
    throw problem('too_many_watched', `You follow ${MAX_FOLLOWED} people, which is the most.`);
  await deps.outbox.drain();
}

/** One id for ever: following, leaving and following again tells nobody twice. */
const tellFollowed = (
  followerId: string,
  followeeId: string,
  correlationId: string,
  nowMs: number,
): EventEnvelope => ({
  event_id: `follow:${followerId}:${followeeId}`,
  type: 'user.followed',
  version: 1,
  aggregate: { type: 'user', id: followeeId },
  seq: 1,
  correlation_id: correlationId,
  occurred_at: new Date(nowMs).toISOString(),
  data: { user_id: followeeId, follower_id: followerId },
});

export async function unfollow(deps: Deps, followerId: string, followeeId: string): Promise<void> {
  await deps.db
    .delete(follows)
    .where(and(eq(follows.followerId, followerId), eq(follows.followeeId, followeeId)));
}

/** Whether the one follows the other. */
export async function isFollowing(deps: Deps, followerId: string, followeeId: string): Promise<boolean> {
  const rows = await deps.db
    .select({ at: follows.createdAt })
    .from(follows)
    .where(and(eq(follows.followerId, followerId), eq(follows.followeeId, followeeId)));
  return rows.length > 0;
}

/** Who follows a user, or whom a user follows, newest first; accounts that are closed are left out. */
export function listFollows(
  deps: Deps,
  userId: string,
  direction: 'followers' | 'following',
  after: Position,
  limit: number,
) {
  const [mine, theirs] =
    direction === 'followers'
      ? [follows.followeeId, follows.followerId]
      : [follows.followerId, follows.followeeId];
  return deps.db
    .select({
      userId: users.id,
      username: users.username,
      displayName: users.displayName,
      createdAt: follows.createdAt,
    })
    .from(follows)
    .innerJoin(users, eq(users.id, theirs))
    .where(
      and(
        eq(mine, userId),
        eq(users.status, 'active'),
        after === null
          ? undefined
          : or(lt(follows.createdAt, after[0]), and(eq(follows.createdAt, after[0]), lt(theirs, after[1]))),
      ),
    )
    .orderBy(desc(follows.createdAt), desc(theirs))
    .limit(limit);
}

/** Writes an activity into the feed of each follower, a page of them at a time; a second delivery changes nothing. */
export async function fanOut(
  deps: Deps,
  event: EventEnvelope,
  activity: { kind: FeedKind; actorId: string; targetId: string; data: Record<string, unknown> },
): Promise<void> {
  let after = '';
  for (;;) {
    const page = await deps.db
      .select({ followerId: follows.followerId })
      .from(follows)
      .where(and(eq(follows.followeeId, activity.actorId), sql`${follows.followerId} > ${after}`))
      .orderBy(follows.followerId)
      .limit(FANNED_OUT_AT_ONCE);
    const last = page.at(-1);
    if (!last) return;
    await deps.db
      .insert(feedItems)
      .select(
        sql`select value, ${event.event_id}, ${activity.kind}, ${activity.actorId}, ${activity.targetId}, ${JSON.stringify(activity.data)}, ${Date.parse(event.occurred_at)}
          from json_each(${JSON.stringify(page.map(({ followerId }) => followerId))}) where true`,
      )
      .onConflictDoNothing();
    if (page.length < FANNED_OUT_AT_ONCE) return;
    after = last.followerId;
  }
}

/** A user's activity feed, newest first: what those they still follow have done with what everybody may still see. */
export function readFeed(deps: Deps, userId: string, after: Position, limit: number) {
  return deps.db
    .select({
      id: feedItems.eventId,
      kind: feedItems.kind,
      actorId: feedItems.actorId,
      username: users.username,
      displayName: users.displayName,
      targetId: feedItems.targetId,
      data: feedItems.data,
      at: feedItems.at,
    })
    .from(feedItems)
    .innerJoin(users, eq(users.id, feedItems.actorId))
    .where(
      and(
        eq(feedItems.userId, userId),
        eq(users.status, 'active'),
        not(isOutOfSight(feedItems.targetId)),
        inArray(
          feedItems.actorId,
          deps.db.select({ id: follows.followeeId }).from(follows).where(eq(follows.followerId, userId)),
        ),
        after === null
          ? undefined
          : sql`(${feedItems.at}, ${feedItems.eventId}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(feedItems.at), desc(feedItems.eventId))
    .limit(limit);
}

export async function pruneFeeds(deps: Deps, nowMs: number): Promise<void> {
  const old = sql`(select rowid from feed_items where at < ${nowMs - FEED_RETENTION_MS} limit ${PRUNED_AT_ONCE})`;
  await deps.db.delete(feedItems).where(sql`rowid in ${old}`);
}

/** Ends what connects two users, once one of them has blocked the other. */
export async function partWays(deps: Deps, event: EventEnvelope): Promise<void> {
  const { blocker_id: a, blocked_id: b } = event.data as { blocker_id: string; blocked_id: string };
  await deps.db
    .delete(follows)
    .where(
      or(
        and(eq(follows.followerId, a), eq(follows.followeeId, b)),
        and(eq(follows.followerId, b), eq(follows.followeeId, a)),
      ),
    );
}
