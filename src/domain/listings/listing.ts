/** The nouns of a listing: one person's item, as its machine and its rules see it (C.3, SW-07). */
import { DAY_MS } from '../time.ts';

/** Community is between neighbours, discover is for sellers with a shop; each has its fees (SL-32). */
export const LISTING_CHANNELS = ['discover', 'community'] as const;
export type ListingChannel = (typeof LISTING_CHANNELS)[number];

export const LISTING_CONDITIONS = ['new', 'like_new', 'good', 'fair', 'poor'] as const;
export type ListingCondition = (typeof LISTING_CONDITIONS)[number];

export const LISTING_STATUSES = [
  'draft',
  'active',
  'paused',
  'reserved',
  'sold',
  'expired',
  'deleted',
  'removed',
] as const;
export type ListingStatus = (typeof LISTING_STATUSES)[number];

/** What everybody may see: on sale, promised to somebody, or sold. */
export const PUBLIC_STATUSES = ['active', 'reserved', 'sold'] as const satisfies readonly ListingStatus[];
export type PublicStatus = (typeof PUBLIC_STATUSES)[number];

/** The states that a moderator can take a listing out of, and put it back into. */
export const REMOVABLE_STATUSES = [
  'draft',
  'active',
  'paused',
  'expired',
] as const satisfies readonly ListingStatus[];
export type RemovableStatus = (typeof REMOVABLE_STATUSES)[number];

/** What the offers of a listing show of who made them, in its public offer feed. */
export const OFFER_FEEDS = ['off', 'anonymous', 'first_name'] as const;
export type OfferFeed = (typeof OFFER_FEEDS)[number];

/** How long a listing is on sale from the day its owner puts it up (C.3). */
export const LISTING_LIFE_MS = 90 * DAY_MS;
export const MAX_PHOTOS = 10;
export const MAX_TAGS = 10;

export const LISTING_ROLES = ['owner', 'moderator', 'system'] as const;
export type ListingRole = (typeof LISTING_ROLES)[number];

/** Somebody who acts on one listing. */
export interface ListingActor {
  id: string;
  role: ListingRole;
}
export const LISTING_SYSTEM: ListingActor = { id: 'system', role: 'system' };

/** What people do to a listing, and what happens to it; `listing-transitions.ts` says who, when and to what. */
export const LISTING_ACTIONS = [
  'create',
  'edit',
  'arrange_photos',
  'publish',
  'pause',
  'resume',
  'relist',
  'delete',
  'remove',
  'restore',
  'reserve',
  'release',
  'sell',
  'return',
  'shelve',
  'expire',
] as const;
export type ListingAction = (typeof LISTING_ACTIONS)[number];

/** A listing as its machine sees it. Times are epoch milliseconds. */
export interface ListingState {
  id: string;
  sellerId: string;
  status: ListingStatus;
  /** Grows by one with every change; the first is 1. */
  version: number;
  /** The offer or order that it is promised or sold to; null otherwise. */
  reservedFor: string | null;
  /** When it was last put up: what "newest" goes by. Null for a draft. */
  listedAtMs: number | null;
  /** When it stops being on sale; null for a draft. */
  expiresAtMs: number | null;
  soldAtMs: number | null;
  /** Where a moderator took it from, and why; null unless removed. */
  removedFrom: RemovableStatus | null;
  removedReason: string | null;
}

/** One row of a listing's history: a chain in which each `from` is the `to` before it. */
export interface ListingHistoryEntry {
  listingId: string;
  version: number;
  /** Null for the first entry. */
  from: ListingStatus | null;
  to: ListingStatus;
  action: ListingAction;
  actorType: ListingRole;
  actorId: string;
  reason: string | null;
  atMs: number;
}

/** What a signed-in user is to a listing; null for a stranger. An owner acts as the owner only. */
export function listingActor(
  listing: Pick<ListingState, 'sellerId'>,
  user: { id: string; isModerator: boolean },
): ListingActor | null {
  if (user.id === listing.sellerId) return { id: user.id, role: 'owner' };
  return user.isModerator ? { id: user.id, role: 'moderator' } : null;
}
