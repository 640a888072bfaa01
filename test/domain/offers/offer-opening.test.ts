import { describe, expect, it } from 'vitest';
import { MAX_OFFERS_PER_LISTING, OFFER_LIFE_MS } from '../../../src/domain/offers/offer.ts';
import {
  type GivenListing,
  type OfferOpening,
  openOffer,
  type WantedListing,
} from '../../../src/domain/offers/offer-opening.ts';
import { HOUR_MS } from '../../../src/domain/time.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const LISTING: WantedListing = {
  id: 'lst_wanted',
  sellerId: 'usr_seller',
  status: 'active',
  expiresAtMs: NOW_MS + HOUR_MS,
  priceCents: 50_000,
  autoAcceptCents: null,
  autoDeclineCents: null,
  isNegotiable: true,
  acceptsSwaps: true,
  minOfferPct: 0,
};
const GIVEN: GivenListing = {
  id: 'lst_given',
  sellerId: 'usr_buyer',
  status: 'active',
  expiresAtMs: null,
  isSameCurrency: true,
};
const OPENING: OfferOpening = {
  id: 'ofr_1',
  type: 'offer',
  by: 'buyer',
  buyerId: 'usr_buyer',
  amountCents: 40_000,
  given: [],
  offersMade: 0,
  hasOpenOffer: false,
  isBlocked: false,
  isBought: false,
};

/** The states it went through, or why it was refused. */
function outcome(opening: Partial<OfferOpening>, listing: Partial<WantedListing> = {}): string {
  const opened = openOffer({ ...OPENING, ...opening }, { ...LISTING, ...listing }, NOW_MS);
  return opened.ok ? opened.value.map(({ offer }) => offer.status).join(' ') : opened.error.code;
}

