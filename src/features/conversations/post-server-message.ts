import type { Deps } from '../../deps.ts';
import { type Message, messageId, type OfferCard } from '../../domain/chat/conversation.ts';
import { reach } from './reach.ts';

export interface ServerPost {
  conversationId: string;
  /** The event that this is said about: it is said once, however often the event comes. */
  eventId: string;
  type: 'offer' | 'system';
  text: string;
  offerData?: OfferCard;
}

/**
 * Says something in a conversation as the server: an offer card or a line of its own, which no client can forge. Throws
 * `conversation_not_found`.
 */
export async function postServerMessage(
  deps: Deps,
  { conversationId, eventId, type, text, offerData }: ServerPost,
): Promise<{ messageId: string; seq: number }> {
  const said: Message = await reach(deps, conversationId, () =>
    deps.conversations.say(conversationId, { eventId, type, text, offer: offerData ?? null }),
  );
  return { messageId: messageId(conversationId, said.seq), seq: said.seq };
}

/** Lets somebody of support take part, such as when a dispute opens; what was said before they can read. */
export async function addSupport(deps: Deps, conversationId: string, userId: string): Promise<void> {
  await reach(deps, conversationId, () => deps.conversations.admit(conversationId, userId));
}
