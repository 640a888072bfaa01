import type { PaymentMeans } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { availableOf } from '../../domain/ledger/accounts.ts';
import {
  chargebackOpened,
  chargebackWon,
  paymentCaptured,
  refundAfterRelease,
  refundFromEscrow,
  refundSettled,
} from '../../domain/ledger/order-postings.ts';
import type { Posting } from '../../domain/ledger/posting.ts';
import { SYSTEM } from '../../domain/orders/order.ts';
import { type OrderRefusal, transition } from '../../domain/orders/order-machine.ts';
import { checkRefund } from '../../domain/payments/escrow-hold.ts';
import { captureDisposition, statusAfterRefunds } from '../../domain/payments/payment-state.ts';
import type { RefundReason } from '../../domain/payments/refund-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { isAlreadyPosted, postingStatements, type Statement } from '../ledger/ledger.statements.ts';
import { chargebackLostPosting, envelopeOf, sourceAccount } from './carry-out.ts';
import { commitStep, runBatch, withFreshOrder } from './order-steps.ts';
import { changeStatements, moneyOf, type OrderRow, type StoredOrder } from './orders.repository.ts';
import { type PendingProceeds, pendingOf, takenFromPending } from './pending-proceeds.ts';

/** What became of a payment. `statements` are the payment's own, committed together with what the order does. */
export type PaymentOutcome = { statements: readonly Statement[] } & (
  | { kind: 'captured'; paymentId: string; from: PaymentMeans; amountCents: number; currency: string }
  | { kind: 'failed'; reason: string }
  /** `to` is where the refunded payment came from: the order's own payment when left out. */
  | { kind: 'refunded'; refundId: string; amountCents: number; to?: PaymentMeans }
  | { kind: 'released' }
  | { kind: 'chargeback_opened'; chargebackId: string; amountCents: number }
  | { kind: 'chargeback_won' | 'chargeback_lost'; chargebackId: string }
);

/** `refunding`: the money came when nobody wanted it any more, and goes back by itself. */
export type OutcomeApplied = 'applied' | 'already_applied' | 'refunding' | 'order_not_found';

/**
 * Applies the outcome of a payment to its order and to the ledger in one batch with the payment's own statements.
 * Whatever comes twice is `already_applied`. Refuses only a capture of another amount than the order's total.
 */
export async function applyPaymentOutcome(
  deps: Deps,
  orderId: string,
  outcome: PaymentOutcome,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  try {
    const applied = await withFreshOrder(deps, orderId, (stored) => apply(deps, stored, outcome));
    return applied ?? ok('order_not_found');
  } catch (error) {
    if (isAlreadyPosted(error)) return ok('already_applied');
    throw error;
  }
}

function apply(
  deps: Deps,
  stored: StoredOrder,
  outcome: PaymentOutcome,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  switch (outcome.kind) {
    case 'captured':
      return applyCapture(deps, stored, outcome);
    case 'failed':
      return applyFailure(deps, stored, outcome);
    case 'refunded':
      return applyRefund(deps, stored, outcome);
    case 'released':
      return runBatch(deps, outcome.statements).then(() => ok('applied'));
    case 'chargeback_opened':
      return openChargeback(deps, stored, outcome);
    case 'chargeback_won':
    case 'chargeback_lost':
      return closeChargeback(deps, stored, outcome);
  }
}

type Outcome<Kind extends PaymentOutcome['kind']> = Extract<PaymentOutcome, { kind: Kind }>;

/** A posting that no transition makes: its id is new, and its reason and cause keep it from being made twice. */
function looseStatements(
  deps: Deps,
  row: OrderRow,
  posting: Posting,
  pending: PendingProceeds | null = null,
): Statement[] {
  const id = newId('led', deps.random);
  return [
    ...postingStatements(deps.db, posting, { id, orderId: row.id, atMs: deps.now() }),
    ...takenFromPending(deps.db, pending, posting),
  ];
}

async function applyCapture(
  deps: Deps,
  stored: StoredOrder,
  outcome: Outcome<'captured'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const { row } = stored;
  const { paymentId, from, amountCents, currency, statements } = outcome;
  const disposition = captureDisposition(row.status, row.paymentId === paymentId);
  if (disposition === 'already_applied') return ok('already_applied');
  if (disposition === 'refund') return giveBack(deps, stored, outcome);
  const step = transition(stored.state, 'payment_succeeded', SYSTEM, { amountCents, currency }, deps.now());
  if (!step.ok) return err(step.error);
  await commitStep(deps, stored, step.value, {}, { payment: { paymentId, from } }, statements);
  return ok('applied');
}

