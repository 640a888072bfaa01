/** Charging the buyer: one payment for each order, one attempt row for each call, one outcome whoever brings it. */
import { eq } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { customers, paymentAttempts, payments } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { walletToppedUp } from '../../domain/ledger/wallet-postings.ts';
import { type AttemptOutcome, attemptKey, retryPlan } from '../../domain/payments/attempts.ts';
import { observePayment, PAYMENT_RANKS } from '../../domain/payments/payment-state.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { Outcome, ProcessorPayment } from '../../platform/payments/gateway.ts';
import { isInsufficientFunds, postingStatements, type Statement } from '../ledger/ledger.statements.ts';
import { applyPaymentOutcome } from '../orders/apply-payment.ts';
import { findOrder, type OrderRow } from '../orders/find-order.ts';
import { runBatch } from '../orders/order-steps.ts';
import { getOrder } from '../orders/orders.usecases.ts';
import { paymentCompleted } from './payment-summary.ts';
import {
  type AttemptRow,
  attemptsOf,
  endAttempt,
  findPayment,
  findPaymentOfOrder,
  methodsOf,
  type PaymentRow,
  paymentStatements,
} from './payments.repository.ts';
import { admitProcessorCall, recordProcessorCall } from './processor-breaker.ts';

/** A call that has not ended by then died with its isolate: longer than the gateway waits for an answer. */
const CALL_LIFETIME_MS = 20 * SECOND_MS;
/** How long to wait before asking what became of a call that ended in the dark. */
const LOOK_UP_AFTER_MS = 5 * SECOND_MS;

export const EVENTS_QUEUE = 'bourse-events';
export const ATTEMPT_DUE = 'payment.attempt_due';

/** How the buyer pays: the wallet, a saved card, or a payment method of the card form; `null` brings it later. */
export type Means = { kind: 'wallet' } | { kind: 'card'; processorMethodId: string | null };

const paymentNotFound = () => problem('payment_not_found', 'There is no such payment, or it is not yours.');

/** A payment for its buyer, the seller of its order and staff; 404 for everybody else. */
export async function getPayment(deps: Deps, paymentId: string, caller: Caller): Promise<PaymentRow> {
  const payment = await findPayment(deps.db, paymentId);
  if (!payment) throw paymentNotFound();
  if (payment.userId === caller.userId) return payment;
  if (payment.orderId === null) throw paymentNotFound();
  try {
    await getOrder(deps, payment.orderId, caller);
  } catch (error) {
    // To a stranger a payment that is there looks like one that is not.
    if (error instanceof Problem && error.failure.code === 'order_not_found') throw paymentNotFound();
    throw error;
  }
  return payment;
}

/** The payment of an order, for those who may see the order; null while there is none. */
export async function getPaymentOfOrder(
  deps: Deps,
  orderId: string,
  caller: Caller,
): Promise<PaymentRow | null> {
  await getOrder(deps, orderId, caller);
  return findPaymentOfOrder(deps.db, orderId);
}

/** The buyer pays an order. Paying twice is the same payment; a payment that ended cannot be started again. */
export async function payOrder(
  deps: Deps,
  orderId: string,
  means: Means,
  caller: Caller,
): Promise<PaymentRow> {
  const { row, actor } = await getOrder(deps, orderId, caller);
  if (!actor.roles.includes('buyer')) throw problem('forbidden', 'Only the buyer pays an order.');
  const existing = await findPaymentOfOrder(deps.db, orderId);
  if (existing) return existing;
  if (row.status !== 'pending') throw problem('invalid_transition', `This order is ${row.status}.`);
  if (row.totalCents === 0) throw problem('invalid_transition', 'This order is paid with goods.');
  if (means.kind === 'wallet') return payFromWallet(deps, row);
  const payment = await createPayment(deps, ofOrder(row), means.processorMethodId);
  await runPayment(deps, payment.id, { isOffSession: false });
  return (await findPayment(deps.db, payment.id)) ?? payment;
}

/** Puts money of a card into the caller's wallet. */
export async function topUp(
  deps: Deps,
  wanted: { amountCents: number; currency: string; processorMethodId: string },
  caller: Caller,
): Promise<PaymentRow> {
  const { amountCents, currency, processorMethodId } = wanted;
  const facts = { purpose: 'top_up', orderId: null, userId: caller.userId, amountCents, currency } as const;
  const payment = await createPayment(deps, facts, processorMethodId);
  await runPayment(deps, payment.id, { isOffSession: false });
  return (await findPayment(deps.db, payment.id)) ?? payment;
}

