/**
 * The payment processor in our own words. Everything a call can end in is a value; only a bug of ours throws. Amounts
 * are minor units, currencies upper-case ISO 4217. Every call that changes something takes a key of ours: the same key
 * gets the first answer again, so that a retry can never do a thing twice.
 */
import type { Result } from '../../domain/result.ts';

export type Outcome<T> =
  | { kind: 'succeeded'; value: T }
  /** The holder of the card has to authenticate first. */
  | { kind: 'requires_action'; value: T }
  /** Accepted and not decided yet: a webhook or a later look brings the end. */
  | { kind: 'processing'; value: T }
  /** The bank said no. Final. */
  | { kind: 'declined'; code: string; value: T | null }
  /** The processor understood the call and refuses it as it is: repeating it is pointless. */
  | { kind: 'refused'; code: string; detail: string }
  /** No answer in time: the call may have had its effect. */
  | { kind: 'timeout' }
  /** The processor could not be reached or takes no calls now. */
  | { kind: 'unavailable' }
  /** The processor failed on its side: the call may have had its effect. */
  | { kind: 'unknown' };

export interface CardDetails {
  /** Such as `visa`. */
  brand: string;
  last4: string;
}

/** A payment as the processor has it. */
export interface ProcessorPayment {
  id: string;
  status: 'pending' | 'requires_action' | 'processing' | 'succeeded' | 'cancelled';
  amountCents: number;
  currency: string;
  /** Our payment's id, as sent with the charge. */
  paymentId: string | null;
  chargeId: string | null;
  card: CardDetails | null;
  refundedCents: number;
  /** What a card form in the browser needs to confirm it. */
  clientSecret: string | null;
  /** Where the holder of the card authenticates. */
  actionUrl: string | null;
  declineCode: string | null;
}

export interface SavedCard extends CardDetails {
  id: string;
  expiryMonth: number;
  expiryYear: number;
}

/** A card on its way to be kept: the bank may want to see its holder first. */
export interface CardSetup {
  id: string;
  status: 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'cancelled';
  /** Our card's id, as sent with it. */
  cardId: string | null;
  /** Null when the bank refused it: the processor lets go of it then. */
  card: SavedCard | null;
  clientSecret: string | null;
  /** Where the holder of the card authenticates. */
  actionUrl: string | null;
  failureCode: string | null;
}

export interface ProcessorRefund {
  id: string;
  status: 'processing' | 'succeeded' | 'failed';
  amountCents: number;
  /** Our refund's id, as sent with it. */
  refundId: string | null;
}

export interface ProcessorTransfer {
  id: string;
  amountCents: number;
  reversedCents: number;
}

export interface ProcessorAccount {
  id: string;
  /** The seller has told enough to be paid out. */
  canBePaidOut: boolean;
}

export interface ProcessorPayout {
  id: string;
  status: 'processing' | 'paid' | 'failed';
  failureCode: string | null;
  /** Our payout's id, as sent with it. */
  payoutId: string | null;
}

export interface ChargeRequest {
  paymentId: string;
  /** Groups the charge with its transfers. */
  orderId: string | null;
  amountCents: number;
  currency: string;
  customerId: string | null;
  /** Null leaves the charge for the buyer to confirm. */
  paymentMethodId: string | null;
  /** The buyer is not there to authenticate. */
  isOffSession: boolean;
  returnUrl: string;
}

/** What an event of the processor is about: events are hints to look, so they carry little more than ids. */
export type EventSubject =
  | { kind: 'payment'; processorPaymentId: string }
  | { kind: 'refund'; processorRefundId: string }
  | { kind: 'transfer'; processorTransferId: string }
  | { kind: 'payout'; processorPayoutId: string; accountId: string | null }
  | { kind: 'account'; accountId: string }
  | { kind: 'card_setup'; processorSetupId: string }
  | {
      kind: 'chargeback';
      chargebackId: string;
      processorPaymentId: string;
      amountCents: number;
      currency: string;
      standing: 'open' | 'won' | 'lost';
    }
  | { kind: 'other' };

export interface ProcessorEvent {
  id: string;
  type: string;
  createdAtMs: number;
  subject: EventSubject;
}

export interface PaymentGateway {
  charge(request: ChargeRequest, key: string): Promise<Outcome<ProcessorPayment>>;
  /** Confirms a charge with another card, or the one it has. */
  confirm(
    processorPaymentId: string,
    card: { paymentMethodId: string | null; returnUrl: string },
    key: string,
  ): Promise<Outcome<ProcessorPayment>>;
  cancel(processorPaymentId: string, key: string): Promise<Outcome<ProcessorPayment>>;
  retrieve(processorPaymentId: string): Promise<Outcome<ProcessorPayment>>;
  /** The charge of one of our payments, when all we have is our own id; null when there is none. */
  find(paymentId: string): Promise<Outcome<ProcessorPayment | null>>;

  createCustomer(customer: { userId: string; email: string }, key: string): Promise<Outcome<{ id: string }>>;
  /** Keeps a card for charges without its holder. `token` is a payment method from the card form. */
  saveCard(
    card: { cardId: string; customerId: string; token: string; returnUrl: string },
    key: string,
  ): Promise<Outcome<CardSetup>>;
  retrieveCardSetup(processorSetupId: string): Promise<Outcome<CardSetup>>;
  /** Refused when it has succeeded meanwhile. */
  cancelCardSetup(processorSetupId: string, key: string): Promise<Outcome<CardSetup>>;
  forgetCard(cardId: string, key: string): Promise<Outcome<{ id: string }>>;

  refund(
    refund: { processorPaymentId: string; amountCents: number; refundId: string },
    key: string,
  ): Promise<Outcome<ProcessorRefund>>;
  retrieveRefund(processorRefundId: string): Promise<Outcome<ProcessorRefund>>;

  /** Moves money of a charge to a seller's account. */
  transfer(
    transfer: {
      accountId: string;
      amountCents: number;
      currency: string;
      orderId: string;
      chargeId: string | null;
    },
    key: string,
  ): Promise<Outcome<ProcessorTransfer>>;
  reverseTransfer(
    reversal: { processorTransferId: string; amountCents: number },
    key: string,
  ): Promise<Outcome<ProcessorTransfer>>;
  retrieveTransfer(processorTransferId: string): Promise<Outcome<ProcessorTransfer>>;

  createAccount(seller: { userId: string; email: string }, key: string): Promise<Outcome<ProcessorAccount>>;
  retrieveAccount(accountId: string): Promise<Outcome<ProcessorAccount>>;
  /** A page of the processor on which the seller tells who they are. */
  onboardingLink(
    link: { accountId: string; returnUrl: string; refreshUrl: string },
    key: string,
  ): Promise<Outcome<{ url: string; expiresAtMs: number }>>;

  payout(
    payout: {
      accountId: string;
      amountCents: number;
      currency: string;
      isInstant: boolean;
      payoutId: string;
    },
    key: string,
  ): Promise<Outcome<ProcessorPayout>>;
  retrievePayout(processorPayoutId: string, accountId: string): Promise<Outcome<ProcessorPayout>>;

  /** Events since a moment, oldest first: what webhooks may have missed. */
  listEvents(sinceMs: number): Promise<Outcome<ProcessorEvent[]>>;
  /** Checks the signature over the raw body, at most five minutes old. */
  verifyWebhook(
    rawBody: string,
    signature: string,
    nowMs: number,
  ): Promise<Result<ProcessorEvent, 'invalid_signature'>>;
}
