import { createRoute, z } from '@hono/zod-openapi';
import { mutation, permitted } from '../../http/access.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { listInbox, replayWebhook, WEBHOOK_STATES, type WebhookRow } from './webhook-inbox.usecases.ts';

const Webhook = z
  .object({
    id: z.string(),
    type: z.string(),
    subject: z.unknown().meta({ description: 'What it is about' }),
    state: z.enum(WEBHOOK_STATES),
    attempts: z.int(),
    last_error: z.string().nullable(),
    received_at: Timestamp,
    processed_at: Timestamp.nullable(),
  })
  .meta({ id: 'StoredWebhook' });

const present = (row: WebhookRow) => ({
  id: row.eventId,
  type: row.type,
  subject: JSON.parse(row.subject) as unknown,
  state: row.processedAt === null ? ('open' as const) : ('processed' as const),
  attempts: row.attempts,
  last_error: row.lastError,
  received_at: rfc3339(row.receivedAt),
  processed_at: row.processedAt === null ? null : rfc3339(row.processedAt),
});

export const webhookInboxRoutes = createRoutes();

webhookInboxRoutes.openapi(
  createRoute({
    ...permitted('webhooks.read'),
    method: 'get',
    path: '/admin/webhooks',
    operationId: 'listWebhooks',
    tags: ['Administration'],
    summary: 'What the payment processor told us, newest first',
    request: { query: PageQuery.extend({ state: z.enum(WEBHOOK_STATES).optional() }) },
    responses: { 200: json(pageOf(Webhook), 'A page of webhooks'), ...problems(401, 403) },
  }),
  async (c) => {
    const { state, ...page } = c.req.valid('query');
    const { webhooks, nextCursor } = await listInbox(c.get('deps'), state, page);
    return c.json({ data: webhooks.map(present), next_cursor: nextCursor }, 200);
  },
);

webhookInboxRoutes.openapi(
  createRoute({
    ...mutation(permitted('dead_letters.manage')),
    method: 'post',
    path: '/admin/webhooks/{webhook_id}/replay',
    operationId: 'replayWebhook',
    tags: ['Administration'],
    summary: 'Process a stored webhook once more',
    description: 'What it is about is looked up at the processor and only ever moves forward.',
    request: { params: z.object({ webhook_id: z.string().max(120) }) },
    responses: { 200: json(Webhook, 'The webhook, open again'), ...problems(401, 403, 404, 409) },
  }),
  async (c) =>
    c.json(
      present(await replayWebhook(c.get('deps'), c.req.valid('param').webhook_id, auditedActor(c))),
      200,
    ),
);
