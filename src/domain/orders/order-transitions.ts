/**
 * Every transition of an order, and no other (product model C.4). A row says who may take it, what must hold, which
 * timers start and stop, what must be done in the same commit and which events tell of it. Rows of one action are
 * tried in table order. Admins may do what support and finance may (C.1).
 */
import { type ActorRole, HOLDABLE_STATUSES, TIMER_KINDS } from './order.ts';
import type { EffectScope, OrderEffect, OrderRow, RowEffect } from './order-row.ts';

const SUPPORT = ['support', 'admin'] as const satisfies readonly ActorRole[];
const FINANCE = ['finance', 'admin'] as const satisfies readonly ActorRole[];
const STAFF = ['support', 'finance', 'admin'] as const satisfies readonly ActorRole[];

const only = (scope: EffectScope, effect: OrderEffect): RowEffect => ({ only: [scope], effect });
/** The platform gives itself no strikes. */
const strikeSeller: RowEffect = { only: ['book', 'listing'], effect: 'strike_seller' };

/** The goods are free again: stock on the shelf, the listing in the window. */
const FREE_GOODS = [only('stock', 'release_reservation'), only('listing', 'relist')];
/** The same when the seller did not deliver: the listing stays away until its owner brings it back. */
const FREE_STOCK = [only('stock', 'release_reservation'), only('listing', 'offer_relist')];
const SETTLE: readonly RowEffect[] = [
  'release_escrow',
  { only: ['book', 'listing'], effect: 'create_payout' },
  'open_reviews',
  'complete_origin',
];
const UNDO_PAID: readonly RowEffect[] = ['refund_all', 'fail_origin'];
const UNDO_FROZEN: readonly RowEffect[] = ['unfreeze_escrow', ...UNDO_PAID];
const SETTLED_EVENTS = ['order.completed', 'payment.released'] as const;

/** Rows that differ only in who or what takes them. */
type Edge = Omit<OrderRow, 'action' | 'by'>;
const UNPAID: Edge = {
  from: ['pending'],
  to: 'failed',
  stops: ['pay_window'],
  effects: [
    'cancel_payment',
    'fail_origin',
    ...FREE_GOODS,
    only('book', 'relink_ask'),
    only('listing', 'lower_buyer_reliability'),
  ],
  events: ['order.failed'],
};
const DELIVERED: Edge = { from: ['shipped'], to: 'delivered', effects: [], events: ['order.delivered'] };
const ARRIVED: Edge = {
  ...DELIVERED,
  when: ['is_no_swap', 'is_verified'],
  starts: ['inspection_reminder', 'inspection'],
};
/** The time to look begins when both sides of an exchange have what they swapped for: `swap_arrived`. */
const ARRIVED_OF_SWAP: Edge = { ...DELIVERED, when: ['is_swap'] };
const ACCEPTED: Edge = {
  from: ['delivered'],
  to: 'completed',
  stops: ['inspection_reminder', 'inspection'],
  effects: SETTLE,
  events: SETTLED_EVENTS,
};
const DISPUTE_LOST: Edge = {
  from: ['disputed'],
  to: 'refunded',
  stops: ['dispute_reply', 'dispute_window'],
  effects: ['close_dispute', ...UNDO_FROZEN, only('listing', 'offer_relist')],
  events: ['order.refunded'],
};
/** However far it is, unless it is settled. */
const SWAP_FAILED = {
  action: 'swap_failed',
  by: ['system'],
  when: ['is_swap'],
  stops: TIMER_KINDS,
} as const satisfies Partial<OrderRow>;
const HELD: Edge = {
  from: HOLDABLE_STATUSES,
  to: 'on_hold',
  clocks: 'pause',
  effects: ['freeze_escrow'],
  events: ['order.on_hold'],
};

