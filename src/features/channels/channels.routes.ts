import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { mutation, party, signedIn, signedInSocket } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { readSignedInUpgrade } from '../accounts/socket-upgrade.ts';
import { PresenceSettings, PresenceView, UserId } from './channels.schemas.ts';
import { openChannel, SocketQuery } from './open-channel.ts';
import { announceLine, changeShowPresence, readPresence, readShowPresence } from './presence.usecases.ts';

const TAGS = ['Live'];
const SOCKET_ANSWERS = { 101: { description: 'The socket is open' }, ...problems(401, 403, 426, 503) };
const SIGN_IN =
  'Signed in by Authorization, by the subprotocols `bourse.v1, bearer.<token>`, or by `?ticket=` from POST /ws-tickets. Frames are described in /asyncapi.json.';

async function openUserSocket(c: Context<AppEnv>, query: SocketQuery): Promise<Response> {
  const upgrade = await readSignedInUpgrade(c, query.ticket);
  await announceLine(c.get('deps'), upgrade.caller.userId);
  return openChannel(c, `user:${upgrade.caller.userId}`, upgrade, query);
}

export const channelsRoutes = createRoutes();

channelsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/ws',
    operationId: 'openUserSocket',
    tags: TAGS,
    summary: 'Your own live line, one for each device: notifications, messages, offers, orders, presence',
    description: SIGN_IN,
    ...signedInSocket,
    request: { query: SocketQuery },
    responses: SOCKET_ANSWERS,
  }),
  (c) => openUserSocket(c, c.req.valid('query')) as never,
);

channelsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/me/presence',
    operationId: 'getPresenceSettings',
    tags: TAGS,
    summary: 'Whether your contacts see if you are here',
    ...signedIn,
    responses: { 200: json(PresenceSettings, 'The setting'), ...problems(401) },
  }),
  async (c) => c.json({ show_presence: await readShowPresence(c.get('deps'), callerIn(c).userId) }, 200),
);

channelsRoutes.openapi(
  createRoute({
    method: 'put',
    path: '/me/presence',
    operationId: 'changePresenceSettings',
    tags: TAGS,
    summary: 'Let your contacts see if you are here, or no longer',
    ...mutation(signedIn),
    request: { body: jsonBody(PresenceSettings) },
    responses: { 200: json(PresenceSettings, 'The setting'), ...problems(400, 401, 413, 415) },
  }),
  async (c) => {
    const { show_presence } = c.req.valid('json');
    await changeShowPresence(c.get('deps'), callerIn(c).userId, show_presence);
    return c.json({ show_presence }, 200);
  },
);

channelsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/users/{user_id}/presence',
    operationId: 'getPresence',
    tags: TAGS,
    summary: 'Whether a contact is here: somebody you share a conversation or an open order with',
    ...party,
    request: { params: UserId },
    responses: { 200: json(PresenceView, 'As they let it be seen'), ...problems(401, 404) },
  }),
  async (c) => {
    const { user_id } = c.req.valid('param');
    const presence = await readPresence(c.get('deps'), callerIn(c).userId, user_id);
    return c.json(
      {
        user_id,
        online: presence.isOnline,
        last_seen_at: presence.lastSeenAtMs === null ? null : rfc3339(presence.lastSeenAtMs),
      },
      200,
    );
  },
);

/** SN-35's address of the same line. */
export const channelsAliases = createRoutes();
channelsAliases.get('/ws', (c) => {
  const query = SocketQuery.safeParse(c.req.query());
  return openUserSocket(c, query.success ? query.data : {});
});
