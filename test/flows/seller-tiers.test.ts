/** Sellers of a tier pay its fees where the seller is known, and the calculation says so to the cent (SN-43). */
import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { runBatch } from '../../src/features/orders/order-steps.ts';
import { placeFromSwap } from '../../src/features/orders/place-offer-order.statements.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import { createListing } from '../support/listings.ts';
import { matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

const AMOUNT = 45_000;
const MARINA = { lat: 25.080_51, lng: 55.140_32, neighborhood: 'Dubai Marina', city: 'Dubai' };
let admin: TestUser;
let buyer: TestUser;
let people = 0;

const announced = (json: Record<string, unknown>) =>
  request('/api/v1/admin/fee-schedules', {
    token: admin.token,
    json: { channel: 'community', currency: 'AED', buyer_fee_bps: 0, reason: 'a test', ...json },
  });
const putTier = (user: TestUser, seller_tier: string, by: TestUser = admin) =>
  request(`/api/v1/admin/users/${user.userId}`, {
    method: 'PUT',
    token: by.token,
    json: { seller_tier, reason: 'a plan' },
  });
async function sellerOf(tier: string): Promise<TestUser> {
  people += 1;
  const user = await signUp(`tier-seller-${people}`);
  expect(await bodyOf(await putTier(user, tier))).toMatchObject({ seller_tier: tier });
  return user;
}

interface Fees {
  tier: string;
  seller_fee_bps: number;
  seller_fee_cents: number;
  seller_payout_cents: number;
  buyer_total_cents: number;
  fee_schedule_id: string;
}
const calculated = async (query: string): Promise<Fees> =>
  bodyOf<Fees>(await request(`/api/v1/fees/calculate?price_cents=${AMOUNT}&${query}`));
const ofSeller = (seller: TestUser) =>
  calculated(`channel=community&currency=AED&seller_id=${seller.userId}`);

async function bought(seller: TestUser): Promise<Purchase> {
  const { id } = await createListing(seller, {
    channel: 'community',
    price_cents: AMOUNT,
    currency: 'AED',
    location: MARINA,
  });
  const response = await request(`/api/v1/listings/${id}/buy`, { token: buyer.token, json: {} });
  expect(response.status).toBeLessThan(300);
  const { order_id } = await bodyOf<{ order_id: string }>(response);
  return readOrder(order_id, seller);
}

beforeAll(async () => {
  admin = await signUpAdmin('tier-admin');
  buyer = await signUp('tier-buyer');
  expect((await announced({ tier: 'pro', seller_fee_bps: 300 })).status).toBe(201);
});

describe('a seller of a tier', () => {
  it.each([
    ['pro', 'pro', 300, 1_350],
    ['elite', 'standard', 500, 2_250],
    ['standard', 'standard', 500, 2_250],
  ])('%s pays the fees of %s, exactly as calculated', async (tier, rateOf, bps, feeCents) => {
    const seller = await sellerOf(tier);
    const fees = await ofSeller(seller);
    expect(fees).toMatchObject({ tier: rateOf, seller_fee_bps: bps, seller_fee_cents: feeCents });
    expect(await calculated(`channel=community&currency=AED&tier=${tier}`)).toEqual(fees);
    const order = await bought(seller);
    expect(order).toMatchObject({
      seller_fee_cents: fees.seller_fee_cents,
      payout_cents: fees.seller_payout_cents,
      total_cents: fees.buyer_total_cents,
    });
    const row = await deps.db.query.orders.findFirst({ where: (table, { eq }) => eq(table.id, order.id) });
    expect(row).toMatchObject({ feeScheduleId: fees.fee_schedule_id, sellerFeeBps: bps });
  });

  it('keeps the fees of orders that are placed when the tier changes', async () => {
    const seller = await sellerOf('pro');
    const before = await bought(seller);
    await putTier(seller, 'standard');
    expect((await bought(seller)).seller_fee_cents).toBe(2_250);
    expect((await readOrder(before.id, seller)).seller_fee_cents).toBe(1_350);
  });

  it('pays them in an exchange for what they sell, and the other party theirs', async () => {
    const [pro, other] = [await sellerOf('pro'), await sellerOf('standard')];
    const thing = () => ({ id: newId('lst', deps.random), title: 'A thing', condition: 'good' });
    const fees: number[] = [];
    for (const [owner, offerer] of [
      [pro, other],
      [other, pro],
    ] as const) {
      const placed = await placeFromSwap(deps, {
        offerId: newId('ofr', deps.random),
        swapId: newId('swp', deps.random),
        channel: 'community',
        currency: 'AED',
        correlationId: 'req_tier',
        actor: { id: owner.userId, roles: ['seller'] },
        owner: { userId: owner.userId, listings: [thing()], cashCents: 0 },
        offerer: { userId: offerer.userId, listings: [thing()], cashCents: AMOUNT },
      });
      await runBatch(deps, placed.statements);
      fees.push((await readOrder(placed.orders[0]!.id, owner)).seller_fee_cents!);
    }
    expect(fees).toEqual([1_350, 2_250]);
  });

  it('matches in a book at the rate of everybody, as the calculation says', async () => {
    const seller = await sellerOf('pro');
    const { order } = await matchedOrder(buyer, seller);
    const fees = await bodyOf<Fees>(
      await request(`/api/v1/fees/calculate?price_cents=22000&seller_id=${seller.userId}`),
    );
    expect(fees).toMatchObject({ tier: 'standard', seller_fee_cents: 880 });
    expect((await readOrder(order.id, seller)).seller_fee_cents).toBe(880);
    for (const channel of ['match', 'checkout'])
      expect(await refusalOf(await announced({ channel, tier: 'pro', seller_fee_bps: 1 }))).toBe(
        '422 validation_failed',
      );
  });
});

describe('the schedule', () => {
  it('shows the rows of every tier, each in force until the next of its own', async () => {
    expect((await announced({ tier: 'elite', currency: 'EUR', seller_fee_bps: 200 })).status).toBe(201);
    const { data } = await bodyOf<{ data: Record<string, unknown>[] }>(await request('/api/v1/fees/configs'));
    const rows = data.filter(({ channel, currency }) => channel === 'community' && currency === 'EUR');
    expect(rows).toMatchObject([
      { tier: 'elite', seller_fee_bps: 200, in_force: true },
      { tier: 'standard', seller_fee_bps: 500, in_force: true },
    ]);
    expect(new Set(data.map(({ tier }) => tier))).toEqual(new Set(['standard', 'pro', 'elite']));
  });

  it('has one row of a tier from one moment, and rows of two tiers from the same', async () => {
    const valid_from = '2999-01-01T00:00:00Z';
    const row = { currency: 'GBP', seller_fee_bps: 100, valid_from };
    expect((await announced({ ...row, tier: 'pro' })).status).toBe(201);
    expect((await announced({ ...row, tier: 'elite' })).status).toBe(201);
    expect(await refusalOf(await announced({ ...row, tier: 'pro' }))).toBe('409 fee_schedule_taken');
    expect(await refusalOf(await announced({ ...row, tier: 'gold' }))).toBe('422 validation_failed');
  });
});

describe('the tier of a user', () => {
  it('is set by an admin with a line in the log, never by oneself or anybody else', async () => {
    const seller = await sellerOf('elite');
    const log = await readAll<{ before: unknown; after: unknown; reason: string }>(
      `/api/v1/admin/audit?target_type=user&target_id=${seller.userId}`,
      admin.token,
    );
    expect(log).toMatchObject([
      { before: { seller_tier: 'standard' }, after: { seller_tier: 'elite' }, reason: 'a plan' },
    ]);
    expect(await refusalOf(await putTier(admin, 'elite'))).toBe('403 forbidden');
    expect(await refusalOf(await putTier(seller, 'pro', seller))).toBe('403 forbidden');
    expect(await refusalOf(await putTier(seller, 'gold'))).toBe('422 validation_failed');
    const own = await request('/api/v1/me', {
      method: 'PATCH',
      token: seller.token,
      json: { seller_tier: 'pro' },
    });
    expect(own.status).toBeGreaterThanOrEqual(400);
    expect((await ofSeller(seller)).tier).toBe('standard');
    const nobody = await request('/api/v1/fees/calculate?price_cents=100&seller_id=usr_nobody');
    expect(await refusalOf(nobody)).toBe('404 user_not_found');
    expect(await refusalOf(await request('/api/v1/fees/calculate?price_cents=100&tier=gold'))).toBe(
      '422 validation_failed',
    );
  });
});
