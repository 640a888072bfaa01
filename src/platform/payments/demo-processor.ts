/**
 * A payment processor in this process, in the shape of Stripe's API: the endpoints that the gateway calls, with the
 * answers and webhooks the real one gives. It is deterministic: ids come from the caller's idempotency key and what
 * happens to a charge from its test card. Its clock and the way its webhooks travel are handed in.
 */
import { type Context, Hono } from 'hono';
import Stripe from 'stripe';
import type { Db } from '../../db/client.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { CALM, createDemoBank, type DemoBank } from './demo-bank.ts';
import { DEMO_CARDS, type DemoCard } from './demo-cards.ts';
import type { DemoControls } from './demo-controls.ts';
import {
  accountBalance,
  chargeOf,
  type DemoAccount,
  type DemoCharge,
  type DemoCustomer,
  type DemoDispute,
  type DemoError,
  type DemoEvent,
  type DemoPaymentIntent,
  type DemoPaymentMethod,
  type DemoPayout,
  type DemoRefund,
  type DemoReversal,
  type DemoSetupIntent,
  type DemoSubject,
  type DemoTransfer,
  withAccountBalance,
} from './demo-objects.ts';
import { createDemoStore, type DemoChange, type DemoReader } from './demo-store.ts';
import { type FormFields, parseFormFields, textField } from './form-fields.ts';

/** How long a link to the onboarding form is good. */
const LINK_SECONDS = 300;
const EVENTS_PER_DELIVERY = 100;
const CARD_EXPIRY = { exp_month: 12, exp_year: 2034 } as const;
/** The calls that wait for a bank. */
const CHARGES = /^\/v1\/payment_intents(\/[^/]+\/confirm)?$/;
/** What tells the transport to lose an answer, as a broken line would. */
const LOST_ANSWER = 'Demo-Answer-Lost';

export interface DemoProcessorOptions {
  db: Db;
  /** Epoch milliseconds. */
  now: () => number;
  webhookSecret: string;
  /** How the banks feel; calm when left out. */
  bank?: DemoBank;
  /** Takes a webhook as an endpoint would; a rejection leaves it to be sent again. */
  deliver: (rawBody: string, signature: string) => Promise<void>;
}

export interface DemoProcessor {
  /** Stands in for the network: the same requests and answers as Stripe's. */
  fetch: typeof fetch;
  controls: DemoControls;
}

/** What a handler works with: the caller's fields, ids that repeat with the key, and the objects. */
interface Call {
  fields: FormFields;
  reader: DemoReader;
  newId: (prefix: string) => string;
  created: number;
  account: string | null;
  bank: DemoBank;
}

type Handler = (call: Call, id: string) => Promise<DemoChange>;

/** A refusal that leaves no trace, not even under the key. */
class Refusal extends Error {
  readonly status: 400 | 404 | 503 | 504;
  readonly body: { error: DemoError };
  constructor(status: Refusal['status'], error: DemoError) {
    super(error.message);
    this.status = status;
    this.body = { error };
  }
}

const invalid = (code: string, message: string) =>
  new Refusal(code === 'resource_missing' ? 404 : 400, { type: 'invalid_request_error', code, message });

