import type { z } from '@hono/zod-openapi';
import { distanceLabel } from '../../domain/listings/distance.ts';
import { allowedActions, buyingWays, isDue } from '../../domain/listings/listing-machine.ts';
import { CurrencyCode, rfc3339 } from '../../http/openapi.ts';
import { pictureUrls } from '../media/pictures.ts';
import { type ListingRow, listingState } from './listing.statements.ts';
import type { CategoryName, PhotoRow, Seller } from './listings.repository.ts';
import type { ListingAnswer, ListingItem, PhotoAnswer } from './listings.schemas.ts';
import type { ViewedListing, Viewpoint } from './listings.usecases.ts';

/** Rows to the wire: every column that leaves is named here, and what only its owner may see leaves for him alone. */

export function presentPhoto(row: PhotoRow): z.infer<typeof PhotoAnswer> {
  const { url, variants } = pictureUrls('listings', row.contentHash, JSON.parse(row.widths) as number[]);
  return {
    id: row.id,
    url,
    alt: row.alt,
    position: row.position,
    primary: row.isPrimary,
    width: row.width,
    height: row.height,
    variants,
  };
}

const timeOrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));

function presentLocation(row: ListingRow, isOwner: boolean) {
  if (row.lat === null && row.city === null && row.neighborhood === null) return null;
  return {
    lat: isOwner ? row.lat : row.publicLat,
    lng: isOwner ? row.lon : row.publicLon,
    neighborhood: row.neighborhood ?? '',
    city: row.city ?? '',
    is_exact: isOwner,
  };
}

function presentFacts(
  row: ListingRow,
  seller: Seller,
  category: CategoryName,
  viewpoint: Viewpoint,
  nowMs: number,
) {
  return {
    id: row.id,
    seller: { id: seller.id, username: seller.username, display_name: seller.displayName },
    title: row.title,
    brand: row.brand,
    price_cents: row.priceCents,
    currency: CurrencyCode.parse(row.currency),
    category,
    condition: row.condition,
    channel: row.channel,
    is_negotiable: row.isNegotiable,
    accepts_swaps: row.acceptsSwaps,
    tags: JSON.parse(row.tags) as string[],
    location: presentLocation(row, viewpoint === 'owner'),
    views: row.views,
    status: isDue(listingState(row), nowMs) ? ('expired' as const) : row.status,
    listed_at: timeOrNull(row.listedAt),
    expires_at: timeOrNull(row.expiresAt),
    sold_at: timeOrNull(row.soldAt),
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
  };
}

function actionsOf(row: ListingRow, viewpoint: Viewpoint, nowMs: number) {
  const state = listingState(row);
  const ways = buyingWays({ ...row, ...state }, nowMs);
  switch (viewpoint) {
    case 'owner':
      return allowedActions(state, 'owner', nowMs);
    case 'moderator':
      return [...ways, ...allowedActions(state, 'moderator', nowMs)];
    case 'user':
      return ways;
    case 'stranger':
      return [];
  }
}

/** A listing as one of a list. */
export interface ListedListing {
  listing: ListingRow;
  seller: Seller;
  category: CategoryName;
  photo: PhotoRow | null;
  /** From the place that was asked about; null when none was. */
  distanceM: number | null;
}

export function presentItem(
  { listing, seller, category, photo, distanceM }: ListedListing,
  callerId: string | null,
  nowMs: number,
  /** What the caller is to the listings of others. */
  toOthers: 'user' | 'moderator' = 'user',
): z.infer<typeof ListingItem> {
  const viewpoint = callerId === null ? 'stranger' : callerId === listing.sellerId ? 'owner' : toOthers;
  return {
    ...presentFacts(listing, seller, category, viewpoint, nowMs),
    photo: photo && presentPhoto(photo),
    distance_m: distanceM === null ? null : Math.round(distanceM),
    distance_label: distanceM === null ? null : distanceLabel(Math.round(distanceM)),
    allowed_actions: actionsOf(listing, viewpoint, nowMs),
  };
}

export function presentListing(
  { listing, seller, category, photos, priceChanges, viewpoint }: ViewedListing,
  nowMs: number,
): z.infer<typeof ListingAnswer> {
  return {
    ...presentFacts(listing, seller, category, viewpoint, nowMs),
    description: listing.description,
    photos: photos.map(presentPhoto),
    offer_feed: listing.offerFeed,
    price_history: priceChanges.map(({ fromCents, toCents, at }) => ({
      from_cents: fromCents,
      to_cents: toCents,
      changed_at: rfc3339(at),
    })),
    owner_terms:
      viewpoint === 'owner'
        ? {
            auto_accept_cents: listing.autoAcceptCents,
            auto_decline_cents: listing.autoDeclineCents,
            min_offer_pct: listing.minOfferPct,
            reserved_for: listing.reservedFor,
            removed_reason: listing.removedReason,
          }
        : null,
    allowed_actions: actionsOf(listing, viewpoint, nowMs),
    version: listing.version,
  };
}
