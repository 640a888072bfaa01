import type { z } from '@hono/zod-openapi';
import type { OfferAnswer, OfferSide } from '../../domain/offers/offer.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { ListingRow } from '../listings/listing.statements.ts';
import { givenListingIds, type MoveRow, type OfferHistoryRow, type OfferRow } from './offer.statements.ts';
import type { OfferSurroundings } from './offer-lists.usecases.ts';
import type { OfferHistoryView, OfferMoveView, OfferView } from './offers.schemas.ts';

/** An offer with what its reader is to it. */
interface Shown {
  row: OfferRow;
  side: OfferSide;
  allowedActions: OfferAnswer[];
}

function briefOf({ id, title, priceCents, currency, status, channel }: ListingRow) {
  return { id, title, price_cents: priceCents, currency: currency as 'USD', status, channel };
}

export function presentOffer(
  { row, side, allowedActions }: Shown,
  { listings, people }: OfferSurroundings,
): z.infer<typeof OfferView> {
  const listing = listings.get(row.listingId);
  const other = people.get(side === 'buyer' ? row.sellerId : row.buyerId);
  return {
    id: row.id,
    current_offer_id: row.moveId,
    parent_offer_id: row.parentMoveId,
    type: row.type,
    status: row.status,
    role: side,
    awaiting: row.awaiting,
    round: row.round,
    listing_id: row.listingId,
    listing: listing ? briefOf(listing) : null,
    buyer_id: row.buyerId,
    seller_id: row.sellerId,
    other_party: other ? { id: other.id, username: other.username, display_name: other.displayName } : null,
    amount_cents: Math.abs(row.amountCents),
    buyer_amount_cents: row.buyerCents,
    seller_amount_cents: row.sellerCents,
    list_price_cents: row.listPriceCents,
    cash_adjust_cents: row.type === 'swap' ? row.amountCents : 0,
    currency: row.currency as 'USD',
    swap_listing_ids: givenListingIds(row),
    message: row.message,
    expires_at: row.expiresAt === null ? null : rfc3339(row.expiresAt),
    is_frozen: row.frozenRemainingMs !== null,
    auto: row.isAuto,
    conversation_id: row.conversationId,
    // Of a swap each side pays for the order in which they are the buyer.
    order_id: side === 'seller' && row.returnOrderId !== null ? row.returnOrderId : row.orderId,
    return_order_id: side === 'seller' && row.returnOrderId !== null ? row.orderId : row.returnOrderId,
    swap_id: row.swapId,
    version: row.version,
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
    allowed_actions: allowedActions,
  };
}

export const presentMove = (move: MoveRow): z.infer<typeof OfferMoveView> => ({
  id: move.id,
  parent_offer_id: move.parentId,
  round: move.round,
  by: move.by,
  actor_id: move.actorId,
  amount_cents: move.amountCents,
  message: move.message,
  expires_at: rfc3339(move.expiresAt),
  created_at: rfc3339(move.createdAt),
});

export const presentHistory = (entry: OfferHistoryRow): z.infer<typeof OfferHistoryView> => ({
  version: entry.version,
  from: entry.from,
  to: entry.to,
  action: entry.action,
  actor_type: entry.actorType,
  actor_id: entry.actorId,
  at: rfc3339(entry.at),
});
