import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Account, availableOf } from '../../src/domain/ledger/accounts.ts';
import { balanceOf, trialBalance } from '../../src/features/ledger/ledger.repository.ts';
import { applyPaymentOutcome, refundPart } from '../../src/features/orders/apply-payment.ts';
import { act as actAt, getOrder, sweepOverdueOrders } from '../../src/features/orders/orders.usecases.ts';
import { placeFromMatches } from '../../src/features/orders/place-orders.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps, projected } from '../support/book-object.ts';
import { createBook, depthOf, placed } from '../support/books.ts';
import { createProduct, createSize, type TestSize } from '../support/catalog.ts';
import { acted, at, callerOf, capture, matchedOrder, orderOfMatch, readOrder } from '../support/purchases.ts';
import { refusalText } from '../support/read-error.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let buyer: TestUser;
let seller: TestUser;
let admin: TestUser;
let people = 0;
beforeAll(async () => {
  admin = await signUpAdmin('orders-admin');
});
const newPeople = async () => {
  people += 1;
  buyer = await signUp(`buyer${people}`);
  seller = await signUp(`seller${people}`);
};
const usd = (account: Account) => balanceOf(deps.db, account, 'USD');
const escrow = () => usd('escrow');
const outboxOf = async (orderId: string): Promise<string[]> => {
  const { results } = await env.DB.prepare('select type from outbox where event_id like ? order by event_id')
    .bind(`${orderId}:%`)
    .all<{ type: string }>();
  return results.map(({ type }) => type);
};
const expectBalanced = async () => {
  const { totals, drifted } = await trialBalance(deps.db);
  expect(drifted).toEqual([]);
  for (const { totalCents } of totals) expect(totalCents).toBe(0);
};

