import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { ATTEMPT_OUTCOMES } from '../domain/payments/attempts.ts';
import { PAYMENT_STATUSES } from '../domain/payments/payment-state.ts';
import { MINIMUM_PAYOUT_CENTS, PAYOUT_SCHEDULES, PAYOUT_STATUSES } from '../domain/payments/payout.ts';
import { REFUND_REASONS, REFUND_STATUSES } from '../domain/payments/refund-state.ts';

/** Times are epoch milliseconds UTC; amounts are minor units. `processor` ids are those of the payment processor. */
export const payments = sqliteTable(
  'payments',
  {
    id: text().primaryKey(),
    purpose: text({ enum: ['order', 'top_up'] }).notNull(),
    /** Null for a top-up of a wallet. */
    orderId: text(),
    userId: text().notNull(),
    amountCents: integer().notNull(),
    currency: text().notNull(),
    source: text({ enum: ['card', 'wallet'] }).notNull(),
    status: text({ enum: PAYMENT_STATUSES }).notNull(),
    /** The saved card, or the token of the card form. */
    paymentMethodId: text(),
    processorPaymentId: text(),
    chargeId: text(),
    cardBrand: text(),
    cardLast4: text(),
    clientSecret: text(),
    actionUrl: text(),
    failureCode: text(),
    isRetryable: integer({ mode: 'boolean' }).notNull(),
    /** Refunds approved so far, delivered or not. */
    refundedCents: integer().notNull(),
    /** Which series of attempts runs: part of the processor's key, raised only when the one before is proved to have failed. */
    series: integer().notNull(),
    /** When the next call is due; null when none is. */
    nextCallAt: integer(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('payments_order').on(t.orderId),
    uniqueIndex('payments_processor').on(t.processorPaymentId),
    index('payments_user').on(t.userId, t.createdAt, t.id),
    index('payments_due').on(t.nextCallAt),
    check('payments_amount', sql`${t.amountCents} > 0`),
    check('payments_refunded', sql`${t.refundedCents} between 0 and ${t.amountCents}`),
  ],
);

/** One row for each call of the processor (EV-11), written as `intent` before the call goes out. */
export const paymentAttempts = sqliteTable(
  'payment_attempts',
  {
    paymentId: text()
      .notNull()
      .references(() => payments.id),
    n: integer().notNull(),
    /** The processor's idempotency key: the same for every retry of a series. */
    key: text().notNull(),
    series: integer().notNull(),
    outcome: text({ enum: ATTEMPT_OUTCOMES }).notNull(),
    code: text(),
    startedAt: integer().notNull(),
    endedAt: integer(),
  },
  (t) => [
    primaryKey({ columns: [t.paymentId, t.n] }),
    index('payment_attempts_open').on(t.outcome, t.startedAt),
  ],
);

export const refunds = sqliteTable(
  'refunds',
  {
    id: text().primaryKey(),
    paymentId: text()
      .notNull()
      .references(() => payments.id),
    orderId: text().notNull(),
    amountCents: integer().notNull(),
    currency: text().notNull(),
    reason: text({ enum: REFUND_REASONS }).notNull(),
    status: text({ enum: REFUND_STATUSES }).notNull(),
    processorRefundId: text(),
    /** Raised when finance sends again what the processor refused. */
    attempt: integer().notNull().default(1),
    failureCode: text(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('refunds_processor').on(t.processorRefundId),
    index('refunds_payment').on(t.paymentId, t.createdAt),
    index('refunds_status').on(t.status, t.updatedAt),
    index('refunds_newest').on(t.createdAt, t.id),
    index('refunds_status_newest').on(t.status, t.createdAt, t.id),
    check('refunds_amount', sql`${t.amountCents} > 0`),
  ],
);

export const TRANSFER_STATUSES = ['waiting', 'intent', 'succeeded', 'failed'] as const;

/** Proceeds of an order on their way to the seller's account at the processor: at most one for each order. */
export const transfers = sqliteTable(
  'transfers',
  {
    orderId: text().primaryKey(),
    sellerId: text().notNull(),
    amountCents: integer().notNull(),
    currency: text().notNull(),
    /** `waiting`: the seller has no account yet that can be paid out. */
    status: text({ enum: TRANSFER_STATUSES }).notNull(),
    processorTransferId: text(),
    reversedCents: integer().notNull(),
    /** Raised when finance sends again what the processor refused. */
    attempt: integer().notNull().default(1),
    failureCode: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('transfers_processor').on(t.processorTransferId),
    index('transfers_seller').on(t.sellerId, t.status),
    index('transfers_status').on(t.status, t.updatedAt),
    index('transfers_newest').on(t.createdAt, t.orderId),
    index('transfers_status_newest').on(t.status, t.createdAt, t.orderId),
    check('transfers_reversed', sql`${t.reversedCents} between 0 and ${t.amountCents}`),
  ],
);

export const payouts = sqliteTable(
  'payouts',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    amountCents: integer().notNull(),
    feeCents: integer().notNull(),
    currency: text().notNull(),
    isInstant: integer({ mode: 'boolean' }).notNull(),
    status: text({ enum: PAYOUT_STATUSES }).notNull(),
    /** Raised by each retry: names the attempt in the ledger and at the processor. */
    attempt: integer().notNull(),
    /** Sent to the seller's account for this payout, beyond what sales had brought there. */
    fundedCents: integer().notNull().default(0),
    /** The same on its way: written before the call, so that a repeat asks for as much. */
    fundingCents: integer().notNull().default(0),
    processorPayoutId: text(),
    failureCode: text(),
    /** When a payout that failed is tried again by itself; null when it is not. */
    retryAt: integer(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('payouts_processor').on(t.processorPayoutId),
    index('payouts_user').on(t.userId, t.createdAt, t.id),
    index('payouts_status').on(t.status, t.updatedAt),
    index('payouts_newest').on(t.createdAt, t.id),
    index('payouts_status_newest').on(t.status, t.createdAt, t.id),
    index('payouts_retry').on(t.retryAt),
    check('payouts_amount', sql`${t.amountCents} > 0 and ${t.feeCents} between 0 and ${t.amountCents}`),
  ],
);

/** Sellers' accounts at the processor. */
export const sellerAccounts = sqliteTable(
  'seller_accounts',
  {
    userId: text().primaryKey(),
    processorAccountId: text().notNull(),
    canBePaidOut: integer({ mode: 'boolean' }).notNull(),
    payoutSchedule: text({ enum: PAYOUT_SCHEDULES }).notNull(),
    /** Payouts that nobody asks for wait until there is as much. */
    minimumPayoutCents: integer().notNull().default(MINIMUM_PAYOUT_CENTS),
    /** Whether they are instant, for the fee of it. */
    isInstant: integer({ mode: 'boolean' }).notNull().default(false),
    /** When the next payout of the schedule is due; null when it has no periods. */
    nextPayoutAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('seller_accounts_processor').on(t.processorAccountId),
    index('seller_accounts_due').on(t.nextPayoutAt),
  ],
);

/** Proceeds whose payout delay runs: a row goes when they become available, or when refunds took all of them back. */
export const pendingProceeds = sqliteTable(
  'pending_proceeds',
  {
    orderId: text().primaryKey(),
    sellerId: text().notNull(),
    currency: text().notNull(),
    amountCents: integer().notNull(),
    dueAt: integer().notNull(),
  },
  (t) => [
    index('pending_proceeds_due').on(t.dueAt),
    index('pending_proceeds_seller').on(t.sellerId, t.dueAt),
    check('pending_proceeds_amount', sql`${t.amountCents} > 0`),
  ],
);

/** Buyers as the processor knows them. */
export const customers = sqliteTable('customers', {
  userId: text().primaryKey(),
  processorCustomerId: text().notNull(),
  createdAt: integer().notNull(),
});

export const paymentMethods = sqliteTable(
  'payment_methods',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    processorMethodId: text().notNull(),
    brand: text().notNull(),
    last4: text().notNull(),
    expiryMonth: integer().notNull(),
    expiryYear: integer().notNull(),
    isDefault: integer({ mode: 'boolean' }).notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('payment_methods_processor').on(t.processorMethodId),
    index('payment_methods_user').on(t.userId, t.createdAt),
    uniqueIndex('payment_methods_default').on(t.userId).where(sql`${t.isDefault} = 1`),
  ],
);

export const CARD_SETUP_STATUSES = [
  'started',
  'requires_action',
  'processing',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;

/** Cards on their way to be kept: a card is in `payment_methods`, under the same id, once its setup has succeeded. */
export const cardSetups = sqliteTable(
  'card_setups',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    /** `started` before the processor is called, so that its webhook finds the card whatever becomes of us. */
    status: text({ enum: CARD_SETUP_STATUSES }).notNull(),
    processorSetupId: text(),
    processorMethodId: text(),
    brand: text(),
    last4: text(),
    expiryMonth: integer(),
    expiryYear: integer(),
    /** The card is to be the default once it is kept. */
    isDefault: integer({ mode: 'boolean' }).notNull(),
    clientSecret: text(),
    actionUrl: text(),
    failureCode: text(),
    createdAt: integer().notNull(),
    /** When the holder has had time enough to authenticate. */
    expiresAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('card_setups_processor').on(t.processorSetupId),
    index('card_setups_user').on(t.userId, t.status, t.createdAt),
    index('card_setups_expiry').on(t.status, t.expiresAt),
  ],
);

/** Webhooks that were genuine, each stored once by the id of its event and processed from the queue. */
export const webhookInbox = sqliteTable(
  'webhook_inbox',
  {
    eventId: text().primaryKey(),
    type: text().notNull(),
    /** What it is about, as JSON of our own; the processor's object is looked up, never taken from here. */
    subject: text().notNull(),
    receivedAt: integer().notNull(),
    processedAt: integer(),
    attempts: integer().notNull(),
    lastError: text(),
  },
  (t) => [
    index('webhook_inbox_open').on(t.processedAt, t.receivedAt),
    index('webhook_inbox_received').on(t.receivedAt, t.eventId),
  ],
);

/** The circuit breaker in front of the processor, shared by all isolates. */
export const breakers = sqliteTable('breakers', {
  name: text().primaryKey(),
  /** JSON of the domain's breaker. */
  state: text().notNull(),
  version: integer().notNull(),
});

// ---- The demo processor's own memory: the world outside, never read by anything but the demo processor. ----

export const demoObjects = sqliteTable(
  'demo_objects',
  {
    id: text().primaryKey(),
    type: text().notNull(),
    /** What it is found by: the id of ours it was made for, or the object it belongs to. */
    reference: text(),
    body: text().notNull(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    /** Events only: not taken by a webhook yet. */
    isPending: integer({ mode: 'boolean' }).notNull(),
  },
  (t) => [
    index('demo_objects_reference').on(t.type, t.reference),
    index('demo_objects_created').on(t.type, t.createdAt),
    index('demo_objects_pending').on(t.isPending).where(sql`${t.isPending} = 1`),
  ],
);

export const demoIdempotency = sqliteTable('demo_idempotency', {
  key: text().primaryKey(),
  requestHash: text().notNull(),
  status: integer().notNull(),
  body: text().notNull(),
  createdAt: integer().notNull(),
});
