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
  /** That of the state, kept beside it so that a queue is searched without a look at the orders. */
  readonly prioritySeq: number;
  /** The queue of its price. */
  level: Level | null;
  previous: RestingOrder | null;
  next: RestingOrder | null;
  /** The orders of its user, in no particular order. */
  readonly account: Account;
  previousOfAccount: RestingOrder | null;
  nextOfAccount: RestingOrder | null;
  /** The hour whose list the order waits in to expire; null when it is near enough to be in the heap. */
  expiryHour: ExpiryHour | null;
  /** Where that list or the heap keeps the order, when it has an expiry. */
  expiryIndex: number;
}

/** The orders that expire within one hour, in no particular order. */
export interface ExpiryHour {
  /** Whole hours since 1970. */
  readonly number: number;
  readonly orders: RestingOrder[];
}

/** A user with resting orders. */
export interface Account {
  readonly userId: string;
  orderCount: number;
  first: RestingOrder | null;
}

/** A node for the order, linked to nothing yet but its account. */
export function nodeFor(state: OrderState, account: Account): RestingOrder {
  return {
    state,
    prioritySeq: state.prioritySeq,
    level: null,
    previous: null,
    next: null,
    account,
    previousOfAccount: null,
    nextOfAccount: null,
    expiryHour: null,
    expiryIndex: -1,
  };
}

/** True when the order's expiry has come: it no longer trades, even while it still sits in the book. */
export function isDue(order: RestingOrder, nowMs: number): boolean {
  const { expiresAtMs } = order.state;
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}