describe('an order of a match', () => {
  it('goes from pending to completed, to the cent of the example of C.5', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    expect(order).toMatchObject({
      status: 'pending',
      payment_status: 'processing',
      source: 'match',
      role: 'buyer',
      subtotal_cents: 22_000,
      buyer_fee_cents: 1_100,
      total_cents: 23_100,
      allowed_actions: ['cancel', 'change-address'],
    });
    expect(order.number).toMatch(/^ORD-\d{8}-\d{4,}$/);
    const before = { escrow: await escrow(), fees: await usd('platform:fees') };
    expect(await capture(order)).toEqual({ ok: true, value: 'applied' });
    expect(await capture(order)).toEqual({ ok: true, value: 'already_applied' });
    expect((await escrow()) - before.escrow).toBe(23_100);

    const asSeller = await readOrder(order.id, seller);
    expect(asSeller).toMatchObject({ status: 'paid', seller_fee_cents: 880, payout_cents: 21_120 });
    await acted(order.id, 'confirm', seller);
    await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: 'T-1' });
    await acted(order.id, 'deliver', buyer);
    const completed = await acted(order.id, 'complete', buyer);
    expect(completed).toMatchObject({ status: 'completed', payment_status: 'succeeded' });
    expect(await escrow()).toBe(before.escrow);
    expect(await usd(availableOf(seller.userId))).toBe(21_120);
    expect((await usd('platform:fees')) - before.fees).toBe(1_980);
    const { history } = await readOrder(order.id, buyer);
    expect(history!.map(({ from, to }) => [from, to])).toEqual([
      [null, 'pending'],
      ['pending', 'paid'],
      ['paid', 'processing'],
      ['processing', 'shipped'],
      ['shipped', 'delivered'],
      ['delivered', 'completed'],
    ]);
    const match = await env.DB.prepare('select status from matches where id = ?')
      .bind(order.match_id)
      .first<{ status: string }>();
    expect(match).toEqual({ status: 'completed' });
    await expectBalanced();
  });

  it('is one order, however often and by however many its match is delivered', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    const created = [{ matchId: order.match_id!, correlationId: 'again' }];
    expect(await placeFromMatches(deps, created)).toBe(0);
    await env.DB.prepare('delete from order_timers where order_id = ?').bind(order.id).run();

    const book = await createBook();
    const matchIds: string[] = [];
    await placed(book, seller, 'ask', { price_cents: 5_000, quantity: 8 });
    for (let index = 0; index < 8; index += 1) {
      const bid = await placed(book, buyer, 'bid', { price_cents: 5_000 });
      matchIds.push(bid.matches[0]!.id);
    }
    const late = matchIds.map((matchId) => ({ matchId, correlationId: 'race' }));
    await Promise.all([placeFromMatches(deps, late), placeFromMatches(deps, late), projected(book)]);
    const { results } = await env.DB.prepare(
      `select count(*) as n, count(distinct match_id) as matches, count(distinct number) as numbers
       from orders where match_id in (select value from json_each(?))`,
    )
      .bind(JSON.stringify(matchIds))
      .all();
    expect(results).toEqual([{ n: 8, matches: 8, numbers: 8 }]);
  });

  it('that is not paid in its window fails, and gives the ask back with its place', async () => {
    await newPeople();
    const rival = await signUp(`rival${people}`);
    const book = await createBook();
    const first = await placed(book, seller, 'ask', { price_cents: 22_000 });
    await placed(book, rival, 'ask', { price_cents: 22_000 });
    const bid = await placed(book, buyer, 'bid', { price_cents: 22_000 });
    await projected(book);
    const order = await orderOfMatch(bid.matches[0]!.id, buyer);
    expect((await depthOf(book)).asks).toEqual([[22_000, 1, 1]]);

    const paidUntilMs = Date.parse(order.timers[0]!.due_at!);
    const late = at(paidUntilMs);
    expect((await getOrder(at(paidUntilMs - 1), order.id, callerOf(buyer))).row.status).toBe('pending');
    const read = await getOrder(late, order.id, callerOf(buyer));
    expect(read.row).toMatchObject({ status: 'failed', paymentStatus: 'failed' });
    // They were written an hour from now.
    await env.DB.prepare('update outbox set due_at = 0 where event_id like ?').bind(`${order.id}:%`).run();
    await deps.outbox.drain();
    await expect.poll(async () => (await depthOf(book)).asks, { timeout: 20_000 }).toEqual([[22_000, 2, 2]]);
    await expect.poll(() => outboxOf(order.id), { timeout: 20_000 }).toEqual([]);

    // The ask that came back is served before its rival's, and the money that comes too late goes back.
    const next = await placed(book, buyer, 'bid', { price_cents: 22_000 });
    await projected(book);
    const again = await orderOfMatch(next.matches[0]!.id, buyer);
    expect(again.seller_id).toBe(seller.userId);
    expect(first.status).toBe('active');
    const escrowBefore = await escrow();
    expect(await capture(order, {}, late)).toEqual({ ok: true, value: 'refunding' });
    expect(await escrow()).toBe(escrowBefore);
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'failed', payment_status: 'refunded' });
    expect(await capture(order, {}, late)).toEqual({ ok: true, value: 'already_applied' });
    await expectBalanced();
  });

  it('refuses a capture of another amount, and books a second payment only to give it back', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    expect(await capture(order, { amountCents: 1 })).toMatchObject({
      ok: false,
      error: { code: 'amount_mismatch' },
    });
    expect((await readOrder(order.id, buyer)).status).toBe('pending');
    await capture(order);
    const before = await escrow();
    expect(await capture(order, { paymentId: 'pay_second' })).toEqual({ ok: true, value: 'refunding' });
    expect(await capture(order, { paymentId: 'pay_second' })).toEqual({ ok: true, value: 'already_applied' });
    expect(await escrow()).toBe(before);
    expect((await readOrder(order.id, buyer)).status).toBe('paid');
    await expectBalanced();
  });

  it('is sent back to the buyer in parts and in whole, never more than was paid', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    const before = await escrow();
    await capture(order);
    const part = (refundId: string, amountCents: number) =>
      refundPart(deps, order.id, { refundId, amountCents, reason: 'finance_decision', statements: [] });
    expect(await part('ref_a', 23_100)).toEqual({ ok: false, error: 'refund_exceeds_remaining' });
    expect(await part('ref_a', 0)).toEqual({ ok: false, error: 'invalid_amount' });
    expect(await part('ref_a', 3_100)).toMatchObject({ ok: true, value: { refundedCents: 3_100 } });
    const cancelled = await acted(order.id, 'cancel', seller, { reason: 'sold elsewhere' });
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      payment_status: 'refunded',
      refunded_cents: 23_100,
    });
    expect(await escrow()).toBe(before);
    const { results } = await env.DB.prepare('select kind, user_id from strikes where order_id = ?')
      .bind(order.id)
      .all();
    expect(results).toEqual([{ kind: 'seller_failed', user_id: seller.userId }]);
    const refund = { kind: 'refunded' as const, refundId: 'ref_a', amountCents: 3_100, statements: [] };
    expect(await applyPaymentOutcome(deps, order.id, refund)).toEqual({ ok: true, value: 'applied' });
    expect(await applyPaymentOutcome(deps, order.id, refund)).toEqual({ ok: true, value: 'already_applied' });
    await expectBalanced();
  });

  it('is disputed, and split between both', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: 'T-2' });
    await acted(order.id, 'deliver', buyer);
    await acted(order.id, 'dispute', buyer, { reason: 'scuffed' });
    const split = await acted(order.id, 'resolve', admin, { outcome: 'partial', refund_cents: 7_700 });
    expect(split).toMatchObject({ status: 'completed', refunded_cents: 7_700 });
    // Two thirds of the payout stay with the seller.
    expect(await usd(availableOf(seller.userId))).toBe(14_080);
    const clawedBack = await acted(order.id, 'refund', seller, { reason: 'goodwill' });
    expect(clawedBack).toMatchObject({ status: 'refunded', refunded_cents: 23_100 });
    expect(await usd(availableOf(seller.userId))).toBe(0);
    await expectBalanced();
  });

  it('is frozen by a chargeback, goes on when it is won and ends when it is lost', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    const before = await escrow();
    await capture(order);
    const report = (kind: 'chargeback_won' | 'chargeback_lost', chargebackId: string) =>
      applyPaymentOutcome(deps, order.id, { kind, chargebackId, statements: [] });
    const open = (chargebackId: string) =>
      applyPaymentOutcome(deps, order.id, {
        kind: 'chargeback_opened',
        chargebackId,
        amountCents: 23_100,
        statements: [],
      });
    expect(await open('dp_1')).toEqual({ ok: true, value: 'applied' });
    expect(await open('dp_1')).toEqual({ ok: true, value: 'already_applied' });
    const held = await readOrder(order.id, buyer);
    expect(held.status).toBe('on_hold');
    expect(held.timers.every(({ due_at, remaining_ms }) => due_at === null && remaining_ms! > 0)).toBe(true);
    expect(await report('chargeback_won', 'dp_1')).toEqual({ ok: true, value: 'applied' });
    expect((await readOrder(order.id, buyer)).status).toBe('paid');
    await open('dp_2');
    expect(await report('chargeback_lost', 'dp_2')).toEqual({ ok: true, value: 'applied' });
    expect(await report('chargeback_lost', 'dp_2')).toEqual({ ok: true, value: 'already_applied' });
    expect((await readOrder(order.id, buyer)).status).toBe('refunded');
    expect(await escrow()).toBe(before);
    await expectBalanced();
  });

  it('has one outcome when two act at once', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    const outcomes = await Promise.allSettled([
      actAt(deps, order.id, 'confirm', callerOf(seller), {}),
      actAt(deps, order.id, 'confirm', callerOf(seller), {}),
      actAt(deps, order.id, 'cancel', callerOf(buyer), { reason: 'changed my mind' }),
      actAt(deps, order.id, 'refund', callerOf(admin), { reason: 'finance' }),
    ]);
    const done = outcomes.filter(({ status }) => status === 'fulfilled');
    const { history, status } = await readOrder(order.id, buyer);
    expect(done).toHaveLength(history!.length - 2);
    expect(['processing', 'cancelled', 'refunded']).toContain(status);
    history!.forEach((entry, index) => {
      expect(entry.version).toBe(index + 1);
      if (index > 0) expect(entry.from).toBe(history![index - 1]!.to);
    });
    await expectBalanced();
  });

  it('lets time act by itself: the sweep does what a reader would have seen', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: 'T-3' });
    await acted(order.id, 'deliver', buyer);
    const deliveredMs = deps.now();
    await sweepOverdueOrders(at(deliveredMs + 2 * DAY_MS + HOUR_MS));
    expect((await readOrder(order.id, buyer)).history!.at(-1)!.action).toBe('inspection_ending');
    await sweepOverdueOrders(at(deliveredMs + 3 * DAY_MS + HOUR_MS));
    expect((await readOrder(order.id, buyer)).status).toBe('completed');
    await expectBalanced();
  });
});

