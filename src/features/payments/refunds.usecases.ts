/** Money on its way back to buyers, and from sellers who were paid already. */
import { and, eq, sql } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { payments, refunds, transfers } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { refundIdOf } from '../../domain/orders/order-ids.ts';
import { attemptName } from '../../domain/payments/attempts.ts';
import { statusAfterRefunds } from '../../domain/payments/payment-state.ts';
import { advanceRefund, observeRefund, type RefundReason } from '../../domain/payments/refund-state.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { ProcessorRefund } from '../../platform/payments/gateway.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { takenFrom } from '../ledger/wallet.usecases.ts';
import { applyPaymentOutcome, refundPart } from '../orders/apply-payment.ts';
import { runBatch } from '../orders/order-steps.ts';
import { act, getOrder } from '../orders/orders.usecases.ts';
import {
  findPayment,
  findPaymentOfOrder,
  findRefund,
  findTransfer,
  guard,
  type PaymentRow,
  type RefundRow,
} from './payments.repository.ts';
import { getPayment } from './payments.usecases.ts';

interface RefundRequest {
  order_id: string;
  payment_id?: string;
  refund_id: string;
  amount_cents: number;
  currency: string;
  reason: RefundReason;
}

export interface RefundAnswer {
  id: string;
  payment: PaymentRow;
  amountCents: number;
  status: RefundRow['status'];
}

/**
 * A refund that finance decides, or that the seller of a completed order gives of their own will. Without an amount it
 * is all that is left, which ends the order.
 */
export async function refundPayment(
  deps: Deps,
  paymentId: string,
  wanted: { amountCents: number | null; reason: string },
  caller: Caller,
  audited: AuditedActor,
): Promise<RefundAnswer> {
  const payment = await getPayment(deps, paymentId, caller);
  if (payment.orderId === null) throw problem('forbidden', 'A top-up is withdrawn, not refunded.');
  const { row, actor } = await getOrder(deps, payment.orderId, caller);
  const isSeller = actor.roles.includes('seller');
  const isStaff = actor.roles.some((role) => role === 'admin' || role === 'finance');
  if (!isSeller && !isStaff)
    throw problem('forbidden', 'Refunds are given by the seller of a completed order and by finance.');
  if (!isStaff && row.status !== 'completed')
    throw problem(
      'invalid_transition',
      'A seller refunds an order once it is completed; cancel it before that.',
    );
  const leftCents = row.totalCents - row.refundedCents;
  const amountCents = wanted.amountCents ?? leftCents;
  if (amountCents > leftCents)
    throw problem('refund_exceeds_remaining', `Only ${leftCents} are left of this payment.`, {
      remaining_cents: leftCents,
    });
  if (amountCents === leftCents) {
    const after = await act(deps, row.id, 'refund', caller, { reason: wanted.reason }, { audited });
    await deps.outbox.drain();
    return { id: refundIdOf(row.id, after.row.version), payment, amountCents, status: 'approved' };
  }
  const refundId = newId('ref', deps.random);
  const part = await refundPart(deps, row.id, {
    refundId,
    amountCents,
    reason: isStaff ? 'finance_decision' : 'seller_goodwill',
    statements: isStaff
      ? [
          auditStatement(
            deps.db,
            audited,
            {
              action: 'payment_refunded',
              target: { type: 'payment', id: paymentId },
              after: {
                order_id: row.id,
                refund_id: refundId,
                amount_cents: amountCents,
                currency: row.currency,
              },
              reason: wanted.reason,
            },
            { id: newId('aud', deps.random), atMs: deps.now() },
          ),
        ]
      : [],
  });
  if (!part.ok) throw problem(part.error, 'This much cannot be refunded of this order now.');
  await deps.outbox.drain();
  return { id: refundId, payment, amountCents, status: 'approved' };
}

/** Handles `payment.refund_request`: the ledger owes it already, now it is delivered. */
export async function requestRefund(deps: Deps, event: EventEnvelope): Promise<void> {
  const request = event.data as RefundRequest;
  const existing = await findRefund(deps.db, request.refund_id);
  const refund = existing ?? (await writeRefund(deps, request));
  // What was refused waits for finance: see `retryRefund`.
  if (refund.status !== 'succeeded' && refund.status !== 'failed') await deliverRefund(deps, refund);
  await takeBackFromSeller(deps, refund);
}

