import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { listingHistory, listings } from '../../src/db/listings-schema.ts';
import { users } from '../../src/db/schema.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { createListing, LISTING, readListing, type TestListing } from '../support/listings.ts';

const { deps } = composeOnce(env);
const DAY_MS = 24 * 3_600_000;

let owner: TestUser;
let stranger: TestUser;
let moderator: TestUser;
beforeAll(async () => {
  [owner, stranger, moderator] = await Promise.all([
    signUp('owner'),
    signUp('stranger'),
    signUp('moderator', 'moderator'),
  ]);
});

const post = (json: unknown, token = owner.token) => request('/api/v1/listings', { token, json });
const patch = (id: string, json: unknown, ifMatch: string | null = '*', token = owner.token) =>
  request(`/api/v1/listings/${id}`, {
    method: 'PATCH',
    token,
    json,
    headers: ifMatch === null ? {} : { 'If-Match': ifMatch },
  });
const act = (id: string, action: string, token = owner.token) =>
  request(`/api/v1/listings/${id}/${action}`, { method: 'POST', token });
const remove = (id: string, token = owner.token, headers: Record<string, string> = {}) =>
  request(`/api/v1/listings/${id}`, { method: 'DELETE', token, headers });
const readAs = (id: string, token?: string) => request(`/api/v1/listings/${id}`, { token });
const expire = (id: string) =>
  deps.db
    .update(listings)
    .set({ expiresAt: Date.now() - 1 })
    .where(eq(listings.id, id));

describe('a new listing', () => {
  it('is on sale for 90 days and shown to everybody', async () => {
    const answer = await post({ ...LISTING, tags: ['Mid Century', 'oak', 'OAK'] });
    expect(answer.status).toBe(201);
    const listing = await bodyOf<TestListing>(answer);
    expect(answer.headers.get('Location')).toBe(`/api/v1/listings/${listing.id}`);
    expect(listing).toMatchObject({
      title: LISTING.title,
      status: 'active',
      is_negotiable: true,
      channel: 'discover',
      views: 0,
      tags: ['mid-century', 'oak'],
      category: { slug: 'storage' },
      seller: { id: owner.userId, username: 'owner' },
      allowed_actions: ['edit', 'arrange_photos', 'pause', 'delete'],
    });
    expect(Date.parse(listing.expires_at!) - Date.parse(listing.listed_at!)).toBe(90 * DAY_MS);
    expect((await readListing(listing.id)).allowed_actions).toEqual([]);
    expect((await readListing(listing.id, stranger.token)).allowed_actions).toEqual([
      'buy',
      'make_offer',
      'propose_swap',
    ]);
    expect((await readListing(listing.id, moderator.token)).allowed_actions).toContain('remove');
  });

  it('may be a draft, which only its owner and moderators see', async () => {
    const { id } = await createListing(owner, { status: 'draft' });
    expect(await refusalOf(await readAs(id))).toBe('404 listing_not_found');
    expect(await refusalOf(await readAs(id, stranger.token))).toBe('404 listing_not_found');
    expect((await readListing(id, owner.token)).allowed_actions).toEqual([
      'edit',
      'arrange_photos',
      'publish',
      'delete',
    ]);
    expect((await readAs(id, moderator.token)).status).toBe(200);
    expect((await bodyOf<TestListing>(await act(id, 'publish'))).status).toBe('active');
    expect((await readAs(id)).status).toBe(200);
  });

  it('may cost nothing', async () => {
    expect((await createListing(owner, { price_cents: 0 })).price_cents).toBe(0);
  });

  it.each([
    ['without a title', { title: ' ' }],
    ['of a negative price', { price_cents: -1 }],
    ['of a fraction of a cent', { price_cents: 1.5 }],
    ['of more than there is', { price_cents: 1e15 }],
    ['in an unknown condition', { condition: 'mint' }],
    ['in an unknown category', { category_id: 'unicorns' }],
    ['on an unknown channel', { channel: 'elsewhere' }],
    ['in an unknown currency', { currency: 'XYZ' }],
    ['with too many tags', { tags: Array.from({ length: 11 }, (_, index) => `tag${index}`) }],
    ['with a description without end', { description: 'x'.repeat(5_001) }],
    ['beyond the pole', { location: { lat: 91, lng: 0 } }],
    ['with control characters', { title: 'a\u0000b' }],
    ['with a field nobody knows', { seller_id: 'usr_0000000000000000' }],
    ['born sold', { status: 'sold' }],
    ['that accepts above its price', { auto_accept_cents: 45_000 }],
    ['that declines what it accepts', { auto_accept_cents: 30_000, auto_decline_cents: 30_000 }],
    ['between neighbours without a place', { channel: 'community' }],
  ])('is refused %s', async (_, facts) => {
    expect(await refusalOf(await post({ ...LISTING, ...facts }))).toBe('422 validation_failed');
  });

  it('is for those who are signed in', async () => {
    expect(await refusalOf(await request('/api/v1/listings', { json: LISTING }))).toBe('401 unauthenticated');
    expect(await refusalOf(await post(LISTING, `${owner.token}x`))).toBe('401 invalid_token');
  });

  it('is made once under one key', async () => {
    const send = () =>
      request('/api/v1/listings', {
        token: owner.token,
        json: LISTING,
        headers: { 'Idempotency-Key': 'one-listing' },
      });
    const first = await bodyOf<TestListing>(await send());
    expect((await bodyOf<TestListing>(await send())).id).toBe(first.id);
  });
});