describe('a checkout', () => {
  const newStock = async (quantity: number): Promise<TestSize> => {
    const { id } = await createProduct(admin.token, {
      retail_price_cents: 12_345,
      sku: `STOCK-${crypto.randomUUID()}`,
    });
    return createSize(admin.token, id, { label: '9', quantity });
  };
  const order = (user: TestUser, sizeId: string, quantity = 1, headers: Record<string, string> = {}) =>
    request('/api/v1/orders', {
      token: user.token,
      json: { lines: [{ size_id: sizeId, quantity }] },
      headers,
    });
  const stockOf = async (id: string) => {
    const { quantity, reserved } = await bodyOf<TestSize>(await request(`/api/v1/sizes/${id}`));
    return { quantity, reserved };
  };

  it('sells the last unit to one of many', async () => {
    await newPeople();
    const { id } = await newStock(1);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) => order(index % 2 === 0 ? buyer : seller, id)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await stockOf(id)).toEqual({ quantity: 1, reserved: 1 });
  });

  it('keeps the stock until it is shipped, or gives it back', async () => {
    await newPeople();
    const { id } = await newStock(5);
    const first = await bodyOf<{ id: string; total_cents: number; status: string; payment_status: string }>(
      await order(buyer, id, 2),
    );
    expect(first).toMatchObject({ status: 'pending', payment_status: 'processing', total_cents: 24_690 });
    expect(await stockOf(id)).toEqual({ quantity: 5, reserved: 2 });
    await acted(first.id, 'cancel', buyer, { reason: 'no need' });
    expect(await stockOf(id)).toEqual({ quantity: 5, reserved: 0 });

    const second = await bodyOf<typeof first>(await order(buyer, id, 3));
    await capture(second);
    await acted(second.id, 'ship', admin, { carrier: 'DHL', tracking_number: 'T-4' });
    expect(await stockOf(id)).toEqual({ quantity: 2, reserved: 0 });
    const sales = await usd('platform:sales');
    await acted(second.id, 'deliver', buyer);
    await acted(second.id, 'complete', buyer);
    expect((await usd('platform:sales')) - sales).toBe(37_035);
    await expectBalanced();
  });

  it('makes one order of one request key, also when the first answer was lost', async () => {
    await newPeople();
    const { id } = await newStock(5);
    const headers = { 'Idempotency-Key': 'checkout-1' };
    const first = await bodyOf<{ id: string }>(await order(buyer, id, 1, headers));
    await env.DB.prepare('delete from idempotency_keys where user_id = ?').bind(buyer.userId).run();
    const second = await bodyOf<{ id: string }>(await order(buyer, id, 1, headers));
    expect(second.id).toBe(first.id);
    expect(await stockOf(id)).toEqual({ quantity: 5, reserved: 1 });
  });
});

