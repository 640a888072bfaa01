import Stripe from 'stripe';
import { err, ok } from '../../domain/result.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type {
  CardDetails,
  CardSetup,
  EventSubject,
  Outcome,
  PaymentGateway,
  ProcessorAccount,
  ProcessorEvent,
  ProcessorPayment,
  ProcessorPayout,
  ProcessorRefund,
  ProcessorTransfer,
  SavedCard,
} from './gateway.ts';

/** Longer than a bank usually takes; what takes longer is asked again under the same key. */
const CALL_TIMEOUT_MS = 10 * SECOND_MS;
/** How old a webhook may be, and how far two clocks may be apart. */
export const WEBHOOK_TOLERANCE_SECONDS = 300;
const EVENTS_PER_PAGE = 100;
/** The most that the SDK gathers at once. */
const MAX_EVENTS = 10_000;

export interface StripeOptions {
  secretKey: string;
  webhookSecret: string;
  /** Such as https://api.stripe.com, or a mock of it. */
  apiBase: string;
  /** How requests travel: the network's fetch, or a processor in this process. */
  fetchFn: typeof fetch;
}

/** The gateway on Stripe's SDK. The SDK never retries by itself: retries are rows of ours. */
export function createStripeGateway(options: StripeOptions): PaymentGateway {
  const base = new URL(options.apiBase);
  const stripe = new Stripe(options.secretKey, {
    httpClient: Stripe.createFetchHttpClient(options.fetchFn),
    maxNetworkRetries: 0,
    timeout: CALL_TIMEOUT_MS,
    telemetry: false,
    host: base.hostname,
    port: base.port || (base.protocol === 'http:' ? '80' : '443'),
    protocol: base.protocol === 'http:' ? 'http' : 'https',
  });
  const crypto = Stripe.createSubtleCryptoProvider();

  return {
    charge: (request, key) =>
      paymentCall(() =>
        stripe.paymentIntents.create(
          {
            amount: request.amountCents,
            currency: request.currency.toLowerCase(),
            metadata: { payment_id: request.paymentId },
            expand: ['latest_charge'],
            ...(request.orderId === null ? {} : { transfer_group: request.orderId }),
            ...(request.customerId === null ? {} : { customer: request.customerId }),
            automatic_payment_methods: { enabled: true },
            ...(request.paymentMethodId === null
              ? {}
              : {
                  payment_method: request.paymentMethodId,
                  confirm: true,
                  return_url: request.returnUrl,
                  ...(request.isOffSession ? { off_session: true } : {}),
                }),
          },
          { idempotencyKey: key },
        ),
      ),

    confirm: (id, { paymentMethodId, returnUrl }, key) =>
      paymentCall(() =>
        stripe.paymentIntents.confirm(
          id,
          {
            return_url: returnUrl,
            expand: ['latest_charge'],
            ...(paymentMethodId === null ? {} : { payment_method: paymentMethodId }),
          },
          { idempotencyKey: key },
        ),
      ),

    cancel: (id, key) =>
      call(async () => paymentOf(await stripe.paymentIntents.cancel(id, {}, { idempotencyKey: key }))),

    retrieve: (id) => paymentCall(() => stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] })),

    find: (paymentId) =>
      call(async () => {
        const found = await stripe.paymentIntents.search({
          query: `metadata['payment_id']:'${paymentId}'`,
          limit: 1,
          expand: ['data.latest_charge'],
        });
        const [intent] = found.data;
        return intent ? paymentOf(intent) : null;
      }),

    createCustomer: ({ userId, email }, key) =>
      call(async () => {
        const customer = await stripe.customers.create(
          { email, metadata: { user_id: userId } },
          { idempotencyKey: key },
        );
        return { id: customer.id };
      }),

    saveCard: ({ cardId, customerId, token, returnUrl }, key) =>
      setupCall(() =>
        stripe.setupIntents.create(
          {
            customer: customerId,
            payment_method: token,
            automatic_payment_methods: { enabled: true },
            usage: 'off_session',
            confirm: true,
            return_url: returnUrl,
            metadata: { card_id: cardId },
            expand: ['payment_method'],
          },
          { idempotencyKey: key },
        ),
      ),

    retrieveCardSetup: (id) =>
      setupCall(() => stripe.setupIntents.retrieve(id, { expand: ['payment_method'] })),

    cancelCardSetup: (id, key) =>
      setupCall(() =>
        stripe.setupIntents.cancel(id, { expand: ['payment_method'] }, { idempotencyKey: key }),
      ),

    forgetCard: (cardId, key) =>
      call(async () => {
        const method = await stripe.paymentMethods.detach(cardId, {}, { idempotencyKey: key });
        return { id: method.id };
      }),

    refund: ({ processorPaymentId, amountCents, refundId }, key) =>
      call(async () =>
        refundOf(
          await stripe.refunds.create(
            {
              payment_intent: processorPaymentId,
              amount: amountCents,
              metadata: { refund_id: refundId },
            },
            { idempotencyKey: key },
          ),
        ),
      ),

    retrieveRefund: (id) => call(async () => refundOf(await stripe.refunds.retrieve(id))),

    transfer: ({ accountId, amountCents, currency, orderId, chargeId }, key) =>
      call(async () =>
        transferOf(
          await stripe.transfers.create(
            {
              destination: accountId,
              amount: amountCents,
              currency: currency.toLowerCase(),
              transfer_group: orderId,
              ...(chargeId === null ? {} : { source_transaction: chargeId }),
            },
            { idempotencyKey: key },
          ),
        ),
      ),

    reverseTransfer: ({ processorTransferId, amountCents }, key) =>
      call(async () => {
        await stripe.transfers.createReversal(
          processorTransferId,
          { amount: amountCents },
          { idempotencyKey: key },
        );
        return transferOf(await stripe.transfers.retrieve(processorTransferId));
      }),

    retrieveTransfer: (id) => call(async () => transferOf(await stripe.transfers.retrieve(id))),

    createAccount: ({ userId, email }, key) =>
      call(async () =>
        accountOf(
          await stripe.accounts.create(
            {
              type: 'express',
              email,
              capabilities: { transfers: { requested: true } },
              metadata: { user_id: userId },
            },
            { idempotencyKey: key },
          ),
        ),
      ),

    retrieveAccount: (id) => call(async () => accountOf(await stripe.accounts.retrieve(id))),

    onboardingLink: ({ accountId, returnUrl, refreshUrl }, key) =>
      call(async () => {
        const link = await stripe.accountLinks.create(
          {
            account: accountId,
            type: 'account_onboarding',
            return_url: returnUrl,
            refresh_url: refreshUrl,
          },
          { idempotencyKey: key },
        );
        return { url: link.url, expiresAtMs: link.expires_at * SECOND_MS };
      }),

    payout: ({ accountId, amountCents, currency, isInstant, payoutId }, key) =>
      call(async () =>
        payoutOf(
          await stripe.payouts.create(
            {
              amount: amountCents,
              currency: currency.toLowerCase(),
              method: isInstant ? 'instant' : 'standard',
              metadata: { payout_id: payoutId },
            },
            { idempotencyKey: key, stripeAccount: accountId },
          ),
        ),
      ),

    retrievePayout: (id, accountId) =>
      call(async () => payoutOf(await stripe.payouts.retrieve(id, {}, { stripeAccount: accountId }))),

    listEvents: (sinceMs) =>
      call(async () => {
        const events = await stripe.events
          .list({ created: { gte: Math.floor(sinceMs / SECOND_MS) }, limit: EVENTS_PER_PAGE })
          .autoPagingToArray({ limit: MAX_EVENTS });
        return events.map(eventOf).reverse();
      }),

    verifyWebhook: async (rawBody, signature, nowMs) => {
      try {
        const event = await stripe.webhooks.constructEventAsync(
          rawBody,
          signature,
          options.webhookSecret,
          WEBHOOK_TOLERANCE_SECONDS,
          crypto,
          nowMs,
        );
        return ok(eventOf(event));
      } catch (error) {
        if (error instanceof Stripe.errors.StripeSignatureVerificationError || error instanceof SyntaxError)
          return err('invalid_signature');
        throw error;
      }
    },
  };
}

