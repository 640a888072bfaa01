import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { listings } from '../../src/db/listings-schema.ts';
import { distanceM } from '../../src/domain/listings/distance.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { readAll, refusalOf, type TestPage } from '../support/catalog.ts';
import { createListing, type TestListing } from '../support/listings.ts';
import { greyPng } from '../support/pictures.ts';

const { deps } = composeOnce(env);

interface SearchPage extends TestPage<TestListing> {
  facets: Record<'categories' | 'conditions' | 'channels', { value: string; count: number }[]> | null;
}

let owner: TestUser;
let other: TestUser;
beforeAll(async () => {
  [owner, other] = await Promise.all([signUp('owner'), signUp('other')]);
});

const search = async (query: string, token?: string) =>
  bodyOf<SearchPage>(await request(`/api/v1/listings?${query}`, { token }));
const titles = (page: TestPage<TestListing>) => page.data.map(({ title }) => title);
const idsOf = (page: TestPage<TestListing>) => page.data.map(({ id }) => id);
const set = (id: string, values: Partial<typeof listings.$inferInsert>) =>
  deps.db.update(listings).set(values).where(eq(listings.id, id));

describe('a text search', () => {
  it('finds words whatever their case or accents, the title before the description', async () => {
    const inText = await createListing(owner, {
      title: 'Side table',
      description: 'Goes with a Fauteuil Zébré',
    });
    const inTitle = await createListing(owner, { title: 'Fauteuil zébré', description: 'Lined' });
    await createListing(owner, { title: 'Zebra crossing sign' });
    for (const q of ['zebre', 'ZÉBRÉ', 'fauteuil zeb'])
      expect(idsOf(await search(`q=${encodeURIComponent(q)}`))).toEqual([inTitle.id, inText.id]);
    const arabic = await createListing(owner, { title: 'سجادة فارسية' });
    expect(idsOf(await search(`q=${encodeURIComponent('سجادة')}`))).toEqual([arabic.id]);
  });

  it('follows an edit, and finds nothing that is not on sale', async () => {
    const { id } = await createListing(owner, { title: 'Gramophone', tags: ['horn'] });
    expect(idsOf(await search('q=gramophone'))).toEqual([id]);
    expect(idsOf(await search('q=horn'))).toEqual([id]);
    await request(`/api/v1/listings/${id}`, {
      method: 'PATCH',
      token: owner.token,
      json: { title: 'Phonograph', tags: [] },
      headers: { 'If-Match': '*' },
    });
    expect(idsOf(await search('q=gramophone'))).toEqual([]);
    expect(idsOf(await search('tags=horn'))).toEqual([]);
    expect(idsOf(await search('q=phonogr'))).toEqual([id]);
    await request(`/api/v1/listings/${id}/pause`, { method: 'POST', token: owner.token });
    expect(idsOf(await search('q=phonograph'))).toEqual([]);
  });

  it('takes what a person types for words and for nothing else', async () => {
    const { id } = await createListing(owner, { title: 'Teapot "Brown Betty"' });
    for (const q of ['teapot" OR "x', 'teapot NOT betty', 'title: teapot', 'teapot*', "teapot') --"]) {
      const answer = await request(`/api/v1/listings?q=${encodeURIComponent(q)}`);
      expect(answer.status).toBe(200);
    }
    expect(idsOf(await search('q=betty%20teapot'))).toEqual([id]);
    for (const q of ['%20', '%22', 'x'.repeat(101)])
      expect(await refusalOf(await request(`/api/v1/listings?q=${q}`))).toBe('422 validation_failed');
  });
});

