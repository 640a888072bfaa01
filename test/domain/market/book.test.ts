import { describe, expect, test } from 'vitest';
import { Book } from '../../../src/domain/market/book.ts';
import {
  type BookRules,
  type Change,
  MAX_ORDER_QUANTITY,
  type PlaceCommand,
  PRICE_RULES,
  type Rejection,
  type Side,
} from '../../../src/domain/market/order.ts';
import { PriceLadder } from '../../../src/domain/market/price-ladder.ts';
import { nodeFor, type RestingOrder } from '../../../src/domain/market/resting-order.ts';
import { MAX_CENTS } from '../../../src/domain/money.ts';
import type { Result } from '../../../src/domain/result.ts';
import { bookRules, placeCommand } from '../../support/book-rules.ts';

const NOW = 1_000;

/** A book with short commands: every order is placed by the user named first. */
function openBook(rules: Partial<BookRules> = {}) {
  const book = new Book(bookRules({ collarFactor: null, ...rules }));
  const place = (user: string, side: Side, price: number, changes: Partial<PlaceCommand> = {}, now = NOW) =>
    book.place(placeCommand(side, user, price, changes), now);
  return { book, place };
}

function accepted(result: Result<Change, Rejection>): Change {
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

function refusal(result: Result<Change, Rejection>): Rejection {
  if (result.ok) throw new Error('accepted');
  return result.error;
}

/** `[price, quantity]` of each fill. */
const fillsOf = (result: Result<Change, Rejection>) =>
  accepted(result).fills.map(({ priceCents, quantity }) => [priceCents, quantity]);

/** Status and reason of each order in the change. */
const endsOf = (change: Change) =>
  change.orders.map(({ seq, status, closeReason }) => [seq, status, closeReason]);

describe('SN-19: bid 200 and ask 220 rest, bid 225 matches at 220', () => {
  test.each(PRICE_RULES)('under the price rule %s', (priceRule) => {
    const { book, place } = openBook({ priceRule, collarFactor: 5 });
    accepted(place('ann', 'bid', 20_000));
    accepted(place('ben', 'ask', 22_000));
    expect([book.bestBid()?.priceCents, book.bestAsk()?.priceCents]).toEqual([20_000, 22_000]);
    const change = accepted(place('cat', 'bid', 22_500));
    expect(change).toMatchObject({
      seq: 3,
      fills: [
        {
          bidSeq: 3,
          askSeq: 2,
          buyerId: 'cat',
          sellerId: 'ben',
          priceCents: 22_000,
          quantity: 1,
          takerSide: 'bid',
        },
      ],
      levels: [['ask', 22_000, 0, 0]],
      prevented: [],
    });
    expect(endsOf(change)).toEqual([
      [3, 'matched', 'filled'],
      [2, 'matched', 'filled'],
    ]);
    expect(book.depth(10)).toEqual({ bids: [[20_000, 1, 1]], asks: [] });
    expect(book.lastSale).toEqual({ priceCents: 22_000, atMs: NOW });
  });
});

describe('matching', () => {
  test('an ask below a resting bid executes at the ask or at the maker, as the book is set', () => {
    for (const [priceRule, price] of [
      ['ask', 21_000],
      ['maker', 22_000],
    ] as const) {
      const { place } = openBook({ priceRule });
      place('ann', 'bid', 22_000);
      expect(fillsOf(place('ben', 'ask', 21_000))).toEqual([[price, 1]]);
    }
  });

  test('a sweep takes the best price first, then who came first, and rests with what is left', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 102, { quantity: 2 });
    place('ben', 'ask', 101, { quantity: 1 });
    place('cat', 'ask', 101, { quantity: 3 });
    place('dov', 'ask', 104);
    const change = accepted(place('eve', 'bid', 103, { quantity: 10 }));
    expect(change.fills.map(({ askSeq, quantity }) => [askSeq, quantity])).toEqual([
      [2, 1],
      [3, 3],
      [1, 2],
    ]);
    expect(change.levels).toEqual([
      ['ask', 101, 0, 0],
      ['ask', 102, 0, 0],
      ['bid', 103, 4, 1],
    ]);
    expect(book.order(5)).toMatchObject({ filled: 6, status: 'active', version: 1 });
  });

  test('a partly filled maker keeps its place and counts a version', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100, { quantity: 3 });
    place('ben', 'ask', 100, { quantity: 3 });
    place('cat', 'bid', 100);
    expect(book.order(1)).toMatchObject({ filled: 1, version: 2 });
    expect(accepted(place('cat', 'bid', 100)).fills[0]?.askSeq).toBe(1);
  });

  test('IOC is accepted and never rests, with or without a fill', () => {
    const { book, place } = openBook();
    expect(endsOf(accepted(place('ann', 'bid', 100, { timeInForce: 'ioc' })))).toEqual([
      [1, 'cancelled', 'remainder'],
    ]);
    place('ben', 'ask', 100);
    const change = accepted(place('ann', 'bid', 100, { timeInForce: 'ioc', quantity: 2 }));
    expect(change.orders[0]).toMatchObject({ filled: 1, status: 'cancelled', closeReason: 'remainder' });
    expect(book.openOrderCount()).toBe(0);
  });

  test('FOK fills in whole or is refused', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100, { quantity: 2 });
    place('ben', 'ask', 105, { quantity: 2 });
    const order = { timeInForce: 'fok', quantity: 4 } as const;
    expect(refusal(place('cat', 'bid', 104, order))).toEqual({
      code: 'fok_unfillable',
      availableQuantity: 2,
    });
    expect(book.lastSeq).toBe(2);
    expect(fillsOf(place('cat', 'bid', 105, order))).toEqual([
      [100, 2],
      [105, 2],
    ]);
  });

  test('post-only rests or is refused', () => {
    const { place } = openBook();
    place('ann', 'ask', 100);
    expect(refusal(place('ben', 'bid', 100, { postOnly: true }))).toEqual({
      code: 'post_only_would_cross',
      bestPriceCents: 100,
    });
    expect(accepted(place('ben', 'bid', 99, { postOnly: true })).levels).toEqual([['bid', 99, 1, 1]]);
  });
});

