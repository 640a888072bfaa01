import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { users } from '../../src/db/schema.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import { request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { createBook, type OrderAnswer, type TestBook } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { answer, answered, listed, offer, offered } from '../support/offers.ts';

const { deps } = composeOnce(env);
let admin: TestUser;
let book: TestBook;
beforeAll(async () => {
  admin = await signUpAdmin('rights-admin');
  book = await createBook();
});

const send = (user: TestUser, path: string, json: unknown, method = 'POST') =>
  request(`/api/v1${path}`, { method, token: user.token, json });
const switched = async (user: TestUser, json: Record<string, boolean>): Promise<void> => {
  expect((await send(admin, `/admin/users/${user.userId}`, json, 'PUT')).status).toBe(200);
};
const onBook = (more: Record<string, unknown>) => ({
  product_id: book.productId,
  size_id: book.sizeId,
  quantity: 1,
  ...more,
});

describe('somebody whose buying is switched off', () => {
  it('bids, buys, offers, accepts and checks out nothing, but sells and ends what is open', async () => {
    const [buyer, seller] = await Promise.all([signUp('rights-buyer'), signUp('rights-seller')]);
    const resting = await send(buyer, '/bids', onBook({ price_cents: 9_000 }));
    expect(resting.status).toBe(201);
    const { bid } = (await resting.json()) as OrderAnswer;
    const haggled = await listed(seller);
    const open = await offered(buyer, haggled, { price_cents: 40_000 });
    await answered(open, 'counter', seller, { price_cents: 45_000 });
    await switched(buyer, { can_buy: false });

    const listing = await listed(seller);
    const refused: [string, Response][] = [
      ['bid', await send(buyer, '/bids', onBook({ price_cents: 9_100 }))],
      ['amend', await send(buyer, `/bids/${bid!.id}`, { price_cents: 9_200 }, 'PATCH')],
      ['buy now', await send(buyer, `${book.market.slice('/api/v1'.length)}/buy-now`, { quantity: 1 })],
      ['offer', await offer(buyer, listing)],
      ['buy', await send(buyer, `/listings/${listing.id}/buy`, {})],
      ['accept', await answer(open, 'accept', buyer)],
      ['counter', await answer(open, 'counter', buyer, { price_cents: 42_000 })],
      ['checkout', await send(buyer, '/orders', { lines: [{ size_id: book.sizeId, quantity: 1 }] })],
    ];
    for (const [what, response] of refused)
      expect(await refusalOf(response), what).toBe('403 buying_not_allowed');
    const batch = await send(buyer, '/bids/batch', { items: [onBook({ price_cents: 9_100 })] });
    expect(await batch.json()).toMatchObject({ results: [{ status: 403, code: 'buying_not_allowed' }] });

    expect((await send(buyer, '/asks', onBook({ price_cents: 30_000 }))).status).toBe(201);
    expect((await send(buyer, `/bids/${bid!.id}`, undefined, 'DELETE')).status).toBe(200);
    expect((await answer(open, 'decline', buyer)).status).toBe(200);

    await switched(buyer, { can_buy: true });
    expect((await offer(buyer, listing)).status).toBe(201);
    expect((await send(buyer, '/bids', onBook({ price_cents: 9_100 }))).status).toBe(201);
  });
});

describe('somebody whose selling is switched off', () => {
  it('asks, sells and accepts nothing, but buys', async () => {
    const [seller, buyer] = await Promise.all([signUp('rights-sally'), signUp('rights-ben')]);
    const open = await offered(buyer, await listed(seller));
    await switched(seller, { can_sell: false });
    const refused: [string, Response][] = [
      ['ask', await send(seller, '/asks', onBook({ price_cents: 30_000 }))],
      ['sell now', await send(seller, `${book.market.slice('/api/v1'.length)}/sell-now`, { quantity: 1 })],
      ['accept', await answer(open, 'accept', seller)],
    ];
    for (const [what, response] of refused)
      expect(await refusalOf(response), what).toBe('403 selling_not_allowed');
    expect((await send(seller, '/bids', onBook({ price_cents: 9_000 }))).status).toBe(201);
  });

  it('is known elsewhere once the list is read again', async () => {
    const user = await signUp('rights-elsewhere');
    await deps.db.update(users).set({ canSell: false, canBuy: false }).where(eq(users.id, user.userId));
    const elsewhere = createD1Revocations(env.DB, 900_000);
    await elsewhere.refreshIfStale(Date.now() + 3_600_000);
    expect((['buy', 'sell'] as const).map((side) => elsewhere.isWithheld(user.userId, side))).toEqual([
      true,
      true,
    ]);
    const plan = await env.DB.prepare(
      'explain query plan select id, can_buy, can_sell from users where (can_buy = 0 or can_sell = 0) limit 10',
    ).all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail)).toEqual([expect.stringContaining('users_limited')]);
  });
});
