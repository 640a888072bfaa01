/** What the application relies on from a payment processor, shown on the demo processor through Stripe's SDK. */
import { describe, expect, it } from 'vitest';
import type { ChargeRequest } from '../../src/platform/payments/gateway.ts';
import { demoGateway, NOW_MS, valueIn } from '../support/processor.ts';

const { gateway, controls, webhooks, line } = demoGateway();

const chargeOf = (name: string, token: string, changes: Partial<ChargeRequest> = {}): ChargeRequest => ({
  paymentId: `pay_${name}`,
  orderId: `ord_${name}`,
  amountCents: 23_100,
  currency: 'USD',
  customerId: null,
  paymentMethodId: token,
  isOffSession: false,
  returnUrl: 'https://bourse.test/orders',
  ...changes,
});

const pay = (name: string, token = 'pm_card_visa', changes: Partial<ChargeRequest> = {}) =>
  gateway.charge(chargeOf(name, token, changes), `order:ord_${name}:attempt:1`);

const eventTypes = () =>
  webhooks.splice(0).map(({ rawBody }) => (JSON.parse(rawBody) as { type: string }).type);

async function newAccount(name: string): Promise<string> {
  const account = valueIn(
    await gateway.createAccount({ userId: `usr_${name}`, email: `${name}@bourse.test` }, `acct:${name}`),
  );
  expect(account.canBePaidOut).toBe(false);
  expect(await controls.completeOnboarding(account.id)).toBe(true);
  expect(await gateway.retrieveAccount(account.id)).toEqual({
    kind: 'succeeded',
    value: { id: account.id, canBePaidOut: true },
  });
  return account.id;
}