export function createDemoProcessor({
  db,
  now,
  webhookSecret,
  bank = createDemoBank(CALM, async () => {}),
  deliver,
}: DemoProcessorOptions): DemoProcessor {
  const store = createDemoStore(db, now);
  const signer = new Stripe('sk_demo', { telemetry: false }).webhooks;
  const cryptoProvider = Stripe.createSubtleCryptoProvider();
  const seconds = () => Math.floor(now() / SECOND_MS);
  const app = new Hono();

  async function send(event: DemoEvent): Promise<boolean> {
    const payload = JSON.stringify(event);
    const signature = await signer.generateTestHeaderStringAsync({
      payload,
      secret: webhookSecret,
      timestamp: seconds(),
      cryptoProvider,
    });
    try {
      await deliver(payload, signature);
    } catch {
      return false;
    }
    await store.markDelivered(event.id);
    return true;
  }

  async function sendAll(events: readonly DemoEvent[]): Promise<number> {
    let sent = 0;
    for (const event of events) if (await send(event)) sent += 1;
    return sent;
  }

  /** Something that happens outside of any request, such as a decision of a bank. */
  async function happen(
    cause: string,
    work: (call: Omit<Call, 'fields' | 'account' | 'bank'>) => Promise<DemoChange | null>,
  ): Promise<DemoChange | null> {
    const newId = await idMaker(cause);
    const change = await store.commit((reader) => work({ reader, newId, created: seconds() }));
    if (change) await sendAll(change.events);
    return change;
  }

  async function settleSlowCharge(intentId: string): Promise<void> {
    await happen(`settle ${intentId}`, async ({ reader, newId, created }) => {
      const intent = await reader.get('payment_intent', intentId);
      if (intent?.status !== 'processing') return null;
      return succeed(intent, await cardOf(reader, intent.payment_method), newId, created);
    });
  }

  app.onError((error, c) => {
    if (!(error instanceof Refusal)) throw error;
    return error.status === 504
      ? c.body(null, 504, { [LOST_ANSWER]: '1' })
      : c.json(error.body, error.status);
  });
  app.notFound((c) =>
    c.json(
      { error: { type: 'invalid_request_error', message: `Unrecognized request URL (${c.req.path}).` } },
      404,
    ),
  );

  /** One changing endpoint: everything it does is committed together with its answer under the caller's key. */
  const post = (path: string, handler: Handler) =>
    app.post(path, async (c) => {
      const key = c.req.header('Idempotency-Key');
      if (!key)
        throw invalid('parameter_missing', 'Every call that changes something needs an Idempotency-Key.');
      const account = c.req.header('Stripe-Account') ?? null;
      // Read as bytes: the runtime warns of text in bodies of this type.
      const text = new TextDecoder().decode(await c.req.arrayBuffer());
      const newId = await idMaker(`${account ?? ''} ${key}`);
      const fields = parseFormFields(text);
      const id = c.req.param('id') ?? '';
      const answered = await store.commitOnce(
        `${account ?? ''} ${key}`,
        `${c.req.path} ${text}`,
        async (reader) => handler({ fields, reader, newId, created: seconds(), account, bank }, id),
      );
      if (answered.kind === 'key_reused') {
        return c.json(
          {
            error: {
              type: 'idempotency_error',
              message: 'Keys for idempotent requests can only be used with the same parameters.',
            },
          },
          400,
        );
      }
      await sendAll(answered.events);
      if (!answered.isReplay && (await losesAnswer(store.read(), fields))) throw lostAnswer();
      const asksBank = textField(fields, 'payment_method') !== null && CHARGES.test(c.req.path);
      if (asksBank && !answered.isReplay && !(await bank.answersInTime(key))) throw lostAnswer();
      return answerOf(c, answered.answer.status, await expanded(answered.answer.body, fields));
    });

  /** Puts the charge into an intent, and the card into a setup, where the caller asked for it. */
  async function expanded(body: unknown, fields: FormFields): Promise<unknown> {
    if (asksFor(fields, 'payment_method') && isSetup(body) && body.payment_method !== null)
      return { ...body, payment_method: await store.read().get('payment_method', body.payment_method) };
    if (!asksFor(fields, 'latest_charge') || !isIntent(body) || body.latest_charge === null) return body;
    return { ...body, latest_charge: await store.read().get('charge', body.latest_charge) };
  }

  const get = (path: string, find: (reader: DemoReader, id: string) => Promise<unknown>) =>
    app.get(path, async (c) => {
      const fields = parseFormFields(new URL(c.req.url).search.slice(1));
      const found = await find(store.read(), c.req.param('id') ?? '');
      if (found === null) throw invalid('resource_missing', `No such object: '${c.req.param('id')}'`);
      return c.json(await expanded(found, fields));
    });

  post('/v1/payment_intents', createPaymentIntent);
  post('/v1/payment_intents/:id/confirm', confirmPaymentIntent);
  post('/v1/payment_intents/:id/cancel', cancelPaymentIntent);
  post('/v1/customers', createCustomer);
  post('/v1/setup_intents', createSetupIntent);
  post('/v1/setup_intents/:id/cancel', cancelSetupIntent);
  post('/v1/payment_methods/:id/detach', detachPaymentMethod);
  post('/v1/refunds', createRefund);
  post('/v1/transfers', createTransfer);
  post('/v1/transfers/:id/reversals', reverseTransfer);
  post('/v1/accounts', createAccount);
  post('/v1/account_links', createAccountLink);
  post('/v1/payouts', createPayout);

  app.get('/v1/payment_intents/search', async (c) => {
    const paymentId = /^metadata\['payment_id'\]:'([^']+)'$/.exec(c.req.query('query') ?? '')?.[1];
    if (!paymentId) throw invalid('parameter_invalid_string', 'Only metadata can be searched for.');
    const reader = store.read();
    const found = await reader.findByReference('payment_intent', paymentId);
    const data = await Promise.all(
      found.map((intent) => expanded(intent, parseFormFields('expand[0]=latest_charge'))),
    );
    return c.json({ object: 'search_result', url: '/v1/payment_intents/search', has_more: false, data });
  });
  get('/v1/payment_intents/:id', async (reader, id) => {
    await settleSlowCharge(id);
    return reader.get('payment_intent', id);
  });
  get('/v1/setup_intents/:id', (reader, id) => reader.get('setup_intent', id));
  get('/v1/refunds/:id', (reader, id) => reader.get('refund', id));
  get('/v1/transfers/:id', (reader, id) => reader.get('transfer', id));
  get('/v1/accounts/:id', (reader, id) => reader.get('account', id));
  get('/v1/payouts/:id', (reader, id) => reader.get('payout', id));
  app.get('/v1/events', async (c) => {
    const fields = parseFormFields(new URL(c.req.url).search.slice(1));
    const since = Number(textField(fields, 'created', 'gte') ?? '0') * SECOND_MS;
    const data = await store.eventsSince(since, Number(textField(fields, 'limit') ?? '10'));
    return c.json({ object: 'list', url: '/v1/events', has_more: false, data });
  });

  const controls: DemoControls = {
    authenticate: async (intentId, isApproved) =>
      (await happen(`authenticate ${intentId} ${isApproved} ${now()}`, async ({ reader, newId, created }) => {
        const intent = await reader.get('payment_intent', intentId);
        if (intent?.status !== 'requires_action') return null;
        const card = await cardOf(reader, intent.payment_method);
        return isApproved
          ? succeed(intent, card, newId, created)
          : decline(intent, 'payment_intent_authentication_failure', 'authentication_failed', newId, created);
      })) !== null,

    authenticateCard: async (setupId, isApproved) =>
      (await happen(`authenticate ${setupId} ${isApproved} ${now()}`, async ({ reader, newId, created }) => {
        const setup = await reader.get('setup_intent', setupId);
        if (setup?.status !== 'requires_action') return null;
        const decided = isApproved ? keptBy(setup) : notKept(setup);
        const type = isApproved ? 'setup_intent.succeeded' : 'setup_intent.setup_failed';
        return changed(decided, [{ object: decided }], [event(type, decided, newId, created)]);
      })) !== null,

    openChargeback: async (intentId) => {
      const change = await happen(`chargeback ${intentId}`, async ({ reader, newId, created }) => {
        const intent = await reader.get('payment_intent', intentId);
        const charge = intent?.latest_charge ? await reader.get('charge', intent.latest_charge) : null;
        if (!charge || charge.disputed) return null;
        return openDispute(charge, newId, created);
      });
      return change && { chargebackId: (change.body as DemoDispute).id };
    },

    closeChargeback: async (chargebackId, winner) =>
      (await happen(`close ${chargebackId}`, async ({ reader, newId, created }) => {
        const dispute = await reader.get('dispute', chargebackId);
        if (dispute?.status !== 'needs_response') return null;
        const closed: DemoDispute = { ...dispute, status: winner === 'seller' ? 'won' : 'lost' };
        return changed(
          closed,
          [{ object: closed }],
          [event('charge.dispute.closed', closed, newId, created)],
        );
      })) !== null,

    completeOnboarding: async (accountId) =>
      (await happen(`onboard ${accountId}`, async ({ reader, newId, created }) => {
        const account = await reader.get('account', accountId);
        if (!account || account.details_submitted) return null;
        const complete: DemoAccount = {
          ...account,
          charges_enabled: true,
          payouts_enabled: true,
          details_submitted: true,
          capabilities: { transfers: 'active' },
        };
        return changed(
          complete,
          [{ object: complete }],
          [event('account.updated', complete, newId, created, accountId)],
        );
      })) !== null,

    failPayout: async (payoutId) =>
      (await happen(`fail ${payoutId}`, async ({ reader, newId, created }) => {
        const payout = await reader.get('payout', payoutId);
        const account = payout ? await reader.get('account', payout.metadata.demo_account ?? '') : null;
        if (!payout || !account || payout.status === 'failed') return null;
        const failed: DemoPayout = { ...payout, status: 'failed', failure_code: 'account_closed' };
        return changed(
          failed,
          [{ object: failed }, { object: withAccountBalance(account, payout.currency, payout.amount) }],
          [event('payout.failed', failed, newId, created, account.id)],
        );
      })) !== null,

    redeliver: async () => sendAll(await store.pendingEvents(EVENTS_PER_DELIVERY)),
  };

  const demoFetch: typeof fetch = async (input, init) => {
    const response = await app.fetch(new Request(input, init));
    if (response.headers.has(LOST_ANSWER)) throw new DOMException('The answer was lost.', 'AbortError');
    return response;
  };
  return { fetch: demoFetch, controls };
}