/** The buyer brings a card, another card, or word that the bank was satisfied. */
export async function confirmPayment(
  deps: Deps,
  paymentId: string,
  processorMethodId: string | null,
  caller: Caller,
): Promise<PaymentRow> {
  const payment = await getPayment(deps, paymentId, caller);
  if (payment.userId !== caller.userId) throw problem('forbidden', 'Only the buyer confirms a payment.');
  if (payment.status !== 'pending' && payment.status !== 'requires_action') {
    if (payment.status === 'succeeded' || payment.status === 'processing') return payment;
    throw problem('invalid_transition', `This payment is ${payment.status}.`);
  }
  if (processorMethodId !== null)
    await callProcessor(deps, payment, {
      methodId: processorMethodId,
      isOffSession: false,
      isNewSeries: true,
    });
  else await lookUp(deps, payment);
  return (await findPayment(deps.db, paymentId)) ?? payment;
}

/** Handles `payment.hold_request`: charges the card on file. A buyer without one pays within the window. */
export async function requestHold(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId, buyer_id: buyerId } = event.data as { order_id: string; buyer_id: string };
  // Asked first: most buyers have no card on file, and then nothing else needs to be read.
  const [card] = await methodsOf(deps.db, buyerId);
  if (!card) return;
  const order = await findOrder(deps, orderId);
  if (order?.status !== 'pending' || order.totalCents === 0) return;
  const existing = await findPaymentOfOrder(deps.db, orderId);
  if (existing) return runPayment(deps, existing.id, { isOffSession: true });
  const payment = await createPayment(deps, ofOrder(order), card.processorMethodId);
  await runPayment(deps, payment.id, { isOffSession: true });
}

/** Handles `payment.attempt_due`. */
export async function continuePayment(deps: Deps, event: EventEnvelope): Promise<void> {
  const { payment_id: paymentId } = event.data as { payment_id: string };
  await runPayment(deps, paymentId, { isOffSession: true });
}

/** Handles the end of an order that was not paid: what is still open at the processor must not be captured. */
export async function cancelOpenPayment(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId } = event.data as { order_id: string };
  const payment = await findPaymentOfOrder(deps.db, orderId);
  if (!payment || PAYMENT_RANKS[payment.status] >= PAYMENT_RANKS.failed) return;
  if (payment.processorPaymentId !== null) {
    const cancelled = await deps.payments.cancel(payment.processorPaymentId, `cancel:${payment.id}`);
    if (cancelled.kind !== 'succeeded') {
      // It may have succeeded meanwhile: then it is captured, and given back.
      if (cancelled.kind === 'refused') return lookUp(deps, payment);
      throw new Error(`the payment ${payment.id} could not be cancelled: ${cancelled.kind}`);
    }
  }
  await runBatch(
    deps,
    paymentStatements(deps.db, payment, { status: 'cancelled', nextCallAt: null, updatedAt: deps.now() }),
  );
}

interface NewPayment {
  purpose: PaymentRow['purpose'];
  orderId: string | null;
  userId: string;
  amountCents: number;
  currency: string;
}

const ofOrder = (order: OrderRow): NewPayment => ({
  purpose: 'order',
  orderId: order.id,
  userId: order.buyerId,
  amountCents: order.totalCents,
  currency: order.currency,
});

function rowOf(deps: Deps, facts: NewPayment, changes: Partial<PaymentRow>): PaymentRow {
  const nowMs = deps.now();
  return {
    id: newId('pay', deps.random),
    ...facts,
    source: 'card',
    status: 'pending',
    paymentMethodId: null,
    processorPaymentId: null,
    chargeId: null,
    cardBrand: null,
    cardLast4: null,
    clientSecret: null,
    actionUrl: null,
    failureCode: null,
    isRetryable: false,
    refundedCents: 0,
    series: 1,
    nextCallAt: nowMs,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
    ...changes,
  };
}

/** The payment of an order is created once; whoever comes second gets the first. */
async function createPayment(
  deps: Deps,
  facts: NewPayment,
  paymentMethodId: string | null,
): Promise<PaymentRow> {
  const row = rowOf(deps, facts, { paymentMethodId });
  try {
    await deps.db.insert(payments).values(row);
    return row;
  } catch (error) {
    const first = facts.orderId !== null && isUniqueViolation(error);
    const existing = first ? await findPaymentOfOrder(deps.db, facts.orderId!) : null;
    if (existing) return existing;
    throw error;
  }
}

