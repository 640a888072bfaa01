import { beforeAll, describe, expect, it } from 'vitest';
import { checkSavedSearches } from '../../src/features/discovery/saved-searches.usecases.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createProduct, createSize, refusalOf, type TestPage } from '../support/catalog.ts';
import { createListing } from '../support/listings.ts';
import { listenTo } from '../support/told.ts';

interface Found {
  query: string;
  corrected_query: string | null;
  products: { data: { id: string; name: string }[]; facets: { brands: { value: string; count: number }[] } };
  listings: {
    data: { id: string; title: string }[];
    facets: Record<'categories' | 'conditions' | 'channels', { value: string; count: number }[]>;
  };
}
const search = async (query: string, user?: TestUser): Promise<Found> => {
  const response = await request(`/api/v1/search?${query}`, { token: user?.token });
  if (response.status !== 200) throw new Error(await response.text());
  return bodyOf(response);
};
const titles = ({ listings }: Found) => listings.data.map(({ title }) => title).sort();
const names = ({ products }: Found) => products.data.map(({ name }) => name).sort();

let admin: TestUser;
let seller: TestUser;

beforeAll(async () => {
  [admin, seller] = await Promise.all([signUpAdmin('search-admin'), signUp('search-seller')]);
  const boost = await createProduct(admin.token, {
    name: 'Yeezy Boost 350',
    brand: 'Adidas',
    model: 'Boost',
  });
  await createSize(admin.token, boost.id, { label: '9' });
  await createProduct(admin.token, { name: 'Ultra Boost', brand: 'Adidas', retail_price_cents: 9_000 });
  await createProduct(admin.token, { name: 'Hidden Boost', brand: 'Adidas', hidden: true });
  await createListing(seller, {
    title: 'Yeezy shoe box',
    condition: 'fair',
    channel: 'community',
    location: { lat: 25.1, lng: 55.1, neighborhood: 'Marina', city: 'Dubai' },
    price_cents: 3_000,
  });
  await createListing(seller, {
    title: 'Yeezy poster',
    condition: 'new',
    channel: 'discover',
    price_cents: 9_900,
  });
  await createListing(seller, { title: 'Yeezy draft', status: 'draft' });
  await createListing(seller, { title: 'Crème fraîche bowl' });
});

