/** How long each step of an order may take (product model C.4). */
import { addBusinessDays, DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts';
import type { OrderSource, OrderState, OrderSupply, TimerKind } from './order.ts';

/** Time to pay, by what made the order. */
export const PAY_WINDOW_MS = {
  match: HOUR_MS,
  buy_now: 15 * MINUTE_MS,
  checkout: 15 * MINUTE_MS,
  offer: 24 * HOUR_MS,
  swap: 24 * HOUR_MS,
} as const satisfies Record<OrderSource, number>;

/** Goods promised by an ask or by the platform's stock leave in two working days. */
export const SHIP_BY_BUSINESS_DAYS = 2;
/** A private seller of a listing has five days of any kind. */
export const SHIP_BY_LISTING_MS = 5 * DAY_MS;
/** Asked once, before the deadline. */
export const SHIP_BY_EXTENSION_MS = 24 * HOUR_MS;

export const INSPECTION_MS = 3 * DAY_MS;
export const INSPECTION_REMINDER_MS = 2 * DAY_MS;
/** A parcel that has not arrived may be disputed after this. */
export const DELIVERY_PATIENCE_MS = 10 * DAY_MS;
/** A seller who has been asked answers within this, or the buyer is refunded. */
export const DISPUTE_REPLY_MS = 3 * DAY_MS;
/** A dispute nobody decides ends in a refund. */
export const DISPUTE_WINDOW_MS = 60 * DAY_MS;
/** A completed order can be refunded until this long after. */
export const REFUND_AFTER_COMPLETION_MS = 30 * DAY_MS;

export function shipByMs(supply: OrderSupply, paidAtMs: number): number {
  return supply === 'listing'
    ? paidAtMs + SHIP_BY_LISTING_MS
    : addBusinessDays(paidAtMs, SHIP_BY_BUSINESS_DAYS);
}

/** When a timer that starts now falls due. */
export function timerDueMs(
  kind: TimerKind,
  order: Pick<OrderState, 'source' | 'supply'>,
  nowMs: number,
): number {
  switch (kind) {
    case 'pay_window':
      return nowMs + PAY_WINDOW_MS[order.source];
    case 'ship_by':
      return shipByMs(order.supply, nowMs);
    case 'inspection_reminder':
      return nowMs + INSPECTION_REMINDER_MS;
    case 'inspection':
      return nowMs + INSPECTION_MS;
    case 'dispute_reply':
      return nowMs + DISPUTE_REPLY_MS;
    case 'dispute_window':
      return nowMs + DISPUTE_WINDOW_MS;
  }
}