describe('an edit', () => {
  it('changes what it names and leaves the rest', async () => {
    const { id } = await createListing(owner, { tags: ['oak'] });
    const before = await readAs(id, owner.token);
    const answer = await patch(id, { price_cents: 40_000 }, before.headers.get('ETag'));
    expect(answer.status).toBe(200);
    expect(await bodyOf<TestListing>(answer)).toMatchObject({
      price_cents: 40_000,
      title: LISTING.title,
      tags: ['oak'],
      version: 2,
      price_history: [{ from_cents: 45_000, to_cents: 40_000 }],
    });
    expect(answer.headers.get('ETag')).not.toBe(before.headers.get('ETag'));
  });

  it('of a version that was edited meanwhile is refused', async () => {
    const { id } = await createListing(owner);
    expect(await refusalOf(await patch(id, { title: 'A' }, null))).toBe('428 precondition_required');
    const tag = (await readAs(id, owner.token)).headers.get('ETag')!;
    expect((await patch(id, { title: 'A' }, tag)).status).toBe(200);
    expect(await refusalOf(await patch(id, { title: 'B' }, tag))).toBe('412 precondition_failed');
    expect((await readListing(id)).title).toBe('A');
  });

  it('from two devices at once is one', async () => {
    const { id } = await createListing(owner);
    const tag = (await readAs(id, owner.token)).headers.get('ETag')!;
    const titles = Array.from({ length: 6 }, (_, index) => `From device ${index}`);
    const answers = await Promise.all(titles.map((title) => patch(id, { title }, tag)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
    const winner = titles[answers.findIndex(({ status }) => status === 200)];
    expect(await readListing(id, owner.token)).toMatchObject({ title: winner, version: 2 });
  });

  it('may take any version, and then all of them count, one after the other', async () => {
    const { id } = await createListing(owner);
    const prices = [40_000, 39_000, 38_000, 37_000];
    const answers = await Promise.all(prices.map((price_cents) => patch(id, { price_cents })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const after = await readListing(id, owner.token);
    expect(after.version).toBe(5);
    const told = after.price_history.toReversed();
    expect(told.map(({ from_cents }) => from_cents)).toEqual([
      45_000,
      ...told.slice(0, -1).map(({ to_cents }) => to_cents),
    ]);
    expect(told.map(({ to_cents }) => to_cents).toSorted()).toEqual(prices.toSorted());
  });

  it('cannot contradict what is there', async () => {
    const { id } = await createListing(owner, { auto_accept_cents: 40_000 });
    expect(await refusalOf(await patch(id, { price_cents: 39_000 }))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, { channel: 'community' }))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, {}))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, { currency: 'USD' }))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, { category_id: 'unicorns' }))).toBe('422 validation_failed');
  });

  it('is nobody else’s', async () => {
    const { id } = await createListing(owner);
    const attempts = [
      () => patch(id, { title: 'Mine' }, '*', stranger.token),
      () => patch(id, { title: 'Mine' }, '*', moderator.token),
      () => remove(id, stranger.token),
      ...['publish', 'pause', 'resume', 'relist'].map((action) => () => act(id, action, stranger.token)),
      () => patch('lst_0000000000000000', { title: 'Mine' }),
      () => remove('lst_0000000000000000'),
    ];
    for (const attempt of attempts) expect(await refusalOf(await attempt())).toBe('404 listing_not_found');
    expect(await refusalOf(await request(`/api/v1/listings/${id}/pause`, { method: 'POST' }))).toBe(
      '401 unauthenticated',
    );
  });
});

