/**
 * Every request the gateway makes, against Stripe's published description of its API. The description is of 2023; the
 * differences to the SDK in use are listed here and in the decision on the payment processor.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseFormFields } from '../src/platform/payments/form-fields.ts';
import type { PaymentGateway } from '../src/platform/payments/gateway.ts';
import { createStripeGateway } from '../src/platform/payments/stripe-gateway.ts';
import { type FormSchema, misfits } from './support/form-schema.ts';

const DATA = '../shared/data/stripe-openapi';
const SPEC = `${DATA}/spec3-trimmed-2023-08-16.json.gz`;
const isPresent = existsSync(SPEC);
if (!isPresent) console.warn(`Skipped: ${SPEC} is not beside this checkout.`);

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: FormSchema }[];
  requestBody?: { content: { 'application/x-www-form-urlencoded': { schema: FormSchema } } };
}
interface Recorded {
  method: string;
  path: string;
  query: string;
  body: string;
  key: string | null;
  account: string | null;
}

/** Answers with Stripe's own example objects, by the last noun of the path. */
const FIXTURES: Record<string, string> = {
  payment_intents: 'payment_intent',
  setup_intents: 'setup_intent',
  customers: 'customer',
  payment_methods: 'payment_method',
  refunds: 'refund',
  transfers: 'transfer',
  reversals: 'transfer_reversal',
  accounts: 'account',
  account_links: 'account_link',
  payouts: 'payout',
};

function recordingGateway(): { gateway: PaymentGateway; recorded: Recorded[] } {
  const recorded: Recorded[] = [];
  const { resources } = JSON.parse(readFileSync(`${DATA}/fixtures3-trimmed.json`, 'utf8')) as {
    resources: Record<string, unknown>;
  };
  const fetchFn: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    recorded.push({
      method: request.method.toLowerCase(),
      path: url.pathname,
      query: url.search.slice(1),
      body: await request.text(),
      key: request.headers.get('Idempotency-Key'),
      account: request.headers.get('Stripe-Account'),
    });
    const isList = /\/(search|events)$/.test(url.pathname);
    const noun = url.pathname.split('/').findLast((part) => part in FIXTURES);
    return Response.json(
      isList ? { object: 'list', data: [], has_more: false } : (resources[FIXTURES[noun ?? ''] ?? ''] ?? {}),
    );
  };
  const gateway = createStripeGateway({
    secretKey: 'sk_test_recorded',
    webhookSecret: 'whsec_recorded',
    apiBase: 'https://api.stripe.com',
    fetchFn,
  });
  return { gateway, recorded };
}

const returnUrl = 'https://bourse.test/orders/ord_1';
const charge = {
  paymentId: 'pay_1',
  orderId: 'ord_1',
  amountCents: 23_100,
  currency: 'USD',
  customerId: 'cus_1',
  paymentMethodId: 'pm_1',
  isOffSession: false,
  returnUrl,
};

