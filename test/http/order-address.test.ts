/** Where the parcel goes: the buyer may say it after the order, until the parcel has left. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { act, acted, capture, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
let support: TestUser;
beforeAll(async () => {
  [buyer, seller, stranger, support] = await Promise.all([
    signUp('address-buyer'),
    signUp('address-seller'),
    signUp('address-stranger'),
    signUp('address-support', 'support'),
  ]);
});

async function addressOf(user: TestUser, city: string): Promise<string> {
  const json = {
    first_name: 'Ann',
    last_name: 'Buyer',
    line1: 'Hauptstrasse 1',
    city,
    postal_code: '10115',
    country: 'DE',
    type: 'billing',
  };
  const { id } = await bodyOf<{ id: string }>(
    await request('/api/v1/addresses', { token: user.token, json }),
  );
  return id;
}
const put = (order: Purchase, user: TestUser | null, json: unknown) =>
  request(`/api/v1/orders/${order.id}/address`, {
    method: 'PUT',
    ...(user === null ? {} : { token: user.token }),
    json,
  });
const sendTo = async (order: Purchase, address_id: string): Promise<Purchase> => {
  const response = await put(order, buyer, { address_id });
  expect(response.status).toBe(200);
  return bodyOf<Purchase>(response);
};

describe('the address of an order', () => {
  it('is added to an order without one, changed, and kept as it was', async () => {
    const { order } = await matchedOrder(buyer, seller);
    expect(order.shipping.address).toBeNull();
    expect(order.allowed_actions).toContain('change-address');
    const berlin = await addressOf(buyer, 'Berlin');
    const added = await sendTo(order, berlin);
    expect(added).toMatchObject({ version: 2, status: 'pending', shipping: { address: { city: 'Berlin' } } });
    expect(await sendTo(order, berlin)).toEqual(added);
    expect((await readOrder(order.id, seller)).shipping.address).toBeNull();

    await capture(order);
    const paris = await addressOf(buyer, 'Paris');
    expect(await sendTo(order, paris)).toMatchObject({ status: 'paid' });
    expect((await readOrder(order.id, seller)).shipping.address).toMatchObject({ city: 'Paris' });
    await request(`/api/v1/addresses/${paris}`, {
      method: 'PATCH',
      token: buyer.token,
      json: { city: 'Lyon' },
    });
    const { shipping, history } = await readOrder(order.id, buyer);
    expect(shipping.address).toMatchObject({ city: 'Paris' });
    expect(
      history!
        .filter(({ action }) => action === 'change-address')
        .map(({ from, to, actor_type }) => [from, to, actor_type]),
    ).toEqual([
      ['pending', 'pending', 'buyer'],
      ['paid', 'paid', 'buyer'],
    ]);
  });

  it('stays once the parcel has left', async () => {
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    const address_id = await addressOf(buyer, 'Berlin');
    await acted(order.id, 'confirm', seller);
    await sendTo(order, address_id);
    const other = await addressOf(buyer, 'Rome');
    const ship = { carrier: 'DHL', tracking_number: `A-${order.id}` };
    const [changed, shipped] = await Promise.all([
      put(order, buyer, { address_id: other }),
      act(order.id, 'ship', seller, ship),
    ]);
    expect(shipped.status).toBe(200);
    expect([200, 409]).toContain(changed.status);
    const { status, shipping } = await readOrder(order.id, seller);
    expect(status).toBe('shipped');
    expect(shipping.address).toMatchObject({ city: changed.status === 200 ? 'Rome' : 'Berlin' });
    expect(await refusalOf(await put(order, buyer, { address_id: other }))).toBe('409 invalid_transition');
  });

  it('is the buyer’s to say, of their own addresses', async () => {
    const { order } = await matchedOrder(buyer, seller);
    const address_id = await addressOf(buyer, 'Berlin');
    expect(await refusalOf(await put(order, null, { address_id }))).toBe('401 unauthenticated');
    expect(await refusalOf(await put(order, stranger, { address_id }))).toBe('404 order_not_found');
    for (const user of [seller, support])
      expect(await refusalOf(await put(order, user, { address_id }))).toBe('403 forbidden');
    const foreign = await addressOf(seller, 'Oslo');
    for (const id of [foreign, 'adr_0000000000000000'])
      expect(await refusalOf(await put(order, buyer, { address_id: id }))).toBe('404 address_not_found');
    for (const json of [{}, { address_id: 7 }, { address_id, city: 'Rome' }, { address_id: 'x'.repeat(50) }])
      expect(await refusalOf(await put(order, buyer, json))).toBe('422 validation_failed');
    expect((await readOrder(order.id, buyer)).version).toBe(1);
  });
});
