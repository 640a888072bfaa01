import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BookIdentity, eventsOf } from '../../../src/domain/market/events.ts';
import { bundleEvents, EVENTS_PER_MESSAGE } from '../../../src/domain/market/messages.ts';
import type { OrderState } from '../../../src/domain/market/order.ts';
import type { BookRecord } from '../../../src/domain/market/record.ts';
import { Watermark } from '../../../src/domain/market/watermark.ts';

const BOOK: BookIdentity = { bookKey: 'k', sizeId: 'siz_k', productId: 'prd_k', currency: 'USD' };

function order(seq: number): OrderState {
  return {
    seq,
    prioritySeq: seq,
    side: 'bid',
    userId: 'ann',
    clientId: null,
    priceCents: 100,
    quantity: 1,
    filled: 0,
    timeInForce: 'gtc',
    postOnly: false,
    expiresAtMs: null,
    createdAtMs: 1,
    updatedAtMs: 1,
    status: 'expired',
    closeReason: 'expired',
    version: 2,
  };
}

/** A record with so many orders, and so many imported trades. */
function record(seq: number, orders: number, trades = 0): BookRecord {
  return {
    seq,
    atMs: seq,
    kind: 'expire',
    correlationId: 'test',
    orders: Array.from({ length: orders }, (_, index) => order(index + 1)),
    matches: [],
    ...(trades === 0 ? {} : { history: Array.from({ length: trades }, () => [1, 2, 3] as const as never) }),
  };
}

const sizes = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 3 }) },
    fc.constantFrom(99, 100, 101, 200, 201, 500),
  ),
  { minLength: 1, maxLength: 30 },
);

describe('bundles of events', () => {
  test('hold every event once and in order, and none is too large', () => {
    fc.assert(
      fc.property(sizes, (counts) => {
        const records = counts.map((count, index) => record(index + 1, count));
        const bundles = bundleEvents(records, BOOK);
        expect(bundles.flatMap(({ events }) => events)).toEqual(
          records.flatMap((each) => eventsOf(each, BOOK)),
        );
        for (const bundle of bundles) expect(bundle.events.length).toBeLessThanOrEqual(EVENTS_PER_MESSAGE);
      }),
    );
  });

  test('stay below the size of a message with five hundred imported trades each', () => {
    const bundles = bundleEvents(
      [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => record(seq, 0, 500)),
      BOOK,
    );
    expect(bundles.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([
      [1, 4],
      [5, 8],
    ]);
  });
});

describe('the watermark', () => {
  test('reaches the end when every bundle is confirmed, in any order and any number of times', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), (counts, shuffle) => {
        const records = counts.map((count, index) => record(index + 1, count));
        const bundles = bundleEvents(records, BOOK);
        const deliveries = [...bundles, ...bundles.slice(0, bundles.length / 2)]
          .map((bundle, index) => ({ bundle, place: shuffle[index % shuffle.length]! }))
          .sort((a, b) => a.place - b.place);
        const watermark = new Watermark(0);
        const done = new Set<string>();
        for (const { bundle } of deliveries) {
          const before = watermark.value;
          const rose = watermark.confirm(bundle.firstSeq, bundle.lastSeq, bundle.part, bundle.parts);
          done.add(`${bundle.firstSeq}.${bundle.part}`);
          expect(rose).toBe(watermark.value > before);
          // Nothing counts as confirmed before all of it and all before it is.
          for (const each of bundles)
            if (each.lastSeq <= watermark.value) expect(done.has(`${each.firstSeq}.${each.part}`)).toBe(true);
        }
        expect(watermark.value).toBe(records.length);
      }),
    );
  });

  test('takes ranges of a resend that was cut differently', () => {
    const watermark = new Watermark(0);
    expect(watermark.confirm(4, 6, 0, 1)).toBe(false);
    expect(watermark.confirm(1, 2, 0, 1)).toBe(true);
    expect(watermark.confirm(2, 4, 0, 1)).toBe(true);
    expect(watermark.value).toBe(6);
    expect(watermark.confirm(1, 6, 0, 1)).toBe(false);
  });

  test('starts again for a rebuild', () => {
    const watermark = new Watermark(9);
    watermark.confirm(12, 12, 0, 1);
    watermark.reset(0);
    expect(watermark.confirm(1, 11, 0, 1)).toBe(true);
    expect(watermark.value).toBe(11);
  });
});
