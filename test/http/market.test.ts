import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { count, evict, projected } from '../support/book-object.ts';
import {
  adminUser,
  createBook,
  depthOf,
  marketOf,
  type OrderAnswer,
  placed,
  type TestBook,
} from '../support/books.ts';
import { createSize, readAll, refusalOf } from '../support/catalog.ts';

interface Quote {
  available_quantity: number;
  subtotal_cents: number;
  fee_cents: number;
  total_cents: number;
  worst_price_cents: number | null;
  fills: { price_cents: number; quantity: number }[];
}
const quoteOf = async (book: TestBook, query: string, token?: string) =>
  bodyOf<Quote>(await request(`${book.market}/quote?${query}`, { token }));

const take = (book: TestBook, action: string, token: string, json: Record<string, unknown> = {}) =>
  request(`${book.market}/${action}`, { token, json });

describe('fees', () => {
  it('are as the product model says at 220.00', async () => {
    expect(await bodyOf(await request('/api/v1/fees/calculate?price_cents=22000'))).toMatchObject({
      subtotal_cents: 22_000,
      buyer_fee_bps: 500,
      buyer_fee_cents: 1_100,
      buyer_total_cents: 23_100,
      seller_fee_bps: 400,
      seller_fee_cents: 880,
      seller_payout_cents: 21_120,
      platform_cents: 1_980,
    });
  });

  it('are calculated as a match is charged', async () => {
    const book = await createBook({ rules: { collar_factor: null } });
    const [buyer, seller] = await Promise.all([signUp('fee-buyer'), signUp('fee-seller')]);
    for (const [price_cents, quantity] of [
      [1, 1],
      [9, 1],
      [10, 1],
      [12, 1],
      [13, 1],
      [29, 7],
      [30, 1],
      [333, 3],
      [4_999, 99],
      [22_000, 1],
      [123_457, 100],
      [99_999_999, 2],
      [1_000_000_000_000, 100],
    ] as const) {
      const sold = await placed(book, seller, 'ask', { price_cents, quantity });
      expect(sold.status).toBe('active');
      const bought = await placed(book, buyer, 'bid', { price_cents, quantity });
      const said = await bodyOf<Record<string, number>>(
        await request(`/api/v1/fees/calculate?price_cents=${price_cents}&quantity=${quantity}`),
      );
      expect(bought.matches[0]).toMatchObject({
        buyer_fee_cents: said.buyer_fee_cents,
        buyer_total_cents: said.buyer_total_cents,
      });
      await projected(book);
      const sales = await bodyOf<{ data: Record<string, number>[] }>(
        await request('/api/v1/matches?role=seller&limit=1', { token: seller.token }),
      );
      expect(sales.data[0]).toMatchObject({
        price_cents,
        quantity,
        seller_fee_cents: said.seller_fee_cents,
        seller_payout_cents: said.seller_payout_cents,
      });
      expect(said.platform_cents).toBe(said.buyer_total_cents! - said.seller_payout_cents!);
    }
  });
});

