import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compose } from '../../src/composition.ts';
import type { Deps } from '../../src/deps.ts';
import { availableOf } from '../../src/domain/ledger/accounts.ts';
import { FAILURES_TO_OPEN, OPEN_MS } from '../../src/domain/payments/circuit-breaker.ts';
import { balanceOf, trialBalance } from '../../src/features/ledger/ledger.repository.ts';
import { attemptsOf, findPaymentOfOrder } from '../../src/features/payments/payments.repository.ts';
import { payOrder, runPayment } from '../../src/features/payments/payments.usecases.ts';
import { admitProcessorCall, recordProcessorCall } from '../../src/features/payments/processor-breaker.ts';
import {
  fillWebhookHoles,
  processWebhook,
  receiveWebhook,
  sweepPayments,
} from '../../src/features/payments/webhooks.usecases.ts';
import type { Outcome, ProcessorEvent, ProcessorPayment } from '../../src/platform/payments/gateway.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { toldTo } from '../support/notifications.ts';
import { demoGateway, NOW_MS } from '../support/processor.ts';
import { acted, at, callerOf, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

interface Payment {
  id: string;
  status: string;
  source: string;
  refunded_cents: number;
  card: { brand: string; last4: string } | null;
  failure_code: string | null;
  action_url: string | null;
  attempts: { n: number; outcome: string; code: string | null }[];
  refunds: { id: string; amount_cents: number; status: string }[];
}

const isAbout =
  (charge: Outcome<ProcessorPayment>) =>
  ({ subject }: ProcessorEvent): boolean =>
    'value' in charge && subject.kind === 'payment' && subject.processorPaymentId === charge.value?.id;

let admin: TestUser;
let people = 0;
beforeAll(async () => {
  admin = await signUpAdmin('payments-admin');
});

async function pair(): Promise<{ buyer: TestUser; seller: TestUser }> {
  people += 1;
  return { buyer: await signUp(`payer${people}`), seller: await signUp(`payee${people}`) };
}

const post = (path: string, user: TestUser, json: Record<string, unknown> = {}) =>
  request(`/api/v1${path}`, { token: user.token, json });

async function posted<T>(path: string, user: TestUser, json: Record<string, unknown> = {}): Promise<T> {
  const response = await post(path, user, json);
  const body = await bodyOf<T>(response);
  if (response.status >= 300) throw new Error(`${path} refused: ${JSON.stringify(body)}`);
  return body;
}

const keepCard = (user: TestUser, token: string) =>
  posted<{ id: string }>('/payment-methods', user, { token });
const payByCard = (order: Purchase, user: TestUser, token: string) =>
  posted<Payment>('/payments/intent', user, { order_id: order.id, payment_method_token: token });
const readPayment = async (order: Purchase, user: TestUser): Promise<Payment> => {
  const page = await bodyOf<{ data: Payment[] }>(
    await request(`/api/v1/payments?order_id=${order.id}`, { token: user.token }),
  );
  return page.data[0]!;
};
const available = (user: TestUser) => balanceOf(deps.db, availableOf(user.userId), 'USD');

/** Everything adds up: the ledger, and what the processor holds for us. */
async function expectBalanced(): Promise<void> {
  const { totals, drifted } = await trialBalance(deps.db);
  expect(drifted).toEqual([]);
  for (const { totalCents } of totals) expect(totalCents).toBe(0);
}

const chargesAtProcessor = async (payment: Payment): Promise<number> => {
  const row = await env.DB.prepare(
    `select count(*) as n from demo_objects charge join demo_objects intent on charge.reference = intent.id
     where charge.type = 'charge' and intent.type = 'payment_intent' and intent.reference = ?`,
  )
    .bind(payment.id)
    .first<{ n: number }>();
  return row?.n ?? 0;
};

async function deliverOrder(order: Purchase, buyer: TestUser, seller: TestUser): Promise<void> {
  await acted(order.id, 'confirm', seller);
  await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: `T-${order.id}` });
  await acted(order.id, 'deliver', buyer);
}