describe('opening an offer', () => {
  it.each([
    ['one cent', { amountCents: 1 }, 'pending'],
    ['nothing', { amountCents: 0 }, 'invalid_price'],
    ['no amount', { amountCents: null }, 'invalid_price'],
    ['a cent less than the price', { amountCents: 49_999 }, 'pending'],
    ['the price', { amountCents: 50_000 }, 'invalid_price'],
    ['the price, as a direct buy', { type: 'direct_buy', amountCents: 50_000 }, 'pending'],
    ['no amount, as a direct buy', { type: 'direct_buy', amountCents: null }, 'pending'],
    ['less, as a direct buy', { type: 'direct_buy', amountCents: 49_999 }, 'invalid_price'],
    ['a click on buy', { type: 'direct_buy', amountCents: null, isBought: true }, 'pending accepted'],
    ['a swap', { type: 'swap', amountCents: null, given: [GIVEN] }, 'pending'],
    ['a swap with cash', { type: 'swap', amountCents: 49_999, given: [GIVEN] }, 'pending'],
    ['a swap for cash', { type: 'swap', amountCents: -70_000, given: [GIVEN] }, 'pending'],
    ['a swap with the whole price', { type: 'swap', amountCents: 50_000, given: [GIVEN] }, 'invalid_price'],
  ] as [string, Partial<OfferOpening>, string][])('of %s: %s', (_, opening, expected) => {
    expect(outcome(opening)).toBe(expected);
  });

  it.each([
    ['of the lister', { buyerId: 'usr_seller' }, {}, 'own_listing'],
    ['between two who are blocked', { isBlocked: true }, {}, 'conversation_blocked'],
    ['on a paused listing', {}, { status: 'paused' }, 'listing_unavailable'],
    ['on a reserved listing', {}, { status: 'reserved' }, 'listing_unavailable'],
    ['on a listing whose days are over', {}, { expiresAtMs: NOW_MS }, 'listing_unavailable'],
    ['where the price is fixed', {}, { isNegotiable: false }, 'not_negotiable'],
    ['while another one is open', { hasOpenOffer: true }, {}, 'offer_open_already'],
    ['after the last one', { offersMade: MAX_OFFERS_PER_LISTING }, {}, 'offers_used_up'],
    ['that is the last one', { offersMade: MAX_OFFERS_PER_LISTING - 1 }, {}, 'pending'],
    ['below the least', { amountCents: 24_999 }, { minOfferPct: 50 }, 'invalid_price'],
    ['of the least', { amountCents: 25_000 }, { minOfferPct: 50 }, 'pending'],
  ] as [string, Partial<OfferOpening>, Partial<WantedListing>, string][])(
    '%s',
    (_, opening, listing, expected) => {
      expect(outcome(opening, listing)).toBe(expected);
    },
  );

  it.each([
    ['nothing', []],
    ['what is not theirs', [{ ...GIVEN, sellerId: 'usr_other' }]],
    ['what is reserved', [{ ...GIVEN, status: 'reserved' }]],
    ['what costs another currency', [{ ...GIVEN, isSameCurrency: false }]],
    ['one good and one bad thing', [GIVEN, { ...GIVEN, id: 'lst_2', status: 'sold' }]],
  ] as [string, GivenListing[]][])('as a swap of %s is refused', (_, given) => {
    expect(outcome({ type: 'swap', amountCents: 0, given })).toBe('swap_listing_unavailable');
  });

  it('is answered at once by the thresholds, but for swaps', () => {
    const terms = { autoAcceptCents: 45_000, autoDeclineCents: 30_000 };
    expect(outcome({ amountCents: 45_000 }, terms)).toBe('pending accepted');
    expect(outcome({ amountCents: 44_999 }, terms)).toBe('pending');
    expect(outcome({ amountCents: 30_001 }, terms)).toBe('pending');
    expect(outcome({ amountCents: 30_000 }, terms)).toBe('pending declined');
    expect(outcome({ type: 'swap', amountCents: 46_000, given: [GIVEN] }, terms)).toBe('pending');
    const auto = openOffer({ ...OPENING, amountCents: 46_000 }, { ...LISTING, ...terms }, NOW_MS);
    expect(auto).toMatchObject({
      value: [
        { offer: { isAuto: false }, event: 'offer.created' },
        { offer: { isAuto: true }, event: 'offer.accepted', history: { actorType: 'system' } },
      ],
    });
  });

  it.each([
    ['at the price', { amountCents: 50_000 }, 'pending'],
    ['above it', { amountCents: 50_001 }, 'invalid_price'],
    ['of nothing', { amountCents: 0 }, 'invalid_price'],
    ['of no amount', { amountCents: null }, 'invalid_price'],
    ['as a swap', { type: 'swap', given: [GIVEN] }, 'not_negotiable'],
    ['to themselves', { buyerId: 'usr_seller' }, 'own_listing'],
    ['after five', { offersMade: 5 }, 'offers_used_up'],
  ] as [string, Partial<OfferOpening>, string][])('by the lister %s: %s', (_, opening, expected) => {
    // The thresholds and the fixed price are the lister's own.
    const terms = { autoAcceptCents: 45_000, autoDeclineCents: 44_000, isNegotiable: false };
    expect(outcome({ by: 'seller', ...opening }, terms)).toBe(expected);
  });

  it('by the lister awaits the buyer, who may name anything below', () => {
    const opened = openOffer({ ...OPENING, by: 'seller', amountCents: 45_000 }, LISTING, NOW_MS);
    expect(opened).toMatchObject({
      value: [
        {
          offer: { awaiting: 'buyer', buyerCents: 0, sellerCents: 45_000 },
          move: { by: 'seller' },
          history: { actorType: 'seller', actorId: 'usr_seller' },
        },
      ],
    });
  });

  it('waits a day, or as long as is asked', () => {
    expect(openOffer(OPENING, LISTING, NOW_MS)).toMatchObject({
      value: [{ offer: { expiresAtMs: NOW_MS + OFFER_LIFE_MS, awaiting: 'seller', sellerCents: 50_000 } }],
    });
    expect(openOffer({ ...OPENING, lifeMs: HOUR_MS }, LISTING, NOW_MS)).toMatchObject({
      value: [{ offer: { expiresAtMs: NOW_MS + HOUR_MS } }],
    });
  });
});
