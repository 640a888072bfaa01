import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { favourites } from '../../src/db/discovery-schema.ts';
import { outbox } from '../../src/db/orders-schema.ts';
import { tellFavourers } from '../../src/features/discovery/favourites.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf, type TestPage } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing, type TestListing } from '../support/listings.ts';

const put = (path: string, user: TestUser | null, method = 'PUT') =>
  request(`/api/v1${path}`, { method, token: user?.token });
const page = async <T>(path: string, user?: TestUser): Promise<TestPage<T>> =>
  bodyOf(await request(`/api/v1${path}`, { token: user?.token }));
const edit = async (listing: TestListing, seller: TestUser, changes: Record<string, unknown>) => {
  const answer = await request(`/api/v1/listings/${listing.id}`, {
    method: 'PATCH',
    token: seller.token,
    headers: { 'If-Match': '*' },
    json: changes,
  });
  if (answer.status !== 200) throw new Error(await answer.text());
};
const eventsOf = async (prefix: string, user: TestUser) =>
  (await deps.db.select().from(outbox))
    .filter(({ type }) => type.startsWith(prefix))
    .map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> })
    .filter(({ data }) => data.user_id === user.userId);

describe('following', () => {
  it('connects two people until it ends, and shows who follows whom', async () => {
    const [ann, ben, cat] = await Promise.all(['fol-ann', 'fol-ben', 'fol-cat'].map((name) => signUp(name)));
    for (const follower of [ann!, cat!, ann!]) {
      const answer = await put(`/users/${ben!.userId}/follow`, follower);
      expect([answer.status, await bodyOf(answer)]).toEqual([200, { user_id: ben!.userId, following: true }]);
    }
    const first = await page<{ user_id: string; username: string }>(
      `/users/${ben!.userId}/followers?limit=1`,
    );
    const rest = await page<{ user_id: string }>(
      `/users/${ben!.userId}/followers?limit=1&cursor=${first.next_cursor}`,
    );
    expect(new Set([...first.data, ...rest.data].map(({ user_id }) => user_id))).toEqual(
      new Set([ann!.userId, cat!.userId]),
    );
    expect(rest.next_cursor).toBeNull();
    expect((await page<{ username: string }>(`/users/${ann!.userId}/following`)).data).toMatchObject([
      { username: 'fol-ben' },
    ]);
    await put(`/users/${ben!.userId}/follow`, ann!, 'DELETE');
    expect((await page(`/users/${ben!.userId}/followers`)).data).toHaveLength(1);
  });

  it('fills the feed with new listings and lower prices of those one follows, once each', async () => {
    const [reader, seller, other] = await Promise.all(
      ['feed-reader', 'feed-seller', 'feed-other'].map((name) => signUp(name)),
    );
    await put(`/users/${seller!.userId}/follow`, reader!);
    const listing = await createListing(seller!, { title: 'Walnut desk', price_cents: 90_000 });
    await createListing(seller!, { title: 'Not yet', status: 'draft' });
    await createListing(other!, { title: 'Of nobody followed' });
    await edit(listing, seller!, { price_cents: 80_000 });
    await edit(listing, seller!, { price_cents: 85_000 });
    await allDone();
    interface Item {
      kind: string;
      actor: { username: string };
      target_id: string;
      data: { title: string; price_cents: number; previous_price_cents: number };
    }
    const { data } = await page<Item>('/me/feed', reader!);
    expect(data.map(({ kind, target_id, data: { price_cents } }) => [kind, target_id, price_cents])).toEqual([
      ['price_dropped', listing.id, 80_000],
      ['listed', listing.id, 90_000],
    ]);
    expect(data[0]).toMatchObject({ actor: { username: 'feed-seller' }, data: { title: 'Walnut desk' } });
    const first = await page<Item>('/me/feed?limit=1', reader!);
    const rest = await page<Item>(`/me/feed?limit=1&cursor=${first.next_cursor}`, reader!);
    expect([...first.data, ...rest.data]).toEqual(data);
    await put(`/users/${seller!.userId}/follow`, reader!, 'DELETE');
    expect((await page('/me/feed', reader!)).data).toEqual([]);
  });

  it('ends when one blocks the other, who then cannot follow and is not told why', async () => {
    const [ann, ben] = await Promise.all([signUp('fol-blocker'), signUp('fol-blocked')]);
    await put(`/users/${ann.userId}/follow`, ben);
    await put(`/users/${ben.userId}/block`, ann);
    await allDone();
    expect((await page(`/users/${ann.userId}/followers`)).data).toEqual([]);
    expect(await refusalOf(await put(`/users/${ann.userId}/follow`, ben))).toBe('404 user_not_found');
  });

  it('refuses strangers, oneself and unknown users', async () => {
    const me = await signUp('fol-me');
    expect(await refusalOf(await put(`/users/${me.userId}/follow`, null))).toBe('401 unauthenticated');
    expect(await refusalOf(await put(`/users/${me.userId}/follow`, me))).toBe('422 validation_failed');
    expect(await refusalOf(await put('/users/usr_0000000000000000/follow', me))).toBe('404 user_not_found');
    expect(await refusalOf(await request('/api/v1/me/feed'))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/me/feed?cursor=x', { token: me.token }))).toBe(
      '422 invalid_cursor',
    );
  });
});