describe('the whole story', () => {
  it('from a card on file to the bank of the seller, to the cent of the example of C.5', async () => {
    const { buyer, seller } = await pair();
    await keepCard(buyer, 'pm_card_visa');
    const { order } = await matchedOrder(buyer, seller);
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid', payment_status: 'succeeded' });
    const payment = await readPayment(order, buyer);
    expect(payment).toMatchObject({
      status: 'succeeded',
      source: 'card',
      card: { brand: 'visa', last4: '4242' },
      attempts: [{ n: 1, outcome: 'success', code: null }],
    });

    await deliverOrder(order, buyer, seller);
    expect((await post(`/payments/${payment.id}/release`, seller)).status).toBe(403);
    expect(await posted(`/payments/${payment.id}/release`, buyer)).toEqual({
      order_id: order.id,
      status: 'completed',
    });
    await allDone();
    expect(await available(seller)).toBe(21_120);
    const payout = { amount_cents: 21_120, currency: 'USD' };
    expect((await post('/payouts', seller, payout)).status).toBe(409);

    expect(await posted('/seller/account', seller)).toMatchObject({ can_be_paid_out: false });
    expect(await posted('/demo/seller/onboard', seller)).toEqual({ done: true });
    await allDone();
    const started = await posted<{ id: string; status: string }>('/payouts', seller, payout);
    expect(await available(seller)).toBe(0);
    expect((await post('/payouts', seller, payout)).status).toBe(409);
    await allDone();
    const paid = await bodyOf(await request(`/api/v1/payouts/${started.id}`, { token: seller.token }));
    expect(paid).toMatchObject({ status: 'paid', amount_cents: 21_120, fee_cents: 0 });
    const toldOfPayout = async () =>
      (await toldTo(seller, '?category=payments'))
        .map(({ type }) => type)
        .filter((type) => /^payout/.test(type));
    expect(await toldOfPayout()).toEqual(['payout_completed']);
    expect((await request(`/api/v1/payouts/${started.id}`, { token: buyer.token })).status).toBe(404);

    expect(await posted(`/demo/payouts/${started.id}/fail`, admin)).toEqual({ done: true });
    await allDone();
    expect(await available(seller)).toBe(21_120);
    expect(await toldOfPayout()).toEqual(['payout_failed', 'payout_completed']);
    await expectBalanced();
  });

  it('with a seller who is known already ends in a payout by itself', async () => {
    const { buyer, seller } = await pair();
    await posted('/seller/account', seller);
    await posted('/demo/seller/onboard', seller);
    await allDone();
    const { order } = await matchedOrder(buyer, seller);
    await payByCard(order, buyer, 'pm_card_mastercard');
    await allDone();
    await deliverOrder(order, buyer, seller);
    await acted(order.id, 'complete', buyer);
    await allDone();
    const { data } = await bodyOf<{ data: { status: string; amount_cents: number }[] }>(
      await request('/api/v1/payouts', { token: seller.token }),
    );
    expect(data).toMatchObject([{ status: 'paid', amount_cents: 21_120 }]);
    expect(await available(seller)).toBe(0);
    await expectBalanced();
  });

  it('paid from the wallet, which is filled by a card and never goes below zero', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const fromWallet = { order_id: order.id, source: 'wallet' };
    expect((await post('/payments/intent', buyer, fromWallet)).status).toBe(409);
    const topUp = { amount_cents: 30_000, currency: 'USD', payment_method_token: 'pm_card_visa' };
    expect(await posted<Payment>('/wallet/top-up', buyer, topUp)).toMatchObject({ status: 'succeeded' });
    expect(await posted<Payment>('/payments/hold', buyer, fromWallet)).toMatchObject({
      status: 'succeeded',
      source: 'wallet',
    });
    expect(await available(buyer)).toBe(6_900);
    await acted(order.id, 'cancel', buyer, { reason: 'changed my mind' });
    await allDone();
    const wallet = await bodyOf(await request('/api/v1/wallet', { token: buyer.token }));
    expect(wallet).toEqual({
      balances: [{ currency: 'USD', available_cents: 30_000, pending_cents: 0, locked_cents: 0 }],
    });
    const { data } = await bodyOf<{ data: { reason: string }[] }>(
      await request('/api/v1/wallet/entries', { token: buyer.token }),
    );
    expect(data.map(({ reason }) => reason)).toEqual([
      'refund_settled',
      'payment_captured',
      'wallet_topped_up',
    ]);
    await expectBalanced();
  });
});

