import { and, eq, inArray, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { deliveries, devices, notifications, pushSubscriptions } from '../../db/notifications-schema.ts';
import { deadLetters } from '../../db/schema.ts';
import { LEASE_MS } from '../../domain/notifications/delivery.ts';
import type { DeliveryRow, NotificationRow } from './notices.repository.ts';

/** A browser or app that stopped working is one of few: a person has so many devices. */
const MAX_TARGETS = 20;

const isFree = (nowMs: number) =>
  or(
    and(inArray(deliveries.status, ['pending', 'sending']), lte(deliveries.dueAt, nowMs)),
    // Only a replay, by an admin or of a dead letter, asks for one that has failed.
    eq(deliveries.status, 'failed'),
  );

/**
 * Takes a delivery, for as long as its lease lasts, unless somebody else has it or it is done. Pushes that wait in its
 * group come along, whether they are due or not.
 */
export async function takeDelivery(db: Db, id: string, nowMs: number): Promise<DeliveryRow[]> {
  const taken = {
    status: 'sending' as const,
    attempts: sql`case when ${deliveries.status} = 'failed' then 1 else ${deliveries.attempts} + 1 end`,
    dueAt: nowMs + LEASE_MS,
    updatedAt: nowMs,
  };
  const [first] = await db
    .update(deliveries)
    .set(taken)
    .where(and(eq(deliveries.id, id), isFree(nowMs)))
    .returning();
  if (first === undefined) return [];
  if (first.groupKey === null) return [first];
  const others = await db
    .update(deliveries)
    .set(taken)
    .where(
      and(
        eq(deliveries.userId, first.userId),
        eq(deliveries.groupKey, first.groupKey),
        eq(deliveries.status, 'pending'),
      ),
    )
    .returning();
  return [first, ...others];
}

export async function findNotices(db: Db, ids: readonly string[]): Promise<NotificationRow[]> {
  return db
    .select()
    .from(notifications)
    .where(sql`${notifications.id} in (select value from json_each(${JSON.stringify(ids)}))`);
}

/** Ends a try. Only deliveries that are still ours change. */
export const endTry = (db: Db, ids: readonly string[], changes: Partial<DeliveryRow>) =>
  db
    .update(deliveries)
    .set(changes)
    .where(
      and(
        sql`${deliveries.id} in (select value from json_each(${JSON.stringify(ids)}))`,
        eq(deliveries.status, 'sending'),
      ),
    );

/** One dead letter for each time a delivery was given up. */
export const deadLetterStatement = (
  db: Db,
  queue: string,
  delivery: DeliveryRow,
  reason: string,
  nowMs: number,
) =>
  db
    .insert(deadLetters)
    .values({
      id: `${delivery.id}:${nowMs}`,
      queue,
      body: JSON.stringify({ kind: 'delivery', id: delivery.id }),
      reason,
      attempts: delivery.attempts,
      createdAt: nowMs,
    })
    .onConflictDoNothing();

export async function findPushTargets(db: Db, userId: string) {
  const [browsers, apps] = await db.batch([
    db.select().from(pushSubscriptions).where(eq(pushSubscriptions.userId, userId)).limit(MAX_TARGETS),
    db.select().from(devices).where(eq(devices.userId, userId)).limit(MAX_TARGETS),
  ]);
  return { browsers, apps };
}

export async function forgetTargets(
  db: Db,
  gone: { browsers: readonly string[]; apps: readonly string[] },
): Promise<void> {
  const among = (column: SQL, ids: readonly string[]) =>
    sql`${column} in (select value from json_each(${JSON.stringify(ids)}))`;
  await db.batch([
    db.delete(pushSubscriptions).where(among(sql`${pushSubscriptions.id}`, gone.browsers)),
    db.delete(devices).where(among(sql`${devices.id}`, gone.apps)),
  ]);
}

/** Deliveries that nobody has sent although they were due a while ago: their message was lost, or their sender died. */
export function findOverdue(db: Db, beforeMs: number, limit: number) {
  return db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(inArray(deliveries.status, ['pending', 'sending']), lte(deliveries.dueAt, beforeMs)))
    .orderBy(deliveries.dueAt)
    .limit(limit);
}
