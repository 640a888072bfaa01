import { and, asc, desc, eq, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import {
  paymentAttempts,
  paymentMethods,
  payments,
  payouts,
  refunds,
  sellerAccounts,
  transfers,
  webhookInbox,
} from '../../db/payments-schema.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type PaymentRow = typeof payments.$inferSelect;
export type AttemptRow = typeof paymentAttempts.$inferSelect;
export type RefundRow = typeof refunds.$inferSelect;
export type TransferRow = typeof transfers.$inferSelect;
export type PayoutRow = typeof payouts.$inferSelect;
export type SellerAccountRow = typeof sellerAccounts.$inferSelect;
export type PaymentMethodRow = typeof paymentMethods.$inferSelect;

type Changes<Row> = Partial<Omit<Row, 'id' | 'version' | 'createdAt'>>;

/** The row a query is for, or null. */
const only = async <Row>(rows: Promise<Row[]>): Promise<Row | null> => (await rows)[0] ?? null;

/** Fails the batch, as stale, when the statement before it changed nothing. */
export const guard = (db: Db): Statement => db.run(sql.raw(GUARD_SQL));

export const findPayment = (db: Db, id: string) =>
  only(db.select().from(payments).where(eq(payments.id, id)));

export const findPaymentOfOrder = (db: Db, orderId: string) =>
  only(db.select().from(payments).where(eq(payments.orderId, orderId)));

export const findPaymentByProcessorId = (db: Db, processorPaymentId: string) =>
  only(db.select().from(payments).where(eq(payments.processorPaymentId, processorPaymentId)));

/** Changes the payment that was read, or fails the batch as stale. */
export function paymentStatements(db: Db, read: PaymentRow, changes: Changes<PaymentRow>): Statement[] {
  return [
    db
      .update(payments)
      .set({ ...changes, version: read.version + 1 })
      .where(and(eq(payments.id, read.id), eq(payments.version, read.version))),
    guard(db),
  ];
}

export const attemptsOf = (db: Db, paymentId: string): Promise<AttemptRow[]> =>
  db
    .select()
    .from(paymentAttempts)
    .where(eq(paymentAttempts.paymentId, paymentId))
    .orderBy(asc(paymentAttempts.n));

/** Ends an attempt; one that has ended keeps its end. */
export const endAttempt = (
  db: Db,
  { paymentId, n }: AttemptRow,
  end: Pick<AttemptRow, 'outcome' | 'code' | 'endedAt'>,
): Statement =>
  db
    .update(paymentAttempts)
    .set(end)
    .where(
      and(
        eq(paymentAttempts.paymentId, paymentId),
        eq(paymentAttempts.n, n),
        inArray(paymentAttempts.outcome, ['intent', 'unknown']),
      ),
    );

/** Payments whose next call is due, and those that wait for the processor since before `quietSinceMs`. */
export const paymentsToVisit = (db: Db, nowMs: number, quietSinceMs: number, limit: number) =>
  db
    .select({ id: payments.id })
    .from(payments)
    .where(
      or(
        lte(payments.nextCallAt, nowMs),
        and(
          isNull(payments.nextCallAt),
          inArray(payments.status, ['processing', 'requires_action']),
          lt(payments.updatedAt, quietSinceMs),
        ),
      ),
    )
    .limit(limit);

export const findRefund = (db: Db, id: string) => only(db.select().from(refunds).where(eq(refunds.id, id)));

export const refundsOf = (db: Db, paymentId: string) =>
  db.select().from(refunds).where(eq(refunds.paymentId, paymentId)).orderBy(asc(refunds.createdAt));

export const findTransfer = (db: Db, orderId: string) =>
  only(db.select().from(transfers).where(eq(transfers.orderId, orderId)));

export const findPayout = (db: Db, id: string) => only(db.select().from(payouts).where(eq(payouts.id, id)));

export function payoutStatements(db: Db, read: PayoutRow, changes: Changes<PayoutRow>): Statement[] {
  return [
    db
      .update(payouts)
      .set({ ...changes, version: read.version + 1 })
      .where(and(eq(payouts.id, read.id), eq(payouts.version, read.version))),
    guard(db),
  ];
}

/** Sellers whose period is over and who can be paid out, the longest overdue first. */
export const sellersDue = (db: Db, nowMs: number, limit: number) =>
  db
    .select()
    .from(sellerAccounts)
    .where(and(lte(sellerAccounts.nextPayoutAt, nowMs), eq(sellerAccounts.canBePaidOut, true)))
    .orderBy(asc(sellerAccounts.nextPayoutAt))
    .limit(limit);

export const payoutsToRetry = (db: Db, nowMs: number, limit: number) =>
  db
    .select()
    .from(payouts)
    .where(and(lte(payouts.retryAt, nowMs), eq(payouts.status, 'failed')))
    .orderBy(asc(payouts.retryAt))
    .limit(limit);

/** Newest first, before `position`. */
export const listPayouts = (
  db: Db,
  userId: string,
  position: readonly [number, string] | null,
  limit: number,
) =>
  db
    .select()
    .from(payouts)
    .where(
      and(
        eq(payouts.userId, userId),
        position === null
          ? undefined
          : or(
              lt(payouts.createdAt, position[0]),
              and(eq(payouts.createdAt, position[0]), lt(payouts.id, position[1])),
            ),
      ),
    )
    .orderBy(desc(payouts.createdAt), desc(payouts.id))
    .limit(limit);

export const findSellerAccount = (db: Db, userId: string) =>
  only(db.select().from(sellerAccounts).where(eq(sellerAccounts.userId, userId)));

export const findSellerByAccount = (db: Db, processorAccountId: string) =>
  only(db.select().from(sellerAccounts).where(eq(sellerAccounts.processorAccountId, processorAccountId)));

export const methodsOf = (db: Db, userId: string) =>
  db
    .select()
    .from(paymentMethods)
    .where(eq(paymentMethods.userId, userId))
    .orderBy(desc(paymentMethods.isDefault), asc(paymentMethods.createdAt));

export const openWebhooks = (db: Db, receivedBeforeMs: number, limit: number) =>
  db
    .select({ eventId: webhookInbox.eventId })
    .from(webhookInbox)
    .where(and(isNull(webhookInbox.processedAt), lt(webhookInbox.receivedAt, receivedBeforeMs)))
    .orderBy(asc(webhookInbox.receivedAt))
    .limit(limit);
