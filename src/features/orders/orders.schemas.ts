import { z } from '@hono/zod-openapi';
import { PAYMENT_MEANS } from '../../db/orders-schema.ts';
import {
  ACTOR_ROLES,
  ORDER_ACTIONS,
  ORDER_SOURCES,
  ORDER_STATUSES,
  type OrderStatus,
  TIMER_KINDS,
  VERIFICATION_STATUSES,
} from '../../domain/orders/order.ts';
import { ATTEMPT_OUTCOMES } from '../../domain/payments/attempts.ts';
import { PAYMENT_STATUSES } from '../../domain/payments/payment-state.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

const MAX_LINES = 20;
const MAX_LINE_QUANTITY = 100;

export const OrderId = z.object({
  order_id: z
    .string()
    .regex(/^ord_[0-9a-z]{16}$/, 'Not an order id')
    .meta({ example: 'ord_0123456789abcdef' }),
});
export const UserId = z.object({ user_id: z.string().max(40).meta({ example: 'usr_0123456789abcdef' }) });

/** The names of the references are taken as well (product model C.12, 2). */
const STATUS_ALIASES: Record<string, OrderStatus> = { pending_payment: 'pending', canceled: 'cancelled' };
const Status = z.preprocess(
  (value) =>
    typeof value === 'string' && Object.hasOwn(STATUS_ALIASES, value) ? STATUS_ALIASES[value] : value,
  z.enum(ORDER_STATUSES),
);

export const OrdersQuery = PageQuery.extend({
  role: z.enum(['buyer', 'seller']).optional(),
  status: Status.optional().meta({ enum: [...ORDER_STATUSES], type: 'string' }),
});
export const PartyOrdersQuery = OrdersQuery.omit({ role: true });

export const CheckoutBody = z
  .strictObject({
    lines: z
      .array(
        z.strictObject({
          size_id: z.string().max(40).meta({ example: 'siz_0123456789abcdef' }),
          quantity: z.int().min(1).max(MAX_LINE_QUANTITY),
        }),
      )
      .min(1)
      .max(MAX_LINES),
    address_id: z
      .string()
      .max(40)
      .optional()
      .meta({ description: 'One of your addresses; the default shipping address when left out' }),
  })
  .meta({ id: 'Checkout', description: 'The prices are those of the catalogue' });

const Reason = z.string().trim().max(500);
const Amount = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const NoInput = z.strictObject({});
export const ReasonInput = z.strictObject({ reason: Reason.optional() });
export const ShipInput = z.strictObject({
  carrier: z.string().trim().max(60).optional(),
  tracking_number: z.string().trim().max(60).optional(),
});
export const ResolveInput = z.strictObject({
  outcome: z.enum(['release', 'refund', 'partial']).optional(),
  refund_cents: Amount.optional().meta({ description: 'Of a partial outcome' }),
  reason: Reason.optional(),
});

const AddressFields = {
  first_name: z.string().trim().min(1).max(80),
  last_name: z.string().trim().min(1).max(80),
  phone: z
    .string()
    .regex(/^\+?[0-9 ()-]{5,25}$/, 'Not a phone number')
    .nullable(),
  line1: z.string().trim().min(1).max(120),
  line2: z.string().trim().max(120).nullable(),
  city: z.string().trim().min(1).max(80),
  region: z.string().trim().max(80).nullable(),
  postal_code: z.string().trim().min(1).max(20),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'An ISO 3166-1 alpha-2 code')
    .meta({ example: 'DE' }),
};
const AddressSnapshot = z.object(AddressFields).meta({ id: 'AddressSnapshot' });

export const NewAddress = z
  .strictObject({
    ...AddressFields,
    phone: AddressFields.phone.default(null),
    line2: AddressFields.line2.default(null),
    region: AddressFields.region.default(null),
    type: z.enum(['shipping', 'billing']).default('shipping'),
    is_default: z.boolean().default(false),
  })
  .meta({ id: 'NewAddress' });
export type NewAddress = z.infer<typeof NewAddress>;

export const AddressChanges = z
  .strictObject({ ...AddressFields, is_default: z.literal(true) })
  .partial()
  .meta({
    id: 'AddressChanges',
    description: 'What is left out stays; another default takes over by itself',
  });
export type AddressChanges = z.infer<typeof AddressChanges>;