// ---- Charges ----

async function createPaymentIntent(call: Call): Promise<DemoChange> {
  const { fields, newId, created } = call;
  const id = newId('pi');
  const intent: DemoPaymentIntent = {
    id,
    object: 'payment_intent',
    amount: amountField(fields),
    amount_received: 0,
    currency: requiredField(fields, 'currency'),
    status: 'requires_payment_method',
    client_secret: `${id}_secret_demo`,
    metadata: metadataOf(fields),
    customer: textField(fields, 'customer'),
    payment_method: null,
    latest_charge: null,
    transfer_group: textField(fields, 'transfer_group'),
    next_action: null,
    last_payment_error: null,
    created,
    livemode: false,
  };
  if (textField(fields, 'confirm') !== 'true')
    return changed(intent, [{ object: intent, reference: intent.metadata.payment_id ?? null }], []);
  return chargeIntent(intent, requiredField(fields, 'payment_method'), call);
}

async function confirmPaymentIntent(call: Call, id: string): Promise<DemoChange> {
  const intent = await existing(call.reader.get('payment_intent', id), id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing')
    throw invalid('payment_intent_unexpected_state', `This PaymentIntent is ${intent.status}.`);
  const method = textField(call.fields, 'payment_method') ?? intent.payment_method;
  if (method === null) throw invalid('parameter_missing', 'There is no payment method to confirm with.');
  return chargeIntent(intent, method, call);
}

async function cancelPaymentIntent({ reader, newId, created }: Call, id: string): Promise<DemoChange> {
  const intent = await existing(reader.get('payment_intent', id), id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing')
    throw invalid('payment_intent_unexpected_state', `This PaymentIntent is ${intent.status}.`);
  const cancelled: DemoPaymentIntent = { ...intent, status: 'canceled', next_action: null };
  return changed(
    cancelled,
    [{ object: cancelled }],
    [event('payment_intent.canceled', cancelled, newId, created)],
  );
}

/** Charges a card: what becomes of it is written on the card. */
async function chargeIntent(
  before: DemoPaymentIntent,
  methodId: string,
  { fields, reader, newId, created, bank }: Call,
): Promise<DemoChange> {
  const card = await cardOf(reader, methodId);
  if (card.call === 'lost_call') throw lostAnswer();
  if (card.call === 'unavailable')
    throw new Refusal(503, { type: 'api_error', message: 'The demo processor takes no calls.' });

  const intent: DemoPaymentIntent = { ...before, payment_method: methodId, next_action: null };
  switch (card.charge) {
    case 'succeeds':
    case 'is_disputed':
      if (bank.declines(intent.id)) return decline(intent, 'card_declined', 'do_not_honor', newId, created);
      return succeed(intent, card, newId, created);
    case 'declines':
      return decline(intent, 'card_declined', card.declineCode ?? 'generic_decline', newId, created);
    case 'takes_a_while': {
      const waiting: DemoPaymentIntent = { ...intent, status: 'processing' };
      return changed(
        waiting,
        [intentWrite(waiting)],
        [event('payment_intent.processing', waiting, newId, created)],
      );
    }
    case 'needs_authentication': {
      if (textField(fields, 'off_session') === 'true')
        return decline(intent, 'authentication_required', 'authentication_required', newId, created);
      const return_url = textField(fields, 'return_url');
      const waiting: DemoPaymentIntent = {
        ...intent,
        status: 'requires_action',
        next_action: {
          type: 'redirect_to_url',
          redirect_to_url: { url: `https://demo-processor.invalid/authenticate/${intent.id}`, return_url },
        },
      };
      return changed(
        waiting,
        [intentWrite(waiting)],
        [event('payment_intent.requires_action', waiting, newId, created)],
      );
    }
  }
}

function succeed(
  intent: DemoPaymentIntent,
  card: DemoCard,
  newId: Call['newId'],
  created: number,
): DemoChange {
  const charge = chargeOf(intent, card, newId('ch'), created);
  const paid: DemoPaymentIntent = {
    ...intent,
    status: 'succeeded',
    amount_received: intent.amount,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: null,
  };
  const dispute = card.charge === 'is_disputed' ? openDispute(charge, newId, created) : null;
  return changed(
    paid,
    [intentWrite(paid), ...(dispute?.writes ?? [{ object: charge, reference: intent.id }])],
    [event('payment_intent.succeeded', paid, newId, created), ...(dispute?.events ?? [])],
  );
}

function decline(
  intent: DemoPaymentIntent,
  code: string,
  declineCode: string,
  newId: Call['newId'],
  created: number,
): DemoChange {
  const error: DemoError = {
    type: 'card_error',
    code,
    decline_code: declineCode,
    message: 'Your card was declined.',
  };
  const failed: DemoPaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    next_action: null,
    last_payment_error: error,
  };
  return {
    status: 402,
    body: { error: { ...error, payment_intent: failed } },
    writes: [intentWrite(failed)],
    events: [event('payment_intent.payment_failed', failed, newId, created)],
  };
}

const intentWrite = (intent: DemoPaymentIntent) => ({
  object: intent,
  reference: intent.metadata.payment_id ?? null,
});

function openDispute(charge: DemoCharge, newId: Call['newId'], created: number): DemoChange {
  const disputed: DemoCharge = { ...charge, disputed: true };
  const dispute: DemoDispute = {
    id: newId('dp'),
    object: 'dispute',
    amount: charge.amount,
    currency: charge.currency,
    status: 'needs_response',
    reason: 'fraudulent',
    charge: charge.id,
    payment_intent: charge.payment_intent,
    created,
    livemode: false,
  };
  return changed(
    dispute,
    [
      { object: disputed, reference: charge.payment_intent },
      { object: dispute, reference: charge.id },
    ],
    [event('charge.dispute.created', dispute, newId, created)],
  );
}

async function createRefund({ fields, reader, newId, created }: Call): Promise<DemoChange> {
  const intentId = requiredField(fields, 'payment_intent');
  const intent = await existing(reader.get('payment_intent', intentId), intentId);
  const charge = intent.latest_charge ? await reader.get('charge', intent.latest_charge) : null;
  if (!charge) throw invalid('charge_not_refundable', 'This PaymentIntent has no charge to refund.');
  if (charge.disputed) throw invalid('charge_disputed', 'This charge is disputed.');
  const left = charge.amount - charge.amount_refunded;
  const amount = fields.amount === undefined ? left : amountField(fields);
  if (left === 0) throw invalid('charge_already_refunded', 'This charge is refunded.');
  if (amount > left) throw invalid('amount_too_large', 'This is more than is left of the charge.');
  const refunded: DemoCharge = {
    ...charge,
    amount_refunded: charge.amount_refunded + amount,
    refunded: amount === left,
  };
  const refund: DemoRefund = {
    id: newId('re'),
    object: 'refund',
    amount,
    currency: charge.currency,
    status: 'succeeded',
    payment_intent: intent.id,
    charge: charge.id,
    metadata: metadataOf(fields),
    created,
  };
  return changed(
    refund,
    [{ object: refunded }, { object: refund, reference: charge.id }],
    [event('charge.refunded', refunded, newId, created), event('refund.updated', refund, newId, created)],
  );
}

// ---- Buyers and their cards ----

async function createCustomer({ fields, newId, created }: Call): Promise<DemoChange> {
  const customer: DemoCustomer = {
    id: newId('cus'),
    object: 'customer',
    email: textField(fields, 'email'),
    metadata: metadataOf(fields),
    created,
    livemode: false,
  };
  return changed(customer, [{ object: customer }], []);
}

async function createSetupIntent({ fields, reader, newId, created }: Call): Promise<DemoChange> {
  const token = requiredField(fields, 'payment_method');
  const card = DEMO_CARDS[token];
  if (!card) throw invalid('resource_missing', `No such PaymentMethod: '${token}'`);
  const customer = textField(fields, 'customer');
  if (customer !== null) await existing(reader.get('customer', customer), customer);
  if (card.cannotBeSaved) {
    const error: DemoError = {
      type: 'card_error',
      code: 'card_declined',
      ...(card.declineCode === undefined ? {} : { decline_code: card.declineCode }),
      message: 'Your card was declined.',
    };
    return { status: 402, body: { error }, writes: [], events: [] };
  }
  const method: DemoPaymentMethod = {
    id: newId('pm'),
    object: 'payment_method',
    type: 'card',
    customer,
    card: { brand: card.brand, last4: card.last4, ...CARD_EXPIRY },
    metadata: { demo_card: token },
    created,
    livemode: false,
  };
  const id = newId('seti');
  const waiting: DemoSetupIntent = {
    id,
    object: 'setup_intent',
    status: 'requires_action',
    client_secret: `${id}_secret_demo`,
    usage: 'off_session',
    metadata: metadataOf(fields),
    customer,
    payment_method: method.id,
    next_action: {
      type: 'redirect_to_url',
      redirect_to_url: {
        url: `https://demo-processor.invalid/authenticate/${id}`,
        return_url: textField(fields, 'return_url'),
      },
    },
    last_setup_error: null,
    created,
    livemode: false,
  };
  const kept = { object: method, reference: customer };
  if (card.asksWhenSaved)
    return changed(
      waiting,
      [kept, { object: waiting }],
      [event('setup_intent.requires_action', waiting, newId, created)],
    );
  const setup = keptBy(waiting);
  return changed(setup, [kept, { object: setup }], [event('setup_intent.succeeded', setup, newId, created)]);
}

const keptBy = (setup: DemoSetupIntent): DemoSetupIntent => ({
  ...setup,
  status: 'succeeded',
  next_action: null,
});

/** The bank does not know who is there: the card is let go, as Stripe does. */
function notKept(setup: DemoSetupIntent): DemoSetupIntent {
  const error: DemoError = {
    type: 'invalid_request_error',
    code: 'setup_intent_authentication_failure',
    message: 'The holder of the card did not authenticate.',
  };
  return {
    ...setup,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: error,
  };
}

async function cancelSetupIntent({ reader, newId, created }: Call, id: string): Promise<DemoChange> {
  const setup = await existing(reader.get('setup_intent', id), id);
  if (setup.status === 'succeeded' || setup.status === 'canceled')
    throw invalid('setup_intent_unexpected_state', `This SetupIntent is ${setup.status}.`);
  const cancelled: DemoSetupIntent = { ...setup, status: 'canceled', next_action: null };
  return changed(
    cancelled,
    [{ object: cancelled }],
    [event('setup_intent.canceled', cancelled, newId, created)],
  );
}

async function detachPaymentMethod({ reader }: Call, id: string): Promise<DemoChange> {
  const method = await existing(reader.get('payment_method', id), id);
  const detached: DemoPaymentMethod = { ...method, customer: null };
  return changed(detached, [{ object: detached }], []);
}

// ---- Sellers ----

async function createAccount({ fields, newId, created }: Call): Promise<DemoChange> {
  const account: DemoAccount = {
    id: newId('acct'),
    object: 'account',
    email: textField(fields, 'email'),
    charges_enabled: false,
    payouts_enabled: false,
    details_submitted: false,
    capabilities: { transfers: 'inactive' },
    metadata: metadataOf(fields),
    created,
  };
  return changed(account, [{ object: account }], []);
}

async function createAccountLink({ fields, reader, created }: Call): Promise<DemoChange> {
  const account = requiredField(fields, 'account');
  await existing(reader.get('account', account), account);
  const link = {
    object: 'account_link',
    url: `https://demo-processor.invalid/onboard/${account}`,
    created,
    expires_at: created + LINK_SECONDS,
  };
  return changed(link, [], []);
}

async function createTransfer({ fields, reader, newId, created }: Call): Promise<DemoChange> {
  const destination = requiredField(fields, 'destination');
  const account = await existing(reader.get('account', destination), destination);
  if (account.capabilities.transfers !== 'active')
    throw invalid('insufficient_capabilities_for_transfer', 'This account cannot receive transfers yet.');
  const transfer: DemoTransfer = {
    id: newId('tr'),
    object: 'transfer',
    amount: amountField(fields),
    amount_reversed: 0,
    currency: requiredField(fields, 'currency'),
    reversed: false,
    destination,
    source_transaction: textField(fields, 'source_transaction'),
    transfer_group: textField(fields, 'transfer_group'),
    created,
    livemode: false,
  };
  return changed(
    transfer,
    [
      { object: withAccountBalance(account, transfer.currency, transfer.amount) },
      { object: transfer, reference: destination },
    ],
    [event('transfer.created', transfer, newId, created)],
  );
}

async function reverseTransfer({ fields, reader, newId, created }: Call, id: string): Promise<DemoChange> {
  const transfer = await existing(reader.get('transfer', id), id);
  const account = await existing(reader.get('account', transfer.destination), transfer.destination);
  const amount = amountField(fields);
  if (amount > transfer.amount - transfer.amount_reversed)
    throw invalid('amount_too_large', 'This is more than is left of the transfer.');
  if (amount > accountBalance(account, transfer.currency))
    throw invalid('balance_insufficient', 'The account does not hold this much.');
  const reversed: DemoTransfer = {
    ...transfer,
    amount_reversed: transfer.amount_reversed + amount,
    reversed: transfer.amount_reversed + amount === transfer.amount,
  };
  const reversal: DemoReversal = {
    id: newId('trr'),
    object: 'transfer_reversal',
    amount,
    currency: transfer.currency,
    transfer: transfer.id,
    created,
  };
  return changed(
    reversal,
    [
      { object: withAccountBalance(account, transfer.currency, -amount) },
      { object: reversed },
      { object: reversal, reference: transfer.id },
    ],
    [event('transfer.reversed', reversed, newId, created)],
  );
}

/** The answer says `pending`, as a bank takes its time; it has arrived by the time anybody looks. */
async function createPayout({
  fields,
  reader,
  newId,
  created,
  account: accountId,
}: Call): Promise<DemoChange> {
  if (accountId === null) throw invalid('parameter_missing', 'Payouts are made from an account.');
  const account = await existing(reader.get('account', accountId), accountId);
  const amount = amountField(fields);
  const currency = requiredField(fields, 'currency');
  if (!account.payouts_enabled) throw invalid('payouts_not_allowed', 'This account cannot be paid out yet.');
  if (amount > accountBalance(account, currency))
    throw invalid('balance_insufficient', 'The account does not hold this much.');
  const paid: DemoPayout = {
    id: newId('po'),
    object: 'payout',
    amount,
    currency,
    status: 'paid',
    failure_code: null,
    method: textField(fields, 'method') ?? 'standard',
    metadata: { ...metadataOf(fields), demo_account: accountId },
    created,
    livemode: false,
  };
  return changed(
    { ...paid, status: 'pending' },
    [{ object: withAccountBalance(account, currency, -amount) }, { object: paid, reference: accountId }],
    [event('payout.paid', paid, newId, created, accountId)],
  );
}

// ---- What all endpoints share ----

const changed = (body: unknown, writes: DemoChange['writes'], events: readonly DemoEvent[]): DemoChange => ({
  status: 200,
  body,
  writes,
  events,
});

function event(
  type: DemoEvent['type'],
  object: DemoSubject,
  newId: Call['newId'],
  created: number,
  account?: string,
): DemoEvent {
  return {
    id: newId('evt'),
    object: 'event',
    type,
    created,
    livemode: false,
    pending_webhooks: 1,
    api_version: null,
    ...(account === undefined ? {} : { account }),
    data: { object },
  };
}

/** Ids that come out the same for the same cause, in the order they are asked for. */
async function idMaker(cause: string): Promise<Call['newId']> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(cause)));
  const stem = Array.from(digest.slice(0, 10), (byte) => byte.toString(16).padStart(2, '0')).join('');
  let count = 0;
  return (prefix) => {
    count += 1;
    return `${prefix}_demo${stem}${count}`;
  };
}