describe('demo mode', () => {
  it('needs no secret of the processor: it signs and checks its webhooks with one of its own', async () => {
    const bare = compose({ ...env, STRIPE_WEBHOOK_SECRET: undefined } as unknown as Env).deps;
    expect(bare.config.STRIPE_WEBHOOK_SECRET).toBeUndefined();
    const { buyer } = await pair();
    const charge = await bare.payments.charge(
      {
        paymentId: 'pay_bare',
        orderId: null,
        amountCents: 100,
        currency: 'USD',
        customerId: null,
        paymentMethodId: 'pm_card_visa',
        isOffSession: false,
        returnUrl: 'https://bourse.test',
      },
      `bare:${buyer.userId}`,
    );
    expect(charge.kind).toBe('succeeded');
    const news = await bare.payments.listEvents(0);
    const mine = news.kind === 'succeeded' ? news.value.filter(isAbout(charge)) : [];
    expect(mine).toHaveLength(1);
    const stored = await deps.db.query.webhookInbox.findFirst({
      where: (table, { eq }) => eq(table.eventId, mine[0]!.id),
    });
    expect(stored?.type).toBe('payment_intent.succeeded');
    const forged = { rawBody: JSON.stringify({ id: 'evt_forged' }), signature: 't=1,v1=00' };
    await expect(receiveWebhook(bare, forged.rawBody, forged.signature)).rejects.toThrow('signature');
  });
});