describe('buying and selling now', () => {
  it('costs what the quote said, order by order', async () => {
    const book = await createBook({ rules: { collar_factor: null } });
    const [buyer, ...sellers] = await Promise.all(['qb', 'q1', 'q2', 'q3'].map((name) => signUp(name)));
    // 5 % of 333 is 16.65: three matches of one round otherwise than one match of three.
    for (const seller of sellers) await placed(book, seller, 'ask', { price_cents: 333 });
    const quote = await quoteOf(book, 'side=buy&quantity=3', buyer!.token);
    expect(quote).toMatchObject({ available_quantity: 3, fills: [{ price_cents: 333, quantity: 3 }] });
    const { matches } = await bodyOf<OrderAnswer>(await take(book, 'buy-now', buyer!.token, { quantity: 3 }));
    expect(matches).toHaveLength(3);
    expect(quote.total_cents).toBe(matches.reduce((sum, match) => sum + match.buyer_total_cents!, 0));
    expect(quote.total_cents).toBe(quote.subtotal_cents + quote.fee_cents);

    for (const bidder of sellers) await placed(book, bidder, 'bid', { price_cents: 311, quantity: 2 });
    const selling = await quoteOf(book, 'side=sell&quantity=5', buyer!.token);
    const sold = await bodyOf<OrderAnswer>(await take(book, 'sell-now', buyer!.token, { quantity: 5 }));
    expect(selling.total_cents).toBe(
      sold.matches.reduce((sum, match) => sum + match.seller_payout_cents!, 0),
    );
  });

  it('takes the best price only, and cancels the rest', async () => {
    const book = await createBook();
    const [buyer, seller] = await Promise.all([signUp('best-buyer'), signUp('best-seller')]);
    await placed(book, seller, 'ask', { price_cents: 10_000 });
    await placed(book, seller, 'ask', { price_cents: 11_000 });
    const { bid, matches } = await bodyOf<OrderAnswer>(
      await take(book, 'buy-now', buyer.token, { quantity: 2 }),
    );
    expect(bid).toMatchObject({ status: 'cancelled', filled_quantity: 1, close_reason: 'remainder' });
    expect(matches).toMatchObject([{ price_cents: 10_000, buyer_total_cents: 10_500 }]);
    expect(await depthOf(book)).toMatchObject({ asks: [[11_000, 1, 1]], bids: [] });
  });

  it('stops at the limit that the caller agreed to', async () => {
    const book = await createBook();
    const [buyer, seller] = await Promise.all([signUp('limit-buyer'), signUp('limit-seller')]);
    expect(await refusalOf(await take(book, 'buy-now', buyer.token))).toBe('409 no_liquidity');
    expect(await refusalOf(await take(book, 'sell-now', buyer.token))).toBe('409 no_liquidity');
    await placed(book, seller, 'ask', { price_cents: 10_000 });
    const late = await take(book, 'buy-now', buyer.token, { limit_price_cents: 9_999 });
    expect(await bodyOf(late)).toMatchObject({ status: 409, code: 'no_liquidity', best_price_cents: 10_000 });
    expect(await depthOf(book)).toMatchObject({ seq: 1 });
    expect((await take(book, 'buy-now', buyer.token, { limit_price_cents: 10_000 })).status).toBe(201);
    await placed(book, buyer, 'bid', { price_cents: 9_000 });
    expect(await refusalOf(await take(book, 'sell-now', seller.token, { limit_price_cents: 9_001 }))).toBe(
      '409 no_liquidity',
    );
    expect((await take(book, 'sell-now', seller.token, { limit_price_cents: 9_000 })).status).toBe(201);
  });

  it('does not trade with oneself when one’s own order is the best', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('own-best-ann'), signUp('own-best-ben')]);
    await placed(book, ann, 'ask', { price_cents: 10_000 });
    await placed(book, ben, 'ask', { price_cents: 11_000 });
    expect(await refusalOf(await take(book, 'buy-now', ann.token))).toBe('409 self_trade_prevented');
    expect(await quoteOf(book, 'side=buy', ann.token)).toMatchObject({
      available_quantity: 0,
      total_cents: 0,
    });
    expect(await quoteOf(book, 'side=buy', ben.token)).toMatchObject({ total_cents: 10_500 });
    expect(await quoteOf(book, 'side=buy')).toMatchObject({ total_cents: 10_500 });
    expect(await depthOf(book)).toMatchObject({ seq: 2 });
  });
});

