import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { refusalOf, type TestPage } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing, LISTING, readListing, type TestListing } from '../support/listings.ts';
import { greyPng } from '../support/pictures.ts';
import { acted } from '../support/purchases.ts';

const MARINA = { lat: 25.080_51, lng: 55.140_32, neighborhood: 'Dubai Marina', city: 'Dubai' };
const COMMUNITY = '/api/v1/feed/community?lat=25.08&lng=55.14';

let seller: TestUser;
let buyer: TestUser;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([signUp('seller'), signUp('buyer')]);
  await posted('/wallet/top-up', {
    amount_cents: 5_000_000,
    currency: 'AED',
    payment_method_token: 'pm_card_visa',
  });
  await allDone();
});

async function posted<T = unknown>(path: string, json: unknown, user = buyer): Promise<T> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  if (response.status >= 300) throw new Error(`${path}: ${await response.text()}`);
  return bodyOf<T>(response);
}
const mine = (id: string, action: string) =>
  request(`/api/v1/listings/${id}/${action}`, { method: 'POST', token: seller.token });
const idsIn = async (path: string) =>
  (await bodyOf<TestPage<TestListing>>(await request(path))).data.map(({ id }) => id);
const buy = async (id: string) => (await posted<{ order_id: string }>(`/listings/${id}/buy`, {})).order_id;
const pay = async (orderId: string) => {
  await posted('/payments/hold', { order_id: orderId, source: 'wallet' });
  await allDone();
};

describe('a thing in the souk', () => {
  it('goes from a draft to a neighbour who found it near, and nobody can buy it twice', async () => {
    const { id } = await createListing(seller, { channel: 'community', location: MARINA, status: 'draft' });
    await request(`/api/v1/listings/${id}/photos?alt=From%20the%20front`, {
      method: 'POST',
      token: seller.token,
      body: greyPng(40, 30),
      headers: { 'Content-Type': 'image/png' },
    });
    expect(await idsIn(COMMUNITY)).toEqual([]);
    expect((await mine(id, 'publish')).status).toBe(200);
    const [found] = (await bodyOf<TestPage<TestListing>>(await request(COMMUNITY))).data;
    expect(found).toMatchObject({
      id,
      distance_label: 'Less than 1 km away',
      photo: { alt: 'From the front' },
    });

    const orderId = await buy(id);
    expect(await readListing(id, buyer.token)).toMatchObject({ status: 'reserved', allowed_actions: [] });
    expect(await idsIn(COMMUNITY)).toEqual([]);
    const refused = await request(`/api/v1/listings/${id}`, {
      method: 'PATCH',
      token: seller.token,
      json: { price_cents: 1 },
      headers: { 'If-Match': '*' },
    });
    expect(await refusalOf(refused)).toBe('409 invalid_transition');
    expect(await refusalOf(await mine(id, 'pause'))).toBe('409 invalid_transition');

    await pay(orderId);
    expect(await readListing(id)).toMatchObject({ status: 'sold' });
    expect(await idsIn(`/api/v1/users/${seller.userId}/listings?status=sold`)).toContain(id);
    expect(
      await refusalOf(await request(`/api/v1/listings/${id}`, { method: 'DELETE', token: seller.token })),
    ).toBe('409 invalid_transition');
    const again = await request(`/api/v1/listings/${id}/buy`, { token: buyer.token, json: {} });
    expect(again.status).toBe(409);
  });

  it('is on sale again when its order is cancelled unpaid', async () => {
    const { id } = await createListing(seller, { title: 'Unpaid chair' });
    await acted(await buy(id), 'cancel', buyer, { reason: 'changed my mind' });
    await allDone();
    expect(await readListing(id)).toMatchObject({ status: 'active' });
    expect(await idsIn('/api/v1/listings?q=unpaid')).toEqual([id]);
  });

  it('waits for its owner when the money went back before it was sent, and can be put on sale again', async () => {
    const { id } = await createListing(seller, { title: 'Refunded lamp' });
    const orderId = await buy(id);
    await pay(orderId);
    await acted(orderId, 'cancel', seller, { reason: 'it broke while I packed it' });
    await allDone();
    expect(await readListing(id, seller.token)).toMatchObject({
      status: 'paused',
      allowed_actions: ['edit', 'arrange_photos', 'resume', 'delete'],
    });
    expect(await idsIn('/api/v1/listings?q=refunded')).toEqual([]);
    expect((await mine(id, 'resume')).status).toBe(200);
    expect(await idsIn('/api/v1/listings?q=refunded')).toEqual([id]);
  });

  it('costs what the page says: nothing on top for the buyer', async () => {
    const { id } = await createListing(seller, { title: 'Plain table' });
    const order = await bodyOf<{ total_cents: number; buyer_fee_cents: number }>(
      await request(`/api/v1/orders/${await buy(id)}`, { token: buyer.token }),
    );
    expect(order).toMatchObject({ total_cents: LISTING.price_cents, buyer_fee_cents: 0 });
  });
});