/**
 * A capture that comes too late, or a second one for an order that is paid, is booked and refunded in one go: the
 * money was taken, so the ledger must say so (reliability F16).
 */
async function giveBack(
  deps: Deps,
  { row }: StoredOrder,
  { paymentId, from, amountCents, statements }: Outcome<'captured'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const isFirst = row.paymentId === null;
  const money = isFirst ? moneyOf(row) : { ...moneyOf(row), orderId: `${row.id}/${paymentId}` };
  const refundId = newId('ref', deps.random);
  const nowMs = deps.now();
  const changes = isFirst
    ? {
        paymentId,
        paidFrom: from,
        refundedCents: row.totalCents,
        paymentStatus: 'refunded' as const,
        updatedAt: nowMs,
      }
    : { updatedAt: nowMs };
  const refund = { refundId, refundedBeforeCents: 0, refundCents: row.totalCents };
  const request = {
    type: 'payment.refund_request' as const,
    data: {
      order_id: row.id,
      payment_id: paymentId,
      refund_id: refundId,
      amount_cents: amountCents,
      currency: row.currency,
      reason: 'late_payment' as const,
    },
  };
  await runBatch(deps, [
    ...changeStatements(deps.db, row, changes),
    ...looseStatements(deps, row, paymentCaptured(money, sourceAccount(row.buyerId, from))),
    ...looseStatements(deps, row, refundFromEscrow(money, refund)),
    outboxStatement(deps.db, [envelopeOf(row, request, `late:${paymentId}`, row.version, nowMs)], nowMs),
    ...statements,
  ]);
  return ok('refunding');
}

async function applyFailure(
  deps: Deps,
  stored: StoredOrder,
  { reason, statements }: Outcome<'failed'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const step = transition(stored.state, 'payment_failed', SYSTEM, { reason }, deps.now());
  if (step.ok) {
    await commitStep(deps, stored, step.value, {}, {}, statements);
    return ok('applied');
  }
  // The order went its own way: only the payment has something to write down.
  await runBatch(deps, statements);
  return ok('already_applied');
}

async function applyRefund(
  deps: Deps,
  { row }: StoredOrder,
  { refundId, amountCents, to: means = row.paidFrom ?? 'card', statements }: Outcome<'refunded'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const to = means === 'wallet' ? availableOf(row.buyerId) : 'processor:clearing';
  const posting = refundSettled({ refundId, currency: row.currency, refundCents: amountCents, to });
  const nowMs = deps.now();
  const event: EventEnvelope = {
    event_id: `${refundId}:succeeded`,
    type: 'refund.succeeded',
    version: 1,
    aggregate: { type: 'refund', id: refundId },
    seq: 1,
    correlation_id: row.correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      refund_id: refundId,
      order_id: row.id,
      buyer_id: row.buyerId,
      seller_id: row.sellerId,
      amount_cents: amountCents,
      currency: row.currency,
    },
  };
  await runBatch(deps, [
    ...looseStatements(deps, row, posting),
    ...statements,
    outboxStatement(deps.db, [event], nowMs),
  ]);
  return ok('applied');
}

async function openChargeback(
  deps: Deps,
  stored: StoredOrder,
  { chargebackId, amountCents, statements }: Outcome<'chargeback_opened'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const { row } = stored;
  if (row.chargebackId === chargebackId) return ok('already_applied');
  const posting = chargebackOpened(moneyOf(row), { chargebackId, amountCents });
  const noted = { chargebackId, chargebackCents: amountCents };
  const booked = [...looseStatements(deps, row, posting), ...statements];
  const step = transition(stored.state, 'chargeback_opened', SYSTEM, {}, deps.now());
  if (step.ok) await commitStep(deps, stored, step.value, {}, { changes: noted }, booked);
  else
    await runBatch(deps, [...changeStatements(deps.db, row, { ...noted, updatedAt: deps.now() }), ...booked]);
  return ok('applied');
}