/** Each call of the gateway once, in each form it takes. */
const CALLS: Record<string, (gateway: PaymentGateway) => Promise<unknown>> = {
  'a charge with its buyer': (gateway) => gateway.charge(charge, 'k1'),
  'a charge without its buyer': (gateway) => gateway.charge({ ...charge, isOffSession: true }, 'k2'),
  'a charge to be confirmed': (gateway) =>
    gateway.charge({ ...charge, customerId: null, orderId: null, paymentMethodId: null }, 'k3'),
  confirm: (gateway) => gateway.confirm('pi_1', { paymentMethodId: 'pm_1', returnUrl }, 'k4'),
  'confirm as it is': (gateway) => gateway.confirm('pi_1', { paymentMethodId: null, returnUrl }, 'k5'),
  cancel: (gateway) => gateway.cancel('pi_1', 'k6'),
  retrieve: (gateway) => gateway.retrieve('pi_1'),
  find: (gateway) => gateway.find('pay_1'),
  createCustomer: (gateway) => gateway.createCustomer({ userId: 'usr_1', email: 'ann@bourse.test' }, 'k7'),
  retrieveCardSetup: (gateway) => gateway.retrieveCardSetup('seti_1'),
  cancelCardSetup: (gateway) => gateway.cancelCardSetup('seti_1', 'k18'),
  saveCard: (gateway) =>
    gateway.saveCard({ cardId: 'pmt_1', customerId: 'cus_1', token: 'pm_card_visa', returnUrl }, 'k8'),
  forgetCard: (gateway) => gateway.forgetCard('pm_1', 'k9'),
  refund: (gateway) =>
    gateway.refund({ processorPaymentId: 'pi_1', amountCents: 100, refundId: 'ref_1' }, 'k10'),
  retrieveRefund: (gateway) => gateway.retrieveRefund('re_1'),
  transfer: (gateway) =>
    gateway.transfer(
      { accountId: 'acct_1', amountCents: 100, currency: 'USD', orderId: 'ord_1', chargeId: 'ch_1' },
      'k11',
    ),
  'transfer of no charge': (gateway) =>
    gateway.transfer(
      { accountId: 'acct_1', amountCents: 100, currency: 'USD', orderId: 'ord_1', chargeId: null },
      'k12',
    ),
  reverseTransfer: (gateway) =>
    gateway.reverseTransfer({ processorTransferId: 'tr_1', amountCents: 100 }, 'k13'),
  retrieveTransfer: (gateway) => gateway.retrieveTransfer('tr_1'),
  createAccount: (gateway) => gateway.createAccount({ userId: 'usr_1', email: 'sam@bourse.test' }, 'k14'),
  retrieveAccount: (gateway) => gateway.retrieveAccount('acct_1'),
  onboardingLink: (gateway) =>
    gateway.onboardingLink({ accountId: 'acct_1', returnUrl, refreshUrl: returnUrl }, 'k15'),
  payout: (gateway) =>
    gateway.payout(
      { accountId: 'acct_1', amountCents: 5_000, currency: 'USD', isInstant: false, payoutId: 'pyo_1' },
      'k16',
    ),
  'instant payout': (gateway) =>
    gateway.payout(
      { accountId: 'acct_1', amountCents: 5_000, currency: 'USD', isInstant: true, payoutId: 'pyo_2' },
      'k17',
    ),
  retrievePayout: (gateway) => gateway.retrievePayout('po_1', 'acct_1'),
  listEvents: (gateway) => gateway.listEvents(1_700_000_000_000),
};

/** The operation of the description that a path belongs to; a fixed part goes before a parameter. */
function operationOf(paths: Record<string, Record<string, Operation>>, request: Recorded): Operation | null {
  const candidates = Object.keys(paths)
    .filter((template) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(request.path))
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return paths[candidates[0] ?? '']?.[request.method] ?? null;
}

describe.skipIf(!isPresent)('requests to the payment processor', () => {
  const { paths } = isPresent
    ? (JSON.parse(gunzipSync(readFileSync(SPEC)).toString('utf8')) as {
        paths: Record<string, Record<string, Operation>>;
      })
    : { paths: {} };

  it.each(Object.entries(CALLS))('%s is as the description says', async (_, call) => {
    const { gateway, recorded } = recordingGateway();
    await call(gateway);
    expect(recorded.length).toBeGreaterThan(0);
    for (const request of recorded) {
      const operation = operationOf(paths, request);
      expect(operation, `${request.method} ${request.path}`).not.toBeNull();
      const body = operation?.requestBody?.content['application/x-www-form-urlencoded'].schema;
      const parameters = (operation?.parameters ?? []).filter((parameter) => parameter.in === 'query');
      const query: FormSchema = {
        type: 'object',
        properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
        required: parameters.filter((parameter) => parameter.required).map(({ name }) => name),
      };
      expect(misfits(query, parseFormFields(request.query))).toEqual([]);
      if (body) expect(misfits(body, parseFormFields(request.body))).toEqual([]);
    }
  });

  it('carry our key whenever they change something, and only then', async () => {
    const { gateway, recorded } = recordingGateway();
    for (const call of Object.values(CALLS)) await call(gateway);
    expect(recorded.filter(({ method, key }) => (method === 'post') !== (key !== null))).toEqual([]);
    expect(
      recorded.filter(({ path }) => path.startsWith('/v1/payouts')).map(({ account }) => account),
    ).toEqual(['acct_1', 'acct_1', 'acct_1']);
  });

  it('cover every call of the gateway', () => {
    const { gateway } = recordingGateway();
    const source = Object.values(CALLS).map(String).join('\n');
    const untested = Object.keys(gateway).filter(
      (name) => name !== 'verifyWebhook' && !source.includes(`gateway.${name}(`),
    );
    expect(untested).toEqual([]);
  });

  it('would be refused with a field that Stripe does not know', () => {
    const schema =
      paths['/v1/refunds']?.post?.requestBody?.content['application/x-www-form-urlencoded'].schema;
    expect(misfits(schema!, parseFormFields('payment_intent=pi_1&amount=x&colour=red'))).toEqual([
      '.amount: x is not an integer',
      '.colour: is unknown',
    ]);
  });
});