describe('a listing', () => {
  it('is paused, resumed and deleted by its owner', async () => {
    const { id } = await createListing(owner);
    expect((await bodyOf<TestListing>(await act(id, 'pause'))).status).toBe('paused');
    expect(await refusalOf(await readAs(id))).toBe('404 listing_not_found');
    expect(await refusalOf(await act(id, 'pause'))).toBe('409 invalid_transition');
    expect(await refusalOf(await act(id, 'publish'))).toBe('409 invalid_transition');
    expect((await bodyOf<TestListing>(await act(id, 'resume'))).status).toBe('active');
    expect((await remove(id)).status).toBe(204);
    expect(await refusalOf(await readAs(id, owner.token))).toBe('404 listing_not_found');
    expect(await refusalOf(await remove(id))).toBe('404 listing_not_found');
    const history = await deps.db.select().from(listingHistory).where(eq(listingHistory.listingId, id));
    expect(history.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'null active',
      'active paused',
      'paused active',
      'active deleted',
    ]);
  });

  it('is deleted at the version that was seen', async () => {
    const { id } = await createListing(owner);
    const tag = (await readAs(id, owner.token)).headers.get('ETag')!;
    await patch(id, { title: 'Changed' });
    expect(await refusalOf(await remove(id, owner.token, { 'If-Match': tag }))).toBe(
      '412 precondition_failed',
    );
    expect((await readAs(id)).status).toBe(200);
  });

  it('whose time is over is expired on reading, and can be put up anew', async () => {
    const { id } = await createListing(owner);
    await expire(id);
    expect(await refusalOf(await readAs(id))).toBe('404 listing_not_found');
    expect(await readListing(id, owner.token)).toMatchObject({
      status: 'expired',
      allowed_actions: ['edit', 'arrange_photos', 'relist', 'delete'],
    });
    expect(await refusalOf(await act(id, 'pause'))).toBe('409 invalid_transition');
    const relisted = await bodyOf<TestListing>(await act(id, 'relist'));
    expect(relisted).toMatchObject({ status: 'active' });
    expect(Date.parse(relisted.expires_at!)).toBeGreaterThan(Date.now() + 89 * DAY_MS);
    const history = await deps.db.select().from(listingHistory).where(eq(listingHistory.listingId, id));
    expect(history.map(({ action }) => action)).toEqual(['create', 'expire', 'relist']);
  });

  it('tells whoever has it that it is unchanged', async () => {
    const { id } = await createListing(owner);
    const tag = (await readAs(id, owner.token)).headers.get('ETag')!;
    const again = await request(`/api/v1/listings/${id}`, {
      token: owner.token,
      headers: { 'If-None-Match': tag },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('what only the owner may know', () => {
  const PLACE = { lat: 25.080_512_3, lng: 55.139_874_1, neighborhood: 'Dubai Marina', city: 'Dubai' };

  it('is where exactly it is, and what is accepted without asking', async () => {
    const { id } = await createListing(owner, {
      channel: 'community',
      location: PLACE,
      auto_accept_cents: 40_000,
      auto_decline_cents: 20_000,
      min_offer_pct: 50,
    });
    const mine = await readListing(id, owner.token);
    expect(mine.location).toEqual({ ...PLACE, is_exact: true });
    expect(mine.owner_terms).toMatchObject({
      auto_accept_cents: 40_000,
      auto_decline_cents: 20_000,
      min_offer_pct: 50,
    });
    for (const token of [undefined, stranger.token, moderator.token]) {
      const text = await (await readAs(id, token)).text();
      const theirs = JSON.parse(text) as TestListing;
      expect(theirs.location).toEqual({ ...PLACE, lat: 25.08, lng: 55.14, is_exact: false });
      expect(theirs.owner_terms).toBeNull();
      expect(text).not.toMatch(/25\.0805|55\.1398|40000|20000/);
    }
  });
});

describe('selling', () => {
  it('is not for the suspended, the banned and those it is switched off for', async () => {
    const seller = await signUp('restless');
    const draft = await createListing(seller, { status: 'draft' });
    const set = (values: Partial<typeof users.$inferInsert>) =>
      deps.db.update(users).set(values).where(eq(users.id, seller.userId));
    await set({ canSell: false });
    expect(await refusalOf(await post(LISTING, seller.token))).toBe('403 selling_not_allowed');
    expect(await refusalOf(await act(draft.id, 'publish', seller.token))).toBe('403 selling_not_allowed');
    await set({ canSell: true, status: 'suspended' });
    expect(await refusalOf(await post(LISTING, seller.token))).toBe('403 account_suspended');
    await set({ status: 'banned' });
    expect(await refusalOf(await post(LISTING, seller.token))).toBe('403 account_banned');
    await set({ status: 'active' });
    expect((await act(draft.id, 'publish', seller.token)).status).toBe(200);
  });

  it('has an end where the configuration says so, however many devices are at it', async () => {
    const seller = await signUp('collector');
    const limited = { ...deps, config: { ...deps.config, MAX_LISTINGS_PER_SELLER: 3 } };
    const { createListing: create } = await import('../../src/features/listings/listings.usecases.ts');
    const { NewListing } = await import('../../src/features/listings/listings.schemas.ts');
    const caller = { ...seller, roles: ['user'], expiresAtMs: Date.now() + DAY_MS };
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => create(limited, caller, NewListing.parse(LISTING), 'req_limit')),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const result of results)
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ failure: { code: 'listing_limit_reached' } });
    const draft = await create(limited, caller, NewListing.parse({ ...LISTING, status: 'draft' }), 'req');
    expect(draft.listing.status).toBe('draft');
  });

  it('rests while the souk is closed', async () => {
    const admin = await signUpAdmin();
    const set = (souk_enabled: boolean) =>
      request('/api/v1/admin/flags', {
        method: 'PUT',
        token: admin.token,
        json: { flags: { souk_enabled }, reason: 'a test' },
      });
    const flagged = await set(false);
    expect(flagged.status, await flagged.clone().text()).toBe(200);
    expect(await refusalOf(await post(LISTING))).toBe('409 souk_closed');
    const draft = await createListing(owner, { status: 'draft' });
    expect(await refusalOf(await act(draft.id, 'publish'))).toBe('409 souk_closed');
    await set(true);
    expect((await act(draft.id, 'publish')).status).toBe(200);
  });
});