async function writeRefund(deps: Deps, request: RefundRequest): Promise<RefundRow> {
  const payment = request.payment_id
    ? await findPayment(deps.db, request.payment_id)
    : await findPaymentOfOrder(deps.db, request.order_id);
  if (!payment) throw new Error(`refund ${request.refund_id} has no payment`);
  const nowMs = deps.now();
  const row: RefundRow = {
    id: request.refund_id,
    paymentId: payment.id,
    orderId: request.order_id,
    amountCents: request.amount_cents,
    currency: request.currency,
    reason: request.reason,
    status: 'processing',
    processorRefundId: null,
    attempt: 1,
    failureCode: null,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  try {
    await deps.db.batch([
      deps.db.insert(refunds).values(row),
      deps.db
        .update(payments)
        .set({
          refundedCents: sql`${payments.refundedCents} + ${row.amountCents}`,
          status: statusAfterRefunds(payment.amountCents, payment.refundedCents + row.amountCents),
          version: payment.version + 1,
          updatedAt: nowMs,
        })
        .where(and(eq(payments.id, payment.id), eq(payments.version, payment.version))),
      guard(deps.db) as Statement,
    ]);
  } catch (error) {
    const known = isUniqueViolation(error) || isStale(error) ? await findRefund(deps.db, row.id) : null;
    if (!known) throw error;
    return known;
  }
  return row;
}

async function deliverRefund(deps: Deps, refund: RefundRow): Promise<void> {
  const payment = await findPayment(deps.db, refund.paymentId);
  if (!payment) throw new Error(`refund ${refund.id} has no payment`);
  if (payment.source === 'wallet' || payment.processorPaymentId === null)
    return settleRefund(deps, refund, {
      id: refund.id,
      status: 'succeeded',
      amountCents: refund.amountCents,
      refundId: refund.id,
    });
  const name = attemptName(refund.id, refund.attempt);
  const outcome = await deps.payments.refund(
    {
      processorPaymentId: payment.processorPaymentId,
      amountCents: refund.amountCents,
      refundId: name,
    },
    `refund:${name}`,
  );
  if (outcome.kind === 'succeeded') return settleRefund(deps, refund, outcome.value);
  if (outcome.kind === 'refused') {
    deps.log.error('refund_refused', { refund_id: refund.id, code: outcome.code });
    await deps.db
      .update(refunds)
      .set({ status: 'failed', failureCode: outcome.code, updatedAt: deps.now() })
      .where(
        and(eq(refunds.id, refund.id), eq(refunds.status, 'processing'), eq(refunds.attempt, refund.attempt)),
      );
    return;
  }
  throw new Error(`the refund ${refund.id} is not known to have arrived: ${outcome.kind}`);
}

/** Applies what the processor says of a refund; it only moves forward. */
export async function settleRefund(deps: Deps, refund: RefundRow, found: ProcessorRefund): Promise<void> {
  const status = observeRefund(refund.status, found.status);
  if (status === refund.status && refund.processorRefundId !== null) return;
  const isOwnMoney = found.id === refund.id;
  const written: Statement[] = [
    deps.db
      .update(refunds)
      .set({
        status,
        processorRefundId: isOwnMoney ? null : found.id,
        version: refund.version + 1,
        updatedAt: deps.now(),
      })
      .where(and(eq(refunds.id, refund.id), eq(refunds.version, refund.version))),
    guard(deps.db),
  ];
  if (status !== 'succeeded') return runBatch(deps, written);
  const { id: refundId, amountCents } = refund;
  await applyPaymentOutcome(deps, refund.orderId, {
    kind: 'refunded',
    refundId,
    amountCents,
    statements: written,
  });
}

/** Finance delivers a refund once more that the processor refused; it was owed all the time. */
export async function retryRefund(deps: Deps, refundId: string, actor: AuditedActor): Promise<RefundRow> {
  const refund = await findRefund(deps.db, refundId);
  if (!refund) throw problem('refund_not_found', 'There is no such refund.');
  const next = advanceRefund(refund.status, 'retry', 'finance');
  if (!next.ok) throw problem('invalid_transition', `This refund is ${refund.status}.`);
  const nowMs = deps.now();
  const attempt = refund.attempt + 1;
  const changes = {
    status: next.value,
    attempt,
    processorRefundId: null,
    failureCode: null,
    updatedAt: nowMs,
  };
  const { orderId, paymentId, amountCents, currency, reason } = refund;
  const event: EventEnvelope = {
    event_id: `${refundId}:retry:${attempt}`,
    type: 'payment.refund_request',
    version: 1,
    aggregate: { type: 'order', id: orderId },
    seq: attempt,
    correlation_id: actor.requestId ?? refundId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      order_id: orderId,
      payment_id: paymentId,
      refund_id: refundId,
      amount_cents: amountCents,
      currency,
      reason,
    } satisfies RefundRequest,
  };
  try {
    await runBatch(deps, [
      deps.db
        .update(refunds)
        .set({ ...changes, version: refund.version + 1 })
        .where(
          and(
            eq(refunds.id, refundId),
            eq(refunds.version, refund.version),
            eq(refunds.attempt, refund.attempt),
            eq(refunds.status, refund.status),
          ),
        ),
      guard(deps.db),
      outboxStatement(deps.db, [event], nowMs),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'refund_retried',
          target: { type: 'refund', id: refundId },
          before: { status: refund.status, attempt: refund.attempt, failure_code: refund.failureCode },
          after: { status: next.value, attempt },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('invalid_transition', 'Somebody else sends this refund again.');
    throw error;
  }
  await deps.outbox.drain();
  return { ...refund, ...changes };
}

/** What the seller was paid of it is reversed at the processor; where that fails, their balance here is negative. */
async function takeBackFromSeller(deps: Deps, refund: RefundRow): Promise<void> {
  const transfer = await findTransfer(deps.db, refund.orderId);
  if (transfer?.status !== 'succeeded' || transfer.processorTransferId === null) return;
  const amountCents = await takenFrom(deps, transfer.sellerId, {
    reason: 'refund_after_release',
    cause: refund.id,
  });
  if (amountCents === 0) return;
  const reversed = await deps.payments.reverseTransfer(
    { processorTransferId: transfer.processorTransferId, amountCents },
    `reversal:${refund.id}`,
  );
  if (reversed.kind === 'succeeded') {
    await deps.db
      .update(transfers)
      .set({ reversedCents: reversed.value.reversedCents, updatedAt: deps.now() })
      .where(eq(transfers.orderId, transfer.orderId));
    return;
  }
  if (reversed.kind !== 'refused')
    throw new Error(`the transfer of ${refund.orderId} is not known to be reversed: ${reversed.kind}`);
  deps.log.warn('reversal_refused', { order_id: refund.orderId, code: reversed.code });
}
