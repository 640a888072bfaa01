/** What a step of an order does to its dispute, as part of the order's own batch: the order is the one who decides. */
import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import type { orders } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { disputes } from '../../db/trust-schema.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { keyOf } from '../../domain/ids.ts';
import type { Transition } from '../../domain/orders/order-machine.ts';
import { type DisputeOutcome, queuedFromMs } from '../../domain/trust/dispute.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type DisputeRow = typeof disputes.$inferSelect;
type OrderRow = typeof orders.$inferSelect;

/** The order's key under another prefix: an order is disputed once. */
export const disputeIdOf = (orderId: string): string => `dsp_${keyOf('ord', orderId)}`;

export type DisputeEventType = 'dispute.opened' | 'dispute.updated' | 'dispute.resolved';

/** The event of a change; `suffix` makes its id one of its own. */
export function disputeEvent(
  type: DisputeEventType,
  row: Pick<
    DisputeRow,
    'id' | 'orderId' | 'orderNumber' | 'buyerId' | 'sellerId' | 'amountCents' | 'currency'
  >,
  change: Pick<DisputeRow, 'status'> & Partial<Pick<DisputeRow, 'outcome' | 'refundCents' | 'answerBy'>>,
  at: { suffix: string; seq: number; atMs: number; correlationId: string; actorId: string },
): EventEnvelope {
  return {
    event_id: `${row.id}:${at.suffix}`,
    type,
    version: 1,
    aggregate: { type: 'dispute', id: row.id },
    seq: at.seq,
    correlation_id: at.correlationId,
    occurred_at: new Date(at.atMs).toISOString(),
    data: {
      dispute_id: row.id,
      order_id: row.orderId,
      order_number: row.orderNumber,
      buyer_id: row.buyerId,
      seller_id: row.sellerId,
      actor_id: at.actorId,
      status: change.status,
      outcome: change.outcome ?? null,
      refund_cents: change.refundCents ?? null,
      answer_by: change.answerBy ? new Date(change.answerBy).toISOString() : null,
      amount_cents: row.amountCents,
      currency: row.currency,
    },
  };
}

/** Statements for the batch of an order's transition; none when it is not about a dispute. */
export function disputeStatements(
  db: Db,
  order: OrderRow,
  transition: Transition,
  refundCents: number | null,
): Statement[] {
  const { history } = transition;
  if (history.action === 'dispute') return opening(db, order, transition);
  const change = history.from === 'disputed' ? changeOf(transition, order, refundCents) : null;
  if (change === null) return [];
  const id = disputeIdOf(order.id);
  const type = change.status === 'resolved' ? 'dispute.resolved' : 'dispute.updated';
  return [
    db
      .update(disputes)
      .set({ ...change, version: sql`${disputes.version} + 1`, updatedAt: history.atMs })
      .where(and(eq(disputes.id, id), eq(disputes.isOpen, true))),
    outboxStatement(db, [eventOf(type, order, change, transition)], history.atMs),
  ];
}

function opening(db: Db, order: OrderRow, transition: Transition): Statement[] {
  const { atMs, actorId, reason } = transition.history;
  const row: typeof disputes.$inferInsert = {
    id: disputeIdOf(order.id),
    orderId: order.id,
    orderNumber: order.number,
    buyerId: order.buyerId,
    sellerId: order.sellerId,
    openedBy: actorId,
    reason: reason ?? '',
    status: 'open',
    isOpen: true,
    amountCents: order.totalCents,
    currency: order.currency,
    queuedFrom: queuedFromMs(order.totalCents, atMs),
    openedAt: atMs,
    updatedAt: atMs,
  };
  return [
    db.insert(disputes).values(row),
    outboxStatement(db, [eventOf('dispute.opened', order, { status: 'open' }, transition)], atMs),
  ];
}

type Change = Pick<DisputeRow, 'status'> & Partial<DisputeRow>;

function eventOf(type: DisputeEventType, order: OrderRow, change: Change, { history }: Transition) {
  const { id, number, buyerId, sellerId, totalCents, currency, correlationId } = order;
  return disputeEvent(
    type,
    {
      id: disputeIdOf(id),
      orderId: id,
      orderNumber: number,
      buyerId,
      sellerId,
      amountCents: totalCents,
      currency,
    },
    change,
    {
      suffix: `order:${history.version}`,
      seq: history.version,
      atMs: history.atMs,
      correlationId,
      actorId: history.actorId,
    },
  );
}

function changeOf(
  { history, timers }: Transition,
  order: OrderRow,
  refundCents: number | null,
): Change | null {
  switch (history.action) {
    case 'ask-seller': {
      const asked = timers.find((timer) => timer.kind === 'dispute_reply' && timer.op === 'set');
      return { status: 'awaiting_seller', answerBy: asked?.op === 'set' ? asked.dueAtMs : null };
    }
    case 'answer-dispute':
      return { status: 'in_review', answerBy: null };
    default: {
      if (history.to === 'disputed') return null;
      const outcome = outcomeOf(history.to === 'refunded', refundCents);
      return {
        status: 'resolved',
        isOpen: false,
        outcome,
        refundCents: outcome === 'release' ? 0 : (refundCents ?? order.totalCents - order.refundedCents),
        note: history.reason ?? NOTES[history.action] ?? null,
        answerBy: null,
        resolvedAt: history.atMs,
      };
    }
  }
}

const outcomeOf = (isRefunded: boolean, refundCents: number | null): DisputeOutcome => {
  if (isRefunded) return 'refund_full';
  return refundCents === null ? 'release' : 'refund_partial';
};

/** What ends a dispute without anybody deciding. */
const NOTES: Partial<Record<Transition['history']['action'], string>> = {
  dispute_silence: 'The seller did not answer in time',
  dispute_over_60_days: 'Nobody decided within 60 days',
  chargeback_lost: 'The card network gave the money back',
};
