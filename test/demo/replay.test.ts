import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayOptions, replay } from '../../scripts/replay.ts';
import { planBooks, withoutOrders } from '../../scripts/support/replay-plan.ts';
import { createTally, formatReport, isClean, percentile } from '../../scripts/support/replay-report.ts';
import type { RecordedSale } from '../../scripts/support/sales-file.ts';
import { type FakeExchange, levelsOf, startFakeExchange } from './fake-exchange.ts';

const sale = (row: number, product: string, size: string, dollars: number): RecordedSale => ({
  row,
  date: '2018-01-01',
  product,
  size,
  priceCents: dollars * 100,
  rounded: false,
  retailCents: 22_000,
  released: '2017-02-25',
  brand: 'Yeezy',
});

const SALES = [
  sale(1, 'Zebra', '10', 300),
  sale(2, 'Zebra', '10', 290),
  sale(3, 'Zebra', '9', 310),
  sale(4, 'Butter', '10', 1500),
  sale(5, 'Zebra', '10', 305),
  sale(6, 'Butter', '10', 250),
];

describe('the plan of a replay', () => {
  const plans = planBooks(SALES, 'r1', 4);

  it('has one book per product and size, the longest first, sales in recorded order', () => {
    expect(plans.map((plan) => [plan.product, plan.size, plan.sales.map((planned) => planned.row)])).toEqual([
      ['Zebra', '10', [1, 2, 5]],
      ['Butter', '10', [4, 6]],
      ['Zebra', '9', [3]],
    ]);
  });

  it('lets the seller and the buyer of a row meet at its price', () => {
    expect(plans[0]!.sales[0]).toMatchObject({
      row: 1,
      priceCents: 30_000,
      ask: { side: 'ask', priceCents: 30_000, clientId: 'replay:r1:1:ask' },
      bid: { side: 'bid', priceCents: 30_000, clientId: 'replay:r1:1:bid' },
    });
  });

  it('keeps surrounding orders out of the range of the sales', () => {
    for (const plan of plans) {
      const prices = plan.sales.map((planned) => planned.priceCents);
      for (const order of plan.surrounding) {
        if (order.side === 'bid') expect(order.priceCents).toBeLessThan(Math.min(...prices));
        else expect(order.priceCents).toBeGreaterThan(Math.max(...prices));
      }
      expect(plan.surrounding).toHaveLength(4);
    }
  });

  it('places no surrounding bid where there is no price below', () => {
    const [plan] = planBooks([{ ...sale(1, 'Zebra', '10', 1), priceCents: 1 }], 'r1', 4);
    expect(plan!.surrounding.map((order) => order.side)).toEqual(['ask', 'ask']);
  });

  it('names every order once', () => {
    const ids = plans.flatMap((plan) => [
      ...plan.surrounding,
      ...plan.sales.flatMap(({ ask, bid }) => [ask, bid]),
    ]);
    expect(new Set(ids.map((order) => order.clientId)).size).toBe(ids.length);
  });

  it('takes planned orders out of levels', () => {
    const levels = {
      bids: [
        [100, 2, 2],
        [90, 1, 1],
      ],
      asks: [[200, 1, 1]],
    } as const;
    const order = { side: 'bid', trader: 0, clientId: 'x' } as const;
    expect(
      withoutOrders(levels, [
        { ...order, priceCents: 100 },
        { ...order, priceCents: 90 },
      ]),
    ).toEqual({
      bids: [[100, 1, 1]],
      asks: [[200, 1, 1]],
    });
  });
});

describe('the report of a replay', () => {
  it('is clean only when every sale matched and every book is unchanged', () => {
    const tally = createTally(2, 1);
    tally.orderAnswered(4, false);
    tally.orderAnswered(8, true);
    tally.saleMatched();
    tally.bookChecked('Zebra / 10', true);
    expect(isClean(tally.report(2))).toBe(false);
    tally.saleMatched();
    const report = tally.report(2);
    expect(isClean(report)).toBe(true);
    expect(report).toMatchObject({
      matched: 2,
      orders: 2,
      confirmed: 1,
      rounded: 1,
      ordersPerSecond: 1,
      p50Ms: 4,
      p99Ms: 8,
    });
    tally.bookChecked('Zebra / 9', false);
    expect(isClean(tally.report(2))).toBe(false);
    tally.saleRejected('ask refused: book_halted');
    expect(formatReport(tally.report(2))).toMatch(
      /rejected {2}1: ask refused: book_halted\nchanged {3}Zebra \/ 9$/,
    );
  });

  it('takes percentiles by nearest rank', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
    expect(percentile(new Float64Array(), 0.5)).toBe(0);
  });
});