async function cardOf(reader: DemoReader, methodId: string | null): Promise<DemoCard> {
  const token = methodId === null ? undefined : DEMO_CARDS[methodId];
  if (token) return token;
  const saved = methodId === null ? null : await reader.get('payment_method', methodId);
  const card = saved ? DEMO_CARDS[saved.metadata.demo_card] : undefined;
  if (!card) throw invalid('resource_missing', `No such PaymentMethod: '${methodId}'`);
  return card;
}

async function losesAnswer(reader: DemoReader, fields: FormFields): Promise<boolean> {
  const methodId = textField(fields, 'payment_method');
  if (methodId === null || textField(fields, 'usage') !== null) return false;
  return (await cardOf(reader, methodId)).call === 'lost_answer';
}

const lostAnswer = () => new Refusal(504, { type: 'api_error', message: 'The answer got lost.' });

async function existing<T>(found: Promise<T | null>, id: string): Promise<T> {
  const object = await found;
  if (object === null) throw invalid('resource_missing', `No such object: '${id}'`);
  return object;
}

function requiredField(fields: FormFields, name: string): string {
  const value = textField(fields, name);
  if (!value) throw invalid('parameter_missing', `Missing required param: ${name}.`);
  return value;
}

function amountField(fields: FormFields): number {
  const text = requiredField(fields, 'amount');
  if (!/^[1-9]\d{0,14}$/.test(text)) throw invalid('parameter_invalid_integer', `Invalid integer: ${text}`);
  return Number(text);
}

function metadataOf(fields: FormFields): Record<string, string> {
  const { metadata } = fields;
  if (typeof metadata !== 'object') return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function asksFor(fields: FormFields, what: string): boolean {
  const { expand } = fields;
  return typeof expand === 'object' && Object.values(expand).includes(what);
}

const isIntent = (body: unknown): body is DemoPaymentIntent =>
  typeof body === 'object' && body !== null && 'object' in body && body.object === 'payment_intent';

const isSetup = (body: unknown): body is DemoSetupIntent =>
  typeof body === 'object' && body !== null && 'object' in body && body.object === 'setup_intent';

function answerOf(c: Context, status: number, body: unknown): Response {
  return c.json(body, status === 402 ? 402 : 200);
}
