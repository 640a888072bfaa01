/** The life of one refund (product model C.6). */
import { type Cents, cents } from '../money.ts';
import { ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, step } from '../state-machine.ts';

export const REFUND_STATUSES = ['requested', 'approved', 'processing', 'succeeded', 'failed'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];
export const REFUND_ACTIONS = ['approve', 'process', 'succeed', 'fail', 'retry'] as const;
export type RefundAction = (typeof REFUND_ACTIONS)[number];
export const REFUND_ROLES = ['system', 'finance', 'admin'] as const;
export type RefundRole = (typeof REFUND_ROLES)[number];

export const REFUND_REASONS = [
  'order_cancelled',
  'ship_by_missed',
  'dispute',
  'seller_goodwill',
  'finance_decision',
  'late_payment',
  'chargeback',
] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

/**
 * A refund counts against the payment from its approval on. One that fails at the processor stays owed (it sits in
 * the `refunds` account) until a retry delivers it: the buyer's money never goes back to escrow.
 */
export const REFUND_TRANSITIONS: readonly MachineRow<RefundStatus, RefundAction, RefundRole>[] = [
  { from: ['requested'], to: 'approved', action: 'approve', by: REFUND_ROLES },
  { from: ['approved'], to: 'processing', action: 'process', by: ['system'] },
  { from: ['processing'], to: 'succeeded', action: 'succeed', by: ['system'] },
  { from: ['processing'], to: 'failed', action: 'fail', by: ['system'] },
  { from: ['failed'], to: 'processing', action: 'retry', by: REFUND_ROLES },
];

export function advanceRefund(
  status: RefundStatus,
  action: RefundAction,
  role: RefundRole,
): Result<RefundStatus, MachineRefusal> {
  const row = step(REFUND_TRANSITIONS, status, action, role);
  return row.ok ? ok(row.value.to) : row;
}

/** What the processor reports only moves forward: a success is final, a failure may still become one. */
export const REFUND_RANKS = {
  requested: 0,
  approved: 1,
  processing: 2,
  failed: 3,
  succeeded: 4,
} as const satisfies Record<RefundStatus, number>;

export function observeRefund(current: RefundStatus, reported: RefundStatus): RefundStatus {
  return REFUND_RANKS[reported] > REFUND_RANKS[current] ? reported : current;
}

/** What can still be refunded of a payment. Refunds that failed stay owed, so they count like the others. */
export function refundableCents(
  capturedCents: number,
  refunds: readonly { status: RefundStatus; amountCents: number }[],
): Cents {
  const owed = refunds.filter((refund) => refund.status !== 'requested');
  return cents(capturedCents - owed.reduce((sum, refund) => sum + refund.amountCents, 0));
}
