/**
 * Random days of the market over HTTP, with Workers that die in between, against the simplest model of where the money must
 * be: after every step the ledger sums to zero, and escrow is what was paid and neither released nor given back.
 */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { sweepPayments } from '../../src/features/payments/webhooks.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { dyingAt } from '../support/dying.ts';
import { at, matchedOrder } from '../support/purchases.ts';

const ORDERS = 8;
const STEPS = 120;
const TOTAL_CENTS = 23_100;

/** All that the model knows of an order. */
interface Sale {
  id: string;
  buyer: TestUser;
  seller: TestUser;
  paymentId: string | null;
  byCard: boolean;
  isPaid: boolean;
  isReleased: boolean;
  refundedCents: number;
}

const seed = Date.now();
let state = seed >>> 0;
/** A whole number from 0 up to and without `below` (mulberry32). */
function draw(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}
const pick = <T>(items: readonly T[]): T => items[draw(items.length)]!;

const sales: Sale[] = [];
let finance: TestUser;
let support: TestUser;

/** One request; never a failure of the server. True when it was taken. */
async function tried(
  path: string,
  user: TestUser,
  json: Record<string, unknown> = {},
): Promise<Record<string, unknown> | null> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  const body = await bodyOf(response);
  expect(response.status, `${path} ${JSON.stringify(body)}`).toBeLessThan(500);
  return response.status < 300 ? body : null;
}
const act = (sale: Sale, action: string, user: TestUser, json: Record<string, unknown> = {}) =>
  tried(`/orders/${sale.id}/${action}`, user, json);

async function pay(sale: Sale, means: Record<string, unknown>): Promise<void> {
  const payment = await tried('/payments/hold', sale.buyer, { order_id: sale.id, ...means });
  if (payment === null) return;
  sale.paymentId = payment.id as string;
  if (payment.status === 'succeeded' && !sale.isPaid) {
    sale.isPaid = true;
    sale.byCard = payment.source === 'card';
  }
}

async function refund(sale: Sale, by: TestUser, amountCents: number | null): Promise<void> {
  if (sale.paymentId === null) return;
  const wanted = amountCents === null ? {} : { amount_cents: amountCents };
  const taken = await tried(`/payments/${sale.paymentId}/refunds`, by, { ...wanted, reason: 'a random day' });
  if (taken) sale.refundedCents += amountCents ?? TOTAL_CENTS - sale.refundedCents;
}

const STEPS_OF_A_DAY: Record<string, (sale: Sale) => Promise<unknown>> = {
  'pay by card': (sale) => pay(sale, { payment_method_token: 'pm_card_visa' }),
  'pay by another card': (sale) => pay(sale, { payment_method_token: 'pm_card_mastercard' }),
  'pay from the wallet': (sale) => pay(sale, { source: 'wallet' }),
  confirm: (sale) => act(sale, 'confirm', sale.seller),
  ship: (sale) => act(sale, 'ship', sale.seller, { carrier: 'DHL', tracking_number: sale.id }),
  'ship again': (sale) => act(sale, 'ship', sale.seller, { carrier: 'UPS', tracking_number: sale.id }),
  deliver: (sale) => act(sale, 'deliver', sale.buyer),
  complete: async (sale) => {
    if (await act(sale, 'complete', sale.buyer)) sale.isReleased = true;
  },
  release: async (sale) => {
    if (sale.paymentId !== null && (await tried(`/payments/${sale.paymentId}/release`, finance)))
      sale.isReleased = true;
  },
  cancel: async (sale) => {
    const by = pick([sale.buyer, sale.seller]);
    if ((await act(sale, 'cancel', by, { reason: 'x' })) && sale.isPaid) sale.refundedCents = TOTAL_CENTS;
  },
  hold: (sale) => act(sale, 'hold', support, { reason: 'a look' }),
  resume: (sale) => act(sale, 'resume', support),
  dispute: (sale) => act(sale, 'dispute', sale.buyer, { reason: 'a scratch' }),
  resolve: async (sale) => {
    const left = TOTAL_CENTS - sale.refundedCents;
    const outcome = pick(['release', 'refund', 'partial'] as const);
    const refundCents = 1 + draw(Math.max(1, left - 1));
    const more = outcome === 'partial' ? { refund_cents: refundCents } : {};
    if (!(await act(sale, 'resolve', support, { outcome, ...more }))) return;
    if (outcome === 'refund') sale.refundedCents = TOTAL_CENTS;
    else sale.isReleased = true;
    if (outcome === 'partial') sale.refundedCents += refundCents;
  },
  'refund a part': (sale) => refund(sale, pick([finance, sale.seller]), 1 + draw(9_000)),
  'refund the rest': (sale) => refund(sale, finance, null),
  'refund too much': (sale) => refund(sale, finance, TOTAL_CENTS * 10),
  'pay out': (sale) => tried('/payouts', sale.seller, { amount_cents: 5_000 + draw(9_000), currency: 'USD' }),
  'do the work': () => allDone(),
  'die at work': async () => {
    const dying = dyingAt(1 + draw(10), pick(['before', 'after']));
    await allDone(dying.deps).catch(() => {});
  },
};

