import { and, eq, lte, or, type SQL } from 'drizzle-orm';
import { offers } from '../../db/offers-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { OFFER_SYSTEM, type OfferActor } from '../../domain/offers/offer.ts';
import { OFFER_TRANSITIONS, type OfferEventType } from '../../domain/offers/offer-transitions.ts';
import type { ListingEventData } from '../listings/listing.statements.ts';
import { runBatch } from '../orders/order-steps.ts';
import { ORDER_FOLLOWERS } from './follow-order.ts';
import { offersOn, type SweepingAction, sweepStatements } from './offer.statements.ts';
import { sayOffer } from './offer-cards.ts';

/** Ends open offers that were made before the event: those that came after it know better. */
async function endOffers(
  deps: Deps,
  event: EventEnvelope,
  where: SQL,
  action: SweepingAction,
  actor: OfferActor,
): Promise<void> {
  const before = lte(offers.createdAt, Date.parse(event.occurred_at));
  const occasion = { atMs: deps.now(), correlationId: event.correlation_id };
  await runBatch(deps, sweepStatements(deps.db, and(where, before)!, action, actor, occasion));
}

/** Its owner took the listing away, or its days on sale are over. */
async function supersedeOnListing(deps: Deps, event: EventEnvelope): Promise<void> {
  const { listing_id: listingId } = event.data as ListingEventData;
  await endOffers(deps, event, offersOn([listingId]), 'supersede', OFFER_SYSTEM);
}

async function endOnListing(deps: Deps, event: EventEnvelope): Promise<void> {
  const { listing_id: listingId, actor_id: id, actor_type: type } = event.data as ListingEventData;
  const actor: OfferActor = type === 'moderator' ? { id, role: 'moderator' } : OFFER_SYSTEM;
  await endOffers(deps, event, offersOn([listingId]), 'end', actor);
}

async function supersedeOfAccount(deps: Deps, event: EventEnvelope): Promise<void> {
  const { user_id: userId } = event.data as { user_id: string };
  const theirs = or(eq(offers.buyerId, userId), eq(offers.sellerId, userId))!;
  await endOffers(deps, event, theirs, 'supersede', OFFER_SYSTEM);
}

const SAID = [
  'offer.created',
  ...new Set(OFFER_TRANSITIONS.map(({ event }) => event)),
] as const satisfies readonly OfferEventType[];

/** What offers do about what happens elsewhere, and what they say about themselves. */
export const OFFER_HANDLERS: DomainEventHandlers = {
  ...ORDER_FOLLOWERS,
  ...Object.fromEntries(SAID.map((type) => [type, sayOffer])),
  'listing.deleted': supersedeOnListing,
  'listing.expired': supersedeOnListing,
  'listing.removed': endOnListing,
  'account.deleted': supersedeOfAccount,
};