describe('charges', () => {
  it('succeed with the details of the card', async () => {
    webhooks.length = 0;
    const charge = await pay('good');
    expect(charge).toEqual({
      kind: 'succeeded',
      value: {
        id: expect.stringMatching(/^pi_/),
        status: 'succeeded',
        amountCents: 23_100,
        currency: 'USD',
        paymentId: 'pay_good',
        chargeId: expect.stringMatching(/^ch_/),
        card: { brand: 'visa', last4: '4242' },
        refundedCents: 0,
        clientSecret: expect.any(String),
        actionUrl: null,
        declineCode: null,
      },
    });
    expect(eventTypes()).toEqual(['payment_intent.succeeded']);
    expect(await gateway.retrieve(valueIn(charge).id)).toEqual(charge);
    expect(await gateway.find('pay_good')).toEqual(charge);
  });

  it('can wait for the buyer to bring a card', async () => {
    const waiting = valueIn(await pay('later', undefined, { paymentMethodId: null }));
    expect(waiting.status).toBe('pending');
    const confirmed = await gateway.confirm(
      waiting.id,
      { paymentMethodId: 'pm_card_mastercard', returnUrl: 'https://bourse.test' },
      'later:confirm:1',
    );
    expect(confirmed).toMatchObject({
      kind: 'succeeded',
      value: { card: { brand: 'mastercard', last4: '4444' } },
    });
  });

  it.each([
    ['pm_card_chargeDeclined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
  ])('are declined by %s as %s, and stay declined under their key', async (token, code) => {
    webhooks.length = 0;
    const declined = await pay(code, token);
    expect(declined).toMatchObject({
      kind: 'declined',
      code,
      value: { status: 'pending', declineCode: code },
    });
    expect(await pay(code, token)).toEqual(declined);
    expect(eventTypes()).toEqual(['payment_intent.payment_failed']);
    const other = await gateway.confirm(
      valueIn(declined as { kind: string; value: { id: string } }).id,
      { paymentMethodId: 'pm_card_visa', returnUrl: 'https://bourse.test' },
      `order:ord_${code}:attempt:2`,
    );
    expect(other.kind).toBe('succeeded');
  });

  it('time out without an effect when the call is lost', async () => {
    expect(await pay('lost', 'pm_card_demoTimeout')).toEqual({ kind: 'timeout' });
    expect(await gateway.find('pay_lost')).toEqual({ kind: 'succeeded', value: null });
  });

  it('time out with their effect when the answer is lost, which the same key then brings', async () => {
    webhooks.length = 0;
    expect(await pay('lost-answer', 'pm_card_demoAnswerLost')).toEqual({ kind: 'timeout' });
    const again = await pay('lost-answer', 'pm_card_demoAnswerLost');
    expect(again).toMatchObject({ kind: 'succeeded', value: { paymentId: 'pay_lost-answer' } });
    expect(eventTypes()).toEqual(['payment_intent.succeeded']);
  });

  it('are unavailable when the processor takes no calls', async () => {
    expect(await pay('down', 'pm_card_demoUnavailable')).toEqual({ kind: 'unavailable' });
  });

  it('ask for authentication when the buyer is there, and end as the buyer says', async () => {
    const asked = await pay('sca', 'pm_card_authenticationRequired');
    expect(asked).toMatchObject({
      kind: 'requires_action',
      value: { actionUrl: expect.stringContaining('/authenticate/') },
    });
    expect(
      await controls.authenticate(valueIn(asked as { kind: string; value: { id: string } }).id, true),
    ).toBe(true);
    expect(await gateway.find('pay_sca')).toMatchObject({
      kind: 'succeeded',
      value: { status: 'succeeded' },
    });

    const denied = await pay('sca-no', 'pm_card_authenticationRequired');
    const { id } = valueIn(denied as { kind: string; value: { id: string } });
    expect(await controls.authenticate(id, false)).toBe(true);
    expect(await controls.authenticate(id, true)).toBe(false);
    expect(await gateway.retrieve(id)).toMatchObject({
      value: { status: 'pending', declineCode: 'authentication_failed' },
    });
  });

  it('ask for authentication when the buyer is away, and are confirmed later', async () => {
    const asked = await pay('away', 'pm_card_authenticationRequired', { isOffSession: true });
    expect(asked).toMatchObject({
      kind: 'requires_action',
      value: { status: 'requires_action', declineCode: null },
    });
    expect(await gateway.find('pay_away')).toMatchObject({ value: { status: 'requires_action' } });
  });

  it('of a slow bank are processing first and succeed by themselves', async () => {
    const slow = await pay('slow', 'pm_card_demoSlow');
    expect(slow).toMatchObject({ kind: 'processing', value: { status: 'processing' } });
    const { id } = valueIn(slow as { kind: string; value: { id: string } });
    webhooks.length = 0;
    expect(await gateway.retrieve(id)).toMatchObject({
      kind: 'succeeded',
      value: { card: { last4: '4242' } },
    });
    expect(eventTypes()).toEqual(['payment_intent.succeeded']);
  });

  it('are cancelled until they have succeeded', async () => {
    const waiting = valueIn(await pay('cancel', undefined, { paymentMethodId: null }));
    expect(await gateway.cancel(waiting.id, 'cancel:1')).toMatchObject({ value: { status: 'cancelled' } });
    const paid = valueIn(await pay('cancel-late'));
    expect(await gateway.cancel(paid.id, 'cancel:2')).toMatchObject({
      kind: 'refused',
      code: 'payment_intent_unexpected_state',
    });
  });

  it('happen once under one key, however often and at once it is used', async () => {
    webhooks.length = 0;
    const answers = await Promise.all(Array.from({ length: 5 }, () => pay('once')));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.kind).toBe('succeeded');
    expect(eventTypes()).toEqual(['payment_intent.succeeded']);
  });

  it('are refused under the key of another request', async () => {
    await pay('reused');
    expect(await pay('reused', undefined, { amountCents: 1 })).toMatchObject({
      kind: 'refused',
      code: 'idempotency_error',
    });
  });

  it('are refused with a card that does not exist', async () => {
    expect(await pay('nobody', 'pm_card_none')).toMatchObject({ kind: 'refused', code: 'resource_missing' });
  });
});