describe('a charge', () => {
  it('that is declined is final, and fails its order', async () => {
    const { buyer, seller } = await pair();
    await keepCard(buyer, 'pm_card_chargeCustomerFail');
    const { order } = await matchedOrder(buyer, seller);
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'failed' });
    const payment = await readPayment(order, buyer);
    expect(payment).toMatchObject({
      status: 'failed',
      failure_code: 'generic_decline',
      attempts: [{ outcome: 'declined', code: 'generic_decline' }],
    });
    expect(
      (await post(`/payments/${payment.id}/confirm`, buyer, { payment_method_token: 'pm_card_visa' })).status,
    ).toBe(409);
    expect(await readPayment(order, seller)).toMatchObject({ failure_code: null, card: null });
    await expectBalanced();
  });

  it('that times out is tried again after 1, 2 and 4 seconds under one key, and then given up', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const { id } = await payByCard(order, buyer, 'pm_card_demoTimeout');
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const payment = await findPaymentOfOrder(deps.db, order.id);
      waits.push(payment!.nextCallAt! - payment!.updatedAt);
      await runPayment(at(payment!.nextCallAt! - 1), id, { isOffSession: false });
      expect((await attemptsOf(deps.db, id)).length).toBe(round + 1);
      await runPayment(at(payment!.nextCallAt!), id, { isOffSession: false });
    }
    const attempts = await attemptsOf(deps.db, id);
    expect(waits).toEqual([1_000, 2_000, 4_000]);
    expect(attempts.map(({ n, outcome }) => [n, outcome])).toEqual([1, 2, 3, 4].map((n) => [n, 'timeout']));
    expect(new Set(attempts.map(({ key }) => key))).toEqual(new Set([`order:${order.id}:attempt:1`]));
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'failed' });
    await recordProcessorCall(deps, 'success');
  });

  it('whose answer is lost happens once: the retry under its key brings the answer', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const { id } = await payByCard(order, buyer, 'pm_card_demoAnswerLost');
    const { nextCallAt } = (await findPaymentOfOrder(deps.db, order.id))!;
    await runPayment(at(nextCallAt ?? deps.now()), id, { isOffSession: false });
    await allDone();
    const payment = await readPayment(order, buyer);
    expect(payment).toMatchObject({ status: 'succeeded' });
    expect(await chargesAtProcessor(payment)).toBe(1);
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
    await expectBalanced();
  });

  it('that wants the holder of the card waits for them, and is paid once they approve', async () => {
    const { buyer: holder, seller } = await pair();
    const card = await keepCard(holder, 'pm_card_authenticationRequired');
    await posted(`/demo/payment-methods/${card.id}/authenticate`, holder, { approve: true });
    await posted(`/payment-methods/${card.id}/confirm`, holder);
    const { order: next } = await matchedOrder(holder, seller);
    await allDone();
    const asked = await readPayment(next, holder);
    expect(asked).toMatchObject({ status: 'requires_action' });
    const onSession = await posted<Payment>(`/payments/${asked.id}/confirm`, holder, {
      payment_method_token: 'pm_card_authenticationRequired',
    });
    expect(onSession).toMatchObject({
      status: 'requires_action',
      action_url: expect.stringContaining('authenticate'),
    });
    expect((await post(`/demo/payments/${asked.id}/authenticate`, seller, { approve: true })).status).toBe(
      403,
    );
    expect(await posted(`/demo/payments/${asked.id}/authenticate`, holder, { approve: true })).toEqual({
      done: true,
    });
    expect(await posted<Payment>(`/payments/${asked.id}/confirm`, holder)).toMatchObject({
      status: 'succeeded',
    });
    await allDone();
    expect(await readOrder(next.id, holder)).toMatchObject({ status: 'paid' });
    expect(await chargesAtProcessor(asked)).toBe(1);
    await expectBalanced();
  });

  it('is cancelled with its order, and given back should it succeed nevertheless', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    await payByCard(order, buyer, 'pm_card_authenticationRequired');
    await acted(order.id, 'cancel', buyer, { reason: 'no longer wanted' });
    await allDone();
    expect(await readPayment(order, buyer)).toMatchObject({ status: 'cancelled' });

    const { order: late } = await matchedOrder(buyer, seller);
    const slow = await payByCard(late, buyer, 'pm_card_demoSlow');
    expect(slow.status).toBe('processing');
    await acted(late.id, 'cancel', buyer, { reason: 'no longer wanted' });
    await allDone();
    await sweepPayments(at(deps.now() + 120_000));
    await allDone();
    expect(await readOrder(late.id, buyer)).toMatchObject({
      status: 'cancelled',
      payment_status: 'refunded',
    });
    expect(await readPayment(late, buyer)).toMatchObject({
      status: 'refunded',
      refunds: [{ amount_cents: 23_100, status: 'succeeded' }],
    });
    await expectBalanced();
  });

  it('is made once by two who pay the same order at once', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const payments = await Promise.all([1, 2, 3].map(() => payByCard(order, buyer, 'pm_card_visa')));
    expect(new Set(payments.map(({ id }) => id)).size).toBe(1);
    await allDone();
    expect(await chargesAtProcessor(payments[0]!)).toBe(1);
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
    await expectBalanced();
  });

  it('survives a crash after the call: the sweep finds what became of it', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const crashing: Deps = {
      ...deps,
      payments: {
        ...deps.payments,
        charge: async (wanted, key) => {
          await deps.payments.charge(wanted, key);
          throw new Error('the isolate is gone');
        },
      },
    };
    const means = { kind: 'card', processorMethodId: 'pm_card_visa' } as const;
    await expect(payOrder(crashing, order.id, means, callerOf(buyer))).rejects.toThrow('the isolate is gone');
    await sweepPayments(at(deps.now() + 30_000));
    await allDone();
    const payment = await readPayment(order, buyer);
    expect(payment).toMatchObject({ status: 'succeeded', attempts: [{ n: 1, outcome: 'success' }] });
    expect(await chargesAtProcessor(payment)).toBe(1);
    await expectBalanced();
  });
});

