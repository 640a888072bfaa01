import { createRoute, z } from '@hono/zod-openapi';
import { ORDER_SOURCES } from '../../domain/orders/order.ts';
import { mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { presentOrder } from './orders.presenter.ts';
import { OrderId, OrdersQuery, PurchaseAnswer, PurchasePage } from './orders.schemas.ts';
import { cancelForHouse, listAllOrders } from './orders-admin.usecases.ts';

const Id = z.string().max(40);
const moment = z.iso.datetime({ offset: true });
const Query = OrdersQuery.omit({ role: true }).extend({
  source: z.enum(ORDER_SOURCES).optional(),
  buyer_id: Id.optional(),
  seller_id: Id.optional(),
  number: Id.optional().meta({ example: 'ORD-20260304-0001' }),
  from: moment.optional().meta({ description: 'Placed from this time on' }),
  to: moment.optional().meta({ description: 'Placed before this time' }),
});

export const ordersAdminRoutes = createRoutes();

ordersAdminRoutes.openapi(
  createRoute({
    ...permitted('orders.read'),
    method: 'get',
    path: '/admin/orders',
    operationId: 'listAllPurchases',
    tags: ['Administration'],
    summary: 'The orders of everybody, newest first',
    request: { query: Query },
    responses: { 200: json(PurchasePage, 'A page of orders'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, source, buyer_id, seller_id, number, from, to, ...page } = c.req.valid('query');
    const { orders, nextCursor } = await listAllOrders(
      c.get('deps'),
      {
        status,
        source,
        buyerId: buyer_id,
        sellerId: seller_id,
        number,
        fromMs: from === undefined ? undefined : Date.parse(from),
        toMs: to === undefined ? undefined : Date.parse(to),
      },
      page,
      callerIn(c),
    );
    return c.json({ data: orders.map(presentOrder), next_cursor: nextCursor }, 200);
  },
);

ordersAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('orders.manage')),
    method: 'post',
    path: '/admin/orders/{order_id}/cancel',
    operationId: 'cancelPurchaseForHouse',
    tags: ['Administration'],
    summary: 'Stop an order that was not sent: the buyer gets everything back',
    request: {
      params: OrderId,
      body: jsonBody(
        z.strictObject({ reason: z.string().trim().min(1).max(500) }).meta({ id: 'CancelForHouse' }),
      ),
    },
    responses: {
      200: json(PurchaseAnswer, 'The order as it is now'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const order = await cancelForHouse(
      c.get('deps'),
      c.req.valid('param').order_id,
      c.req.valid('json').reason,
      callerIn(c),
      auditedActor(c),
    );
    return c.json(presentOrder(order), 200);
  },
);
