import { isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import type { ConversationContext } from '../../domain/chat/conversation.ts';
import { newId } from '../../domain/ids.ts';
import { Problem, problem } from '../../http/problem.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import { isBlocked } from './blocks.usecases.ts';
import { type ConversationRow, findByPair, insertConversation } from './conversations.repository.ts';

export interface Opening {
  callerId: string;
  otherUserId: string;
  /** What it is about; the caller of this function has seen to it that both have a part in that. */
  context: ConversationContext;
  /** The one of the two who sells; the other user, unless the context says who. */
  sellerId?: string;
  /** A dispute has to be settled whatever the two think of each other. */
  evenIfBlocked?: boolean;
}

/**
 * Finds or begins the conversation of two users about one thing (SL-01): there is one for each pair and context, whoever
 * asks first. Refuses `self_conversation`, `user_not_found`, and, where none exists yet, `conversation_blocked`.
 */
export async function openConversation(
  deps: Deps,
  { callerId, otherUserId, context, sellerId = otherUserId, evenIfBlocked = false }: Opening,
): Promise<{ conversation: ConversationRow; isNew: boolean }> {
  if (callerId === otherUserId) throw problem('self_conversation', 'You cannot talk to yourself.');
  const known = await findByPair(deps.db, callerId, otherUserId, context);
  if (known !== null) return { conversation: known, isNew: false };
  const other = await readAccount(deps, otherUserId);
  if (!other.ok) throw new Problem(other.error);
  if (!evenIfBlocked && (await isBlocked(deps, callerId, otherUserId)))
    throw problem('conversation_blocked', 'One of you has blocked the other.');
  try {
    await insertConversation(deps.db, {
      id: newId('cnv', deps.random),
      buyerId: sellerId === callerId ? otherUserId : callerId,
      sellerId,
      openedBy: callerId,
      context,
      createdAtMs: deps.now(),
    });
  } catch (error) {
    // Both began at the same moment: the first one stands.
    if (!isUniqueViolation(error)) throw error;
  }
  const conversation = await findByPair(deps.db, callerId, otherUserId, context);
  if (conversation === null) throw problem('unavailable', 'The conversation could not be opened; try again.');
  return { conversation, isNew: conversation.openedBy === callerId };
}

/** What a conversation shall be about, as a client names it; in the souk a product is a listing, and is taken as one. */
export function contextOf(named: {
  product_id?: string | undefined;
  listing_id?: string | undefined;
  order_id?: string | undefined;
  offer_id?: string | undefined;
}): ConversationContext {
  const { product_id, listing_id, order_id, offer_id } = named;
  const listingId = listing_id ?? (product_id?.startsWith('lst_') ? product_id : undefined);
  if (listingId !== undefined) return { type: 'listing', id: listingId };
  if (product_id !== undefined) return { type: 'product', id: product_id };
  if (order_id !== undefined) return { type: 'order', id: order_id };
  if (offer_id !== undefined) return { type: 'offer', id: offer_id };
  return { type: 'none', id: '' };
}
