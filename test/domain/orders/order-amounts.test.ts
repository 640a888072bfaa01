import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FeeRate } from '../../../src/domain/market/fees.ts';
import { allocateCents, MAX_CENTS, proportionCents } from '../../../src/domain/money.ts';
import { assertAddsUp, orderAmounts } from '../../../src/domain/orders/order-amounts.ts';
import { orderNumber, parseOrderNumber } from '../../../src/domain/orders/order-number.ts';
import { addBusinessDays, DAY_MS } from '../../../src/domain/time.ts';

const rate = (buyerBps: number, sellerBps: number, minimumCents = 0): FeeRate => ({
  id: 'fee_test',
  buyerBps,
  sellerBps,
  minimumCents,
  validFromMs: 0,
});

describe('amounts of an order', () => {
  test.each([
    ['book', 22_000, rate(500, 400), { totalCents: 23_100, payoutCents: 21_120, platformCents: 1_980 }],
    ['community', 45_000, rate(0, 500), { totalCents: 45_000, payoutCents: 42_750, platformCents: 2_250 }],
    ['discover', 29_900, rate(0, 1500), { totalCents: 29_900, payoutCents: 25_415, platformCents: 4_485 }],
    ['checkout', 19_999, rate(0, 0), { totalCents: 19_999, payoutCents: 19_999, platformCents: 0 }],
  ])('the example of C.5: %s', (_, priceCents, fees, expected) => {
    expect(orderAmounts([{ priceCents, quantity: 1 }], 0, fees).amounts).toMatchObject(expected);
  });

  test('shipping is paid by the buyer and is nobody’s fee', () => {
    const { amounts } = orderAmounts([{ priceCents: 22_000, quantity: 1 }], 995, rate(500, 400));
    expect(amounts).toMatchObject({ totalCents: 24_095, payoutCents: 21_120, platformCents: 1_980 });
  });

  test('a fee is rounded once on the whole order, not per line', () => {
    const lines = [10, 10, 10].map((priceCents) => ({ priceCents, quantity: 1 }));
    const { amounts, lines: parts } = orderAmounts(lines, 0, rate(500, 500));
    // 5 % of each 10 would round to 1 three times; 5 % of 30 is 2.
    expect(amounts.buyerFeeCents).toBe(2);
    expect(parts.map((part) => part.buyerFeeCents)).toEqual([1, 1, 0]);
  });

  test('for any lines the parts add up', () => {
    const line = fc.record({
      priceCents: fc.integer({ min: 1, max: 10 ** 9 }),
      quantity: fc.integer({ min: 1, max: 100 }),
    });
    const bps = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        fc.nat(10 ** 6),
        bps,
        bps,
        (lines, shippingCents, buyerBps, sellerBps) => {
          const { amounts, lines: parts } = orderAmounts(lines, shippingCents, rate(buyerBps, sellerBps));
          const sum = (field: 'subtotalCents' | 'buyerFeeCents' | 'sellerFeeCents') =>
            parts.reduce((total, part) => total + part[field], 0);
          for (const field of ['subtotalCents', 'buyerFeeCents', 'sellerFeeCents'] as const)
            expect(sum(field)).toBe(amounts[field]);
          expect(amounts.totalCents).toBe(
            amounts.payoutCents + amounts.platformCents + amounts.shippingCents,
          );
          for (const part of parts) expect(part.sellerFeeCents).toBeLessThanOrEqual(part.subtotalCents);
        },
      ),
    );
  });

  test('amounts that do not add up are never used', () => {
    const { amounts } = orderAmounts([{ priceCents: 22_000, quantity: 1 }], 0, rate(500, 400));
    expect(() => assertAddsUp(amounts)).not.toThrow();
    for (const field of ['totalCents', 'payoutCents', 'platformCents', 'buyerFeeCents'] as const)
      expect(() => assertAddsUp({ ...amounts, [field]: amounts[field] + 1 } as typeof amounts)).toThrow(
        RangeError,
      );
  });
});

describe('splitting money', () => {
  test('the largest remainder gets the cent, the first of equals before the others', () => {
    expect(allocateCents(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(allocateCents(2, [10, 10, 10])).toEqual([1, 1, 0]);
    expect(allocateCents(7, [1, 2, 4])).toEqual([1, 2, 4]);
    expect(allocateCents(10, [1, 2, 4])).toEqual([1, 3, 6]);
    expect(allocateCents(5, [0, 1])).toEqual([0, 5]);
    expect(allocateCents(0, [0, 0])).toEqual([0, 0]);
    expect(() => allocateCents(1, [])).toThrow(RangeError);
  });

  test('proportions round half up and are exact beyond the safe integers', () => {
    expect(proportionCents(1_100, 11_550, 23_100)).toBe(550);
    expect(proportionCents(1, 1, 2)).toBe(1);
    expect(proportionCents(1, 1, 3)).toBe(0);
    expect(proportionCents(0, 0, 0)).toBe(0);
    expect(proportionCents(MAX_CENTS, MAX_CENTS - 1, MAX_CENTS)).toBe(MAX_CENTS - 1);
  });
});

describe('order numbers', () => {
  test('per day, at least four digits, growing past 9999', () => {
    const atMs = Date.UTC(2026, 0, 9, 23, 59);
    expect(orderNumber(atMs, 1)).toBe('ORD-20260109-0001');
    expect(orderNumber(atMs, 9_999)).toBe('ORD-20260109-9999');
    expect(orderNumber(atMs, 10_000)).toBe('ORD-20260109-10000');
    expect(() => orderNumber(atMs, 0)).toThrow(RangeError);
  });
  test('parse gives back what was written and nothing else', () => {
    expect(parseOrderNumber('ORD-20260109-10000')).toEqual({ day: '20260109', sequence: 10_000 });
    for (const text of [
      'ORD-20260109-001',
      'ORD-20260109-00001',
      'ORD-20260109-0000',
      'ord-20260109-0001',
      '',
    ])
      expect(parseOrderNumber(text)).toBeNull();
  });
});

describe('business days', () => {
  test('skip weekends and keep the time of day', () => {
    const at = (day: number) => Date.UTC(2026, 2, day, 9, 30);
    // March 2026: the 2nd is a Monday.
    expect(addBusinessDays(at(2), 2)).toBe(at(4));
    expect(addBusinessDays(at(5), 2)).toBe(at(9));
    expect(addBusinessDays(at(6), 2)).toBe(at(10));
    expect(addBusinessDays(at(7), 2)).toBe(at(10));
    expect(addBusinessDays(at(8), 2)).toBe(at(10));
    expect(addBusinessDays(at(6), 0)).toBe(at(6));
    expect(addBusinessDays(at(2), 5)).toBe(at(2) + 7 * DAY_MS);
  });
});
