/** Reports of content and people (product model C.10). */

import { ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, step } from '../state-machine.ts';

export const REPORT_TARGETS = ['listing', 'user', 'message', 'review'] as const;
export type ReportTarget = (typeof REPORT_TARGETS)[number];

export const REPORT_REASONS = [
  'spam',
  'fraud',
  'counterfeit',
  'prohibited_item',
  'harassment',
  'inappropriate',
  'off_platform_payment',
  'other',
] as const;
export type ReportReason = (typeof REPORT_REASONS)[number];

export const REPORT_STATUSES = ['pending', 'under_review', 'resolved', 'dismissed'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** What a moderator does about a report that is right. */
export const REPORT_OUTCOMES = ['remove_content', 'warn_user', 'suspend_user', 'no_action'] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

export const REPORT_ACTIONS = ['claim', 'resolve', 'dismiss'] as const;
export type ReportAction = (typeof REPORT_ACTIONS)[number];

export const REPORT_TRANSITIONS: readonly MachineRow<ReportStatus, ReportAction, 'moderator'>[] = [
  { from: ['pending', 'under_review'], to: 'under_review', action: 'claim', by: ['moderator'] },
  { from: ['pending', 'under_review'], to: 'resolved', action: 'resolve', by: ['moderator'] },
  { from: ['pending', 'under_review'], to: 'dismissed', action: 'dismiss', by: ['moderator'] },
];

export function nextReportStatus(
  status: ReportStatus,
  action: ReportAction,
): Result<ReportStatus, MachineRefusal> {
  const row = step(REPORT_TRANSITIONS, status, action, 'moderator');
  return row.ok ? ok(row.value.to) : row;
}

/** A listing that more people than this have reported is hidden until a moderator has looked. */
export const REPORTERS_BEFORE_HIDING = 3;
/** A user whom more people than this have reported is suspended until a moderator has looked. */
export const REPORTERS_BEFORE_SUSPENSION = 5;

export type AutomaticMeasure = 'hide_listing' | 'suspend_user';

/** What the open reports of a target call for by themselves; `reporters` are distinct and not banned. */
export function automaticMeasure(target: ReportTarget, reporters: number): AutomaticMeasure | null {
  if (target === 'listing' && reporters > REPORTERS_BEFORE_HIDING) return 'hide_listing';
  if (target === 'user' && reporters > REPORTERS_BEFORE_SUSPENSION) return 'suspend_user';
  return null;
}