async function payFromWallet(deps: Deps, order: OrderRow): Promise<PaymentRow> {
  const row = rowOf(deps, ofOrder(order), { source: 'wallet', status: 'succeeded', nextCallAt: null });
  const end = { isSuccess: true, errorMessage: null };
  const completed = await paymentCompleted(deps.db, row, end, row.createdAt);
  try {
    const applied = await applyPaymentOutcome(deps, order.id, {
      kind: 'captured',
      paymentId: row.id,
      from: 'wallet',
      amountCents: row.amountCents,
      currency: row.currency,
      statements: [
        deps.db.insert(payments).values(row),
        outboxStatement(deps.db, [completed], row.createdAt),
      ],
    });
    if (!applied.ok) throw problem(applied.error.code, applied.error.detail);
    await deps.outbox.drain();
  } catch (error) {
    if (isInsufficientFunds(error))
      throw problem('insufficient_funds', 'There is not enough in your wallet for this order.');
    const existing = isUniqueViolation(error) ? await findPaymentOfOrder(deps.db, order.id) : null;
    if (!existing) throw error;
    return existing;
  }
  return (await findPaymentOfOrder(deps.db, order.id)) ?? row;
}

/**
 * Brings a payment on by one step: the first call, a retry that is due, or a look at what became of a call that ended
 * in the dark. Safe to run at any time, by anybody, twice at once.
 */
export async function runPayment(
  deps: Deps,
  paymentId: string,
  { isOffSession }: { isOffSession: boolean },
): Promise<void> {
  const payment = await findPayment(deps.db, paymentId);
  if (!payment || payment.source === 'wallet') return;
  const attempts = await attemptsOf(deps.db, paymentId);
  const plan = retryPlan(
    attempts.filter(({ series }) => series === payment.series).map(({ outcome }) => outcome),
  );
  const isWaiting = payment.nextCallAt !== null && payment.nextCallAt > deps.now();
  switch (plan.kind) {
    case 'done':
      if (payment.status === 'processing' || payment.status === 'requires_action')
        await lookUp(deps, payment);
      return;
    case 'give_up':
      return;
    case 'look_up':
      if (!isWaiting) await lookUp(deps, payment);
      return;
    case 'retry':
      if (!isWaiting && PAYMENT_RANKS[payment.status] < PAYMENT_RANKS.failed)
        await callProcessor(deps, payment, {
          methodId: payment.paymentMethodId,
          isOffSession,
          isNewSeries: false,
        });
      return;
  }
}

interface Call {
  methodId: string | null;
  isOffSession: boolean;
  /** Another card is another charge, under a key of its own. */
  isNewSeries: boolean;
}

const keyOf = (payment: PaymentRow, series: number): string =>
  payment.orderId === null ? `topup:${payment.id}:attempt:${series}` : attemptKey(payment.orderId, series);

/** Writes the attempt, calls, and writes what came of it. Nothing is called when somebody else is at it. */
async function callProcessor(deps: Deps, payment: PaymentRow, call: Call): Promise<void> {
  const waitMs = await admitProcessorCall(deps);
  if (waitMs !== null) return postpone(deps, payment, waitMs);

  const attempts = await attemptsOf(deps.db, payment.id);
  const series = payment.series + (call.isNewSeries && attempts.length > 0 ? 1 : 0);
  const startedAt = deps.now();
  const attempt: AttemptRow = {
    paymentId: payment.id,
    n: attempts.length + 1,
    key: keyOf(payment, series),
    series,
    outcome: 'intent',
    code: null,
    startedAt,
    endedAt: null,
  };
  const calling: PaymentRow = {
    ...payment,
    version: payment.version + 1,
    series,
    paymentMethodId: call.methodId,
    nextCallAt: startedAt + CALL_LIFETIME_MS,
  };
  try {
    await runBatch(deps, [
      deps.db.insert(paymentAttempts).values(attempt),
      ...paymentStatements(deps.db, payment, {
        series,
        paymentMethodId: call.methodId,
        nextCallAt: calling.nextCallAt,
        updatedAt: startedAt,
      }),
    ]);
  } catch (error) {
    if (isStale(error) || isUniqueViolation(error)) return;
    throw error;
  }

  const outcome = await send(deps, calling, attempt.key, call);
  const ended = attemptOutcome(outcome);
  await recordProcessorCall(deps, ended);
  await record(deps, calling, attempt, outcome, ended);
}