/** Runs a call and turns what the SDK throws into an outcome. */
async function call<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'succeeded', value: await run() };
  } catch (error) {
    return failureOf(error);
  }
}

/** A call on a charge: the outcome also says how far the charge is. */
async function paymentCall(run: () => Promise<Stripe.PaymentIntent>): Promise<Outcome<ProcessorPayment>> {
  try {
    const value = paymentOf(await run());
    switch (value.status) {
      case 'succeeded':
      case 'pending':
      case 'cancelled':
        return { kind: 'succeeded', value };
      case 'requires_action':
      case 'processing':
        return { kind: value.status, value };
    }
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeCardError)) return failureOf(error);
    const value = error.payment_intent ? paymentOf(error.payment_intent) : null;
    // The bank wants to see its customer, who was not there: the buyer can still confirm it.
    if (error.code === 'authentication_required' && value !== null) return { kind: 'requires_action', value };
    return { kind: 'declined', code: declineCodeOf(error), value };
  }
}

type Failed = Exclude<Outcome<never>, { kind: 'succeeded' | 'requires_action' | 'processing' }>;

function failureOf(error: unknown): Failed {
  const { errors } = Stripe;
  if (error instanceof errors.StripeCardError)
    return { kind: 'declined', code: declineCodeOf(error), value: null };
  if (error instanceof errors.StripeConnectionError)
    return isTimeout(error) ? { kind: 'timeout' } : { kind: 'unavailable' };
  if (!(error instanceof errors.StripeError)) throw error;
  const status = error.statusCode ?? 0;
  if (status === 429 || status === 503) return { kind: 'unavailable' };
  // 409: the first call under this key still runs.
  if (status >= 500 || status === 409 || error instanceof errors.StripeAPIError) return { kind: 'unknown' };
  return { kind: 'refused', code: error.code ?? error.rawType ?? 'refused', detail: error.message };
}

