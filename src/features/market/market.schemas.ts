import { z } from '@hono/zod-openapi';
import { SELLER_TIERS, STANDARD_TIER } from '../../domain/market/fees.ts';
import { CANDLE_INTERVALS } from '../../domain/market/market-data.ts';
import {
  BOOK_STATUSES,
  ORDER_STATUSES,
  PRICE_RULES,
  SELF_TRADE_MODES,
  SIDES,
} from '../../domain/market/order.ts';
import { MAX_HISTORY_PER_RECORD } from '../../domain/market/record.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import { PageQuery } from '../../http/cursor.ts';
import { CurrencyCode, Timestamp } from '../../http/openapi.ts';
import { ClientId, PriceCents, Quantity } from '../../wire/orders.ts';

export const MAX_DEPTH = 500;
const MAX_BATCH = 100;

export const OrderParams = z.object({ id: z.string().max(64) });
export const BookParams = z.object({ product_id: z.string().max(40), size_id: z.string().max(40) });

export const MyOrdersQuery = PageQuery.extend({
  status: z
    .enum([...ORDER_STATUSES, 'open', 'closed'])
    .optional()
    .meta({ description: 'open = active; closed = everything else' }),
  product_id: z.string().max(40).optional(),
});
export const MatchesQuery = PageQuery.extend({
  role: z.enum(['buyer', 'seller']).optional().meta({ description: 'Both without it' }),
});
export const ProductOrdersQuery = z.object({
  size_id: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50).meta({ description: 'Orders of each size' }),
});

export const TakeBody = z
  .strictObject({
    quantity: Quantity.default(1),
    limit_price_cents: PriceCents.optional().meta({
      description: 'The worst price you agree to; without it, the best price at that moment',
    }),
    client_id: ClientId.optional(),
  })
  .meta({ id: 'TakeOrder' });

/** The items are checked one by one, so that a bad one does not cost its neighbours their place. */
export const BatchBody = z
  .strictObject({
    items: z
      .array(z.unknown().openapi({ type: 'object', description: 'An order, as in PlaceOrder' }))
      .min(1)
      .max(MAX_BATCH),
  })
  .meta({ id: 'OrderBatch' });
export const BatchAnswer = z
  .object({
    results: z.array(
      z
        .object({ index: z.int(), status: z.int() })
        .loose()
        .meta({ description: 'status as if sent alone; the answer, or a problem with its code' }),
    ),
  })
  .meta({ id: 'BatchAnswer' });

export const MatchView = z
  .object({
    id: z.string(),
    role: z.enum(['buyer', 'seller']),
    product_id: z.string(),
    size_id: z.string(),
    bid_id: z.string().nullable().meta({ description: 'Your own order; the other side is anonymous' }),
    ask_id: z.string().nullable(),
    price_cents: z.int(),
    quantity: z.int(),
    currency: z.string(),
    buyer_fee_cents: z.int().optional(),
    buyer_total_cents: z.int().optional(),
    seller_fee_cents: z.int().optional(),
    seller_payout_cents: z.int().optional(),
    fee_bps: z.int(),
    status: z.enum(['pending', 'completed', 'failed']),
    created_at: Timestamp,
  })
  .meta({ id: 'Match' });

export const DepthQuery = z.object({ depth: z.coerce.number().int().min(1).max(MAX_DEPTH).default(50) });
export const TradesQuery = PageQuery;
export const CandlesQuery = z
  .object({
    interval: z.enum(CANDLE_INTERVALS).default('1d'),
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }).optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(365),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) <= Date.parse(to), {
    path: ['to'],
    message: 'Must not be before from',
  });
export const QuoteQuery = z.object({
  side: z
    .enum([...SIDES, 'buy', 'sell'])
    .meta({ description: 'bid or buy: what buying now costs; ask or sell: what selling now pays' }),
  quantity: z.coerce.number().int().min(1).max(100).default(1),
});

export const ProductMarket = z
  .object({
    product_id: z.string(),
    currency: z.string(),
    sizes: z.array(
      z.object({
        size_id: z.string(),
        label: z.string(),
        highest_bid_cents: z.int().nullable(),
        lowest_ask_cents: z.int().nullable(),
        last_sale_cents: z.int().nullable(),
        total_bids: z.int(),
        total_asks: z.int(),
        volume_30d: z.int(),
      }),
    ),
  })
  .meta({ id: 'ProductMarket' });

export const HistoryBody = z
  .strictObject({
    trades: z
      .array(
        z.strictObject({
          at: z.iso.datetime({ offset: true }),
          price_cents: PriceCents,
          quantity: z.int().min(1).max(10_000).default(1),
        }),
      )
      .min(1)
      .max(MAX_HISTORY_PER_RECORD),
  })
  .meta({ id: 'HistoryImport' });
export const HistoryAnswer = z.object({ imported: z.int() }).meta({ id: 'HistoryImported' });

export const RulesBody = z
  .strictObject({
    status: z.enum(BOOK_STATUSES).optional(),
    price_rule: z.enum(PRICE_RULES).optional(),
    self_trade: z.enum(SELF_TRADE_MODES).optional(),
    collar_factor: z
      .int()
      .min(2)
      .max(1000)
      .nullable()
      .optional()
      .meta({ description: 'null switches the collar off' }),
    reason: z.string().trim().min(1).max(500).optional().meta({ description: 'For the audit log' }),
  })
  .refine((body) => Object.keys(body).some((rule) => rule !== 'reason'), {
    message: 'Name at least one rule',
  })
  .meta({ id: 'BookRules' });
export const RulesAnswer = z
  .object({
    size_id: z.string(),
    status: z.enum(BOOK_STATUSES),
    price_rule: z.enum(PRICE_RULES),
    self_trade: z.enum(SELF_TRADE_MODES),
    collar_factor: z.int().nullable(),
  })
  .meta({ id: 'BookRulesAnswer' });

export const FeesQuery = z.object({
  price_cents: z.coerce.number().int().min(1).max(MAX_CENTS),
  quantity: z.coerce.number().int().min(1).max(100).default(1),
  channel: z.enum(['match', 'community', 'discover', 'checkout']).default('match'),
  currency: CurrencyCode.default('USD'),
  tier: z
    .enum(SELLER_TIERS)
    .default(STANDARD_TIER)
    .meta({ description: 'Of the seller; counts in the channels of listings alone' }),
  seller_id: z.string().max(64).optional().meta({ description: 'Whose tier it is, instead of the tier' }),
});
export const FeesAnswer = z
  .object({
    channel: z.string(),
    tier: z.enum(SELLER_TIERS).meta({ description: 'Whose rate it is: standard where the tier has none' }),
    currency: z.string(),
    price_cents: z.int(),
    quantity: z.int(),
    subtotal_cents: z.int(),
    buyer_fee_bps: z.int(),
    buyer_fee_cents: z.int(),
    buyer_total_cents: z.int(),
    seller_fee_bps: z.int(),
    seller_fee_cents: z.int(),
    seller_payout_cents: z.int(),
    platform_cents: z.int(),
    fee_schedule_id: z.string(),
  })
  .meta({ id: 'Fees' });
