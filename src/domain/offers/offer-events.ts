/** What the events of an offer tell. */
import type { EventEnvelope } from '../events.ts';
import type { OfferState, OfferStatus, OfferType } from './offer.ts';
import type { OfferStep } from './offer-machine.ts';
import type { OfferEventType } from './offer-transitions.ts';

export interface OfferEventData {
  /** The move that stands, the chain that it belongs to, and the move before it. */
  offer_id: string;
  chain_id: string;
  parent_offer_id: string | null;
  listing_id: string;
  listing_title: string;
  conversation_id: string;
  buyer_id: string;
  seller_id: string;
  /** Null when time, the thresholds or an order did it. */
  actor_id: string | null;
  offer_type: OfferType;
  status: OfferStatus;
  /** Of a swap: the cash on top, whoever pays it. */
  amount_cents: number;
  list_price_cents: number;
  currency: string;
  /** Grows by one with every change: what is told late is known by it. */
  version: number;
  round: number;
  awaiting: 'buyer' | 'seller' | null;
  message: string | null;
  /** RFC 3339; null while frozen. */
  expires_at: string | null;
  auto: boolean;
  order_id: string | null;
  swap_listing_ids: string[];
  /** Of a swap: positive when the buyer pays it, negative when the seller does. */
  cash_adjust_cents: number;
}
export type OfferEvent = EventEnvelope<OfferEventType, OfferEventData>;

/** What an offer is about, beside its state. */
export interface OfferFacts {
  listingTitle: string;
  listPriceCents: number;
  currency: string;
  conversationId: string;
  moveId: string;
  parentMoveId: string | null;
  message: string | null;
  orderId: string | null;
  swapListingIds: readonly string[];
}

export function offerEventData(offer: OfferState, facts: OfferFacts, actorId: string | null): OfferEventData {
  const isSwap = offer.type === 'swap';
  return {
    offer_id: facts.moveId,
    chain_id: offer.id,
    parent_offer_id: facts.parentMoveId,
    listing_id: offer.listingId,
    listing_title: facts.listingTitle,
    conversation_id: facts.conversationId,
    buyer_id: offer.buyerId,
    seller_id: offer.sellerId,
    actor_id: actorId,
    offer_type: offer.type,
    status: offer.status,
    amount_cents: Math.abs(offer.amountCents),
    list_price_cents: facts.listPriceCents,
    currency: facts.currency,
    version: offer.version,
    round: offer.round,
    awaiting: offer.awaiting,
    message: facts.message,
    expires_at: offer.expiresAtMs === null ? null : new Date(offer.expiresAtMs).toISOString(),
    auto: offer.isAuto,
    order_id: facts.orderId,
    swap_listing_ids: [...facts.swapListingIds],
    cash_adjust_cents: isSwap ? offer.amountCents : 0,
  };
}

/** The event of one step; its id comes from the offer and its version, so that a redelivery has the same. */
export function offerEvent(step: OfferStep, facts: OfferFacts, correlationId: string): OfferEvent {
  const { offer, history, event } = step;
  return {
    event_id: `${offer.id}:${history.version}`,
    type: event,
    version: 1,
    aggregate: { type: 'offer', id: offer.id },
    seq: history.version,
    correlation_id: correlationId,
    occurred_at: new Date(history.atMs).toISOString(),
    data: offerEventData(offer, facts, history.actorType === 'system' ? null : history.actorId),
  };
}