const edges: OrderRow[] = [
  // Paying
  {
    from: ['pending'],
    to: 'paid',
    action: 'payment_succeeded',
    by: ['system'],
    needs: ['full_amount'],
    stops: ['pay_window'],
    starts: ['ship_by'],
    effects: ['hold_escrow', only('listing', 'mark_listing_sold')],
    events: ['order.paid', 'payment.held'],
  },
  { ...UNPAID, action: 'payment_failed', by: ['system'] },
  { ...UNPAID, action: 'pay_window_over', by: ['system'], when: ['timer_is_due'] },
  {
    from: ['pending'],
    to: 'cancelled',
    action: 'cancel',
    by: ['buyer'],
    needs: ['reason'],
    stops: ['pay_window'],
    effects: [
      'cancel_payment',
      'fail_origin',
      ...FREE_GOODS,
      only('book', 'relink_ask'),
      only('book', 'strike_buyer'),
    ],
    events: ['order.cancelled'],
  },
  {
    from: ['pending'],
    to: 'cancelled',
    action: 'cancel',
    by: ['seller'],
    needs: ['reason'],
    stops: ['pay_window'],
    effects: [
      'cancel_payment',
      'fail_origin',
      ...FREE_GOODS,
      only('book', 'relink_bid'),
      only('book', 'strike_seller'),
    ],
    events: ['order.cancelled'],
  },
  {
    // By itself the house cancels what a buyer who is barred can no longer pay.
    from: ['pending'],
    to: 'cancelled',
    action: 'cancel',
    by: ['admin', 'system'],
    needs: ['reason'],
    stops: ['pay_window'],
    effects: ['cancel_payment', 'fail_origin', ...FREE_GOODS],
    events: ['order.cancelled'],
  },

  // Preparing and sending
  {
    from: ['paid'],
    to: 'processing',
    action: 'confirm',
    by: ['seller'],
    effects: [],
    events: ['order.processing'],
  },
  {
    from: ['paid', 'processing'],
    to: 'shipped',
    action: 'ship',
    by: ['seller'],
    needs: ['carrier_and_tracking'],
    stops: ['ship_by'],
    effects: [only('stock', 'consume_reservation'), only('verified', 'await_verification')],
    events: ['order.shipped'],
  },
  {
    from: ['paid'],
    to: 'cancelled',
    action: 'cancel',
    by: ['buyer'],
    needs: ['reason'],
    stops: ['ship_by'],
    effects: [...UNDO_PAID, ...FREE_GOODS, only('book', 'relink_ask')],
    events: ['order.cancelled'],
  },
  {
    from: ['paid', 'processing'],
    to: 'cancelled',
    action: 'cancel',
    by: ['seller'],
    needs: ['reason'],
    stops: ['ship_by'],
    effects: [...UNDO_PAID, ...FREE_STOCK, strikeSeller],
    events: ['order.cancelled'],
  },
  {
    from: ['paid', 'processing'],
    to: 'cancelled',
    action: 'cancel',
    by: ['admin'],
    needs: ['reason'],
    stops: ['ship_by'],
    effects: [...UNDO_PAID, ...FREE_GOODS],
    events: ['order.cancelled'],
  },
  {
    from: ['paid', 'processing'],
    to: 'cancelled',
    action: 'ship_by_over',
    by: ['system'],
    when: ['timer_is_due'],
    stops: ['ship_by'],
    effects: [...UNDO_PAID, ...FREE_STOCK, strikeSeller],
    events: ['order.cancelled'],
  },
  {
    from: ['paid'],
    to: 'refunded',
    action: 'refund',
    by: FINANCE,
    needs: ['reason'],
    stops: ['ship_by'],
    effects: [...UNDO_PAID, ...FREE_GOODS],
    events: ['order.refunded'],
  },

  // Arriving
  { ...ARRIVED, action: 'deliver', by: ['buyer', 'admin'] },
  { ...ARRIVED, action: 'carrier_delivered', by: ['system'] },
  { ...ARRIVED_OF_SWAP, action: 'deliver', by: ['buyer', 'admin'] },
  { ...ARRIVED_OF_SWAP, action: 'carrier_delivered', by: ['system'] },
  {
    from: ['shipped'],
    to: 'disputed',
    action: 'dispute',
    by: ['buyer'],
    when: ['delivery_is_late'],
    needs: ['reason'],
    starts: ['dispute_window'],
    effects: ['freeze_escrow', 'open_dispute'],
    events: ['order.disputed'],
  },
  { ...ACCEPTED, action: 'complete', by: ['buyer', ...FINANCE], when: ['may_settle'] },
  { ...ACCEPTED, action: 'inspection_over', by: ['system'], when: ['timer_is_due'] },
  {
    from: ['delivered'],
    to: 'disputed',
    action: 'dispute',
    by: ['buyer', ...SUPPORT],
    needs: ['reason'],
    stops: ['inspection_reminder', 'inspection'],
    starts: ['dispute_window'],
    effects: ['freeze_escrow', 'open_dispute'],
    events: ['order.disputed'],
  },

  // Disputes
  {
    from: ['disputed'],
    to: 'completed',
    action: 'resolve',
    by: STAFF,
    needs: ['outcome_release'],
    stops: ['dispute_reply', 'dispute_window'],
    effects: ['unfreeze_escrow', 'close_dispute', ...SETTLE],
    events: SETTLED_EVENTS,
  },
  {
    from: ['disputed'],
    to: 'completed',
    action: 'resolve',
    by: STAFF,
    needs: ['outcome_partial'],
    stops: ['dispute_reply', 'dispute_window'],
    effects: ['unfreeze_escrow', 'close_dispute', 'refund_part', ...SETTLE],
    events: SETTLED_EVENTS,
  },
  { ...DISPUTE_LOST, action: 'resolve', by: STAFF, needs: ['outcome_refund'] },
  { ...DISPUTE_LOST, action: 'dispute_silence', by: ['system'], when: ['timer_is_due'] },
  { ...DISPUTE_LOST, action: 'dispute_over_60_days', by: ['system'], when: ['timer_is_due'] },

  // Holds
  { ...HELD, action: 'hold', by: SUPPORT, needs: ['reason'] },
  { ...HELD, action: 'fraud_flagged', by: ['system'] },
  { ...HELD, action: 'verification_failed', by: ['system'] },
  { ...HELD, action: 'seller_suspended', by: ['system'] },
  { ...HELD, action: 'chargeback_opened', by: ['system'] },
  { ...HELD, action: 'swap_stopped', by: ['system'], when: ['is_swap'] },
  ...HOLDABLE_STATUSES.map(
    (to): OrderRow => ({
      from: ['on_hold'],
      to,
      action: 'resume',
      by: [...SUPPORT, 'system'],
      when: ['holds_this_state'],
      clocks: 'resume',
      effects: ['unfreeze_escrow'],
      events: ['order.resumed'],
    }),
  ),
  {
    from: ['on_hold'],
    to: 'cancelled',
    action: 'cancel',
    by: STAFF,
    when: ['is_unshipped'],
    needs: ['reason'],
    stops: TIMER_KINDS,
    effects: [...UNDO_FROZEN, ...FREE_GOODS],
    events: ['order.cancelled'],
  },
  {
    from: ['on_hold'],
    to: 'refunded',
    action: 'refund',
    by: STAFF,
    when: ['is_unshipped'],
    needs: ['reason'],
    stops: TIMER_KINDS,
    effects: [...UNDO_FROZEN, ...FREE_GOODS],
    events: ['order.refunded'],
  },
  {
    from: ['on_hold'],
    to: 'refunded',
    action: 'refund',
    by: STAFF,
    needs: ['reason'],
    stops: TIMER_KINDS,
    // Goods that did not pass: the buyer's order goes back to the book at its own price (C.2.6).
    effects: [
      ...UNDO_FROZEN,
      only('listing', 'offer_relist'),
      only('rejected', 'relink_bid'),
      only('rejected', 'strike_seller'),
    ],
    events: ['order.refunded'],
  },

  // One direction of an exchange came to nothing: so does the other, and its cash goes back.
  {
    ...SWAP_FAILED,
    from: ['pending'],
    to: 'cancelled',
    effects: ['cancel_payment', 'fail_origin', ...FREE_GOODS],
    events: ['order.cancelled'],
  },
  {
    ...SWAP_FAILED,
    from: ['paid', 'processing'],
    to: 'cancelled',
    effects: [...UNDO_PAID, ...FREE_GOODS],
    events: ['order.cancelled'],
  },
  {
    ...SWAP_FAILED,
    from: ['on_hold'],
    to: 'cancelled',
    when: ['is_swap', 'is_unshipped'],
    effects: [...UNDO_FROZEN, ...FREE_GOODS],
    events: ['order.cancelled'],
  },
  {
    ...SWAP_FAILED,
    from: ['shipped', 'delivered'],
    to: 'refunded',
    effects: [...UNDO_PAID, only('listing', 'offer_relist')],
    events: ['order.refunded'],
  },
  {
    ...SWAP_FAILED,
    from: ['on_hold'],
    to: 'refunded',
    effects: [...UNDO_FROZEN, only('listing', 'offer_relist')],
    events: ['order.refunded'],
  },
  {
    ...SWAP_FAILED,
    from: ['disputed'],
    to: 'refunded',
    effects: ['close_dispute', ...UNDO_FROZEN, only('listing', 'offer_relist')],
    events: ['order.refunded'],
  },

  // After the fact
  {
    from: ['completed'],
    to: 'refunded',
    action: 'refund',
    by: ['seller', ...FINANCE],
    when: ['completed_recently'],
    needs: ['reason'],
    effects: ['claw_back', only('listing', 'offer_relist')],
    events: ['order.refunded'],
  },
  // A lost chargeback ends every order whose money it took back, however it stands: the edges are those above.
  {
    from: ['on_hold'],
    to: 'refunded',
    action: 'chargeback_lost',
    by: ['system'],
    when: ['is_unshipped'],
    stops: TIMER_KINDS,
    effects: ['settle_chargeback', 'fail_origin', ...FREE_GOODS],
    events: ['order.refunded'],
  },
  {
    from: ['on_hold', 'disputed', 'completed'],
    to: 'refunded',
    action: 'chargeback_lost',
    by: ['system'],
    stops: TIMER_KINDS,
    effects: ['settle_chargeback', 'fail_origin'],
    events: ['order.refunded'],
  },
];

