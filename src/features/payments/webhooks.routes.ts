import { createRoute, z } from '@hono/zod-openapi';
import type { Deps } from '../../deps.ts';
import { party, permitted, signed, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { BEARER, json, jsonBody, problems } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import type { DemoControls } from '../../platform/payments/demo-controls.ts';
import { ownSetup } from './card-setups.usecases.ts';
import { findPayout, findSellerAccount } from './payments.repository.ts';
import { MethodId, PaymentId, PayoutId } from './payments.schemas.ts';
import { getPayment } from './payments.usecases.ts';
import { receiveWebhook } from './webhooks.usecases.ts';

const Received = z.object({ received: z.literal(true) });
const Done = z.object({ done: z.boolean() });
const DEMO = { tags: ['Demo'], security: BEARER };

export const webhookRoutes = createRoutes();

webhookRoutes.openapi(
  createRoute({
    ...signed,
    method: 'post',
    path: '/webhooks/stripe',
    operationId: 'receiveStripeWebhook',
    tags: ['Webhooks'],
    summary: 'Events of the payment processor, signed by it',
    description: 'The signature covers the raw body and is at most five minutes old. An event counts once.',
    responses: { 200: json(Received, 'It is stored'), ...problems(400, 413, 415) },
  }),
  async (c) => {
    // The signature is over the bytes as they came: nothing may have parsed them before.
    const rawBody = await c.req.text();
    await receiveWebhook(c.get('deps'), rawBody, c.req.header('Stripe-Signature') ?? '');
    return c.json({ received: true as const }, 200);
  },
);

/** The world outside in demo mode; these routes do not exist where the processor is real. */
function demoOf(deps: Deps): DemoControls {
  if (!deps.demo) throw problem('route_not_found', 'This exists in demo mode only.');
  return deps.demo;
}

webhookRoutes.openapi(
  createRoute({
    ...party,
    ...DEMO,
    method: 'post',
    path: '/demo/payments/{payment_id}/authenticate',
    operationId: 'demoAuthenticate',
    summary: 'Demo: answer the bank as the holder of the card',
    request: { params: PaymentId, body: jsonBody(z.strictObject({ approve: z.boolean() })) },
    responses: { 200: json(Done, 'Whether the bank was asking'), ...problems(400, 401, 403, 404, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const demo = demoOf(deps);
    const caller = callerIn(c);
    const payment = await getPayment(deps, c.req.valid('param').payment_id, caller);
    if (payment.userId !== caller.userId) throw problem('forbidden', 'Only the buyer answers the bank.');
    const done = await demo.authenticate(payment.processorPaymentId ?? '', c.req.valid('json').approve);
    return c.json({ done }, 200);
  },
);

webhookRoutes.openapi(
  createRoute({
    ...party,
    ...DEMO,
    method: 'post',
    path: '/demo/payment-methods/{payment_method_id}/authenticate',
    operationId: 'demoAuthenticateCard',
    summary: 'Demo: answer the bank as the holder of a card that is to be kept',
    request: { params: MethodId, body: jsonBody(z.strictObject({ approve: z.boolean() })) },
    responses: { 200: json(Done, 'Whether the bank was asking'), ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const demo = demoOf(deps);
    const setup = await ownSetup(deps, c.req.valid('param').payment_method_id, callerIn(c));
    const done = await demo.authenticateCard(setup.processorSetupId ?? '', c.req.valid('json').approve);
    return c.json({ done }, 200);
  },
);

webhookRoutes.openapi(
  createRoute({
    ...signedIn,
    ...DEMO,
    method: 'post',
    path: '/demo/seller/onboard',
    operationId: 'demoOnboard',
    summary: 'Demo: fill in the onboarding form',
    responses: { 200: json(Done, 'Whether there was a form to fill in'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const demo = demoOf(deps);
    const seller = await findSellerAccount(deps.db, callerIn(c).userId);
    const done = seller !== null && (await demo.completeOnboarding(seller.processorAccountId));
    return c.json({ done }, 200);
  },
);

webhookRoutes.openapi(
  createRoute({
    ...permitted('refunds.manage'),
    ...DEMO,
    method: 'post',
    path: '/demo/payments/{payment_id}/chargeback',
    operationId: 'demoChargeback',
    summary: 'Demo: the holder of the card disputes a charge; an admin plays the card network',
    request: { params: PaymentId },
    responses: {
      200: json(z.object({ chargeback_id: z.string().nullable() }), 'Null when there was nothing to dispute'),
      ...problems(401, 403, 404),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const demo = demoOf(deps);
    const payment = await getPayment(deps, c.req.valid('param').payment_id, callerIn(c));
    const opened = await demo.openChargeback(payment.processorPaymentId ?? '');
    return c.json({ chargeback_id: opened?.chargebackId ?? null }, 200);
  },
);

webhookRoutes.openapi(
  createRoute({
    ...permitted('refunds.manage'),
    ...DEMO,
    method: 'post',
    path: '/demo/chargebacks/{chargeback_id}/close',
    operationId: 'demoCloseChargeback',
    summary: 'Demo: the card network decides',
    request: {
      params: z.object({ chargeback_id: z.string().max(80) }),
      body: jsonBody(z.strictObject({ winner: z.enum(['seller', 'buyer']) })),
    },
    responses: { 200: json(Done, 'Whether it was open'), ...problems(400, 401, 403, 404, 413, 415) },
  }),
  async (c) => {
    const demo = demoOf(c.get('deps'));
    const done = await demo.closeChargeback(c.req.valid('param').chargeback_id, c.req.valid('json').winner);
    return c.json({ done }, 200);
  },
);

webhookRoutes.openapi(
  createRoute({
    ...permitted('payouts.manage'),
    ...DEMO,
    method: 'post',
    path: '/demo/payouts/{payout_id}/fail',
    operationId: 'demoFailPayout',
    summary: 'Demo: the bank sends a payout back',
    request: { params: PayoutId },
    responses: { 200: json(Done, 'Whether there was one'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const demo = demoOf(deps);
    const payout = await findPayout(deps.db, c.req.valid('param').payout_id);
    if (!payout) throw problem('payout_not_found', 'There is no such payout.');
    return c.json({ done: await demo.failPayout(payout.processorPayoutId ?? '') }, 200);
  },
);
