/** The inbox of webhooks: genuine, stored once, and processed from the queue in whatever order they come. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { transfers, webhookInbox } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { parseAttemptName } from '../../domain/payments/attempts.ts';
import { DAY_MS, MINUTE_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import type { EventSubject, ProcessorEvent } from '../../platform/payments/gateway.ts';
import { applyPaymentOutcome } from '../orders/apply-payment.ts';
import { followSetup, sweepSetups } from './card-setups.usecases.ts';
import {
  findPayment,
  findPaymentByProcessorId,
  findPayout,
  findRefund,
  openWebhooks,
  type PaymentRow,
  paymentsToVisit,
} from './payments.repository.ts';
import { lookUp, runPayment, settle } from './payments.usecases.ts';
import { settlePayout } from './payouts.usecases.ts';
import { settleRefund } from './refunds.usecases.ts';
import { refreshSeller } from './transfers.usecases.ts';

export const WEBHOOK_RECEIVED = 'webhook.received';
/** A webhook that is not done by then is taken up again; a charge that is silent so long is asked about. */
const PATIENCE_MS = MINUTE_MS;
const PER_SWEEP = 50;
/** As long as the processor tries to deliver a webhook. */
const HOLES_FOR_MS = 3 * DAY_MS;

/** Stores a webhook; 400 when it is not genuine. True when it is new. */
export async function receiveWebhook(deps: Deps, rawBody: string, signature: string): Promise<boolean> {
  const verified = await deps.payments.verifyWebhook(rawBody, signature, deps.now());
  if (!verified.ok) throw problem('invalid_signature', 'The signature is not one of the payment processor.');
  const isNew = await storeWebhook(deps, verified.value);
  if (isNew) await deps.outbox.drain();
  return isNew;
}

async function storeWebhook(deps: Deps, event: ProcessorEvent): Promise<boolean> {
  const nowMs = deps.now();
  const received: EventEnvelope = {
    event_id: `webhook:${event.id}`,
    type: WEBHOOK_RECEIVED,
    version: 1,
    aggregate: { type: 'webhook', id: event.id },
    seq: 1,
    correlation_id: event.id,
    occurred_at: new Date(nowMs).toISOString(),
    data: { event_id: event.id },
  };
  try {
    await deps.db.batch([
      deps.db.insert(webhookInbox).values({
        eventId: event.id,
        type: event.type,
        subject: JSON.stringify(event.subject),
        receivedAt: nowMs,
        attempts: 0,
      }),
      outboxStatement(deps.db, [received], nowMs),
    ]);
    return true;
  } catch (error) {
    if (isUniqueViolation(error, 'webhook_inbox.event_id')) return false;
    throw error;
  }
}

/** Handles `webhook.received`. */
export async function processWebhook(deps: Deps, event: EventEnvelope): Promise<void> {
  const { event_id: eventId } = event.data as { event_id: string };
  await processStored(deps, eventId);
}

async function processStored(deps: Deps, eventId: string): Promise<void> {
  const [stored] = await deps.db.select().from(webhookInbox).where(eq(webhookInbox.eventId, eventId));
  if (!stored || stored.processedAt !== null) return;
  const mine = and(eq(webhookInbox.eventId, eventId), isNull(webhookInbox.processedAt));
  try {
    await follow(deps, JSON.parse(stored.subject) as EventSubject);
  } catch (error) {
    await deps.db
      .update(webhookInbox)
      .set({ attempts: sql`${webhookInbox.attempts} + 1`, lastError: String(error) })
      .where(mine);
    throw error;
  }
  await deps.db.update(webhookInbox).set({ processedAt: deps.now(), lastError: null }).where(mine);
}

