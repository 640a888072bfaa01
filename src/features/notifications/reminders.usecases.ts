/**
 * Reminders of what falls due within a day: bids and asks that end, parcels that must leave. Each kind has a mark of how
 * far it has come, which moves in the batch of the events, so that everything is told once and nothing is looked at twice.
 */
import { and, eq, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { reminderMarks } from '../../db/notifications-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { DAY_MS } from '../../domain/time.ts';

const AHEAD_MS = DAY_MS;
const PER_RUN = 200;

interface Due {
  id: string;
  due_at: number;
  created_at: number;
  type: string;
  aggregate: string;
  data: string;
}

/** Rows that fall due after the mark and within a day, soonest first, each with the event that tells of it. */
const KINDS: Readonly<Record<string, string>> = {
  book_orders: `
    SELECT o.id, o.expires_at AS due_at, o.created_at, o.side || '.expiring' AS type, 'book_order' AS aggregate,
      json_object('user_id', o.user_id, o.side || '_id', o.id, 'size_id', o.size_id, 'product_id', o.product_id,
        'price_cents', o.price_cents, 'quantity', o.quantity - o.filled, 'currency', p.currency,
        'expires_at', o.expires_at) AS data
    FROM book_orders o INDEXED BY book_orders_expiring CROSS JOIN products p ON p.id = o.product_id
    WHERE o.status = 'active' AND o.expires_at IS NOT NULL AND (o.expires_at, o.id) > (?1, ?2) AND o.expires_at <= ?3
    ORDER BY o.expires_at, o.id LIMIT ?4`,
  ship_by: `
    SELECT t.order_id AS id, t.due_at, o.created_at, 'order.ship_by_ending' AS type, 'order' AS aggregate,
      json_object('order_id', o.id, 'order_number', o.number, 'buyer_id', o.buyer_id, 'seller_id', o.seller_id,
        'currency', o.currency, 'ship_by', t.due_at) AS data
    FROM order_timers t INDEXED BY order_timers_due CROSS JOIN orders o ON o.id = t.order_id
    WHERE (t.due_at, t.order_id) > (?1, ?2) AND t.due_at <= ?3 AND t.kind = 'ship_by'
    ORDER BY t.due_at, t.order_id LIMIT ?4`,
};

export async function remindWhoIsDue(deps: Deps, nowMs: number): Promise<number> {
  let told = 0;
  for (const [kind, sqlText] of Object.entries(KINDS)) told += await remind(deps, kind, sqlText, nowMs);
  return told;
}

async function remind(deps: Deps, kind: string, sqlText: string, nowMs: number): Promise<number> {
  const { db, d1 } = deps;
  const [mark] = await db.select().from(reminderMarks).where(eq(reminderMarks.kind, kind));
  if (mark === undefined) {
    // What is due within the first day of a new database is told as well.
    await db.insert(reminderMarks).values({ kind, dueAt: nowMs, id: '' }).onConflictDoNothing();
    return remind(deps, kind, sqlText, nowMs);
  }
  const { results } = await d1
    .prepare(sqlText)
    .bind(mark.dueAt, mark.id, nowMs + AHEAD_MS, PER_RUN)
    .all<Due>();
  const last = results.at(-1);
  if (last === undefined) return 0;
  // Who asked for less than a day and a half knows it: only longer waits need a reminder.
  const due = results.filter(
    ({ due_at, created_at }) => due_at > nowMs && due_at - created_at > 1.5 * DAY_MS,
  );
  try {
    await db.batch([
      db
        .update(reminderMarks)
        .set({ dueAt: last.due_at, id: last.id })
        .where(
          and(
            eq(reminderMarks.kind, kind),
            eq(reminderMarks.dueAt, mark.dueAt),
            eq(reminderMarks.id, mark.id),
          ),
        ),
      db.run(sql.raw(GUARD_SQL)),
      outboxStatement(
        db,
        due.map((row) => reminderOf(row, nowMs)),
        nowMs,
      ),
    ]);
  } catch (error) {
    // Another run was faster, and tells of them.
    if (isStale(error)) return 0;
    throw error;
  }
  return due.length;
}

/** The same deadline of the same thing is the same event; a deadline that was moved is another one. */
const reminderOf = (row: Due, nowMs: number): EventEnvelope => ({
  event_id: `${row.type}:${row.id}:${row.due_at}`,
  type: row.type,
  version: 1,
  aggregate: { type: row.aggregate, id: row.id },
  seq: row.due_at,
  correlation_id: row.id,
  occurred_at: new Date(nowMs).toISOString(),
  data: JSON.parse(row.data) as unknown,
});
