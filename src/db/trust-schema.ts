/** Tables of trust and administration: reviews, reports, disputes, moderation, and the switches of the house. */
import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { REVIEW_ROLES } from '../domain/reviews/review.ts';
import { DISPUTE_OUTCOMES, DISPUTE_ROLES, DISPUTE_STATUSES } from '../domain/trust/dispute.ts';
import { MODERATION_KINDS } from '../domain/trust/moderation.ts';
import { REPORT_OUTCOMES, REPORT_REASONS, REPORT_STATUSES, REPORT_TARGETS } from '../domain/trust/report.ts';
import { orders } from './orders-schema.ts';

/** One side's word on one order (C.9). Hidden ones stay. */
export const reviews = sqliteTable(
  'reviews',
  {
    id: text().primaryKey(),
    orderId: text()
      .notNull()
      .references(() => orders.id),
    authorId: text().notNull(),
    authorRole: text({ enum: REVIEW_ROLES }).notNull(),
    /** Null when the platform itself sold. */
    subjectId: text(),
    /** What was bought, when it is in the catalogue. */
    productId: text(),
    rating: integer().notNull(),
    comment: text().notNull(),
    /** From then on everybody sees it; the other side's review brings it forward. */
    visibleAt: integer().notNull(),
    /** When its becoming visible was told; null until then. */
    publishedAt: integer(),
    reply: text(),
    repliedAt: integer(),
    hiddenAt: integer(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('reviews_once').on(t.orderId, t.authorId),
    index('reviews_subject').on(t.subjectId, t.createdAt, t.id),
    index('reviews_product').on(t.productId, t.createdAt, t.id),
    index('reviews_author').on(t.authorId, t.createdAt, t.id),
    index('reviews_subject_ratings').on(t.subjectId, t.rating, t.visibleAt, t.hiddenAt),
    index('reviews_product_ratings').on(t.productId, t.rating, t.visibleAt, t.hiddenAt),
    index('reviews_unpublished').on(t.visibleAt).where(sql`published_at is null`),
    check('reviews_rating', sql`${t.rating} between 1 and 5`),
  ],
);

export const reviewVotes = sqliteTable(
  'review_votes',
  {
    reviewId: text()
      .notNull()
      .references(() => reviews.id),
    userId: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.reviewId, t.userId] })],
);

export const reports = sqliteTable(
  'reports',
  {
    id: text().primaryKey(),
    reporterId: text().notNull(),
    targetType: text({ enum: REPORT_TARGETS }).notNull(),
    targetId: text().notNull(),
    /** Whose content it is: the reported user themselves, the seller, the author. */
    ownerId: text().notNull(),
    /** Where a reported message stands. */
    conversationId: text(),
    reason: text({ enum: REPORT_REASONS }).notNull(),
    details: text().notNull(),
    status: text({ enum: REPORT_STATUSES }).notNull(),
    assigneeId: text(),
    outcome: text({ enum: REPORT_OUTCOMES }),
    note: text(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    decidedAt: integer(),
  },
  (t) => [
    uniqueIndex('reports_once').on(t.reporterId, t.targetType, t.targetId),
    index('reports_created').on(t.createdAt, t.id),
    index('reports_status').on(t.status, t.createdAt, t.id),
    index('reports_target').on(t.targetType, t.targetId, t.status),
    index('reports_reporter').on(t.reporterId, t.createdAt, t.id),
  ],
);

/** A disputed order: one dispute for each. Its status moves in the batches of the order itself. */
export const disputes = sqliteTable(
  'disputes',
  {
    /** The order's key under another prefix. */
    id: text().primaryKey(),
    orderId: text()
      .notNull()
      .references(() => orders.id),
    orderNumber: text().notNull(),
    buyerId: text().notNull(),
    sellerId: text(),
    openedBy: text().notNull(),
    reason: text().notNull(),
    status: text({ enum: DISPUTE_STATUSES }).notNull(),
    isOpen: integer({ mode: 'boolean' }).notNull(),
    amountCents: integer().notNull(),
    currency: text().notNull(),
    /** What the queue is sorted by: see `queuedFromMs`. */
    queuedFrom: integer().notNull(),
    assigneeId: text(),
    /** Until when the seller must answer. */
    answerBy: integer(),
    outcome: text({ enum: DISPUTE_OUTCOMES }),
    refundCents: integer(),
    note: text(),
    /** Grows with every change, whoever makes it. */
    version: integer().notNull().default(1),
    openedAt: integer().notNull(),
    updatedAt: integer().notNull(),
    resolvedAt: integer(),
    closedAt: integer(),
  },
  (t) => [
    uniqueIndex('disputes_order').on(t.orderId),
    index('disputes_opened').on(t.openedAt),
    index('disputes_queue').on(t.isOpen, t.queuedFrom, t.id),
    index('disputes_status').on(t.status, t.queuedFrom, t.id),
    index('disputes_assignee').on(t.assigneeId, t.isOpen, t.queuedFrom),
    index('disputes_buyer').on(t.buyerId, t.openedAt, t.id),
    index('disputes_seller').on(t.sellerId, t.openedAt, t.id),
  ],
);

/** The thread of a dispute, oldest first. */
export const disputeEntries = sqliteTable(
  'dispute_entries',
  {
    id: text().primaryKey(),
    disputeId: text()
      .notNull()
      .references(() => disputes.id),
    authorId: text().notNull(),
    authorRole: text({ enum: DISPUTE_ROLES }).notNull(),
    body: text().notNull(),
    /** JSON array of media keys: seen by the parties and by staff only. */
    pictures: text().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [index('dispute_entries_thread').on(t.disputeId, t.createdAt, t.id)],
);

/** Measures against users, as they were taken. The standing of a user is in `users`. */
export const moderationActions = sqliteTable(
  'moderation_actions',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    kind: text({ enum: MODERATION_KINDS }).notNull(),
    severity: integer().notNull(),
    reason: text().notNull(),
    /** `system` when nobody decided it. */
    actorId: text().notNull(),
    /** The report it answers. */
    reportId: text(),
    expiresAt: integer(),
    /** When it ended before its time, and by whom. */
    liftedAt: integer(),
    liftedBy: text(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('moderation_user').on(t.userId, t.createdAt, t.id),
    index('moderation_created').on(t.createdAt, t.id),
    index('moderation_actor').on(t.actorId, t.createdAt, t.id),
    index('moderation_kind').on(t.kind, t.createdAt, t.id),
    check('moderation_severity', sql`${t.severity} between 1 and 5`),
  ],
);

/** Flags that somebody has set; the others are as `domain/flags` says. */
export const featureFlags = sqliteTable('feature_flags', {
  name: text().primaryKey(),
  isOn: integer({ mode: 'boolean' }).notNull(),
  version: integer().notNull(),
  updatedBy: text().notNull(),
  updatedAt: integer().notNull(),
});