/** The call itself: a charge that is known at the processor is confirmed, a new one is made. */
async function send(
  deps: Deps,
  payment: PaymentRow,
  key: string,
  { methodId, isOffSession }: Call,
): Promise<Outcome<ProcessorPayment>> {
  const returnUrl = `${deps.config.PUBLIC_ORIGIN || 'http://localhost:8787'}/orders/${payment.orderId ?? ''}`;
  if (payment.processorPaymentId !== null)
    return deps.payments.confirm(payment.processorPaymentId, { paymentMethodId: methodId, returnUrl }, key);
  const [customer] = await deps.db.select().from(customers).where(eq(customers.userId, payment.userId));
  return deps.payments.charge(
    {
      paymentId: payment.id,
      orderId: payment.orderId,
      amountCents: payment.amountCents,
      currency: payment.currency,
      customerId: customer?.processorCustomerId ?? null,
      paymentMethodId: methodId,
      isOffSession,
      returnUrl,
    },
    key,
  );
}

/** What a call's outcome is in the attempts. Being asked for more is an answer: the call worked. */
function attemptOutcome(outcome: Outcome<unknown>): AttemptOutcome {
  switch (outcome.kind) {
    case 'succeeded':
    case 'requires_action':
    case 'processing':
      return 'success';
    case 'declined':
    case 'timeout':
      return outcome.kind;
    case 'refused':
      return 'error';
    case 'unavailable':
    case 'unknown':
      return 'unknown';
  }
}

async function record(
  deps: Deps,
  payment: PaymentRow,
  attempt: AttemptRow,
  outcome: Outcome<ProcessorPayment>,
  ended: AttemptOutcome,
): Promise<void> {
  const code = outcome.kind === 'declined' || outcome.kind === 'refused' ? outcome.code : null;
  const end = endAttempt(deps.db, attempt, { outcome: ended, code, endedAt: deps.now() });
  switch (outcome.kind) {
    case 'succeeded':
    case 'requires_action':
    case 'processing':
      return settle(deps, payment, outcome.value, [end]);
    case 'declined':
    case 'refused':
      return failPayment(
        deps,
        payment,
        outcome.code,
        [end],
        noted(outcome.kind === 'declined' ? outcome.value : null),
      );
    case 'timeout': {
      const earlier = await attemptsOf(deps.db, payment.id);
      const plan = retryPlan(
        earlier
          .filter(({ series }) => series === payment.series)
          .map(({ n, outcome: before }) => (n === attempt.n ? 'timeout' : before)),
      );
      if (plan.kind === 'retry') return postpone(deps, payment, plan.afterMs, [end]);
      return failPayment(deps, payment, 'processor_timeout', [end]);
    }
    case 'unavailable':
    case 'unknown':
      return postpone(deps, payment, LOOK_UP_AFTER_MS, [end]);
  }
}

/** Comes back later: the queue waits, and the sweep does should the message get lost. */
async function postpone(
  deps: Deps,
  payment: PaymentRow,
  waitMs: number,
  statements: readonly Statement[] = [],
): Promise<void> {
  const nowMs = deps.now();
  try {
    await runBatch(deps, [
      ...paymentStatements(deps.db, payment, { nextCallAt: nowMs + waitMs, updatedAt: nowMs }),
      ...statements,
    ]);
  } catch (error) {
    if (isStale(error)) return;
    throw error;
  }
  const event: EventEnvelope = {
    event_id: `${payment.id}:due:${payment.version + 1}`,
    type: ATTEMPT_DUE,
    version: 1,
    aggregate: { type: 'payment', id: payment.id },
    seq: payment.version + 1,
    correlation_id: payment.id,
    occurred_at: new Date(nowMs).toISOString(),
    data: { payment_id: payment.id },
  };
  await deps.requeue(EVENTS_QUEUE, { kind: 'domain_events', events: [event] }, Math.ceil(waitMs / SECOND_MS));
}

/** Asks the processor what became of a payment, and goes by that. What it never heard of is sent under the same key. */
export async function lookUp(deps: Deps, payment: PaymentRow): Promise<void> {
  const found =
    payment.processorPaymentId === null
      ? await deps.payments.find(payment.id)
      : await deps.payments.retrieve(payment.processorPaymentId);
  if (found.kind !== 'succeeded' && found.kind !== 'requires_action' && found.kind !== 'processing')
    return postpone(deps, payment, LOOK_UP_AFTER_MS);
  if (found.value !== null) return settleFound(deps, payment, found.value);
  await callProcessor(deps, payment, {
    methodId: payment.paymentMethodId,
    isOffSession: true,
    isNewSeries: false,
  });
}

