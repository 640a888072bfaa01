/** What the making of notices reads and writes. A fixed number of statements, however many people are told. */
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { userPreferences } from '../../db/identity-schema.ts';
import { insertMany } from '../../db/insert-many.ts';
import {
  deliveries,
  notificationPhones,
  notificationPreferences,
  notifications,
} from '../../db/notifications-schema.ts';
import { orderLines, orders, orderTimers } from '../../db/orders-schema.ts';
import { products, sizes, users } from '../../db/schema.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { type EventData, type NoticeFacts, textIn } from '../../domain/notifications/facts.ts';
import { LANGUAGES } from '../../domain/notifications/notice.ts';
import type { Preferences } from '../../domain/notifications/preferences.ts';
import { preferencesOf, type Reader } from './readers.ts';

export type NotificationRow = typeof notifications.$inferSelect;
export type DeliveryRow = typeof deliveries.$inferSelect;

const among = (ids: readonly string[]) => sql`(select value from json_each(${JSON.stringify(ids)}))`;

/** Fields that name people a notice may be about. */
const PEOPLE_FIELDS = [
  'buyer_id',
  'seller_id',
  'actor_id',
  'sender_id',
  'follower_id',
  'author_id',
  'subject_id',
  'host_id',
];

/** Everything that is known of an event and its readers, and what of it was told before. */
export async function readForNotices(
  db: Db,
  { event_id: eventId, data: raw }: EventEnvelope,
  readerIds: readonly string[],
): Promise<{ facts: NoticeFacts; readers: Map<string, Reader>; told: Set<string> }> {
  const data = raw as EventData;
  const orderId = textIn(data, 'order_id') ?? '';
  const sizeId = textIn(data, 'size_id') ?? '';
  const productId = textIn(data, 'product_id') ?? '';
  const people = PEOPLE_FIELDS.map((field) => textIn(data, field)).filter((id) => id !== null);
  const [orderRows, itemRows, peopleRows, readerRows, toldRows] = await db.batch([
    db
      .select({ order: orders, line: orderLines, shipBy: orderTimers.dueAt })
      .from(orders)
      .leftJoin(orderLines, and(eq(orderLines.orderId, orders.id), eq(orderLines.line, 1)))
      .leftJoin(orderTimers, and(eq(orderTimers.orderId, orders.id), eq(orderTimers.kind, 'ship_by')))
      .where(eq(orders.id, orderId)),
    db
      .select({ product: products.name, size: sizes.label })
      .from(products)
      .leftJoin(sizes, and(eq(sizes.productId, products.id), eq(sizes.id, sizeId)))
      .where(
        productId === ''
          ? sql`${products.id} = (select product_id from sizes where id = ${sizeId})`
          : eq(products.id, productId),
      ),
    db
      .select({ id: users.id, name: users.displayName })
      .from(users)
      .where(sql`${users.id} in ${among(people)}`),
    selectReaders(db, readerIds),
    db
      .select({ userId: notifications.userId, type: notifications.type })
      .from(notifications)
      .where(eq(notifications.eventId, eventId)),
  ]);
  const [found] = orderRows;
  return {
    facts: {
      order: found
        ? {
            number: found.order.number,
            product: found.line?.productName ?? null,
            size: found.line?.sizeLabel ?? null,
            quantity: found.line?.quantity ?? 1,
            priceCents: found.line?.priceCents ?? found.order.subtotalCents,
            totalCents: found.order.totalCents,
            payoutCents: found.order.payoutCents,
            currency: found.order.currency,
            carrier: found.order.carrier,
            tracking: found.order.trackingNumber,
            shipByMs: found.shipBy,
          }
        : null,
      item: itemRows[0] ?? null,
      people: new Map(peopleRows.map(({ id, name }) => [id, name])),
    },
    readers: new Map(readerRows.map((row) => [row.id, toReader(row)])),
    told: new Set(toldRows.map(({ userId, type }) => `${type} ${userId}`)),
  };
}

const hasPushTarget = sql<number>`(exists (select 1 from push_subscriptions where user_id = ${users.id})
  or exists (select 1 from devices where user_id = ${users.id}))`;

function selectReaders(db: Db, ids: readonly string[]) {
  return db
    .select({
      id: users.id,
      email: users.email,
      name: users.displayName,
      preferences: notificationPreferences,
      language: userPreferences.language,
      timeZone: userPreferences.timezone,
      phone: notificationPhones.phone,
      phoneVerifiedAt: notificationPhones.verifiedAt,
      hasPushTarget,
    })
    .from(users)
    .leftJoin(notificationPreferences, eq(notificationPreferences.userId, users.id))
    .leftJoin(userPreferences, eq(userPreferences.userId, users.id))
    .leftJoin(notificationPhones, eq(notificationPhones.userId, users.id))
    .where(sql`${users.id} in ${among(ids)}`);
}

type ReaderRow = Awaited<ReturnType<typeof selectReaders>>[number];

function toReader(row: ReaderRow): Reader {
  const preferences: Preferences = preferencesOf(row.preferences, row.timeZone);
  // A language that has no templates reads English.
  const language = LANGUAGES.find((known) => known === row.language) ?? 'en';
  return {
    userId: row.id,
    email: row.email,
    name: row.name,
    phone: row.phoneVerifiedAt === null ? null : row.phone,
    hasPushTarget: row.hasPushTarget === 1,
    language,
    preferences,
  };
}

export async function findReaders(db: Db, ids: readonly string[]): Promise<Map<string, Reader>> {
  return new Map((await selectReaders(db, ids)).map((row) => [row.id, toReader(row)]));
}

/**
 * Writes notices with their deliveries; those that somebody else wrote meanwhile stay as they are. The first statement
 * answers which were written here.
 */
export const noticeStatements = (db: Db, rows: readonly NotificationRow[], going: readonly DeliveryRow[]) =>
  [
    insertMany(
      db,
      notifications,
      rows.map((row) => ({ ...row, isListed: row.isListed ? 1 : 0 }) as never),
    )
      .onConflictDoNothing()
      .returning({ id: notifications.id }),
    insertMany(db, deliveries, going).onConflictDoNothing(),
  ] as const;

/** What of an event still waits to be sent. */
export function findWaiting(db: Db, eventId: string) {
  return db
    .select({ id: deliveries.id, dueAt: deliveries.dueAt })
    .from(deliveries)
    .where(and(eq(deliveries.eventId, eventId), inArray(deliveries.status, ['pending', 'sending'])));
}

/** The notices of an event as they are shown in the app. */
export function findListed(db: Db, eventId: string) {
  return db
    .select()
    .from(notifications)
    .where(and(eq(notifications.eventId, eventId), eq(notifications.isListed, true)));
}