describe('a filter', () => {
  it('narrows to a category and all below it', async () => {
    const phone = await createListing(owner, { title: 'Phone', category_id: 'smartphones' });
    const speaker = await createListing(owner, { title: 'Speaker', category_id: 'cat_0000000000000022' });
    const chair = await createListing(owner, { title: 'Chair', category_id: 'chairs' });
    expect(idsOf(await search('category=electronics'))).toEqual([speaker.id, phone.id]);
    expect(idsOf(await search('category=phones'))).toEqual([phone.id]);
    expect(idsOf(await search('category=cat_0000000000000028'))).toEqual([chair.id]);
    expect(idsOf(await search('category=perfume'))).toEqual([]);
    expect(await refusalOf(await request('/api/v1/listings?category=unicorns'))).toBe(
      '404 category_not_found',
    );
  });

  it('narrows by condition, price, currency, channel, seller and tags, together', async () => {
    const seller = await signUp('filters');
    const mine = (facts: Record<string, unknown>) => createListing(seller, facts);
    const cheap = await mine({ price_cents: 1_000, condition: 'poor', tags: ['Red', 'Wool'] });
    const middle = await mine({ price_cents: 2_000, condition: 'new', currency: 'USD', tags: ['red'] });
    const dear = await mine({
      price_cents: 3_000,
      condition: 'like_new',
      channel: 'community',
      location: { lat: 25.2, lng: 55.3 },
    });
    const of = async (query: string) => idsOf(await search(`seller_id=${seller.userId}&${query}`));
    expect(await of('')).toEqual([dear.id, middle.id, cheap.id]);
    expect(await of('condition=poor,new')).toEqual([middle.id, cheap.id]);
    expect(await of('min_price_cents=1000&max_price_cents=2000')).toEqual([middle.id, cheap.id]);
    expect(await of('min_price_cents=1001&sort=price_asc')).toEqual([middle.id, dear.id]);
    expect(await of('currency=USD')).toEqual([middle.id]);
    expect(await of('channel=community')).toEqual([dear.id]);
    expect(await of('tags=RED')).toEqual([middle.id, cheap.id]);
    expect(await of('tags=red,wool')).toEqual([cheap.id]);
    expect(await of('tags=red&condition=new&currency=USD&min_price_cents=2000')).toEqual([middle.id]);
    expect(await of('sort=price_desc')).toEqual([dear.id, middle.id, cheap.id]);
  });

  it('by a state that is private is for the seller alone', async () => {
    const draft = await createListing(owner, { status: 'draft' });
    const path = `/api/v1/listings?status=draft&seller_id=${owner.userId}`;
    expect(await refusalOf(await request(path))).toBe('403 forbidden');
    expect(await refusalOf(await request(path, { token: other.token }))).toBe('403 forbidden');
    expect(await refusalOf(await request('/api/v1/listings?status=draft', { token: owner.token }))).toBe(
      '403 forbidden',
    );
    expect(idsOf(await search(`status=draft&seller_id=${owner.userId}`, owner.token))).toEqual([draft.id]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'sort=nearest',
    'sort=relevance',
    'sort=random',
    'lat=1',
    'lat=91&lng=0',
    'lat=&lng=0',
    'lat=1&lng=1&radius_km=51',
    'lat=1&lng=1&radius_km=0',
    'min_price_cents=-1',
    'min_price_cents=x',
    'condition=mint',
    'condition=',
    'status=deleted',
    'tags=,',
    'currency=XYZ',
    'cursor=nonsense',
  ])('that makes no sense is refused: %s', async (query) => {
    expect(await refusalOf(await request(`/api/v1/listings?${query}`))).toMatch(
      /^422 (validation_failed|invalid_cursor)$/,
    );
  });

  it('refuses the cursor of another order', async () => {
    const page = await search('limit=1');
    expect(
      await refusalOf(await request(`/api/v1/listings?sort=popular&limit=1&cursor=${page.next_cursor}`)),
    ).toBe('422 invalid_cursor');
  });
});

describe('facets', () => {
  it('count what there is to choose from, as if nothing were chosen of it', async () => {
    const seller = await signUp('facets');
    const add = (category_id: string, condition: string) => createListing(seller, { category_id, condition });
    await add('rugs', 'new');
    await add('rugs', 'good');
    await add('lighting', 'good');
    const page = await search(`seller_id=${seller.userId}&category=rugs&condition=good&limit=1`);
    expect(page.data).toHaveLength(1);
    expect(page.facets).toEqual({
      categories: [
        { value: 'lighting', name: 'Lighting', count: 1 },
        { value: 'rugs', name: 'Rugs', count: 1 },
      ],
      conditions: [
        { value: 'good', count: 1 },
        { value: 'new', count: 1 },
      ],
      channels: [{ value: 'discover', count: 1 }],
    });
    const all = await search(`seller_id=${seller.userId}&limit=1`);
    expect((await search(`seller_id=${seller.userId}&limit=1&cursor=${all.next_cursor}`)).facets).toBeNull();
  });
});

describe('a list', () => {
  it.each(['newest', 'price_asc', 'price_desc', 'popular'])(
    'by %s is whole, page by page, with equals among it',
    async (sort) => {
      const seller = await signUp(`pages-${sort}`);
      for (let index = 0; index < 13; index += 1) {
        const { id } = await createListing(seller, { price_cents: 1_000 * (index % 3) });
        await set(id, { views: index % 4 });
      }
      const path = `/api/v1/listings?seller_id=${seller.userId}&sort=${sort}`;
      const once = await bodyOf<SearchPage>(await request(`${path}&limit=100`));
      const paged = await readAll<TestListing>(`${path}&limit=2`);
      expect(paged.map(({ id }) => id)).toEqual(idsOf(once));
      expect(new Set(paged.map(({ id }) => id)).size).toBe(13);
      const keys = once.data.map(({ price_cents, views }) => (sort === 'popular' ? views : price_cents));
      const ordered = keys.toSorted((a, b) => (sort === 'price_asc' ? a - b : b - a));
      if (sort !== 'newest') expect(keys).toEqual(ordered);
    },
  );

  it('leaves out what is due, although nobody has written that down', async () => {
    const seller = await signUp('due');
    const { id } = await createListing(seller, { title: 'Sundial' });
    const stays = await createListing(seller, { title: 'Sundial too' });
    await set(id, { expiresAt: Date.now() - 1 });
    for (const path of [
      `/api/v1/listings?seller_id=${seller.userId}`,
      `/api/v1/listings?q=sundial`,
      `/api/v1/users/${seller.userId}/listings?`,
    ])
      expect(idsOf(await bodyOf<SearchPage>(await request(path)))).toEqual([stays.id]);
    const own = (status: string) => request(`/api/v1/me/listings?status=${status}`, { token: seller.token });
    expect(idsOf(await bodyOf<SearchPage>(await own('active')))).toEqual([stays.id]);
    const expired = await bodyOf<SearchPage>(await own('expired'));
    expect(expired.data).toMatchObject([{ id, status: 'expired' }]);
  });

  it('shows the primary photo, the seller, and nothing of where a thing lies exactly', async () => {
    const seller = await signUp('shown');
    const { id } = await createListing(seller, {
      channel: 'community',
      location: { lat: 25.123_456, lng: 55.654_321, city: 'Dubai' },
      auto_accept_cents: 44_444,
    });
    for (const primary of ['false', 'true'])
      await request(`/api/v1/listings/${id}/photos?alt=${primary}&primary=${primary}`, {
        method: 'POST',
        token: seller.token,
        body: greyPng(8, 8),
        headers: { 'Content-Type': 'image/png' },
      });
    const answer = await request(`/api/v1/listings?seller_id=${seller.userId}`, { token: other.token });
    const text = await answer.clone().text();
    expect(text).not.toMatch(/25\.1234|55\.6543|44444/);
    const [item] = (await bodyOf<SearchPage>(answer)).data;
    expect(item).toMatchObject({
      photo: { alt: 'true', primary: true },
      seller: { username: 'shown' },
      location: { lat: 25.12, lng: 55.65, is_exact: false },
      allowed_actions: ['buy', 'make_offer', 'propose_swap'],
    });
    const [mine] = (await search(`seller_id=${seller.userId}`, seller.token)).data;
    expect(mine!.location).toMatchObject({ lat: 25.123_456, is_exact: true });
  });
});

describe('the lists of a seller', () => {
  it('show others what is on sale, and the seller everything', async () => {
    const seller = await signUp('shop');
    const draft = await createListing(seller, { status: 'draft' });
    const active = await createListing(seller);
    const paused = await createListing(seller);
    const gone = await createListing(seller);
    const sold = await createListing(seller);
    await request(`/api/v1/listings/${paused.id}/pause`, { method: 'POST', token: seller.token });
    await request(`/api/v1/listings/${gone.id}`, { method: 'DELETE', token: seller.token });
    await set(sold.id, { status: 'sold', reservedFor: 'ord_0000000000000000' });
    const theirs = async (query = '') =>
      idsOf(await bodyOf<SearchPage>(await request(`/api/v1/users/${seller.userId}/listings?${query}`)));
    expect(await theirs()).toEqual([active.id]);
    expect(await theirs('status=sold')).toEqual([sold.id]);
    expect(await refusalOf(await request(`/api/v1/users/${seller.userId}/listings?status=paused`))).toBe(
      '422 validation_failed',
    );
    expect(await refusalOf(await request('/api/v1/users/usr_0000000000000000/listings'))).toBe(
      '404 user_not_found',
    );
    const mine = await readAll<TestListing>('/api/v1/me/listings?limit=1', seller.token);
    expect(mine.map(({ id }) => id)).toEqual([sold.id, paused.id, active.id, draft.id]);
    expect(await refusalOf(await request('/api/v1/me/listings'))).toBe('401 unauthenticated');
  });
});

describe('the feeds', () => {
  it('discover shows what shops have put up, newest or most seen first', async () => {
    const community = await createListing(owner, {
      channel: 'community',
      location: { lat: 25.2, lng: 55.3 },
    });
    const first = await createListing(owner, { title: 'Feed one', category_id: 'perfume' });
    const second = await createListing(owner, { title: 'Feed two', category_id: 'perfume' });
    await set(first.id, { views: 1_000_000 });
    const feed = async (query: string) => bodyOf<SearchPage>(await request(`/api/v1/feed/discover?${query}`));
    expect(idsOf(await feed('limit=2'))).toEqual([second.id, first.id]);
    expect(titles(await feed('sort=popular&limit=1'))).toEqual(['Feed one']);
    expect(idsOf(await feed('category=beauty'))).toEqual([second.id, first.id]);
    expect(idsOf(await feed('limit=100'))).not.toContain(community.id);
  });

  it('community shows what is near, the nearest first, as a naive search finds it', async () => {
    const seller = await signUp('neighbour');
    const centre = { lat: 48.2, lon: 16.37 };
    const spread = () => Math.random() - 0.5;
    const places = Array.from({ length: 120 }, () => ({
      lat: centre.lat + spread(),
      lng: centre.lon + spread() * 1.5,
    }));
    const made = new Map<string, { lat: number; lon: number }>();
    for (const location of places) {
      const { id } = await createListing(seller, { channel: 'community', location });
      const [row] = await deps.db.select().from(listings).where(eq(listings.id, id));
      made.set(id, { lat: row!.publicLat!, lon: row!.publicLon! });
    }
    for (const radius of [2, 5, 20, 50]) {
      const expected = [...made]
        .map(([id, place]) => ({ id, metres: distanceM(centre, place) }))
        .filter(({ metres }) => metres <= radius * 1000)
        .toSorted((a, b) => a.metres - b.metres);
      const path = `/api/v1/feed/community?lat=${centre.lat}&lng=${centre.lon}&radius_km=${radius}`;
      const found = await readAll<TestListing>(`${path}&limit=7`);
      expect(found.map(({ distance_m }) => distance_m)).toEqual(
        expected.map(({ metres }) => Math.round(metres)),
      );
      expect(found.map(({ id }) => id).toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
      for (const { distance_m, distance_label } of found)
        expect(distance_label).toBe(
          distance_m! < 1000 ? 'Less than 1 km away' : `${Math.round(distance_m! / 1000)} km away`,
        );
    }
  });

  it('community looks 5 km far unless told otherwise, also across the 180th meridian', async () => {
    const seller = await signUp('islander');
    const place = (lat: number, lng: number) =>
      createListing(seller, { channel: 'community', location: { lat, lng } });
    const west = await place(-17, 179.98);
    const east = await place(-17, -179.98);
    await place(-17.06, 179.98);
    const feed = async (query: string) =>
      idsOf(await bodyOf<SearchPage>(await request(`/api/v1/feed/community?lat=-17&lng=179.99${query}`)));
    expect(await feed('')).toEqual([west.id, east.id]);
    expect(await feed('&radius_km=10')).toHaveLength(3);
    for (const query of ['lat=1', 'lat=x&lng=1', 'lat=1&lng=181', 'lat=1&lng=1&radius_km=50.1'])
      expect(await refusalOf(await request(`/api/v1/feed/community?${query}`))).toBe('422 validation_failed');
  });

  it('a search may be near a place as well', async () => {
    const seller = await signUp('luthier');
    const place = (lat: number) =>
      createListing(seller, { title: 'Theorbo', channel: 'community', location: { lat, lng: 11 } });
    const far = await place(47.03);
    const near = await place(47);
    await place(48);
    const path = 'q=theorbo&lat=47&lng=11';
    expect(idsOf(await search(`${path}&sort=nearest`))).toEqual([near.id, far.id]);
    expect(idsOf(await search(`${path}&radius_km=2`))).toEqual([near.id]);
    expect(idsOf(await search('lat=47&lng=11&sort=newest&channel=community'))).toEqual([near.id, far.id]);
  });
});
