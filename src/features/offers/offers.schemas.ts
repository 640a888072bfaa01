import { z } from '@hono/zod-openapi';
import { LISTING_CHANNELS, LISTING_STATUSES } from '../../domain/listings/listing.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import {
  MAX_OFFER_LIFE_MS,
  MAX_SWAP_LISTINGS,
  MIN_OFFER_LIFE_MS,
  OFFER_ACTIONS,
  OFFER_ANSWERS,
  OFFER_ROLES,
  OFFER_SIDES,
  OFFER_STATUSES,
  OFFER_TYPES,
  type OfferStatus,
  OPEN_STATUSES,
} from '../../domain/offers/offer.ts';
import { HOUR_MS } from '../../domain/time.ts';
import { MAX_PAGE, PageQuery, pageOf } from '../../http/cursor.ts';
import { CurrencyCode, Timestamp } from '../../http/openapi.ts';

/** Longer notes belong into the conversation (C.12, 23). */
const MAX_NOTE = 500;
/** How deep a list can be read by page number; cursors go on without end. */
const MAX_NUMBERED_ROWS = 1_000;

const Id = z.string().min(1).max(40);
const Price = z.int().min(1).max(MAX_CENTS);
/** Major units, as SL-08 and SW-10 send them. */
const Decimal = z
  .number()
  .positive()
  .max(MAX_CENTS / 100)
  .refine((value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6, 'At most two decimals');

export const OfferId = z.object({
  offer_id: Id.meta({ example: 'ofr_0123456789abcdef', description: 'The offer, or any move of it' }),
});
export const ListingId = z.object({ listing_id: Id.meta({ example: 'lst_0123456789abcdef' }) });
export const ConversationId = z.object({ conversation_id: Id.max(64) });
export const ProductId = z.object({
  product_id: Id.meta({ example: 'lst_0123456789abcdef', description: 'A listing, by the name of SL-13' }),
});

const Note = z.string().max(MAX_NOTE).nullable().optional().meta({ description: 'Goes with the offer' });
const ExpiresIn = {
  expires_in_hours: z
    .number()
    .min(MIN_OFFER_LIFE_MS / HOUR_MS)
    .max(MAX_OFFER_LIFE_MS / HOUR_MS)
    .optional()
    .meta({ description: 'How long it waits for an answer; 24 when left out' }),
  expires_at: z.iso
    .datetime({ offset: true })
    .nullable()
    .optional()
    .meta({ description: 'The same as a time, 1 to 72 hours from now' }),
};
const PriceNames = {
  price_cents: Price.optional(),
  amount_cents: Price.optional().meta({ description: 'Another name of price_cents' }),
  offered_price_cents: Price.optional().meta({ description: 'Another name of price_cents' }),
  offered_price: Decimal.optional().meta({ description: 'The same in major units (SL-08)' }),
  price: Decimal.optional().meta({ description: 'The same in major units (SW-10)' }),
};

const OfferTerms = z.strictObject({
  type: z
    .enum(OFFER_TYPES)
    .optional()
    .meta({ description: '`swap` when listings are given, else `offer`, when left out' }),
  ...PriceNames,
  swap_listing_ids: z
    .array(Id)
    .max(MAX_SWAP_LISTINGS)
    .optional()
    .meta({ description: 'Listings of yours, given in return' }),
  cash_adjust_cents: z
    .int()
    .min(-MAX_CENTS)
    .max(MAX_CENTS)
    .optional()
    .meta({ description: 'Of a swap: cash on top, positive when you pay it, negative when you ask for it' }),
  message: Note,
  ...ExpiresIn,
  client_id: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'A repeat under the same client_id gets the offer that the first one made' }),
  buyer_id: z
    .unknown()
    .optional()
    .meta({ deprecated: true, description: 'Ignored: the token says who you are' }),
  seller_id: z
    .unknown()
    .optional()
    .meta({ deprecated: true, description: 'Ignored: the listing says who sells' }),
});
export type OfferTerms = z.infer<typeof OfferTerms>;

export const ListingOfferBody = OfferTerms.meta({ id: 'ListingOffer' });
export const OfferBody = OfferTerms.extend({
  listing_id: Id.optional(),
  product_id: Id.optional().meta({ description: 'Another name of listing_id (SL-08)' }),
})
  .refine(({ listing_id, product_id }) => (listing_id ?? product_id) !== undefined, {
    path: ['listing_id'],
    message: 'Required',
  })
  .meta({ id: 'NewOffer' });
export const SwapBody = OfferTerms.omit({ type: true })
  .extend({ swap_listing_ids: z.array(Id).min(1).max(MAX_SWAP_LISTINGS) })
  .meta({ id: 'NewSwapOffer' });
export const BuyBody = z.strictObject({ message: Note }).meta({ id: 'BuyListing' });

export const AnswerBody = z.strictObject({ message: Note }).meta({ id: 'OfferAnswer' });
export const CounterBody = z
  .strictObject({
    price_cents: Price.optional(),
    amount_cents: Price.optional(),
    counter_price_cents: Price.optional(),
    counter_price: Decimal.optional().meta({ description: 'The same in major units (SL-11)' }),
    cash_adjust_cents: z.int().min(-MAX_CENTS).max(MAX_CENTS).optional().meta({
      description: 'Of a swap: the cash that the buyer puts on top, negative when the seller does',
    }),
    message: Note,
    ...ExpiresIn,
  })
  .meta({ id: 'CounterOffer', description: 'An amount strictly between the two that stand' });