describe('self-trade', () => {
  test('cancel_newest refuses an order that would only meet its own user, and does not look behind', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100);
    place('ben', 'ask', 100);
    expect(refusal(place('ann', 'bid', 100))).toEqual({ code: 'self_trade_prevented', makerSeq: 1 });
    expect(book.openOrderCount('ask')).toBe(2);
  });

  test('cancel_newest ends a sweep at an own order and records the match it prevented', () => {
    const { book, place } = openBook();
    place('ben', 'ask', 100);
    place('ann', 'ask', 101, { quantity: 2 });
    const change = accepted(place('ann', 'bid', 105, { quantity: 4 }));
    expect(change.orders[0]).toMatchObject({ filled: 1, status: 'cancelled', closeReason: 'self_trade' });
    expect(change.prevented).toEqual([{ makerSeq: 2, takerUserId: 'ann', priceCents: 101, quantity: 2 }]);
    expect(book.depth(9)).toEqual({ bids: [], asks: [[101, 2, 1]] });
  });

  test('cancel_oldest cancels the own orders it meets and goes on', () => {
    const { place } = openBook({ selfTrade: 'cancel_oldest' });
    place('ann', 'ask', 100);
    place('ben', 'ask', 101);
    const change = accepted(place('ann', 'bid', 101));
    expect(endsOf(change)).toEqual([
      [3, 'matched', 'filled'],
      [1, 'cancelled', 'self_trade'],
      [2, 'matched', 'filled'],
    ]);
    expect(change.prevented).toHaveLength(1);
  });

  test('FOK counts only what it may take', () => {
    for (const [selfTrade, available] of [
      ['cancel_newest', 1],
      ['cancel_oldest', 2],
    ] as const) {
      const { place } = openBook({ selfTrade });
      place('ben', 'ask', 100);
      place('ann', 'ask', 101);
      place('ben', 'ask', 102);
      const order = { timeInForce: 'fok', quantity: 3 } as const;
      expect(refusal(place('ann', 'bid', 110, order))).toMatchObject({ availableQuantity: available });
    }
  });
});

