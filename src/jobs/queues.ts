import type { Deps } from '../deps.ts';
import { keepDeadLetters } from './dead-letters.ts';
import { projectBookEvents } from './project-book-events.ts';

/** The consumer of each queue. A message of a kind that its queue does not know is poison and ends as a dead letter. */
export async function consumeQueue(deps: Deps, batch: MessageBatch): Promise<void> {
  if (batch.queue.endsWith('-dead')) return keepDeadLetters(deps, batch);
  return projectBookEvents(deps, batch);
}
