/** The nine tests of SW-19, from an offer to its payment, by their names and over the addresses of that reference. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { answer, answered, listed, offered, offersOf, readOffer, type TestOffer } from '../support/offers.ts';
import { acted, readOrder } from '../support/purchases.ts';

interface OfferMessage {
  id: string;
  seq: number;
  offer_id: string;
  sender_id: string | null;
  message: string;
  message_type: string;
}

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
beforeAll(async () => {
  [buyer, seller, stranger] = await Promise.all([
    signUp('sw-buyer'),
    signUp('sw-seller'),
    signUp('sw-stranger'),
  ]);
});

/** SW's example: a hundred for what costs a hundred. */
const directBuy = async (): Promise<TestOffer> =>
  offered(buyer, await listed(seller, { priceCents: 10_000 }), {
    type: 'direct_buy',
    price: 100,
    buyer_id: buyer.userId,
    seller_id: seller.userId,
    message: 'I take it.',
  });
const messages = (
  of: { id: string },
  user: TestUser | undefined,
  json?: Record<string, unknown>,
  slash = '/',
) =>
  request(`/api/v1/offers/${of.id}/messages${slash}`, {
    token: user?.token,
    ...(json === undefined ? {} : { json }),
  });
const hold = async (of: TestOffer): Promise<{ id: string; status: string }> => {
  const response = await request('/api/v1/payments/hold', {
    token: buyer.token,
    json: { order_id: of.order_id, payment_method_token: 'pm_card_visa' },
  });
  expect(response.status).toBe(201);
  const payment = await bodyOf<{ id: string; status: string }>(response);
  await allDone();
  return payment;
};

describe('from an offer to its payment (SW-19)', () => {
  it('test_create_offer', async () => {
    const listing = await listed(seller, { priceCents: 10_000 });
    const response = await request('/api/v1/offers/', {
      token: buyer.token,
      json: { listing_id: listing.id, type: 'direct_buy', price: 100.0, message: 'I take it.' },
    });
    expect(response.status).toBe(201);
    expect(await bodyOf(response)).toMatchObject({
      status: 'pending',
      type: 'direct_buy',
      amount_cents: 10_000,
      buyer_id: buyer.userId,
      seller_id: seller.userId,
    });
  });

  it('test_get_offer', async () => {
    const made = await directBuy();
    expect(await readOffer(made, buyer)).toMatchObject({
      id: made.id,
      status: 'pending',
      message: 'I take it.',
    });
    expect(await refusalOf(await request(`/api/v1/offers/${made.id}`, { token: stranger.token }))).toBe(
      '404 offer_not_found',
    );
  });

  it('test_accept_offer_and_payment', async () => {
    const made = await answered(await directBuy(), 'accept', seller);
    expect(made.status).toBe('accepted');
    expect(await readOrder(made.order_id!, buyer)).toMatchObject({ status: 'pending', total_cents: 10_000 });
    await hold(made);
    expect(await readOffer(made, buyer)).toMatchObject({ status: 'payment_held' });
    expect(await readOrder(made.order_id!, buyer)).toMatchObject({ status: 'paid' });
  });

  it('test_reject_offer', async () => {
    const made = await directBuy();
    expect(await refusalOf(await answer(made, 'reject', buyer))).toBe('403 not_your_turn');
    expect(await answered(made, 'reject', seller)).toMatchObject({ status: 'declined', order_id: null });
  });

  it('test_add_message', async () => {
    const made = await directBuy();
    for (const slash of ['/', '']) {
      const response = await messages(made, seller, { message: `Pick it up${slash}?` }, slash);
      expect(response.status).toBe(201);
      expect(await bodyOf(response)).toMatchObject({
        offer_id: made.id,
        sender_id: seller.userId,
        message: `Pick it up${slash}?`,
      });
    }
    expect(await refusalOf(await messages(made, stranger, { message: 'me too' }))).toBe(
      '404 offer_not_found',
    );
    expect(await refusalOf(await messages(made, undefined, { message: 'me too' }))).toBe(
      '401 unauthenticated',
    );
    for (const json of [
      {},
      { message: '' },
      { message: ' ' },
      { message: 'x'.repeat(1_001) },
      { message: 1 },
    ])
      expect(await refusalOf(await messages(made, buyer, json))).toBe('422 validation_failed');
  });

  it('test_list_messages', async () => {
    const made = await directBuy();
    await messages(made, buyer, { content: 'Is it still there?' });
    await messages(made, seller, { content: 'It is.' });
    for (const user of [buyer, seller]) {
      const { data } = await bodyOf<{ data: OfferMessage[] }>(await messages(made, user));
      expect(
        data
          .reverse()
          .map(({ seq, sender_id, message_type, message }) => [seq, sender_id, message_type, message]),
      ).toEqual([
        [1, null, 'offer', 'Offer: AED 100.00\nI take it.'],
        [2, buyer.userId, 'text', 'Is it still there?'],
        [3, seller.userId, 'text', 'It is.'],
      ]);
    }
    expect(await refusalOf(await messages(made, stranger))).toBe('404 offer_not_found');
  });

  it('test_hold_payment', async () => {
    const made = await answered(await directBuy(), 'accept', seller);
    for (const [user, refusal] of [
      [stranger, /^404/],
      [seller, /^40[34]/],
    ] as const) {
      const response = await request('/api/v1/payments/hold', {
        token: user.token,
        json: { order_id: made.order_id, payment_method_token: 'pm_card_visa' },
      });
      expect(await refusalOf(response)).toMatch(refusal);
    }
    const payment = await hold(made);
    const read = await request(`/api/v1/payments/${payment.id}`, { token: buyer.token });
    expect(await bodyOf(read)).toMatchObject({ status: 'succeeded' });
    expect((await readOffer(made, seller)).listing.status).toBe('sold');
  });

  it('test_release_payment', async () => {
    const made = await answered(await directBuy(), 'accept', seller);
    const payment = await hold(made);
    await acted(made.order_id!, 'ship', seller, { carrier: 'DHL', tracking_number: 'T-1' });
    await acted(made.order_id!, 'deliver', buyer);
    const release = (user: TestUser) =>
      request(`/api/v1/payments/${payment.id}/release`, { token: user.token, json: {} });
    expect((await release(seller)).status).toBe(403);
    expect((await release(stranger)).status).toBe(404);
    expect((await release(buyer)).status).toBe(200);
    await allDone();
    expect(await readOffer(made, seller)).toMatchObject({ status: 'completed' });
    const wallet = await bodyOf<{ balances: { currency: string; available_cents: number }[] }>(
      await request('/api/v1/wallet', { token: seller.token }),
    );
    expect(wallet.balances.find(({ currency }) => currency === 'AED')?.available_cents).toBe(9_500);
  });

  it('test_list_user_offers', async () => {
    const made = await directBuy();
    const ids = async (user: TestUser, query: string) =>
      (await offersOf(user, query)).data.map(({ id }) => id);
    expect((await ids(buyer, '?as_buyer=true'))[0]).toBe(made.id);
    expect((await ids(seller, '?as_seller=true&status=pending'))[0]).toBe(made.id);
    expect(await ids(buyer, '?as_seller=true')).toEqual([]);
    expect(await ids(stranger, '')).toEqual([]);
  });
});
