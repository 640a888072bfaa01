import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Deps } from '../../deps.ts';
import { keyOf } from '../../domain/ids.ts';
import type { Side } from '../../domain/market/order.ts';
import { open, party, signedIn } from '../../http/access.ts';
import { callerIn, limitUser } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../http/cursor.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { IDEMPOTENCY_KEY, json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { fieldErrors, Problem, problem, STATUS } from '../../http/problem.ts';
import { rawJson } from '../../http/raw-json.ts';
import type { CommandAnswer } from '../../platform/books/books.ts';
import { PublicOrder } from '../../wire/market.ts';
import { AmendTerms, AskAnswer, BidAnswer, OrderView, PlaceBody } from '../../wire/orders.ts';
import {
  findMatch,
  isProductShown,
  listMatches,
  listOrders,
  listSizes,
  type MatchRow,
} from './market.repository.ts';
import {
  BatchAnswer,
  BatchBody,
  BookParams,
  MatchesQuery,
  MatchView,
  MyOrdersQuery,
  OrderParams,
  ProductOrdersQuery,
  TakeBody,
} from './market.schemas.ts';
import {
  type Asker,
  amendOrder,
  awaitOwnWrites,
  cancelOrder,
  placeOrder,
  projectedOrderView,
  readOrder,
  takeBest,
} from './orders.usecases.ts';

const TAGS = ['Orders'];
const Position = z.tuple([z.number(), z.string()]);

export const ordersRoutes = createRoutes();

function askerOf(c: Context<AppEnv>): Asker {
  return {
    userId: callerIn(c).userId,
    idempotencyKey: readIdempotencyKey(c.req.header('Idempotency-Key')),
    requestId: c.get('requestId'),
  };
}

function answered(answer: CommandAnswer, status: 200 | 201): never {
  if (!answer.ok) throw new Problem(answer.failure);
  return rawJson(answer.body, status, answer.replayed ? { 'Idempotency-Replayed': 'true' } : {});
}

/** One item of a batch, answered as JSON with the status it would have had alone. */
async function placeItem(
  deps: Deps,
  side: Side,
  item: unknown,
  index: number,
  asker: Asker,
): Promise<string> {
  const parsed = PlaceBody.safeParse(item);
  const answer: CommandAnswer = parsed.success
    ? await placeOrder(deps, side, parsed.data, {
        ...asker,
        idempotencyKey: asker.idempotencyKey === null ? null : `${asker.idempotencyKey}.${index}`,
      })
    : {
        ok: false,
        failure: {
          code: 'validation_failed',
          detail: 'The item is not an order that this route accepts; see errors.',
          errors: fieldErrors(parsed.error.issues),
        },
      };
  if (answer.ok) return `{"index":${index},"status":201,${answer.body.slice(1)}`;
  const { extra, ...problemBody } = answer.failure;
  return JSON.stringify({ index, status: STATUS[answer.failure.code], ...problemBody, ...extra });
}

/** The same routes for both sides of the book: `/bids` and `/asks`. */
function addSide(side: Side) {
  const path = `/${side}s` as const;
  const article = side === 'bid' ? 'a bid' : 'an ask';
  const Answer = side === 'bid' ? BidAnswer : AskAnswer;

  ordersRoutes.openapi(
    createRoute({
      ...signedIn,
      method: 'post',
      path,
      tags: TAGS,
      operationId: side === 'bid' ? 'placeBid' : 'placeAsk',
      summary: `Place ${article}; it matches at once where it can`,
      description:
        'A repeat under the same Idempotency-Key or client_id gets the first answer; another order under it is 422.',
      parameters: [IDEMPOTENCY_KEY],
      request: { body: jsonBody(PlaceBody) },
      responses: {
        201: json(Answer, 'The order as it stands, and what it matched'),
        ...problems(400, 401, 403, 404, 409, 413, 415, 503),
      },
    }),
    async (c) => answered(await placeOrder(c.get('deps'), side, c.req.valid('json'), askerOf(c)), 201),
  );

  ordersRoutes.openapi(
    createRoute({
      ...signedIn,
      method: 'post',
      path: `${path}/batch`,
      tags: TAGS,
      operationId: side === 'bid' ? 'placeBids' : 'placeAsks',
      summary: `Place many ${side}s; each is checked and answered by itself`,
      parameters: [IDEMPOTENCY_KEY],
      request: { body: jsonBody(BatchBody) },
      responses: {
        200: json(BatchAnswer, 'One result for each item, in its order'),
        ...problems(400, 401, 413, 415),
      },
    }),
    async (c) => {
      const asker = askerOf(c);
      const { items } = c.req.valid('json');
      // The request itself has been counted as one.
      if (items.length > 1) limitUser(c.get('deps'), callerIn(c), 'POST', items.length - 1);
      const results = await Promise.all(
        items.map((item, index) => placeItem(c.get('deps'), side, item, index, asker)),
      );
      return rawJson(`{"results":[${results.join()}]}`);
    },
  );

  ordersRoutes.openapi(
    createRoute({
      ...signedIn,
      method: 'get',
      path,
      tags: TAGS,
      operationId: side === 'bid' ? 'listMyBids' : 'listMyAsks',
      summary: `My ${side}s, newest first`,
      request: { query: MyOrdersQuery },
      responses: { 200: json(pageOf(OrderView), `My ${side}s`), ...problems(401) },
    }),
    async (c) => {
      const deps = c.get('deps');
      const { userId } = callerIn(c);
      const { limit, cursor, status, product_id } = c.req.valid('query');
      const position = decodeCursor(cursor, Position);
      await awaitOwnWrites(deps, userId);
      const rows = await listOrders(
        deps.db,
        { userId, side, status, productId: product_id },
        position,
        limit + 1,
      );
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return c.json(
        {
          data: page.map(projectedOrderView),
          next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
        },
        200,
      );
    },
  );

  ordersRoutes.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: `${path}/product/{id}`,
      tags: TAGS,
      operationId: side === 'bid' ? 'listProductBids' : 'listProductAsks',
      summary: `Open ${side}s of a product, best first in each size, without their owners`,
      request: { params: OrderParams, query: ProductOrdersQuery },
      responses: {
        200: json(z.object({ data: z.array(PublicOrder), next_cursor: z.null() }), `Open ${side}s`),
        ...problems(404),
      },
    }),
    async (c) => {
      const deps = c.get('deps');
      const { id } = c.req.valid('param');
      const { size_id, limit } = c.req.valid('query');
      const all = await listSizes(deps.db, id);
      if (all.length === 0 && (await isProductShown(deps.db, id)) === null)
        throw problem('product_not_found', 'There is no such product.');
      const wanted = size_id === undefined ? all : all.filter((size) => size.id === size_id);
      if (size_id !== undefined && wanted.length === 0)
        throw problem('size_not_found', 'This product has no such size.');
      const answers = await Promise.all(
        wanted.map((size) =>
          deps.books.read(keyOf('siz', size.id) ?? '', id, { view: 'orders', side, limit }),
        ),
      );
      const lists = answers.filter((answer) => answer.ok).map((answer) => answer.body.slice(1, -1));
      return rawJson(`{"data":[${lists.filter((list) => list !== '').join()}],"next_cursor":null}`);
    },
  );

  ordersRoutes.openapi(
    createRoute({
      ...party,
      method: 'get',
      path: `${path}/{id}`,
      tags: TAGS,
      operationId: side === 'bid' ? 'getBid' : 'getAsk',
      summary: `One of my ${side}s`,
      request: { params: OrderParams },
      responses: { 200: json(OrderView, 'The order'), ...problems(401, 404) },
    }),
    async (c) => {
      const found = await readOrder(c.get('deps'), side, c.req.valid('param').id, callerIn(c).userId);
      if (!found.ok) throw new Problem(found.error);
      return rawJson(found.value);
    },
  );

  ordersRoutes.openapi(
    createRoute({
      ...party,
      method: 'patch',
      path: `${path}/{id}`,
      tags: TAGS,
      operationId: side === 'bid' ? 'amendBid' : 'amendAsk',
      summary: `Change ${article}: a smaller quantity keeps its place, anything else gives it up and may match`,
      parameters: [IDEMPOTENCY_KEY],
      request: { params: OrderParams, body: jsonBody(AmendTerms) },
      responses: {
        200: json(Answer, 'The order as it stands, and what it matched'),
        ...problems(400, 401, 403, 404, 409, 413, 415, 503),
      },
    }),
    async (c) =>
      answered(
        await amendOrder(c.get('deps'), side, c.req.valid('param').id, c.req.valid('json'), askerOf(c)),
        200,
      ),
  );

  ordersRoutes.openapi(
    createRoute({
      ...party,
      method: 'delete',
      path: `${path}/{id}`,
      tags: TAGS,
      operationId: side === 'bid' ? 'cancelBid' : 'cancelAsk',
      summary: `Cancel ${article}`,
      parameters: [IDEMPOTENCY_KEY],
      request: { params: OrderParams },
      responses: { 200: json(OrderView, 'The cancelled order'), ...problems(401, 404, 409) },
    }),
    async (c) => answered(await cancelOrder(c.get('deps'), side, c.req.valid('param').id, askerOf(c)), 200),
  );
}