/** Moves that leave the state as it is and change a clock or ask something: they have history and events too. */
const moves: OrderRow[] = [
  ...(['paid', 'processing'] as const).map(
    (status): OrderRow => ({
      from: [status],
      to: status,
      action: 'extend-ship-by',
      by: ['seller'],
      when: ['ship_by_not_extended'],
      effects: [],
      events: ['order.ship_by_extended'],
    }),
  ),
  // The parcel goes where the buyer says, until it has left.
  ...(['pending', 'paid', 'processing'] as const).map(
    (status): OrderRow => ({
      from: [status],
      to: status,
      action: 'change-address',
      by: ['buyer'],
      effects: [],
      events: ['order.address_changed'],
    }),
  ),
  {
    from: ['delivered'],
    to: 'delivered',
    action: 'swap_arrived',
    by: ['system'],
    when: ['awaits_other_side'],
    starts: ['inspection_reminder', 'inspection'],
    effects: [],
    events: ['order.inspection_started'],
  },
  {
    from: ['delivered'],
    to: 'delivered',
    action: 'inspection_ending',
    by: ['system'],
    when: ['timer_is_due'],
    stops: ['inspection_reminder'],
    effects: ['remind_inspection'],
    events: ['order.inspection_ending'],
  },
  {
    from: ['disputed'],
    to: 'disputed',
    action: 'ask-seller',
    by: SUPPORT,
    starts: ['dispute_reply'],
    effects: ['ask_seller'],
    events: ['order.seller_asked'],
  },
  {
    from: ['disputed'],
    to: 'disputed',
    action: 'answer-dispute',
    by: ['seller'],
    when: ['seller_was_asked'],
    stops: ['dispute_reply'],
    effects: [],
    events: ['order.dispute_answered'],
  },
];

export const ORDER_TRANSITIONS: readonly OrderRow[] = [...edges, ...moves];
