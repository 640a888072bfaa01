import type { EventEnvelope } from '../../src/domain/events.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { allDone } from './domain-events.ts';

/** Listens to events of a type from now on: what was told so far, each once, after all that waits has been done. */
export function listenTo(type: string): () => Promise<EventEnvelope<string, Record<string, unknown>>[]> {
  const heard = new Map<string, EventEnvelope<string, Record<string, unknown>>>();
  DOMAIN_EVENT_HANDLERS.set(type, [
    ...(DOMAIN_EVENT_HANDLERS.get(type) ?? []),
    async (_, event) => {
      heard.set(event.event_id, event as EventEnvelope<string, Record<string, unknown>>);
    },
  ]);
  return async () => {
    await allDone();
    return [...heard.values()];
  };
}
