/** What a row of the order's table can say: its guards, its effects and its events. */
import type { MachineRow } from '../state-machine.ts';
import type { ActorRole, OrderAction, OrderStatus, OrderSupply, TimerKind } from './order.ts';

/** Facts of the order and the clock; `allowed_actions` looks at these. */
export type StateGuard =
  | 'timer_is_due'
  | 'ship_by_not_extended'
  | 'delivery_is_late'
  | 'seller_was_asked'
  | 'holds_this_state'
  | 'is_unshipped'
  | 'completed_recently'
  /** One direction of an exchange waits for the other before its buyer's time to look begins. */
  | 'is_no_swap'
  | 'is_swap'
  /** Goods that are to be authenticated reach their buyer when they have passed. */
  | 'is_verified'
  | 'awaits_other_side'
  | 'may_settle';
/** What the caller must bring along. */
export type InputGuard =
  | 'full_amount'
  | 'reason'
  | 'carrier_and_tracking'
  | 'outcome_release'
  | 'outcome_partial'
  | 'outcome_refund';

/** What else changes with the order, in the same commit. */
export type OrderEffect =
  /** Charge the buyer: a card on file at once, else in the window. */
  | 'request_payment'
  /** Nobody pays for this order any more; a charge that succeeds later is refunded. */
  | 'cancel_payment'
  | 'hold_escrow'
  | 'freeze_escrow'
  | 'unfreeze_escrow'
  /** What is left in escrow goes to the seller and the platform. */
  | 'release_escrow'
  /** Everything the buyer paid and has not had back, fees included. */
  | 'refund_all'
  /** The amount of a partial resolution. */
  | 'refund_part'
  /** A refund of money the seller already has; may leave the balance negative. */
  | 'claw_back'
  /** The card network took the money back: nothing goes to the buyer from here. */
  | 'settle_chargeback'
  | 'create_payout'
  | 'release_reservation'
  | 'consume_reservation'
  | 'relist'
  | 'offer_relist'
  | 'mark_listing_sold'
  /** The counterparty's order returns to the book with its old priority (C.2.6). */
  | 'relink_ask'
  | 'relink_bid'
  | 'strike_buyer'
  | 'strike_seller'
  | 'lower_buyer_reliability'
  | 'await_verification'
  | 'open_dispute'
  | 'close_dispute'
  | 'ask_seller'
  | 'remind_inspection'
  | 'complete_origin'
  | 'fail_origin'
  | 'open_reviews';

/**
 * The orders an effect is for: by where the goods come from, those that ask for authentication, or those of a book whose
 * goods did not pass it.
 */
export type EffectScope = OrderSupply | 'verified' | 'rejected';
/** An effect for every order, or one for some. */
export type RowEffect = OrderEffect | { only: readonly EffectScope[]; effect: OrderEffect };

export type OrderEventType =
  | `order.${Exclude<OrderStatus, 'pending'> | 'placed' | 'resumed' | 'ship_by_extended' | 'address_changed'}`
  | `order.${'inspection_started' | 'inspection_ending' | 'seller_asked' | 'dispute_answered'}`
  | `payment.${'hold_request' | 'held' | 'released'}`;

export interface OrderRow extends MachineRow<OrderStatus, OrderAction, ActorRole> {
  when?: readonly StateGuard[];
  needs?: readonly InputGuard[];
  starts?: readonly TimerKind[];
  stops?: readonly TimerKind[];
  /** A hold stops the clocks; resuming gives each the time it had left. */
  clocks?: 'pause' | 'resume';
  effects: readonly RowEffect[];
  events: readonly OrderEventType[];
}
