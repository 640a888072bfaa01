import { describe, expect, it } from 'vitest';
import { alertWatchers, MAX_WATCHED, rearmAlerts } from '../../src/features/discovery/watchlist.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps, projected } from '../support/book-object.ts';
import { createBook, placed, type TestBook } from '../support/books.ts';
import { refusalOf, type TestPage } from '../support/catalog.ts';
import { listenTo } from '../support/told.ts';

interface Watched {
  size_id: string;
  size_label: string;
  product: { id: string; lowest_ask_cents: number | null };
  threshold_cents: number | null;
  lowest_ask_cents: number | null;
  highest_bid_cents: number | null;
  last_sale_cents: number | null;
  is_reached: boolean;
}

const watch = (user: TestUser | null, sizeId: string, thresholdCents: number | null = null) =>
  request(`/api/v1/watchlist/${sizeId}`, {
    method: 'PUT',
    token: user?.token,
    json: { threshold_cents: thresholdCents },
  });
const watched = async (user: TestUser, query = ''): Promise<TestPage<Watched>> =>
  bodyOf(await request(`/api/v1/watchlist${query}`, { token: user.token }));

const alerts = listenTo('price.alert');
const alertsFor = async (user: TestUser) =>
  (await alerts()).filter(({ data }) => data.user_id === user.userId);

async function askAt(book: TestBook, seller: TestUser, cents: number) {
  const ask = await placed(book, seller, 'ask', { price_cents: cents });
  await projected(book);
  return ask;
}

describe('the watchlist', () => {
  it('shows each watched size with its market, newest first, page by page', async () => {
    const [me, seller] = await Promise.all([signUp('watch-me'), signUp('watch-seller')]);
    const books = [await createBook(), await createBook(), await createBook()];
    for (const { sizeId } of books) expect((await watch(me, sizeId)).status).toBe(200);
    await askAt(books[0]!, seller, 30_000);
    await placed(books[0]!, me, 'bid', { price_cents: 21_000 });
    await projected(books[0]!);

    const first = await watched(me, '?limit=2');
    const rest = await watched(me, `?limit=2&cursor=${first.next_cursor}`);
    expect(rest.next_cursor).toBeNull();
    const all = [...first.data, ...rest.data];
    expect(new Set(all.map(({ size_id }) => size_id))).toEqual(new Set(books.map(({ sizeId }) => sizeId)));
    expect(all.find(({ size_id }) => size_id === books[0]!.sizeId)).toMatchObject({
      size_label: '10',
      product: { id: books[0]!.productId, lowest_ask_cents: 30_000 },
      threshold_cents: null,
      lowest_ask_cents: 30_000,
      highest_bid_cents: 21_000,
      last_sale_cents: null,
      is_reached: false,
    });

    await request(`/api/v1/watchlist/${books[1]!.sizeId}`, { method: 'DELETE', token: me.token });
    expect((await watched(me)).data).toHaveLength(2);
  });

  it('tells once when an ask reaches the threshold, and again only after the price has left it', async () => {
    const [me, other, seller] = await Promise.all(
      ['alert-me', 'alert-other', 'alert-seller'].map((name) => signUp(name)),
    );
    const book = await createBook();
    await watch(me!, book.sizeId, 25_000);
    await watch(other!, book.sizeId, 10_000);
    await askAt(book, seller!, 26_000);
    expect(await alertsFor(me!)).toEqual([]);
    const cheap = await askAt(book, seller!, 25_000);
    await askAt(book, seller!, 24_000);
    await Promise.all([alertWatchers(deps, [book.sizeId]), alertWatchers(deps, [book.sizeId])]);
    const [alert, ...more] = await alertsFor(me!);
    expect(more).toEqual([]);
    expect(alert!.data).toEqual({
      user_id: me!.userId,
      product_id: book.productId,
      size_id: book.sizeId,
      price_cents: 25_000,
      threshold_cents: 25_000,
      currency: 'USD',
    });
    expect(await alertsFor(other!)).toEqual([]);
    expect((await watched(me!)).data[0]).toMatchObject({ is_reached: true });

    // Still reached: nothing new is told. Then both asks go, and a new one comes.
    await rearmAlerts(deps);
    await alertWatchers(deps, [book.sizeId]);
    expect(await alertsFor(me!)).toHaveLength(1);
    const open = await bodyOf<{ data: { id: string; price_cents: number }[] }>(
      await request('/api/v1/asks?status=active', { token: seller!.token }),
    );
    for (const { id, price_cents } of open.data)
      if (price_cents <= cheap.price_cents)
        await request(`/api/v1/asks/${id}`, { method: 'DELETE', token: seller!.token });
    await projected(book);
    await rearmAlerts(deps);
    await askAt(book, seller!, 20_000);
    expect(await alertsFor(me!)).toHaveLength(2);
  });

  it('tells at once when the threshold is set where the price is already, and anew for a new threshold', async () => {
    const [me, seller] = await Promise.all([signUp('late-me'), signUp('late-seller')]);
    const book = await createBook();
    await askAt(book, seller, 20_000);
    await watch(me, book.sizeId, 22_000);
    await watch(me, book.sizeId, 22_000);
    expect(await alertsFor(me)).toHaveLength(1);
    await watch(me, book.sizeId, 21_000);
    expect(await alertsFor(me)).toHaveLength(2);
  });

  it('refuses strangers, unknown sizes, bad thresholds, bad cursors, and more than anybody can watch', async () => {
    const me = await signUp('watch-refused');
    const { sizeId } = await createBook();
    expect(await refusalOf(await watch(null, sizeId))).toBe('401 unauthenticated');
    expect(await refusalOf(await watch(me, 'siz_0000000000000000'))).toBe('404 size_not_found');
    expect(await refusalOf(await watch(me, sizeId, 0))).toBe('422 validation_failed');
    expect(await refusalOf(await watch(me, sizeId, 1.5))).toBe('422 validation_failed');
    expect(await refusalOf(await request('/api/v1/watchlist?cursor=x', { token: me.token }))).toBe(
      '422 invalid_cursor',
    );
    await deps.d1
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO watchlist (user_id, size_id, product_id, armed, alerts, created_at) SELECT ?, 'siz_' || i, 'prd_x', 1, 0, 0 FROM n`,
      )
      .bind(MAX_WATCHED, me.userId)
      .run();
    expect(await refusalOf(await watch(me, sizeId))).toBe('409 too_many_watched');
  });
});
