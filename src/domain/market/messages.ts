/** Cutting a book's journal into queue messages. */
import { type BookEvent, type BookIdentity, eventsOf } from './events.ts';
import type { BookRecord } from './record.ts';

export interface EventBundle {
  firstSeq: number;
  lastSeq: number;
  part: number;
  parts: number;
  events: BookEvent[];
}

/** Events in one message: at under a kilobyte each this stays below the platform's 128 KB. */
export const EVENTS_PER_MESSAGE = 100;
/** So many imported trades are as large as one other event. */
const TRADES_PER_EVENT = 20;

/** The size of an event, in ordinary events. */
function weightOf(event: BookEvent): number {
  return event.type === 'history.imported' ? Math.ceil(event.data.trades.length / TRADES_PER_EVENT) : 1;
}

/** Bundles consecutive records; only a record with more events than fit is cut into parts of its own. */
export function bundleEvents(records: readonly BookRecord[], book: BookIdentity): EventBundle[] {
  const bundles: EventBundle[] = [];
  let open: EventBundle | null = null;
  let openWeight = 0;
  for (const record of records) {
    const events = eventsOf(record, book);
    if (events.length > EVENTS_PER_MESSAGE) {
      const parts = Math.ceil(events.length / EVENTS_PER_MESSAGE);
      for (let part = 0; part < parts; part += 1) {
        const some = events.slice(part * EVENTS_PER_MESSAGE, (part + 1) * EVENTS_PER_MESSAGE);
        bundles.push({ firstSeq: record.seq, lastSeq: record.seq, part, parts, events: some });
      }
      open = null;
      continue;
    }
    const weight = events.reduce((sum, event) => sum + weightOf(event), 0);
    if (open !== null && openWeight + weight <= EVENTS_PER_MESSAGE) {
      open.events.push(...events);
      open.lastSeq = record.seq;
      openWeight += weight;
    } else {
      openWeight = weight;
      open = { firstSeq: record.seq, lastSeq: record.seq, part: 0, parts: 1, events };
      bundles.push(open);
    }
  }
  return bundles;
}
