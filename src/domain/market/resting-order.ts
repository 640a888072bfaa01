/** The nodes a book is made of: an order at rest, the level it queues in, and the account it belongs to. */
import type { OrderState, Side } from './order.ts';

/** One price and its queue, first come first served. */
export interface Level {
  readonly side: Side;
  readonly priceCents: number;
  quantity: number;
  orderCount: number;
  head: RestingOrder | null;
  tail: RestingOrder | null;
  /** The last command that touched this level, so that each command lists it once. */
  touchedSeq: number;
}

/**
 * An order's place in the book. An order that leaves takes its node with it (`level` is null from then on); one that
 * comes back gets a new node.
 */
export interface RestingOrder {
  state: OrderState;
  readonly expiresAtMs: number | null;
  readonly account: Account;
  level: Level | null;
  previous: RestingOrder | null;
  next: RestingOrder | null;
  /** Where the expiry heap keeps the order, when it has an expiry. */
  expiryIndex: number;
}

/** A user with resting orders, in no particular order. */
export interface Account {
  readonly userId: string;
  readonly orders: RestingOrder[];
}

/** True when the order's expiry has come: it no longer trades, even while it still sits in the book. */
export function isDue(order: RestingOrder, nowMs: number): boolean {
  return order.expiresAtMs !== null && order.expiresAtMs <= nowMs;
}