describe('saved cards', () => {
  it('can be charged without their holder until they are forgotten', async () => {
    const customer = valueIn(
      await gateway.createCustomer({ userId: 'usr_1', email: 'a@bourse.test' }, 'customer:1'),
    );
    const setup = valueIn(
      await gateway.saveCard(
        {
          cardId: 'pmt_1',
          customerId: customer.id,
          token: 'pm_card_visa',
          returnUrl: 'https://bourse.test',
        },
        'card:1',
      ),
    );
    expect(setup).toMatchObject({ status: 'succeeded', cardId: 'pmt_1', failureCode: null });
    const card = setup.card!;
    expect(card).toMatchObject({ brand: 'visa', last4: '4242', expiryMonth: 12, expiryYear: 2034 });
    const charged = await pay('saved', card.id, { customerId: customer.id, isOffSession: true });
    expect(charged).toMatchObject({ kind: 'succeeded', value: { card: { last4: '4242' } } });
    expect(await gateway.forgetCard(card.id, 'forget:1')).toEqual({
      kind: 'succeeded',
      value: { id: card.id },
    });
  });

  it.each([
    [true, 'succeeded', 'setup_intent.succeeded'],
    [false, 'failed', 'setup_intent.setup_failed'],
  ])('that want their holder wait for them: approved is %s, then it %s', async (approve, status, type) => {
    webhooks.length = 0;
    const name = `asks_${status}`;
    const customer = valueIn(
      await gateway.createCustomer({ userId: name, email: 'c@bourse.test' }, `customer:${name}`),
    );
    const answer = await gateway.saveCard(
      {
        cardId: `pmt_${name}`,
        customerId: customer.id,
        token: 'pm_card_authenticationRequiredOnSetup',
        returnUrl: 'https://bourse.test',
      },
      `card:${name}`,
    );
    expect(answer).toMatchObject({
      kind: 'requires_action',
      value: {
        card: { last4: '3155' },
        clientSecret: expect.any(String),
        actionUrl: expect.stringContaining('/authenticate/'),
      },
    });
    const { id } = valueIn(answer as { kind: string; value: { id: string } });
    expect(await gateway.retrieveCardSetup(id)).toEqual(answer);
    expect(await controls.authenticateCard(id, approve)).toBe(true);
    expect(await controls.authenticateCard(id, approve)).toBe(false);
    expect(await gateway.retrieveCardSetup(id)).toMatchObject({
      kind: 'succeeded',
      value: { status, cardId: `pmt_${name}`, actionUrl: null },
    });
    expect(eventTypes()).toEqual(['setup_intent.requires_action', type]);
    expect((await gateway.cancelCardSetup(id, `cancel:${name}`)).kind).toBe(
      approve ? 'refused' : 'succeeded',
    );
  });

  it('are not kept when the bank refuses', async () => {
    const customer = valueIn(
      await gateway.createCustomer({ userId: 'usr_2', email: 'b@bourse.test' }, 'customer:2'),
    );
    expect(
      await gateway.saveCard(
        {
          cardId: 'pmt_2',
          customerId: customer.id,
          token: 'pm_card_chargeDeclined',
          returnUrl: 'https://bourse.test',
        },
        'card:2',
      ),
    ).toEqual({ kind: 'declined', code: 'generic_decline', value: null });
  });
});

