import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { projected } from '../support/book-object.ts';
import { createBook, type TestBook } from '../support/books.ts';
import { createProduct } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { toldTo } from '../support/notifications.ts';
import { act, acted, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

interface Verification {
  order_id: string;
  status: string;
  history: { n: number; from: string; to: string; action: string; actor_type: string }[];
  allowed_actions: string[];
}

let buyer: TestUser;
let seller: TestUser;
let first: TestUser;
let second: TestUser;
let support: TestUser;
let book: TestBook;

const call = (path: string, user: TestUser, json?: Record<string, unknown>) =>
  request(`/api/v1${path}`, { token: user.token, ...(json === undefined ? {} : { json }) });
const step = (order: Purchase, name: string, user: TestUser, json: Record<string, unknown> = {}) =>
  call(`/verifications/${order.id}/${name}`, user, json);
async function stepped(order: Purchase, name: string, user: TestUser, json?: Record<string, unknown>) {
  const response = await step(order, name, user, json);
  const body = await bodyOf<Verification>(response);
  if (response.status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body;
}
const seen = async (order: Purchase, user: TestUser) =>
  bodyOf<Verification>(await call(`/verifications/${order.id}`, user));

/** An order of the book that asks for authentication, on its way to the authenticators. */
async function shipped(): Promise<Purchase> {
  const { order } = await matchedOrder(buyer, seller, book);
  await allDone();
  return acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: order.id });
}

beforeAll(async () => {
  buyer = await signUp('verify-buyer');
  seller = await signUp('verify-seller');
  first = await signUp('verify-first', 'authenticator');
  second = await signUp('verify-second', 'authenticator');
  support = await signUp('verify-support', 'support');
  await call('/payment-methods', buyer, { token: 'pm_card_visa' });
  book = await createBook();
  await env.DB.prepare('update products set requires_verification = 1 where id = ?')
    .bind(book.productId)
    .run();
});

