import type { EventPublisher } from './events.ts';

/** The platform takes at most this many messages, and 256 KB, in one call. */
const MESSAGES_PER_CALL = 2;

/** Messages are packed to nearly the largest size, so few ride in one call. */
export function createQueuePublisher(queue: Queue): EventPublisher {
  return {
    async publish(messages) {
      for (let index = 0; index < messages.length; index += MESSAGES_PER_CALL) {
        await queue.sendBatch(
          messages
            .slice(index, index + MESSAGES_PER_CALL)
            .map((body) => ({ body, contentType: 'json' as const })),
        );
      }
    },
  };
}
