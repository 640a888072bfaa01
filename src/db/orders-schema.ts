import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { LEDGER_REASONS } from '../domain/ledger/posting.ts';
import {
  ACTOR_ROLES,
  HOLDABLE_STATUSES,
  ORDER_SOURCES,
  ORDER_STATUSES,
  ORDER_SUPPLIES,
  TIMER_KINDS,
  VERIFICATION_STATUSES,
} from '../domain/orders/order.ts';
import { VERIFICATION_ACTIONS, VERIFICATION_ROLES } from '../domain/orders/verification.ts';
import { PAYMENT_STATUSES } from '../domain/payments/payment-state.ts';

/** Orders and the ledger. Triggers of migration `orders_rules` hold what columns cannot say: see there. */

/** How a buyer pays. */
export const PAYMENT_MEANS = ['card', 'wallet'] as const;
export type PaymentMeans = (typeof PAYMENT_MEANS)[number];

/** The orders whose goods somebody has to look at: the words of the index must be those of its queries. */
export const TO_VERIFY = "verification in ('awaiting_item', 'in_review', 'second_review', 'appealed')";

export const orders = sqliteTable(
  'orders',
  {
    id: text().primaryKey(),
    /** `ORD-YYYYMMDD-XXXX` (SN-22). */
    number: text().notNull(),
    source: text({ enum: ORDER_SOURCES }).notNull(),
    /** What made the order, such as a match id: together with the source it makes one order only. */
    sourceId: text().notNull(),
    supply: text({ enum: ORDER_SUPPLIES }).notNull(),
    buyerId: text().notNull(),
    /** Null when the platform itself sells. */
    sellerId: text(),
    matchId: text(),
    offerId: text(),
    listingId: text(),
    /** The exchange that this order is one direction of. */
    swapId: text(),
    status: text({ enum: ORDER_STATUSES }).notNull(),
    paymentStatus: text({ enum: PAYMENT_STATUSES }).notNull(),
    version: integer().notNull(),
    verification: text({ enum: VERIFICATION_STATUSES }).notNull(),
    requiresVerification: integer({ mode: 'boolean' }).notNull(),
    resumeTo: text({ enum: HOLDABLE_STATUSES }),
    currency: text().notNull(),
    subtotalCents: integer().notNull(),
    buyerFeeCents: integer().notNull(),
    sellerFeeCents: integer().notNull(),
    shippingCents: integer().notNull(),
    totalCents: integer().notNull(),
    payoutCents: integer().notNull(),
    /** The fee schedule row that was applied, and its rates as they were (C.5). */
    feeScheduleId: text().notNull(),
    buyerFeeBps: integer().notNull(),
    sellerFeeBps: integer().notNull(),
    refundedCents: integer().notNull(),
    releasedCents: integer().notNull(),
    /** The payment that was captured, and where its money came from; null until then. */
    paymentId: text(),
    paidFrom: text({ enum: PAYMENT_MEANS }),
    /** The chargeback that is open, and what the card network took. */
    chargebackId: text(),
    chargebackCents: integer(),
    /** The shipping address as it was when the order was placed, as JSON. */
    shipTo: text(),
    carrier: text(),
    trackingNumber: text(),
    shipByExtended: integer({ mode: 'boolean' }).notNull(),
    paidAt: integer(),
    shippedAt: integer(),
    deliveredAt: integer(),
    completedAt: integer(),
    correlationId: text().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('orders_source').on(t.source, t.sourceId),
    uniqueIndex('orders_number').on(t.number),
    index('orders_buyer').on(t.buyerId, t.createdAt, t.id),
    index('orders_seller').on(t.sellerId, t.createdAt, t.id),
    index('orders_tracking').on(t.trackingNumber),
    index('orders_created').on(t.createdAt, t.id),
    index('orders_status').on(t.status, t.createdAt, t.id),
    index('orders_paid').on(t.paidAt).where(sql`paid_at is not null`),
    index('orders_completed').on(t.completedAt).where(sql`completed_at is not null`),
    index('orders_offer').on(t.offerId),
    index('orders_swap').on(t.swapId),
    index('orders_to_verify').on(t.shippedAt, t.id).where(sql.raw(TO_VERIFY)),
    check('orders_refunded', sql`${t.refundedCents} between 0 and ${t.totalCents}`),
    check('orders_released', sql`${t.releasedCents} between 0 and ${t.totalCents}`),
  ],
);

export const orderLines = sqliteTable(
  'order_lines',
  {
    orderId: text()
      .notNull()
      .references(() => orders.id),
    line: integer().notNull(),
    /** Of the catalogue; both empty when the goods are a listing. */
    sizeId: text().notNull(),
    productId: text().notNull(),
    /** As they were when the order was placed. */
    productName: text().notNull(),
    sizeLabel: text().notNull(),
    priceCents: integer().notNull(),
    quantity: integer().notNull(),
    subtotalCents: integer().notNull(),
    buyerFeeCents: integer().notNull(),
    sellerFeeCents: integer().notNull(),
    /** The item of a listing; null when the goods come from the catalogue. */
    listingId: text(),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.line] })],
);

/** Every transition. A row that does not continue the order's state is refused, and with it the whole batch. */
export const orderHistory = sqliteTable(
  'order_history',
  {
    orderId: text()
      .notNull()
      .references(() => orders.id),
    version: integer().notNull(),
    from: text({ enum: ORDER_STATUSES }),
    to: text({ enum: ORDER_STATUSES }).notNull(),
    action: text().notNull(),
    actorType: text({ enum: ACTOR_ROLES }).notNull(),
    actorId: text().notNull(),
    reason: text(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.version] })],
);

