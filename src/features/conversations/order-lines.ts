import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { type ConversationRow, conversationsAbout } from './conversations.repository.ts';
import { postServerMessage } from './post-server-message.ts';

const OrderFacts = z.looseObject({
  order_id: z.string(),
  order_number: z.string(),
  listing_ids: z.array(z.string()).default([]),
  buyer_id: z.string(),
  seller_id: z.string().nullable(),
});
export type OrderFacts = z.infer<typeof OrderFacts>;

const LINES: Record<string, (orderNumber: string) => string> = {
  'order.placed': (number) => `Order ${number} was placed`,
  'order.paid': (number) => `Order ${number} was paid; the payment is held`,
  'order.shipped': (number) => `Order ${number} was shipped`,
  'order.delivered': (number) => `Order ${number} was delivered`,
  'order.completed': (number) => `Order ${number} is completed`,
  'order.cancelled': (number) => `Order ${number} was cancelled`,
  'order.failed': (number) => `Order ${number} failed`,
  'order.refunded': (number) => `Order ${number} was refunded`,
  'order.disputed': (number) => `A problem with order ${number} was reported`,
};
export const ORDER_LINE_EVENTS = Object.keys(LINES);

/** Where the two talk about an order: in a conversation of its own, or in the one about what it sells. */
export async function conversationsOfOrder(
  deps: Deps,
  { order_id, listing_ids, buyer_id, seller_id }: OrderFacts,
): Promise<ConversationRow[]> {
  if (seller_id === null) return [];
  const pair = [buyer_id, seller_id] as const;
  const own = await conversationsAbout(deps.db, { type: 'order', id: order_id }, pair);
  if (own.length > 0) return own;
  const about = await Promise.all(
    listing_ids.slice(0, 2).map((id) => conversationsAbout(deps.db, { type: 'listing', id }, pair)),
  );
  return about.flat().slice(0, 1);
}

/** Says in the conversation about an order how it went on; where nobody talks about it, nothing is said. */
export async function sayOfOrder(deps: Deps, event: EventEnvelope): Promise<void> {
  const facts = OrderFacts.safeParse(event.data);
  const line = LINES[event.type];
  if (!facts.success || line === undefined) return;
  for (const { id } of await conversationsOfOrder(deps, facts.data))
    await postServerMessage(deps, {
      conversationId: id,
      eventId: event.event_id,
      type: 'system',
      text: line(facts.data.order_number),
    });
}
