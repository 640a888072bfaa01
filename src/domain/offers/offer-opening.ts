/** How an offer begins: what it needs, and what the seller's thresholds say to it at once (C.3). */
import { type Failure, failure } from '../errors.ts';
import type { ListingStatus } from '../listings/listing.ts';
import { automaticAnswer, type ListingTerms, leastOfferCents } from '../listings/listing-terms.ts';
import { MAX_CENTS } from '../money.ts';
import { err, ok, type Result } from '../result.ts';
import {
  MAX_OFFERS_PER_LISTING,
  MAX_SWAP_LISTINGS,
  OFFER_LIFE_MS,
  OFFER_SYSTEM,
  type OfferSide,
  type OfferState,
  type OfferType,
  otherSide,
} from './offer.ts';
import { type OfferStep, offerStep } from './offer-machine.ts';

/** The listing that is wanted, as its terms are now. */
export interface WantedListing extends ListingTerms {
  id: string;
  sellerId: string;
  status: ListingStatus;
  /** When it stops being on sale. */
  expiresAtMs: number | null;
  isNegotiable: boolean;
  acceptsSwaps: boolean;
  minOfferPct: number;
}

/** One that the buyer gives in a swap. */
export interface GivenListing {
  id: string;
  sellerId: string;
  status: ListingStatus;
  expiresAtMs: number | null;
  isSameCurrency: boolean;
}

export interface OfferOpening {
  id: string;
  type: OfferType;
  /** Who makes it: a buyer, or the lister to somebody who has asked about the listing. */
  by: OfferSide;
  buyerId: string;
  /** Null for the asking price of a direct buy, and for no cash in a swap. */
  amountCents: number | null;
  lifeMs?: number;
  given: readonly GivenListing[];
  /** What this side has tried between these two on this listing before, of this kind. */
  offersMade: number;
  hasOpenOffer: boolean;
  isBlocked: boolean;
  /** The asking price was paid with one click: no further question to the seller. */
  isBought: boolean;
}

/** Buying at the asking price is no haggling: it has a count of its own. */
export const isHaggle = (type: OfferType): boolean => type !== 'direct_buy';

const onSale = (listing: Pick<WantedListing, 'status' | 'expiresAtMs'>, nowMs: number): boolean =>
  listing.status === 'active' && (listing.expiresAtMs === null || listing.expiresAtMs > nowMs);

const range = (minCents: number, maxCents: number, detail: string): Failure =>
  failure('invalid_price', detail, { min_cents: minCents, max_cents: maxCents });

function amountOf(opening: OfferOpening, listing: WantedListing): Result<number, Failure> {
  const { type, by, amountCents } = opening;
  const { priceCents } = listing;
  if (by === 'seller') {
    return amountCents !== null && amountCents >= 1 && amountCents <= priceCents
      ? ok(amountCents)
      : err(range(1, priceCents, 'An offer of yours is at most the price of the listing.'));
  }
  if (type === 'direct_buy') {
    return amountCents === null || amountCents === priceCents
      ? ok(priceCents)
      : err(range(priceCents, priceCents, 'A direct buy is at the price of the listing; or make an offer.'));
  }
  const least = type === 'swap' ? -MAX_CENTS : Math.max(1, leastOfferCents(priceCents, listing.minOfferPct));
  const wanted = amountCents ?? (type === 'swap' ? 0 : null);
  return wanted !== null && wanted >= least && wanted < priceCents
    ? ok(wanted)
    : err(
        range(
          least,
          priceCents - 1,
          'An offer is below the price of the listing, and not below its least offer.',
        ),
      );
}

