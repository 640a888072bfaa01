/**
 * A Worker is stopped before and after every write and every call of the processor while money moves, and everything that
 * was under way is then delivered twice and out of order: nothing happens twice, and nothing is lost.
 */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../src/db/orders-schema.ts';
import type { Deps } from '../../src/deps.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { act as actAs } from '../../src/features/orders/orders.usecases.ts';
import { checkout } from '../../src/features/orders/place-orders.ts';
import { payOrder } from '../../src/features/payments/payments.usecases.ts';
import { sweepPayments } from '../../src/features/payments/webhooks.usecases.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createBook, type TestBook } from '../support/books.ts';
import { allDone } from '../support/domain-events.ts';
import { dyingAt } from '../support/dying.ts';
import { at, callerOf, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

let buyer: TestUser;
let seller: TestUser;
let finance: TestUser;
let book: TestBook;

const SIDES = ['before', 'after'] as const;
/** No flow has so many moments: a loop that gets there does not end. */
const MOST_MOMENTS = 60;
const later = (minutes: number): Deps => at(deps.now() + minutes * 60_000);
const quietly: Deps = { ...deps, outbox: { drain: async () => 0 } };

const one = <T>(query: string, ...values: unknown[]) =>
  env.DB.prepare(query)
    .bind(...values)
    .first<T>();
async function post(path: string, user: TestUser, json: Record<string, unknown> = {}): Promise<void> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  if (response.status >= 300) throw new Error(`${path}: ${await response.text()}`);
}

/** Everything in the outbox, twice and from the end, and then what follows from it. */
async function redeliverAll(): Promise<void> {
  const waiting = (await deps.db.select().from(outbox)).map(({ body }) => JSON.parse(body) as EventEnvelope);
  for (const event of [...waiting.reverse(), ...waiting.reverse()])
    for (const handle of DOMAIN_EVENT_HANDLERS.get(event.type) ?? []) await handle(deps, event);
  await allDone();
  await sweepPayments(later(5));
  await allDone();
}

/** Runs a flow once for each moment and side; answers how many deaths it had. */
async function dieEverywhere(
  prepare: () => Promise<Purchase>,
  check: (order: Purchase, name: string) => Promise<void>,
): Promise<number> {
  let deaths = 0;
  for (const side of SIDES) {
    for (let moment = 1; moment < MOST_MOMENTS; moment += 1) {
      const order = await prepare();
      const dying = dyingAt(moment, side);
      await allDone(dying.deps).catch(() => {});
      await redeliverAll();
      await check(order, `${side} moment ${moment}`);
      if (!dying.isDead()) break;
      deaths += 1;
    }
  }
  return deaths;
}

/** How many objects of a kind the processor has whose body names this text, and what they come to. */
const atProcessor = async (type: string, text: string): Promise<{ n: number; cents: number }> =>
  (await one<{ n: number; cents: number }>(
    `select count(*) as n, coalesce(sum(body ->> '$.amount'), 0) as cents from demo_objects
     where type = ? and instr(body, ?) > 0`,
    type,
    text,
  ))!;

