import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { projectConversation } from '../features/conversations/projection.usecases.ts';
import type { ConversationState } from '../platform/conversations/projection.ts';

/** The shape that the projection relies on; the tables refuse a mistyped value, and then the message fails by itself. */
const ConversationStateBody = z.object({
  kind: z.literal('conversation_state'),
  conversation_id: z.string(),
  through_rev: z.int(),
  rev: z.int(),
  participants: z.array(z.unknown()),
  messages: z.array(z.unknown()),
  sent: z.array(z.unknown()),
});

const RETRY_SECONDS = 5;

export const isConversationState = (message: Message): message is Message<ConversationState> =>
  ConversationStateBody.safeParse(message.body).success;

/** Projects what conversations have sent; one that fails is retried by itself, and its object sends it again anyway. */
export async function projectConversations(
  deps: Deps,
  messages: readonly Message<ConversationState>[],
): Promise<void> {
  await Promise.all(
    messages.map(async (message) => {
      try {
        await projectConversation(deps, message.body);
        message.ack();
      } catch (error) {
        deps.log.warn('conversation_projection_failed', {
          conversation_id: message.body.conversation_id,
          attempts: message.attempts,
          error: String(error),
        });
        message.retry({ delaySeconds: RETRY_SECONDS });
      }
    }),
  );
}
