/** The states of a payment (product model C.6). Commands follow the table; what the processor reports only moves forward. */

import type { OrderStatus } from '../orders/order.ts';
import { ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, step } from '../state-machine.ts';

export const PAYMENT_STATUSES = [
  'pending',
  'requires_action',
  'processing',
  'succeeded',
  'partially_refunded',
  'refunded',
  'failed',
  'cancelled',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

export const PAYMENT_ACTIONS = [
  'require_action',
  'process',
  'succeed',
  'fail',
  'retry',
  'cancel',
  'refund_part',
  'refund_rest',
] as const;
export type PaymentAction = (typeof PAYMENT_ACTIONS)[number];

type PaymentRow = MachineRow<PaymentStatus, PaymentAction, 'system'>;

export const PAYMENT_TRANSITIONS: readonly PaymentRow[] = [
  { from: ['pending', 'processing'], to: 'requires_action', action: 'require_action', by: ['system'] },
  { from: ['pending', 'requires_action'], to: 'processing', action: 'process', by: ['system'] },
  // Money that arrives is money, even after a failure or a cancellation: the caller then refunds it.
  {
    from: ['pending', 'requires_action', 'processing', 'failed', 'cancelled'],
    to: 'succeeded',
    action: 'succeed',
    by: ['system'],
  },
  { from: ['pending', 'requires_action', 'processing'], to: 'failed', action: 'fail', by: ['system'] },
  { from: ['failed'], to: 'pending', action: 'retry', by: ['system'] },
  {
    from: ['pending', 'requires_action', 'processing', 'failed'],
    to: 'cancelled',
    action: 'cancel',
    by: ['system'],
  },
  {
    from: ['succeeded', 'partially_refunded'],
    to: 'partially_refunded',
    action: 'refund_part',
    by: ['system'],
  },
  { from: ['succeeded', 'partially_refunded'], to: 'refunded', action: 'refund_rest', by: ['system'] },
];

/** A command of ours. `retry` is for failures that are retryable; the caller knows whether this one is. */
export function advancePayment(
  status: PaymentStatus,
  action: PaymentAction,
): Result<PaymentStatus, MachineRefusal> {
  const row = step(PAYMENT_TRANSITIONS, status, action, 'system');
  return row.ok ? ok(row.value.to) : row;
}

/** How far along a status is: a report of a lower or equal rank is old news (webhooks come in any order). */
export const PAYMENT_RANKS = {
  pending: 0,
  requires_action: 1,
  processing: 2,
  failed: 3,
  cancelled: 4,
  succeeded: 5,
  partially_refunded: 6,
  refunded: 7,
} as const satisfies Record<PaymentStatus, number>;

/**
 * The status after the processor reported one: the further of the two, so that a late webhook never regresses it.
 * `reported` is of the current attempt; what an earlier one reports after a retry belongs to its own row.
 */
export function observePayment(current: PaymentStatus, reported: PaymentStatus): PaymentStatus {
  return PAYMENT_RANKS[reported] > PAYMENT_RANKS[current] ? reported : current;
}

/** The status of a captured payment after refunds of `refundedCents` in all. */
export function statusAfterRefunds(capturedCents: number, refundedCents: number): PaymentStatus {
  if (refundedCents === 0) return 'succeeded';
  return refundedCents < capturedCents ? 'partially_refunded' : 'refunded';
}

/**
 * What to do with a capture the processor reports, by where its order stands: pay a pending order, nothing when the
 * order has been paid by this very payment, and otherwise give the money back (reliability F16).
 */
export function captureDisposition(
  orderStatus: OrderStatus,
  isAlreadyCaptured: boolean,
): 'apply' | 'already_applied' | 'refund' {
  if (isAlreadyCaptured) return 'already_applied';
  return orderStatus === 'pending' ? 'apply' : 'refund';
}
