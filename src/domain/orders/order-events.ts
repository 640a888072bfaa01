/** The events of an order, one per line of a transition: same names and fields as the references (EV-05, SW-16). */
import type { EventEnvelope } from '../events.ts';
import type { HistoryEntry, OrderAction, OrderSource, OrderState, OrderStatus } from './order.ts';
import type { OrderEventType } from './order-row.ts';

export interface OrderEventData {
  order_id: string;
  order_number: string;
  /** What made the order; `type` is the same under the name of the references. */
  source: OrderSource;
  type: OrderSource;
  match_id: string | null;
  offer_id: string | null;
  /** The first of `listing_ids`: everything that this order sells of people's listings. */
  listing_id: string | null;
  listing_ids: readonly string[];
  /** The exchange that this order is one direction of. */
  swap_id: string | null;
  buyer_id: string;
  seller_id: string | null;
  amount_cents: number;
  currency: string;
  from: OrderStatus | null;
  to: OrderStatus;
  action: OrderAction | 'place';
  actor_type: string;
  reason: string | null;
}

/** An event before it has an envelope. */
export interface OrderEventDraft {
  type: OrderEventType;
  data: OrderEventData;
}
export type OrderEvent = EventEnvelope<OrderEventType, OrderEventData>;

const EVENT_VERSION = 1;

export function orderEventData(order: OrderState, history: HistoryEntry): OrderEventData {
  return {
    order_id: order.id,
    order_number: order.number,
    source: order.source,
    type: order.source,
    match_id: order.matchId,
    offer_id: order.offerId,
    listing_id: order.listingId,
    listing_ids: order.listingIds,
    swap_id: order.swapId,
    buyer_id: order.buyerId,
    seller_id: order.sellerId,
    amount_cents: order.totalCents,
    currency: order.currency,
    from: history.from,
    to: history.to,
    action: history.action,
    actor_type: history.actorType,
    reason: history.reason,
  };
}

/** The envelopes of one transition. Ids come from the order and its version: a redelivery has the same. */
export function orderEvents(
  transition: { history: HistoryEntry; events: readonly OrderEventDraft[] },
  correlationId: string,
): OrderEvent[] {
  const { orderId, version, atMs } = transition.history;
  return transition.events.map(({ type, data }, index) => ({
    event_id: `${orderId}:${version}:${index}`,
    type,
    version: EVENT_VERSION,
    aggregate: { type: 'order', id: orderId },
    seq: version,
    correlation_id: correlationId,
    occurred_at: new Date(atMs).toISOString(),
    data,
  }));
}
