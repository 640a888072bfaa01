import type { notifications } from '../../db/notifications-schema.ts';
import { rfc3339 } from '../../http/openapi.ts';

/** A notification as the app and the live line show it. */
export const presentNotification = (row: typeof notifications.$inferSelect) => ({
  id: row.id,
  type: row.type,
  category: row.category,
  title: row.title,
  body: row.body,
  link: row.link,
  data: JSON.parse(row.data) as Record<string, unknown>,
  is_read: row.readAt !== null,
  read_at: row.readAt === null ? null : rfc3339(row.readAt),
  created_at: rfc3339(row.createdAt),
  allowed_actions: row.readAt === null ? ['read', 'delete'] : ['unread', 'delete'],
});
