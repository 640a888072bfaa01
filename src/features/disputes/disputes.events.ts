import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { Problem } from '../../http/problem.ts';
import { openConversation } from '../conversations/open-conversation.ts';
import { addSupport, postServerMessage } from '../conversations/post-server-message.ts';
import { findDispute } from './disputes.repository.ts';

interface DisputeNews {
  dispute_id: string;
  order_id: string;
  order_number: string;
  buyer_id: string;
  seller_id: string | null;
  outcome: string | null;
}

/** Reasons for which two people have no conversation about their order; the dispute's own thread stays. */
const WITHOUT_CONVERSATION = ['conversation_blocked', 'user_not_found'];

/** The conversation of the two sides about the order, begun if need be; null when there can be none. */
async function conversationOf(deps: Deps, news: DisputeNews): Promise<string | null> {
  if (news.seller_id === null) return null;
  try {
    const { conversation } = await openConversation(deps, {
      callerId: news.buyer_id,
      otherUserId: news.seller_id,
      context: { type: 'order', id: news.order_id },
    });
    return conversation.id;
  } catch (error) {
    if (error instanceof Problem && WITHOUT_CONVERSATION.includes(error.failure.code)) return null;
    throw error;
  }
}

const say = (textOf: (news: DisputeNews) => string) => async (deps: Deps, event: EventEnvelope) => {
  const news = event.data as DisputeNews;
  const conversationId = await conversationOf(deps, news);
  if (conversationId === null) return;
  await postServerMessage(deps, {
    conversationId,
    eventId: event.event_id,
    type: 'system',
    text: textOf(news),
  });
};

/** Whoever of staff has the dispute takes part in the conversation about its order. */
async function letSupportIn(deps: Deps, event: EventEnvelope): Promise<void> {
  const news = event.data as DisputeNews;
  const assigneeId = (await findDispute(deps.db, news.dispute_id))?.assigneeId ?? null;
  if (assigneeId === null) return;
  const conversationId = await conversationOf(deps, news);
  if (conversationId !== null) await addSupport(deps, conversationId, assigneeId);
}

export const DISPUTE_HANDLERS: DomainEventHandlers = {
  'dispute.opened': say(({ order_number }) => `A dispute about order ${order_number} was opened.`),
  'dispute.updated': letSupportIn,
  'dispute.resolved': say(({ order_number }) => `The dispute about order ${order_number} was decided.`),
};
