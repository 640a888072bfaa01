import { createRoute, z } from '@hono/zod-openapi';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { clientOf, deviceName } from './device.ts';
import { listSessions, revokeOtherSessions, revokeSession } from './sessions.usecases.ts';

const TAGS = ['Accounts'];

const SessionAnswer = z
  .object({
    id: z.string().meta({ example: 'ses_0123456789abcdef' }),
    device: z.string().meta({ example: 'Firefox on Linux' }),
    user_agent: z.string(),
    ip_address: z.string(),
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    is_current: z.boolean(),
    allowed_actions: z.array(z.enum(['revoke'])),
  })
  .meta({ id: 'Session' });
const Revoked = z.object({ revoked: z.number().int() }).meta({ id: 'RevokedSessions' });

export const sessionsRoutes = createRoutes();

sessionsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/sessions',
    operationId: 'listSessions',
    tags: TAGS,
    summary: 'Where you are signed in, newest first (SN-05, GR-11)',
    request: { query: PageQuery },
    responses: { 200: json(pageOf(SessionAnswer), 'A page of sessions'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const caller = callerIn(c);
    const position = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await listSessions(c.get('deps'), caller, position, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => ({
          id: row.id,
          device: deviceName(row.userAgent),
          user_agent: row.userAgent,
          ip_address: row.address,
          created_at: rfc3339(row.createdAt),
          last_used_at: rfc3339(row.lastUsedAt),
          expires_at: rfc3339(row.expiresAt),
          is_current: row.id === caller.sessionId,
          allowed_actions: ['revoke' as const],
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

sessionsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/me/sessions',
    operationId: 'revokeOtherSessions',
    tags: TAGS,
    summary: 'Sign out everywhere else',
    responses: { 200: json(Revoked, 'How many sessions ended'), ...problems(401, 409) },
  }),
  async (c) => c.json({ revoked: await revokeOtherSessions(c.get('deps'), callerIn(c), clientOf(c)) }, 200),
);

sessionsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/me/sessions/{id}',
    operationId: 'revokeSession',
    tags: TAGS,
    summary: 'Sign out one device',
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 204: { description: 'The session has ended' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    await revokeSession(c.get('deps'), callerIn(c), c.req.valid('param').id, clientOf(c));
    return c.body(null, 204);
  },
);