const openHolds = () =>
  sales
    .filter(({ isPaid, isReleased }) => isPaid && !isReleased)
    .reduce((sum, { refundedCents }) => sum + TOTAL_CENTS - refundedCents, 0);

async function expectBalanced(name: string): Promise<void> {
  const row = await env.DB.prepare(
    `select coalesce(sum(balance_cents), 0) as total,
      coalesce(sum(case when account = 'escrow' then balance_cents end), 0) as escrow from ledger_balances`,
  ).first<{ total: number; escrow: number }>();
  expect(row, name).toEqual({ total: 0, escrow: openHolds() });
}

beforeAll(async () => {
  finance = await signUp('model-finance', 'finance');
  support = await signUp('model-support', 'support');
  for (let n = 0; n < ORDERS; n += 1) {
    const buyer = await signUp(`model-buyer-${n}`);
    const seller = await signUp(`model-seller-${n}`);
    await tried('/seller/account', seller);
    await tried('/demo/seller/onboard', seller);
    if (n % 2 === 0)
      await tried('/wallet/top-up', buyer, {
        amount_cents: 30_000,
        currency: 'USD',
        payment_method_token: 'pm_card_visa',
      });
    const { order } = await matchedOrder(buyer, seller);
    sales.push({
      id: order.id,
      buyer,
      seller,
      paymentId: null,
      byCard: false,
      isPaid: false,
      isReleased: false,
      refundedCents: 0,
    });
  }
  await allDone();
}, 60_000);

describe('money over HTTP', () => {
  it(`is where a simple model says, after every step of a random day (seed ${seed})`, async () => {
    const taken: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const name = pick(Object.keys(STEPS_OF_A_DAY));
      const sale = pick(sales);
      taken.push(`${name} ${sales.indexOf(sale)}`);
      await STEPS_OF_A_DAY[name]!(sale);
      await expectBalanced(`seed ${seed}: ${taken.slice(-12).join(', ')}`);
    }
    expect(sales.some(({ isPaid }) => isPaid)).toBe(true);
  });

  it('and at the processor as well, once everything is done', async () => {
    await allDone();
    const later = at(deps.now() + 11 * 60_000);
    await sweepPayments(later);
    await allDone();
    const cards = sales.filter(({ isPaid, byCard }) => isPaid && byCard);
    const orderIds = JSON.stringify(cards.map(({ id }) => id));
    const charged = await env.DB.prepare(
      `select coalesce(sum(body ->> '$.amount'), 0) as charged, coalesce(sum(body ->> '$.amount_refunded'), 0) as refunded
       from demo_objects where type = 'charge' and body ->> '$.transfer_group' in (select value from json_each(?))`,
    )
      .bind(orderIds)
      .first();
    expect(charged, `seed ${seed}`).toEqual({
      charged: cards.length * TOTAL_CENTS,
      refunded: cards.reduce((sum, { refundedCents }) => sum + refundedCents, 0),
    });
    const { results } = await reconcile({ ...later, log: { ...deps.log, error: () => {} } }, 'full');
    expect(results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
  });
});
