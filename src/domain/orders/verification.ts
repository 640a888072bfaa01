/** Authentication of the goods, a sub-status of an order (product model C.4). */
import { ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, rowsFrom, step } from '../state-machine.ts';
import type { OrderAction, VerificationStatus } from './order.ts';

/** `system` starts it as the parcel leaves; authenticators look; the seller may appeal once against a failure. */
export const VERIFICATION_ROLES = ['system', 'authenticator', 'seller'] as const;
export type VerificationRole = (typeof VERIFICATION_ROLES)[number];

export const VERIFICATION_ACTIONS = [
  'require',
  'receive',
  'pass',
  'fail',
  'ask_second_review',
  'appeal',
] as const;
export type VerificationAction = (typeof VERIFICATION_ACTIONS)[number];

interface VerificationRow extends MachineRow<VerificationStatus, VerificationAction, VerificationRole> {
  /** What a verdict does to the order itself. */
  trigger?: OrderAction;
}

export const VERIFICATION_TRANSITIONS: readonly VerificationRow[] = [
  { from: ['not_required'], to: 'awaiting_item', action: 'require', by: ['system'] },
  { from: ['awaiting_item'], to: 'in_review', action: 'receive', by: ['authenticator'] },
  { from: ['in_review'], to: 'second_review', action: 'ask_second_review', by: ['authenticator'] },
  { from: ['in_review', 'second_review'], to: 'passed', action: 'pass', by: ['authenticator'] },
  { from: ['appealed'], to: 'passed', action: 'pass', by: ['authenticator'], trigger: 'resume' },
  {
    from: ['in_review', 'second_review'],
    to: 'failed',
    action: 'fail',
    by: ['authenticator'],
    trigger: 'verification_failed',
  },
  // The order is on hold since the first failure, so a lost appeal has nothing more to stop.
  { from: ['appealed'], to: 'failed', action: 'fail', by: ['authenticator'] },
  { from: ['failed'], to: 'appealed', action: 'appeal', by: ['seller'] },
];

/** What somebody in this role could do next. */
export function verificationActions(
  status: VerificationStatus,
  role: VerificationRole,
): VerificationAction[] {
  return rowsFrom(VERIFICATION_TRANSITIONS, status, [role]).map(({ action }) => action);
}

/** The next sub-status and, after a verdict, the trigger to run on the order. */
export function verify(
  status: VerificationStatus,
  action: VerificationAction,
  role: VerificationRole,
): Result<{ to: VerificationStatus; trigger: OrderAction | null }, MachineRefusal> {
  const row = step(VERIFICATION_TRANSITIONS, status, action, role);
  return row.ok ? ok({ to: row.value.to, trigger: row.value.trigger ?? null }) : row;
}