function refusalOf(opening: OfferOpening, listing: WantedListing, nowMs: number): Failure | null {
  const { type, by, buyerId, given } = opening;
  if (by === 'seller' && type !== 'offer')
    return failure('not_negotiable', 'A lister offers an amount of money for the listing.');
  if (listing.sellerId === buyerId) return failure('own_listing', 'This listing is your own.');
  if (opening.isBlocked) return failure('conversation_blocked', 'One of you has blocked the other.');
  if (!onSale(listing, nowMs))
    return failure('listing_unavailable', 'This listing is not on sale now.', { listing_id: listing.id });
  if (type === 'offer' && by === 'buyer' && !listing.isNegotiable)
    return failure('not_negotiable', 'The price of this listing is fixed.');
  if (type === 'swap' && !listing.acceptsSwaps)
    return failure('not_negotiable', 'This listing is not up for a swap.');
  if (type === 'swap' && given.length === 0)
    return failure('swap_listing_unavailable', 'A swap needs a listing of yours in return.');
  if (given.length > MAX_SWAP_LISTINGS)
    return failure('swap_listing_unavailable', `A swap gives at most ${MAX_SWAP_LISTINGS} listings.`);
  const unfit = given.find(
    (one) => one.sellerId !== buyerId || !onSale(one, nowMs) || !one.isSameCurrency || one.id === listing.id,
  );
  if (unfit)
    return failure(
      'swap_listing_unavailable',
      'What you give must be yours, on sale now, and in the currency of what you want.',
      { listing_id: unfit.id },
    );
  if (opening.hasOpenOffer)
    return failure(
      'offer_open_already',
      'There is an open offer between you on this listing; withdraw or answer it first.',
    );
  if (opening.offersMade >= MAX_OFFERS_PER_LISTING)
    return failure('offers_used_up', `No more than ${MAX_OFFERS_PER_LISTING} offers on one listing.`, {
      offers_left: 0,
    });
  return null;
}

/**
 * Opens an offer: its first step, and a second one when the seller's thresholds answer it, or when it is a purchase at
 * the asking price. Refused with `own_listing`, `conversation_blocked`, `listing_unavailable`, `not_negotiable`,
 * `swap_listing_unavailable`, `offer_open_already`, `offers_used_up` and `invalid_price`.
 */
export function openOffer(
  opening: OfferOpening,
  listing: WantedListing,
  nowMs: number,
): Result<[OfferStep, ...OfferStep[]], Failure> {
  const refused = refusalOf(opening, listing, nowMs);
  if (refused) return err(refused);
  const amount = amountOf(opening, listing);
  if (!amount.ok) return amount;
  const { id, type, by, buyerId, lifeMs = OFFER_LIFE_MS } = opening;
  const amountCents = amount.value;
  const expiresAtMs = nowMs + lifeMs;
  const offer: OfferState = {
    id,
    type,
    listingId: listing.id,
    buyerId,
    sellerId: listing.sellerId,
    status: 'pending',
    version: 1,
    awaiting: otherSide(by),
    round: 1,
    amountCents,
    // Who has not spoken yet stands at the price of the listing, or at nothing.
    buyerCents: by === 'buyer' ? amountCents : 0,
    sellerCents: by === 'buyer' ? listing.priceCents : amountCents,
    expiresAtMs,
    frozenRemainingMs: null,
    isAuto: false,
  };
  const first: OfferStep = {
    offer,
    event: 'offer.created',
    effects: [],
    move: { offerId: id, round: 1, by, amountCents, expiresAtMs, atMs: nowMs },
    history: {
      offerId: id,
      version: 1,
      from: null,
      to: 'pending',
      action: 'create',
      actorType: by,
      actorId: by === 'buyer' ? buyerId : listing.sellerId,
      atMs: nowMs,
    },
  };
  const answer = answerAtOnce(opening, listing, amountCents);
  if (answer === null) return ok([first]);
  const second = offerStep(offer, answer, OFFER_SYSTEM, {}, nowMs);
  return second.ok ? ok([first, second.value]) : second;
}

/** Thresholds are the lister's own, and amounts of money: they say nothing to a swap. */
function answerAtOnce(
  { type, by, isBought }: OfferOpening,
  listing: WantedListing,
  amountCents: number,
): 'auto_accept' | 'auto_decline' | null {
  if (type === 'swap' || by === 'seller') return null;
  if (isBought) return 'auto_accept';
  const answer = automaticAnswer(listing, amountCents);
  return answer === null ? null : `auto_${answer}`;
}
