/**
 * The whole story in real mode: `PAYMENTS_MODE=stripe`, the API base on another host, which is shaped like Stripe and
 * sends signed webhooks back over HTTP. Only the host differs from the mode that takes real money.
 */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Composition, compose } from '../../src/composition.ts';
import { createDb } from '../../src/db/client.ts';
import type { Deps } from '../../src/deps.ts';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { findPaymentOfOrder } from '../../src/features/payments/payments.repository.ts';
import { runPayment } from '../../src/features/payments/payments.usecases.ts';
import { handleRequest } from '../../src/http/entry.ts';
import { createDemoProcessor, type DemoProcessor } from '../../src/platform/payments/demo-processor.ts';
import { bodyOf, signUp, type TestUser } from '../support/accounts.ts';
import { deps as demoDeps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { matchedOrder, type Purchase } from '../support/purchases.ts';

const HOST = 'mock-stripe.test';
const WEBHOOK_SECRET = 'whsec_of_the_real_endpoint';
const calls: { method: string; path: string; authorization: string | null }[] = [];
let real: Composition;
let live: Deps;
let stripe: DemoProcessor;
let finance: TestUser;
const drainOfDemo = demoDeps.outbox.drain;

async function send(path: string, user: TestUser | null, json?: unknown, headers: HeadersInit = {}) {
  const all = new Headers(headers);
  if (user) all.set('Authorization', `Bearer ${user.token}`);
  if (json !== undefined) all.set('Content-Type', 'application/json');
  const body = json === undefined ? null : typeof json === 'string' ? json : JSON.stringify(json);
  const request = new Request(`https://bourse.test${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: all,
    body,
  });
  return handleRequest(real, request, env, createExecutionContext());
}
async function sent<T = Record<string, unknown>>(path: string, user: TestUser, json?: unknown): Promise<T> {
  const response = await send(`/api/v1${path}`, user, json);
  const body = await bodyOf<T>(response);
  if (response.status >= 300) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}
const settled = () => allDone(live);
const order = (id: string, user: TestUser) => sent<Purchase>(`/orders/${id}`, user);

async function matched(buyer: TestUser, seller: TestUser): Promise<Purchase> {
  const made = await matchedOrder(buyer, seller);
  await settled();
  return made.order;
}
let people = 0;
async function pair(card?: string): Promise<{ buyer: TestUser; seller: TestUser }> {
  people += 1;
  const buyer = await signUp(`stripe-buyer-${people}`);
  const seller = await signUp(`stripe-seller-${people}`);
  if (card !== undefined) await sent('/payment-methods', buyer, { token: card });
  return { buyer, seller };
}
const intentOf = async (orderId: string): Promise<string> =>
  (await findPaymentOfOrder(live.db, orderId))!.processorPaymentId!;

beforeAll(async () => {
  // Whatever runs beside this test must leave these orders alone, and must not pay by the demo.
  demoDeps.outbox.drain = async () => 0;
  stripe = createDemoProcessor({
    db: createDb(env.DB),
    now: () => Date.now(),
    webhookSecret: WEBHOOK_SECRET,
    deliver: async (rawBody, signature) => {
      const response = await send('/api/v1/webhooks/stripe', null, rawBody, {
        'Stripe-Signature': signature,
      });
      if (response.status !== 200) throw new Error(`the webhook was not taken: ${response.status}`);
    },
  });
  const network = globalThis.fetch;
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.hostname !== HOST) return network(input, init);
    expect(url.port).toBe('8443');
    calls.push({
      method: request.method,
      path: url.pathname,
      authorization: request.headers.get('Authorization'),
    });
    return stripe.fetch(input, init);
  });
  real = compose({
    ...env,
    PAYMENTS_MODE: 'stripe',
    STRIPE_API_BASE: `https://${HOST}:8443`,
    STRIPE_SECRET_KEY: 'sk_test_of_the_mock',
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
  } as Env);
  live = real.deps;
  live.outbox.drain = async () => 0;
  finance = await signUp('stripe-finance', 'finance');
});
afterAll(() => {
  vi.unstubAllGlobals();
  demoDeps.outbox.drain = drainOfDemo;
});

