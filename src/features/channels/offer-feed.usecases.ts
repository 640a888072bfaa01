/** The scrolling offers of a listing (SL-29): the last 20 of the last hour, with names as the lister chose. */
import type { Deps, DomainEventHandler } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { OfferFeed } from '../../domain/listings/listing.ts';
import { feedName } from '../../domain/offers/offer-feed.ts';
import type { Caller } from '../../http/factory.ts';
import type { Topic } from '../../platform/channels/channels.ts';
import { FeedOffer } from '../../wire/channel-events.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import { loadListings } from '../listings/listing.statements.ts';
import { getListing } from '../listings/listings.usecases.ts';

const topicOf = (listingId: string): Topic => `listing:${listingId}`;

/** The chip of an offer; null where the lister wants no feed. Nothing in it leads to the buyer or to the offer. */
export async function feedOffer(
  deps: Deps,
  event: EventEnvelope,
  offer: {
    listing_id: string;
    buyer_id: string;
    offer_type: string;
    amount_cents: number;
    currency: string;
  },
): Promise<FeedOffer | null> {
  const [listing] = await loadListings(deps.db, [offer.listing_id]);
  if (listing === undefined || listing.offerFeed === 'off') return null;
  const buyer = await readAccount(deps, offer.buyer_id);
  return {
    listing_id: offer.listing_id,
    buyer_name: feedName(listing.offerFeed, buyer.ok ? buyer.value.displayName : ''),
    amount_cents: offer.amount_cents,
    currency: offer.currency,
    offer_type: offer.offer_type,
    at: event.occurred_at,
  };
}

export async function tellOfferFeed(
  deps: Deps,
  event: EventEnvelope,
  offer: Parameters<typeof feedOffer>[2],
): Promise<void> {
  const data = await feedOffer(deps, event, offer);
  // The id of the event would tell which offer it was.
  if (data !== null)
    await deps.channels.publish(topicOf(offer.listing_id), [
      { type: 'offer:feed:new', id: await hashOf(event.event_id), data },
    ]);
}

async function hashOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A lister who takes names back has those of the last hour forgotten. */
export const hideFormerNames: DomainEventHandler = async (deps, { aggregate }) => {
  const [listing] = await loadListings(deps.db, [aggregate.id]);
  if (listing === undefined || listing.offerFeed === 'first_name') return;
  const shown = feedName(listing.offerFeed, '');
  const isTooOpen = (await keptOffers(deps, aggregate.id)).some(({ buyer_name }) => buyer_name !== shown);
  if (isTooOpen) await deps.channels.forget(topicOf(aggregate.id));
};

async function keptOffers(deps: Deps, listingId: string): Promise<FeedOffer[]> {
  const events = await deps.channels.recent(topicOf(listingId));
  return events.flatMap(({ data }) => {
    const offer = FeedOffer.safeParse(data);
    return offer.success ? [offer.data] : [];
  });
}

/** Whoever may see a listing may see its feed; 404 for everybody else. Resolves with its topic. */
export async function feedTopic(deps: Deps, listingId: string, caller: Caller | null): Promise<Topic> {
  await getListing(deps, listingId, caller);
  return topicOf(listingId);
}

export async function readOfferFeed(
  deps: Deps,
  listingId: string,
  caller: Caller | null,
): Promise<{ feed: OfferFeed; offers: FeedOffer[] }> {
  const { listing } = await getListing(deps, listingId, caller);
  const offers = listing.offerFeed === 'off' ? [] : await keptOffers(deps, listing.id);
  return { feed: listing.offerFeed, offers: offers.reverse() };
}
