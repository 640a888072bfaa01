/** Disputes about orders (product model C.10). The money follows the order's own machine: see orders/order-transitions.ts. */
import { ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, rowsFrom, step } from '../state-machine.ts';
import { DAY_MS } from '../time.ts';

export const DISPUTE_STATUSES = [
  'open',
  'in_review',
  'awaiting_seller',
  'awaiting_buyer',
  'resolved',
  'closed',
] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];
export const OPEN_DISPUTE_STATUSES = ['open', 'in_review', 'awaiting_seller', 'awaiting_buyer'] as const;

/** `return_first`: the buyer sends the goods back, then staff decide again. */
export const DISPUTE_OUTCOMES = ['refund_full', 'refund_partial', 'release', 'return_first'] as const;
export type DisputeOutcome = (typeof DISPUTE_OUTCOMES)[number];

export const DISPUTE_ACTIONS = [
  'assign',
  'ask_seller',
  'ask_buyer',
  'answer_as_seller',
  'answer_as_buyer',
  'return_first',
  'resolve',
  'close',
] as const;
export type DisputeAction = (typeof DISPUTE_ACTIONS)[number];

export const DISPUTE_ROLES = ['buyer', 'seller', 'staff', 'system'] as const;
export type DisputeRole = (typeof DISPUTE_ROLES)[number];

export const DISPUTE_TRANSITIONS: readonly MachineRow<DisputeStatus, DisputeAction, DisputeRole>[] = [
  { from: ['open'], to: 'in_review', action: 'assign', by: ['staff'] },
  ...(['in_review', 'awaiting_seller', 'awaiting_buyer'] as const).map((status) => ({
    from: [status],
    to: status,
    action: 'assign' as const,
    by: ['staff'] as const,
  })),
  { from: OPEN_DISPUTE_STATUSES, to: 'awaiting_seller', action: 'ask_seller', by: ['staff'] },
  { from: OPEN_DISPUTE_STATUSES, to: 'awaiting_buyer', action: 'ask_buyer', by: ['staff'] },
  { from: OPEN_DISPUTE_STATUSES, to: 'awaiting_buyer', action: 'return_first', by: ['staff'] },
  { from: ['awaiting_seller'], to: 'in_review', action: 'answer_as_seller', by: ['seller'] },
  { from: ['awaiting_buyer'], to: 'in_review', action: 'answer_as_buyer', by: ['buyer'] },
  { from: OPEN_DISPUTE_STATUSES, to: 'resolved', action: 'resolve', by: ['staff', 'system'] },
  { from: ['resolved'], to: 'closed', action: 'close', by: ['staff', 'system'] },
];

export function nextDisputeStatus(
  status: DisputeStatus,
  action: DisputeAction,
  role: DisputeRole,
): Result<DisputeStatus, MachineRefusal> {
  const row = step(DISPUTE_TRANSITIONS, status, action, role);
  return row.ok ? ok(row.value.to) : row;
}

export const allowedDisputeActions = (status: DisputeStatus, role: DisputeRole): DisputeAction[] => [
  ...new Set(rowsFrom(DISPUTE_TRANSITIONS, status, [role]).map(({ action }) => action)),
];

/** A resolved dispute that nobody touches any more is closed after this. */
export const CLOSES_AFTER_MS = 14 * DAY_MS;

export const DISPUTE_PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;
export type DisputePriority = (typeof DISPUTE_PRIORITIES)[number];

/** From how much time in the queue on a dispute has each priority. */
const PRIORITY_FROM_MS: Record<DisputePriority, number> = {
  low: Number.NEGATIVE_INFINITY,
  medium: 7 * DAY_MS,
  high: 14 * DAY_MS,
  critical: 30 * DAY_MS,
};
/** An amount is worth time in the queue: from 100.00, 500.00 and 2000.00 on. */
const HEAD_STARTS: readonly [fromCents: number, headStartMs: number][] = [
  [200_000, PRIORITY_FROM_MS.critical],
  [50_000, PRIORITY_FROM_MS.high],
  [10_000, PRIORITY_FROM_MS.medium],
];

/**
 * The moment a dispute counts from in the queue: when it was opened, less what its amount is worth. The earliest is the
 * most urgent, so that one sort key holds amount and age.
 */
export function queuedFromMs(amountCents: number, openedAtMs: number): number {
  const headStart = HEAD_STARTS.find(([fromCents]) => amountCents >= fromCents);
  return openedAtMs - (headStart?.[1] ?? 0);
}

/** From amount and age: grows by itself as the dispute gets older. */
export function priorityOf(queuedFrom: number, nowMs: number): DisputePriority {
  const waitedMs = nowMs - queuedFrom;
  return [...DISPUTE_PRIORITIES].reverse().find((priority) => waitedMs >= PRIORITY_FROM_MS[priority])!;
}

/** The span of `queuedFrom` that has a priority at a moment: after `afterMs`, up to and with `upToMs`. */
export function spanOfPriority(
  priority: DisputePriority,
  nowMs: number,
): { afterMs: number; upToMs: number } {
  const next = DISPUTE_PRIORITIES[DISPUTE_PRIORITIES.indexOf(priority) + 1];
  return {
    afterMs: next === undefined ? Number.MIN_SAFE_INTEGER : nowMs - PRIORITY_FROM_MS[next],
    upToMs: priority === 'low' ? Number.MAX_SAFE_INTEGER : nowMs - PRIORITY_FROM_MS[priority],
  };
}
