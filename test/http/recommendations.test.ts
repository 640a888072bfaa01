import { beforeAll, describe, expect, it } from 'vitest';
import { interactionStatement } from '../../src/features/discovery/interactions.usecases.ts';
import { refreshInterests } from '../../src/features/discovery/interests.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps, projected } from '../support/book-object.ts';
import { createBook, placed, type TestBook } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { createListing } from '../support/listings.ts';

interface Answer {
  data: {
    product: { id: string; lowest_ask_cents: number | null };
    reason: { code: string; text: string; subject_id: string | null };
  }[];
}
const read = async (path: string, user?: TestUser): Promise<Answer> =>
  bodyOf(await request(`/api/v1${path}`, { token: user?.token }));
const ids = ({ data }: Answer) => data.map(({ product }) => product.id);

let books: TestBook[];
let seller: TestUser;

/** So many strangers who took the one and then the other. */
const together = (first: TestBook, then: TestBook, people: number) =>
  interactionStatement(
    deps,
    Array.from({ length: people }, (_, person) =>
      [first, then].map(({ productId }, step) => ({
        viewer: `usr_person${first.sizeId}${person}`,
        kind: 'watched' as const,
        target: productId,
        atMs: deps.now() - 60_000 + step * 1_000 + person,
      })),
    ).flat(),
  );

beforeAll(async () => {
  seller = await signUp('rec-seller');
  books = [];
  for (let index = 0; index < 6; index += 1) books.push(await createBook());
  // The last of them has no ask: nobody sells it.
  for (const book of books.slice(0, 5)) {
    await placed(book, seller, 'ask', { price_cents: 20_000 });
    await projected(book);
  }
  const [a, b, c, d, , unsold] = books as [TestBook, TestBook, TestBook, TestBook, TestBook, TestBook];
  await together(a, b, 12);
  await together(c, d, 30);
  await together(a, unsold, 12);
  await refreshInterests(deps);
});

describe('recommendations', () => {
  it('are what is wanted most, for somebody of whom nothing is known', async () => {
    const answer = await read('/recommendations?limit=3');
    expect(new Set(ids(answer).slice(0, 2))).toEqual(new Set([books[2]!.productId, books[3]!.productId]));
    expect(answer.data[0]!.reason).toEqual({
      code: 'popular',
      text: 'Many people want it now',
      subject_id: null,
    });
  });

  it('are what goes together with what one looked at, and say so', async () => {
    const me = await signUp('rec-me');
    await request(`/api/v1/products/${books[0]!.productId}`, { token: me.token });
    // The look is written down after the answer: ask for it until it is there.
    const looked = () =>
      deps.d1
        .prepare('SELECT count(*) AS n FROM interactions WHERE viewer = ?')
        .bind(me.userId)
        .first<{ n: number }>();
    await expect.poll(async () => (await looked())!.n).toBe(1);
    const answer = await read('/me/recommendations', me);
    const lifted = answer.data.find(({ product }) => product.id === books[1]!.productId)!;
    expect(lifted.reason).toMatchObject({ code: 'bought_together', subject_id: books[0]!.productId });
    expect(ids(answer).indexOf(books[1]!.productId)).toBeLessThan(
      ids(await read('/recommendations')).indexOf(books[1]!.productId),
    );
  });

  it('leave out what nobody sells, what is hidden, and what one owns', async () => {
    expect(ids(await read('/recommendations?limit=50'))).not.toContain(books[5]!.productId);
    const me = await signUp('rec-owner');
    const bid = await placed(books[4]!, me, 'bid', { price_cents: 20_000 });
    expect(bid.matches).toHaveLength(1);
    await placed(books[4]!, seller, 'ask', { price_cents: 21_000 });
    await projected(books[4]!);
    expect(ids(await read('/me/recommendations?limit=50', me))).not.toContain(books[4]!.productId);
    expect(ids(await read('/recommendations?limit=50'))).toContain(books[4]!.productId);
  });

  it('of a product are what is taken with it, then what is like it', async () => {
    const answer = await read(`/products/${books[0]!.productId}/related?limit=4`);
    expect(answer.data[0]).toMatchObject({
      product: { id: books[1]!.productId },
      reason: { code: 'bought_together' },
    });
    expect(answer.data.slice(1).every(({ reason }) => reason.code === 'similar')).toBe(true);
    expect(ids(answer)).not.toContain(books[0]!.productId);
    expect(new Set(ids(answer)).size).toBe(4);
  });

  it('of listings come from the categories one looks at, never one’s own', async () => {
    const me = await signUp('rec-listings');
    const lamp = await createListing(seller, { title: 'Lamp', category_id: 'lighting' });
    const other = await createListing(seller, { title: 'Other lamp', category_id: 'lighting' });
    await createListing(me, { title: 'My lamp', category_id: 'lighting' });
    await createListing(seller, { title: 'Newer shelf' });
    await interactionStatement(deps, [
      { viewer: me.userId, kind: 'viewed', target: lamp.id, atMs: deps.now() },
    ]);
    const answer = await bodyOf<{
      data: { listing: { id: string; seller_id: string }; reason: { code: string } }[];
    }>(await request('/api/v1/recommendations/listings', { token: me.token }));
    expect(answer.data.slice(0, 2).map(({ listing }) => listing.id)).toEqual([other.id, lamp.id]);
    expect(answer.data[0]!.reason.code).toBe('from_your_categories');
    expect(answer.data.map(({ listing }) => listing.seller_id)).not.toContain(me.userId);
    expect((await request('/api/v1/recommendations/listings')).status).toBe(200);
  });

  it('survive a refresh that finds nothing, and one that died half-way', async () => {
    await deps.d1.prepare("INSERT INTO interest_items SELECT 99999, 'prd_ghost', 1e9").run();
    expect(ids(await read('/recommendations'))).not.toContain('prd_ghost');
    await refreshInterests(deps);
    expect((await read('/recommendations')).data.length).toBeGreaterThan(0);
  });

  it('refuse strangers, unknown products and bad limits', async () => {
    expect(await refusalOf(await request('/api/v1/me/recommendations'))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/products/prd_0000000000000000/related'))).toBe(
      '404 product_not_found',
    );
    expect(await refusalOf(await request('/api/v1/recommendations?limit=0'))).toBe('422 validation_failed');
  });
});
