/**
 * Orders and matches as they travel: the same schemas and the same answers over REST and over a book's socket.
 * Money is integer minor units; times are RFC 3339 UTC.
 */
import { z } from 'zod';
import { matchId, orderId } from '../domain/market/events.ts';
import {
  CLOSE_REASONS,
  MAX_ORDER_QUANTITY,
  ORDER_STATUSES,
  type OrderState,
  SIDES,
  type Side,
  TIMES_IN_FORCE,
} from '../domain/market/order.ts';
import type { BookRecord, MatchState } from '../domain/market/record.ts';
import { MAX_CENTS } from '../domain/money.ts';

export const DEFAULT_EXPIRY_HOURS = 30 * 24;
/** A year: nobody means a longer expiry, and 0 says never. */
const MAX_EXPIRY_HOURS = 366 * 24;

export const PriceCents = z
  .int()
  .min(1)
  .max(MAX_CENTS)
  .meta({ description: 'Price of one unit in minor units', example: 22000 });
export const Quantity = z.int().min(1).max(MAX_ORDER_QUANTITY);
export const ClientId = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, '1 to 64 printable ASCII characters without spaces')
  .meta({ description: 'Your own id: a repeat of the same order under it gets the first answer' });
const Confirm = z.boolean().meta({ description: 'Accept a price outside the collar' });
const ExpiresInHours = z
  .int()
  .min(0)
  .max(MAX_EXPIRY_HOURS)
  .meta({ description: 'Hours from now; 0 = never', example: 72 });
const ExpiresAt = z.iso.datetime({ offset: true });

const hasOneExpiry = (body: { expires_in_hours?: unknown; expires_at?: unknown }) =>
  body.expires_in_hours === undefined || body.expires_at === undefined;
const TWO_EXPIRIES = { path: ['expires_at'], message: 'Give expires_in_hours or expires_at, not both' };

const terms = {
  price_cents: PriceCents,
  quantity: Quantity.default(1),
  time_in_force: z.enum(TIMES_IN_FORCE).default('gtc'),
  post_only: z.boolean().default(false),
  expires_in_hours: ExpiresInHours.optional(),
  expires_at: ExpiresAt.optional(),
  client_id: ClientId.optional(),
  confirm: Confirm.default(false),
};

/** The terms of an order; the book is known from elsewhere. */
export const OrderTerms = z.strictObject(terms).refine(hasOneExpiry, TWO_EXPIRIES);
export type OrderTerms = z.infer<typeof OrderTerms>;

/** `POST /bids` and `POST /asks`. */
export const PlaceBody = z
  .strictObject({ product_id: z.string().max(40), size_id: z.string().max(40), ...terms })
  .refine(hasOneExpiry, TWO_EXPIRIES)
  .meta({ id: 'PlaceOrder' });

export const AmendTerms = z
  .strictObject({
    price_cents: PriceCents.optional(),
    quantity: Quantity.optional().meta({ description: 'The new total, filled part included' }),
    expires_in_hours: ExpiresInHours.optional(),
    expires_at: ExpiresAt.optional(),
    confirm: Confirm.default(false),
  })
  .refine(hasOneExpiry, TWO_EXPIRIES)
  .meta({ id: 'AmendOrder' });
export type AmendTerms = z.infer<typeof AmendTerms>;

/** Epoch milliseconds of an expiry, null for never, undefined when nothing was said. */
export function expiryOf(
  body: { expires_in_hours?: number | undefined; expires_at?: string | undefined },
  nowMs: number,
): number | null | undefined {
  if (body.expires_at !== undefined) return Date.parse(body.expires_at);
  if (body.expires_in_hours === undefined) return undefined;
  return body.expires_in_hours === 0 ? null : nowMs + body.expires_in_hours * 3_600_000;
}

export const OrderView = z
  .object({
    id: z.string(),
    side: z.enum(SIDES),
    product_id: z.string(),
    size_id: z.string(),
    status: z.enum(ORDER_STATUSES),
    partially_filled: z.boolean(),
    price_cents: z.int(),
    currency: z.string(),
    quantity: z.int(),
    filled_quantity: z.int(),
    remaining_quantity: z.int(),
    time_in_force: z.enum(TIMES_IN_FORCE),
    post_only: z.boolean(),
    client_id: z.string().nullable(),
    close_reason: z.enum(CLOSE_REASONS).nullable(),
    expires_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    version: z.int(),
    allowed_actions: z.array(z.enum(['amend', 'cancel'])),
  })
  .meta({ id: 'Order' });
export type OrderView = z.infer<typeof OrderView>;

export const TakenMatch = z
  .object({
    id: z.string(),
    price_cents: z.int(),
    quantity: z.int(),
    buyer_fee_cents: z.int().optional(),
    buyer_total_cents: z.int().optional().meta({ description: 'What the buyer pays, fee in; on a bid' }),
    seller_fee_cents: z.int().optional(),
    seller_payout_cents: z
      .int()
      .optional()
      .meta({ description: 'What the seller receives, fee out; on an ask' }),
  })
  .meta({ id: 'TakenMatch' });

export const BidAnswer = z.object({ bid: OrderView, matches: z.array(TakenMatch) }).meta({ id: 'BidAnswer' });
export const AskAnswer = z.object({ ask: OrderView, matches: z.array(TakenMatch) }).meta({ id: 'AskAnswer' });

/** What a view needs to know of the book. */
export interface BookFacts {
  bookKey: string;
  productId: string;
  sizeId: string;
  currency: string;
}

const time = (epochMs: number): string => new Date(epochMs).toISOString();

export function orderView(order: OrderState, book: BookFacts): OrderView {
  return {
    id: orderId(book.bookKey, order),
    side: order.side,
    product_id: book.productId,
    size_id: book.sizeId,
    status: order.status,
    partially_filled: order.status === 'active' && order.filled > 0,
    price_cents: order.priceCents,
    currency: book.currency,
    quantity: order.quantity,
    filled_quantity: order.filled,
    remaining_quantity: order.quantity - order.filled,
    time_in_force: order.timeInForce,
    post_only: order.postOnly,
    client_id: order.clientId,
    close_reason: order.closeReason,
    expires_at: order.expiresAtMs === null ? null : time(order.expiresAtMs),
    created_at: time(order.createdAtMs),
    updated_at: time(order.updatedAtMs),
    version: order.version,
    allowed_actions: order.status === 'active' ? ['amend', 'cancel'] : [],
  };
}

export function takenMatchView(match: MatchState, side: Side, bookKey: string): z.infer<typeof TakenMatch> {
  const common = {
    id: matchId(bookKey, match.number),
    price_cents: match.priceCents,
    quantity: match.quantity,
  };
  return side === 'bid'
    ? { ...common, buyer_fee_cents: match.buyerFeeCents, buyer_total_cents: match.buyerTotalCents }
    : { ...common, seller_fee_cents: match.sellerFeeCents, seller_payout_cents: match.sellerPayoutCents };
}

/** The answer to placing or amending: `{bid|ask, matches}`; the subject is the record's first order. */
export function takenView(record: BookRecord, book: BookFacts) {
  const subject = record.orders[0]!;
  return {
    [subject.side]: orderView(subject, book),
    matches: record.matches.map((match) => takenMatchView(match, subject.side, book.bookKey)),
  };
}
