import { describe, expect, it } from 'vitest';
import { DEMO_MODELS } from '../../scripts/demo/models.ts';
import { demoMarket, EXPECTED_SALES, HISTORY_DAYS, TRADER_COUNT } from '../../scripts/demo/simulator.ts';

const NOW_MS = Date.parse('2026-11-21T09:30:00Z');
const DAY_MS = 86_400_000;
const market = demoMarket(DEMO_MODELS, 'test', NOW_MS);
const books = DEMO_MODELS.flatMap((model) => market.booksOf(model).map((book) => ({ model, ...book })));

describe('the demo market', () => {
  it('is the same for the same seed and moment, whichever model is asked first', () => {
    const again = demoMarket(DEMO_MODELS, 'test', NOW_MS);
    for (const model of [DEMO_MODELS[40]!, DEMO_MODELS[3]!]) {
      expect(again.booksOf(model)).toEqual(market.booksOf(model));
    }
    expect(demoMarket(DEMO_MODELS, 'other', NOW_MS).booksOf(DEMO_MODELS[3]!)).not.toEqual(
      market.booksOf(DEMO_MODELS[3]!),
    );
  });

  it('has a book for every size, and about the expected number of sales', () => {
    expect(books.map((book) => book.size)).toEqual(DEMO_MODELS.flatMap((model) => model.sizes));
    const sales = books.reduce((sum, book) => sum + book.trades.length, 0);
    expect(Math.abs(sales / EXPECTED_SALES - 1)).toBeLessThan(0.15);
  });

  it('keeps trades in order of time, within the two years, in whole dollars', () => {
    for (const { trades } of books) {
      for (const [i, trade] of trades.entries()) {
        expect(trade.atMs).toBeGreaterThanOrEqual(
          trades[i - 1]?.atMs ?? NOW_MS - (HISTORY_DAYS + 1) * DAY_MS,
        );
        expect(trade.atMs).toBeLessThanOrEqual(NOW_MS);
        expect(trade.priceCents % 100).toBe(0);
        expect(trade.priceCents).toBeGreaterThan(0);
      }
    }
  });

  it('rests three to five orders on each side, never crossed, best first', () => {
    for (const { orders } of books) {
      const bids = orders.filter((order) => order.side === 'bid').map((order) => order.priceCents);
      const asks = orders.filter((order) => order.side === 'ask').map((order) => order.priceCents);
      for (const side of [bids, asks]) {
        expect(side.length).toBeGreaterThanOrEqual(3);
        expect(side.length).toBeLessThanOrEqual(5);
      }
      expect(bids).toEqual([...bids].sort((a, b) => b - a));
      expect(asks).toEqual([...asks].sort((a, b) => a - b));
      expect(bids[0]!).toBeLessThan(asks[0]!);
    }
  });

  it('has no trader on both sides of a book, and uses them all', () => {
    for (const { orders } of books) {
      const buyers = new Set(orders.filter((order) => order.side === 'bid').map((order) => order.trader));
      for (const order of orders) if (order.side === 'ask') expect(buyers.has(order.trader)).toBe(false);
    }
    expect(new Set(books.flatMap((book) => book.orders.map((order) => order.trader))).size).toBe(
      TRADER_COUNT,
    );
  });

  it('sells nothing more than a month before its release', () => {
    for (const { model, trades } of books) {
      const first = trades[0]?.atMs ?? NOW_MS;
      expect(first).toBeGreaterThanOrEqual(Date.parse(model.release_date) - 30 * DAY_MS);
    }
  });

  it('asks more of sought-after models', () => {
    const premium = (heat: number): number => {
      const of = books.filter((book) => book.model.heat === heat);
      return (
        of.reduce(
          (sum, book) => sum + Math.log(book.orders[0]!.priceCents / book.model.retail_price_cents),
          0,
        ) / of.length
      );
    };
    expect(premium(5)).toBeGreaterThan(premium(3));
    expect(premium(3)).toBeGreaterThan(premium(1));
  });
});