describe('the tables of orders', () => {
  it('refuse a step that does not continue the order, and a status without a step', async () => {
    await newPeople();
    const { order } = await matchedOrder(buyer, seller);
    const history = (version: number, from: string | null, to: string) =>
      env.DB.prepare(
        `insert into order_history (order_id, version, "from", "to", action, actor_type, actor_id, at)
         values (?, ?, ?, ?, 'cancel', 'buyer', 'x', 1)`,
      ).bind(order.id, version, from, to);
    const change = (set: string) => env.DB.prepare(`update orders set ${set} where id = ?`).bind(order.id);
    expect(await refusalText(history(2, 'paid', 'shipped').run())).toContain('order_stale');
    expect(await refusalText(history(3, 'pending', 'paid').run())).toContain('order_stale');
    expect(await refusalText(history(1, null, 'pending').run())).toContain('UNIQUE');
    expect(await refusalText(change("status = 'paid'").run())).toContain('order_without_history');
    expect(await refusalText(change('total_cents = 1').run())).toContain('order_terms_immutable');
    expect(await refusalText(change('refunded_cents = 99999999').run())).toContain('CHECK');
    expect(
      await refusalText(env.DB.prepare('delete from order_history where order_id = ?').bind(order.id).run()),
    ).toContain('order_history_immutable');
    expect((await readOrder(order.id, buyer)).version).toBe(1);
  });
});
