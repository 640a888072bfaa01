import { createRoute, z } from '@hono/zod-openapi';
import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { auditLog } from '../../db/house-schema.ts';
import { permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';

const Name = z.string().min(1).max(80);
const AuditQuery = PageQuery.extend({
  actor_id: Name.optional(),
  action: Name.optional().meta({ example: 'user_banned' }),
  target_type: Name.optional(),
  target_id: Name.optional().meta({ description: 'Together with target_type' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'From this time on' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Before this time' }),
}).refine((query) => query.target_id === undefined || query.target_type !== undefined, {
  path: ['target_type'],
  message: 'Say what type of thing the target is',
});

const AuditEntry = z
  .object({
    id: z.string(),
    actor_id: z.string().meta({ description: '`system` when it acted by itself' }),
    action: z.string(),
    target: z.object({ type: z.string(), id: z.string() }),
    before: z.unknown(),
    after: z.unknown(),
    reason: z.string().nullable(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'AuditEntry' });

const factsOf = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

export const auditRoutes = createRoutes();

auditRoutes.openapi(
  createRoute({
    ...permitted('audit.read'),
    method: 'get',
    path: '/admin/audit',
    operationId: 'listAuditLog',
    tags: ['Administration'],
    summary: 'Privileged actions with what was before and after, newest first (GR-20)',
    request: { query: AuditQuery },
    responses: { 200: json(pageOf(AuditEntry), 'A page of the log'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const position = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await c
      .get('deps')
      .db.select()
      .from(auditLog)
      .where(
        and(
          filter.actor_id === undefined ? undefined : eq(auditLog.actorId, filter.actor_id),
          filter.action === undefined ? undefined : eq(auditLog.action, filter.action),
          filter.target_type === undefined ? undefined : eq(auditLog.targetType, filter.target_type),
          filter.target_id === undefined ? undefined : eq(auditLog.targetId, filter.target_id),
          filter.from === undefined ? undefined : gte(auditLog.createdAt, Date.parse(filter.from)),
          filter.to === undefined ? undefined : lt(auditLog.createdAt, Date.parse(filter.to)),
          position === null
            ? undefined
            : sql`(${auditLog.createdAt}, ${auditLog.id}) < (${position[0]}, ${position[1]})`,
        ),
      )
      .orderBy(desc(auditLog.createdAt), desc(auditLog.id))
      .limit(limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => ({
          id: row.id,
          actor_id: row.actorId,
          action: row.action,
          target: { type: row.targetType, id: row.targetId },
          before: factsOf(row.before),
          after: factsOf(row.after),
          reason: row.reason,
          address: row.address,
          request_id: row.requestId,
          created_at: rfc3339(row.createdAt),
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);
