import { createRoute } from '@hono/zod-openapi';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { confirmCard, waitingSetupsOf } from './card-setups.usecases.ts';
import { addCard, makeDefault, removeCard } from './payment-methods.usecases.ts';
import { methodsOf } from './payments.repository.ts';
import {
  MethodAnswer,
  MethodChanges,
  MethodId,
  MethodList,
  NewMethod,
  presentCard,
  presentMethod,
  presentSetup,
} from './payments.schemas.ts';

const TAGS = ['Payments'];
const MUTATION = { tags: TAGS, ...mutation(signedIn) };
const PARTY_MUTATION = { tags: TAGS, ...mutation(party) };

export const paymentMethodsRoutes = createRoutes();

paymentMethodsRoutes.openapi(
  createRoute({
    ...MUTATION,
    method: 'post',
    path: '/payment-methods',
    operationId: 'addPaymentMethod',
    summary: 'Keep a card, to be charged when a bid or ask of yours is matched',
    request: { body: jsonBody(NewMethod) },
    description:
      'When the bank wants to see the holder first, the answer is 202 with what the card form needs; the card pays once that has succeeded and is confirmed.',
    responses: {
      201: json(MethodAnswer, 'The card'),
      202: json(MethodAnswer, 'The card waits for its holder'),
      ...problems(400, 401, 403, 413, 415, 503),
    },
  }),
  async (c) => {
    const { token, is_default } = c.req.valid('json');
    const returnUrl = new URL('/', c.req.url).href;
    const card = await addCard(c.get('deps'), { token, isDefault: is_default, returnUrl }, callerIn(c));
    return c.json(presentCard(card), card.kind === 'kept' ? 201 : 202);
  },
);

paymentMethodsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/payment-methods',
    operationId: 'listPaymentMethods',
    tags: TAGS,
    summary: 'Your cards, the default first and those that wait for you last, all on one page',
    responses: { 200: json(MethodList, 'The cards'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    const [cards, waiting] = await Promise.all([methodsOf(deps.db, userId), waitingSetupsOf(deps, userId)]);
    const data = [...cards.map(presentMethod), ...waiting.map(presentSetup)];
    return c.json({ data, next_cursor: null }, 200);
  },
);

paymentMethodsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'post',
    path: '/payment-methods/{payment_method_id}/confirm',
    operationId: 'confirmPaymentMethod',
    summary: 'Say that the bank is satisfied: the card is active, or still waits',
    request: { params: MethodId },
    responses: { 200: json(MethodAnswer, 'The card'), ...problems(400, 401, 404, 503) },
  }),
  async (c) => {
    const card = await confirmCard(c.get('deps'), c.req.valid('param').payment_method_id, callerIn(c));
    return c.json(presentCard(card), 200);
  },
);

paymentMethodsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'patch',
    path: '/payment-methods/{payment_method_id}',
    operationId: 'changePaymentMethod',
    summary: 'Make a card the default',
    request: { params: MethodId, body: jsonBody(MethodChanges) },
    responses: { 200: json(MethodAnswer, 'The card'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const card = await makeDefault(c.get('deps'), c.req.valid('param').payment_method_id, callerIn(c));
    return c.json(presentMethod(card), 200);
  },
);

paymentMethodsRoutes.openapi(
  createRoute({
    ...PARTY_MUTATION,
    method: 'delete',
    path: '/payment-methods/{payment_method_id}',
    operationId: 'removePaymentMethod',
    summary: 'Forget a card',
    request: { params: MethodId },
    responses: { 204: { description: 'It is forgotten' }, ...problems(401, 404, 503) },
  }),
  async (c) => {
    await removeCard(c.get('deps'), c.req.valid('param').payment_method_id, callerIn(c));
    return c.body(null, 204);
  },
);
