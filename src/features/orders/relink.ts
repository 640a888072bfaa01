import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { bookOrders, matches } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { parseSequencedId } from '../../domain/ids.ts';
import { projectedOrder } from '../market/orders.usecases.ts';

const Request = z.object({ match_id: z.string(), side: z.enum(['bid', 'ask']) });

/**
 * Handler of `order.relink_request`: the order of the party who kept their word goes back to the book with the place it
 * had, and may match again (C.2.6). Throws when the book does not take orders now, so that the event comes again.
 */
export async function relinkMatch(deps: Deps, event: EventEnvelope): Promise<void> {
  const { match_id: matchId, side } = Request.parse(event.data);
  const named = parseSequencedId('mat', matchId);
  const [match] = await deps.db.select().from(matches).where(eq(matches.id, matchId));
  if (named === null || !match) throw new Error(`there is no match ${matchId}`);
  const orderId = side === 'bid' ? match.bidId : match.askId;
  const [row] = await deps.db.select().from(bookOrders).where(eq(bookOrders.id, orderId));
  if (!row) throw new Error(`order ${orderId} of match ${matchId} is not projected`);
  const answer = await deps.books.relink(named.bookKey, {
    matchNumber: named.sequence,
    quantity: match.quantity,
    order: projectedOrder(row),
    correlationId: event.correlation_id,
  });
  if (answer === 'not_now') throw new Error(`the book of match ${matchId} takes no orders now`);
  deps.log.info('match_relinked', { match_id: matchId, order_id: orderId, answer });
}
