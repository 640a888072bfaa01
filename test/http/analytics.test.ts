import { beforeAll, describe, expect, it, vi } from 'vitest';
import { rollups } from '../../src/db/analytics-schema.ts';
import { refreshRollUps, refreshRollUpsWhenDue } from '../../src/features/analytics/roll-ups.usecases.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps, projected } from '../support/book-object.ts';
import { createBook, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing } from '../support/listings.ts';
import { capture, matchedOrder } from '../support/purchases.ts';

interface Answer {
  as_of: string | null;
  total: Record<string, unknown>;
  series: (Record<string, unknown> & { starts_at: string })[];
  daily_active_users: number;
  monthly_active_users: number;
}
const read = async (path: string, user: TestUser): Promise<Answer> =>
  bodyOf(await request(`/api/v1${path}`, { token: user.token }));

let admin: TestUser;
let buyer: TestUser;
let seller: TestUser;

beforeAll(async () => {
  [admin, buyer, seller] = await Promise.all([
    signUpAdmin('figures-admin'),
    signUp('figures-buyer'),
    signUp('figures-seller'),
  ]);
  const { order } = await matchedOrder(buyer, seller);
  await capture(order);
  const open = await createBook();
  await placed(open, seller, 'ask', { price_cents: 21_000 });
  await placed(open, buyer, 'bid', { price_cents: 19_000 });
  await projected(open);

  const listing = await createListing(seller, { price_cents: 40_000 });
  await request(`/api/v1/listings/${listing.id}`, { token: buyer.token });
  const offer = await bodyOf<{ id: string }>(
    await request('/api/v1/offers', {
      token: buyer.token,
      json: { listing_id: listing.id, offered_price_cents: 30_000 },
    }),
  );
  const accepted = await request(`/api/v1/offers/${offer.id}/accept`, {
    token: seller.token,
    method: 'POST',
  });
  if (accepted.status !== 200) throw new Error(await accepted.text());
  await allDone();
  // The look is written down after the answer.
  await vi.waitFor(async () => {
    const looked = await deps.d1
      .prepare("SELECT count(*) AS n FROM interactions WHERE kind = 'viewed'")
      .first();
    expect(looked).toEqual({ n: 1 });
  }, 20_000);
  await refreshRollUpsWhenDue(deps);
});

describe('the analytics of the house', () => {
  it('tell what was traded, haggled and looked at', async () => {
    const { total, as_of } = await read('/admin/analytics', admin);
    expect(as_of).not.toBeNull();
    expect(total).toMatchObject({
      gmv_cents: { USD: 22_000 },
      fees_cents: { USD: 1_980 },
      take_rate_bps: { USD: 900 },
      orders_paid: 1,
      matches: 1,
      bids_placed: 2,
      asks_placed: 2,
      fill_rate_bps: 10_000,
      expiry_rate_bps: 0,
      spread_bps: 1_000,
      offers_made: 1,
      offers_accepted: 1,
      offer_acceptance_bps: 10_000,
      listings_published: 1,
      listing_views: 1,
      users_registered: expect.any(Number),
      dispute_rate_bps: 0,
    });
  });

  it('are the same by hour, and however often they are gathered', async () => {
    const gathered = () =>
      deps.db.select().from(rollups).orderBy(rollups.grain, rollups.startsAt, rollups.metric, rollups.key);
    const once = await gathered();
    const running = new Set(once.filter(({ metric }) => metric === 'spread_books').map(({ grain }) => grain));
    expect([...running]).toEqual(['day', 'hour']);
    await refreshRollUps(deps);
    await refreshRollUps(deps);
    expect(await gathered()).toEqual(once);
    const { total, series } = await read('/admin/analytics?by=hour', admin);
    expect(total).toMatchObject({ gmv_cents: { USD: 22_000 }, offers_made: 1 });
    expect(series.length).toBeGreaterThan(0);
  });

  it('count people once a day', async () => {
    await refreshRollUpsWhenDue(deps);
    await refreshRollUpsWhenDue(deps);
    const { daily_active_users, monthly_active_users } = await read('/admin/analytics', admin);
    const sessions = (await deps.d1
      .prepare('SELECT count(DISTINCT user_id) AS n FROM sessions')
      .first<{ n: number }>())!.n;
    expect(daily_active_users).toBe(sessions);
    expect(monthly_active_users).toBe(sessions);
  });

  it('are for those who may read them, in ranges that make sense', async () => {
    expect(await refusalOf(await request('/api/v1/admin/analytics'))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/admin/analytics', { token: buyer.token }))).toBe(
      '403 forbidden',
    );
    for (const query of [
      'from=2026-02-02&to=2026-02-01',
      'from=2020-01-01&to=2026-01-01',
      'from=x',
      'by=week',
    ])
      expect(await refusalOf(await request(`/api/v1/admin/analytics?${query}`, { token: admin.token }))).toBe(
        '422 validation_failed',
      );
    expect((await read('/admin/analytics?from=2020-01-01&to=2020-02-01', admin)).series).toEqual([]);
  });
});

describe('the analytics of a seller', () => {
  it('tell of their own sales and haggling alone', async () => {
    const { total, series } = await read('/me/analytics', seller);
    expect(total).toMatchObject({
      sales: 1,
      revenue_cents: { USD: 22_000 },
      average_order_cents: { USD: 22_000 },
      views: 1,
      offers_received: 1,
      offers_accepted: 1,
      acceptance_rate_bps: 10_000,
      response_time_ms: expect.any(Number),
      negotiation_rounds: 1,
      discount_bps: 2_500,
    });
    expect(series).toHaveLength(1);
    expect((await read('/me/analytics', buyer)).total).toMatchObject({ sales: 0, offers_received: 0 });
    expect(await refusalOf(await request('/api/v1/me/analytics'))).toBe('401 unauthenticated');
  });
});