describe('the search', () => {
  it('finds products and listings at once, with facets of both', async () => {
    const found = await search('q=yeezy');
    expect(names(found)).toEqual(['Yeezy Boost 350']);
    expect(titles(found)).toEqual(['Yeezy poster', 'Yeezy shoe box']);
    expect(found.products.facets.brands).toEqual([{ value: 'Adidas', count: 1 }]);
    expect(new Set(found.listings.facets.conditions.map(({ value }) => value))).toEqual(
      new Set(['fair', 'new']),
    );
    expect(found.corrected_query).toBeNull();
  });

  it('narrows by type, price, condition, channel, size and category', async () => {
    expect(names(await search('q=boost'))).toEqual(['Ultra Boost', 'Yeezy Boost 350']);
    expect(names(await search('q=boost&max_price_cents=9000'))).toEqual(['Ultra Boost']);
    expect(names(await search('q=boost&size=9'))).toEqual(['Yeezy Boost 350']);
    expect(titles(await search('q=yeezy&type=products'))).toEqual([]);
    expect(names(await search('q=yeezy&type=listings'))).toEqual([]);
    expect(titles(await search('q=yeezy&condition=fair'))).toEqual(['Yeezy shoe box']);
    expect(titles(await search('q=yeezy&channel=discover'))).toEqual(['Yeezy poster']);
    expect(titles(await search('q=yeezy&min_price_cents=5000'))).toEqual(['Yeezy poster']);
    expect(titles(await search('q=yeezy&category=storage'))).toEqual(['Yeezy poster', 'Yeezy shoe box']);
    expect(titles(await search('q=yeezy&category=nonsense'))).toEqual([]);
    expect(titles(await search('q=yeezy&verified=true'))).toEqual([]);
  });

  it('finds within a radius, and only what is there', async () => {
    const place = { neighborhood: 'Marina', city: 'Dubai' };
    await createListing(seller, {
      title: 'Kayak near',
      channel: 'community',
      location: { lat: 25.08, lng: 55.14, ...place },
    });
    await createListing(seller, {
      title: 'Kayak far',
      channel: 'community',
      location: { lat: 24.45, lng: 54.38, ...place },
    });
    expect(titles(await search('q=kayak'))).toEqual(['Kayak far', 'Kayak near']);
    expect(titles(await search('q=kayak&lat=25.1&lng=55.15&radius_km=10'))).toEqual(['Kayak near']);
    expect(await refusalOf(await request('/api/v1/search?q=kayak&lat=25'))).toBe('422 validation_failed');
  });

  it('draws its circle where the feeds draw theirs', async () => {
    // A place far in the north, where a flat map and the globe part.
    const centre = { lat: 69.6, lng: 18.9 };
    for (let step = 0; step < 12; step += 1)
      await createListing(seller, {
        title: `Sledge ${step}`,
        channel: 'community',
        location: { lat: 69.6 + step * 0.03, lng: 18.9 + step * 0.09, neighborhood: 'Nord', city: 'Tromsø' },
      });
    for (const radius_km of [5, 12, 20, 30, 45]) {
      const where = `lat=${centre.lat}&lng=${centre.lng}&radius_km=${radius_km}`;
      const feed = await request(`/api/v1/feed/community?${where}&limit=50`);
      const near = (await feed.json<{ data: { title: string }[] }>()).data.map(({ title }) => title);
      expect(near.length).toBeGreaterThan(0);
      expect(titles(await search(`q=sledge&limit=50&${where}`)).sort()).toEqual(near.sort());
    }
  });

  it('finds what was meant when nothing has the words as they were typed', async () => {
    for (const typed of ['yeezzy', 'yezy', 'eyezy', 'YEEZY bosot']) {
      const found = await search(`q=${encodeURIComponent(typed)}`);
      expect([typed, names(found)]).toEqual([typed, ['Yeezy Boost 350']]);
      expect(found.corrected_query).toMatch(/^yeezy/);
    }
    const bowl = await search('q=fraihce');
    expect([titles(bowl), bowl.corrected_query]).toEqual([['Crème fraîche bowl'], 'fraiche']);
    const none = await search('q=qwertyuiop');
    expect([titles(none), names(none), none.corrected_query]).toEqual([[], [], null]);
  });

  it('suggests what may be meant while it is typed', async () => {
    const suggested = async (typed: string) =>
      (
        await bodyOf<{ data: { text: string; kind: string; id: string | null }[] }>(
          await request(`/api/v1/search/suggestions?q=${encodeURIComponent(typed)}`),
        )
      ).data.map(({ text, kind }) => `${kind}: ${text}`);
    expect(await suggested('yee')).toEqual(
      expect.arrayContaining([
        'product: Yeezy Boost 350',
        'listing: Yeezy poster',
        'listing: Yeezy shoe box',
      ]),
    );
    expect(await suggested('ad')).toContain('brand: Adidas');
    expect(await suggested('boost')).not.toContain('product: Hidden Boost');
    expect(await suggested('yeezy d')).toEqual([]);
    expect(await suggested('cre')).toContain('listing: Crème fraîche bowl');
    for (const q of ['', 'y', '%20', '""'])
      expect(await refusalOf(await request(`/api/v1/search/suggestions?q=${q}`))).toBe(
        '422 validation_failed',
      );
  });

  it('remembers one’s own searches, and shows what several people searched for', async () => {
    const [ann, ben] = await Promise.all([signUp('searcher-ann'), signUp('searcher-ben')]);
    for (const user of [ann, ann, ben]) await search('q=Ultra%20Boost', user);
    await search('q=poster', ann);
    interface Past {
      query: string;
      hits: number;
    }
    const mine = await bodyOf<TestPage<Past>>(await request('/api/v1/me/searches', { token: ann.token }));
    expect(mine.data.map(({ query, hits }) => [query, hits]).sort()).toEqual([
      ['Ultra Boost', 1],
      ['poster', 1],
    ]);
    const trending = await bodyOf<{ data: { query: string; searchers: number }[] }>(
      await request('/api/v1/search/trending'),
    );
    expect(trending.data).toContainEqual({ query: 'Ultra Boost', searchers: 2 });
    expect(trending.data.map(({ query }) => query)).not.toContain('poster');
    expect((await request('/api/v1/me/searches', { method: 'DELETE', token: ann.token })).status).toBe(204);
    expect(await bodyOf(await request('/api/v1/me/searches', { token: ann.token }))).toMatchObject({
      data: [],
    });
  });

  it('refuses what is no search', async () => {
    for (const query of ['', 'q=', 'q=%22*%22', `q=${'a'.repeat(101)}`, 'q=a&type=users', 'q=a&limit=51'])
      expect(await refusalOf(await request(`/api/v1/search?${query}`))).toBe('422 validation_failed');
    expect(await refusalOf(await request('/api/v1/me/searches'))).toBe('401 unauthenticated');
    expect(names(await search(`q=${encodeURIComponent('" OR name : * NEAR( boost')}`))).toEqual([]);
  });
});

