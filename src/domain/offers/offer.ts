/** The nouns of an offer: one buyer's haggling over one listing, as its machine and its rules see it (C.3). */
import { HOUR_MS } from '../time.ts';

export const OFFER_TYPES = ['direct_buy', 'offer', 'swap'] as const;
export type OfferType = (typeof OFFER_TYPES)[number];

export const OFFER_STATUSES = [
  'pending',
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
] as const;
export type OfferStatus = (typeof OFFER_STATUSES)[number];

/** Somebody is to answer. */
export const OPEN_STATUSES = ['pending', 'countered'] as const satisfies readonly OfferStatus[];
/** It came to nothing, and no order refers to it. */
export const DEAD_STATUSES = [
  'declined',
  'withdrawn',
  'expired',
  'superseded',
  'admin_ended',
] as const satisfies readonly OfferStatus[];

export const OFFER_SIDES = ['buyer', 'seller'] as const;
export type OfferSide = (typeof OFFER_SIDES)[number];
export const otherSide = (side: OfferSide): OfferSide => (side === 'buyer' ? 'seller' : 'buyer');

export const OFFER_ROLES = ['buyer', 'seller', 'moderator', 'system'] as const;
export type OfferRole = (typeof OFFER_ROLES)[number];

/** Somebody who acts on one offer. */
export interface OfferActor {
  id: string;
  role: OfferRole;
}
export const OFFER_SYSTEM: OfferActor = { id: 'system', role: 'system' };

/** What the two parties do. */
export const OFFER_ANSWERS = ['accept', 'counter', 'decline', 'withdraw'] as const;
export type OfferAnswer = (typeof OFFER_ANSWERS)[number];
/** What happens to an offer besides; `offer-transitions.ts` says who, when and to what. */
export const OFFER_TRIGGERS = [
  'create',
  'auto_accept',
  'auto_decline',
  'freeze',
  'unfreeze',
  'expire',
  'hold_payment',
  'lapse',
  'complete',
  'refund',
  'supersede',
  'end',
] as const;
export const OFFER_ACTIONS = [...OFFER_ANSWERS, ...OFFER_TRIGGERS] as const;
export type OfferAction = (typeof OFFER_ACTIONS)[number];

/** How long a move waits for its answer; every counter begins anew. */
export const OFFER_LIFE_MS = 24 * HOUR_MS;
export const MIN_OFFER_LIFE_MS = HOUR_MS;
export const MAX_OFFER_LIFE_MS = 72 * HOUR_MS;
/** The first offer and all counters together. */
export const MAX_MOVES = 10;
/** Offers of one buyer on one listing; buying at the asking price is counted by itself. */
export const MAX_OFFERS_PER_LISTING = 5;
export const MAX_SWAP_LISTINGS = 5;

/**
 * A chain of moves. Amounts are minor units of the listing's currency; in a swap they are the cash that the buyer puts
 * on top, which is negative when the seller does. Times are epoch milliseconds.
 */
export interface OfferState {
  id: string;
  type: OfferType;
  listingId: string;
  buyerId: string;
  sellerId: string;
  status: OfferStatus;
  /** Grows by one with every change; the first is 1. */
  version: number;
  /** Whose turn it is; null once it is closed. */
  awaiting: OfferSide | null;
  /** Moves so far. */
  round: number;
  /** The number that stands: that of the latest move. */
  amountCents: number;
  /** The latest number of each side; before they speak, the seller's is the price of the listing, the buyer's nothing. */
  buyerCents: number;
  sellerCents: number;
  /** When it lapses unanswered; null while frozen. */
  expiresAtMs: number | null;
  /** The time it had left when another buyer was accepted; null unless frozen. */
  frozenRemainingMs: number | null;
  /** True when the seller's thresholds answered. */
  isAuto: boolean;
}

/** One move: never changed once it is made. */
export interface OfferMove {
  offerId: string;
  round: number;
  by: OfferSide;
  amountCents: number;
  expiresAtMs: number;
  atMs: number;
}

/** One row of an offer's history: a chain in which each `from` is the `to` before it. */
export interface OfferHistoryEntry {
  offerId: string;
  version: number;
  /** Null for the first entry. */
  from: OfferStatus | null;
  to: OfferStatus;
  action: OfferAction;
  actorType: OfferRole;
  actorId: string;
  atMs: number;
}

export const isOpen = ({ status }: Pick<OfferState, 'status'>): boolean =>
  OPEN_STATUSES.some((open) => open === status);

/** Over although nobody has written it down yet. */
export const isDue = (offer: Pick<OfferState, 'status' | 'expiresAtMs'>, nowMs: number): boolean =>
  isOpen(offer) && offer.expiresAtMs !== null && offer.expiresAtMs <= nowMs;

/** What a user is to an offer; null for a stranger, who must not learn that it exists. */
export function sideOf(offer: Pick<OfferState, 'buyerId' | 'sellerId'>, userId: string): OfferSide | null {
  if (userId === offer.buyerId) return 'buyer';
  return userId === offer.sellerId ? 'seller' : null;
}
