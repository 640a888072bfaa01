import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Book } from '../../../src/domain/market/book.ts';
import {
  BOOK_STATUSES,
  type BookRules,
  type Change,
  type OrderState,
  PRICE_RULES,
  type Rejection,
  SELF_TRADE_MODES,
  SIDES,
  TIMES_IN_FORCE,
} from '../../../src/domain/market/order.ts';
import type { Result } from '../../../src/domain/result.ts';
import { bookRules } from '../../support/book-rules.ts';
import { ladderOf, NaiveBook, type NaiveChange, type NaiveResult } from '../../support/naive-book.ts';

/** 4 books of rules x this many sequences of up to 60 commands. */
const SEQUENCES = 600;
const USERS = ['ann', 'ben', 'cat', 'dov', 'eve'];

// Few prices, users and times, so that levels are shared, orders meet and expiries fall due all the time.
const userId = fc.constantFrom(...USERS);
const priceCents = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 8, max: 16 }).map((ticks) => ticks * 5) },
  { weight: 1, arbitrary: fc.constantFrom(0, -5, 2.5, 42, 5, 300, 10 ** 12 + 5) },
);
const quantity = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1.5, 100, 101) },
);
/** Milliseconds from now; null is no expiry. */
const lifetime = fc.option(fc.integer({ min: -1, max: 25 }), { nil: null, freq: 2 });
/** Picks one of the open orders, whatever they are by then. */
const pick = fc.nat(1000);

const placeStep = fc.record({
  kind: fc.constant('place' as const),
  side: fc.constantFrom(...SIDES),
  userId,
  priceCents,
  quantity,
  timeInForce: fc.oneof(
    { weight: 3, arbitrary: fc.constant('gtc' as const) },
    fc.constantFrom(...TIMES_IN_FORCE),
  ),
  postOnly: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
  lifetime,
  confirm: fc.boolean(),
});
const amendStep = fc.record({
  kind: fc.constant('amend' as const),
  pick,
  isOwner: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  priceCents: fc.option(priceCents, { nil: undefined }),
  quantity: fc.option(quantity, { nil: undefined }),
  lifetime: fc.option(lifetime, { nil: undefined }),
  confirm: fc.boolean(),
});
const cancelStep = fc.record({
  kind: fc.constant('cancel' as const),
  pick,
  by: fc.constantFrom('owner', 'owner', 'owner', 'admin', 'stranger'),
});
const rulesStep = fc.record({
  kind: fc.constant('rules' as const),
  changes: fc.oneof(
    fc.record({ status: fc.constantFrom('open' as const, 'open' as const, ...BOOK_STATUSES) }),
    fc.record({ tickCents: fc.constantFrom(1, 5, 10) }),
    fc.record({ maxOpenOrdersPerUser: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ collarFactor: fc.constantFrom(null, 1.2, 5), retailCents: fc.constantFrom(null, 60) }),
  ),
});
const step = fc.record({
  waitMs: fc.integer({ min: 0, max: 3 }),
  command: fc.oneof(
    { weight: 60, arbitrary: placeStep },
    { weight: 16, arbitrary: amendStep },
    { weight: 10, arbitrary: cancelStep },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('expire' as const), limit: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('cancelAll' as const), userId: fc.option(userId) }),
    },
    { weight: 4, arbitrary: rulesStep },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('sale' as const), priceCents: fc.constantFrom(20, 60, 90) }),
    },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Both books side by side, and a replica that knows only what the changes said. */
class Pair {
  readonly engine: Book;
  readonly naive: NaiveBook;
  readonly replica = { bid: new Map<number, number[]>(), ask: new Map<number, number[]>() };
  private readonly filledBefore = new Map<number, number>();
  private nowMs = 1_000;

  constructor(rules: BookRules) {
    this.engine = new Book(rules);
    this.naive = new NaiveBook(rules);
  }

  run({ waitMs, command }: Step): void {
    this.nowMs += waitMs;
    const now = this.nowMs;
    const expiry = (life: number | null) => (life === null ? null : now + life);
    switch (command.kind) {
      case 'place': {
        const order = { ...command, clientId: null, expiresAtMs: expiry(command.lifetime) };
        this.compare(this.engine.place(order, now), this.naive.place(order, now));
        break;
      }
      case 'amend': {
        const { seq, owner } = this.target(command.pick);
        const by = command.isOwner ? owner : 'stranger';
        const expiresAtMs = command.lifetime === undefined ? undefined : expiry(command.lifetime);
        const patch = { ...command, expiresAtMs };
        this.compare(this.engine.amend(seq, by, patch, now), this.naive.amend(seq, by, patch, now));
        break;
      }
      case 'cancel': {
        const { seq, owner } = this.target(command.pick);
        const by = { owner, admin: null, stranger: 'stranger' }[command.by] ?? null;
        this.compare(this.engine.cancel(seq, by, 'user', now), this.naive.cancel(seq, by, 'user', now));
        break;
      }
      case 'expire':
        this.compareChange(
          this.engine.expireDue(now, command.limit),
          this.naive.expireDue(now, command.limit),
        );
        break;
      case 'cancelAll':
        this.compareChange(
          this.engine.cancelAll(command.userId, 'admin', now),
          this.naive.cancelAll(command.userId, 'admin', now),
        );
        break;
      case 'rules':
        this.compareChange(
          this.engine.setRules(command.changes, now),
          this.naive.setRules(command.changes, now),
        );
        break;
      case 'sale':
        this.engine.recordSale(command.priceCents, now - 5);
        this.naive.recordSale(command.priceCents, now - 5);
        this.compareState();
    }
  }

  private target(index: number): { seq: number; owner: string } {
    const open = this.naive.resting();
    const order = open[index % (open.length + 1)];
    return order === undefined ? { seq: 1, owner: 'ann' } : { seq: order.seq, owner: order.userId };
  }

