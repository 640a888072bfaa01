import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_MODELS } from '../../scripts/demo/models.ts';
import { DEMO_TRADERS } from '../../scripts/demo/traders.ts';
import { type SeedOptions, seed } from '../../scripts/seed.ts';
import { type FakeExchange, startFakeExchange } from './fake-exchange.ts';

describe('the seed', () => {
  let exchange: FakeExchange;
  const options = (): SeedOptions => ({
    url: exchange.url,
    models: 2,
    sizeLimit: 3,
    admin: { email: 'admin@bourse.example', password: 'demo' },
    output: { write: () => true },
  });
  const books = () => [...exchange.books.values()];
  const counts = () => ({
    products: exchange.products.length,
    images: exchange.products.flatMap((product) => product.images).length,
    books: books().length,
    trades: books().reduce((sum, book) => sum + book.trades.length, 0),
    orders: books().reduce((sum, book) => sum + book.orders.length, 0),
  });

  beforeEach(async () => {
    exchange = await startFakeExchange();
  });
  afterEach(() => exchange.close());

  it('fills whole products: sizes, a picture, history and resting orders', async () => {
    const report = await seed(options());
    expect(counts()).toEqual({
      products: 2,
      images: 2,
      books: 6,
      trades: report.trades,
      orders: report.orders,
    });
    expect(exchange.products.map((product) => product.sku)).toEqual(
      DEMO_MODELS.slice(0, 2).map((model) => model.sku),
    );
    for (const book of books()) {
      expect(book.orders.every((order) => order.open)).toBe(true);
      expect(book.trades.length).toBeGreaterThan(0);
      expect(book.trades.map((trade) => trade.at)).toEqual(book.trades.map((trade) => trade.at).sort());
    }
  });

  it('has at most two products unfinished at a time', async () => {
    await seed({ ...options(), models: 3 });
    const firstImage = exchange.calls.findIndex((call) => call.path.endsWith('/images'));
    const third = exchange.products[2]!.id;
    const thirdBegins = exchange.calls.findIndex((call) => call.path.startsWith(`/products/${third}/sizes`));
    expect(firstImage).toBeGreaterThan(0);
    expect(thirdBegins).toBeGreaterThan(firstImage);
  });

  it('adds the sizes that an earlier, smaller run left out', async () => {
    await seed({ ...options(), sizeLimit: 1 });
    await seed(options());
    expect(counts()).toMatchObject({ products: 2, images: 2, books: 6 });
  });

  it('names every mutation, with keys that stay the same from run to run', async () => {
    await seed(options());
    const mutations = exchange.calls.filter(
      (call) => call.method === 'POST' && !call.path.startsWith('/auth/login'),
    );
    expect(mutations.every((call) => call.key !== undefined)).toBe(true);
    const first = mutations.map((call) => `${call.key} ${JSON.stringify(call.body)}`).sort();
    const other = await startFakeExchange();
    try {
      await seed({ ...options(), url: other.url });
      const again = other.calls.filter(
        (call) => call.method === 'POST' && !call.path.startsWith('/auth/login'),
      );
      expect(again.map((call) => `${call.key} ${JSON.stringify(call.body)}`).sort()).toEqual(first);
    } finally {
      await other.close();
    }
  });

  it('adds nothing the second time', async () => {
    await seed(options());
    const first = counts();
    expect(await seed(options())).toEqual({ products: 0, books: 6, trades: 0, orders: 0 });
    expect(counts()).toEqual(first);
  });

  it('resumes after an interruption and ends as an uninterrupted run does', async () => {
    let placed = 0;
    exchange.intercept = (call) => {
      if (call.path !== '/asks') return null;
      placed += 1;
      return placed > 4 ? { status: 403, body: { code: 'forbidden', detail: 'gone' } } : null;
    };
    await expect(seed(options())).rejects.toThrow('forbidden');
    exchange.intercept = null;
    await seed(options());
    const resumed = counts();
    const other = await startFakeExchange();
    try {
      const whole = await seed({ ...options(), url: other.url });
      expect(resumed).toMatchObject({ trades: whole.trades, orders: whole.orders });
    } finally {
      await other.close();
    }
  });

  it('signs in only traders who place orders', async () => {
    await seed(options());
    const emails = new Set(DEMO_TRADERS.map((trader) => trader.email));
    const placing = new Set(books().flatMap((book) => book.orders.map((order) => order.user)));
    for (const email of placing) expect(emails.has(email)).toBe(true);
    expect(exchange.users.size).toBe(placing.size + 1);
  });
});
