import { createRoute, z } from '@hono/zod-openapi';
import { VERIFICATION_STATUSES } from '../../domain/orders/order.ts';
import { VERIFICATION_ACTIONS, VERIFICATION_ROLES } from '../../domain/orders/verification.ts';
import { mutation, party, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { OrderId } from './orders.schemas.ts';
import {
  actOnVerification,
  getVerification,
  type Verification,
  verificationQueue,
} from './verification.usecases.ts';

const TAGS = ['Verification'];

const VerificationAnswer = z
  .object({
    order_id: z.string(),
    order_number: z.string(),
    status: z.enum(VERIFICATION_STATUSES),
    goods: z.array(z.object({ product_name: z.string(), size: z.string(), quantity: z.int() })),
    carrier: z.string().nullable(),
    tracking_number: z.string().nullable(),
    shipped_at: Timestamp.nullable(),
    history: z.array(
      z.object({
        n: z.int(),
        from: z.enum(VERIFICATION_STATUSES),
        to: z.enum(VERIFICATION_STATUSES),
        action: z.enum(VERIFICATION_ACTIONS),
        actor_type: z.enum(VERIFICATION_ROLES),
        reason: z.string().nullable(),
        at: Timestamp,
      }),
    ),
    allowed_actions: z.array(z.enum(VERIFICATION_ACTIONS)),
  })
  .meta({ id: 'Verification' });

const present = ({ order, lines, history, allowedActions }: Verification) => ({
  order_id: order.id,
  order_number: order.number,
  status: order.verification,
  goods: lines.map(({ productName, sizeLabel, quantity }) => ({
    product_name: productName,
    size: sizeLabel,
    quantity,
  })),
  carrier: order.carrier,
  tracking_number: order.trackingNumber,
  shipped_at: order.shippedAt === null ? null : rfc3339(order.shippedAt),
  history: history.map(({ n, from, to, action, actorType, reason, at }) => ({
    n,
    from,
    to,
    action,
    actor_type: actorType,
    reason,
    at: rfc3339(at),
  })),
  allowed_actions: allowedActions,
});

const Reason = z.strictObject({ reason: z.string().trim().min(1).max(500) });
const Remark = z.strictObject({ reason: z.string().trim().max(500).optional() });

export const verificationRoutes = createRoutes();

verificationRoutes.openapi(
  createRoute({
    ...permitted('verification.review'),
    method: 'get',
    path: '/verifications',
    operationId: 'listVerifications',
    tags: TAGS,
    summary: 'The goods that wait for an authenticator, shipped first comes first',
    request: { query: PageQuery.extend({ status: z.enum(VERIFICATION_STATUSES).optional() }) },
    responses: { 200: json(pageOf(VerificationAnswer), 'A page of the queue'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, ...page } = c.req.valid('query');
    const found = await verificationQueue(c.get('deps'), status, page, callerIn(c));
    return c.json({ data: found.verifications.map(present), next_cursor: found.nextCursor }, 200);
  },
);

verificationRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/verifications/{order_id}',
    operationId: 'getVerification',
    tags: TAGS,
    summary: 'How the authentication of an order stands, for its parties and for authenticators',
    request: { params: OrderId },
    responses: { 200: json(VerificationAnswer, 'The verification'), ...problems(401, 404) },
  }),
  async (c) => {
    const found = await getVerification(c.get('deps'), c.req.valid('param').order_id, callerIn(c));
    return c.json(present(found), 200);
  },
);

for (const { name, action, body, summary, access } of [
  { name: 'receive', action: 'receive', body: Remark, summary: 'The item has arrived', access: 'staff' },
  { name: 'pass', action: 'pass', body: Remark, summary: 'The item is genuine', access: 'staff' },
  { name: 'fail', action: 'fail', body: Reason, summary: 'It is not: the order stops', access: 'staff' },
  {
    name: 'second-review',
    action: 'ask_second_review',
    body: Reason,
    summary: 'Ask somebody else to look',
    access: 'staff',
  },
  {
    name: 'appeal',
    action: 'appeal',
    body: Reason,
    summary: 'The seller contests a failure, once',
    access: 'seller',
  },
] as const) {
  const path: string = `/verifications/{order_id}/${name}`;
  const guard = access === 'staff' ? permitted('verification.review') : party;
  verificationRoutes.openapi(
    createRoute({
      ...mutation(guard),
      method: 'post',
      path,
      operationId: `${name === 'second-review' ? 'askSecondReview' : name}${name === 'second-review' ? '' : 'Verification'}`,
      tags: TAGS,
      summary,
      request: {
        params: OrderId,
        body: { content: { 'application/json': { schema: body } }, required: true },
      },
      responses: {
        200: json(VerificationAnswer, 'The verification as it is now'),
        ...problems(400, 401, 403, 404, 409, 413, 415),
      },
    }),
    async (c) => {
      const { reason = null } = c.req.valid('json');
      const { order_id: orderId } = c.req.valid('param');
      const found = await actOnVerification(
        c.get('deps'),
        orderId,
        action,
        reason,
        callerIn(c),
        auditedActor(c),
      );
      return c.json(present(found), 200);
    },
  );
}
