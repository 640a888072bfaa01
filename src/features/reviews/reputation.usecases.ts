import { and, count, gte, sql } from 'drizzle-orm';
import { strikes } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { type RatingSummary, summarise } from '../../domain/reviews/review.ts';
import { DAY_MS } from '../../domain/time.ts';
import { ratingCounts, ratingCountsOfUsers } from './reviews.repository.ts';

/** How long an order that failed through somebody counts against them. */
export const RELIABILITY_MS = 180 * DAY_MS;

export interface Reliability {
  /** Orders that came to nothing through this user, within the last 180 days. */
  marks: number;
  byKind: Record<string, number>;
}

export interface Reputation {
  rating: RatingSummary;
  reliability: Reliability;
}

/**
 * What others say of users, and how often orders failed through them: for any number of users with two queries, read from
 * the rows as they are now. Every user who was asked for is in the answer, unknown ones with nothing to their name.
 */
export async function reputationOf(deps: Deps, userIds: readonly string[]): Promise<Map<string, Reputation>> {
  const ids = [...new Set(userIds)];
  if (ids.length === 0) return new Map();
  const nowMs = deps.now();
  const [ratings, marks] = await Promise.all([
    ratingCountsOfUsers(deps.db, ids, nowMs),
    deps.db
      .select({ userId: strikes.userId, kind: strikes.kind, count: count() })
      .from(strikes)
      .where(
        and(
          sql`${strikes.userId} in (select value from json_each(${JSON.stringify(ids)}))`,
          gte(strikes.at, nowMs - RELIABILITY_MS),
        ),
      )
      .groupBy(strikes.userId, strikes.kind),
  ]);
  return new Map(
    ids.map((id) => {
      const own = marks.filter(({ userId }) => userId === id);
      return [
        id,
        {
          rating: summarise(ratings.filter(({ userId }) => userId === id)),
          reliability: {
            marks: own.reduce((sum, mark) => sum + mark.count, 0),
            byKind: Object.fromEntries(own.map((mark) => [mark.kind, mark.count])),
          },
        },
      ];
    }),
  );
}

/** What buyers say of a catalogue product. */
export const productRating = async (deps: Deps, productId: string): Promise<RatingSummary> =>
  summarise(await ratingCounts(deps.db, { productId }, deps.now()));
