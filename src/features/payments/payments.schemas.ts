import { z } from '@hono/zod-openapi';
import { MAX_CENTS } from '../../domain/money.ts';
import { ATTEMPT_OUTCOMES } from '../../domain/payments/attempts.ts';
import { PAYMENT_STATUSES } from '../../domain/payments/payment-state.ts';
import { MINIMUM_PAYOUT_CENTS, PAYOUT_SCHEDULES, PAYOUT_STATUSES } from '../../domain/payments/payout.ts';
import { REFUND_STATUSES } from '../../domain/payments/refund-state.ts';
import { pageOf } from '../../http/cursor.ts';
import { CurrencyCode, rfc3339, Timestamp } from '../../http/openapi.ts';
import type { CardSetupRow, KeptOrWaiting } from './card-setups.usecases.ts';
import type {
  AttemptRow,
  PaymentMethodRow,
  PaymentRow,
  PayoutRow,
  RefundRow,
} from './payments.repository.ts';

const Id = z.string().max(80);
const Amount = z.number().int().min(1).max(MAX_CENTS).meta({ description: 'Minor units' });

export const PaymentId = z.object({ payment_id: Id });
export const OrderQuery = z.object({ order_id: Id });

/** A card of the card form: a token of the payment processor, or a card kept before. */
const Card = {
  payment_method_id: Id.optional().meta({ description: 'A card kept before (`pmt_...`)' }),
  payment_method_token: z
    .string()
    .min(1)
    .max(120)
    .optional()
    .meta({ description: 'What the card form gave; in demo mode a test card such as pm_card_visa' }),
};
const atMostOneCard = (input: { payment_method_id?: unknown; payment_method_token?: unknown }) =>
  input.payment_method_id === undefined || input.payment_method_token === undefined;
const ONE_CARD = { message: 'Give payment_method_id or payment_method_token, not both' };

export const NewPayment = z
  .strictObject({ order_id: Id, source: z.enum(['card', 'wallet']).default('card'), ...Card })
  .refine(atMostOneCard, ONE_CARD);
export const Confirmation = z.strictObject(Card).refine(atMostOneCard, ONE_CARD);
export const NewRefund = z.strictObject({
  amount_cents: Amount.optional().meta({ description: 'All that is left when absent' }),
  reason: z.string().trim().min(1).max(500),
});

const Attempt = z.object({
  n: z.number().int(),
  outcome: z.enum(ATTEMPT_OUTCOMES),
  code: z.string().nullable(),
  started_at: Timestamp,
  ended_at: Timestamp.nullable(),
});

export const RefundAnswer = z
  .object({
    id: z.string(),
    payment_id: z.string(),
    amount_cents: z.number().int(),
    currency: z.string(),
    status: z.enum(REFUND_STATUSES),
  })
  .meta({ id: 'Refund' });

export const PaymentAnswer = z
  .object({
    id: z.string(),
    order_id: z.string().nullable(),
    status: z.enum(PAYMENT_STATUSES),
    source: z.enum(['card', 'wallet']),
    amount_cents: z.number().int(),
    refunded_cents: z.number().int(),
    currency: z.string(),
    card: z.object({ brand: z.string(), last4: z.string() }).nullable(),
    failure_code: z.string().nullable(),
    client_secret: z.string().nullable().meta({ description: 'For the card form; only for the buyer' }),
    action_url: z.string().nullable().meta({ description: 'Where the holder of the card authenticates' }),
    attempts: z.array(Attempt),
    refunds: z.array(RefundAnswer),
    created_at: Timestamp,
  })
  .meta({ id: 'Payment' });
export const PaymentList = pageOf(PaymentAnswer);

export const HeldAnswer = z.object({ order_id: z.string(), status: z.string() });

export function presentRefund(
  row: Pick<RefundRow, 'id' | 'paymentId' | 'amountCents' | 'currency' | 'status'>,
) {
  return {
    id: row.id,
    payment_id: row.paymentId,
    amount_cents: row.amountCents,
    currency: row.currency,
    status: row.status,
  };
}

/** Secrets of the charge are for the buyer alone. */
export function presentPayment(
  row: PaymentRow,
  attempts: readonly AttemptRow[],
  refunds: readonly RefundRow[],
  viewerId: string,
) {
  const isBuyer = viewerId === row.userId;
  return {
    id: row.id,
    order_id: row.orderId,
    status: row.status,
    source: row.source,
    amount_cents: row.amountCents,
    refunded_cents: row.refundedCents,
    currency: row.currency,
    card: isBuyer && row.cardBrand !== null ? { brand: row.cardBrand, last4: row.cardLast4 ?? '' } : null,
    failure_code: isBuyer ? row.failureCode : null,
    client_secret: isBuyer ? row.clientSecret : null,
    action_url: isBuyer ? row.actionUrl : null,
    attempts: attempts.map((attempt) => ({
      n: attempt.n,
      outcome: attempt.outcome,
      code: isBuyer ? attempt.code : null,
      started_at: rfc3339(attempt.startedAt),
      ended_at: attempt.endedAt === null ? null : rfc3339(attempt.endedAt),
    })),
    refunds: refunds.map(presentRefund),
    created_at: rfc3339(row.createdAt),
  };
}