  private compare(engine: Result<Change, Rejection>, naive: NaiveResult): void {
    const naiveCode = 'refused' in naive ? naive.refused : 'accepted';
    expect(engine.ok ? 'accepted' : engine.error.code).toBe(naiveCode);
    if (engine.ok && 'change' in naive) this.compareChange(engine.value, naive.change);
    else this.compareState();
  }

  private compareChange(change: Change | null, naive: NaiveChange | null): void {
    if (change === null || naive === null) {
      expect(change).toBe(naive);
      this.compareState();
      return;
    }
    const { levels, ...rest } = change;
    expectSame(rest, naive);
    this.checkFills(change);
    for (const [side, price, total, count] of levels) {
      if (total === 0) this.replica[side].delete(price);
      else this.replica[side].set(price, [price, total, count]);
    }
    expect(new Set(levels.map(([side, price]) => `${side} ${price}`)).size).toBe(levels.length);
    expect(new Set(change.orders.map(({ seq }) => seq)).size).toBe(change.orders.length);
    this.compareState();
  }

  /** Quantity is conserved, nobody trades with themselves, nothing expired trades, nobody better was passed over. */
  private checkFills({ fills, orders, atMs }: Change): void {
    const states = new Map(orders.map((order) => [order.seq, order]));
    let filledByOrders = 0;
    for (const { seq, filled, quantity: total } of orders) {
      expect(filled).toBeLessThanOrEqual(total);
      filledByOrders += filled - (this.filledBefore.get(seq) ?? 0);
      this.filledBefore.set(seq, filled);
    }
    expect(filledByOrders).toBe(2 * fills.reduce((sum, fill) => sum + fill.quantity, 0));
    let worst: OrderState | null = null;
    for (const fill of fills) {
      expect(fill.buyerId).not.toBe(fill.sellerId);
      const bid = states.get(fill.bidSeq)!;
      const ask = states.get(fill.askSeq)!;
      expect(bid.expiresAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(atMs);
      expect(ask.expiresAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(atMs);
      expect(fill.priceCents).toBeGreaterThanOrEqual(ask.priceCents);
      expect(fill.priceCents).toBeLessThanOrEqual(bid.priceCents);
      const maker = fill.takerSide === 'bid' ? ask : bid;
      if (worst !== null) expect(isBetter(worst, maker)).toBe(true);
      worst = maker;
    }
    if (worst === null) return;
    const side = worst.side;
    const passedOver = [...this.engine.resting()].filter(
      (other) => other.side === side && isBetter(other, worst),
    );
    expect(passedOver).toEqual([]);
  }

  private compareState(): void {
    const { engine, naive } = this;
    const resting = [...engine.resting()];
    const depth = engine.depth(1_000);
    expectSame(resting, naive.resting());
    expectSame(depth, naive.depth());
    expectSame(
      {
        bids: [...this.replica.bid.values()].sort((a, b) => b[0]! - a[0]!),
        asks: [...this.replica.ask.values()].sort((a, b) => a[0]! - b[0]!),
      },
      depth,
    );
    expect(engine.lastSeq).toBe(naive.lastSeq);
    expectSame(engine.lastSale, naive.lastSale);
    expect(engine.nextExpiryMs()).toBe(naive.nextExpiryMs());
    expect(engine.openOrderCount()).toBe(resting.length);
    expect(engine.openOrderCount('bid')).toBe(resting.filter(({ side }) => side === 'bid').length);
    const [bid, ask] = [engine.bestBid(), engine.bestAsk()];
    expectSame([bid?.priceCents, ask?.priceCents], [depth.bids[0]?.[0], depth.asks[0]?.[0]]);
    if (bid !== null && ask !== null) expect(bid.priceCents).toBeLessThan(ask.priceCents);
  }

  checkAtEnd(): void {
    for (const user of USERS) expectSame(this.engine.openOrders(user), this.naive.openOrders(user));
    const { rules, lastSeq, lastSale } = this.engine;
    const resting = [...this.engine.resting()];
    const rebuilt = Book.rebuild(rules, { lastSeq, lastSale }, [...resting].reverse());
    expectSame([...rebuilt.resting()], resting);
    expectSame(rebuilt.depth(1_000), this.engine.depth(1_000));
    expectSame(ladderOf(resting, 'ask'), rebuilt.depth(1_000).asks);
    // The two must also go on alike: expiry, accounts and sequence are part of the book.
    const later = this.nowMs + 10;
    expectSame(rebuilt.expireDue(later, 3), this.engine.expireDue(later, 3));
    expectSame(rebuilt.cancelAll('ann', 'user', later), this.engine.cancelAll('ann', 'user', later));
    expect(rebuilt.lastSeq).toBe(this.engine.lastSeq);
  }
}

function isBetter(a: OrderState, b: OrderState): boolean {
  if (a.priceCents !== b.priceCents)
    return a.side === 'bid' ? a.priceCents > b.priceCents : a.priceCents < b.priceCents;
  return a.prioritySeq < b.prioritySeq;
}

/** Compares as JSON, which is fast; only a difference pays for a readable one. */
function expectSame(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

describe('random commands agree with a naive book', () => {
  for (const priceRule of PRICE_RULES) {
    for (const selfTrade of SELF_TRADE_MODES) {
      test(`price rule ${priceRule}, self-trade ${selfTrade}`, () => {
        fc.assert(
          fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
            const pair = new Pair(bookRules({ priceRule, selfTrade, tickCents: 5, maxOpenOrdersPerUser: 4 }));
            for (const each of steps) pair.run(each);
            pair.checkAtEnd();
          }),
          { numRuns: SEQUENCES },
        );
      });
    }
  }
});
