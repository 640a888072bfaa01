import { inArray } from 'drizzle-orm';
import type { EventEnvelope } from '../domain/events.ts';
import type { Db } from './client.ts';
import { insertMany } from './insert-many.ts';
import { outbox } from './orders-schema.ts';

/** Writes events into the outbox, as a part of the batch of the change that they tell of. */
export function outboxStatement(db: Db, events: readonly EventEnvelope[], nowMs: number) {
  return insertMany(
    db,
    outbox,
    events.map((event) => ({
      eventId: event.event_id,
      type: event.type,
      body: JSON.stringify(event),
      createdAt: nowMs,
      dueAt: nowMs,
      attempts: 0,
    })),
  );
}

/** Forgets events whose consumer has done its work. */
export async function deleteFromOutbox(db: Db, eventIds: readonly string[]): Promise<void> {
  const IDS_PER_STATEMENT = 90;
  for (let start = 0; start < eventIds.length; start += IDS_PER_STATEMENT)
    await db.delete(outbox).where(inArray(outbox.eventId, eventIds.slice(start, start + IDS_PER_STATEMENT)));
}