describe('refunds', () => {
  it('are partial and partial again, up to what was charged', async () => {
    const { id } = valueIn(await pay('refunded'));
    webhooks.length = 0;
    const refund = (amountCents: number, n: number) =>
      gateway.refund({ processorPaymentId: id, amountCents, refundId: `ref_${n}` }, `refund:ref_${n}`);
    const first = await refund(10_000, 1);
    expect(first).toMatchObject({ kind: 'succeeded', value: { status: 'succeeded', amountCents: 10_000 } });
    expect(await refund(10_000, 1)).toEqual(first);
    expect(
      await gateway.retrieveRefund(valueIn(first as { kind: string; value: { id: string } }).id),
    ).toEqual(first);
    expect((await refund(13_101, 2)).kind).toBe('refused');
    expect((await refund(13_100, 3)).kind).toBe('succeeded');
    expect(await refund(1, 4)).toMatchObject({ kind: 'refused', code: 'charge_already_refunded' });
    expect(valueIn(await gateway.find('pay_refunded')).refundedCents).toBe(23_100);
    expect(eventTypes()).toEqual(['charge.refunded', 'refund.updated', 'charge.refunded', 'refund.updated']);
  });

  it('at once never exceed the charge', async () => {
    const { id } = valueIn(await pay('raced'));
    const outcomes = await Promise.all(
      [1, 2, 3].map((n) =>
        gateway.refund(
          { processorPaymentId: id, amountCents: 10_000, refundId: `ref_r${n}` },
          `refund:ref_r${n}`,
        ),
      ),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['refused', 'succeeded', 'succeeded']);
  });
});

describe('sellers', () => {
  it('are onboarded on a page of the processor', async () => {
    const account = valueIn(
      await gateway.createAccount({ userId: 'usr_new', email: 'n@bourse.test' }, 'acct:new'),
    );
    const link = valueIn(
      await gateway.onboardingLink(
        { accountId: account.id, returnUrl: 'https://bourse.test/a', refreshUrl: 'https://bourse.test/b' },
        'link:new:1',
      ),
    );
    expect(link).toEqual({ url: expect.stringContaining(account.id), expiresAtMs: NOW_MS + 300_000 });
    const transfer = {
      accountId: account.id,
      amountCents: 1,
      currency: 'USD',
      orderId: 'ord_n',
      chargeId: null,
    };
    expect(await gateway.transfer(transfer, 'transfer:new')).toMatchObject({
      kind: 'refused',
      code: 'insufficient_capabilities_for_transfer',
    });
  });

  it('get transfers, which are reversed in part and in full', async () => {
    const accountId = await newAccount('transfers');
    const { chargeId } = valueIn(await pay('transferred'));
    webhooks.length = 0;
    const request = { accountId, amountCents: 21_120, currency: 'USD', orderId: 'ord_transferred', chargeId };
    const transfer = valueIn(await gateway.transfer(request, 'transfer:1'));
    expect(transfer).toMatchObject({ amountCents: 21_120, reversedCents: 0 });
    const reverse = (amountCents: number, n: number) =>
      gateway.reverseTransfer({ processorTransferId: transfer.id, amountCents }, `reversal:${n}`);
    expect(await reverse(10_000, 1)).toMatchObject({ value: { reversedCents: 10_000 } });
    expect(await reverse(10_000, 1)).toMatchObject({ value: { reversedCents: 10_000 } });
    expect((await reverse(11_121, 2)).kind).toBe('refused');
    expect(await reverse(11_120, 3)).toMatchObject({ value: { reversedCents: 21_120 } });
    expect(eventTypes()).toEqual(['transfer.created', 'transfer.reversed', 'transfer.reversed']);
  });

  it('are paid out what they hold, once under one key, and a bank may send it back', async () => {
    const accountId = await newAccount('payouts');
    await gateway.transfer(
      { accountId, amountCents: 10_000, currency: 'USD', orderId: 'ord_p', chargeId: null },
      'transfer:p',
    );
    webhooks.length = 0;
    const payout = (amountCents: number, n: number) =>
      gateway.payout(
        { accountId, amountCents, currency: 'USD', isInstant: false, payoutId: `pyo_${n}` },
        `payout:pyo_${n}:1`,
      );
    expect(await payout(10_001, 1)).toMatchObject({ kind: 'refused', code: 'balance_insufficient' });
    const paid = await payout(10_000, 2);
    expect(paid).toMatchObject({ kind: 'succeeded', value: { status: 'processing' } });
    expect(await payout(10_000, 2)).toEqual(paid);
    const { id } = valueIn(paid as { kind: string; value: { id: string } });
    expect(await gateway.retrievePayout(id, accountId)).toMatchObject({ value: { status: 'paid' } });
    expect(await controls.failPayout(id)).toBe(true);
    expect(await controls.failPayout(id)).toBe(false);
    expect(await gateway.retrievePayout(id, accountId)).toMatchObject({
      value: { status: 'failed', failureCode: 'account_closed' },
    });
    expect((await payout(10_000, 3)).kind).toBe('succeeded');
    expect(eventTypes()).toEqual(['payout.paid', 'payout.failed', 'payout.paid']);
  });
});