/** Freezes once more an order that was resumed while the network decided, if it can be frozen. */
async function holdAgain(deps: Deps, stored: StoredOrder): Promise<StoredOrder> {
  const step = transition(stored.state, 'chargeback_opened', SYSTEM, {}, deps.now());
  return step.ok ? commitStep(deps, stored, step.value, {}) : stored;
}

async function closeChargeback(
  deps: Deps,
  stored: StoredOrder,
  { kind, chargebackId, statements }: Outcome<'chargeback_won' | 'chargeback_lost'>,
): Promise<Result<OutcomeApplied, OrderRefusal>> {
  const { row } = stored;
  if (row.chargebackId !== chargebackId) return ok('already_applied');
  const chargeback = { chargebackId, amountCents: row.chargebackCents! };
  const closed = { chargebackId: null, chargebackCents: null };
  if (kind === 'chargeback_won') {
    const won = looseStatements(deps, row, chargebackWon(moneyOf(row), chargeback));
    const step = transition(stored.state, 'resume', SYSTEM, {}, deps.now());
    if (step.ok) await commitStep(deps, stored, step.value, {}, { changes: closed }, [...won, ...statements]);
    else await runBatch(deps, [...changeStatements(deps.db, row, closed), ...won, ...statements]);
    return ok('applied');
  }
  const held = await holdAgain(deps, stored);
  const pending = await pendingOf(deps.db, row);
  const step = transition(held.state, 'chargeback_lost', SYSTEM, {}, deps.now());
  if (step.ok) await commitStep(deps, held, step.value, {}, { chargeback }, statements);
  else {
    await runBatch(deps, [
      ...changeStatements(deps.db, row, { ...closed, refundedCents: row.totalCents }),
      ...looseStatements(
        deps,
        row,
        chargebackLostPosting(row, chargeback, pending?.amountCents ?? 0),
        pending,
      ),
      ...statements,
    ]);
  }
  return ok('applied');
}

export type PartialRefusal =
  | 'order_not_found'
  | 'hold_frozen'
  | 'hold_closed'
  | 'invalid_amount'
  | 'refund_exceeds_remaining';

/**
 * Gives a part of an order's money back without changing its state: out of escrow, or from the seller once it was
 * released. The last cent is a transition of the order (`refund`), never this. The refund is on its way afterwards;
 * `statements` are the refund's own.
 */
export async function refundPart(
  deps: Deps,
  orderId: string,
  refund: { refundId: string; amountCents: number; reason: RefundReason; statements: readonly Statement[] },
): Promise<Result<OrderRow, PartialRefusal>> {
  const done = await withFreshOrder(
    deps,
    orderId,
    async ({ row }): Promise<Result<OrderRow, PartialRefusal>> => {
      const { refundId, amountCents, reason, statements } = refund;
      if (row.paymentId === null || row.status === 'refunded' || row.status === 'cancelled')
        return err('hold_closed');
      if (row.status === 'disputed' || row.status === 'on_hold') return err('hold_frozen');
      const refundedBeforeCents = row.refundedCents;
      const refused = checkRefund(amountCents, row.totalCents - refundedBeforeCents - 1);
      if (refused !== null) return err(refused);
      const facts = { refundId, refundedBeforeCents, refundCents: amountCents };
      const pending = await pendingOf(deps.db, row);
      const posting =
        row.releasedCents > 0
          ? refundAfterRelease(moneyOf(row), { ...facts, sellerPendingCents: pending?.amountCents ?? 0 })
          : refundFromEscrow(moneyOf(row), facts);
      const refundedCents = refundedBeforeCents + amountCents;
      const nowMs = deps.now();
      const changes = {
        refundedCents,
        paymentStatus: statusAfterRefunds(row.totalCents, refundedCents),
        updatedAt: nowMs,
      };
      const request = {
        type: 'payment.refund_request' as const,
        data: {
          order_id: row.id,
          refund_id: refundId,
          amount_cents: amountCents,
          currency: row.currency,
          reason,
        },
      };
      await runBatch(deps, [
        ...changeStatements(deps.db, row, changes),
        ...looseStatements(deps, row, posting, pending),
        outboxStatement(deps.db, [envelopeOf(row, request, `refund:${refundId}`, row.version, nowMs)], nowMs),
        ...statements,
      ]);
      return ok({ ...row, ...changes });
    },
  );
  return done ?? err('order_not_found');
}
