import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import {
  answer,
  answered,
  listed,
  type OfferList,
  offer,
  offered,
  offersOf,
  readListing,
  readOffer,
  type TestOffer,
} from '../support/offers.ts';
import { type Purchase, readOrder } from '../support/purchases.ts';

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
beforeAll(async () => {
  [buyer, seller, stranger] = await Promise.all([signUp('Buyer'), signUp('Seller'), signUp('Stranger')]);
});
let people = 0;
const somebody = (): Promise<TestUser> => signUp(`Haggler${++people}`);

describe('making an offer', () => {
  it('takes buyer and seller from the token and the listing, never from the body', async () => {
    const listing = await listed(seller);
    const made = await offered(buyer, listing, {
      price_cents: 40_000,
      message: 'Would you?',
      buyer_id: stranger.userId,
      seller_id: stranger.userId,
    });
    expect(made).toMatchObject({
      type: 'offer',
      status: 'pending',
      role: 'buyer',
      awaiting: 'seller',
      round: 1,
      buyer_id: buyer.userId,
      seller_id: seller.userId,
      other_party: { id: seller.userId },
      amount_cents: 40_000,
      message: 'Would you?',
      offers_left: 4,
      allowed_actions: ['withdraw'],
      listing: { title: 'A bicycle', status: 'active' },
    });
    expect(await readOffer(made, seller)).toMatchObject({
      role: 'seller',
      allowed_actions: ['accept', 'counter', 'decline'],
      other_party: { id: buyer.userId },
      moves: [{ id: made.id, round: 1, by: 'buyer', amount_cents: 40_000, message: 'Would you?' }],
      history: [{ from: null, to: 'pending', action: 'create', actor_id: buyer.userId }],
    });
  });

  it('has the names and addresses of the references', async () => {
    const named: [string, Record<string, unknown>][] = [
      ['/offers', { product_id: '', offered_price: 400 }],
      ['/offers/', { listing_id: '', type: 'offer', price: 400.0 }],
      ['/offers', { product_id: '', offered_price_cents: 40_000 }],
      ['/listings/ID/offers', { amount_cents: 40_000 }],
    ];
    for (const [path, body] of named) {
      const listing = await listed(seller);
      const json = Object.fromEntries(
        Object.entries(body).map(([name, value]) => [name, name.endsWith('_id') ? listing.id : value]),
      );
      const response = await request(`/api/v1${path.replace('ID', listing.id)}`, {
        token: buyer.token,
        json,
      });
      expect(response.status, path).toBe(201);
      expect(await bodyOf(response)).toMatchObject({ amount_cents: 40_000, listing_id: listing.id });
    }
  });

  it('is refused to strangers to the API, on what is not there, and with bad input', async () => {
    const listing = await listed(seller);
    expect(await refusalOf(await offer(undefined, listing))).toBe('401 unauthenticated');
    expect(await refusalOf(await offer(buyer, { id: 'lst_0000000000000000' }))).toBe('404 listing_not_found');
    const draft = await listed(seller, { status: 'draft' });
    expect(await refusalOf(await offer(buyer, draft))).toBe('404 listing_not_found');
    const BAD: Record<string, unknown>[] = [
      { price_cents: '40000' },
      { price_cents: 1.5 },
      { price_cents: -1 },
      { price_cents: 2 ** 60 },
      { offered_price: 3.333 },
      { price_cents: 1, type: 'gift' },
      { price_cents: 1, message: 'x'.repeat(501) },
      { price_cents: 1, expires_in_hours: 0.5 },
      { price_cents: 1, expires_in_hours: 73 },
      { price_cents: 1, expires_at: new Date(deps.now() + 80 * 3_600_000).toISOString() },
      { price_cents: 1, expires_at: 'tomorrow' },
      { price_cents: 1, status: 'accepted' },
      { price_cents: 1, swap_listing_ids: 'lst_x' },
    ];
    for (const json of BAD)
      expect(await refusalOf(await offer(buyer, listing, json)), JSON.stringify(json)).toBe(
        '422 validation_failed',
      );
    for (const json of [{}, { price_cents: 50_000 }, { price_cents: 50_001 }])
      expect(await refusalOf(await offer(buyer, listing, json))).toBe('422 invalid_price');
    expect(await refusalOf(await offer(seller, listing))).toBe('422 own_listing');
    expect(
      (await offersOf(seller, `?status=open&as_seller=true`)).data.filter(
        ({ listing_id }) => listing_id === listing.id,
      ),
    ).toEqual([]);
  });

  it('is one at a time on a listing, and five in all', async () => {
    const listing = await listed(seller);
    for (let n = 1; n <= 5; n += 1) {
      const made = await offered(buyer, listing, { price_cents: n });
      expect(made.offers_left).toBe(5 - n);
      expect(await refusalOf(await offer(buyer, listing))).toBe('409 offer_open_already');
      await answered(made, 'withdraw', buyer);
    }
    expect(await refusalOf(await offer(buyer, listing))).toBe('409 offers_used_up');
    // The asking price is no haggling.
    expect(await offered(buyer, listing, { type: 'direct_buy' })).toMatchObject({ amount_cents: 50_000 });
  });

  it('sent from ten devices at once is one', async () => {
    const listing = await listed(seller);
    const sent = await Promise.all(Array.from({ length: 10 }, () => offer(buyer, listing)));
    expect(sent.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(
      (await offersOf(seller, '?as_seller=1')).data.filter(({ listing_id }) => listing_id === listing.id),
    ).toHaveLength(1);
  });

  it('is told once under one Idempotency-Key', async () => {
    const listing = await listed(seller);
    const send = () =>
      request('/api/v1/offers', {
        token: buyer.token,
        json: { listing_id: listing.id, price_cents: 100 },
        headers: { 'Idempotency-Key': `offer-${listing.id}` },
      });
    const [first, second] = [await bodyOf(await send()), await bodyOf(await send())];
    expect(second).toEqual(first);
  });

  it('is refused between two of whom one blocked the other, and so is a yes', async () => {
    const [ann, listing] = [await somebody(), await listed(seller)];
    const made = await offered(ann, listing);
    await request(`/api/v1/users/${ann.userId}/block`, { method: 'PUT', token: seller.token });
    expect(await refusalOf(await offer(ann, await listed(seller)))).toBe('403 conversation_blocked');
    expect(await refusalOf(await answer(made, 'accept', seller))).toBe('403 conversation_blocked');
    expect(await refusalOf(await answer(made, 'counter', seller, { price_cents: 45_000 }))).toBe(
      '403 conversation_blocked',
    );
    expect(await answered(made, 'decline', seller)).toMatchObject({ status: 'declined' });
  });

  it('is answered by the thresholds of the listing at once', async () => {
    const terms = { autoAcceptCents: 45_000, autoDeclineCents: 20_000 };
    const low = await offered(buyer, await listed(seller, terms), { price_cents: 20_000 });
    expect(low).toMatchObject({ status: 'declined', auto: true, order_id: null, allowed_actions: [] });
    const listing = await listed(seller, terms);
    const high = await offered(buyer, listing, { price_cents: 45_000 });
    expect(high).toMatchObject({ status: 'accepted', auto: true, order_id: expect.stringMatching(/^ord_/) });
    expect(await readListing(listing.id)).toMatchObject({ status: 'reserved', reservedFor: high.id });
    expect((await readOffer(high, buyer)).history.map(({ action }) => action)).toEqual([
      'create',
      'auto_accept',
    ]);
  });
});

describe('answering', () => {
  it('alternates, each counter between the two that stand, until the buyer accepts the last', async () => {
    const listing = await listed(seller);
    const made = await offered(buyer, listing, { price_cents: 30_000 });
    expect(await refusalOf(await answer(made, 'counter', buyer, { price_cents: 35_000 }))).toBe(
      '403 not_your_turn',
    );
    expect(await refusalOf(await answer(made, 'accept', buyer))).toBe('403 not_your_turn');
    for (const price_cents of [30_000, 50_000, 1])
      expect(await refusalOf(await answer(made, 'counter', seller, { price_cents }))).toBe(
        '422 invalid_price',
      );
    const second = await answered(
      made,
      'counter',
      seller,
      { counter_price: 450, message: 'Almost.' },
      'PATCH',
    );
    expect(second).toMatchObject({
      id: made.id,
      status: 'countered',
      awaiting: 'buyer',
      round: 2,
      amount_cents: 45_000,
      parent_offer_id: made.id,
      message: 'Almost.',
    });
    const third = await answered(made, 'counter', buyer, { price_cents: 40_000 });
    const fourth = await answered(made, 'counter', seller, { price_cents: 42_000 });
    expect(fourth.parent_offer_id).toBe(third.current_offer_id);
    // Any move names the offer.
    const accepted = await answered({ id: third.current_offer_id }, 'accept', buyer);
    expect(accepted).toMatchObject({ id: made.id, status: 'accepted', amount_cents: 42_000, awaiting: null });
    const order = await readOrder(accepted.order_id!, buyer);
    expect(order).toMatchObject({
      source: 'offer',
      status: 'pending',
      subtotal_cents: 42_000,
      total_cents: 42_000,
    });
    const { moves } = await readOffer(made, seller);
    expect(moves.map(({ amount_cents, by }) => `${by} ${amount_cents}`)).toEqual([
      'buyer 30000',
      'seller 45000',
      'buyer 40000',
      'seller 42000',
    ]);
    expect(await readListing(listing.id)).toMatchObject({ status: 'reserved', reservedFor: made.id });
  });

  it('takes both words and both verbs', async () => {
    for (const method of ['POST', 'PATCH'])
      for (const [word, user, status] of [
        ['accept', seller, 'accepted'],
        ['decline', seller, 'declined'],
        ['reject', seller, 'declined'],
        ['withdraw', buyer, 'withdrawn'],
        ['cancel', buyer, 'withdrawn'],
      ] as const) {
        const made = await offered(buyer, await listed(seller));
        expect(await answered(made, word, user, {}, method)).toMatchObject({ status, allowed_actions: [] });
        // The same again is the same answer; something else is too late.
        expect(await answered(made, word, user, undefined, method)).toMatchObject({ status });
        const other = status === 'declined' ? 'accept' : 'decline';
        expect(await refusalOf(await answer(made, other, seller, undefined, method))).toBe(
          '409 invalid_transition',
        );
      }
  });

  it('ends after ten moves', async () => {
    const made = await offered(buyer, await listed(seller), { price_cents: 10_000 });
    for (let round = 2; round <= 10; round += 1) {
      const bySeller = round % 2 === 0;
      await answered(made, 'counter', bySeller ? seller : buyer, {
        price_cents: bySeller ? 40_000 - round : 10_000 + round,
      });
    }
    expect(await refusalOf(await answer(made, 'counter', buyer, { price_cents: 20_000 }))).toBe(
      '409 offer_moves_used_up',
    );
    expect((await readOffer(made, buyer)).allowed_actions).toEqual(['accept', 'decline']);
  });

  it('is for the two parties alone; nobody else learns that there is an offer', async () => {
    const listing = await listed(seller);
    const made = await offered(buyer, listing);
    for (const action of ['accept', 'decline', 'reject', 'withdraw', 'cancel', 'counter'])
      for (const method of ['POST', 'PATCH']) {
        const json = action === 'counter' ? { price_cents: 45_000 } : undefined;
        expect(await refusalOf(await answer(made, action, stranger, json, method))).toBe(
          '404 offer_not_found',
        );
        expect(await refusalOf(await answer(made, action, undefined, json, method))).toBe(
          '401 unauthenticated',
        );
        expect(
          await refusalOf(await answer({ id: 'ofr_0000000000000000' }, action, buyer, json, method)),
        ).toBe('404 offer_not_found');
      }
    expect(await refusalOf(await request(`/api/v1/offers/${made.id}`, { token: stranger.token }))).toBe(
      '404 offer_not_found',
    );
    for (const path of [`/listings/${listing.id}/offers`, `/products/${listing.id}/offers`]) {
      for (const user of [buyer, stranger])
        expect(await refusalOf(await request(`/api/v1${path}`, { token: user.token }))).toBe(
          '404 listing_not_found',
        );
      expect(await refusalOf(await request(`/api/v1${path}`))).toBe('401 unauthenticated');
      const page = await bodyOf<OfferList>(await request(`/api/v1${path}`, { token: seller.token }));
      expect(page).toMatchObject({
        data: [{ id: made.id, moves: [{ amount_cents: 40_000 }] }],
        next_cursor: null,
      });
    }
    for (const json of [
      {},
      { price_cents: 'x' },
      { price_cents: 1e15 },
      { message: 'x'.repeat(501), price_cents: 1 },
    ])
      expect(['422 validation_failed', '422 invalid_price']).toContain(
        await refusalOf(await answer(made, 'counter', seller, json)),
      );
    expect(await readOffer(made, buyer)).toMatchObject({ version: 1, status: 'pending' });
  });
});

describe('an offer in a conversation', () => {
  it('is the buyer’s, or the lister’s to who asked; who is who comes from the conversation', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const listing = await listed(ben, { isNegotiable: false, autoAcceptCents: 45_000 });
    const started = await bodyOf<{ id: string }>(
      await request('/api/v1/conversations', {
        token: ann.token,
        json: { other_user_id: ben.userId, listing_id: listing.id, initial_message: 'Is it still there?' },
      }),
    );
    const propose = (user: TestUser | undefined, json: Record<string, unknown>, id = started.id) =>
      request(`/api/v1/conversations/${id}/offers`, { token: user?.token, json });
    const response = await propose(ben, {
      price_cents: 46_000,
      buyer_id: stranger.userId,
      message: 'For you.',
    });
    expect(response.status).toBe(201);
    const made = await bodyOf<TestOffer>(response);
    expect(made).toMatchObject({
      role: 'seller',
      status: 'pending',
      awaiting: 'buyer',
      buyer_id: ann.userId,
      conversation_id: started.id,
      allowed_actions: ['withdraw'],
    });
    expect(await refusalOf(await propose(ben, { price_cents: 45_000 }))).toBe('409 offer_open_already');
    const countered = await answered(made, 'counter', ann, { price_cents: 40_000 });
    expect(countered).toMatchObject({ awaiting: 'seller', offers_left: 5 });
    expect(await refusalOf(await answer(made, 'counter', ben, { price_cents: 46_000 }))).toBe(
      '422 invalid_price',
    );
    expect(await answered(made, 'accept', ben)).toMatchObject({ status: 'accepted', amount_cents: 40_000 });
    const { data } = await bodyOf<{ data: { content: string; message_type: string }[] }>(
      await request(`/api/v1/conversations/${started.id}/messages`, { token: ann.token }),
    );
    expect(data.reverse().map(({ content }) => content)).toEqual([
      'Is it still there?',
      'Offer: AED 460.00\nFor you.',
      'Counter-offer: AED 400.00',
      'Accepted: AED 400.00. The order is to be paid within a day.',
    ]);
    expect(await refusalOf(await propose(undefined, { price_cents: 1 }))).toBe('401 unauthenticated');
    for (const [user, id] of [
      [stranger, started.id],
      [ann, 'cnv_0000000000000000'],
    ] as const)
      expect(await refusalOf(await propose(user, { price_cents: 1 }, id))).toBe('404 conversation_not_found');
  });
});

