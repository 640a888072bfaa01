import { z } from 'zod';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import {
  allowedReviewActions,
  canBeReviewed,
  isVisible,
  maySee,
  type Review,
  type ReviewAction,
  type ReviewRole,
  visibleAtMs,
} from '../../domain/reviews/review.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { getOrder } from '../orders/orders.usecases.ts';
import {
  changeReview,
  changeReviewStatements,
  findReview,
  insertReview,
  listReviews,
  markPublished,
  productsOf,
  type ReviewRow,
  type ReviewsOf,
  type ReviewWithAuthor,
  reviewsOfOrder,
  setVote,
  untoldReviews,
  type Votes,
  votesOf,
} from './reviews.repository.ts';

/** Reviews told of in one batch: the ids of an update are bound one by one. */
const PUBLISHED_AT_ONCE = 50;
const PAGES_PER_RUN = 20;
/** Somebody else's change of a review comes in between at most this often. */
const ATTEMPTS = 5;

const reviewNotFound = () => problem('review_not_found', 'There is no such review.');

/** A review with its votes and what this viewer can do to it. */
export interface ReviewOfViewer extends ReviewWithAuthor, Votes {
  isVisible: boolean;
  allowedActions: ReviewAction[];
}

const stateOf = (row: ReviewRow): Review => ({
  authorId: row.authorId,
  subjectId: row.subjectId,
  visibleAtMs: row.visibleAt,
  isHidden: row.hiddenAt !== null,
  hasReply: row.reply !== null,
});

async function forViewer(
  deps: Deps,
  found: readonly ReviewWithAuthor[],
  viewerId: string | null,
): Promise<ReviewOfViewer[]> {
  const votes = await votesOf(
    deps.db,
    found.map(({ row }) => row.id),
    viewerId,
  );
  return found.map((review) => ({
    ...review,
    ...(votes.get(review.row.id) ?? { helpful: 0, mine: false }),
    isVisible: isVisible(stateOf(review.row), deps.now()),
    allowedActions: allowedReviewActions(stateOf(review.row), viewerId, deps.now()),
  }));
}

async function oneForViewer(deps: Deps, found: ReviewWithAuthor, viewerId: string | null) {
  const [review] = await forViewer(deps, [found], viewerId);
  return review!;
}

/** A review as its viewer may see it: their own, one that is visible, or any for who moderates; 404 otherwise. */
async function seen(deps: Deps, reviewId: string, caller: Caller | null): Promise<ReviewWithAuthor> {
  const found = await findReview(deps.db, reviewId);
  if (found === null) throw reviewNotFound();
  const state = stateOf(found.row);
  const id = caller?.userId ?? null;
  if (maySee(state, { id, moderates: false }, deps.now())) return found;
  const moderates = id !== null && (await permissionsOf(deps.db, id)).includes('content.moderate');
  if (!maySee(state, { id, moderates }, deps.now())) throw reviewNotFound();
  return found;
}

export async function getReview(
  deps: Deps,
  reviewId: string,
  caller: Caller | null,
): Promise<ReviewOfViewer> {
  return oneForViewer(deps, await seen(deps, reviewId, caller), caller?.userId ?? null);
}

/**
 * One side's review of a completed order. 404 for strangers, 403 for staff, 409 `review_not_open` before and instead of
 * completion, 409 `already_reviewed` the second time.
 */
