import { createRoute } from '@hono/zod-openapi';
import type { Deps } from '../../deps.ts';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { type Caller, createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { act } from '../orders/orders.usecases.ts';
import { ownCard } from './payment-methods.usecases.ts';
import { attemptsOf, type PaymentRow, refundsOf } from './payments.repository.ts';
import {
  Confirmation,
  HeldAnswer,
  NewPayment,
  NewRefund,
  OrderQuery,
  PaymentAnswer,
  PaymentId,
  PaymentList,
  presentPayment,
  presentRefund,
  RefundAnswer,
} from './payments.schemas.ts';
import { confirmPayment, getPayment, getPaymentOfOrder, payOrder } from './payments.usecases.ts';
import { refundPayment } from './refunds.usecases.ts';

const TAGS = ['Payments'];
const MUTATION = { tags: TAGS, ...mutation(signedIn) };
const PARTY_MUTATION = { tags: TAGS, ...mutation(party) };

export const paymentsRoutes = createRoutes();

export async function presented(deps: Deps, payment: PaymentRow, caller: Caller) {
  const [attempts, refunds] = await Promise.all([
    attemptsOf(deps.db, payment.id),
    refundsOf(deps.db, payment.id),
  ]);
  return presentPayment(payment, attempts, refunds, caller.userId);
}

/** The processor's name of the card that a body names; null when it names none. */
export async function namedCard(
  deps: Deps,
  body: { payment_method_id?: string | undefined; payment_method_token?: string | undefined },
  caller: Caller,
): Promise<string | null> {
  if (body.payment_method_id === undefined) return body.payment_method_token ?? null;
  return (await ownCard(deps, body.payment_method_id, caller)).processorMethodId;
}

for (const { path, operationId, summary } of [
  { path: '/payments/intent', operationId: 'createPaymentIntent', summary: 'Pay an order' },
  { path: '/payments/hold', operationId: 'holdPayment', summary: 'Pay an order into escrow' },
])
  paymentsRoutes.openapi(
    createRoute({
      ...MUTATION,
      method: 'post',
      path,
      operationId,
      summary,
      description:
        'The amount is the total of the order. By wallet, by a card kept before, or by a card of the card form; without a card the answer has what the card form needs. An order has one payment: asking again gives it.',
      request: { body: jsonBody(NewPayment) },
      responses: {
        201: json(PaymentAnswer, 'The payment'),
        ...problems(400, 401, 403, 404, 409, 413, 415, 503),
      },
    }),
    async (c) => {
      const deps = c.get('deps');
      const caller = callerIn(c);
      const body = c.req.valid('json');
      const means =
        body.source === 'wallet'
          ? ({ kind: 'wallet' } as const)
          : ({ kind: 'card', processorMethodId: await namedCard(deps, body, caller) } as const);
      const payment = await payOrder(deps, body.order_id, means, caller);
      return c.json(await presented(deps, payment, caller), 201, {
        Location: `/api/v1/payments/${payment.id}`,
      });
    },
  );

paymentsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'post',
    path: '/payments/{payment_id}/confirm',
    operationId: 'confirmPayment',
    summary: 'Bring a card, or say that the bank is satisfied',
    request: { params: PaymentId, body: jsonBody(Confirmation) },
    responses: {
      200: json(PaymentAnswer, 'The payment'),
      ...problems(400, 401, 403, 404, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const card = await namedCard(deps, c.req.valid('json'), caller);
    const payment = await confirmPayment(deps, c.req.valid('param').payment_id, card, caller);
    return c.json(await presented(deps, payment, caller), 200);
  },
);

paymentsRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/payments/{payment_id}',
    operationId: 'getPayment',
    tags: TAGS,
    summary: 'Read a payment with its attempts and refunds',
    request: { params: PaymentId },
    responses: { 200: json(PaymentAnswer, 'The payment'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const payment = await getPayment(deps, c.req.valid('param').payment_id, caller);
    return c.json(await presented(deps, payment, caller), 200);
  },
);

paymentsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/payments',
    operationId: 'listPayments',
    tags: TAGS,
    summary: 'The payment of an order',
    request: { query: OrderQuery },
    responses: { 200: json(PaymentList, 'One payment, or none yet'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const payment = await getPaymentOfOrder(deps, c.req.valid('query').order_id, caller);
    const data = payment === null ? [] : [await presented(deps, payment, caller)];
    return c.json({ data, next_cursor: null }, 200);
  },
);

paymentsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'post',
    path: '/payments/{payment_id}/release',
    operationId: 'releasePayment',
    summary: 'Release the money of a delivered order to its seller: by the buyer or by finance',
    request: { params: PaymentId },
    responses: { 200: json(HeldAnswer, 'The order it completed'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const payment = await getPayment(deps, c.req.valid('param').payment_id, caller);
    if (payment.orderId === null) throw problem('invalid_transition', 'A top-up holds nothing.');
    const { row } = await act(deps, payment.orderId, 'complete', caller, {}, { audited: auditedActor(c) });
    await deps.outbox.drain();
    return c.json({ order_id: row.id, status: row.status }, 200);
  },
);

paymentsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'post',
    path: '/payments/{payment_id}/refunds',
    operationId: 'refundPayment',
    summary: 'Refund in part or all that is left: by finance, or by the seller after completion',
    request: { params: PaymentId, body: jsonBody(NewRefund) },
    responses: { 201: json(RefundAnswer, 'The refund'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { amount_cents, reason } = c.req.valid('json');
    const refund = await refundPayment(
      c.get('deps'),
      c.req.valid('param').payment_id,
      { amountCents: amount_cents ?? null, reason },
      callerIn(c),
      auditedActor(c),
    );
    const { id: paymentId, currency } = refund.payment;
    return c.json(presentRefund({ ...refund, paymentId, currency }), 201);
  },
);