describe('lists', () => {
  it('show what one made and got, by cursor and by page, of one state or all', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await offered(ann, await listed(ben))).id);
    const got = (await offered(ben, await listed(ann))).id;
    await answered({ id: made[0]! }, 'decline', ben);
    const ids = async (query: string) => (await offersOf(ann, query)).data.map(({ id }) => id);
    expect(await ids('')).toEqual([got, ...made]);
    expect(await ids('?as_buyer=true')).toEqual(made);
    expect(await ids('?as_seller=true')).toEqual([got]);
    expect(await ids('?as_buyer=true&as_seller=true')).toEqual([got, ...made]);
    expect(await ids('?status=rejected')).toEqual([made[0]]);
    expect(await ids('?status=pending&as_buyer=1')).toEqual(made.slice(1));
    expect(await ids('?status=open')).toEqual([got, ...made.slice(1)]);
    expect(await ids('?page=2&per_page=2')).toEqual([made[1], made[2]]);
    const read: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: OfferList = await offersOf(ann, `?limit=2${cursor && `&cursor=${cursor}`}`);
      read.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(read).toEqual([got, ...made]);
    for (const bad of [
      '?status=x',
      '?limit=0',
      '?cursor=x',
      '?page=0',
      '?page=900&per_page=100',
      '?as_buyer=x',
    ])
      expect(await refusalOf(await request(`/api/v1/offers${bad}`, { token: ann.token }))).toMatch(/^422/);
    expect(await refusalOf(await request('/api/v1/offers'))).toBe('401 unauthenticated');
    expect((await offersOf(stranger)).data).toEqual([]);
  });
});