describe('expiry', () => {
  const due = { expiresAtMs: NOW + 10 };

  test('an order never trades at or after its expiry, and the next accepted command reports it', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100, due);
    place('ben', 'ask', 101);
    const change = accepted(place('cat', 'bid', 105, {}, NOW + 10));
    expect(change.fills).toMatchObject([{ askSeq: 2, priceCents: 101 }]);
    expect(endsOf(change)).toEqual([
      [3, 'matched', 'filled'],
      [1, 'expired', 'expired'],
      [2, 'matched', 'filled'],
    ]);
    expect(book.nextExpiryMs()).toBeNull();
  });

  test('a refused command expires nothing, yet looks past what is due', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100, due);
    place('ben', 'ask', 101);
    const refused = place('cat', 'bid', 105, { postOnly: true }, NOW + 10);
    expect(refusal(refused)).toMatchObject({ bestPriceCents: 101 });
    expect(book.openOrderCount()).toBe(2);
    expect(place('cat', 'bid', 100, { postOnly: true }, NOW + 10).ok).toBe(true);
  });

  test('a due order can be neither cancelled nor amended, and does not count against the limit', () => {
    const { book, place } = openBook({ maxOpenOrdersPerUser: 1 });
    place('ann', 'ask', 100, due);
    expect(refusal(book.cancel(1, 'ann', 'user', NOW + 10)).code).toBe('not_resting');
    expect(refusal(book.amend(1, 'ann', { priceCents: 90 }, NOW + 10)).code).toBe('not_resting');
    expect(refusal(place('ann', 'ask', 110)).code).toBe('open_order_limit');
    expect(place('ann', 'ask', 110, {}, NOW + 10).ok).toBe(true);
  });

  test('a level that a command empties and opens again is reported once', () => {
    const { place } = openBook();
    place('ann', 'bid', 100, due);
    expect(accepted(place('ben', 'bid', 100, { quantity: 3 }, NOW + 10)).levels).toEqual([
      ['bid', 100, 3, 1],
    ]);
  });

  test('expireDue goes by time, up to its limit', () => {
    const { book, place } = openBook();
    for (const ms of [30, 10, 20, 10]) place('ann', 'bid', 100, { expiresAtMs: NOW + ms });
    expect(book.expireDue(NOW + 9, 9)).toBeNull();
    expect(book.nextExpiryMs()).toBe(NOW + 10);
    expect(book.expireDue(NOW + 20, 2)?.orders.map(({ seq }) => seq)).toEqual([2, 4]);
    expect(book.expireDue(NOW + 20, 2)?.orders.map(({ seq }) => seq)).toEqual([3]);
    expect(book.nextExpiryMs()).toBe(NOW + 30);
  });

  test('orders that are long gone leave the live ones their expiry', () => {
    const { book, place } = openBook();
    place('ann', 'bid', 50, { expiresAtMs: NOW + 5_000 });
    for (let count = 0; count < 300; count += 1) {
      const { seq } = accepted(place('ben', 'ask', 100, { expiresAtMs: NOW + 100 + count }));
      if (count % 2 === 0) book.cancel(seq, 'ben', 'user', NOW);
      else place('cat', 'bid', 100);
    }
    expect(book.nextExpiryMs()).toBe(NOW + 5_000);
    expect(book.expireDue(NOW + 5_000, 9)?.orders.map(({ seq }) => seq)).toEqual([1]);
  });
});