describe('refunds', () => {
  it('are partial, partial again and then all that is left, by who may', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const payment = await payByCard(order, buyer, 'pm_card_visa');
    await allDone();
    const refund = (user: TestUser, json: Record<string, unknown>) =>
      post(`/payments/${payment.id}/refunds`, user, { reason: 'a scratch', ...json });
    expect((await refund(buyer, {})).status).toBe(403);
    expect((await refund(seller, { amount_cents: 1 })).status).toBe(409);
    expect((await refund(await signUp(`stranger${people}`), {})).status).toBe(404);
    for (const amount_cents of [-1, 0, 0.5, '5', null, 2 ** 53])
      expect((await refund(admin, { amount_cents })).status).toBe(422);
    expect((await refund(admin, { amount_cents: 23_101 })).status).toBe(409);
    expect((await refund(admin, { amount_cents: 10_000 })).status).toBe(201);
    await allDone();
    await deliverOrder(order, buyer, seller);
    await acted(order.id, 'complete', buyer);
    await allDone();
    expect((await refund(seller, { amount_cents: 3_100 })).status).toBe(201);
    await allDone();
    expect(await readPayment(order, buyer)).toMatchObject({
      status: 'partially_refunded',
      refunded_cents: 13_100,
      refunds: [
        { amount_cents: 10_000, status: 'succeeded' },
        { amount_cents: 3_100, status: 'succeeded' },
      ],
    });
    expect((await refund(seller, {})).status).toBe(201);
    await allDone();
    expect(await readPayment(order, buyer)).toMatchObject({ status: 'refunded', refunded_cents: 23_100 });
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'refunded', refunded_cents: 23_100 });
    expect(await available(seller)).toBe(0);
    expect((await refund(admin, { amount_cents: 1 })).status).toBe(409);
    await expectBalanced();
  });

  it('after the seller was paid take the transfer back', async () => {
    const { buyer, seller } = await pair();
    await posted('/seller/account', seller);
    await posted('/demo/seller/onboard', seller);
    await allDone();
    await env.DB.prepare("update seller_accounts set payout_schedule = 'manual' where user_id = ?")
      .bind(seller.userId)
      .run();
    const { order } = await matchedOrder(buyer, seller);
    const payment = await payByCard(order, buyer, 'pm_card_visa');
    await allDone();
    await deliverOrder(order, buyer, seller);
    await acted(order.id, 'complete', buyer);
    await allDone();
    await posted(`/payments/${payment.id}/refunds`, admin, { reason: 'not as described' });
    await allDone();
    const transfer = await env.DB.prepare(
      'select amount_cents, reversed_cents from transfers where order_id = ?',
    )
      .bind(order.id)
      .first();
    expect(transfer).toEqual({ amount_cents: 21_120, reversed_cents: 21_120 });
    expect(await available(seller)).toBe(0);
    await expectBalanced();
  });
});