describe('a replay against an exchange', () => {
  let exchange: FakeExchange;
  const options = (more: Partial<ReplayOptions> = {}): ReplayOptions => ({
    url: exchange.url,
    runId: 'r1',
    resumed: false,
    books: 2,
    rate: null,
    admin: { email: 'admin@bourse.example', password: 'demo' },
    output: { write: () => true },
    ...more,
  });
  const placed = () => [...exchange.books.values()].flatMap((book) => book.orders);

  beforeEach(async () => {
    exchange = await startFakeExchange();
  });
  afterEach(() => exchange.close());

  it('matches every sale at its price and leaves the books as they were', async () => {
    const report = await replay(SALES, options());
    expect(isClean(report)).toBe(true);
    expect(report).toMatchObject({ sales: 6, matched: 6, books: 3, orders: 2 * 6 + 4 * 3 });
    expect(placed().some((order) => order.open)).toBe(false);
  });

  it('resumes without placing anything twice', async () => {
    await replay(SALES, options());
    const first = placed().length;
    expect(isClean(await replay(SALES, options({ resumed: true })))).toBe(true);
    expect(placed()).toHaveLength(first);
    expect(exchange.products).toHaveLength(2);
  });

  it('resumes a run that stopped with orders on the book', async () => {
    exchange.intercept = (call) =>
      (call.body as { client_id?: string } | null)?.client_id === 'replay:r1:2:bid'
        ? { status: 403, body: { code: 'forbidden', detail: '' } }
        : call.method === 'DELETE'
          ? { status: 403, body: { code: 'forbidden', detail: '' } }
          : null;
    await expect(replay(SALES, options({ books: 1 }))).rejects.toThrow('forbidden');
    expect(placed().some((order) => order.open)).toBe(true);
    exchange.intercept = null;
    expect(isClean(await replay(SALES, options({ resumed: true })))).toBe(true);
    expect(placed().some((order) => order.open)).toBe(false);
  });

  it('confirms a price only when it is outside the collar', async () => {
    exchange.intercept = (call) => {
      const body = call.body as { price_cents?: number; confirm?: boolean } | null;
      const outside = body?.price_cents === 25_000 && body.confirm !== true;
      return outside ? { status: 422, body: { code: 'price_outside_collar', detail: '' } } : null;
    };
    const report = await replay(SALES, options());
    expect(isClean(report)).toBe(true);
    expect(report.confirmed).toBe(2);
    const confirmed = exchange.calls.filter((call) => (call.body as { confirm?: boolean } | null)?.confirm);
    expect(confirmed.map((call) => (call.body as { price_cents: number }).price_cents)).toEqual([
      25_000, 25_000,
    ]);
  });

  it('reports a refused sale with its reason, takes its ask back and goes on', async () => {
    exchange.intercept = (call) =>
      (call.body as { client_id?: string } | null)?.client_id === 'replay:r1:2:bid'
        ? { status: 409, body: { code: 'book_halted', detail: '' } }
        : null;
    const report = await replay(SALES, options());
    expect(isClean(report)).toBe(false);
    expect(report.matched).toBe(5);
    expect([...report.rejected]).toEqual([['bid refused: book_halted', 1]]);
    expect(report.changedBooks).toEqual([]);
  });

  it('notices a book that does not end as it began', async () => {
    let kept = false;
    exchange.intercept = (call) => {
      if (call.method !== 'DELETE' || kept) return null;
      kept = true;
      return { status: 200, body: { status: 'cancelled' } };
    };
    const report = await replay(SALES, options());
    expect(report.changedBooks).toHaveLength(1);
    expect(isClean(report)).toBe(false);
  });

  it('counts a match at another price as a failure', async () => {
    exchange.intercept = (call) =>
      (call.body as { client_id?: string } | null)?.client_id === 'replay:r1:3:bid'
        ? { status: 201, body: { bid: { id: 'bid_x' }, matches: [{ price_cents: 1, quantity: 1 }] } }
        : null;
    const report = await replay(SALES, options());
    expect([...report.rejected]).toEqual([['matched at another price', 1]]);
  });

  it('tries again when the server is busy', async () => {
    let refused = false;
    exchange.intercept = (call) => {
      if (refused || call.path !== '/asks') return null;
      refused = true;
      return { status: 429, body: { code: 'rate_limited', detail: '' }, headers: { 'retry-after': '0.01' } };
    };
    expect(isClean(await replay(SALES, options()))).toBe(true);
    expect(refused).toBe(true);
  });

  it('leaves orders of others alone', async () => {
    await replay(SALES, options());
    const [book] = exchange.books.values();
    book!.orders.push({
      id: 'bid_other',
      user: 'other',
      side: 'bid',
      price: 100,
      open: true,
      clientId: 'other',
    });
    expect(isClean(await replay(SALES, options({ runId: 'r2' })))).toBe(true);
    expect(levelsOf(book!, 'bid')).toEqual([[100, 1, 1]]);
  });
});