export const MethodId = z.object({ payment_method_id: Id });
export const NewMethod = z.strictObject({
  token: z
    .string()
    .min(1)
    .max(120)
    .meta({ description: 'What the card form gave; pm_card_visa in demo mode' }),
  is_default: z.boolean().default(false),
});
export const MethodChanges = z.strictObject({ is_default: z.literal(true) });
export const MethodAnswer = z
  .object({
    id: z.string(),
    brand: z.string(),
    last4: z.string(),
    expiry_month: z.number().int(),
    expiry_year: z.number().int(),
    is_default: z.boolean(),
    status: z.enum(['active', 'requires_action', 'processing']).meta({
      description: 'Only an active card pays; requires_action waits for its holder to authenticate',
    }),
    client_secret: z.string().nullable().meta({ description: 'For the card form, while it waits' }),
    next_action: z.object({ type: z.literal('redirect_to_url'), url: z.string() }).nullable(),
    expires_at: Timestamp.nullable().meta({ description: 'When the holder has had time enough' }),
    created_at: Timestamp,
  })
  .meta({ id: 'PaymentMethod' });
export const MethodList = pageOf(MethodAnswer);

export const presentMethod = (row: PaymentMethodRow) => ({
  id: row.id,
  brand: row.brand,
  last4: row.last4,
  expiry_month: row.expiryMonth,
  expiry_year: row.expiryYear,
  is_default: row.isDefault,
  status: 'active' as const,
  client_secret: null,
  next_action: null,
  expires_at: null,
  created_at: rfc3339(row.createdAt),
});

/** A card that waits for its holder. */
export const presentSetup = (row: CardSetupRow) => ({
  id: row.id,
  brand: row.brand ?? 'unknown',
  last4: row.last4 ?? '',
  expiry_month: row.expiryMonth ?? 0,
  expiry_year: row.expiryYear ?? 0,
  is_default: false,
  status: row.status === 'processing' ? ('processing' as const) : ('requires_action' as const),
  client_secret: row.clientSecret,
  next_action: row.actionUrl === null ? null : { type: 'redirect_to_url' as const, url: row.actionUrl },
  expires_at: rfc3339(row.expiresAt),
  created_at: rfc3339(row.createdAt),
});

export const presentCard = (found: KeptOrWaiting) =>
  found.kind === 'kept' ? presentMethod(found.card) : presentSetup(found.setup);

const Purses = z.object({
  currency: z.string(),
  available_cents: z.number().int(),
  pending_cents: z.number().int(),
  locked_cents: z.number().int(),
});
export const WalletAnswer = z.object({ balances: z.array(Purses) }).meta({ id: 'Wallet' });
export const WalletEntries = pageOf(
  z.object({
    id: z.string(),
    amount_cents: z.number().int(),
    currency: z.string(),
    reason: z.string(),
    order_id: z.string().nullable(),
    created_at: Timestamp,
  }),
);
export const NewTopUp = z
  .strictObject({ amount_cents: Amount, currency: CurrencyCode, ...Card })
  .refine(atMostOneCard, ONE_CARD)
  .refine((input) => input.payment_method_id !== undefined || input.payment_method_token !== undefined, {
    message: 'Say which card: payment_method_id or payment_method_token',
  });
export const NewPayout = z.strictObject({
  amount_cents: Amount,
  currency: CurrencyCode,
  is_instant: z.boolean().default(false),
});

export const PayoutId = z.object({ payout_id: Id });
export const PayoutAnswer = z
  .object({
    id: z.string(),
    amount_cents: z.number().int(),
    fee_cents: z.number().int(),
    currency: z.string(),
    is_instant: z.boolean(),
    status: z.enum(PAYOUT_STATUSES),
    failure_code: z.string().nullable(),
    attempt: z.number().int(),
    retry_at: Timestamp.nullable().meta({ description: 'When a failed payout is tried again by itself' }),
    allowed_actions: z.array(z.enum(['retry'])),
    created_at: Timestamp,
  })
  .meta({ id: 'Payout' });
export const PayoutList = pageOf(PayoutAnswer);

export const presentPayout = (row: PayoutRow) => ({
  id: row.id,
  amount_cents: row.amountCents,
  fee_cents: row.feeCents,
  currency: row.currency,
  is_instant: row.isInstant,
  status: row.status,
  failure_code: row.failureCode,
  attempt: row.attempt,
  retry_at: row.retryAt === null ? null : rfc3339(row.retryAt),
  allowed_actions: row.status === 'failed' ? ['retry' as const] : [],
  created_at: rfc3339(row.createdAt),
});

const MinimumPayout = z
  .int()
  .min(MINIMUM_PAYOUT_CENTS)
  .max(MAX_CENTS)
  .meta({ description: 'Minor units: less than this waits for more' });
export const NewPayoutSettings = z.strictObject({
  schedule: z.enum(PAYOUT_SCHEDULES),
  minimum_cents: MinimumPayout.default(MINIMUM_PAYOUT_CENTS),
  is_instant: z.boolean().default(false),
});
export const PayoutSettingsAnswer = z
  .object({
    schedule: z.enum(PAYOUT_SCHEDULES),
    minimum_cents: MinimumPayout,
    is_instant: z.boolean(),
    instant_fee_bps: z.int().meta({ description: 'What an instant payout costs of it' }),
    next_payout_at: Timestamp.nullable(),
    has_account: z.boolean(),
  })
  .meta({ id: 'PayoutSettings' });

export const SellerAnswer = z
  .object({
    can_be_paid_out: z.boolean(),
    onboarding_url: z.string(),
    expires_at: Timestamp,
  })
  .meta({ id: 'SellerAccount' });