export type CounterBody = z.infer<typeof CounterBody>;

/** The names of the references are taken as well (C.12, 10). */
const STATUS_ALIASES: Readonly<Record<string, readonly OfferStatus[]>> = {
  rejected: ['declined'],
  cancelled: ['withdrawn'],
  canceled: ['withdrawn'],
  open: OPEN_STATUSES,
};
const STATUS_NAMES = [...OFFER_STATUSES, 'rejected', 'cancelled', 'canceled', 'open'] as const;
const Status = z
  .enum(STATUS_NAMES)
  .transform((name): readonly OfferStatus[] => STATUS_ALIASES[name] ?? [name as OfferStatus]);
const Flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

const Numbered = {
  per_page: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_PAGE)
    .optional()
    .meta({ description: 'Another name of limit' }),
  page: z.coerce.number().int().min(1).max(MAX_NUMBERED_ROWS).optional().meta({
    description: 'Pages by number, from 1, for the first thousand rows; cursors have no end',
  }),
};
export const ListingOffersQuery = PageQuery.extend({ status: Status.optional(), ...Numbered }).refine(
  ({ page = 1, per_page = 1 }) => page * per_page <= MAX_NUMBERED_ROWS,
  { path: ['page'], message: 'Too deep: go on by cursor' },
);
export const OffersQuery = PageQuery.extend({
  status: Status.optional(),
  as_buyer: Flag.optional(),
  as_seller: Flag.optional(),
  ...Numbered,
}).refine(({ page = 1, per_page = 1 }) => page * per_page <= MAX_NUMBERED_ROWS, {
  path: ['page'],
  message: 'Too deep: go on by cursor',
});
export type OffersQuery = z.infer<typeof OffersQuery>;

const Party = z
  .object({ id: z.string(), username: z.string(), display_name: z.string() })
  .meta({ id: 'OfferParty' });
const ListingBrief = z
  .object({
    id: z.string(),
    title: z.string(),
    price_cents: z.int(),
    currency: CurrencyCode,
    status: z.enum(LISTING_STATUSES),
    channel: z.enum(LISTING_CHANNELS),
  })
  .meta({ id: 'OfferListing' });

export const OfferMoveView = z
  .object({
    id: z.string(),
    parent_offer_id: z.string().nullable(),
    round: z.int(),
    by: z.enum(OFFER_SIDES),
    actor_id: z.string(),
    amount_cents: z.int(),
    message: z.string().nullable(),
    expires_at: Timestamp,
    created_at: Timestamp,
  })
  .meta({ id: 'OfferMove', description: 'One move; it never changes' });
export const OfferHistoryView = z
  .object({
    version: z.int(),
    from: z.enum(OFFER_STATUSES).nullable(),
    to: z.enum(OFFER_STATUSES),
    action: z.enum(OFFER_ACTIONS),
    actor_type: z.enum(OFFER_ROLES),
    actor_id: z.string(),
    at: Timestamp,
  })
  .meta({ id: 'OfferHistoryEntry' });

export const OfferView = z
  .object({
    id: z.string().meta({ example: 'ofr_0123456789abcdef' }),
    current_offer_id: z.string().meta({ description: 'The latest move' }),
    parent_offer_id: z.string().nullable(),
    type: z.enum(OFFER_TYPES),
    status: z.enum(OFFER_STATUSES),
    role: z.enum(OFFER_SIDES).meta({ description: 'What you are to it' }),
    awaiting: z.enum(OFFER_SIDES).nullable().meta({ description: 'Whose turn it is' }),
    round: z.int(),
    listing_id: z.string(),
    listing: ListingBrief.nullable().meta({ description: 'As it is now' }),
    buyer_id: z.string(),
    seller_id: z.string(),
    other_party: Party.nullable(),
    amount_cents: z
      .int()
      .meta({ description: 'The amount that stands; of a swap the cash, whoever pays it' }),
    buyer_amount_cents: z.int(),
    seller_amount_cents: z.int(),
    list_price_cents: z.int(),
    cash_adjust_cents: z.int().meta({ description: 'Of a swap: positive when the buyer pays it' }),
    currency: CurrencyCode,
    swap_listing_ids: z.array(z.string()),
    message: z.string().nullable(),
    expires_at: Timestamp.nullable().meta({ description: 'Null while it is frozen' }),
    is_frozen: z.boolean().meta({
      description: 'Another offer was accepted: this one stands still until that one is paid or not',
    }),
    auto: z.boolean().meta({ description: 'The thresholds of the seller answered' }),
    conversation_id: z.string(),
    order_id: z.string().nullable(),
    swap_id: z.string().nullable(),
    return_order_id: z.string().nullable().meta({ description: 'Of a swap: the order of what you give' }),
    version: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
    allowed_actions: z.array(z.enum(OFFER_ANSWERS)),
  })
  .meta({ id: 'Offer' });

export const OfferAnswerView = OfferView.extend({
  offers_left: z.int().meta({ description: 'More offers that the buyer may make on this listing' }),
}).meta({ id: 'OfferWithCount' });
export const OfferDetail = OfferAnswerView.extend({
  moves: z.array(OfferMoveView),
  history: z.array(OfferHistoryView),
}).meta({ id: 'OfferDetail' });
export const OfferPage = pageOf(OfferView);
export const ListingOfferPage = pageOf(
  OfferView.extend({ moves: z.array(OfferMoveView) }).meta({ id: 'OfferWithMoves' }),
);