describe('real mode', () => {
  it('needs its secrets, and has no door of the demo', async () => {
    const without = (name: string) => () =>
      compose({
        ...env,
        PAYMENTS_MODE: 'stripe',
        STRIPE_SECRET_KEY: 'sk_test_x',
        STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        [name]: undefined,
      } as unknown as Env);
    expect(without('STRIPE_SECRET_KEY')).toThrow('STRIPE_SECRET_KEY');
    expect(without('STRIPE_WEBHOOK_SECRET')).toThrow('STRIPE_WEBHOOK_SECRET');
    expect(live.demo).toBeNull();
    const { seller } = await pair();
    expect((await send('/api/v1/demo/seller/onboard', seller, {})).status).toBe(404);
  });

  it('goes from a match to a payout, to the cent of the example of C.5', async () => {
    const { buyer, seller } = await pair('pm_card_visa');
    const link = await sent<{ onboarding_url: string }>('/seller/account', seller, {});
    expect(link.onboarding_url).toMatch(/^https:/);
    const made = await matched(buyer, seller);
    expect(await order(made.id, buyer)).toMatchObject({
      status: 'paid',
      total_cents: 23_100,
      payment_summary: { payment_successful: true, attempt_count: 1 },
    });
    await sent(`/orders/${made.id}/confirm`, seller, {});
    await sent(`/orders/${made.id}/ship`, seller, { carrier: 'DHL', tracking_number: 'S-1' });
    await sent(`/orders/${made.id}/deliver`, buyer, {});
    await sent(`/orders/${made.id}/complete`, buyer, {});
    await settled();
    const account = await live.db.query.sellerAccounts.findFirst({
      where: (table, { eq }) => eq(table.userId, seller.userId),
    });
    await stripe.controls.completeOnboarding(account!.processorAccountId);
    await settled();
    const payout = await sent<{ id: string }>('/payouts', seller, { amount_cents: 21_120, currency: 'USD' });
    await settled();
    expect(await sent(`/payouts/${payout.id}`, seller)).toMatchObject({
      status: 'paid',
      amount_cents: 21_120,
    });
    const paths = calls.map(({ method, path }) => `${method} ${path.replaceAll(/_[0-9a-z]{10,}/gi, '_ID')}`);
    for (const path of [
      'POST /v1/customers',
      'POST /v1/setup_intents',
      'POST /v1/accounts',
      'POST /v1/account_links',
      'POST /v1/payment_intents',
      'POST /v1/transfers',
      'POST /v1/payouts',
    ])
      expect(paths).toContain(path);
    expect(new Set(calls.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer sk_test_of_the_mock']),
    );
  });

  it('keeps a card whose holder has to authenticate once they have, by the webhook alone', async () => {
    const { buyer, seller } = await pair();
    const token = 'pm_card_authenticationRequiredOnSetup';
    const asked = await sent<{ id: string; status: string; client_secret: string }>(
      '/payment-methods',
      buyer,
      { token },
    );
    expect(asked).toMatchObject({ status: 'requires_action', client_secret: expect.any(String) });
    const [setup] = await live.db.query.cardSetups.findMany({
      where: (table, { eq }) => eq(table.id, asked.id),
    });
    expect(
      (await send(`/api/v1/demo/payment-methods/${asked.id}/authenticate`, buyer, { approve: true })).status,
    ).toBe(404);
    await stripe.controls.authenticateCard(setup!.processorSetupId!, true);
    await settled();
    const made = await matched(buyer, seller);
    expect(await order(made.id, buyer)).toMatchObject({ status: 'paid' });
  });

  it('ends in a failed order after a decline, and after a timeout that never answers', async () => {
    const { buyer, seller } = await pair();
    const declined = await matched(buyer, seller);
    await sent('/payments/intent', buyer, {
      order_id: declined.id,
      payment_method_token: 'pm_card_chargeDeclined',
    });
    await settled();
    expect(await order(declined.id, buyer)).toMatchObject({
      status: 'failed',
      payment_summary: { payment_successful: false, failure_code: 'generic_decline', attempt_count: 1 },
    });

    const other = await pair();
    const slow = await matched(other.buyer, other.seller);
    await sent('/payments/intent', other.buyer, {
      order_id: slow.id,
      payment_method_token: 'pm_card_demoTimeout',
    });
    for (let retry = 0; retry < 3; retry += 1) {
      const payment = (await findPaymentOfOrder(live.db, slow.id))!;
      await runPayment({ ...live, now: () => payment.nextCallAt! }, payment.id, { isOffSession: false });
    }
    await settled();
    expect(await order(slow.id, other.buyer)).toMatchObject({
      status: 'failed',
      payment_summary: { attempt_count: 4, failure_code: 'processor_timeout' },
    });
  });

  it('gives back what is cancelled, a part of what is disputed, and what a chargeback took', async () => {
    const { buyer, seller } = await pair('pm_card_visa');
    const cancelled = await matched(buyer, seller);
    await sent(`/orders/${cancelled.id}/cancel`, seller, { reason: 'it broke' });
    await settled();
    expect(await order(cancelled.id, buyer)).toMatchObject({
      status: 'cancelled',
      payment_status: 'refunded',
    });

    const disputed = await matched(buyer, seller);
    await sent(`/orders/${disputed.id}/ship`, seller, { carrier: 'DHL', tracking_number: 'S-2' });
    await sent(`/orders/${disputed.id}/deliver`, buyer, {});
    await sent(`/orders/${disputed.id}/dispute`, buyer, { reason: 'a scratch' });
    await sent(`/orders/${disputed.id}/resolve`, finance, { outcome: 'partial', refund_cents: 3_100 });
    await settled();
    expect(await order(disputed.id, buyer)).toMatchObject({
      status: 'completed',
      payment_status: 'partially_refunded',
      refunded_cents: 3_100,
    });

    const charged = await matched(buyer, seller);
    const opened = await stripe.controls.openChargeback(await intentOf(charged.id));
    await settled();
    expect(await order(charged.id, buyer)).toMatchObject({ status: 'on_hold' });
    await stripe.controls.closeChargeback(opened!.chargebackId, 'buyer');
    await settled();
    expect(await order(charged.id, buyer)).toMatchObject({ status: 'refunded' });
  });

  it('believes only webhooks that are signed with the secret of its endpoint', async () => {
    const forged = await send(
      '/api/v1/webhooks/stripe',
      null,
      '{"id":"evt_forged","type":"account.updated"}',
      {
        'Stripe-Signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`,
      },
    );
    expect(forged.status).toBe(400);
  });

  it('keeps books that agree with what the processor has', async () => {
    const at = { ...live, now: () => Date.now() + 11 * 60_000, log: { ...live.log, error: () => {} } };
    const { results } = await reconcile(at, 'full');
    expect(results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
    expect(results.map(({ name }) => name)).toContain('processor_charges_agree');
  });
});