describe('amend', () => {
  test('a smaller quantity keeps the place; more quantity, a price or an expiry gives it up', () => {
    const cases = [
      { patch: { quantity: 2 }, first: 1 },
      { patch: { quantity: 4 }, first: 2 },
      { patch: { expiresAtMs: NOW + 50 }, first: 2 },
      { patch: { quantity: 2, expiresAtMs: NOW + 50 }, first: 2 },
      { patch: { priceCents: 101 }, first: 2 },
    ];
    for (const { patch, first } of cases) {
      const { book, place } = openBook();
      place('ann', 'ask', 100, { quantity: 3 });
      place('ben', 'ask', 100);
      const change = accepted(book.amend(1, 'ann', patch, NOW));
      expect(change.orders).toMatchObject([{ seq: 1, version: 2, prioritySeq: first === 1 ? 1 : 3 }]);
      expect(accepted(place('cat', 'bid', 105)).fills[0]?.askSeq).toBe(first);
    }
  });

  test('a new price may match at once, under the same id', () => {
    const { book, place } = openBook();
    place('ann', 'bid', 90, { quantity: 2 });
    place('ben', 'ask', 100);
    const change = accepted(book.amend(1, 'ann', { priceCents: 100 }, NOW));
    expect(change.fills).toMatchObject([{ bidSeq: 1, askSeq: 2, takerSide: 'bid' }]);
    expect(change.levels).toEqual([
      ['bid', 90, 0, 0],
      ['ask', 100, 0, 0],
      ['bid', 100, 1, 1],
    ]);
  });

  test.each<[string, Parameters<Book['amend']>[2], Rejection['code'], string?]>([
    ['another user', { quantity: 1 }, 'not_resting', 'eve'],
    ['nothing new', { quantity: 5, priceCents: 90 }, 'nothing_to_amend'],
    ['no more than is filled', { quantity: 2 }, 'quantity_below_filled'],
    ['no quantity', { quantity: 0 }, 'invalid_quantity'],
    ['an expiry in the past', { expiresAtMs: NOW }, 'order_expired'],
    ['a price off the tick', { priceCents: 92 }, 'price_off_tick'],
    ['a price outside the collar', { priceCents: 5 }, 'price_outside_collar'],
    ['an own order in the way', { priceCents: 110 }, 'self_trade_prevented'],
  ])('is refused and leaves the order as it was: %s', (_, patch, code, user = 'ann') => {
    const { book, place } = openBook({ tickCents: 5, collarFactor: 5 });
    place('ann', 'bid', 90, { quantity: 5 });
    place('ben', 'ask', 90, { quantity: 2 });
    place('ann', 'ask', 110);
    const before = [...book.resting()];
    expect(refusal(book.amend(1, user, patch, NOW)).code).toBe(code);
    expect([...book.resting()]).toEqual(before);
    expect(book.lastSeq).toBe(3);
  });

  test('a post-only order that would cross is refused; a GTT order keeps an expiry', () => {
    const { book, place } = openBook();
    place('ann', 'bid', 90, { postOnly: true, timeInForce: 'gtt', expiresAtMs: NOW + 9 });
    place('ben', 'ask', 100);
    expect(refusal(book.amend(1, 'ann', { priceCents: 100 }, NOW)).code).toBe('post_only_would_cross');
    expect(refusal(book.amend(1, 'ann', { expiresAtMs: null }, NOW)).code).toBe('invalid_expiry');
  });
});

