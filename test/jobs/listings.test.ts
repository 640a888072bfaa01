import { env } from 'cloudflare:workers';
import { desc, eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { listingHistory, listings } from '../../src/db/listings-schema.ts';
import { outbox } from '../../src/db/orders-schema.ts';
import type { Deps } from '../../src/deps.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { expireDueListings } from '../../src/features/listings/listing-expiry.usecases.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { request, signUp, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { createListing, readListing } from '../support/listings.ts';

const { deps } = composeOnce(env);
const DAY_MS = 24 * 3_600_000;
const inDays = (days: number): Deps => ({ ...deps, now: () => Date.now() + days * DAY_MS });

let owner: TestUser;
beforeAll(async () => {
  owner = await signUp('owner');
});

const rowOf = async (id: string) => (await deps.db.select().from(listings).where(eq(listings.id, id)))[0]!;
const historyOf = (id: string) =>
  deps.db
    .select()
    .from(listingHistory)
    .where(eq(listingHistory.listingId, id))
    .orderBy(desc(listingHistory.version));

/** Listings made by the dozen, for the cron. */
async function crowd(count: number): Promise<string[]> {
  const { id } = await createListing(owner);
  const { row: _, ...model } = await rowOf(id);
  const ids = Array.from({ length: count }, (_, index) => `lst_crowd${String(index).padStart(11, '0')}`);
  for (const each of ids) await deps.db.insert(listings).values({ ...model, id: each });
  return [id, ...ids];
}

describe('the 90 days of a listing', () => {
  it('end by the cron, a page a minute, once', async () => {
    const ids = await crowd(110);
    expect(await expireDueListings(inDays(89))).toBe(0);
    const later = inDays(91);
    const counts = await Promise.all([expireDueListings(later), expireDueListings(later)]);
    expect(counts[0]! + counts[1]!).toBe(100);
    expect(await expireDueListings(later)).toBe(11);
    expect(await expireDueListings(later)).toBe(0);
    const states = await deps.db
      .select({ id: listings.id, status: listings.status, version: listings.version })
      .from(listings);
    for (const id of ids)
      expect(states.find((row) => row.id === id)).toMatchObject({ status: 'expired', version: 2 });
    const [last] = await historyOf(ids[0]!);
    expect(last).toMatchObject({ from: 'active', to: 'expired', actorType: 'system' });
  });

  it('are not ended by a cron that lost to its owner', async () => {
    const { id } = await createListing(owner);
    const later = inDays(91);
    await Promise.all([
      expireDueListings(later),
      request(`/api/v1/listings/${id}/pause`, { method: 'POST', token: owner.token }),
    ]);
    const { status, version } = await rowOf(id);
    expect(version).toBe(2);
    expect(['paused', 'expired']).toContain(status);
    expect(await historyOf(id)).toHaveLength(2);
  });
});

describe('an account that was deleted', () => {
  it('has nothing on sale any more, however often that is told', async () => {
    const seller = await signUp('leaver');
    const active = await createListing(seller);
    const draft = await createListing(seller, { status: 'draft' });
    const event: EventEnvelope = {
      event_id: 'evt_leaver',
      type: 'account.deleted',
      version: 1,
      aggregate: { type: 'user', id: seller.userId },
      seq: 1,
      correlation_id: 'req_leaver',
      occurred_at: new Date().toISOString(),
      data: { user_id: seller.userId },
    };
    for (let times = 0; times < 2; times += 1)
      for (const handle of DOMAIN_EVENT_HANDLERS.get('account.deleted')!) await handle(deps, event);
    expect((await rowOf(active.id)).status).toBe('paused');
    expect((await rowOf(draft.id)).status).toBe('draft');
    expect(await historyOf(active.id)).toHaveLength(2);
  });
});

describe('an edit of the price', () => {
  it('is told with what it was, once, beside the edit', async () => {
    const { id } = await createListing(owner);
    const told: EventEnvelope[] = [];
    // What is in the outbox is written with the change; the drain only passes it on.
    const quiet: Deps = { ...deps, outbox: { drain: async () => 0 } };
    const { changeListing } = await import('../../src/features/listings/listings.usecases.ts');
    const caller = { ...owner, roles: ['user'], expiresAtMs: Date.now() + DAY_MS };
    await changeListing(quiet, id, caller, '*', { price_cents: 30_000 }, 'req_price');
    await changeListing(quiet, id, caller, '*', { title: 'The same price' }, 'req_title');
    for (const { body } of await deps.db.select().from(outbox)) told.push(JSON.parse(body) as EventEnvelope);
    const mine = told.filter(({ aggregate }) => aggregate.id === id);
    expect(mine.filter(({ type }) => type === 'listing.price_changed')).toMatchObject([
      {
        event_id: `${id}:2:price`,
        data: { listing_id: id, price_cents: 30_000, previous_price_cents: 45_000, currency: 'AED' },
      },
    ]);
    expect(
      mine
        .filter(({ type }) => type === 'listing.updated')
        .map(({ seq }) => seq)
        .sort(),
    ).toEqual([2, 3]);
  });
});

describe('a moderator', () => {
  it('takes a listing out of sight and back, with a reason and a trace', async () => {
    const moderator = await signUp('moderator', 'moderator');
    const { id } = await createListing(owner);
    const act = (action: string, json: unknown, token = moderator.token) =>
      request(`/api/v1/admin/listings/${id}/${action}`, { token, json });
    expect(await refusalOf(await act('remove', { reason: 'x' }, owner.token))).toBe('403 forbidden');
    expect(await refusalOf(await act('remove', { reason: ' ' }))).toBe('422 validation_failed');
    expect((await act('remove', { reason: 'A counterfeit' })).status).toBe(200);
    expect(await refusalOf(await request(`/api/v1/listings/${id}`))).toBe('404 listing_not_found');
    expect(await readListing(id, owner.token)).toMatchObject({
      status: 'removed',
      allowed_actions: [],
      owner_terms: { removed_reason: 'A counterfeit' },
    });
    expect(await refusalOf(await act('remove', { reason: 'again' }))).toBe('409 invalid_transition');
    expect((await act('restore', { reason: 'It was real' })).status).toBe(200);
    expect((await readListing(id)).status).toBe('active');
    const audited = await request(`/api/v1/admin/audit?target_type=listing&target_id=${id}`, {
      token: (await signUp('auditor', 'admin')).token,
    });
    expect(
      ((await audited.json()) as { data: { action: string }[] }).data.map(({ action }) => action),
    ).toEqual(['listing_restored', 'listing_removed']);
    const own = await createListing(moderator);
    expect(
      await refusalOf(
        await request(`/api/v1/admin/listings/${own.id}/remove`, {
          token: moderator.token,
          json: { reason: 'x' },
        }),
      ),
    ).toBe('403 forbidden');
  });
});