describe('favourites', () => {
  it('are kept, shown newest first, and let go', async () => {
    const [me, seller] = await Promise.all([signUp('fav-me'), signUp('fav-seller')]);
    const [desk, lamp] = [
      await createListing(seller, { title: 'Desk' }),
      await createListing(seller, { title: 'Lamp' }),
    ];
    for (const { id } of [desk, lamp, desk])
      expect((await put(`/listings/${id}/favourite`, me)).status).toBe(200);
    const { data } = await page<{ listing_id: string; listing: { title: string } }>('/me/favourites', me);
    expect(data.map(({ listing }) => listing.title).sort()).toEqual(['Desk', 'Lamp']);
    await put(`/listings/${desk.id}/favourite`, me, 'DELETE');
    expect((await page('/me/favourites', me)).data).toHaveLength(1);
  });

  it('tell of a lower price, and of a return, once each, however often the event comes', async () => {
    const [me, seller] = await Promise.all([signUp('fav-told'), signUp('fav-teller')]);
    const listing = await createListing(seller, { price_cents: 50_000 });
    await put(`/listings/${listing.id}/favourite`, me);
    await put(`/listings/${listing.id}/favourite`, seller);
    await allDone();
    await edit(listing, seller, { price_cents: 40_000 });
    const [changed] = (await deps.db.select().from(outbox).where(eq(outbox.type, 'listing.updated'))).map(
      ({ body }) => JSON.parse(body),
    );
    for (const _ of [1, 2]) await tellFavourers(deps, changed);
    expect((await eventsOf('favourite.', me)).map(({ type, data }) => [type, data.price_cents])).toEqual([
      ['favourite.price_drop', 40_000],
    ]);
    expect(await eventsOf('favourite.', seller)).toEqual([]);
    await allDone();

    await request(`/api/v1/listings/${listing.id}/pause`, { token: seller.token, method: 'POST' });
    await allDone();
    const [row] = await deps.db.select().from(favourites).where(eq(favourites.userId, me.userId));
    expect(row).toMatchObject({ told: 'gone' });
    await request(`/api/v1/listings/${listing.id}/resume`, { token: seller.token, method: 'POST' });
    const [resumed] = (await deps.db.select().from(outbox).where(eq(outbox.type, 'listing.resumed'))).map(
      ({ body }) => JSON.parse(body),
    );
    for (const _ of [1, 2]) await tellFavourers(deps, resumed);
    expect((await eventsOf('favourite.', me)).map(({ type }) => type)).toEqual(['favourite.back']);
  });

  it('refuse strangers and what nobody may see', async () => {
    const [me, seller] = await Promise.all([signUp('fav-refused'), signUp('fav-hider')]);
    const draft = await createListing(seller, { status: 'draft' });
    expect(await refusalOf(await put(`/listings/${draft.id}/favourite`, null))).toBe('401 unauthenticated');
    expect(await refusalOf(await put(`/listings/${draft.id}/favourite`, me))).toBe('404 listing_not_found');
    expect(await refusalOf(await put('/listings/lst_0000000000000000/favourite', me))).toBe(
      '404 listing_not_found',
    );
  });
});
