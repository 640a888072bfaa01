/** The nouns of an order: its 11 states, where it came from, who acts on it, and what the machine keeps of it. */

/** The 11 states (product model C.4). */
export const ORDER_STATUSES = [
  'pending',
  'paid',
  'processing',
  'shipped',
  'delivered',
  'completed',
  'cancelled',
  'refunded',
  'failed',
  'disputed',
  'on_hold',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Nothing leaves these; `completed` is final except for a refund within 30 days or a lost chargeback. */
export const FINAL_STATUSES = ['cancelled', 'refunded', 'failed'] as const satisfies readonly OrderStatus[];
/** The states that can be put on hold, and resumed to. */
export const HOLDABLE_STATUSES = [
  'paid',
  'processing',
  'shipped',
  'delivered',
] as const satisfies readonly OrderStatus[];
export type HoldableStatus = (typeof HOLDABLE_STATUSES)[number];

export const ORDER_SOURCES = ['match', 'offer', 'buy_now', 'checkout', 'swap'] as const;
export type OrderSource = (typeof ORDER_SOURCES)[number];

/** Where the goods come from: an ask in a book, one person's listing, or the platform's own stock. */
export const ORDER_SUPPLIES = ['book', 'listing', 'stock'] as const;
export type OrderSupply = (typeof ORDER_SUPPLIES)[number];

/** The authentication of the goods: a sub-status, so that the states of an order stay 11 (C.4). */
export const VERIFICATION_STATUSES = [
  'not_required',
  'awaiting_item',
  'in_review',
  'second_review',
  'passed',
  'failed',
  'appealed',
] as const;
export type VerificationStatus = (typeof VERIFICATION_STATUSES)[number];

export const ACTOR_ROLES = ['buyer', 'seller', 'admin', 'support', 'finance', 'system'] as const;
export type ActorRole = (typeof ACTOR_ROLES)[number];

/** Somebody who acts on one order, with the roles they have on it. */
export interface Actor {
  id: string;
  roles: readonly ActorRole[];
}
export const SYSTEM: Actor = { id: 'system', roles: ['system'] };

/** What people can do to an order, by its name in the API. */
export const ORDER_ACTIONS = [
  'confirm',
  'ship',
  'deliver',
  'complete',
  'cancel',
  'dispute',
  'ask-seller',
  'answer-dispute',
  'hold',
  'resume',
  'refund',
  'resolve',
  'extend-ship-by',
  'change-address',
] as const;
/** What happens to an order without anybody asking. */
export const ORDER_TRIGGERS = [
  'payment_succeeded',
  'payment_failed',
  'pay_window_over',
  'ship_by_over',
  'carrier_delivered',
  'inspection_ending',
  'inspection_over',
  'dispute_silence',
  'dispute_over_60_days',
  'fraud_flagged',
  'verification_failed',
  'seller_suspended',
  'chargeback_opened',
  'chargeback_lost',
  'swap_arrived',
  'swap_stopped',
  'swap_failed',
] as const;
export type OrderAction = (typeof ORDER_ACTIONS)[number] | (typeof ORDER_TRIGGERS)[number];

export const TIMER_KINDS = [
  'pay_window',
  'ship_by',
  'inspection_reminder',
  'inspection',
  'dispute_reply',
  'dispute_window',
] as const;
export type TimerKind = (typeof TIMER_KINDS)[number];

/** A running timer has a due time; one paused by a hold keeps the time it had left. */
export type OrderTimer =
  | { kind: TimerKind; state: 'running'; dueAtMs: number }
  | { kind: TimerKind; state: 'paused'; remainingMs: number };

/** What never changes about an order. */
export interface OrderFacts {
  id: string;
  number: string;
  source: OrderSource;
  supply: OrderSupply;
  buyerId: string;
  /** Null when the platform itself sells (catalogue checkout). */
  sellerId: string | null;
  matchId: string | null;
  offerId: string | null;
  /** The first of the listings that are sold. */
  listingId: string | null;
  /** All of them: a swap may give several for one. */
  listingIds: readonly string[];
  /** The exchange that this order is one direction of. */
  swapId: string | null;
  currency: string;
  totalCents: number;
  /** The book asks for authentication before the goods reach the buyer. */
  requiresVerification: boolean;
}

/** An order as its machine sees it. */
export interface OrderState extends OrderFacts {
  status: OrderStatus;
  /** Grows by one with every transition; the first is 1. */
  version: number;
  verification: VerificationStatus;
  /** Where a hold returns to; null when not on hold. */
  resumeTo: HoldableStatus | null;
  timers: readonly OrderTimer[];
  shipByExtended: boolean;
  /** Refunded so far, kept by the payment's refunds: a partial resolution must leave something to release. */
  refundedCents: number;
  shippedAtMs: number | null;
  completedAtMs: number | null;
}

/** One row of an order's history: a chain in which each `from` is the `to` before it. */
export interface HistoryEntry {
  orderId: string;
  version: number;
  /** Null for the first entry. */
  from: OrderStatus | null;
  to: OrderStatus;
  action: OrderAction | 'place';
  actorType: ActorRole;
  actorId: string;
  reason: string | null;
  atMs: number;
}

/**
 * What somebody's permissions make of them here: managing orders is support, refunds are finance, and who has both acts
 * as an admin. Reading alone sees an order and can do nothing to it; null may not even see it.
 */
export function staffRolesOf(permissions: readonly string[]): ActorRole[] | null {
  const manages = permissions.includes('orders.manage');
  const refunds = permissions.includes('refunds.manage');
  if (manages && refunds) return ['admin'];
  if (manages) return ['support'];
  if (refunds) return ['finance'];
  return permissions.includes('orders.read') ? [] : null;
}

/**
 * What a signed-in user is to an order, or null for a stranger, who must not learn that it exists. A party acts as
 * a party only: staff never decide about their own orders. For the platform's own stock an admin is the seller.
 */
export function actorOn(
  order: Pick<OrderFacts, 'buyerId' | 'sellerId'>,
  user: { id: string; permissions: readonly string[] },
): Actor | null {
  if (user.id === order.buyerId) return { id: user.id, roles: ['buyer'] };
  if (user.id === order.sellerId) return { id: user.id, roles: ['seller'] };
  const staff = staffRolesOf(user.permissions);
  if (staff === null) return null;
  return {
    id: user.id,
    roles: order.sellerId === null && staff.includes('admin') ? ['seller', ...staff] : staff,
  };
}
