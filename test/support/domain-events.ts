import { outbox } from '../../src/db/orders-schema.ts';
import { deleteFromOutbox } from '../../src/db/outbox.ts';
import type { Deps } from '../../src/deps.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { deps } from './book-object.ts';

const ROUNDS = 30;

/**
 * Does all that waits in the outbox, and what follows from it, as the queue would; the queue itself may be at it too.
 * Fails when something still cannot be done after many rounds.
 */
export async function allDone(at: Deps = deps): Promise<void> {
  let lastError: unknown = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const rows = await deps.db.select().from(outbox);
    if (rows.length === 0) return;
    for (const row of rows) {
      try {
        const event = JSON.parse(row.body) as EventEnvelope;
        for (const handle of DOMAIN_EVENT_HANDLERS.get(row.type) ?? []) await handle(at, event);
        await deleteFromOutbox(deps.db, [row.eventId]);
      } catch (error) {
        lastError = error;
      }
    }
  }
  throw new Error('events are left in the outbox', { cause: lastError });
}