describe('guards', () => {
  test.each<[Partial<PlaceCommand>, Rejection]>([
    [{ priceCents: 0 }, { code: 'invalid_price' }],
    [{ priceCents: -5 }, { code: 'invalid_price' }],
    [{ priceCents: 2.5 }, { code: 'invalid_price' }],
    [{ priceCents: Number.NaN }, { code: 'invalid_price' }],
    [{ priceCents: MAX_CENTS + 5 }, { code: 'invalid_price' }],
    [{ priceCents: 2 ** 53 }, { code: 'invalid_price' }],
    [{ priceCents: 101 }, { code: 'price_off_tick', tickCents: 5 }],
    [{ quantity: 0 }, { code: 'invalid_quantity', maxQuantity: MAX_ORDER_QUANTITY }],
    [{ quantity: 101 }, { code: 'invalid_quantity', maxQuantity: MAX_ORDER_QUANTITY }],
    [{ quantity: 1.5 }, { code: 'invalid_quantity', maxQuantity: MAX_ORDER_QUANTITY }],
    [{ expiresAtMs: NOW }, { code: 'order_expired' }],
    [{ expiresAtMs: Number.NaN }, { code: 'invalid_expiry' }],
    [{ timeInForce: 'gtt' }, { code: 'invalid_expiry' }],
    [{ priceCents: 505 }, { code: 'price_outside_collar', referenceCents: 100, factor: 5 }],
    [{ priceCents: 15 }, { code: 'price_outside_collar', referenceCents: 100, factor: 5 }],
  ])('%o is refused', (changes, rejection) => {
    const { book, place } = openBook({ tickCents: 5, collarFactor: 5, retailCents: 100 });
    expect(refusal(place('ann', 'bid', 100, changes))).toEqual(rejection);
    expect(book.lastSeq).toBe(0);
  });

  test('the collar measures from the last sale, else the midpoint, else retail, and yields to confirm', () => {
    const { book, place } = openBook({ collarFactor: 5, retailCents: 300 });
    expect(book.referencePrice(NOW)).toBe(300);
    place('ann', 'bid', 100, { expiresAtMs: NOW + 5 });
    expect(book.referencePrice(NOW)).toBe(300);
    place('ben', 'ask', 201);
    expect(book.referencePrice(NOW)).toBe(150);
    expect(book.referencePrice(NOW + 5)).toBe(300);
    book.recordSale(40, NOW - 5);
    book.recordSale(90, NOW - 9);
    expect(book.referencePrice(NOW)).toBe(40);
    expect(place('cat', 'bid', 200).ok).toBe(true);
    expect(refusal(place('cat', 'ask', 202, {})).code).toBe('price_outside_collar');
    expect(place('cat', 'ask', 202, { confirm: true }).ok).toBe(true);
  });

  test('the open-order limit holds only orders that would rest', () => {
    const { place } = openBook({ maxOpenOrdersPerUser: 1 });
    place('ben', 'ask', 100);
    place('ann', 'bid', 90);
    expect(refusal(place('ann', 'bid', 91))).toEqual({ code: 'open_order_limit', limit: 1 });
    expect(refusal(place('ann', 'bid', 100, { quantity: 2 })).code).toBe('open_order_limit');
    expect(place('ann', 'bid', 100, { quantity: 2, timeInForce: 'ioc' }).ok).toBe(true);
  });

  test.each([
    ['cancel_only', 'book_cancel_only'],
    ['halted', 'book_halted'],
  ] as const)('a book that is %s takes cancels alone', (status, code) => {
    const { book, place } = openBook();
    place('ann', 'bid', 100);
    const ruled = book.setRules({ status }, NOW);
    expect(ruled).toEqual({ seq: 2, atMs: NOW, orders: [], fills: [], levels: [], prevented: [] });
    expect(refusal(place('ben', 'bid', 100)).code).toBe(code);
    expect(refusal(book.amend(1, 'ann', { quantity: 2 }, NOW)).code).toBe(code);
    expect(book.cancel(1, 'ann', 'user', NOW).ok).toBe(true);
  });
});

describe('cancel', () => {
  test('by its owner or the operator, once, and not after a match', () => {
    const { book, place } = openBook();
    place('ann', 'bid', 100);
    place('ann', 'bid', 99);
    expect(refusal(book.cancel(1, 'eve', 'user', NOW)).code).toBe('not_resting');
    expect(endsOf(accepted(book.cancel(1, 'ann', 'user', NOW)))).toEqual([[1, 'cancelled', 'user']]);
    expect(refusal(book.cancel(1, 'ann', 'user', NOW)).code).toBe('not_resting');
    expect(endsOf(accepted(book.cancel(2, null, 'admin', NOW)))).toEqual([[2, 'cancelled', 'admin']]);
    place('ann', 'bid', 100);
    place('ben', 'ask', 100);
    expect(refusal(book.cancel(5, 'ann', 'user', NOW)).code).toBe('not_resting');
  });

  test('of everything, one user or everyone', () => {
    const { book, place } = openBook();
    place('ann', 'bid', 100);
    place('ben', 'bid', 101);
    place('ann', 'ask', 110);
    expect(book.cancelAll('eve', 'user', NOW)).toBeNull();
    expect(book.cancelAll('ann', 'user', NOW)?.orders.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(book.openOrders('ann')).toEqual([]);
    expect(book.cancelAll(null, 'admin', NOW)?.orders.map(({ seq }) => seq)).toEqual([2]);
    expect(book.openOrderCount()).toBe(0);
  });
});

describe('reads', () => {
  test('a quote adds up the orders and stops or passes at own orders as the book would', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100, { quantity: 2 });
    place('ben', 'ask', 100);
    place('ben', 'ask', 103, { quantity: 5 });
    expect(book.quote('bid', 4, NOW)).toEqual({
      filled: 4,
      totalCents: 403,
      worstPriceCents: 103,
      fills: [
        [100, 2],
        [100, 1],
        [103, 1],
      ],
    });
    expect(book.quote('bid', 4, NOW, 'ben')).toMatchObject({ filled: 2, fills: [[100, 2]] });
    book.setRules({ selfTrade: 'cancel_oldest' }, NOW);
    expect(book.quote('bid', 4, NOW, 'ann')).toMatchObject({ filled: 4, totalCents: 409 });
    expect(book.quote('ask', 1, NOW)).toEqual({ filled: 0, totalCents: 0, worstPriceCents: null, fills: [] });
  });

  test('a snapshot does not change with the order', () => {
    const { book, place } = openBook();
    const placed = accepted(place('ann', 'ask', 100, { quantity: 2 })).orders[0];
    place('ben', 'bid', 100);
    expect(placed).toMatchObject({ filled: 0, version: 1 });
    expect(book.order(1)).toMatchObject({ filled: 1, version: 2 });
  });
});