/** An event says that something changed: what it is now is looked up, and only ever moves us forward. */
async function follow(deps: Deps, subject: EventSubject): Promise<void> {
  switch (subject.kind) {
    case 'payment':
      return followPayment(deps, subject.processorPaymentId);
    case 'refund': {
      const found = await deps.payments.retrieveRefund(subject.processorRefundId);
      if (found.kind !== 'succeeded') throw new Error(`the refund cannot be read: ${found.kind}`);
      const name = parseAttemptName(found.value.refundId ?? '');
      const refund = await findRefund(deps.db, name.id);
      // News of an attempt that was given up say nothing of the one that runs.
      if (refund?.attempt === name.attempt) await settleRefund(deps, refund, found.value);
      return;
    }
    case 'chargeback':
      return followChargeback(deps, subject);
    case 'payout': {
      if (subject.accountId === null) return;
      const found = await deps.payments.retrievePayout(subject.processorPayoutId, subject.accountId);
      if (found.kind !== 'succeeded') throw new Error(`the payout cannot be read: ${found.kind}`);
      const name = parseAttemptName(found.value.payoutId ?? '');
      const payout = await findPayout(deps.db, name.id);
      if (payout?.attempt === name.attempt) await settlePayout(deps, payout, found.value);
      return;
    }
    case 'transfer': {
      const found = await deps.payments.retrieveTransfer(subject.processorTransferId);
      if (found.kind !== 'succeeded') throw new Error(`the transfer cannot be read: ${found.kind}`);
      await deps.db
        .update(transfers)
        .set({ reversedCents: sql`max(${transfers.reversedCents}, ${found.value.reversedCents})` })
        .where(eq(transfers.processorTransferId, found.value.id));
      return;
    }
    case 'card_setup':
      return followSetup(deps, subject.processorSetupId);
    case 'account':
      return refreshSeller(deps, subject.accountId);
    case 'other':
      return;
  }
}

async function followPayment(deps: Deps, processorPaymentId: string): Promise<void> {
  const found = await deps.payments.retrieve(processorPaymentId);
  if (found.kind !== 'succeeded' && found.kind !== 'requires_action' && found.kind !== 'processing')
    throw new Error(`the charge cannot be read: ${found.kind}`);
  const payment = await paymentBehind(deps, processorPaymentId, found.value.paymentId);
  // Not one of ours, or the charge of another payment's row.
  if (payment) await settle(deps, payment, found.value);
}

/** The payment by the processor's id, or by our own when its answer has not reached us yet. */
async function paymentBehind(
  deps: Deps,
  processorPaymentId: string,
  paymentId: string | null,
): Promise<PaymentRow | null> {
  const known = await findPaymentByProcessorId(deps.db, processorPaymentId);
  if (known || paymentId === null) return known;
  const ours = await findPayment(deps.db, paymentId);
  return ours?.processorPaymentId === null ? ours : null;
}

/** A decision of the network may come before the news of the chargeback itself: it is opened first then. */
async function followChargeback(
  deps: Deps,
  { chargebackId, processorPaymentId, amountCents, standing }: Extract<EventSubject, { kind: 'chargeback' }>,
): Promise<void> {
  await followPayment(deps, processorPaymentId);
  const payment = await findPaymentByProcessorId(deps.db, processorPaymentId);
  if (!payment || payment.orderId === null) return;
  await applyPaymentOutcome(deps, payment.orderId, {
    kind: 'chargeback_opened',
    chargebackId,
    amountCents,
    statements: [],
  });
  if (standing !== 'open')
    await applyPaymentOutcome(deps, payment.orderId, {
      kind: standing === 'won' ? 'chargeback_won' : 'chargeback_lost',
      chargebackId,
      statements: [],
    });
  await deps.outbox.drain();
}

/** Stores the processor's events of the last days that no webhook brought; answers how many those were. */
export async function fillWebhookHoles(deps: Deps): Promise<number> {
  const listed = await deps.payments.listEvents(deps.now() - HOLES_FOR_MS);
  if (listed.kind !== 'succeeded') {
    deps.log.warn('events_not_listed', { outcome: listed.kind });
    return 0;
  }
  let found = 0;
  for (const event of listed.value) if (await storeWebhook(deps, event)) found += 1;
  if (found > 0) await deps.outbox.drain();
  return found;
}

/** Every minute: calls that are due or died, charges that went quiet, and webhooks that are not done. */
export async function sweepPayments(deps: Deps): Promise<number> {
  const nowMs = deps.now();
  const quietSinceMs = nowMs - PATIENCE_MS;
  let visited = 0;
  const visit = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
      visited += 1;
    } catch (error) {
      deps.log.warn('payment_sweep_failed', { what, error: String(error) });
    }
  };
  for (const { id } of await paymentsToVisit(deps.db, nowMs, quietSinceMs, PER_SWEEP))
    await visit(id, () => visitPayment(deps, id));
  for (const { eventId } of await openWebhooks(deps.db, quietSinceMs, PER_SWEEP))
    await visit(eventId, () => processStored(deps, eventId));
  visited += await sweepSetups(deps);
  if (deps.demo) await deps.demo.redeliver();
  return visited;
}

async function visitPayment(deps: Deps, paymentId: string): Promise<void> {
  const payment = await findPayment(deps.db, paymentId);
  if (payment?.status === 'processing' || payment?.status === 'requires_action') return lookUp(deps, payment);
  await runPayment(deps, paymentId, { isOffSession: true });
}
