/** The next version of an order. Snapshots are handed out, so a change is always a copy. */
import type { CloseReason, OrderState } from './order.ts';

/** How an order ends that is not filled. */
export type ClosedStatus = 'cancelled' | 'expired';

/** A copy for the next version of the order. Written out, since this is on the path of every command. */
export function revise(order: OrderState, atMs: number): OrderState {
  const revised: OrderState = {
    seq: order.seq,
    prioritySeq: order.prioritySeq,
    side: order.side,
    userId: order.userId,
    clientId: order.clientId,
    priceCents: order.priceCents,
    quantity: order.quantity,
    filled: order.filled,
    timeInForce: order.timeInForce,
    postOnly: order.postOnly,
    expiresAtMs: order.expiresAtMs,
    createdAtMs: order.createdAtMs,
    updatedAtMs: atMs,
    status: order.status,
    closeReason: order.closeReason,
    version: order.version + 1,
  };
  if (order.relinks !== undefined) revised.relinks = order.relinks;
  return revised;
}

/** The order's last version: out of the book before it was filled. */
export function closedBy(
  order: OrderState,
  status: ClosedStatus,
  closeReason: CloseReason,
  atMs: number,
): OrderState {
  const closed = revise(order, atMs);
  closed.status = status;
  closed.closeReason = closeReason;
  return closed;
}
