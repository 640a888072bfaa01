import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { deliveries, notifications } from '../../db/notifications-schema.ts';
import type { Category } from '../../domain/notifications/notice.ts';

/** Written out, so that the partial indexes apply. */
const SHOWN = sql`${notifications.isListed} = 1 and ${notifications.deletedAt} is null`;
const mine = (userId: string, id: string) =>
  and(eq(notifications.id, id), eq(notifications.userId, userId), SHOWN);

export function listNotifications(
  db: Db,
  userId: string,
  filter: { unread: boolean; category: Category | undefined },
  after: readonly [number, string] | null,
  limit: number,
) {
  return db
    .select()
    .from(notifications)
    .where(
      and(
        eq(notifications.userId, userId),
        SHOWN,
        filter.unread ? isNull(notifications.readAt) : undefined,
        filter.category === undefined ? undefined : eq(notifications.category, filter.category),
        after === null
          ? undefined
          : sql`(${notifications.createdAt}, ${notifications.id}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(notifications.createdAt), desc(notifications.id))
    .limit(limit);
}

/** Past this nobody counts: the app shows `99+` long before. */
const MAX_COUNTED = 1_000;

export async function countUnread(db: Db, userId: string): Promise<number> {
  const [row] = await db.all<{ unread: number }>(sql`
    select count(*) as unread from (
      select 1 from ${notifications}
      where user_id = ${userId} and is_listed = 1 and deleted_at is null and read_at is null limit ${MAX_COUNTED}
    )`);
  return row?.unread ?? 0;
}

export async function findNotification(db: Db, userId: string, id: string) {
  const [row] = await db.select().from(notifications).where(mine(userId, id));
  return row ?? null;
}

/** Marks a notification read or unread, and with it what went by the app. */
export async function setRead(db: Db, userId: string, id: string, readAt: number | null, nowMs: number) {
  const [[row]] = await db.batch([
    db
      .update(notifications)
      .set({ readAt })
      .where(
        and(
          mine(userId, id),
          readAt === null ? isNotNull(notifications.readAt) : isNull(notifications.readAt),
        ),
      )
      .returning(),
    db
      .update(deliveries)
      .set({ status: readAt === null ? 'sent' : 'read', updatedAt: nowMs })
      .where(
        and(
          eq(deliveries.notificationId, id),
          eq(deliveries.userId, userId),
          eq(deliveries.channel, 'in_app'),
        ),
      ),
  ]);
  return row ?? (await findNotification(db, userId, id));
}

/** One request marks so many; who has more asks again. */
const MAX_MARKED = 1_000;

/** Marks what is unread, of one category or all, up to the moment of the request; answers how many there were. */
export async function setAllRead(
  db: Db,
  userId: string,
  category: Category | undefined,
  nowMs: number,
): Promise<number> {
  const unread = db
    .select({ id: notifications.id })
    .from(notifications)
    .where(
      and(
        eq(notifications.userId, userId),
        SHOWN,
        isNull(notifications.readAt),
        category === undefined ? undefined : eq(notifications.category, category),
      ),
    )
    .limit(MAX_MARKED);
  const marked = await db
    .update(notifications)
    .set({ readAt: nowMs })
    .where(sql`${notifications.id} in ${unread}`)
    .returning({ id: notifications.id });
  await db
    .update(deliveries)
    .set({ status: 'read', updatedAt: nowMs })
    .where(
      and(
        sql`${deliveries.notificationId} in (select value from json_each(${JSON.stringify(marked.map(({ id }) => id))}))`,
        eq(deliveries.channel, 'in_app'),
      ),
    );
  return marked.length;
}

/** Hides a notification from its reader for good; the row stays, so that no repeated event brings it back. */
export async function hide(db: Db, userId: string, id: string, nowMs: number): Promise<boolean> {
  const hidden = await db
    .update(notifications)
    .set({ deletedAt: nowMs })
    .where(mine(userId, id))
    .returning({ id: notifications.id });
  return hidden.length === 1;
}

/** How long a notification is kept: half a year. */
export const RETENTION_MS = 180 * 86_400_000;
const FORGOTTEN_AT_ONCE = 500;

/** Forgets old notifications with their deliveries, some at a time. */
export async function forgetOld(db: Db, beforeMs: number): Promise<void> {
  const old = sql`(select id from notifications where created_at < ${beforeMs} order by created_at limit ${FORGOTTEN_AT_ONCE})`;
  await db.batch([
    db.delete(deliveries).where(sql`${deliveries.notificationId} in ${old}`),
    db.delete(notifications).where(sql`${notifications.id} in ${old}`),
  ]);
}