export const AddressId = z.object({
  address_id: z.string().max(40).meta({ example: 'adr_0123456789abcdef' }),
});
export const AddressAnswer = z
  .object({
    id: z.string(),
    type: z.enum(['shipping', 'billing']),
    is_default: z.boolean(),
    ...AddressFields,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Address' });
export const AddressList = pageOf(AddressAnswer).meta({ id: 'AddressList' });

export const OrderAddress = z
  .strictObject({ address_id: AddressId.shape.address_id })
  .meta({ id: 'OrderAddress', description: 'One of your addresses: the order keeps it as it is now' });

const Line = z
  .object({
    product_id: z.string().nullable().meta({ description: 'Null when the goods are a listing' }),
    size_id: z.string().nullable(),
    listing_id: z.string().nullable(),
    product_name: z.string(),
    size: z.string(),
    price_cents: z.int(),
    quantity: z.int(),
    subtotal_cents: z.int(),
    buyer_fee_cents: z.int(),
    seller_fee_cents: z.int().optional().meta({ description: 'Of the seller and of staff only' }),
  })
  .meta({ id: 'OrderLine' });

export const PurchaseAnswer = z
  .object({
    id: z.string(),
    number: z.string().meta({ example: 'ORD-20260304-0001' }),
    source: z.enum(ORDER_SOURCES),
    status: z.enum(ORDER_STATUSES),
    payment_status: z.enum(PAYMENT_STATUSES),
    verification: z.enum(VERIFICATION_STATUSES),
    role: z.enum([...ACTOR_ROLES, 'reader']).meta({ description: 'What you are to this order' }),
    buyer_id: z.string(),
    seller_id: z.string().nullable().meta({ description: 'Null when the platform sells' }),
    match_id: z.string().nullable(),
    offer_id: z.string().nullable(),
    listing_id: z.string().nullable(),
    swap_id: z.string().nullable().meta({ description: 'The exchange that this order is one direction of' }),
    lines: z.array(Line),
    currency: z.string(),
    subtotal_cents: z.int(),
    buyer_fee_cents: z.int(),
    shipping_cents: z.int(),
    total_cents: z.int(),
    refunded_cents: z.int(),
    seller_fee_cents: z.int().optional().meta({ description: 'Of the seller and of staff only' }),
    payout_cents: z.int().optional().meta({ description: 'Of the seller and of staff only' }),
    payment: z
      .object({
        id: z.string().nullable(),
        status: z.enum(PAYMENT_STATUSES),
        paid_from: z.enum(PAYMENT_MEANS).nullable(),
      })
      .meta({ description: 'Its attempts are at /payments?order_id=' }),
    shipping: z.object({
      address: AddressSnapshot.nullable().meta({ description: 'The seller sees it once the order is paid' }),
      carrier: z.string().nullable(),
      tracking_number: z.string().nullable(),
      shipped_at: Timestamp.nullable(),
      delivered_at: Timestamp.nullable(),
    }),
    timers: z.array(
      z.object({
        kind: z.enum(TIMER_KINDS),
        due_at: Timestamp.nullable().meta({ description: 'Null while the order is on hold' }),
        remaining_ms: z.int().nullable(),
      }),
    ),
    allowed_actions: z.array(z.enum(ORDER_ACTIONS)),
    version: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
    paid_at: Timestamp.nullable(),
    completed_at: Timestamp.nullable(),
  })
  .meta({ id: 'Purchase', description: 'An order of goods, from payment to payout' });

const HistoryEntry = z
  .object({
    version: z.int(),
    from: z.enum(ORDER_STATUSES).nullable(),
    to: z.enum(ORDER_STATUSES),
    action: z.string(),
    actor_type: z.enum(ACTOR_ROLES),
    actor_id: z.string().nullable().meta({ description: 'Of the parties and of staff; null for the system' }),
    reason: z.string().nullable(),
    at: Timestamp,
  })
  .meta({ id: 'OrderHistoryEntry' });
export const HistoryList = pageOf(HistoryEntry).meta({ id: 'OrderHistory' });

const PaymentSummary = z
  .object({
    attempt_count: z.int().meta({ description: 'Calls of the payment processor; a wallet needs none' }),
    final_status: z.enum(PAYMENT_STATUSES),
    payment_successful: z.boolean(),
    processing_time_ms: z.int().meta({ description: 'From the first call to the last answer' }),
    failure_code: z.string().nullable().meta({ description: 'Of the buyer only' }),
    attempts: z.array(
      z.object({
        n: z.int(),
        outcome: z.enum(ATTEMPT_OUTCOMES),
        code: z.string().nullable(),
        started_at: Timestamp,
        ended_at: Timestamp.nullable(),
        processing_time_ms: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'PaymentSummary' });

export const PurchaseWithHistory = PurchaseAnswer.extend({
  payment_summary: PaymentSummary.nullable().meta({ description: 'Null while nobody has paid' }),
  history: z.array(HistoryEntry),
}).meta({
  id: 'PurchaseWithHistory',
});
export const PurchasePage = pageOf(PurchaseAnswer).meta({ id: 'PurchasePage' });

export const CarrierReceipt = z
  .object({ outcome: z.enum(['applied', 'duplicate', 'ignored']) })
  .meta({ id: 'CarrierReceipt' });

/** What a carrier reports. Other fields and kinds are let pass, since carriers add to them. */
export const CarrierReport = z.object({
  event_id: z.string().min(1).max(128),
  type: z.string().max(60),
  carrier: z.string().min(1).max(60),
  tracking_number: z.string().min(1).max(60),
});
export type CarrierReport = z.infer<typeof CarrierReport>;
