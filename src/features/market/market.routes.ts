import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Deps } from '../../deps.ts';
import { keyOf } from '../../domain/ids.ts';
import { matchAmounts, type SellerTier } from '../../domain/market/fees.ts';
import { anyone, open } from '../../http/access.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339 } from '../../http/openapi.ts';
import { Problem, problem } from '../../http/problem.ts';
import { rawJson } from '../../http/raw-json.ts';
import type { MarketRead } from '../../platform/books/books.ts';
import { BookView, CandlesView, MarketView, QuoteView, TradesView } from '../../wire/market.ts';
import { feeRateInForce, sellerTiersOf } from '../ledger/ledger.usecases.ts';
import { listSizes, listTrades } from './market.repository.ts';
import {
  BookParams,
  CandlesQuery,
  DepthQuery,
  FeesAnswer,
  FeesQuery,
  ProductMarket,
  QuoteQuery,
  TradesQuery,
} from './market.schemas.ts';
import { openSocket } from './market-socket.ts';

const TAGS = ['Market data'];
const TradePosition = z.tuple([z.number(), z.string()]);
/** The newest trades that a book answers from memory, the longest page of them; older pages come from the projection. */
const TAPE_PAGE = 100;

export const marketRoutes = createRoutes();

async function tierOfSeller(deps: Deps, sellerId: string): Promise<SellerTier> {
  const tier = (await sellerTiersOf(deps, [sellerId])).get(sellerId);
  if (tier === undefined) throw problem('user_not_found', 'There is no such user.');
  return tier;
}

type BookPath = { product_id: string; size_id: string };

async function readBook(deps: Deps, book: BookPath, read: MarketRead): Promise<string> {
  const bookKey = keyOf('siz', book.size_id);
  if (bookKey === null) throw problem('size_not_found', 'There is no such size.');
  const answer = await deps.books.read(bookKey, book.product_id, read);
  if (!answer.ok) throw new Problem(answer.failure);
  return answer.body;
}

/** Public market data, which this isolate may repeat for a moment. */
async function showBook(c: Context<AppEnv>, book: BookPath, read: MarketRead): Promise<never> {
  const deps = c.get('deps');
  const bookKey = keyOf('siz', book.size_id) ?? '';
  const drops = deps.memo.drops(bookKey);
  const body = await readBook(deps, book, read);
  deps.memo.put(bookKey, c.req.raw.url, { body, drops }, deps.now());
  return rawJson(body);
}

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}/{size_id}',
    tags: TAGS,
    operationId: 'getMarket',
    summary: 'Best prices, last sale, volumes and statistics of one size',
    request: { params: BookParams },
    responses: { 200: json(MarketView, 'The market of this size'), ...problems(404) },
  }),
  (c) => showBook(c, c.req.valid('param'), { view: 'market' }),
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}/{size_id}/book',
    tags: TAGS,
    operationId: 'getBook',
    summary: 'Price levels, best first',
    request: { params: BookParams, query: DepthQuery },
    responses: { 200: json(BookView, 'The book'), ...problems(404) },
  }),
  (c) => showBook(c, c.req.valid('param'), { view: 'book', depth: c.req.valid('query').depth }),
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}/{size_id}/trades',
    tags: TAGS,
    operationId: 'listTrades',
    summary: 'Sales, newest first, without their parties',
    request: { params: BookParams, query: TradesQuery },
    responses: { 200: json(TradesView, 'Sales'), ...problems(404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { limit, cursor } = c.req.valid('query');
    const params = c.req.valid('param');
    const newest = await readBook(deps, params, { view: 'trades', limit: TAPE_PAGE + 1 });
    if (cursor === undefined) {
      const tape = JSON.parse(newest) as z.infer<typeof TradesView>['data'];
      const page = tape.slice(0, limit);
      const last = page.at(-1);
      return c.json(
        {
          data: page,
          next_cursor: tape.length > limit && last ? encodeCursor([Date.parse(last.at), last.id]) : null,
        },
        200,
      );
    }
    const rows = await listTrades(deps.db, params.size_id, decodeCursor(cursor, TradePosition), limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => ({
          id: row.id,
          price_cents: row.priceCents,
          quantity: row.quantity,
          at: rfc3339(row.at),
          source: row.source,
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.at, last.id]) : null,
      },
      200,
    );
  },
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}/{size_id}/candles',
    tags: TAGS,
    operationId: 'listCandles',
    summary: 'Open, high, low, close and volume by hour, day or week (UTC)',
    request: { params: BookParams, query: CandlesQuery },
    responses: { 200: json(CandlesView, 'Candles, oldest first'), ...problems(404) },
  }),
  async (c) => {
    const { interval, from, to, limit } = c.req.valid('query');
    const read: MarketRead = {
      view: 'candles',
      interval,
      fromMs: from === undefined ? null : Date.parse(from),
      toMs: to === undefined ? null : Date.parse(to),
      limit,
    };
    return showBook(c, c.req.valid('param'), read);
  },
);

marketRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/market/{product_id}/{size_id}/quote',
    tags: TAGS,
    operationId: 'getQuote',
    summary: 'What buying or selling now costs, all fees in',
    description: 'Signed in, your own orders are left out, as they cannot trade with you.',
    request: { params: BookParams, query: QuoteQuery },
    responses: { 200: json(QuoteView, 'The quote'), ...problems(401, 404, 503) },
  }),
  async (c) => {
    const { side, quantity } = c.req.valid('query');
    const read: MarketRead = {
      view: 'quote',
      side: side === 'bid' || side === 'buy' ? 'bid' : 'ask',
      quantity,
      userId: c.get('caller')?.userId ?? null,
    };
    return rawJson(await readBook(c.get('deps'), c.req.valid('param'), read));
  },
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}/{size_id}/ws',
    tags: TAGS,
    operationId: 'watchBook',
    summary: 'The live feed of a book, and trading over it: a WebSocket, described in /asyncapi.json',
    description:
      'Anonymous, or signed in by Authorization, by the subprotocols `bourse.v1, bearer.<token>`, or by `?ticket=` from POST /ws-tickets.',
    request: { params: BookParams, query: z.object({ ticket: z.string().max(200).optional() }) },
    responses: { 101: { description: 'The socket is open' }, ...problems(401, 403, 404, 426, 503) },
  }),
  (c) => openSocket(c, c.req.valid('param'), c.req.valid('query').ticket) as never,
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/market/{product_id}',
    tags: TAGS,
    operationId: 'getProductMarket',
    summary: 'The market of every size of a product',
    request: { params: z.object({ product_id: z.string().max(40) }) },
    responses: { 200: json(ProductMarket, 'One line for each size'), ...problems(404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { product_id } = c.req.valid('param');
    const sizes = await listSizes(deps.db, product_id);
    if (sizes.length === 0)
      throw problem('product_not_found', 'There is no such product, or it has no sizes yet.');
    const markets = await Promise.all(
      sizes.map(async (size) => {
        const answer = await deps.books.read(keyOf('siz', size.id) ?? '', product_id, { view: 'market' });
        return answer.ok ? { size, market: MarketView.parse(JSON.parse(answer.body)) } : null;
      }),
    );
    return c.json(
      {
        product_id,
        currency: sizes[0]!.currency,
        sizes: markets
          .filter((entry) => entry !== null)
          .map(({ size, market }) => ({
            size_id: size.id,
            label: size.label,
            highest_bid_cents: market.highest_bid_cents,
            lowest_ask_cents: market.lowest_ask_cents,
            last_sale_cents: market.last_sale_cents,
            total_bids: market.total_bids,
            total_asks: market.total_asks,
            volume_30d: market.volume_30d,
          })),
      },
      200,
    );
  },
);

marketRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/fees/calculate',
    tags: ['Fees'],
    operationId: 'calculateFees',
    summary: 'The fees of a price and quantity, exactly as a sale is charged',
    request: { query: FeesQuery },
    responses: { 200: json(FeesAnswer, 'Fees, total and payout'), ...problems(404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { price_cents, quantity, channel, currency, tier, seller_id } = c.req.valid('query');
    const sellerTier = seller_id === undefined ? tier : await tierOfSeller(deps, seller_id);
    const rate = await feeRateInForce(deps, channel, currency, sellerTier);
    if (rate === null)
      throw problem('fee_schedule_not_found', 'No fee is set for this channel and currency.');
    const amounts = matchAmounts(price_cents, quantity, rate);
    return c.json(
      {
        channel,
        tier: rate.tier,
        currency,
        price_cents,
        quantity,
        subtotal_cents: amounts.subtotalCents,
        buyer_fee_bps: rate.buyerBps,
        buyer_fee_cents: amounts.buyerFeeCents,
        buyer_total_cents: amounts.buyerTotalCents,
        seller_fee_bps: rate.sellerBps,
        seller_fee_cents: amounts.sellerFeeCents,
        seller_payout_cents: amounts.sellerPayoutCents,
        platform_cents: amounts.buyerTotalCents - amounts.sellerPayoutCents,
        fee_schedule_id: rate.id,
      },
      200,
    );
  },
);
