import { and, count, desc, eq, inArray, isNotNull, isNull, lte, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { orderLines, orders } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import { reviews, reviewVotes } from '../../db/trust-schema.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type ReviewRow = typeof reviews.$inferSelect;

/** A review with who wrote it. */
export interface ReviewWithAuthor {
  row: ReviewRow;
  authorName: string;
}

export interface Votes {
  helpful: number;
  mine: boolean;
}

export interface RatingCount {
  rating: number;
  count: number;
}

/** Whose reviews a list shows. */
export type ReviewsOf = { subjectId: string } | { productId: string } | { authorId: string };

const withAuthor = { row: reviews, authorName: users.displayName };

export async function findReview(db: Db, id: string): Promise<ReviewWithAuthor | null> {
  const [found] = await db
    .select(withAuthor)
    .from(reviews)
    .innerJoin(users, eq(users.id, reviews.authorId))
    .where(eq(reviews.id, id));
  return found ?? null;
}

/** Both sides' reviews of an order: two at most. */
export const reviewsOfOrder = (db: Db, orderId: string): Promise<ReviewWithAuthor[]> =>
  db
    .select(withAuthor)
    .from(reviews)
    .innerJoin(users, eq(users.id, reviews.authorId))
    .where(eq(reviews.orderId, orderId));

/** The catalogue products of an order, in the order of its lines. */
export async function productsOf(db: Db, orderId: string): Promise<string[]> {
  const rows = await db
    .select({ productId: orderLines.productId })
    .from(orderLines)
    .where(eq(orderLines.orderId, orderId))
    .orderBy(orderLines.line);
  return [...new Set(rows.map(({ productId }) => productId))];
}

const isSeen = (nowMs: number) => and(lte(reviews.visibleAt, nowMs), isNull(reviews.hiddenAt));

const ownerOf = (of: ReviewsOf) =>
  'subjectId' in of
    ? eq(reviews.subjectId, of.subjectId)
    : 'productId' in of
      ? eq(reviews.productId, of.productId)
      : eq(reviews.authorId, of.authorId);

/** Newest first; `nowMs` null shows those that are not seen by everybody as well, to their author. */
export function listReviews(
  db: Db,
  of: ReviewsOf,
  filter: { nowMs: number | null; role: ReviewRow['authorRole'] | undefined; rating: number | undefined },
  position: readonly [number, string] | null,
  limit: number,
): Promise<ReviewWithAuthor[]> {
  return db
    .select(withAuthor)
    .from(reviews)
    .innerJoin(users, eq(users.id, reviews.authorId))
    .where(
      and(
        ownerOf(of),
        filter.nowMs === null ? undefined : isSeen(filter.nowMs),
        filter.role === undefined ? undefined : eq(reviews.authorRole, filter.role),
        filter.rating === undefined ? undefined : eq(reviews.rating, filter.rating),
        position === null
          ? undefined
          : sql`(${reviews.createdAt}, ${reviews.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(reviews.createdAt), desc(reviews.id))
    .limit(limit);
}

/** How often each rating was given among those that are seen: read from the rows, whatever they are now. */
export function ratingCounts(
  db: Db,
  of: { subjectId: string } | { productId: string },
  nowMs: number,
): Promise<RatingCount[]> {
  return db
    .select({ rating: reviews.rating, count: count() })
    .from(reviews)
    .where(and(ownerOf(of), isSeen(nowMs)))
    .groupBy(reviews.rating);
}

/** The same for many people at once. */
export function ratingCountsOfUsers(
  db: Db,
  userIds: readonly string[],
  nowMs: number,
): Promise<(RatingCount & { userId: string | null })[]> {
  return db
    .select({ userId: reviews.subjectId, rating: reviews.rating, count: count() })
    .from(reviews)
    .where(
      and(
        sql`${reviews.subjectId} in (select value from json_each(${JSON.stringify(userIds)}))`,
        isSeen(nowMs),
      ),
    )
    .groupBy(reviews.subjectId, reviews.rating);
}

/** The helpful votes of reviews, and whether this viewer is among them. */
export async function votesOf(
  db: Db,
  reviewIds: readonly string[],
  viewerId: string | null,
): Promise<Map<string, Votes>> {
  if (reviewIds.length === 0) return new Map();
  const rows = await db
    .select({
      reviewId: reviewVotes.reviewId,
      helpful: count(),
      mine: sql<number>`coalesce(max(${reviewVotes.userId} = ${viewerId}), 0)`,
    })
    .from(reviewVotes)
    .where(sql`${reviewVotes.reviewId} in (select value from json_each(${JSON.stringify(reviewIds)}))`)
    .groupBy(reviewVotes.reviewId);
  return new Map(rows.map(({ reviewId, helpful, mine }) => [reviewId, { helpful, mine: mine === 1 }]));
}

/** A batch with this fails as stale when the order is not completed any more. */
const orderIsCompleted = (db: Db, orderId: string): Statement =>
  db
    .select({ fresh: sql`case when ${orders.status} <> 'completed' then json('stale') end` })
    .from(orders)
    .where(eq(orders.id, orderId));

/**
 * Writes a review. The second of an order lifts the veil from both in the same batch, so that of two sides who write at
 * one moment the later one does it. Throws a unique violation for a second review of one author.
 */
export async function insertReview(db: Db, row: ReviewRow): Promise<void> {
  await db.batch([
    orderIsCompleted(db, row.orderId),
    db.insert(reviews).values(row),
    db
      .update(reviews)
      .set({ visibleAt: row.createdAt, version: sql`${reviews.version} + 1` })
      .where(
        and(
          eq(reviews.orderId, row.orderId),
          sql`${reviews.visibleAt} > ${row.createdAt}`,
          sql`(select count(*) from reviews as both_sides where both_sides.order_id = ${row.orderId}) = 2`,
        ),
      ),
  ]);
}

/** Changes the review that was read, together with more, or fails as stale. */
export const changeReviewStatements = (
  db: Db,
  read: ReviewRow,
  changes: Partial<ReviewRow>,
  more: readonly Statement[] = [],
): [Statement, ...Statement[]] => [
  db
    .update(reviews)
    .set({ ...changes, version: read.version + 1 })
    .where(and(eq(reviews.id, read.id), eq(reviews.version, read.version))),
  db.run(sql.raw(GUARD_SQL)),
  ...more,
];

export async function changeReview(
  db: Db,
  read: ReviewRow,
  changes: Partial<ReviewRow>,
  more: readonly Statement[] = [],
): Promise<ReviewRow> {
  await db.batch(changeReviewStatements(db, read, changes, more));
  return { ...read, ...changes, version: read.version + 1 };
}

/** Reviews that have become visible and of which nobody was told, oldest first; of one order when one is named. */
export function untoldReviews(
  db: Db,
  nowMs: number,
  limit: number,
  orderId: string | null,
): Promise<ReviewRow[]> {
  return db
    .select()
    .from(reviews)
    .where(
      and(
        isNull(reviews.publishedAt),
        lte(reviews.visibleAt, nowMs),
        orderId === null ? undefined : eq(reviews.orderId, orderId),
      ),
    )
    .orderBy(reviews.visibleAt)
    .limit(limit);
}

/** Tells of reviews that have become visible; those that were told of meanwhile have the same event. */
export async function markPublished(
  db: Db,
  reviewIds: readonly string[],
  events: readonly EventEnvelope[],
  nowMs: number,
): Promise<void> {
  await db.batch([
    db
      .update(reviews)
      .set({ publishedAt: nowMs })
      .where(and(inArray(reviews.id, [...reviewIds]), isNull(reviews.publishedAt))),
    outboxStatement(db, events, nowMs).onConflictDoNothing(),
  ]);
}

/** What was said of an order stays with whom it is about, and counts for its product no more. */
export const leaveProductStatement = (db: Db, orderId: string, nowMs: number): Statement =>
  db
    .update(reviews)
    .set({ productId: null, version: sql`${reviews.version} + 1`, updatedAt: nowMs })
    .where(and(eq(reviews.orderId, orderId), isNotNull(reviews.productId)));

export async function setVote(
  db: Db,
  vote: typeof reviewVotes.$inferInsert,
  helpful: boolean,
): Promise<void> {
  if (helpful) await db.insert(reviewVotes).values(vote).onConflictDoNothing();
  else
    await db
      .delete(reviewVotes)
      .where(and(eq(reviewVotes.reviewId, vote.reviewId), eq(reviewVotes.userId, vote.userId)));
}