addSide('bid');
addSide('ask');

for (const [action, side] of [
  ['buy-now', 'bid'],
  ['sell-now', 'ask'],
] as const) {
  ordersRoutes.openapi(
    createRoute({
      ...signedIn,
      method: 'post',
      path: `/market/{product_id}/{size_id}/${action}`,
      tags: TAGS,
      operationId: side === 'bid' ? 'buyNow' : 'sellNow',
      summary:
        side === 'bid'
          ? 'Buy at the lowest ask, at once or not at all'
          : 'Sell at the highest bid, at once or not at all',
      parameters: [IDEMPOTENCY_KEY],
      request: { params: BookParams, body: jsonBody(TakeBody) },
      responses: {
        201: json(side === 'bid' ? BidAnswer : AskAnswer, 'The order and what it matched'),
        ...problems(400, 401, 403, 404, 409, 413, 415, 503),
      },
    }),
    async (c) => {
      const { product_id, size_id } = c.req.valid('param');
      return answered(
        await takeBest(
          c.get('deps'),
          side,
          { productId: product_id, sizeId: size_id },
          c.req.valid('json'),
          askerOf(c),
        ),
        201,
      );
    },
  );
}

function matchView(row: MatchRow, userId: string): z.infer<typeof MatchView> {
  const isBuyer = row.buyerId === userId;
  return {
    id: row.id,
    role: isBuyer ? 'buyer' : 'seller',
    product_id: row.productId,
    size_id: row.sizeId,
    bid_id: isBuyer ? row.bidId : null,
    ask_id: isBuyer ? null : row.askId,
    price_cents: row.priceCents,
    quantity: row.quantity,
    currency: row.currency,
    ...(isBuyer
      ? {
          buyer_fee_cents: row.buyerFeeCents,
          buyer_total_cents: row.buyerTotalCents,
          fee_bps: row.buyerFeeBps,
        }
      : {
          seller_fee_cents: row.sellerFeeCents,
          seller_payout_cents: row.sellerPayoutCents,
          fee_bps: row.sellerFeeBps,
        }),
    status: row.status,
    created_at: rfc3339(row.createdAt),
  };
}

ordersRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/matches',
    tags: TAGS,
    operationId: 'listMyMatches',
    summary: 'My matches as buyer or seller, newest first',
    request: { query: MatchesQuery },
    responses: { 200: json(pageOf(MatchView), 'My matches'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    const { limit, cursor, role } = c.req.valid('query');
    const position = decodeCursor(cursor, Position);
    await awaitOwnWrites(deps, userId);
    const rows = await listMatches(deps.db, userId, role, position, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => matchView(row, userId)),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

ordersRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/matches/{id}',
    tags: TAGS,
    operationId: 'getMatch',
    summary: 'One of my matches',
    request: { params: OrderParams },
    responses: { 200: json(MatchView, 'The match'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    await awaitOwnWrites(deps, userId);
    const row = await findMatch(deps.db, c.req.valid('param').id, userId);
    if (row === null) throw problem('match_not_found', 'There is no such match, or it is not yours.');
    return c.json(matchView(row, userId), 200);
  },
);