/** A call on the setup of a card: what is not a card is refused, what the bank refused says why. */
async function setupCall(run: () => Promise<Stripe.SetupIntent>): Promise<Outcome<CardSetup>> {
  const found = await call(async () => {
    const intent = await run();
    return { setup: cardSetupOf(intent), isNoCard: isOtherThanCard(intent) };
  });
  if (found.kind !== 'succeeded')
    return found.kind === 'declined' ? { ...found, value: null } : (found as Failed);
  const { setup, isNoCard } = found.value;
  if (isNoCard) return { kind: 'refused', code: 'not_a_card', detail: 'This is not a card.' };
  switch (setup.status) {
    case 'requires_action':
    case 'processing':
      return { kind: setup.status, value: setup };
    default:
      return { kind: 'succeeded', value: setup };
  }
}

function declineCodeOf(error: InstanceType<typeof Stripe.errors.StripeCardError>): string {
  return error.decline_code ?? error.code ?? 'card_declined';
}

/** The SDK marks its own timeout by the code of what it wraps. */
function isTimeout(error: Error & { detail?: unknown }): boolean {
  const { detail } = error;
  return detail instanceof Error && 'code' in detail && detail.code === 'ETIMEDOUT';
}

const PAYMENT_STATES: Readonly<Record<string, ProcessorPayment['status']>> = {
  requires_payment_method: 'pending',
  requires_confirmation: 'pending',
  requires_capture: 'processing',
  requires_action: 'requires_action',
  processing: 'processing',
  succeeded: 'succeeded',
  canceled: 'cancelled',
};

function paymentOf(intent: Stripe.PaymentIntent): ProcessorPayment {
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const card = charge?.payment_method_details?.card;
  const failure = intent.last_payment_error;
  // The bank wants to see its customer, who was not there: not a refusal, the buyer can still confirm it.
  const isAskedFor =
    intent.status === 'requires_payment_method' && failure?.code === 'authentication_required';
  return {
    id: intent.id,
    // A status of a later version of the API is not an end: another look will show one.
    status: isAskedFor ? 'requires_action' : (PAYMENT_STATES[intent.status] ?? 'processing'),
    amountCents: intent.amount,
    currency: intent.currency.toUpperCase(),
    paymentId: intent.metadata.payment_id ?? null,
    chargeId: idOf(intent.latest_charge),
    card: card ? cardDetails(card.brand, card.last4) : null,
    refundedCents: charge?.amount_refunded ?? 0,
    clientSecret: intent.client_secret,
    actionUrl: intent.next_action?.redirect_to_url?.url ?? null,
    declineCode: failure && !isAskedFor ? (failure.decline_code ?? failure.code ?? 'card_declined') : null,
  };
}

const cardDetails = (brand: string | null, last4: string | null): CardDetails => ({
  brand: brand ?? 'unknown',
  last4: last4 ?? '',
});

const SETUP_STATES: Readonly<Record<string, CardSetup['status']>> = {
  // Confirmed at once and without a card again: the bank refused it, or its holder did.
  requires_payment_method: 'failed',
  requires_confirmation: 'requires_action',
  requires_action: 'requires_action',
  succeeded: 'succeeded',
  canceled: 'cancelled',
};

