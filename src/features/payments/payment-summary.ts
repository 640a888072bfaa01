/** What a payment came to over all its calls of the processor (EV-02, EV-11). */
import { asc, eq, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { orders } from '../../db/orders-schema.ts';
import { paymentAttempts, payments } from '../../db/payments-schema.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { PaymentStatus } from '../../domain/payments/payment-state.ts';
import type { AttemptRow, PaymentRow } from './payments.repository.ts';

export interface PaymentSummary {
  attemptCount: number;
  finalStatus: PaymentStatus;
  isSuccessful: boolean;
  /** From the first call to the last answer; 0 for a wallet, which calls nobody. */
  processingTimeMs: number;
  failureCode: string | null;
  attempts: readonly AttemptRow[];
}

const SUCCESSFUL: readonly PaymentStatus[] = ['succeeded', 'partially_refunded', 'refunded'];

function spanOf(attempts: readonly AttemptRow[], untilMs?: number): number {
  const [first] = attempts;
  if (!first) return 0;
  const ends = attempts.map(({ startedAt, endedAt }) => endedAt ?? startedAt);
  return Math.max(0, (untilMs ?? Math.max(...ends)) - first.startedAt);
}

/** The summary of an order's payment; null while there is none. */
export async function paymentSummaryOf(db: Db, orderId: string): Promise<PaymentSummary | null> {
  const rows = await db
    .select({ payment: payments, attempt: paymentAttempts })
    .from(payments)
    .leftJoin(paymentAttempts, eq(paymentAttempts.paymentId, payments.id))
    .where(eq(payments.orderId, orderId))
    .orderBy(asc(paymentAttempts.n));
  const [first] = rows;
  if (!first) return null;
  const attempts = rows.flatMap(({ attempt }) => attempt ?? []);
  const { status, failureCode } = first.payment;
  return {
    attemptCount: attempts.length,
    finalStatus: status,
    isSuccessful: SUCCESSFUL.includes(status),
    processingTimeMs: spanOf(attempts),
    failureCode,
    attempts,
  };
}

/** `payment.completed` (EV-05): how the payment of an order ended, whatever came of it. */
export async function paymentCompleted(
  db: Db,
  payment: PaymentRow,
  end: { isSuccess: boolean; errorMessage: string | null },
  nowMs: number,
): Promise<EventEnvelope> {
  const [attempts, [order]] = await db.batch([
    db
      .select()
      .from(paymentAttempts)
      .where(eq(paymentAttempts.paymentId, payment.id))
      .orderBy(asc(paymentAttempts.n)),
    db
      .select({ correlationId: orders.correlationId, sellerId: orders.sellerId })
      .from(orders)
      .where(sql`${orders.id} = ${payment.orderId}`),
  ]);
  const version = payment.version + 1;
  return {
    event_id: `${payment.id}:completed:${version}`,
    type: 'payment.completed',
    version: 1,
    aggregate: { type: 'payment', id: payment.id },
    seq: version,
    correlation_id: order?.correlationId ?? payment.id,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      order_id: payment.orderId,
      payment_id: payment.id,
      buyer_id: payment.userId,
      seller_id: order?.sellerId ?? null,
      amount_cents: payment.amountCents,
      currency: payment.currency,
      success: end.isSuccess,
      final_status: end.isSuccess ? 'success' : 'failed',
      attempt_count: attempts.length,
      processing_time_ms: spanOf(attempts, nowMs),
      error_message: end.errorMessage,
    },
  };
}
