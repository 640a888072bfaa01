/** Market data as it travels: one book, its depth, tape, candles and quotes (product model C.2.5). */
import { z } from 'zod';
import { sequencedId } from '../domain/ids.ts';
import type { Book } from '../domain/market/book.ts';
import { type FeeRate, matchAmounts } from '../domain/market/fees.ts';
import { CANDLE_INTERVALS, type MarketStats, priceHints } from '../domain/market/market-data.ts';
import { BOOK_STATUSES, PRICE_RULES, SIDES, type Side } from '../domain/market/order.ts';
import type { TapeTrade } from '../domain/market/record.ts';
import { Ticker, Trade } from './feed.ts';
import type { BookFacts } from './orders.ts';

const Level = z
  .tuple([z.int(), z.int(), z.int()])
  .meta({ description: '[price_cents, quantity, order_count]' });
const CentsOrNull = z.int().nullable();

export const MarketView = Ticker.extend({
  product_id: z.string(),
  size_id: z.string(),
  currency: z.string(),
  book_status: z.enum(BOOK_STATUSES),
  price_rule: z.enum(PRICE_RULES),
  tick_cents: z.int(),
  seq: z.int().meta({ description: 'Sequence of the last command in this answer' }),
  volume_24h: z.int().meta({ description: 'Units sold' }),
  volume_72h: z.int(),
  volume_30d: z.int(),
  high_52w_cents: CentsOrNull,
  low_52w_cents: CentsOrNull,
  average_cents: CentsOrNull.meta({ description: 'Average sale of the last 12 months' }),
  volatility: z
    .number()
    .nullable()
    .meta({ description: 'Standard deviation of the sales of the last 12 months over their mean' }),
  retail_price_cents: CentsOrNull,
  premium_percent: z.number().nullable().meta({ description: 'Last sale over retail, in percent' }),
  sell_faster_cents: CentsOrNull.meta({ description: 'An ask here would be the lowest' }),
  earn_more_cents: CentsOrNull.meta({ description: 'An ask here would join the lowest' }),
}).meta({ id: 'Market' });

export const BookView = z
  .object({
    product_id: z.string(),
    size_id: z.string(),
    currency: z.string(),
    seq: z.int(),
    bids: z.array(Level),
    asks: z.array(Level),
  })
  .meta({ id: 'Book', description: 'Price levels, best first' });

export const TradesView = z
  .object({ data: z.array(Trade), next_cursor: z.string().nullable() })
  .meta({ id: 'Trades' });

export const Candle = z
  .object({
    start: z.string(),
    open_cents: z.int(),
    high_cents: z.int(),
    low_cents: z.int(),
    close_cents: z.int(),
    volume: z.int(),
  })
  .meta({ id: 'Candle' });
export const CandlesView = z
  .object({ interval: z.enum(CANDLE_INTERVALS), currency: z.string(), data: z.array(Candle) })
  .meta({ id: 'Candles' });

export const QuoteView = z
  .object({
    side: z.enum(SIDES).meta({ description: 'bid = you buy, ask = you sell' }),
    quantity: z.int(),
    available_quantity: z.int().meta({ description: 'How much of it can be taken now' }),
    currency: z.string(),
    subtotal_cents: z.int(),
    fee_cents: z.int(),
    total_cents: z.int().meta({ description: 'What you pay as a buyer, or receive as a seller, fees in' }),
    worst_price_cents: CentsOrNull,
    fills: z.array(z.object({ price_cents: z.int(), quantity: z.int() })),
  })
  .meta({ id: 'Quote' });

export const PublicOrder = z
  .object({
    side: z.enum(SIDES),
    size_id: z.string(),
    price_cents: z.int(),
    currency: z.string(),
    quantity: z.int().meta({ description: 'What is still open' }),
    created_at: z.string(),
    expires_at: z.string().nullable(),
  })
  .meta({ id: 'PublicOrder', description: 'An open order without its owner' });

const time = (epochMs: number): string => new Date(epochMs).toISOString();

export function tickerView(book: Book): z.infer<typeof Ticker> {
  const bid = book.bestBid();
  const ask = book.bestAsk();
  return {
    highest_bid_cents: bid?.priceCents ?? null,
    lowest_ask_cents: ask?.priceCents ?? null,
    spread_cents: bid && ask ? ask.priceCents - bid.priceCents : null,
    last_sale_cents: book.lastSale?.priceCents ?? null,
    last_sale_at: book.lastSale ? time(book.lastSale.atMs) : null,
    total_bids: book.openOrderCount('bid'),
    total_asks: book.openOrderCount('ask'),
  };
}

export function marketView(
  book: Book,
  stats: MarketStats,
  facts: BookFacts,
  nowMs: number,
): z.infer<typeof MarketView> {
  const { rules } = book;
  const summary = stats.summary(nowMs, rules.retailCents);
  const ticker = tickerView(book);
  const hints = priceHints(ticker.highest_bid_cents, ticker.lowest_ask_cents, rules.tickCents);
  return {
    product_id: facts.productId,
    size_id: facts.sizeId,
    currency: facts.currency,
    book_status: rules.status,
    price_rule: rules.priceRule,
    tick_cents: rules.tickCents,
    seq: book.lastSeq,
    ...ticker,
    volume_24h: summary.volume24h,
    volume_72h: summary.volume72h,
    volume_30d: summary.volume30d,
    high_52w_cents: summary.high52wCents,
    low_52w_cents: summary.low52wCents,
    average_cents: summary.averageCents,
    volatility: summary.volatility,
    retail_price_cents: rules.retailCents,
    premium_percent: summary.premiumPercent,
    sell_faster_cents: hints.sellFasterCents,
    earn_more_cents: hints.earnMoreCents,
  };
}

export function bookView(book: Book, facts: BookFacts, depth: number): z.infer<typeof BookView> {
  return {
    product_id: facts.productId,
    size_id: facts.sizeId,
    currency: facts.currency,
    seq: book.lastSeq,
    ...book.depth(depth),
  };
}

export function tradeView(trade: TapeTrade, bookKey: string): z.infer<typeof Trade> {
  return {
    id: sequencedId('trd', bookKey, trade.number),
    price_cents: trade.priceCents,
    quantity: trade.quantity,
    at: time(trade.atMs),
    source: trade.source,
  };
}

/** Fees of a quote are those of the matches it would make, one with each order it would meet, each rounded by itself. */
export function quoteView(
  book: Book,
  side: Side,
  quantity: number,
  userId: string | null,
  rate: FeeRate,
  currency: string,
  nowMs: number,
): z.infer<typeof QuoteView> {
  const quote = book.quote(side, quantity, nowMs, userId ?? undefined);
  let fee = 0;
  const levels = new Map<number, number>();
  for (const [priceCents, taken] of quote.fills) {
    levels.set(priceCents, (levels.get(priceCents) ?? 0) + taken);
    const amounts = matchAmounts(priceCents, taken, rate);
    fee += side === 'bid' ? amounts.buyerFeeCents : amounts.sellerFeeCents;
  }
  return {
    side,
    quantity,
    available_quantity: quote.filled,
    currency,
    subtotal_cents: quote.totalCents,
    fee_cents: fee,
    total_cents: side === 'bid' ? quote.totalCents + fee : quote.totalCents - fee,
    worst_price_cents: quote.worstPriceCents,
    fills: Array.from(levels, ([price_cents, taken]) => ({ price_cents, quantity: taken })),
  };
}
