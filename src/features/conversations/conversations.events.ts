import { z } from 'zod';
import type { Deps, DomainEventHandler, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { applyBlock } from './blocks.usecases.ts';
import { eraseUser } from './erase-user.ts';
import { openConversation } from './open-conversation.ts';
import { conversationsOfOrder, ORDER_LINE_EVENTS, type OrderFacts, sayOfOrder } from './order-lines.ts';
import { addSupport, postServerMessage } from './post-server-message.ts';

const BlockFacts = z.looseObject({ blocker_id: z.string(), blocked_id: z.string() });

const applyBlockOf: DomainEventHandler = async (deps, { data }) => {
  const { blocker_id, blocked_id } = BlockFacts.parse(data);
  await applyBlock(deps, blocker_id, blocked_id);
};

const DisputeFacts = z.looseObject({
  order_id: z.string(),
  order_number: z.string(),
  buyer_id: z.string(),
  seller_id: z.string().nullable(),
  actor_id: z.string().nullable().default(null),
  status: z.string().default(''),
  outcome: z.string().nullable().default(null),
});

/** The conversation about a disputed order: the one that there is, or a new one, also for two who have blocked each other. */
async function conversationOfDispute(
  deps: Deps,
  facts: z.infer<typeof DisputeFacts>,
): Promise<string | null> {
  const { buyer_id, seller_id, order_id } = facts;
  if (seller_id === null) return null;
  const known: OrderFacts = { ...facts, listing_ids: [] };
  const [row] = await conversationsOfOrder(deps, known);
  if (row !== undefined) return row.id;
  const { conversation } = await openConversation(deps, {
    callerId: buyer_id,
    otherUserId: seller_id,
    sellerId: seller_id,
    context: { type: 'order', id: order_id },
    evenIfBlocked: true,
  });
  return conversation.id;
}

const isStaff = ({ buyer_id, seller_id }: z.infer<typeof DisputeFacts>, actorId: string): boolean =>
  actorId.startsWith('usr_') && actorId !== buyer_id && actorId !== seller_id;

const followDispute: DomainEventHandler = async (deps: Deps, event: EventEnvelope) => {
  const parsed = DisputeFacts.safeParse(event.data);
  if (!parsed.success) return;
  const facts = parsed.data;
  const conversationId = await conversationOfDispute(deps, facts);
  if (conversationId === null) return;
  const { actor_id, order_number, outcome } = facts;
  // Whoever takes the case up and is neither of the two comes in to help.
  if (event.type === 'dispute.updated' && actor_id !== null && isStaff(facts, actor_id))
    await addSupport(deps, conversationId, actor_id);
  const text =
    event.type === 'dispute.opened'
      ? `A dispute about order ${order_number} was opened. Support can read this conversation and will join it.`
      : event.type === 'dispute.resolved'
        ? `The dispute about order ${order_number} was resolved${outcome === null ? '' : `: ${outcome.replaceAll('_', ' ')}`}.`
        : null;
  if (text !== null)
    await postServerMessage(deps, { conversationId, eventId: event.event_id, type: 'system', text });
};

/** What the conversations do about what happens elsewhere. */
export const CONVERSATION_HANDLERS: DomainEventHandlers = {
  'user.blocked': applyBlockOf,
  'user.unblocked': applyBlockOf,
  ...Object.fromEntries(ORDER_LINE_EVENTS.map((type) => [type, sayOfOrder])),
  'dispute.opened': followDispute,
  'dispute.updated': followDispute,
  'dispute.resolved': followDispute,
  'account.deleted': async (deps, { data }) => {
    await eraseUser(deps, z.looseObject({ user_id: z.string() }).parse(data).user_id);
  },
};
