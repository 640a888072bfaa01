import { deadLetters } from '../db/schema.ts';
import type { Deps } from '../deps.ts';

/** Keeps every message that its consumer gave up on, so that a person can read it and send it again (EV-07). */
export async function keepDeadLetters(deps: Deps, batch: MessageBatch): Promise<void> {
  const nowMs = deps.now();
  for (const message of batch.messages) {
    try {
      await deps.db
        .insert(deadLetters)
        .values({
          id: message.id,
          queue: batch.queue.replace(/-dead$/, ''),
          body: JSON.stringify(message.body) ?? 'null',
          reason: 'The consumer refused it on every attempt',
          attempts: message.attempts,
          createdAt: nowMs,
        })
        .onConflictDoNothing();
      message.ack();
      deps.log.error('dead_letter', { queue: batch.queue, message_id: message.id });
    } catch (error) {
      deps.log.error('dead_letter_not_kept', {
        queue: batch.queue,
        message_id: message.id,
        error: String(error),
      });
      message.retry({ delaySeconds: 30 });
    }
  }
}