const matched = listenTo('search.matched');

describe('a saved search', () => {
  const save = (user: TestUser, json: Record<string, unknown>) =>
    request('/api/v1/me/saved-searches', { token: user.token, json });
  const makeDue = () =>
    deps.d1.prepare('UPDATE saved_searches SET next_check_at = 0 WHERE next_check_at IS NOT NULL').run();
  const told = async (user: TestUser) =>
    (await matched())
      .filter(({ data }) => data.user_id === user.userId)
      .map(({ data: { name, count } }) => [name, count]);

  it('tells of what came since that matches, once', async () => {
    const me = await signUp('saver');
    const answer = await save(me, {
      name: 'Cheap telescopes',
      criteria: { q: 'telescope', max_price_cents: 20_000 },
    });
    expect(answer.status).toBe(201);
    expect(await bodyOf(answer)).toMatchObject({ name: 'Cheap telescopes', alerts: true });
    await createListing(seller, { title: 'Telescope, brass', price_cents: 15_000 });
    await createListing(seller, { title: 'Telescope, huge', price_cents: 90_000 });
    await createListing(me, { title: 'My own telescope', price_cents: 1_000 });
    await createProduct(admin.token, { name: 'Telescope Runner', retail_price_cents: 12_000 });
    await makeDue();
    await Promise.all([checkSavedSearches(deps), checkSavedSearches(deps)]);
    expect(await told(me)).toEqual([['Cheap telescopes', 2]]);
    await makeDue();
    await checkSavedSearches(deps);
    expect(await told(me)).toHaveLength(1);
  });

  it('is renamed, silenced and forgotten by its owner alone', async () => {
    const [me, other] = await Promise.all([signUp('saver-owner'), signUp('saver-other')]);
    const { id } = await bodyOf<{ id: string }>(await save(me, { name: 'Globes', criteria: { q: 'globe' } }));
    const path = `/api/v1/me/saved-searches/${id}`;
    const patch = (user: TestUser, json: Record<string, unknown>) =>
      request(path, { method: 'PATCH', token: user.token, json });
    expect(await refusalOf(await patch(other, { name: 'Mine' }))).toBe('404 saved_search_not_found');
    expect(await refusalOf(await patch(me, {}))).toBe('422 validation_failed');
    expect(await bodyOf(await patch(me, { alerts: false }))).toMatchObject({ name: 'Globes', alerts: false });
    await createListing(seller, { title: 'Globe of the moon' });
    await makeDue();
    await checkSavedSearches(deps);
    // Silent all the while: what came then is not told of afterwards either.
    await patch(me, { alerts: true });
    await makeDue();
    await checkSavedSearches(deps);
    expect(await told(me)).toEqual([]);
    expect(await refusalOf(await request(path, { method: 'DELETE', token: other.token }))).toBe(
      '404 saved_search_not_found',
    );
    expect((await request(path, { method: 'DELETE', token: me.token })).status).toBe(204);
    expect(await bodyOf(await request('/api/v1/me/saved-searches', { token: me.token }))).toMatchObject({
      data: [],
    });
  });
});
