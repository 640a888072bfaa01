/** Reviews of finished orders (product model C.9): who may write, when they are seen, and what they sum up to. */
import type { OrderStatus } from '../orders/order.ts';
import { DAY_MS } from '../time.ts';

export const REVIEW_ROLES = ['buyer', 'seller'] as const;
/** What the author was to the order. */
export type ReviewRole = (typeof REVIEW_ROLES)[number];

export const MIN_RATING = 1;
export const MAX_RATING = 5;
export const MAX_COMMENT_LENGTH = 500;
export const MAX_REPLY_LENGTH = 300;
/** Neither side sees the other's review before both exist, or before this has passed. */
export const BLIND_MS = 7 * DAY_MS;

export interface Review {
  authorId: string;
  /** Whom it is about; null when the platform itself sold. */
  subjectId: string | null;
  /** From when on it is seen by everybody. */
  visibleAtMs: number;
  isHidden: boolean;
  hasReply: boolean;
}

export const REVIEW_ACTIONS = ['edit', 'reply', 'vote'] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** Orders end in a review only when both got what they agreed to; a mark of reliability stands for the rest. */
export const canBeReviewed = (status: OrderStatus): boolean => status === 'completed';

/** When a review written now is seen, unless the other side writes theirs before. The platform writes none. */
export const visibleAtMs = (subjectId: string | null, nowMs: number): number =>
  subjectId === null ? nowMs : nowMs + BLIND_MS;

export const isVisible = (review: Review, nowMs: number): boolean =>
  !review.isHidden && review.visibleAtMs <= nowMs;

/** An author sees their own at any time, staff who moderate see every one. */
export const maySee = (review: Review, viewer: { id: string | null; moderates: boolean }, nowMs: number) =>
  isVisible(review, nowMs) || viewer.moderates || review.authorId === viewer.id;

/** What somebody can do to a review now. An edit ends as the review is seen: nobody answers what they have read. */
export function allowedReviewActions(review: Review, viewerId: string | null, nowMs: number): ReviewAction[] {
  if (viewerId === null || review.isHidden) return [];
  if (viewerId === review.authorId) return review.visibleAtMs > nowMs ? ['edit'] : [];
  if (review.visibleAtMs > nowMs) return [];
  if (viewerId === review.subjectId) return review.hasReply ? [] : ['reply'];
  return ['vote'];
}

export interface RatingSummary {
  /** Of all that are seen, to two decimals; null while there are none. */
  average: number | null;
  count: number;
  /** How often each rating was given. */
  breakdown: Record<'1' | '2' | '3' | '4' | '5', number>;
}

/** Sums up ratings from the rows themselves, never from a running average. */
export function summarise(counts: readonly { rating: number; count: number }[]): RatingSummary {
  const breakdown = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 } as Record<1 | 2 | 3 | 4 | 5, number>;
  let count = 0;
  let sum = 0;
  for (const { rating, count: times } of counts) {
    breakdown[rating as 1 | 2 | 3 | 4 | 5] += times;
    count += times;
    sum += rating * times;
  }
  return { average: count === 0 ? null : Math.round((sum * 100) / count) / 100, count, breakdown };
}
