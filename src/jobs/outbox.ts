import { asc, inArray, lte, sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';
import { outbox } from '../db/orders-schema.ts';
import type { Logger } from '../deps.ts';
import type { EventEnvelope } from '../domain/events.ts';
import type { Outbox } from '../platform/events/outbox.ts';

/** Events that share a queue message: far below the 128 KB that one may hold. */
const EVENTS_PER_MESSAGE = 25;
/** The platform takes at most 100 messages, and 256 KB, in one call. */
const EVENTS_PER_CALL = 90;
/** A crowd of events is sent in turns of one call each; the cron goes on with what is left. */
const CALLS_PER_DRAIN = 20;
/** When an event that nobody confirmed is sent again: 30 s later, then twice as long each time, at most an hour. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 3_600_000;
const MAX_DOUBLINGS = 7;

/** One queue message of the EVENTS queue: events that became due together. */
export interface DomainEventMessage {
  kind: 'domain_events';
  events: EventEnvelope[];
}

function* messagesOf(events: readonly EventEnvelope[]) {
  for (let start = 0; start < events.length; start += EVENTS_PER_MESSAGE) {
    const body: DomainEventMessage = {
      kind: 'domain_events',
      events: events.slice(start, start + EVENTS_PER_MESSAGE),
    };
    yield { body, contentType: 'json' as const };
  }
}

/**
 * Rows are claimed before they are sent, so that two drains do not send the same: a drain that dies in between has
 * merely put them off until their next turn.
 */
export function createOutbox({
  db,
  queue,
  now,
  log,
}: {
  db: Db;
  queue: Pick<Queue, 'sendBatch'>;
  now: () => number;
  log: Logger;
}): Outbox {
  async function sendSome(): Promise<number> {
    const nowMs = now();
    const due = db
      .select({ eventId: outbox.eventId })
      .from(outbox)
      .where(lte(outbox.dueAt, nowMs))
      .orderBy(asc(outbox.dueAt))
      .limit(EVENTS_PER_CALL);
    const backoffMs = sql`min(${LAST_RETRY_MS}, ${FIRST_RETRY_MS} * (1 << min(${outbox.attempts}, ${MAX_DOUBLINGS})))`;
    const claimed = await db
      .update(outbox)
      .set({ sentAt: nowMs, attempts: sql`${outbox.attempts} + 1`, dueAt: sql`${nowMs} + ${backoffMs}` })
      .where(inArray(outbox.eventId, due))
      .returning({ body: outbox.body });
    if (claimed.length > 0) {
      await queue.sendBatch(messagesOf(claimed.map(({ body }) => JSON.parse(body) as EventEnvelope)));
    }
    return claimed.length;
  }

  return {
    async drain() {
      let sent = 0;
      try {
        for (let calls = 0; calls < CALLS_PER_DRAIN; calls += 1) {
          const some = await sendSome();
          sent += some;
          if (some < EVENTS_PER_CALL) break;
        }
      } catch (error) {
        log.warn('outbox_drain_failed', { error: String(error) });
      }
      return sent;
    },
  };
}