/** Every step of the authentication of an order's goods, from `n` = 1 on. */
export const verificationHistory = sqliteTable(
  'verification_history',
  {
    orderId: text()
      .notNull()
      .references(() => orders.id),
    n: integer().notNull(),
    from: text({ enum: VERIFICATION_STATUSES }).notNull(),
    to: text({ enum: VERIFICATION_STATUSES }).notNull(),
    action: text({ enum: VERIFICATION_ACTIONS }).notNull(),
    actorType: text({ enum: VERIFICATION_ROLES }).notNull(),
    actorId: text().notNull(),
    reason: text(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.n] })],
);

/** A timer runs towards `dueAt`, or is paused with the time it had left. */
export const orderTimers = sqliteTable(
  'order_timers',
  {
    orderId: text()
      .notNull()
      .references(() => orders.id),
    kind: text({ enum: TIMER_KINDS }).notNull(),
    dueAt: integer(),
    pausedRemainingMs: integer(),
  },
  (t) => [
    primaryKey({ columns: [t.orderId, t.kind] }),
    index('order_timers_due').on(t.dueAt),
    check('order_timers_runs_or_waits', sql`(${t.dueAt} is null) <> (${t.pausedRemainingMs} is null)`),
  ],
);

/** The last order number given out on a UTC day (`YYYYMMDD`). */
export const orderCounters = sqliteTable('order_counters', {
  day: text().primaryKey(),
  last: integer().notNull(),
});

/** Reliability marks of people: one for each order and kind, whatever is delivered twice. */
export const STRIKE_KINDS = [
  'buyer_cancelled',
  'seller_failed',
  'buyer_unpaid',
  'dispute_lost',
  'refunded_late',
] as const;
export const strikes = sqliteTable(
  'strikes',
  {
    orderId: text()
      .notNull()
      .references(() => orders.id),
    kind: text({ enum: STRIKE_KINDS }).notNull(),
    userId: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.orderId, t.kind] }), index('strikes_user').on(t.userId, t.at)],
);

/** What carriers reported, once by their event id. */
export const carrierEvents = sqliteTable('carrier_events', {
  id: text().primaryKey(),
  orderId: text()
    .notNull()
    .references(() => orders.id),
  body: text().notNull(),
  receivedAt: integer().notNull(),
});

/** SN-05, SN-06. At most one default of each kind for a user. */
export const ADDRESS_KINDS = ['shipping', 'billing'] as const;
export const addresses = sqliteTable(
  'addresses',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    kind: text({ enum: ADDRESS_KINDS }).notNull(),
    firstName: text().notNull(),
    lastName: text().notNull(),
    phone: text(),
    line1: text().notNull(),
    line2: text(),
    city: text().notNull(),
    region: text(),
    postalCode: text().notNull(),
    /** ISO 3166-1 alpha-2. */
    country: text().notNull(),
    isDefault: integer({ mode: 'boolean' }).notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    index('addresses_user').on(t.userId, t.createdAt, t.id),
    uniqueIndex('addresses_default').on(t.userId, t.kind).where(sql`is_default = 1`),
  ],
);

/**
 * Events that left an aggregate in D1, written in the batch of the change itself and deleted only when their consumer
 * has done its work: the queue is a hint, this is the storage.
 */
export const outbox = sqliteTable(
  'outbox',
  {
    eventId: text().primaryKey(),
    type: text().notNull(),
    /** The event envelope as JSON. */
    body: text().notNull(),
    createdAt: integer().notNull(),
    /** When it is sent, or sent again. */
    dueAt: integer().notNull(),
    sentAt: integer(),
    attempts: integer().notNull(),
  },
  (t) => [index('outbox_due').on(t.dueAt)],
);

/** One posting. Its entries are written before it: it closes them, and is refused unless they sum to zero. */
export const ledgerTransactions = sqliteTable(
  'ledger_transactions',
  {
    id: text().primaryKey(),
    reason: text({ enum: LEDGER_REASONS }).notNull(),
    /** What happened in the world: the same step posted twice is refused. */
    cause: text().notNull(),
    orderId: text(),
    createdAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('ledger_transactions_cause').on(t.reason, t.cause),
    index('ledger_transactions_order').on(t.orderId, t.createdAt),
  ],
);

/** Immutable. An entry counts once its transaction is there. */
export const ledgerEntries = sqliteTable(
  'ledger_entries',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    transactionId: text().notNull(),
    account: text().notNull(),
    currency: text().notNull(),
    amountCents: integer().notNull(),
  },
  (t) => [
    uniqueIndex('ledger_entries_once').on(t.transactionId, t.account, t.currency),
    index('ledger_entries_account').on(t.account, t.seq),
    check('ledger_entries_amount', sql`typeof(${t.amountCents}) = 'integer' and ${t.amountCents} <> 0`),
    check('ledger_entries_bound', sql`abs(${t.amountCents}) <= 1000000000000`),
    check('ledger_entries_currency', sql`length(${t.currency}) = 3`),
  ],
);

/** A projection of the entries, kept by trigger and by nothing else. */
export const ledgerBalances = sqliteTable(
  'ledger_balances',
  {
    account: text().notNull(),
    currency: text().notNull(),
    balanceCents: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.account, t.currency] })],
);
