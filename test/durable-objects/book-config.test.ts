import { describe, expect, it } from 'vitest';
import { loadBookConfigs } from '../../src/features/catalog/book-config.ts';
import type { BookConfig } from '../../src/platform/books/books.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { deps, evict, execute, keyOfBook, placeCommand } from '../support/book-object.ts';
import { adminUser, createBook, depthOf, marketOf, place, placed, type TestBook } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';

async function configOf(book: TestBook): Promise<BookConfig> {
  return (await loadBookConfigs(deps, [book.sizeId]))[0]!;
}

async function change(book: TestBook, rules: Record<string, unknown>): Promise<void> {
  const { token } = await adminUser();
  const path = `/api/v1/admin/market/${book.productId}/${book.sizeId}`;
  const response = await request(path, { method: 'PATCH', token, json: rules });
  expect(response.status).toBe(200);
}

async function hide(book: TestBook, hidden: boolean): Promise<void> {
  const { token } = await adminUser();
  const response = await request(`/api/v1/products/${book.productId}`, {
    method: 'PATCH',
    token,
    json: { hidden },
    headers: { 'If-Match': '*' },
  });
  expect(response.status).toBe(200);
}

describe('the configuration of a book', () => {
  it('stays at the newest version, however the pushes arrive', async () => {
    const book = await createBook();
    const config = await configOf(book);
    const version = (n: number, changes: Partial<BookConfig>) =>
      deps.books.configure({ ...config, ...changes, version: config.version + n });
    await version(2, { tickCents: 100 });
    await version(1, { tickCents: 7 });
    expect(await marketOf(book)).toMatchObject({ tick_cents: 100 });
    // While an order is on its way to the disk, both pushes wait for it.
    await Promise.all([
      execute(book, placeCommand(book, 'bid', 10_000), 'ann'),
      version(4, { tickCents: 50 }),
      version(3, { tickCents: 7 }),
    ]);
    expect(await marketOf(book)).toMatchObject({ tick_cents: 50 });
    await evict(book);
    expect(await marketOf(book)).toMatchObject({ tick_cents: 50, highest_bid_cents: 10_000 });
  });

  it('halts at once, and lets go on at once', async () => {
    const book = await createBook();
    const ann = await signUp('halted-ann');
    const resting = await placed(book, ann, 'bid', { price_cents: 10_000 });
    for (const [status, code] of [
      ['halted', '409 book_halted'],
      ['cancel_only', '409 book_cancel_only'],
    ]) {
      await change(book, { status });
      expect(await refusalOf(await place(book, ann, 'bid', { price_cents: 10_000 }))).toBe(code);
      const amend = { method: 'PATCH', token: ann.token, json: { quantity: 2 } };
      expect(await refusalOf(await request(`/api/v1/bids/${resting.id}`, amend))).toBe(code);
      expect(await marketOf(book)).toMatchObject({ book_status: status, highest_bid_cents: 10_000 });
    }
    expect((await request(`/api/v1/bids/${resting.id}`, { method: 'DELETE', token: ann.token })).status).toBe(
      200,
    );
    await change(book, { status: 'open' });
    await placed(book, ann, 'bid', { price_cents: 10_000 });
  });

  it('takes no order into a halted book, though they come at the same time', async () => {
    const book = await createBook();
    const ann = await signUp('racing-ann');
    const [, ...answers] = await Promise.all([
      change(book, { status: 'halted' }),
      ...Array.from({ length: 20 }, (_, index) => place(book, ann, 'bid', { price_cents: 10_000 + index })),
    ]);
    const accepted = answers.filter(({ status }) => status === 201).length;
    expect(await marketOf(book)).toMatchObject({ total_bids: accepted, book_status: 'halted' });
    expect(await refusalOf(await place(book, ann, 'bid', { price_cents: 10_000 }))).toBe('409 book_halted');
  });

  it('hides the market and refuses orders, but not their cancellation, nor a first answer again', async () => {
    const book = await createBook();
    const ann = await signUp('hidden-ann');
    const first = await place(book, ann, 'bid', { price_cents: 10_000 }, { 'Idempotency-Key': 'seen' });
    const { bid } = await bodyOf<{ bid: { id: string } }>(first);
    await hide(book, true);
    for (const path of ['', '/book', '/trades', '/candles', '/quote?side=buy'])
      expect(await refusalOf(await request(`${book.market}${path}`))).toBe('404 size_not_found');
    for (const path of [`market/${book.productId}`, `bids/product/${book.productId}`])
      expect(await refusalOf(await request(`/api/v1/${path}`))).toBe('404 product_not_found');
    expect(await refusalOf(await place(book, ann, 'bid', { price_cents: 10_001 }))).toBe(
      '404 product_not_found',
    );
    for (const action of ['buy-now', 'sell-now'])
      expect(await refusalOf(await request(`${book.market}/${action}`, { token: ann.token, json: {} }))).toBe(
        '404 product_not_found',
      );
    const again = await place(book, ann, 'bid', { price_cents: 10_000 }, { 'Idempotency-Key': 'seen' });
    expect(again.status).toBe(201);
    expect(await bodyOf(again)).toMatchObject({ bid: { id: bid.id } });
    const cancelled = await request(`/api/v1/bids/${bid.id}`, { method: 'DELETE', token: ann.token });
    expect(cancelled.status).toBe(200);
    await hide(book, false);
    expect(await depthOf(book)).toMatchObject({ bids: [] });
  });

  it('is for admins to change', async () => {
    const book = await createBook();
    const { token } = await signUp('no-admin');
    const path = `/api/v1/admin/market/${book.productId}/${book.sizeId}`;
    const halt = { method: 'PATCH', json: { status: 'halted' } };
    expect(await refusalOf(await request(path, halt))).toBe('401 unauthenticated');
    expect(await refusalOf(await request(path, { ...halt, token }))).toBe('403 forbidden');
    const { token: admin } = await adminUser();
    const unknown = `/api/v1/admin/market/${book.productId}/siz_0000000000000000`;
    expect(await refusalOf(await request(unknown, { ...halt, token: admin }))).toBe('404 size_not_found');
    expect(await refusalOf(await request(path, { ...halt, token: admin, json: {} }))).toBe(
      '422 validation_failed',
    );
    expect(keyOfBook(book)).toHaveLength(16);
    expect(await marketOf(book)).toMatchObject({ book_status: 'open' });
  });

  it.each([
    ['ask', 21_000, 22_050, 20_160],
    ['maker', 22_000, 23_100, 21_120],
  ] as const)('prices by the rule %s', async (price_rule, price, total, payout) => {
    const book = await createBook({ rules: { price_rule } });
    const [buyer, seller] = await Promise.all([
      signUp(`rule-b-${price_rule}`),
      signUp(`rule-s-${price_rule}`),
    ]);
    const bid = await placed(book, buyer, 'bid', { price_cents: 22_000 });
    const ask = await placed(book, seller, 'ask', { price_cents: 21_000 });
    expect(ask.matches).toMatchObject([{ price_cents: price, seller_payout_cents: payout }]);
    const bought = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/matches', { token: buyer.token }),
    );
    expect(bought.data).toMatchObject([{ bid_id: bid.id, price_cents: price, buyer_total_cents: total }]);
  });
});
