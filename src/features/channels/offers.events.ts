/** What offers tell live: both parties on their own lines (SL-27), and everybody in the feed of the listing (SL-29). */
import { z } from 'zod';
import type { DomainEventHandler, DomainEventHandlers } from '../../deps.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import { hideFormerNames, tellOfferFeed } from './offer-feed.usecases.ts';
import { tellUsers } from './tell-users.usecases.ts';

/** Of what the offers write, the part that this file goes by; the rest is passed on as it is. */
const OfferFacts = z.looseObject({
  offer_id: z.string(),
  chain_id: z.string(),
  listing_id: z.string(),
  buyer_id: z.string(),
  seller_id: z.string(),
  actor_id: z.string().nullable(),
  offer_type: z.string(),
  status: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
});
export type OfferFacts = z.infer<typeof OfferFacts>;

/** Moves by which somebody answers an offer. */
const RESPONSES: ReadonlySet<string> = new Set(['accepted', 'declined', 'countered', 'withdrawn']);

/** The frames of one event for each of the two; whoever answered hears that the answer stands as well. */
function framesOf(
  eventId: string,
  name: string,
  offer: OfferFacts,
): ReadonlyMap<string, readonly ChannelFrame[]> {
  const data = { ...offer, event: name, ...(name === 'declined' ? { event_alias: 'rejected' } : {}) };
  const frame = (type: string): ChannelFrame => ({ type, id: `${eventId}:${type}`, data });
  const { buyer_id, seller_id, actor_id } = offer;
  if (name === 'created')
    return new Map([
      // A lister may make one as well, to somebody who asked.
      [actor_id === seller_id ? buyer_id : seller_id, [frame('offer:new')]],
      [actor_id === seller_id ? seller_id : buyer_id, [frame('offer:created')]],
    ]);
  return new Map(
    [buyer_id, seller_id].map((userId) => [
      userId,
      userId === actor_id && RESPONSES.has(name)
        ? [frame('offer:updated'), frame('offer:responded')]
        : [frame('offer:updated')],
    ]),
  );
}

const tellOfOffer: DomainEventHandler = async (deps, event) => {
  const facts = OfferFacts.safeParse(event.data);
  if (!facts.success) return;
  const name = event.type.slice('offer.'.length);
  await tellUsers(deps, framesOf(event.event_id, name, facts.data));
  const isMove = name === 'created' || name === 'countered';
  const isBid = isMove && facts.data.actor_id === facts.data.buyer_id;
  if (isBid) await tellOfferFeed(deps, event, facts.data);
};

const OFFER_EVENTS = [
  'created',
  'countered',
  'accepted',
  'declined',
  'withdrawn',
  'expired',
  'payment_held',
  'lapsed',
  'completed',
  'refunded',
  'superseded',
  'admin_ended',
  'frozen',
  'unfrozen',
];

export const OFFER_NEWS_HANDLERS: DomainEventHandlers = {
  ...Object.fromEntries(OFFER_EVENTS.map((name) => [`offer.${name}`, tellOfOffer])),
  'listing.updated': hideFormerNames,
};
