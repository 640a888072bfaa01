import type { Deps } from '../../deps.ts';
import type { Block } from '../../domain/chat/thread.ts';
import { problem } from '../../http/problem.ts';
import type { Reached } from '../../platform/conversations/conversations.ts';
import { blocksBetween, findConversation } from './conversations.repository.ts';

const CONVERSATION_ID = /^cnv_[0-9a-hjkmnp-tv-z]{16}$/;

export const conversationNotFound = () =>
  problem('conversation_not_found', 'There is no such conversation, or it is not yours.');

/**
 * Calls the object of a conversation. One that was never called before knows nothing yet: then, and only then, it is
 * told from D1 what it is about. Throws `conversation_not_found` when there is none.
 */
export async function reach<T>(
  deps: Deps,
  conversationId: string,
  call: () => Promise<Reached<T>>,
): Promise<T> {
  if (!CONVERSATION_ID.test(conversationId)) throw conversationNotFound();
  const answer = await call();
  if (answer !== null) return answer;
  await configure(deps, conversationId);
  const second = await call();
  if (second === null) throw problem('unavailable', 'The conversation could not be opened; try again.');
  return second;
}

/** Tells an object what its conversation is about, and who has blocked whom. */
export async function configure(deps: Deps, conversationId: string): Promise<void> {
  const row = await findConversation(deps.db, conversationId);
  if (row === null) throw conversationNotFound();
  const { buyerId, sellerId, contextType, contextId } = row;
  const blocks: Block[] = (await blocksBetween(deps.db, buyerId, sellerId)).map(
    ({ updatedAt: _, ...block }) => block,
  );
  await deps.conversations.configure({
    conversationId,
    context: { type: contextType, id: contextId },
    buyerId,
    sellerId,
    blocks,
  });
}
