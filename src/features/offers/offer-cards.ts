/** What an offer says in the conversation of its two parties (SL-08, SL-09): a card for each move, a line for its end. */
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { amountText } from '../../domain/money.ts';
import type { OfferEvent, OfferEventData } from '../../domain/offers/offer-events.ts';
import type { OfferEventType } from '../../domain/offers/offer-transitions.ts';
import { postServerMessage } from '../conversations/post-server-message.ts';

function askText({ offer_type, amount_cents, currency, cash_adjust_cents }: OfferEventData): string {
  const amount = amountText(amount_cents, currency);
  if (offer_type !== 'swap') return amount;
  if (cash_adjust_cents === 0) return 'a swap';
  return cash_adjust_cents > 0 ? `a swap and ${amount} on top` : `a swap for ${amount} in return`;
}

const LINES: Readonly<Record<OfferEventType, (offer: OfferEventData) => string>> = {
  'offer.created': (offer) => `Offer: ${askText(offer)}`,
  'offer.countered': (offer) => `Counter-offer: ${askText(offer)}`,
  'offer.accepted': (offer) => `Accepted: ${askText(offer)}. The order is to be paid within a day.`,
  'offer.declined': (offer) => `Declined: ${askText(offer)}.`,
  'offer.withdrawn': (offer) => `Withdrawn: ${askText(offer)}.`,
  'offer.expired': (offer) => `Expired unanswered: ${askText(offer)}.`,
  'offer.payment_held': () => 'Paid: the money is held until the item has arrived.',
  'offer.lapsed': () => 'Not paid: the listing is on sale again.',
  'offer.completed': () => 'Completed.',
  'offer.refunded': () => 'The sale came to nothing; what was paid goes back.',
  'offer.superseded': () => 'The listing is gone.',
  'offer.admin_ended': () => 'Ended by a moderator.',
  'offer.frozen': () => 'Another offer was accepted; this one stands still until that one is paid or not.',
  'offer.unfrozen': () => 'The listing is free again; this offer goes on.',
};
/** Moves are cards; everything else is said about them. */
const CARDS: ReadonlySet<string> = new Set(['offer.created', 'offer.countered']);

/** Says in the conversation what an event tells, once, however often it comes. */
export async function sayOffer(deps: Deps, event: EventEnvelope): Promise<void> {
  const { type, data } = event as OfferEvent;
  const line = LINES[type](data);
  const isMove = CARDS.has(type);
  const isAnswer = data.actor_id !== null && data.message !== null;
  await postServerMessage(deps, {
    conversationId: data.conversation_id,
    eventId: event.event_id,
    type: isMove ? 'offer' : 'system',
    text: isAnswer ? `${line}\n${data.message}` : line,
    offerData: {
      offer_id: data.offer_id,
      listing_id: data.listing_id,
      status: data.status,
      price_cents: data.amount_cents,
      currency: data.currency,
      by: data.actor_id,
      order_id: data.order_id,
    },
  });
}

/**
 * Says it before the party has its answer, so that the conversation has the moves in their order. What fails here is said
 * when the event comes.
 */
export async function sayAtOnce(deps: Deps, events: readonly EventEnvelope[]): Promise<void> {
  for (const event of events) {
    try {
      await sayOffer(deps, event);
    } catch (error) {
      deps.log.warn('offer_not_said', { event_id: event.event_id, error: String(error) });
      return;
    }
  }
}