export async function writeReview(
  deps: Deps,
  orderId: string,
  input: { rating: number; comment: string; productId: string | undefined },
  caller: Caller,
): Promise<ReviewOfViewer> {
  const { row: order } = await getOrder(deps, orderId, caller);
  const role = roleIn(order, caller.userId);
  const notOpen = () =>
    problem('review_not_open', 'Reviews are written of completed orders.', { order_status: order.status });
  if (!canBeReviewed(order.status)) throw notOpen();
  const nowMs = deps.now();
  const subjectId = role === 'buyer' ? order.sellerId : order.buyerId;
  const row: ReviewRow = {
    id: newId('rev', deps.random),
    orderId,
    authorId: caller.userId,
    authorRole: role,
    subjectId,
    productId:
      role === 'buyer' && order.supply !== 'listing'
        ? await boughtProduct(deps, orderId, input.productId)
        : null,
    rating: input.rating,
    comment: input.comment,
    visibleAt: visibleAtMs(subjectId, nowMs),
    publishedAt: null,
    reply: null,
    repliedAt: null,
    hiddenAt: null,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  try {
    await insertReview(deps.db, row);
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('already_reviewed', 'You have reviewed this order.');
    if (isStale(error)) throw notOpen();
    throw error;
  }
  await publishReviews(deps, orderId);
  await deps.outbox.drain();
  return getReview(deps, row.id, caller);
}

function roleIn(order: { buyerId: string; sellerId: string | null }, userId: string): ReviewRole {
  if (userId === order.buyerId) return 'buyer';
  if (userId === order.sellerId) return 'seller';
  throw problem('forbidden', 'Only the buyer and the seller of an order review it.');
}

async function boughtProduct(
  deps: Deps,
  orderId: string,
  wanted: string | undefined,
): Promise<string | null> {
  const products = await productsOf(deps.db, orderId);
  if (wanted === undefined) return products[0] ?? null;
  if (!products.includes(wanted)) throw problem('product_not_found', 'This order has no such product.');
  return wanted;
}

/** What both sides wrote of an order, as far as the caller may see it. */
export async function reviewsOf(deps: Deps, orderId: string, caller: Caller): Promise<ReviewOfViewer[]> {
  await getOrder(deps, orderId, caller);
  const viewer = { id: caller.userId, moderates: false };
  const found = await reviewsOfOrder(deps.db, orderId);
  return forViewer(
    deps,
    found.filter(({ row }) => maySee(stateOf(row), viewer, deps.now())),
    caller.userId,
  );
}

const ListCursor = z.tuple([z.number().int(), z.string()]);

export interface ReviewFilter {
  role?: ReviewRole | undefined;
  rating?: number | undefined;
}

/** A page of the reviews of a user or a product, or of what an author wrote; unseen ones are for their author alone. */
export async function pageOfReviews(
  deps: Deps,
  of: ReviewsOf,
  filter: ReviewFilter,
  page: { limit: number; cursor?: string | undefined },
  viewerId: string | null,
): Promise<{ reviews: ReviewOfViewer[]; nextCursor: string | null }> {
  const isOwn = 'authorId' in of && of.authorId === viewerId;
  const rows = await listReviews(
    deps.db,
    of,
    { nowMs: isOwn ? null : deps.now(), role: filter.role, rating: filter.rating },
    decodeCursor(page.cursor, ListCursor),
    page.limit + 1,
  );
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    reviews: await forViewer(deps, shown, viewerId),
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.row.createdAt, last.row.id]) : null,
  };
}

/** 404 for a user that is not there, as everywhere. */
export async function assertUser(deps: Deps, userId: string): Promise<void> {
  const account = await readAccount(deps, userId);
  if (!account.ok) throw new Problem(account.error);
}

/** Runs a change of a review again when somebody else's came in between. */
async function changing(deps: Deps, attempt: () => Promise<ReviewRow>): Promise<void> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    try {
      await attempt();
      await deps.outbox.drain();
      return;
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'This review is changing too fast; try again.');
}

/** The author's change, until the review is seen by others. */
export async function editReview(
  deps: Deps,
  reviewId: string,
  changes: { rating?: number | undefined; comment?: string | undefined },
  caller: Caller,
): Promise<ReviewOfViewer> {
  await changing(deps, async () => {
    const { row } = await seen(deps, reviewId, caller);
    if (row.authorId !== caller.userId) throw problem('forbidden', 'Only its author edits a review.');
    if (!allowedReviewActions(stateOf(row), caller.userId, deps.now()).includes('edit'))
      throw problem('review_not_editable', 'A review that others have seen cannot be edited.');
    return changeReview(deps.db, row, {
      rating: changes.rating ?? row.rating,
      comment: changes.comment ?? row.comment,
      updatedAt: deps.now(),
    });
  });
  return getReview(deps, reviewId, caller);
}

/** The one reply of whom a review is about. */
export async function replyToReview(
  deps: Deps,
  reviewId: string,
  reply: string,
  caller: Caller,
  correlationId: string,
): Promise<ReviewOfViewer> {
  await changing(deps, async () => {
    const { row } = await seen(deps, reviewId, caller);
    if (row.subjectId !== caller.userId)
      throw problem('forbidden', 'Only whom it is about replies to a review.');
    if (row.reply !== null) throw problem('already_replied', 'There is a reply already.');
    if (!allowedReviewActions(stateOf(row), caller.userId, deps.now()).includes('reply'))
      throw problem('review_not_open', 'This review cannot be replied to now.');
    const nowMs = deps.now();
    const event = reviewEvent(row, 'review.replied', correlationId, nowMs, { reply });
    return changeReview(deps.db, row, { reply, repliedAt: nowMs, updatedAt: nowMs }, [
      outboxStatement(deps.db, [event], nowMs),
    ]);
  });
  return getReview(deps, reviewId, caller);
}