describe('restore', () => {
  test('an order comes back at its own place, also in the middle of its level', () => {
    const { book, place } = openBook();
    for (const user of ['ann', 'ben', 'cat']) place(user, 'ask', 100);
    const middle = book.order(2)!;
    book.cancel(2, null, 'admin', NOW);
    book.restore(middle);
    expect([...book.resting()].map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(accepted(place('dov', 'bid', 100, { quantity: 2 })).fills.map(({ askSeq }) => askSeq)).toEqual([
      1, 2,
    ]);
    expect(book.lastSeq).toBe(5);
  });

  test('what is closed or already there is an error of the caller', () => {
    const { book, place } = openBook();
    const { orders } = accepted(place('ann', 'ask', 100));
    expect(() => book.restore(orders[0]!)).toThrow(RangeError);
    const closed = accepted(book.cancel(1, 'ann', 'user', NOW)).orders[0]!;
    expect(() => book.restore(closed)).toThrow(RangeError);
  });

  test('a rebuilt book never gives a sequence out twice', () => {
    const { book, place } = openBook();
    place('ann', 'ask', 100);
    const [order] = [...book.resting()];
    expect(Book.rebuild(bookRules(), { lastSeq: 0, lastSale: null }, [order!]).lastSeq).toBe(1);
    expect(Book.rebuild(bookRules(), { lastSeq: 9, lastSale: null }, [order!]).lastSeq).toBe(9);
  });
});

describe('a wide ladder', () => {
  test.each(['bid', 'ask'] as const)(
    'thousands of %s levels stay in order as they open and close',
    (side) => {
      const ladder = new PriceLadder(side);
      const orders: RestingOrder[] = [];
      const prices = new Set<number>();
      // 7919 is prime to 10 007, so the prices are all different and far from sorted.
      for (let index = 1; index <= 3_000; index += 1) {
        const priceCents = (index * 7_919) % 10_007;
        const state = { ...restingState, seq: index, prioritySeq: index, side, priceCents };
        const order = nodeFor(state, { userId: 'ann', orderCount: 0, first: null });
        ladder.insert(order);
        orders.push(order);
        prices.add(priceCents);
        if (index % 3 === 0) {
          const [gone] = orders.splice((index * 31) % orders.length, 1);
          ladder.remove(gone!);
          prices.delete(gone!.state.priceCents);
        }
      }
      const direction = side === 'bid' ? -1 : 1;
      const expected = [...prices].sort((a, b) => direction * (a - b));
      expect([...ladder.levels()].map(({ priceCents }) => priceCents)).toEqual(expected);
      expect(ladder.best?.priceCents).toBe(expected[0]);
      while (ladder.best !== null) {
        expect(ladder.best.priceCents).toBe(expected.shift());
        ladder.remove(ladder.best.head!);
      }
      expect(expected).toEqual([]);
    },
  );
});

const restingState = {
  ...placeCommand('bid', 'ann', 100),
  seq: 1,
  prioritySeq: 1,
  filled: 0,
  createdAtMs: NOW,
  updatedAtMs: NOW,
  status: 'active',
  closeReason: null,
  version: 1,
} as const;
