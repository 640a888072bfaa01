import { describe, expect, test } from 'vitest';
import { Book } from '../../../src/domain/market/book.ts';
import type { Change, OrderState, PlaceCommand, Side } from '../../../src/domain/market/order.ts';
import { bookRules, placeCommand } from '../../support/book-rules.ts';

const NOW = 1_000;

function openBook() {
  const book = new Book(bookRules({ collarFactor: null }));
  const place = (user: string, side: Side, price: number, changes: Partial<PlaceCommand> = {}): Change => {
    const result = book.place(placeCommand(side, user, price, changes), NOW);
    if (!result.ok) throw new Error(result.error.code);
    return result.value;
  };
  /** The order as the last command that touched it left it. */
  const relink = (order: OrderState, quantity = 1, nowMs = NOW) => book.relink(order, quantity, nowMs);
  return { book, place, relink };
}

const orderIn = (change: Change, seq: number): OrderState =>
  change.orders.find((order) => order.seq === seq)!;
const queueOf = (book: Book, side: Side): number[] =>
  [...book.resting()].filter((order) => order.side === side).map((order) => order.seq);

describe('an order whose match failed (C.2.6)', () => {
  test('comes back in front of those who came after it', () => {
    const { book, place, relink } = openBook();
    place('ann', 'ask', 100);
    place('ben', 'ask', 100);
    const match = place('cat', 'bid', 100);
    expect(queueOf(book, 'ask')).toEqual([2]);
    const back = relink(orderIn(match, 1));
    expect(back).toMatchObject({
      ok: true,
      value: {
        seq: 4,
        orders: [{ seq: 1, status: 'active', closeReason: null, filled: 0, relinks: 1 }],
        fills: [],
        levels: [['ask', 100, 2, 2]],
      },
    });
    expect(queueOf(book, 'ask')).toEqual([1, 2]);
  });

  test('gets back the part that failed, and keeps the rest of its fills', () => {
    const { book, place, relink } = openBook();
    place('ann', 'ask', 100, { quantity: 5 });
    place('ben', 'bid', 100, { quantity: 2 });
    const second = place('cat', 'bid', 100, { quantity: 1 });
    const back = relink(orderIn(second, 1), 2);
    expect(back).toMatchObject({ ok: true, value: { orders: [{ quantity: 5, filled: 1 }] } });
    expect(book.depth(5).asks).toEqual([[100, 4, 1]]);
  });

  test('matches again at once when somebody waits at its price', () => {
    const { book, place, relink } = openBook();
    place('ann', 'ask', 100);
    const match = place('ben', 'bid', 110);
    place('cat', 'bid', 105);
    const back = relink(orderIn(match, 1));
    expect(back).toMatchObject({
      ok: true,
      value: { fills: [{ askSeq: 1, bidSeq: 3, sellerId: 'ann', buyerId: 'cat', priceCents: 100 }] },
    });
    expect(book.openOrderCount()).toBe(0);
    // A bid keeps its own price cap.
    place('dan', 'ask', 112);
    const bid = relink(orderIn(match, 2));
    expect(bid).toMatchObject({ ok: true, value: { fills: [], levels: [['bid', 110, 1, 1]] } });
  });

  test('comes back twice and no more', () => {
    const { place, relink } = openBook();
    place('ann', 'ask', 100);
    let last = orderIn(place('ben', 'bid', 100), 1);
    for (let time = 1; time <= 2; time += 1) {
      expect(relink(last)).toMatchObject({ ok: true, value: { orders: [{ relinks: time }] } });
      last = orderIn(place('ben', 'bid', 100), 1);
    }
    expect(relink(last)).toEqual({ ok: false, error: 'relinked_too_often' });
  });

  test('stays out when its owner or its time has ended it, or it was to fill at once and whole', () => {
    const { book, place, relink } = openBook();
    place('ann', 'ask', 100, { quantity: 2 });
    place('ben', 'bid', 100);
    const cancelled = book.cancel(1, 'ann', 'user', NOW);
    if (!cancelled.ok) throw new Error('refused');
    expect(relink(orderIn(cancelled.value, 1))).toEqual({ ok: false, error: 'closed' });

    place('ann', 'ask', 100, { expiresAtMs: NOW + 10 });
    const match = place('ben', 'bid', 100);
    const seq = match.seq - 1;
    expect(relink(orderIn(match, seq), 1, NOW + 10)).toEqual({ ok: false, error: 'closed' });
    expect(relink(orderIn(match, seq), 1, NOW + 9)).toMatchObject({ ok: true });

    place('cat', 'ask', 100);
    const whole = place('dan', 'bid', 100, { timeInForce: 'fok' });
    expect(relink(orderIn(whole, whole.seq))).toEqual({ ok: false, error: 'closed' });
  });

  test('waits while the book takes no orders, and never gets back more than it had filled', () => {
    const { book, place, relink } = openBook();
    place('ann', 'ask', 100);
    const match = place('ben', 'bid', 100);
    expect(() => relink(orderIn(match, 1), 2)).toThrow(RangeError);
    book.setRules({ status: 'halted' }, NOW);
    const seqBefore = book.lastSeq;
    expect(relink(orderIn(match, 1))).toEqual({ ok: false, error: 'not_now' });
    expect(book.lastSeq).toBe(seqBefore);
  });
});
