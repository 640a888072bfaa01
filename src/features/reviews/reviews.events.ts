import { strikes } from '../../db/orders-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { OrderEventData } from '../../domain/orders/order-events.ts';

/** An order that a dispute gave back to the buyer gets no review: it leaves a mark on its seller, once. */
async function markLostDispute(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId, seller_id: userId, from } = event.data as OrderEventData;
  if (from !== 'disputed' || userId === null) return;
  await deps.db
    .insert(strikes)
    .values({ orderId, kind: 'dispute_lost', userId, at: Date.parse(event.occurred_at) })
    .onConflictDoNothing();
}

export const REVIEW_HANDLERS: DomainEventHandlers = { 'order.refunded': markLostDispute };