/** Says that a review was helpful, once for each user, or takes it back. */
export async function voteHelpful(
  deps: Deps,
  reviewId: string,
  helpful: boolean,
  caller: Caller,
): Promise<ReviewOfViewer> {
  const { row } = await seen(deps, reviewId, caller);
  if (row.authorId === caller.userId || row.subjectId === caller.userId)
    throw problem('forbidden', 'The sides of an order do not vote on its reviews.');
  if (helpful && !isVisible(stateOf(row), deps.now()))
    throw problem('review_not_open', 'This review is not shown.');
  await setVote(deps.db, { reviewId, userId: caller.userId, at: deps.now() }, helpful);
  return getReview(deps, reviewId, caller);
}

/** A moderator takes a review out of sight or brings it back; it is never deleted. */
export async function hideReview(
  deps: Deps,
  reviewId: string,
  hidden: boolean,
  reason: string,
  actor: AuditedActor,
): Promise<ReviewOfViewer> {
  await changing(deps, async () => {
    const found = await findReview(deps.db, reviewId);
    if (found === null) throw reviewNotFound();
    const { row } = found;
    if ((row.hiddenAt !== null) === hidden)
      throw problem('invalid_transition', `The review is ${hidden ? 'hidden' : 'shown'} already.`);
    return changeReview(deps.db, row, ...hidingOf(deps, row, hidden, reason, actor));
  });
  const found = await findReview(deps.db, reviewId);
  return oneForViewer(deps, found!, actor.actorId);
}

/** Statements that hide a review as part of another decision; none when it is hidden already or gone. */
export async function hidingStatements(
  deps: Deps,
  reviewId: string,
  reason: string,
  actor: AuditedActor,
): Promise<Statement[]> {
  const found = await findReview(deps.db, reviewId);
  if (found === null || found.row.hiddenAt !== null) return [];
  return changeReviewStatements(deps.db, found.row, ...hidingOf(deps, found.row, true, reason, actor));
}

/** The change and the audit entry of hiding a review. */
function hidingOf(deps: Deps, row: ReviewRow, hidden: boolean, reason: string, actor: AuditedActor) {
  const nowMs = deps.now();
  return [
    { hiddenAt: hidden ? nowMs : null, updatedAt: nowMs },
    [
      auditStatement(
        deps.db,
        actor,
        {
          action: hidden ? 'review_hidden' : 'review_restored',
          target: { type: 'review', id: row.id },
          before: { hidden: row.hiddenAt !== null, rating: row.rating },
          after: { hidden, rating: row.rating },
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ],
  ] as const;
}

function reviewEvent(
  row: ReviewRow,
  type: 'review.published' | 'review.replied',
  correlationId: string,
  nowMs: number,
  more: Record<string, unknown> = {},
): EventEnvelope {
  return {
    event_id: `${row.id}:${type === 'review.published' ? 'published' : 'replied'}`,
    type,
    version: 1,
    aggregate: { type: 'review', id: row.id },
    seq: row.version,
    correlation_id: correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      review_id: row.id,
      order_id: row.orderId,
      author_id: row.authorId,
      author_role: row.authorRole,
      subject_id: row.subjectId,
      product_id: row.productId,
      rating: row.rating,
      ...more,
    },
  };
}

/**
 * Tells of reviews that have become visible, because the other side wrote or 7 days passed: of one order at once, of all
 * by the cron. A crash in between is made good by the next run: what was told of is written down with the event.
 */
export async function publishReviews(deps: Deps, orderId: string | null = null): Promise<number> {
  let published = 0;
  for (let page = 0; page < PAGES_PER_RUN; page += 1) {
    const nowMs = deps.now();
    const rows = await untoldReviews(deps.db, nowMs, PUBLISHED_AT_ONCE, orderId);
    if (rows.length === 0) break;
    const events = rows
      .filter(({ hiddenAt }) => hiddenAt === null)
      .map((row) => reviewEvent(row, 'review.published', row.orderId, nowMs));
    await markPublished(
      deps.db,
      rows.map(({ id }) => id),
      events,
      nowMs,
    );
    published += rows.length;
    if (rows.length < PUBLISHED_AT_ONCE) break;
  }
  return published;
}
