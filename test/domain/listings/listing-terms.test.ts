import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blurred,
  boxesAround,
  distanceLabel,
  distanceM,
  latBand,
} from '../../../src/domain/listings/distance.ts';
import {
  automaticAnswer,
  contradictionsOf,
  leastOfferCents,
  tagOf,
} from '../../../src/domain/listings/listing-terms.ts';

describe('thresholds', () => {
  it.each([
    [10_000, null, null, []],
    [10_000, 9_000, 5_000, []],
    [10_000, 10_000, null, ['/auto_accept_cents']],
    [10_000, 9_000, 9_000, ['/auto_decline_cents']],
    [10_000, null, 10_000, ['/auto_decline_cents']],
    [0, 0, 0, ['/auto_accept_cents', '/auto_decline_cents']],
  ])(
    'at %i of accept %s and decline %s contradict at %j',
    (priceCents, autoAcceptCents, autoDeclineCents, at) => {
      const errors = contradictionsOf({ priceCents, autoAcceptCents, autoDeclineCents });
      expect(errors.map(({ pointer }) => pointer)).toEqual(at);
    },
  );

  it('answer an offer by themselves, or leave it to the seller', () => {
    const terms = { priceCents: 100, autoAcceptCents: 90, autoDeclineCents: 50 };
    expect([89, 90, 51, 50].map((offer) => automaticAnswer(terms, offer))).toEqual([
      null,
      'accept',
      null,
      'decline',
    ]);
    expect(automaticAnswer({ ...terms, autoAcceptCents: null, autoDeclineCents: null }, 1)).toBeNull();
  });

  it('of the least offer round up', () => {
    expect(leastOfferCents(999, 50)).toBe(500);
    expect(leastOfferCents(1_000_000_000_000, 99)).toBe(990_000_000_000);
    expect(leastOfferCents(12_345, 0)).toBe(0);
  });
});

describe('a tag', () => {
  it.each([
    ['  Vintage Chair! ', 'vintage-chair'],
    ['Café—Décor', 'café-décor'],
    ['<script>', 'script'],
    ['كرسي قديم', 'كرسي-قديم'],
    ['!!!', ''],
  ])('of %j is %j', (text, tag) => {
    expect(tagOf(text)).toBe(tag);
  });
});

const place = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
});

describe('distance', () => {
  it('of two towers of Dubai is what the map says', () => {
    const burjKhalifa = { lat: 25.1972, lon: 55.2744 };
    const burjAlArab = { lat: 25.1412, lon: 55.1853 };
    expect(distanceM(burjKhalifa, burjAlArab)).toBeGreaterThan(10_800);
    expect(distanceM(burjKhalifa, burjAlArab)).toBeLessThan(11_000);
    expect(distanceM({ lat: 0, lon: 0 }, { lat: 0, lon: 180 })).toBeCloseTo(Math.PI * 6_371_000, 0);
  });

  it('is told in whole kilometres', () => {
    expect([0, 999, 1000, 2_499, 2_500, 49_600].map(distanceLabel)).toEqual([
      'Less than 1 km away',
      'Less than 1 km away',
      '1 km away',
      '2 km away',
      '3 km away',
      '50 km away',
    ]);
  });

  it('of the place that strangers learn is within a kilometre of the true one', () => {
    fc.assert(
      fc.property(place, (exact) => {
        expect(distanceM(exact, blurred(exact))).toBeLessThan(800);
      }),
    );
  });
});

describe('the strips around a place', () => {
  it('hold every place in the circle, once', () => {
    fc.assert(
      fc.property(
        place,
        place,
        fc.double({ min: 1_000, max: 50_000, noNaN: true }),
        (centre, far, radiusM) => {
          // A place near the centre, also over the pole and across the 180th meridian.
          const lat = Math.max(-90, Math.min(90, centre.lat + far.lat / 180));
          const lon = ((((centre.lon + far.lon / 180 + 180) % 360) + 360) % 360) - 180;
          const candidate = { lat, lon };
          const holding = boxesAround(centre, radiusM).filter(
            ({ band, west, east }) => band === latBand(lat) && west <= lon && lon <= east,
          );
          if (distanceM(centre, candidate) <= radiusM) expect(holding).toHaveLength(1);
          expect(holding.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are few', () => {
    expect(boxesAround({ lat: 25.2, lon: 55.3 }, 50_000).length).toBeLessThanOrEqual(11);
    expect(boxesAround({ lat: 0, lon: 180 }, 50_000).length).toBeLessThanOrEqual(22);
  });
});