describe('the order of an accepted offer', () => {
  it.each([
    ['discover', 29_900, 4_485, 25_415],
    ['community', 45_000, 2_250, 42_750],
  ] as const)('on %s at %i costs its seller %i and pays %i (C.5)', async (channel, price, fee, payout) => {
    const listing = await listed(seller, { channel, priceCents: 60_000 });
    const made = await offered(buyer, listing, { price_cents: price });
    const { order_id } = await answered(made, 'accept', seller);
    const order: Purchase = await readOrder(order_id!, seller);
    expect(order).toMatchObject({
      seller_fee_cents: fee,
      payout_cents: payout,
      total_cents: price,
      status: 'pending',
    });
  });

  it('comes at once with a click on buy, for the first of many', async () => {
    const listing = await listed(seller);
    const buyers = await Promise.all(Array.from({ length: 6 }, somebody));
    const clicks = await Promise.all(
      buyers.map((user) => request(`/api/v1/listings/${listing.id}/buy`, { token: user.token, json: {} })),
    );
    expect(clicks.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    const winner = clicks.findIndex(({ status }) => status === 201);
    const bought = await bodyOf<{ order_id: string }>(clicks[winner]!);
    expect(bought).toMatchObject({ type: 'direct_buy', status: 'accepted', amount_cents: 50_000 });
    expect(await readOrder(bought.order_id, buyers[winner]!)).toMatchObject({ total_cents: 50_000 });
  });
});
