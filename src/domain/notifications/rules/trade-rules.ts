/** The book, orders and money. */
import type { EventData } from '../facts.ts';
import { linkTo, type NoticeRule } from './rule.ts';

const BUYER = ['buyer_id'] as const;
const SELLER = ['seller_id'] as const;
const BOTH = ['buyer_id', 'seller_id'] as const;

const isMatch = ({ type }: EventData): boolean => type === 'match';
const isSuccess = ({ success }: EventData): boolean => success === true;
const isFailure = ({ success }: EventData): boolean => success === false;
const ORDER = {
  link: linkTo('/orders/', 'order_id'),
  carries: ['order_id', 'order_number', 'match_id', 'listing_id', 'offer_id'],
} as const;
const BOOK = {
  to: ['user_id'],
  link: linkTo('/products/', 'product_id'),
  carries: ['bid_id', 'ask_id', 'size_id', 'product_id', 'price_cents', 'currency', 'expires_at'],
} as const;
const PAYOUT = {
  to: ['user_id'],
  link: () => '/wallet',
  carries: ['payout_id', 'amount_cents', 'currency'],
} as const;

export const TRADE_RULES: readonly NoticeRule[] = [
  { on: 'bid.outbid', type: 'outbid', template: 'outbid', ...BOOK },
  { on: 'bid.expiring', type: 'bid_expiring', template: 'bid_expiring', ...BOOK },
  { on: 'bid.expired', type: 'bid_expired', template: 'bid_expired', ...BOOK },
  { on: 'ask.expiring', type: 'ask_expiring', template: 'ask_expiring', ...BOOK },
  { on: 'ask.expired', type: 'ask_expired', template: 'ask_expired', ...BOOK },

  { on: 'order.placed', when: isMatch, type: 'match_created', template: 'match_bought', to: BUYER, ...ORDER },
  { on: 'order.placed', when: isMatch, type: 'match_created', template: 'match_sold', to: SELLER, ...ORDER },
  { on: 'order.placed', type: 'order_created', template: 'order_created', to: BUYER, ...ORDER },
  { on: 'order.placed', type: 'order_created', template: 'order_received', to: SELLER, ...ORDER },
  {
    on: 'payment.completed',
    when: isSuccess,
    type: 'payment_succeeded',
    template: 'payment_succeeded',
    to: BUYER,
    ...ORDER,
  },
  { on: 'order.paid', type: 'order_paid', template: 'order_paid', to: SELLER, ...ORDER },
  { on: 'payment.held', type: 'payment_held', template: 'payment_held', to: SELLER, ...ORDER },
  { on: 'order.processing', type: 'order_processing', template: 'order_processing', to: BUYER, ...ORDER },
  {
    on: 'order.ship_by_extended',
    type: 'order_processing',
    template: 'ship_by_extended',
    to: BUYER,
    ...ORDER,
  },
  {
    on: 'order.ship_by_ending',
    type: 'ship_by_reminder',
    template: 'ship_by_reminder',
    to: SELLER,
    ...ORDER,
  },
  { on: 'order.shipped', type: 'order_shipped', template: 'order_shipped', to: BUYER, ...ORDER },
  { on: 'order.delivered', type: 'order_delivered', template: 'order_delivered', to: BUYER, ...ORDER },
  { on: 'order.delivered', type: 'order_delivered', template: 'order_arrived', to: SELLER, ...ORDER },
  {
    on: 'order.inspection_ending',
    type: 'order_delivered',
    template: 'inspection_ending',
    to: BUYER,
    ...ORDER,
  },
  { on: 'order.completed', type: 'order_completed', template: 'order_completed', to: BOTH, ...ORDER },
  { on: 'order.cancelled', type: 'order_cancelled', template: 'order_cancelled', to: BOTH, ...ORDER },
  {
    on: 'payment.completed',
    when: isFailure,
    type: 'payment_failed',
    template: 'payment_failed',
    to: BUYER,
    ...ORDER,
  },
  { on: 'order.failed', type: 'order_cancelled', template: 'order_closed', to: BUYER, ...ORDER },
  { on: 'order.failed', type: 'order_cancelled', template: 'order_unpaid', to: SELLER, ...ORDER },
  { on: 'order.on_hold', type: 'order_on_hold', template: 'order_on_hold', to: BOTH, ...ORDER },
  { on: 'order.resumed', type: 'order_on_hold', template: 'order_resumed', to: BOTH, ...ORDER },
  { on: 'order.refunded', type: 'refund_issued', template: 'order_refunded', to: SELLER, ...ORDER },
  { on: 'refund.succeeded', type: 'refund_issued', template: 'refund_issued', to: BUYER, ...ORDER },
  { on: 'payment.released', type: 'payment_released', template: 'payment_released', to: SELLER, ...ORDER },
  { on: 'payout.paid', type: 'payout_completed', template: 'payout_completed', ...PAYOUT },
  { on: 'payout.failed', type: 'payout_failed', template: 'payout_failed', ...PAYOUT },
  { on: 'payout.reversed', type: 'payout_failed', template: 'payout_failed', ...PAYOUT },

  { on: 'verification.passed', type: 'verification_approved', template: 'goods_passed', to: BOTH, ...ORDER },
  {
    on: 'verification.failed',
    type: 'verification_rejected',
    template: 'goods_failed',
    to: BUYER,
    ...ORDER,
  },
  {
    on: 'verification.failed',
    type: 'verification_rejected',
    template: 'goods_refused',
    to: SELLER,
    ...ORDER,
  },

  { on: 'dispute.opened', type: 'dispute_opened', template: 'dispute_opened', to: BOTH, ...ORDER },
  {
    on: 'dispute.updated',
    type: 'dispute_updated',
    template: 'dispute_updated',
    to: BOTH,
    notTo: 'actor_id',
    ...ORDER,
  },
  { on: 'dispute.resolved', type: 'dispute_resolved', template: 'dispute_resolved', to: BOTH, ...ORDER },
];
