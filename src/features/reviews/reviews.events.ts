import { strikes } from '../../db/orders-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { OrderEventData } from '../../domain/orders/order-events.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { leaveProductStatement } from './reviews.repository.ts';

/** The mark that a refund leaves on the seller, by where the order stood; a chargeback is between buyer and bank. */
const MARKS = { disputed: 'dispute_lost', completed: 'refunded_late' } as const;

/**
 * An order that was given back says nothing of its product (C.9): a review that was written before loses its product,
 * and the seller bears a mark, once.
 */
async function onRefunded(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId, seller_id: userId, from } = event.data as OrderEventData;
  const kind = from === 'disputed' || from === 'completed' ? MARKS[from] : null;
  const mark: Statement[] =
    kind === null || userId === null
      ? []
      : [
          deps.db
            .insert(strikes)
            .values({ orderId, kind, userId, at: Date.parse(event.occurred_at) })
            .onConflictDoNothing(),
        ];
  await deps.db.batch([leaveProductStatement(deps.db, orderId, deps.now()), ...mark]);
}

export const REVIEW_HANDLERS: DomainEventHandlers = { 'order.refunded': onRefunded };