describe('chargebacks', () => {
  it('are opened once and decided once', async () => {
    const { id } = valueIn(await pay('disputed'));
    webhooks.length = 0;
    const opened = await controls.openChargeback(id);
    expect(await controls.openChargeback(id)).toBeNull();
    const refund = { processorPaymentId: id, amountCents: 1, refundId: 'ref_d' };
    expect(await gateway.refund(refund, 'refund:ref_d')).toMatchObject({ code: 'charge_disputed' });
    expect(await controls.closeChargeback(opened!.chargebackId, 'buyer')).toBe(true);
    expect(await controls.closeChargeback(opened!.chargebackId, 'seller')).toBe(false);
    expect(eventTypes()).toEqual(['charge.dispute.created', 'charge.dispute.closed']);
  });

  it('follow by themselves from the card for it', async () => {
    webhooks.length = 0;
    await pay('trouble', 'pm_card_createDispute');
    expect(eventTypes()).toEqual(['payment_intent.succeeded', 'charge.dispute.created']);
  });
});

describe('webhooks', () => {
  async function signedEvent(name: string) {
    webhooks.length = 0;
    const payment = valueIn(await pay(name));
    return { payment, ...webhooks[0]! };
  }
  const verdict = async (rawBody: string, signature: string, nowMs = NOW_MS) =>
    gateway.verifyWebhook(rawBody, signature, nowMs);
  const REFUSED = { ok: false, error: 'invalid_signature' };

  it('say what they are about', async () => {
    const { payment, rawBody, signature } = await signedEvent('hook');
    expect(await verdict(rawBody, signature)).toEqual({
      ok: true,
      value: {
        id: expect.stringMatching(/^evt_/),
        type: 'payment_intent.succeeded',
        createdAtMs: NOW_MS,
        subject: { kind: 'payment', processorPaymentId: payment.id },
      },
    });
  });

  it('are refused when forged, changed, stale, of an old scheme or of another secret', async () => {
    const { rawBody, signature } = await signedEvent('forged');
    const other = demoGateway('whsec_other');
    expect(await verdict(rawBody, '')).toEqual(REFUSED);
    expect(await verdict(rawBody, 't=1,v1=00')).toEqual(REFUSED);
    expect(await verdict(rawBody.replace('23100', '1'), signature)).toEqual(REFUSED);
    expect(await verdict(JSON.stringify(JSON.parse(rawBody), null, 1), signature)).toEqual(REFUSED);
    expect(await verdict(rawBody, signature.replace('v1=', 'v0='))).toEqual(REFUSED);
    expect(await verdict(rawBody, signature, NOW_MS + 301_000)).toEqual(REFUSED);
    expect((await verdict(rawBody, signature, NOW_MS + 300_000)).ok).toBe(true);
    expect(await other.gateway.verifyWebhook(rawBody, signature, NOW_MS)).toEqual(REFUSED);
  });

  it('that nobody took are sent again, and can be listed', async () => {
    webhooks.length = 0;
    line.isDown = true;
    const payment = valueIn(await pay('unheard'));
    line.isDown = false;
    expect(webhooks).toEqual([]);
    expect(await controls.redeliver()).toBe(1);
    expect(await controls.redeliver()).toBe(0);
    expect(eventTypes()).toEqual(['payment_intent.succeeded']);
    const listed = valueIn(await gateway.listEvents(NOW_MS));
    expect(listed.map(({ subject }) => subject)).toContainEqual({
      kind: 'payment',
      processorPaymentId: payment.id,
    });
    expect(valueIn(await gateway.listEvents(NOW_MS + 1000))).toEqual([]);
  });
});
