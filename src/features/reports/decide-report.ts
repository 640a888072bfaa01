/** A moderator's decision about a report. It is about what was reported: every open report of that is decided with it. */
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { AUTOMATIC_SUSPENSION_MS } from '../../domain/trust/moderation.ts';
import { nextReportStatus, type ReportAction, type ReportOutcome } from '../../domain/trust/report.ts';
import { Problem, problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { removeMessage } from '../conversations/messages.usecases.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { loadListings, removeListing } from '../listings/listing.statements.ts';
import {
  type Measure,
  type Moderator,
  measureStatements,
  readStanding,
  runStatements,
  type Taken,
} from '../moderation/moderation.statements.ts';
import { afterMeasure, moderatorOf } from '../moderation/moderation.usecases.ts';
import { hidingStatements } from '../reviews/reviews.usecases.ts';
import { isSuspendedByHouse, unhideStatements } from './automatic-measures.ts';
import { viewTarget } from './report-targets.ts';
import {
  changeOthersStatement,
  changeReportStatements,
  findReport,
  type ReportRow,
} from './reports.repository.ts';
import { reportEvent, reportNotFound } from './reports.usecases.ts';

const ATTEMPTS = 8;

export interface Decision {
  action: Extract<ReportAction, 'resolve' | 'dismiss'>;
  /** Of a resolution. */
  outcome: ReportOutcome | null;
  note: string;
  severity: number;
  /** Of a suspension. */
  durationMs: number | null;
}

/** What a decision does beside deciding: statements of its batch, and the measure to follow up. */
interface Consequence {
  statements: Statement[];
  taken: Taken[];
}

function assertMay(moderator: Moderator, permission: string): void {
  if (!moderator.permissions.includes(permission))
    throw problem('forbidden', `This needs the permission ${permission}.`);
}

/** Reads the report and runs `attempt` on it; again from the read when somebody else was faster. */
async function withReport<T>(
  deps: Deps,
  reportId: string,
  action: ReportAction,
  attempt: (row: ReportRow) => Promise<T>,
): Promise<T> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const row = await findReport(deps.db, reportId);
    if (row === null) throw reportNotFound();
    if (!nextReportStatus(row.status, action).ok)
      throw problem('invalid_transition', `A report that is ${row.status} cannot be changed any more.`);
    try {
      return await attempt(row);
    } catch (error) {
      if (!isStale(error) && !isUniqueViolation(error)) throw error;
    }
  }
  throw problem('unavailable', 'This report is changing too fast; try again.');
}

/** A moderator takes a report on. What another has taken on stays theirs, unless it is taken over on purpose. */
export async function claimReport(
  deps: Deps,
  reportId: string,
  takeOver: boolean,
  actor: AuditedActor,
): Promise<ReportRow> {
  return withReport(deps, reportId, 'claim', async (row) => {
    if (row.assigneeId !== null && row.assigneeId !== actor.actorId && !takeOver)
      throw problem('invalid_transition', 'Another moderator has this report; take it over on purpose.');
    const nowMs = deps.now();
    const changes = { status: 'under_review', assigneeId: actor.actorId, updatedAt: nowMs } as const;
    await runStatements(deps, [
      ...changeReportStatements(deps.db, row, changes),
      audited(deps, row, { ...row, ...changes }, 'report_claimed', null, actor),
    ]);
    return { ...row, ...changes, version: row.version + 1 };
  });
}

/**
 * Resolves or dismisses a report, with what follows from it in one batch: of two moderators who decide at one moment, one
 * does. What the house did by itself because of such reports stands when the decision agrees with it, and is taken back
 * when not.
 */
export async function decideReport(
  deps: Deps,
  reportId: string,
  decision: Decision,
  actor: AuditedActor,
): Promise<ReportRow> {
  const moderator = await moderatorOf(deps, actor);
  const { row, taken } = await withReport(deps, reportId, decision.action, async (read) => {
    const nowMs = deps.now();
    const changes: Partial<ReportRow> = {
      status: decision.action === 'resolve' ? 'resolved' : 'dismissed',
      assigneeId: actor.actorId,
      outcome: decision.outcome,
      note: decision.note,
      updatedAt: nowMs,
      decidedAt: nowMs,
    };
    const after: ReportRow = { ...read, ...changes, version: read.version + 1 };
    const consequence = await consequenceOf(deps, read, decision, moderator);
    const type = decision.action === 'resolve' ? 'report.resolved' : 'report.dismissed';
    await runStatements(deps, [
      ...changeReportStatements(deps.db, read, changes),
      changeOthersStatement(deps.db, read, changes),
      ...consequence.statements,
      audited(deps, read, after, `report_${after.status}`, decision.note, actor),
      outboxStatement(deps.db, [reportEvent(after, type, actor.requestId ?? after.id, nowMs)], nowMs),
    ]);
    return { row: after, taken: consequence.taken };
  });
  for (const measure of taken) await afterMeasure(deps, measure);
  await removeReportedMessage(deps, row);
  await deps.outbox.drain();
  return row;
}

async function consequenceOf(
  deps: Deps,
  row: ReportRow,
  decision: Decision,
  moderator: Moderator,
): Promise<Consequence> {
  switch (decision.outcome) {
    case 'remove_content':
      assertMay(moderator, 'content.moderate');
      return { statements: await removalStatements(deps, row, decision.note, moderator), taken: [] };
    case 'suspend_user':
      return measures(deps, row, decision, moderator, 'suspend');
    case 'warn_user': {
      const warned = await measures(deps, row, decision, moderator, 'warning');
      const shown = await relentStatements(deps, row, decision, moderator);
      return { statements: [...warned.statements, ...shown], taken: warned.taken };
    }
    case 'no_action':
    case null: {
      const relented = await relentUser(deps, row, decision, moderator);
      const shown = await relentStatements(deps, row, decision, moderator);
      return {
        statements: [...(relented?.statements ?? []), ...shown],
        taken: relented === null ? [] : [relented],
      };
    }
  }
}