async function expectSound(): Promise<void> {
  const { results } = await reconcile(
    { ...later(30), log: { ...deps.log, error: () => {}, warn: () => {} } },
    'full',
  );
  expect(results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
}

async function paid(): Promise<Purchase> {
  const { order } = await matchedOrder(buyer, seller, book);
  await allDone();
  return order;
}

async function delivered(): Promise<Purchase> {
  const order = await paid();
  await actAs(quietly, order.id, 'ship', callerOf(seller), { carrier: 'DHL', trackingNumber: order.id });
  await actAs(quietly, order.id, 'deliver', callerOf(buyer), {});
  await allDone();
  return order;
}

const intentOf = async (order: Purchase): Promise<string> =>
  (await one<{ id: string }>('select processor_payment_id as id from payments where order_id = ?', order.id))!
    .id;

beforeAll(async () => {
  buyer = await signUp('crash-buyer');
  seller = await signUp('crash-seller');
  finance = await signUp('crash-finance', 'finance');
  await post('/payment-methods', buyer, { token: 'pm_card_visa' });
  await post('/seller/account', seller);
  await post('/demo/seller/onboard', seller);
  book = await createBook();
  await allDone();
});

describe('a Worker that dies', () => {
  it('while it refunds: the buyer has everything back, once', async () => {
    const deaths = await dieEverywhere(
      async () => {
        const order = await paid();
        await actAs(quietly, order.id, 'cancel', callerOf(seller), { reason: 'it broke' });
        return order;
      },
      async (order, name) => {
        expect(await atProcessor('refund', await intentOf(order)), name).toEqual({ n: 1, cents: 23_100 });
        const refunds = await env.DB.prepare('select status, amount_cents from refunds where order_id = ?')
          .bind(order.id)
          .all();
        expect(refunds.results, name).toEqual([{ status: 'succeeded', amount_cents: 23_100 }]);
      },
    );
    expect(deaths).toBeGreaterThanOrEqual(6);
    await expectSound();
  });

  it('while it pays the seller: one transfer and one payout', async () => {
    const deaths = await dieEverywhere(
      async () => {
        const order = await delivered();
        await actAs(quietly, order.id, 'complete', callerOf(buyer), {});
        return order;
      },
      async (order, name) => {
        expect(await atProcessor('transfer', order.id), name).toEqual({ n: 1, cents: 21_120 });
        const payoutId = `pyo_${order.id.slice(4)}`;
        expect(await atProcessor('payout', payoutId), name).toEqual({ n: 1, cents: 21_120 });
        const payout = await one('select status, amount_cents from payouts where id = ?', payoutId);
        expect(payout, name).toEqual({ status: 'paid', amount_cents: 21_120 });
      },
    );
    expect(deaths).toBeGreaterThanOrEqual(12);
    await expectSound();
  });

  it('while it takes a refund back from a seller who was paid: one refund and one reversal', async () => {
    const deaths = await dieEverywhere(
      async () => {
        const order = await delivered();
        await actAs(quietly, order.id, 'complete', callerOf(buyer), {});
        await allDone();
        await actAs(quietly, order.id, 'refund', callerOf(finance), { reason: 'by mistake' });
        return order;
      },
      async (order, name) => {
        expect(await atProcessor('refund', await intentOf(order)), name).toEqual({ n: 1, cents: 23_100 });
        const reversed = await one<{ cents: number }>(
          `select reversed_cents as cents from transfers where order_id = ?`,
          order.id,
        );
        const theirs = await one<{ cents: number }>(
          `select body ->> '$.amount_reversed' as cents from demo_objects where type = 'transfer' and instr(body, ?) > 0`,
          order.id,
        );
        expect(reversed?.cents, name).toBe(theirs?.cents);
      },
    );
    expect(deaths).toBeGreaterThanOrEqual(8);
    await expectSound();
  });

  it('while it charges a card on file: one charge, and the order is paid', async () => {
    const deaths = await dieEverywhere(
      async () => {
        const held = deps.outbox.drain;
        deps.outbox.drain = async () => 0;
        const { order } = await matchedOrder(buyer, seller, book).finally(() => {
          deps.outbox.drain = held;
        });
        return order;
      },
      async (order, name) => {
        expect(await readOrder(order.id, buyer), name).toMatchObject({ status: 'paid' });
        expect(await atProcessor('charge', await intentOf(order)), name).toEqual({ n: 1, cents: 23_100 });
        const captured = await one<{ n: number }>(
          "select count(*) as n from ledger_transactions where reason = 'payment_captured' and cause = ?",
          order.id,
        );
        expect(captured?.n, name).toBe(1);
      },
    );
    expect(deaths).toBeGreaterThanOrEqual(6);
    await expectSound();
  });
});

describe('the three windows of EV-08', () => {
  const dyingCharge = (side: (typeof SIDES)[number]): Deps => ({
    ...quietly,
    payments: {
      ...deps.payments,
      charge: async (wanted, key) => {
        if (side === 'after') await deps.payments.charge(wanted, key);
        throw new Error('the isolate is gone');
      },
    },
  });
  const byCard = { kind: 'card', processorMethodId: 'pm_card_visa' } as const;

  it('1: after the charge, before the commit: the customer is charged once', async () => {
    const other = await signUp('ev08-one');
    const { order } = await matchedOrder(other, seller, book);
    await expect(payOrder(dyingCharge('after'), order.id, byCard, callerOf(other))).rejects.toThrow('gone');
    expect(await readOrder(order.id, other)).toMatchObject({ status: 'pending' });
    await sweepPayments(later(1));
    await sweepPayments(later(2));
    await redeliverAll();
    expect(await readOrder(order.id, other)).toMatchObject({ status: 'paid' });
    expect((await atProcessor('charge', await intentOf(order))).n).toBe(1);
  });

  it('2: after the commit, before the publish: `payment.completed` is told all the same', async () => {
    const other = await signUp('ev08-two');
    const { order } = await matchedOrder(other, seller, book);
    await allDone();
    const silent: Deps = { ...deps, outbox: { drain: async () => 0 } };
    await payOrder(silent, order.id, byCard, callerOf(other));
    const told = await one<{ n: number }>(
      "select count(*) as n from outbox where type = 'payment.completed' and body ->> '$.data.order_id' = ?",
      order.id,
    );
    expect(told?.n).toBe(1);
    // A redelivery of what asked for the payment finds it done, and what was not told is still there to be.
    await redeliverAll();
    expect(await one<{ n: number }>('select count(*) as n from outbox')).toEqual({ n: 0 });
    expect((await atProcessor('charge', await intentOf(order))).n).toBe(1);
  });

  it('3: the API dies after the order is committed, before it publishes: the order is paid in the end', async () => {
    await env.DB.prepare('update sizes set quantity = 5, reserved = 0 where id = ?').bind(book.sizeId).run();
    const placed = await checkout(
      quietly,
      { lines: [{ sizeId: book.sizeId, quantity: 1 }], addressId: null },
      callerOf(buyer),
      { idempotencyKey: null, requestId: 'req_ev08' },
    );
    const order = await readOrder(placed.row.id, buyer);
    expect(order).toMatchObject({ status: 'pending', payment_status: 'processing' });
    await redeliverAll();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
    const { data } = await bodyOf<{ data: unknown[] }>(
      await request(`/api/v1/payments?order_id=${order.id}`, { token: buyer.token }),
    );
    expect(data).toHaveLength(1);
  });
});
