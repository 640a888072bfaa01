import { z } from 'zod';
import { isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { reports } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { ReportReason, ReportStatus, ReportTarget } from '../../domain/trust/report.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { takeAutomaticMeasure } from './automatic-measures.ts';
import { findTarget, type TargetView, viewTarget } from './report-targets.ts';
import {
  findReport,
  listOfReporter,
  listQueue,
  OPEN_REPORTS,
  type QueuedReport,
  type ReportRow,
} from './reports.repository.ts';

export const reportNotFound = () =>
  problem('report_not_found', 'There is no such report, or it is not yours.');

export function reportEvent(
  row: ReportRow,
  type: 'report.created' | 'report.resolved' | 'report.dismissed',
  correlationId: string,
  nowMs: number,
): EventEnvelope {
  return {
    event_id: `${row.id}:${type.slice('report.'.length)}`,
    type,
    version: 1,
    aggregate: { type: 'report', id: row.id },
    seq: row.version,
    correlation_id: correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      report_id: row.id,
      reporter_id: row.reporterId,
      target_type: row.targetType,
      target_id: row.targetId,
      owner_id: row.ownerId,
      conversation_id: row.conversationId,
      reason: row.reason,
      outcome: row.outcome,
    },
  };
}

/**
 * Reports a listing, a user, a message or a review, once for each reporter (C.10). 404 `report_target_not_found` for what
 * the reporter cannot see, 403 for what is their own, 409 `already_reported`. Enough reporters hide or suspend at once.
 */
export async function createReport(
  deps: Deps,
  input: { targetType: ReportTarget; targetId: string; reason: ReportReason; details: string },
  reporter: Caller,
  correlationId: string,
): Promise<ReportRow> {
  const target = await findTarget(deps, input.targetType, input.targetId, reporter);
  if (target === null) throw problem('report_target_not_found', 'There is no such thing to report.');
  if (target.ownerId === reporter.userId) throw problem('forbidden', 'Nobody reports what is their own.');
  const nowMs = deps.now();
  const row: ReportRow = {
    id: newId('rpt', deps.random),
    reporterId: reporter.userId,
    targetType: target.type,
    targetId: target.id,
    ownerId: target.ownerId,
    conversationId: target.conversationId,
    reason: input.reason,
    details: input.details,
    status: 'pending',
    assigneeId: null,
    outcome: null,
    note: null,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
    decidedAt: null,
  };
  try {
    await deps.db.batch([
      deps.db.insert(reports).values(row),
      outboxStatement(deps.db, [reportEvent(row, 'report.created', correlationId, nowMs)], nowMs),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('already_reported', 'You have reported this already.');
    throw error;
  }
  // Its event does this as well, should this request end here.
  await takeAutomaticMeasure(deps, target.type, target.id, correlationId);
  await deps.outbox.drain();
  return row;
}

export async function getOwnReport(deps: Deps, reportId: string, reporter: Caller): Promise<ReportRow> {
  const row = await findReport(deps.db, reportId);
  if (row?.reporterId !== reporter.userId) throw reportNotFound();
  return row;
}

const ListCursor = z.tuple([z.number().int(), z.string()]);
interface Page {
  limit: number;
  cursor?: string | undefined;
}

export async function listOwnReports(
  deps: Deps,
  reporterId: string,
  page: Page,
): Promise<{ reports: ReportRow[]; nextCursor: string | null }> {
  const rows = await listOfReporter(
    deps.db,
    reporterId,
    decodeCursor(page.cursor, ListCursor),
    page.limit + 1,
  );
  const shown = rows.slice(0, page.limit);
  return { reports: shown, nextCursor: nextOf(rows.length > page.limit, shown.at(-1)) };
}

const nextOf = (hasMore: boolean, last: ReportRow | undefined): string | null =>
  hasMore && last ? encodeCursor([last.createdAt, last.id]) : null;

export interface QueueFilter {
  status?: ReportStatus | undefined;
  targetType?: ReportTarget | undefined;
  targetId?: string | undefined;
  assigneeId?: string | undefined;
}

/** The queue of moderators: open reports oldest first, others newest first. */
export async function listReports(
  deps: Deps,
  { status, targetType, targetId, assigneeId }: QueueFilter,
  page: Page,
): Promise<{ reports: QueuedReport[]; nextCursor: string | null }> {
  const queued = await listQueue(
    deps.db,
    { status, targetType, targetId, assigneeId },
    OPEN_REPORTS.some((open) => open === status),
    decodeCursor(page.cursor, ListCursor),
    page.limit + 1,
  );
  const shown = queued.slice(0, page.limit);
  return { reports: shown, nextCursor: nextOf(queued.length > page.limit, shown.at(-1)?.row) };
}

/** A report as a moderator sees it, with what it is about. */
export async function inspectReport(
  deps: Deps,
  reportId: string,
): Promise<{ row: ReportRow; target: TargetView | null }> {
  const row = await findReport(deps.db, reportId);
  if (row === null) throw reportNotFound();
  return { row, target: await viewTarget(deps, row.targetType, row.targetId) };
}
