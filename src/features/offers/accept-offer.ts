/** What an acceptance commits beside the offer: its listings are promised, its order is placed, its rivals stand still. */
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { OFFER_SYSTEM } from '../../domain/offers/offer.ts';
import type { OfferStep } from '../../domain/offers/offer-machine.ts';
import { type Actor, SYSTEM } from '../../domain/orders/order.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type ListingRow, reserveListings } from '../listings/listing.statements.ts';
import { placeFromOffer, placeFromSwap } from '../orders/place-offer-order.statements.ts';
import {
  givenListingIds,
  type OfferChanges,
  type OfferRow,
  offersOn,
  sweepStatements,
} from './offer.statements.ts';

export interface Acceptance {
  changes: OfferChanges;
  statements: Statement[];
}

/**
 * The parts of the batch of an acceptance; `listings` are all that change hands. Refused with `listing_unavailable` when
 * one of them is not on sale; the batch is stale when one of them moves on meanwhile.
 */
export async function acceptanceOf(
  deps: Deps,
  row: OfferRow,
  step: OfferStep,
  listings: readonly ListingRow[],
  correlationId: string,
): Promise<Acceptance> {
  const { atMs, actorType, actorId } = step.history;
  const reserved = reserveListings(deps.db, listings, row.id, { atMs, correlationId });
  if (!reserved.ok)
    throw new Problem({
      ...reserved.error,
      code: 'listing_unavailable',
      detail: 'A listing of this offer is not on sale now.',
    });
  const actor: Actor =
    actorType === 'buyer' || actorType === 'seller' ? { id: actorId, roles: [actorType] } : SYSTEM;
  const swapId = row.type === 'swap' ? newId('swp', deps.random) : null;
  const { orders, statements } = await placeOrders(deps, row, step, listings, actor, correlationId, swapId);
  return {
    changes: { orderId: orders[0]!.id, returnOrderId: orders[1]?.id ?? null, swapId },
    statements: [
      ...reserved.value,
      ...statements,
      ...sweepStatements(deps.db, offersOn(listings.map(({ id }) => id)), 'freeze', OFFER_SYSTEM, {
        atMs,
        correlationId,
      }),
    ],
  };
}

function placeOrders(
  deps: Deps,
  row: OfferRow,
  step: OfferStep,
  listings: readonly ListingRow[],
  actor: Actor,
  correlationId: string,
  swapId: string | null,
) {
  const { amountCents, buyerId, sellerId } = step.offer;
  const byId = new Map(listings.map((listing) => [listing.id, listing]));
  const sold = (id: string) => {
    const listing = byId.get(id);
    if (!listing)
      throw problem('listing_unavailable', 'A listing of this offer is gone.', { listing_id: id });
    return { id, title: listing.title, condition: listing.condition };
  };
  const wanted = sold(row.listingId);
  const agreement = {
    offerId: row.id,
    channel: byId.get(row.listingId)!.channel,
    currency: row.currency,
    actor,
    correlationId,
  };
  if (swapId === null)
    return placeFromOffer(deps, {
      ...agreement,
      buyerId,
      sellerId,
      listing: wanted,
      priceCents: amountCents,
    });
  return placeFromSwap(deps, {
    ...agreement,
    swapId,
    owner: { userId: sellerId, listings: [wanted], cashCents: Math.max(0, -amountCents) },
    offerer: {
      userId: buyerId,
      listings: givenListingIds(row).map(sold),
      cashCents: Math.max(0, amountCents),
    },
  });
}
