/** A measure against a user as part of a batch: their standing, the measure itself, their sessions, its event and its line in the audit log. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { sessions, users } from '../../db/schema.ts';
import { moderationActions } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import type { UserStatus } from '../../domain/accounts/account.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { type ModerationKind, type ModerationRefusal, moderate } from '../../domain/trust/moderation.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type ActionRow = typeof moderationActions.$inferSelect;
export type Standing = Pick<typeof users.$inferSelect, 'id' | 'role' | 'status' | 'suspendedUntil'>;

/** Who takes a measure, and what they may. */
export interface Moderator extends AuditedActor {
  permissions: readonly string[];
}

/** The house itself, which suspends for a while and never bans. */
export const HOUSE: Moderator = {
  actorId: 'system',
  address: null,
  requestId: null,
  permissions: ['users.suspend'],
};

export interface Measure {
  kind: ModerationKind;
  severity: number;
  reason: string;
  /** Of a suspension. */
  durationMs: number | null;
  reportId: string | null;
}

export async function readStanding(db: Db, userId: string): Promise<Standing | null> {
  const [row] = await db
    .select({ id: users.id, role: users.role, status: users.status, suspendedUntil: users.suspendedUntil })
    .from(users)
    .where(eq(users.id, userId));
  return row ?? null;
}

/** The word that a user may not act, as the reason of an ended session. */
export const endReasonOf = (status: UserStatus): 'suspended' | 'banned' | null =>
  status === 'active' ? null : status;

/** Ends every session of a user. */
export const endSessionsStatement = (db: Db, userId: string, status: UserStatus, nowMs: number): Statement =>
  db
    .update(sessions)
    .set({ revokedAt: nowMs, revokeReason: endReasonOf(status) })
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt)));

export interface Taken {
  action: ActionRow;
  standing: Standing;
  statements: Statement[];
}

/**
 * What a measure writes, under the guard of the standing that was read: `isStale` when somebody else changed it. Refused
 * with `forbidden` and `invalid_transition` as the domain says.
 */
export function measureStatements(
  deps: Deps,
  standing: Standing,
  measure: Measure,
  moderator: Moderator,
): Result<Taken, ModerationRefusal> {
  const { kind, durationMs, severity, reason, reportId } = measure;
  const verdict = moderate({
    kind,
    actorId: moderator.actorId,
    permissions: moderator.permissions,
    target: standing,
    durationMs,
  });
  if (!verdict.ok) return err(verdict.error);
  const nowMs = deps.now();
  const status = verdict.value;
  const after: Standing = { ...standing, status };
  if (kind !== 'warning')
    after.suspendedUntil = kind === 'suspend' && durationMs !== null ? nowMs + durationMs : null;
  const action: ActionRow = {
    id: newId('mod', deps.random),
    userId: standing.id,
    kind,
    severity,
    reason,
    actorId: moderator.actorId,
    reportId,
    expiresAt: kind === 'suspend' ? after.suspendedUntil : null,
    liftedAt: null,
    liftedBy: null,
    createdAt: nowMs,
  };
  return ok({ action, standing: after, statements: statementsOf(deps, standing, after, action, moderator) });
}

function statementsOf(
  deps: Deps,
  before: Standing,
  after: Standing,
  action: ActionRow,
  moderator: Moderator,
): Statement[] {
  const { db } = deps;
  const { createdAt: nowMs, kind, userId } = action;
  const statements: Statement[] = [
    db
      .update(users)
      .set({ status: after.status, suspendedUntil: after.suspendedUntil, updatedAt: nowMs })
      .where(
        and(
          eq(users.id, userId),
          eq(users.role, before.role),
          eq(users.status, before.status),
          sql`${users.suspendedUntil} is ${before.suspendedUntil}`,
        ),
      ),
    db.run(sql.raw(GUARD_SQL)),
  ];
  // Whatever stood until now is over: a user has one standing.
  if (kind !== 'warning')
    statements.push(
      db
        .update(moderationActions)
        .set({ liftedAt: nowMs, liftedBy: moderator.actorId })
        .where(
          and(
            eq(moderationActions.userId, userId),
            inArray(moderationActions.kind, ['suspend', 'ban']),
            isNull(moderationActions.liftedAt),
          ),
        ),
    );
  statements.push(db.insert(moderationActions).values(action));
  if (after.status !== 'active') statements.push(endSessionsStatement(db, userId, after.status, nowMs));
  statements.push(
    auditStatement(
      db,
      moderator,
      {
        action: AUDITED_AS[kind],
        target: { type: 'user', id: userId },
        before: standingFacts(before),
        after: { ...standingFacts(after), severity: action.severity, moderation_action_id: action.id },
        reason: action.reason,
      },
      { id: newId('aud', deps.random), atMs: nowMs },
    ),
    outboxStatement(db, [actedEvent(action, moderator)], nowMs),
  );
  return statements;
}

const AUDITED_AS: Record<ModerationKind, string> = {
  warning: 'user_warned',
  suspend: 'user_suspended',
  ban: 'user_banned',
  restore: 'user_restored',
  unban: 'user_unbanned',
};

const standingFacts = ({ status, suspendedUntil }: Standing) => ({
  status,
  suspended_until: suspendedUntil === null ? null : new Date(suspendedUntil).toISOString(),
});

function actedEvent(action: ActionRow, moderator: Moderator): EventEnvelope {
  return {
    event_id: `${action.id}:acted`,
    type: 'moderation.acted',
    version: 1,
    aggregate: { type: 'user', id: action.userId },
    seq: action.createdAt,
    correlation_id: moderator.requestId ?? action.id,
    occurred_at: new Date(action.createdAt).toISOString(),
    data: {
      moderation_action_id: action.id,
      user_id: action.userId,
      action: action.kind,
      severity: action.severity,
      reason: action.reason,
      until: action.expiresAt === null ? null : new Date(action.expiresAt).toISOString(),
    },
  };
}

/** Runs the statements of a measure, with those of whatever it belongs to. */
export async function runStatements(deps: Deps, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first) await deps.db.batch([first, ...rest]);
}