function cardSetupOf(setup: Stripe.SetupIntent): CardSetup {
  const failure = setup.last_setup_error;
  return {
    id: setup.id,
    // A status of a later version of the API is not an end: another look will show one.
    status: SETUP_STATES[setup.status] ?? 'processing',
    cardId: setup.metadata?.card_id ?? null,
    card: savedCardOf(setup),
    clientSecret: setup.client_secret,
    actionUrl: setup.next_action?.redirect_to_url?.url ?? null,
    failureCode: failure ? (failure.decline_code ?? failure.code ?? 'card_declined') : null,
  };
}

const isOtherThanCard = ({ payment_method: method }: Stripe.SetupIntent): boolean =>
  method !== null && typeof method === 'object' && !method.card;

function savedCardOf(setup: Stripe.SetupIntent): SavedCard | null {
  const method = setup.payment_method;
  if (method === null || typeof method === 'string' || !method.card) return null;
  return {
    id: method.id,
    ...cardDetails(method.card.brand, method.card.last4),
    expiryMonth: method.card.exp_month,
    expiryYear: method.card.exp_year,
  };
}

function refundOf(refund: Stripe.Refund): ProcessorRefund {
  const status =
    refund.status === 'succeeded'
      ? 'succeeded'
      : refund.status === 'failed' || refund.status === 'canceled'
        ? 'failed'
        : 'processing';
  return {
    id: refund.id,
    status,
    amountCents: refund.amount,
    refundId: refund.metadata?.refund_id ?? null,
  };
}

const transferOf = (transfer: Stripe.Transfer): ProcessorTransfer => ({
  id: transfer.id,
  amountCents: transfer.amount,
  reversedCents: transfer.amount_reversed,
});

const accountOf = (account: Stripe.Account): ProcessorAccount => ({
  id: account.id,
  canBePaidOut: account.payouts_enabled && account.capabilities?.transfers === 'active',
});

function payoutOf(payout: Stripe.Payout): ProcessorPayout {
  const status =
    payout.status === 'paid'
      ? 'paid'
      : payout.status === 'failed' || payout.status === 'canceled'
        ? 'failed'
        : 'processing';
  return {
    id: payout.id,
    status,
    failureCode: payout.failure_code,
    payoutId: payout.metadata?.payout_id ?? null,
  };
}

function eventOf(event: Stripe.Event): ProcessorEvent {
  return {
    id: event.id,
    type: event.type,
    createdAtMs: event.created * SECOND_MS,
    subject: subjectOf(event),
  };
}

const OTHER: EventSubject = { kind: 'other' };

/** What each event that we follow is about (product model C.6); all others are kept and ignored. */
function subjectOf(event: Stripe.Event): EventSubject {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
    case 'payment_intent.processing':
    case 'payment_intent.requires_action':
      return { kind: 'payment', processorPaymentId: event.data.object.id };
    case 'charge.refunded': {
      const processorPaymentId = idOf(event.data.object.payment_intent);
      return processorPaymentId === null ? OTHER : { kind: 'payment', processorPaymentId };
    }
    case 'refund.updated':
    case 'refund.failed':
      return { kind: 'refund', processorRefundId: event.data.object.id };
    case 'charge.dispute.created':
    case 'charge.dispute.closed':
      return chargebackOf(event.data.object);
    case 'transfer.created':
    case 'transfer.reversed':
      return { kind: 'transfer', processorTransferId: event.data.object.id };
    case 'payout.paid':
    case 'payout.failed':
      return {
        kind: 'payout',
        processorPayoutId: event.data.object.id,
        accountId: event.account ?? null,
      };
    case 'setup_intent.succeeded':
    case 'setup_intent.setup_failed':
    case 'setup_intent.canceled':
    case 'setup_intent.requires_action':
      return { kind: 'card_setup', processorSetupId: event.data.object.id };
    case 'account.updated':
      return { kind: 'account', accountId: event.data.object.id };
    default:
      return OTHER;
  }
}

function chargebackOf(dispute: Stripe.Dispute): EventSubject {
  const processorPaymentId = idOf(dispute.payment_intent);
  if (processorPaymentId === null) return OTHER;
  const standing = dispute.status === 'won' ? 'won' : dispute.status === 'lost' ? 'lost' : 'open';
  return {
    kind: 'chargeback',
    chargebackId: dispute.id,
    processorPaymentId,
    amountCents: dispute.amount,
    currency: dispute.currency.toUpperCase(),
    standing,
  };
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}