describe('webhooks', () => {
  const send = (rawBody: string, signature: string) =>
    request('/api/v1/webhooks/stripe', {
      body: rawBody,
      headers: { 'Content-Type': 'application/json', 'Stripe-Signature': signature },
    });

  it('are refused when they are not genuine, and nothing of them is kept', async () => {
    const { count: before } = (await env.DB.prepare('select count(*) as count from webhook_inbox').first<{
      count: number;
    }>())!;
    const event = JSON.stringify({
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      data: {},
    });
    for (const signature of ['', 't=1,v1=0', `t=${Math.floor(deps.now() / 1000)},v1=${'0'.repeat(64)}`]) {
      const response = await send(event, signature);
      expect(response.status).toBe(400);
      expect(await bodyOf(response)).toMatchObject({ code: 'invalid_signature' });
    }
    const { count: after } = (await env.DB.prepare('select count(*) as count from webhook_inbox').first<{
      count: number;
    }>())!;
    expect(after).toBe(before);
  });

  it('are stored once, however often they are sent', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const quiet = demoGateway();
    const silent: Deps = { ...deps, payments: quiet.gateway, now: () => NOW_MS };
    await payOrder(
      { ...silent, now: deps.now },
      order.id,
      { kind: 'card', processorMethodId: 'pm_card_visa' },
      callerOf(buyer),
    );
    const [webhook] = quiet.webhooks;
    const results = [];
    for (let n = 0; n < 3; n += 1)
      results.push(await receiveWebhook(silent, webhook!.rawBody, webhook!.signature));
    expect(results).toEqual([true, false, false]);
    await allDone();
  });

  it('that never came are found in the list of the processor', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const quiet = demoGateway();
    const silent: Deps = { ...deps, payments: quiet.gateway };
    await payOrder(
      silent,
      order.id,
      { kind: 'card', processorMethodId: 'pm_card_demoSlow' },
      callerOf(buyer),
    );
    const { processorPaymentId } = (await findPaymentOfOrder(deps.db, order.id))!;
    await quiet.gateway.retrieve(processorPaymentId!);
    expect(await fillWebhookHoles({ ...deps, now: () => NOW_MS })).toBeGreaterThanOrEqual(2);
    expect(await fillWebhookHoles({ ...deps, now: () => NOW_MS })).toBe(0);
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
  });

  it('end in one state, whatever order they come in', async () => {
    const orders = permutations([0, 1, 2, 3]);
    expect(orders).toHaveLength(24);
    const { buyer, seller } = await pair();
    const ends = new Set<string>();
    for (const sequence of orders) {
      const { order } = await matchedOrder(buyer, seller);
      const quiet = demoGateway();
      const silent: Deps = { ...deps, payments: quiet.gateway };
      await payOrder(
        silent,
        order.id,
        { kind: 'card', processorMethodId: 'pm_card_demoSlow' },
        callerOf(buyer),
      );
      const { processorPaymentId } = (await findPaymentOfOrder(deps.db, order.id))!;
      await quiet.gateway.retrieve(processorPaymentId!);
      const chargeback = await quiet.controls.openChargeback(processorPaymentId!);
      await quiet.controls.closeChargeback(chargeback!.chargebackId, 'seller');
      expect(quiet.webhooks).toHaveLength(4);
      for (const index of sequence) {
        const { rawBody, signature } = quiet.webhooks[index]!;
        await receiveWebhook({ ...silent, now: () => NOW_MS }, rawBody, signature);
        const { id } = JSON.parse(rawBody) as { id: string };
        await processWebhook(silent, {
          event_id: `webhook:${id}`,
          type: 'webhook.received',
          version: 1,
          aggregate: { type: 'webhook', id },
          seq: 1,
          correlation_id: id,
          occurred_at: new Date(NOW_MS).toISOString(),
          data: { event_id: id },
        });
      }
      await allDone();
      const end = await readOrder(order.id, buyer);
      const payment = await readPayment(order, buyer);
      ends.add(`${end.status} ${end.payment_status} ${payment.status} ${await chargesAtProcessor(payment)}`);
    }
    expect([...ends]).toEqual(['paid succeeded succeeded 1']);
    await expectBalanced();
    // Two dozen orders, with all that is told of each.
  }, 90_000);

  it('of a lost chargeback take the money from where it is', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const payment = await payByCard(order, buyer, 'pm_card_createDispute');
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'on_hold' });
    const row = await env.DB.prepare('select chargeback_id from orders where id = ?')
      .bind(order.id)
      .first<{ chargeback_id: string }>();
    const close = await posted(`/demo/chargebacks/${row!.chargeback_id}/close`, admin, { winner: 'buyer' });
    expect(close).toEqual({ done: true });
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'refunded' });
    expect(await chargesAtProcessor(payment)).toBe(1);
    await expectBalanced();
  });
});

describe('the breaker', () => {
  it('opens after failures of the processor, lets nothing through, and tries again after its time', async () => {
    const { buyer, seller } = await pair();
    for (let n = 0; n < FAILURES_TO_OPEN; n += 1) await recordProcessorCall(deps, 'timeout');
    const waitMs = (await admitProcessorCall(deps))!;
    expect(waitMs).toBeGreaterThan(OPEN_MS - 5_000);
    const { order } = await matchedOrder(buyer, seller);
    const waiting = await payByCard(order, buyer, 'pm_card_visa');
    expect(waiting).toMatchObject({ status: 'pending', attempts: [] });
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'pending' });
    const later = at(deps.now() + OPEN_MS + 1_000);
    await runPayment(later, waiting.id, { isOffSession: false });
    await allDone();
    expect(await readPayment(order, buyer)).toMatchObject({ status: 'succeeded' });
    await recordProcessorCall(later, 'success');
    expect(await admitProcessorCall(deps)).toBeNull();
  });

  it('does not mind declines', async () => {
    for (let n = 0; n < 2 * FAILURES_TO_OPEN; n += 1) await recordProcessorCall(deps, 'declined');
    expect(await admitProcessorCall(deps)).toBeNull();
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
