import { createRoute, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ORDER_ACTIONS } from '../../domain/orders/order.ts';
import type { TransitionInput } from '../../domain/orders/order-machine.ts';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { paymentSummaryOf } from '../payments/payment-summary.ts';
import { presentHistory, presentOrder, presentSummary } from './orders.presenter.ts';
import {
  CheckoutBody,
  HistoryList,
  NoInput,
  OrderAddress,
  OrderId,
  OrdersQuery,
  PartyOrdersQuery,
  PurchaseAnswer,
  PurchasePage,
  PurchaseWithHistory,
  ReasonInput,
  ResolveInput,
  ShipInput,
  UserId,
} from './orders.schemas.ts';
import {
  act,
  assertMayList,
  changeShipTo,
  getHistory,
  getOrder,
  historyOf,
  listOrders,
} from './orders.usecases.ts';
import { checkout } from './place-orders.ts';

const TAGS = ['Purchases'];

export const purchasesRoutes = createRoutes();

/** Events of what was just done are sent at once; what this hint loses, the cron sends. */
export function sendEventsSoon(c: Context<AppEnv>): void {
  c.executionCtx.waitUntil(c.get('deps').outbox.drain());
}

purchasesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/orders',
    operationId: 'checkout',
    tags: TAGS,
    summary: 'Order catalogue goods at their retail price; the payment follows',
    request: { body: jsonBody(CheckoutBody) },
    responses: {
      201: json(PurchaseAnswer, 'The order, pending'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const { lines, address_id } = c.req.valid('json');
    const { row } = await checkout(
      deps,
      {
        lines: lines.map(({ size_id, quantity }) => ({ sizeId: size_id, quantity })),
        addressId: address_id ?? null,
      },
      caller,
      { idempotencyKey: readIdempotencyKey(c.req.header('Idempotency-Key')), requestId: c.get('requestId') },
    );
    sendEventsSoon(c);
    const order = await getOrder(deps, row.id, caller);
    return c.json(presentOrder(order), 201, { Location: `/api/v1/orders/${row.id}` });
  },
);

purchasesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/orders',
    operationId: 'listPurchases',
    tags: TAGS,
    summary: 'Your orders, bought and sold, newest first',
    request: { query: OrdersQuery },
    responses: { 200: json(PurchasePage, 'A page of orders'), ...problems(401) },
  }),
  async (c) => {
    const { role, status, ...page } = c.req.valid('query');
    const caller = callerIn(c);
    const { orders, nextCursor } = await listOrders(
      c.get('deps'),
      { userId: caller.userId, role, status },
      page,
      caller,
    );
    return c.json({ data: orders.map(presentOrder), next_cursor: nextCursor }, 200);
  },
);

for (const role of ['buyer', 'seller'] as const) {
  purchasesRoutes.openapi(
    createRoute({
      ...party,
      method: 'get',
      path: `/orders/${role}/{user_id}`,
      operationId: role === 'buyer' ? 'listBought' : 'listSold',
      tags: TAGS,
      summary: `The orders of which a user is the ${role}: your own, or anybody's for staff`,
      request: { params: UserId, query: PartyOrdersQuery },
      responses: { 200: json(PurchasePage, 'A page of orders'), ...problems(401, 404) },
    }),
    async (c) => {
      const { status, ...page } = c.req.valid('query');
      const caller = callerIn(c);
      const { user_id: userId } = c.req.valid('param');
      await assertMayList(c.get('deps'), userId, caller);
      const { orders, nextCursor } = await listOrders(c.get('deps'), { userId, role, status }, page, caller);
      return c.json({ data: orders.map(presentOrder), next_cursor: nextCursor }, 200);
    },
  );
}

purchasesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/orders/{order_id}',
    operationId: 'getPurchase',
    tags: TAGS,
    summary: 'An order with its payment and its history, for its parties and for staff',
    request: { params: OrderId },
    responses: { 200: json(PurchaseWithHistory, 'The order'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { order_id: orderId } = c.req.valid('param');
    const order = await getOrder(deps, orderId, callerIn(c));
    const [history, summary] = await Promise.all([
      historyOf(deps, orderId),
      paymentSummaryOf(deps.db, orderId),
    ]);
    return c.json(
      {
        ...presentOrder(order),
        payment_summary: summary && presentSummary(summary, order),
        history: presentHistory(history),
      },
      200,
    );
  },
);

purchasesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/orders/{order_id}/history',
    operationId: 'getPurchaseHistory',
    tags: TAGS,
    summary: 'Every step of an order, oldest first',
    request: { params: OrderId },
    responses: { 200: json(HistoryList, 'All steps on one page'), ...problems(401, 404) },
  }),
  async (c) => {
    const history = await getHistory(c.get('deps'), c.req.valid('param').order_id, callerIn(c));
    return c.json({ data: presentHistory(history), next_cursor: null }, 200);
  },
);

purchasesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'put',
    path: '/orders/{order_id}/address',
    operationId: 'changePurchaseAddress',
    tags: TAGS,
    summary: 'The buyer says where the parcel goes, until it is shipped',
    request: { params: OrderId, body: jsonBody(OrderAddress) },
    responses: {
      200: json(PurchaseAnswer, 'The order as it is now'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { address_id: addressId } = c.req.valid('json');
    const { order_id: orderId } = c.req.valid('param');
    const order = await changeShipTo(c.get('deps'), orderId, addressId, callerIn(c));
    sendEventsSoon(c);
    return c.json(presentOrder(order), 200);
  },
);

/** What the bodies of the actions may hold; each action's schema says which of it. */
interface ActionInput {
  reason?: string | undefined;
  carrier?: string | undefined;
  tracking_number?: string | undefined;
  outcome?: TransitionInput['outcome'] | undefined;
  refund_cents?: number | undefined;
}

/** The input of the machine: what was not sent is not there. */
function inputOf({ reason, carrier, tracking_number, outcome, refund_cents }: ActionInput): TransitionInput {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(carrier === undefined ? {} : { carrier }),
    ...(tracking_number === undefined ? {} : { trackingNumber: tracking_number }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(refund_cents === undefined ? {} : { refundCents: refund_cents }),
  };
}

function actionRoute(
  action: (typeof ORDER_ACTIONS)[number],
  summary: string,
  body: z.ZodType<ActionInput>,
): void {
  const words = action.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  const name = words.join('');
  const path: string = `/orders/{order_id}/${action}`;
  purchasesRoutes.openapi(
    createRoute({
      ...mutation(party),
      method: 'post',
      path,
      operationId: `${name[0]!.toLowerCase()}${name.slice(1)}Purchase`,
      tags: TAGS,
      summary,
      request: {
        params: OrderId,
        body: { content: { 'application/json': { schema: body } }, required: false },
      },
      responses: {
        200: json(PurchaseAnswer, 'The order as it is now'),
        ...problems(400, 401, 403, 404, 409, 413, 415),
      },
    }),
    async (c) => {
      const { order_id: orderId } = c.req.valid('param');
      const input = inputOf(c.req.valid('json') ?? {});
      const order = await act(c.get('deps'), orderId, action, callerIn(c), input, {
        audited: auditedActor(c),
      });
      sendEventsSoon(c);
      return c.json(presentOrder(order), 200);
    },
  );
}

actionRoute('confirm', 'The seller acknowledges a paid order', NoInput);
actionRoute('ship', 'The seller has sent the parcel: carrier and tracking number', ShipInput);
actionRoute('deliver', 'The parcel has arrived', NoInput);
actionRoute('complete', 'The buyer is content: the money goes to the seller', NoInput);
actionRoute('cancel', 'Stop an order before it is shipped', ReasonInput);
actionRoute('dispute', 'The buyer contests the order', ReasonInput);
actionRoute('ask-seller', 'Staff ask the seller to answer a dispute within 3 days', NoInput);
actionRoute('answer-dispute', 'The seller answers a dispute', ReasonInput);
actionRoute('extend-ship-by', 'One day more to ship, once', NoInput);
actionRoute('hold', 'Staff stop an order and its clocks', ReasonInput);
actionRoute('resume', 'Staff let an order go on where it stopped', ReasonInput);
actionRoute('refund', 'Everything back to the buyer', ReasonInput);
actionRoute('resolve', 'Staff decide a dispute', ResolveInput);
