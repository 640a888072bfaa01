import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { ConversationState } from '../platform/conversations/projection.ts';
import { keepDeadLetters } from './dead-letters.ts';
import { consumeDomainEvents } from './domain-events.ts';
import type { DomainEventMessage } from './outbox.ts';
import { projectBookEvents } from './project-book-events.ts';
import { isConversationState, projectConversations } from './project-conversations.ts';
import { DeliveryBody, sendNotifications } from './send-notifications.ts';

const DomainEventBody = z.object({
  kind: z.literal('domain_events'),
  events: z.array(z.object({ event_id: z.string(), type: z.string() }).loose()),
});

/** The consumer of each queue. A message of a kind that its queue does not know is poison and ends as a dead letter. */
export async function consumeQueue(deps: Deps, batch: MessageBatch): Promise<void> {
  if (batch.queue.endsWith('-dead')) return keepDeadLetters(deps, batch);
  const domainEvents: Message<DomainEventMessage>[] = [];
  const conversations: Message<ConversationState>[] = [];
  const deliveries: Message[] = [];
  const others: Message[] = [];
  for (const message of batch.messages) {
    if (DomainEventBody.safeParse(message.body).success)
      domainEvents.push(message as Message<DomainEventMessage>);
    else if (isConversationState(message)) conversations.push(message);
    else if (DeliveryBody.safeParse(message.body).success) deliveries.push(message);
    else others.push(message);
  }
  if (deliveries.length > 0) await sendNotifications(deps, deliveries);
  if (deliveries.length === batch.messages.length) return;
  if (others.length > 0) await projectBookEvents(deps, batch.queue, others);
  if (conversations.length > 0) await projectConversations(deps, conversations);
  if (domainEvents.length > 0) await consumeDomainEvents(deps, batch.queue, domainEvents);
  // Orders made of matches have events that wait to be sent.
  else await deps.outbox.drain();
}
