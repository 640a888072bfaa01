import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { deliver } from '../features/notifications/deliveries.usecases.ts';

export const DeliveryBody = z.object({ kind: z.literal('delivery'), id: z.string().max(64) });
const RETRY_SECONDS = 5;

/**
 * Each message is one delivery. What a provider refuses comes back by itself and is counted with the delivery; a message
 * is retried only when the work on it broke off, and then its own attempts lead it to the dead letters.
 */
export async function sendNotifications(deps: Deps, messages: readonly Message<unknown>[]): Promise<void> {
  await Promise.all(
    messages.map(async (message) => {
      const { id } = DeliveryBody.parse(message.body);
      try {
        await deliver(deps, id);
        message.ack();
      } catch (error) {
        deps.log.warn('delivery_broke_off', {
          delivery_id: id,
          attempts: message.attempts,
          error: String(error),
        });
        message.retry({ delaySeconds: RETRY_SECONDS * message.attempts });
      }
    }),
  );
}