async function settleFound(deps: Deps, payment: PaymentRow, found: ProcessorPayment): Promise<void> {
  const attempts = await attemptsOf(deps.db, payment.id);
  const ended = found.declineCode === null || found.status === 'succeeded' ? 'success' : 'declined';
  const ends = attempts
    .filter(({ outcome }) => outcome === 'intent' || outcome === 'unknown')
    .map((attempt) =>
      endAttempt(deps.db, attempt, { outcome: ended, code: found.declineCode, endedAt: deps.now() }),
    );
  await settle(deps, payment, found, ends);
}

/** What we keep of a charge. */
const noted = (found: ProcessorPayment | null): Partial<PaymentRow> =>
  found === null
    ? {}
    : {
        processorPaymentId: found.id,
        chargeId: found.chargeId,
        cardBrand: found.card?.brand ?? null,
        cardLast4: found.card?.last4 ?? null,
        clientSecret: found.clientSecret,
        actionUrl: found.actionUrl,
      };

/**
 * Applies what the processor says of a charge, whoever heard it: the answer of a call, a webhook or a look. It only
 * ever moves the payment forward.
 */
export async function settle(
  deps: Deps,
  payment: PaymentRow,
  found: ProcessorPayment,
  statements: readonly Statement[] = [],
): Promise<void> {
  const reported = found.status;
  if (reported === 'succeeded' && PAYMENT_RANKS[payment.status] < PAYMENT_RANKS.succeeded)
    return capture(deps, payment, found, statements);
  if (reported === 'pending' && found.declineCode !== null)
    return failPayment(deps, payment, found.declineCode, statements, noted(found));
  const status = observePayment(payment.status, reported);
  const isNews =
    payment.processorPaymentId === null ||
    status !== payment.status ||
    (status === reported && found.actionUrl !== payment.actionUrl);
  if (!isNews && statements.length === 0 && payment.nextCallAt === null) return;
  await runBatch(deps, [
    ...paymentStatements(deps.db, payment, {
      ...(isNews ? noted(found) : {}),
      status,
      nextCallAt: null,
      updatedAt: deps.now(),
    }),
    ...statements,
  ]);
}

async function capture(
  deps: Deps,
  payment: PaymentRow,
  found: ProcessorPayment,
  statements: readonly Statement[],
): Promise<void> {
  const nowMs = deps.now();
  const written = [
    ...paymentStatements(deps.db, payment, {
      ...noted(found),
      status: 'succeeded',
      actionUrl: null,
      failureCode: null,
      nextCallAt: null,
      updatedAt: nowMs,
    }),
    ...statements,
  ];
  if (payment.orderId === null) {
    const { userId, currency, amountCents } = payment;
    const posting = walletToppedUp({ userId, currency, amountCents }, payment.id);
    const id = newId('led', deps.random);
    await runBatch(deps, [
      ...postingStatements(deps.db, posting, { id, orderId: null, atMs: nowMs }),
      ...written,
    ]);
    return;
  }
  const completed = await paymentCompleted(deps.db, payment, { isSuccess: true, errorMessage: null }, nowMs);
  const applied = await applyPaymentOutcome(deps, payment.orderId, {
    kind: 'captured',
    paymentId: payment.id,
    from: 'card',
    amountCents: found.amountCents,
    currency: found.currency,
    statements: [...written, outboxStatement(deps.db, [completed], nowMs)],
  });
  if (!applied.ok) {
    deps.log.error('capture_refused', { payment_id: payment.id, code: applied.error.code });
    throw new Error(`the capture of ${payment.id} was refused: ${applied.error.code}`);
  }
  await deps.outbox.drain();
}

/** The end of a payment that brought nothing: its order fails with it. Late money is still taken, and given back. */
async function failPayment(
  deps: Deps,
  payment: PaymentRow,
  failureCode: string,
  statements: readonly Statement[],
  changes: Partial<PaymentRow> = {},
): Promise<void> {
  if (PAYMENT_RANKS[payment.status] >= PAYMENT_RANKS.failed) return;
  const written = [
    ...paymentStatements(deps.db, payment, {
      ...changes,
      status: 'failed',
      failureCode,
      isRetryable: false,
      nextCallAt: null,
      updatedAt: deps.now(),
    }),
    ...statements,
  ];
  if (payment.orderId === null) return runBatch(deps, written);
  const nowMs = deps.now();
  const end = { isSuccess: false, errorMessage: failureCode };
  const completed = await paymentCompleted(deps.db, payment, end, nowMs);
  await applyPaymentOutcome(deps, payment.orderId, {
    kind: 'failed',
    reason: failureCode,
    statements: [...written, outboxStatement(deps.db, [completed], nowMs)],
  });
  await deps.outbox.drain();
}