async function removalStatements(
  deps: Deps,
  row: ReportRow,
  note: string,
  moderator: Moderator,
): Promise<Statement[]> {
  if (row.targetType === 'review') return hidingStatements(deps, row.targetId, note, moderator);
  if (row.targetType === 'message') return messageRemoval(deps, row, note, moderator);
  if (row.targetType !== 'listing')
    throw problem(
      'invalid_outcome',
      `There is no content to remove: the report is about a ${row.targetType}.`,
    );
  const [listing] = await loadListings(deps.db, [row.targetId]);
  if (!listing || listing.status === 'removed' || listing.status === 'deleted') return [];
  const actor = { id: moderator.actorId, role: 'moderator' } as const;
  const removal = removeListing(deps.db, listing, actor, note, {
    atMs: deps.now(),
    correlationId: moderator.requestId ?? row.id,
  });
  if (!removal.ok) throw new Problem(removal.error);
  return [
    ...removal.value,
    auditStatement(
      deps.db,
      moderator,
      {
        action: 'listing_removed',
        target: { type: 'listing', id: listing.id },
        before: { status: listing.status },
        after: { status: 'removed' },
        reason: note,
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    ),
  ];
}

/**
 * What is written down of a message that goes. The conversation is the only writer of its messages: it is told once the
 * decision stands, and by the event of the decision should this request end before that.
 */
async function messageRemoval(
  deps: Deps,
  row: ReportRow,
  note: string,
  moderator: Moderator,
): Promise<Statement[]> {
  const view = await viewTarget(deps, 'message', row.targetId);
  return [
    auditStatement(
      deps.db,
      moderator,
      {
        action: 'message_removed',
        target: { type: 'message', id: row.targetId },
        before: { status: view?.status ?? null, sender_id: row.ownerId, conversation_id: row.conversationId },
        after: { status: 'deleted' },
        reason: note,
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    ),
  ];
}

/** Carries out the removal of a reported message, as often as it is asked for. */
export async function removeReportedMessage(
  deps: Deps,
  report: { targetType: string; targetId: string; outcome: string | null },
): Promise<void> {
  if (report.targetType === 'message' && report.outcome === 'remove_content')
    await removeMessage(deps, report.targetId);
}

/** The measure against whoever owns the content, from the standing that a relented suspension leaves. */
async function measures(
  deps: Deps,
  row: ReportRow,
  decision: Decision,
  moderator: Moderator,
  kind: 'suspend' | 'warning',
): Promise<Consequence> {
  assertMay(moderator, 'users.suspend');
  const relented = kind === 'warning' ? await relentUser(deps, row, decision, moderator) : null;
  const standing = relented?.standing ?? (await readStanding(deps.db, row.ownerId));
  if (standing === null) throw problem('user_not_found', 'There is no such user.');
  const taken = measureStatements(
    deps,
    standing,
    {
      kind,
      severity: decision.severity,
      reason: decision.note,
      durationMs: kind === 'suspend' ? (decision.durationMs ?? AUTOMATIC_SUSPENSION_MS) : null,
      reportId: row.id,
    },
    moderator,
  );
  if (!taken.ok) throw problem(taken.error.code, taken.error.detail);
  return {
    statements: [...(relented?.statements ?? []), ...taken.value.statements],
    taken: relented === null ? [taken.value] : [relented, taken.value],
  };
}

/** Ends the suspension of a reported user that the house has begun. */
async function relentUser(
  deps: Deps,
  row: ReportRow,
  decision: Decision,
  moderator: Moderator,
): Promise<Taken | null> {
  if (row.targetType !== 'user' || !(await isSuspendedByHouse(deps, row.ownerId))) return null;
  assertMay(moderator, 'users.suspend');
  const standing = await readStanding(deps.db, row.ownerId);
  if (standing?.status !== 'suspended') return null;
  const restore: Measure = {
    kind: 'restore',
    severity: 1,
    reason: decision.note,
    durationMs: null,
    reportId: row.id,
  };
  const taken = measureStatements(deps, standing, restore, moderator);
  if (!taken.ok) throw problem(taken.error.code, taken.error.detail);
  return taken.value;
}

/** Shows a reported listing again that the house has hidden. */
async function relentStatements(
  deps: Deps,
  row: ReportRow,
  decision: Decision,
  moderator: Moderator,
): Promise<Statement[]> {
  if (row.targetType !== 'listing') return [];
  const [listing] = await loadListings(deps.db, [row.targetId]);
  if (!listing) return [];
  const { actorId, requestId } = moderator;
  return unhideStatements(deps, listing, actorId, decision.note, requestId ?? row.id);
}

function audited(
  deps: Deps,
  before: ReportRow,
  after: ReportRow,
  action: string,
  reason: string | null,
  actor: AuditedActor,
): Statement {
  const facts = (row: ReportRow) => ({
    status: row.status,
    assignee_id: row.assigneeId,
    outcome: row.outcome,
  });
  return auditStatement(
    deps.db,
    actor,
    {
      action,
      target: { type: 'report', id: before.id },
      before: { ...facts(before), target_type: before.targetType, target_id: before.targetId },
      after: facts(after),
      reason,
    },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );
}