describe('goods that are authenticated', () => {
  it('are so by a setting of their product', async () => {
    const admin = await signUpAdmin('verify-admin');
    const product = await createProduct(admin.token, { sku: 'VERIFY-1', requires_verification: true });
    expect(product).toMatchObject({ requires_verification: true });
    expect(await createProduct(admin.token, { sku: 'VERIFY-2' })).toMatchObject({
      requires_verification: false,
    });
  });

  it('wait for the authenticator, and reach their buyer once they have passed', async () => {
    const order = await shipped();
    expect(await readOrder(order.id, buyer)).toMatchObject({
      status: 'shipped',
      verification: 'awaiting_item',
    });
    expect((await act(order.id, 'deliver', buyer)).status).toBe(409);
    expect((await step(order, 'pass', first)).status).toBe(409);
    await stepped(order, 'receive', first, { reason: 'box intact' });
    const passed = await stepped(order, 'pass', first);
    expect(passed).toMatchObject({ status: 'passed', allowed_actions: [] });
    await allDone();
    for (const user of [buyer, seller])
      expect((await toldTo(user, '?category=account'))[0]).toMatchObject({ type: 'verification_approved' });
    expect(passed.history.map(({ from, to, actor_type }) => [from, to, actor_type])).toEqual([
      ['not_required', 'awaiting_item', 'system'],
      ['awaiting_item', 'in_review', 'authenticator'],
      ['in_review', 'passed', 'authenticator'],
    ]);
    await acted(order.id, 'deliver', buyer);
    expect(await acted(order.id, 'complete', buyer)).toMatchObject({ status: 'completed' });
    const audited = await env.DB.prepare(
      'select group_concat(action) as actions from audit_log where target_id = ? order by created_at',
    )
      .bind(order.id)
      .first<string>('actions');
    expect(audited).toBe('verification_receive,verification_pass');
  });

  it('are in a queue for authenticators alone, shipped first comes first', async () => {
    const orders = [await shipped(), await shipped(), await shipped()];
    await stepped(orders[1]!, 'receive', first);
    const pageOf = async (query: string) =>
      bodyOf<{ data: Verification[]; next_cursor: string | null }>(
        await call(`/verifications${query}`, first),
      );
    const all = await pageOf('');
    expect(all.data.map((row) => row.order_id)).toEqual(orders.map(({ id }) => id));
    const two = await pageOf('?limit=2');
    const rest = await pageOf(`?limit=2&cursor=${two.next_cursor}`);
    expect([...two.data, ...rest.data].map((row) => row.order_id)).toEqual(orders.map(({ id }) => id));
    expect((await pageOf('?status=in_review')).data.map((row) => row.order_id)).toEqual([orders[1]!.id]);
    for (const user of [buyer, seller, support])
      expect((await call('/verifications', user)).status).toBe(403);
    expect((await request('/api/v1/verifications')).status).toBe(401);
    expect((await call('/verifications?status=gone', first)).status).toBe(422);
    const plan = await env.DB.prepare(
      "explain query plan select id from orders where verification in ('awaiting_item', 'in_review', 'second_review', 'appealed') order by shipped_at, id limit 21",
    ).all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail).join()).toMatch(/orders_to_verify/);
    for (const order of orders) {
      if (order !== orders[1]) await stepped(order, 'receive', first);
      await stepped(order, 'pass', first);
    }
  });

  it('can be looked at a second time, by somebody else', async () => {
    const order = await shipped();
    await stepped(order, 'receive', first);
    expect((await step(order, 'second-review', first)).status).toBe(422);
    await stepped(order, 'second-review', first, { reason: 'the stitching' });
    expect(await seen(order, first)).toMatchObject({ allowed_actions: [] });
    expect((await step(order, 'pass', first)).status).toBe(403);
    expect(await seen(order, second)).toMatchObject({ allowed_actions: ['pass', 'fail'] });
    expect(await stepped(order, 'pass', second)).toMatchObject({ status: 'passed' });
  });

  it('that fail stop the order; an appeal that is granted lets it go on', async () => {
    const order = await shipped();
    await stepped(order, 'receive', first);
    expect((await step(order, 'fail', first)).status).toBe(422);
    expect(await stepped(order, 'fail', first, { reason: 'the sole is a copy' })).toMatchObject({
      status: 'failed',
    });
    expect(await readOrder(order.id, seller)).toMatchObject({ status: 'on_hold', verification: 'failed' });
    await allDone();
    const told = await toldTo(seller, '?category=account');
    expect(told[0]).toMatchObject({ type: 'verification_rejected' });
    expect(told[0]!.body).toContain('the sole is a copy');
    expect((await toldTo(buyer, '?category=account'))[0]).toMatchObject({ type: 'verification_rejected' });
    expect(await seen(order, seller)).toMatchObject({ allowed_actions: ['appeal'] });
    expect(await seen(order, buyer)).toMatchObject({ allowed_actions: [] });
    expect((await step(order, 'appeal', buyer, { reason: 'x' })).status).toBe(403);
    expect((await step(order, 'appeal', first, { reason: 'x' })).status).toBe(403);
    expect((await step(order, 'appeal', await signUp('verify-stranger'), { reason: 'x' })).status).toBe(404);
    await stepped(order, 'appeal', seller, { reason: 'here is the receipt' });
    expect((await step(order, 'appeal', seller, { reason: 'again' })).status).toBe(409);
    await stepped(order, 'pass', second);
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'shipped', verification: 'passed' });
    await acted(order.id, 'deliver', buyer);
  });

  it('that fail for good are refunded, and the buyer’s bid goes back to the book at its price', async () => {
    const order = await shipped();
    await stepped(order, 'receive', first);
    await stepped(order, 'fail', first, { reason: 'a copy' });
    await stepped(order, 'appeal', seller, { reason: 'it is not' });
    await stepped(order, 'fail', second, { reason: 'it is' });
    await acted(order.id, 'refund', support, { reason: 'not genuine' });
    await allDone();
    await projected(book);
    expect(await readOrder(order.id, buyer)).toMatchObject({
      status: 'refunded',
      payment_status: 'refunded',
      verification: 'failed',
    });
    const bid = await env.DB.prepare(
      'select o.status, o.price_cents from book_orders o join matches m on m.bid_id = o.id join orders p on p.match_id = m.id where p.id = ?',
    )
      .bind(order.id)
      .first<{ status: string; price_cents: number }>();
    expect(bid).toEqual({ status: 'active', price_cents: 22_000 });
    const strike = await env.DB.prepare('select user_id, kind from strikes where order_id = ?')
      .bind(order.id)
      .first();
    expect(strike).toEqual({ user_id: seller.userId, kind: 'seller_failed' });
  });

  it('have one outcome when two look at once, and no authenticator decides about their own', async () => {
    const party = await signUp('verify-party', 'authenticator');
    const own = await createBook();
    await env.DB.prepare('update products set requires_verification = 1 where id = ?')
      .bind(own.productId)
      .run();
    const { order } = await matchedOrder(buyer, party, own);
    await allDone();
    await acted(order.id, 'ship', party, { carrier: 'DHL', tracking_number: order.id });
    expect((await step(order, 'receive', party)).status).toBe(403);
    await stepped(order, 'receive', first);
    const answers = await Promise.all([
      step(order, 'pass', first),
      step(order, 'fail', second, { reason: 'no' }),
      step(order, 'pass', second),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect((await seen(order, first)).history).toHaveLength(3);
  });
});
