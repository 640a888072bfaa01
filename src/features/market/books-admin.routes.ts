import { createRoute, z } from '@hono/zod-openapi';
import { BOOK_STATUSES, PRICE_RULES, SELF_TRADE_MODES } from '../../domain/market/order.ts';
import { permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { CurrencyCode, json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { listBooks } from './books-oversight.repository.ts';

const Query = PageQuery.extend({
  status: z.enum(BOOK_STATUSES).optional().meta({ description: '`halted` books take nothing at all' }),
  product_id: z.string().max(40).optional(),
});

const cents = z.int().nullable();
const OverseenBook = z
  .object({
    product: z.object({ id: z.string(), name: z.string() }),
    size: z.object({ id: z.string(), label: z.string() }),
    currency: CurrencyCode,
    status: z.enum(BOOK_STATUSES),
    price_rule: z.enum(PRICE_RULES),
    self_trade: z.enum(SELF_TRADE_MODES),
    collar_factor: z.int().nullable(),
    is_in_force: z.boolean().meta({ description: 'False until the book itself has the rules' }),
    open_bids: z.int(),
    open_asks: z.int(),
    highest_bid_cents: cents,
    lowest_ask_cents: cents,
    updated_at: Timestamp,
  })
  .meta({ id: 'OverseenBook' });

export const booksAdminRoutes = createRoutes();

booksAdminRoutes.openapi(
  createRoute({
    ...permitted('market.manage'),
    method: 'get',
    path: '/admin/books',
    operationId: 'listBooks',
    tags: ['Administration'],
    summary: 'Every book with its rules and what rests in it; those that are halted with status=halted',
    request: { query: Query },
    responses: {
      200: json(pageOf(OverseenBook).meta({ id: 'OverseenBookPage' }), 'A page of books'),
      ...problems(401, 403),
    },
  }),
  async (c) => {
    const { limit, cursor, status, product_id: productId } = c.req.valid('query');
    const [after] = decodeCursor(cursor, z.tuple([z.string()])) ?? [''];
    const found = await listBooks(c.get('deps').db, { status, productId }, after, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const data = page.map(({ size, product, ...resting }) => ({
      product: { id: size.productId, name: product.name },
      size: { id: size.id, label: size.label },
      currency: CurrencyCode.parse(product.currency),
      status: size.bookStatus,
      price_rule: size.priceRule,
      self_trade: size.selfTrade,
      collar_factor: size.collarFactor,
      is_in_force: size.configSynced >= size.configVersion,
      open_bids: resting.bids,
      open_asks: resting.asks,
      highest_bid_cents: resting.highestBidCents,
      lowest_ask_cents: resting.lowestAskCents,
      updated_at: rfc3339(size.updatedAt),
    }));
    return c.json(
      { data, next_cursor: found.length > limit && last ? encodeCursor([last.size.id]) : null },
      200,
    );
  },
);