describe('imported history', () => {
  const importing = (book: TestBook, trades: unknown[], token: string, key = 'import-1') =>
    request(`/api/v1/admin/market/${book.productId}/${book.sizeId}/history`, {
      token,
      json: { trades },
      headers: { 'Idempotency-Key': key },
    });

  it('keeps its times, shows in statistics and candles, and counts once', async () => {
    const { token } = await adminUser();
    const book = await createBook({ retailCents: 10_000 });
    const dayMs = 86_400_000;
    const monday = Date.UTC(2025, 0, 6);
    const at = (ms: number) => new Date(ms).toISOString();
    const trades = [
      { at: at(monday + dayMs), price_cents: 15_000, quantity: 2 },
      { at: at(monday + 3_600_000), price_cents: 11_000 },
      { at: at(monday + 7_200_000), price_cents: 13_000 },
      { at: at(monday + 7 * dayMs), price_cents: 9_000 },
    ];
    for (const isEvicted of [false, true]) {
      if (isEvicted) await evict(book);
      const response = await importing(book, trades, token);
      expect(await bodyOf(response)).toEqual({ imported: 4 });
      expect(response.headers.get('Idempotency-Replayed')).toBe(isEvicted ? 'true' : null);
    }
    expect(await refusalOf(await importing(book, trades.slice(1), token))).toBe('422 idempotency_key_reused');
    expect(await marketOf(book)).toMatchObject({
      last_sale_cents: 9_000,
      last_sale_at: at(monday + 7 * dayMs),
      premium_percent: -10,
      volume_30d: 0,
    });
    const candles = async (query: string) =>
      (await bodyOf<{ data: unknown[] }>(await request(`${book.market}/candles?${query}`))).data;
    expect(await candles('interval=1d')).toEqual([
      {
        start: at(monday),
        open_cents: 11_000,
        high_cents: 13_000,
        low_cents: 11_000,
        close_cents: 13_000,
        volume: 2,
      },
      {
        start: at(monday + dayMs),
        open_cents: 15_000,
        high_cents: 15_000,
        low_cents: 15_000,
        close_cents: 15_000,
        volume: 2,
      },
      {
        start: at(monday + 7 * dayMs),
        open_cents: 9_000,
        high_cents: 9_000,
        low_cents: 9_000,
        close_cents: 9_000,
        volume: 1,
      },
    ]);
    expect(await candles('interval=1w')).toMatchObject([
      { start: at(monday), open_cents: 11_000, high_cents: 15_000, close_cents: 15_000, volume: 4 },
      { start: at(monday + 7 * dayMs), volume: 1 },
    ]);
    expect(await candles(`interval=1d&from=${at(monday + dayMs)}&to=${at(monday + 7 * dayMs)}`)).toHaveLength(
      1,
    );
    await projected(book);
    expect(await count('trades', book)).toBe(4);
    expect(await depthOf(book)).toMatchObject({ seq: 1 });
  });

  it('pages through sales of one instant without losing or repeating one', async () => {
    const { token } = await adminUser();
    const book = await createBook();
    const at = '2024-05-01T00:00:00Z';
    // Numbers of trades grow a digit on the way, so that their ids do not sort as text.
    for (let part = 0; part < 6; part += 1)
      await importing(
        book,
        Array.from({ length: 40 }, (_, index) => ({ at, price_cents: 1 + part * 40 + index })),
        token,
        `p${part}`,
      );
    await projected(book);
    const all = await readAll<{ id: string; price_cents: number }>(`${book.market}/trades?limit=33`);
    expect(all.map(({ price_cents }) => price_cents)).toEqual(
      Array.from({ length: 240 }, (_, index) => 240 - index),
    );
  });

  it('ends a page that is also the last one', async () => {
    const { token } = await adminUser();
    const book = await createBook();
    await importing(
      book,
      [
        { at: '2024-05-01T00:00:00Z', price_cents: 5 },
        { at: '2024-05-02T00:00:00Z', price_cents: 6 },
      ],
      token,
    );
    expect(await bodyOf(await request(`${book.market}/trades?limit=2`))).toMatchObject({ next_cursor: null });
    expect(await bodyOf(await request(`${book.market}/trades?limit=1`))).toMatchObject({
      next_cursor: expect.any(String),
    });
  });
});

describe('the lists of a product', () => {
  it('hold every size, best first, and no owner', async () => {
    const { token } = await adminUser();
    const book = await createBook();
    const second = await createSize(token, book.productId, { label: '11' });
    const other = { ...book, sizeId: second.id, market: `/api/v1/market/${book.productId}/${second.id}` };
    const [ann, ben] = await Promise.all([signUp('list-ann'), signUp('list-ben')]);
    await placed(book, ann, 'bid', { price_cents: 10_000 });
    await placed(book, ben, 'bid', { price_cents: 10_100, quantity: 2 });
    await placed(other, ben, 'bid', { price_cents: 9_000 });
    await placed(other, ann, 'ask', { price_cents: 12_000 });
    const list = async (path: string) => {
      const response = await request(`/api/v1/${path}`);
      const text = await response.text();
      for (const hidden of [ann.userId, ben.userId, 'bid_', 'ask_']) expect(text).not.toContain(hidden);
      return JSON.parse(text) as { data: Record<string, unknown>[] };
    };
    const bids = await list(`bids/product/${book.productId}`);
    expect(bids.data.map(({ size_id, price_cents, quantity }) => [size_id, price_cents, quantity])).toEqual([
      [book.sizeId, 10_100, 2],
      [book.sizeId, 10_000, 1],
      [other.sizeId, 9_000, 1],
    ]);
    expect((await list(`bids/product/${book.productId}?limit=1`)).data).toHaveLength(2);
    expect((await list(`asks/product/${book.productId}?size_id=${other.sizeId}`)).data).toMatchObject([
      { side: 'ask', price_cents: 12_000 },
    ]);
    expect(await refusalOf(await request(`/api/v1/bids/product/${book.productId}?size_id=siz_x`))).toBe(
      '404 size_not_found',
    );
    expect(await refusalOf(await request('/api/v1/bids/product/prd_x'))).toBe('404 product_not_found');
    expect(await bodyOf(await request(`/api/v1/market/${book.productId}`))).toMatchObject({
      sizes: [
        {
          size_id: book.sizeId,
          label: '10',
          highest_bid_cents: 10_100,
          lowest_ask_cents: null,
          total_bids: 2,
        },
        {
          size_id: other.sizeId,
          label: '11',
          highest_bid_cents: 9_000,
          lowest_ask_cents: 12_000,
          total_asks: 1,
        },
      ],
    });
  });
});
