/** The objects of the demo processor: the fields of Stripe's that the gateway reads, with Stripe's own types. */
import type Stripe from 'stripe';
import type { DemoCard } from './demo-cards.ts';

type Metadata = Record<string, string>;

export type DemoPaymentIntent = Pick<
  Stripe.PaymentIntent,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_received'
  | 'currency'
  | 'status'
  | 'client_secret'
  | 'created'
  | 'livemode'
> & {
  metadata: Metadata;
  customer: string | null;
  payment_method: string | null;
  latest_charge: string | null;
  transfer_group: string | null;
  next_action: {
    type: 'redirect_to_url';
    redirect_to_url: { url: string; return_url: string | null };
  } | null;
  last_payment_error: DemoError | null;
};

export interface DemoError {
  type: 'card_error' | 'invalid_request_error' | 'idempotency_error' | 'api_error';
  code?: string;
  decline_code?: string;
  message: string;
  payment_intent?: DemoPaymentIntent;
}

export type DemoCharge = Pick<
  Stripe.Charge,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_refunded'
  | 'currency'
  | 'paid'
  | 'refunded'
  | 'disputed'
  | 'status'
  | 'created'
  | 'livemode'
> & {
  payment_intent: string;
  transfer_group: string | null;
  payment_method_details: { type: 'card'; card: { brand: string; last4: string } };
};

export type DemoPaymentMethod = Pick<
  Stripe.PaymentMethod,
  'id' | 'object' | 'type' | 'created' | 'livemode'
> & {
  customer: string | null;
  card: { brand: string; last4: string; exp_month: number; exp_year: number };
  /** Which test card it is. */
  metadata: { demo_card: string };
};

export type DemoSetupIntent = Pick<
  Stripe.SetupIntent,
  'id' | 'object' | 'status' | 'client_secret' | 'usage' | 'created' | 'livemode'
> & {
  metadata: Metadata;
  customer: string | null;
  payment_method: string | null;
  next_action: DemoPaymentIntent['next_action'];
  last_setup_error: DemoError | null;
};

export type DemoRefund = Pick<Stripe.Refund, 'id' | 'object' | 'amount' | 'currency' | 'created'> & {
  status: 'succeeded';
  payment_intent: string;
  charge: string;
  metadata: Metadata;
};

export type DemoTransfer = Pick<
  Stripe.Transfer,
  'id' | 'object' | 'amount' | 'amount_reversed' | 'currency' | 'reversed' | 'created' | 'livemode'
> & { destination: string; source_transaction: string | null; transfer_group: string | null };

export type DemoReversal = Pick<
  Stripe.TransferReversal,
  'id' | 'object' | 'amount' | 'currency' | 'created'
> & {
  transfer: string;
};

export type DemoAccount = Pick<
  Stripe.Account,
  'id' | 'object' | 'charges_enabled' | 'payouts_enabled' | 'details_submitted'
> & {
  email: string | null;
  created: number;
  capabilities: { transfers: 'active' | 'inactive' };
  /** `demo_balance_<currency>`: what the account holds, in minor units. */
  metadata: Metadata;
};

export type DemoPayout = Pick<
  Stripe.Payout,
  'id' | 'object' | 'amount' | 'currency' | 'status' | 'failure_code' | 'method' | 'created' | 'livemode'
> & { metadata: Metadata };

export type DemoDispute = Pick<
  Stripe.Dispute,
  'id' | 'object' | 'amount' | 'currency' | 'status' | 'reason' | 'created' | 'livemode'
> & { charge: string; payment_intent: string };

export type DemoCustomer = Pick<Stripe.Customer, 'id' | 'object' | 'email' | 'created' | 'livemode'> & {
  metadata: Metadata;
};

export type DemoEvent = Pick<
  Stripe.Event,
  'id' | 'object' | 'type' | 'created' | 'livemode' | 'pending_webhooks' | 'api_version'
> & { account?: string; data: { object: DemoSubject } };

/** What an event can be about. */
export type DemoSubject =
  | DemoPaymentIntent
  | DemoSetupIntent
  | DemoCharge
  | DemoRefund
  | DemoTransfer
  | DemoPayout
  | DemoAccount
  | DemoDispute;

export type DemoObject = DemoSubject | DemoPaymentMethod | DemoReversal | DemoCustomer | DemoEvent;

export type DemoObjectOf<Type extends DemoObject['object']> = Extract<DemoObject, { object: Type }>;

/** The charge that a confirmed intent makes. */
export function chargeOf(intent: DemoPaymentIntent, card: DemoCard, id: string, created: number): DemoCharge {
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_refunded: 0,
    currency: intent.currency,
    paid: true,
    refunded: false,
    disputed: false,
    status: 'succeeded',
    payment_intent: intent.id,
    transfer_group: intent.transfer_group,
    payment_method_details: { type: 'card', card: { brand: card.brand, last4: card.last4 } },
    created,
    livemode: false,
  };
}

/** What an account holds of a currency. */
export function accountBalance(account: DemoAccount, currency: string): number {
  return Number(account.metadata[`demo_balance_${currency}`] ?? '0');
}

export function withAccountBalance(account: DemoAccount, currency: string, change: number): DemoAccount {
  const balance = accountBalance(account, currency) + change;
  return { ...account, metadata: { ...account.metadata, [`demo_balance_${currency}`]: String(balance) } };
}
