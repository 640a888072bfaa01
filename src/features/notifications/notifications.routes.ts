import { createRoute, z } from '@hono/zod-openapi';
import { CATEGORIES } from '../../domain/notifications/notice.ts';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import { presentNotification } from './notifications.presenter.ts';
import {
  countUnread,
  findNotification,
  hide,
  listNotifications,
  setAllRead,
  setRead,
} from './notifications.repository.ts';
import {
  NotificationId,
  NotificationList,
  NotificationQuery,
  NotificationSchema,
  ReadAll,
  UnreadCount,
} from './notifications.schemas.ts';

const TAGS = ['Notifications'];
const NOT_FOUND = () => problem('notification_not_found', 'There is no such notification.');

export const notificationsRoutes = createRoutes();

notificationsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/notifications',
    operationId: 'listNotifications',
    tags: TAGS,
    summary: 'What you were told, newest first; live ones come over /api/v1/ws as `notification`',
    ...signedIn,
    request: { query: NotificationQuery },
    responses: { 200: json(NotificationList, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor, unread, category } = c.req.valid('query');
    const rows = await listNotifications(
      c.get('deps').db,
      callerIn(c).userId,
      { unread: unread === 'true', category },
      decodeCursor(cursor, z.tuple([z.number().int(), z.string()])),
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(presentNotification) as z.infer<typeof NotificationSchema>[],
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

notificationsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/notifications/unread-count',
    operationId: 'countUnreadNotifications',
    tags: TAGS,
    summary: 'How many you have not read; counted up to 1000',
    ...signedIn,
    responses: { 200: json(UnreadCount, 'The count'), ...problems(401) },
  }),
  async (c) => c.json({ unread_count: await countUnread(c.get('deps').db, callerIn(c).userId) }, 200),
);

notificationsRoutes.openapi(
  createRoute({
    method: 'post',
    path: '/notifications/read-all',
    operationId: 'readAllNotifications',
    tags: TAGS,
    summary: 'Mark everything read, or everything of a category; at most 1000 at a time',
    ...mutation(signedIn),
    request: { query: z.object({ category: z.enum(CATEGORIES).optional() }) },
    responses: { 200: json(ReadAll, 'How many were marked'), ...problems(401, 409) },
  }),
  async (c) => {
    const { db, now } = c.get('deps');
    const { userId } = callerIn(c);
    const marked = await setAllRead(db, userId, c.req.valid('query').category, now());
    return c.json({ marked, unread_count: await countUnread(db, userId) }, 200);
  },
);

notificationsRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/notifications/{id}',
    operationId: 'getNotification',
    tags: TAGS,
    summary: 'One notification of yours',
    ...party,
    request: { params: NotificationId },
    responses: { 200: json(NotificationSchema, 'The notification'), ...problems(401, 404) },
  }),
  async (c) => {
    const row = await findNotification(c.get('deps').db, callerIn(c).userId, c.req.valid('param').id);
    if (row === null) throw NOT_FOUND();
    return c.json(presentNotification(row) as z.infer<typeof NotificationSchema>, 200);
  },
);

for (const action of ['read', 'unread'] as const) {
  notificationsRoutes.openapi(
    createRoute({
      method: 'post',
      path: `/notifications/{id}/${action}`,
      operationId: action === 'read' ? 'readNotification' : 'unreadNotification',
      tags: TAGS,
      summary: action === 'read' ? 'Mark it read' : 'Mark it unread again',
      ...mutation(party),
      request: { params: NotificationId },
      responses: { 200: json(NotificationSchema, 'As it is now'), ...problems(401, 404, 409) },
    }),
    async (c) => {
      const { db, now } = c.get('deps');
      const nowMs = now();
      const row = await setRead(
        db,
        callerIn(c).userId,
        c.req.valid('param').id,
        action === 'read' ? nowMs : null,
        nowMs,
      );
      if (row === null) throw NOT_FOUND();
      return c.json(presentNotification(row) as z.infer<typeof NotificationSchema>, 200);
    },
  );
}

notificationsRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/notifications/{id}',
    operationId: 'deleteNotification',
    tags: TAGS,
    summary: 'Take it off your list',
    ...mutation(party),
    request: { params: NotificationId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    const { db, now } = c.get('deps');
    if (!(await hide(db, callerIn(c).userId, c.req.valid('param').id, now()))) throw NOT_FOUND();
    return c.body(null, 204);
  },
);
