import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { moderationActions } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { AUTOMATIC_SUSPENSION_MS, type ModerationKind } from '../../domain/trust/moderation.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { endSessionsOf } from './moderation.effects.ts';
import {
  type ActionRow,
  HOUSE,
  type Measure,
  type Moderator,
  measureStatements,
  readStanding,
  runStatements,
  type Standing,
  type Taken,
} from './moderation.statements.ts';

const ATTEMPTS = 5;

const alreadyLifted = () => problem('already_lifted', 'This measure has ended already.');
const userNotFound = () => problem('user_not_found', 'There is no such user.');

/** Somebody who acts, with what their role permits now. */
export const moderatorOf = async (deps: Deps, actor: AuditedActor): Promise<Moderator> => ({
  ...actor,
  permissions: await permissionsOf(deps.db, actor.actorId),
});

/** What a measure would write; throws the refusal. */
export async function prepareMeasure(
  deps: Deps,
  userId: string,
  measure: Measure,
  moderator: Moderator,
): Promise<Taken> {
  const standing = await readStanding(deps.db, userId);
  if (standing === null) throw userNotFound();
  const taken = measureStatements(deps, standing, measure, moderator);
  if (!taken.ok) throw problem(taken.error.code, taken.error.detail);
  return taken.value;
}

/** What follows a measure that was written: sessions end here at once, the rest comes with its event. */
export async function afterMeasure(deps: Deps, { action, standing }: Taken): Promise<void> {
  if (standing.status !== 'active') await endSessionsOf(deps, standing.id);
  deps.log.info('user_moderated', { user_id: standing.id, kind: action.kind, actor_id: action.actorId });
  await deps.outbox.drain();
}

/**
 * Takes a measure against a user (C.10). 403 for what the moderator's role may not, 409 when the user's standing does not
 * take it, 412 when another moderator decided at the same moment: exactly one of the two measures is taken.
 */
export async function moderateUser(
  deps: Deps,
  userId: string,
  measure: Measure,
  actor: AuditedActor,
): Promise<{ action: ActionRow; standing: Standing }> {
  const taken = await prepareMeasure(deps, userId, measure, await moderatorOf(deps, actor));
  try {
    await runStatements(deps, taken.statements);
  } catch (error) {
    if (isStale(error))
      throw problem('precondition_failed', 'Another moderator acted at this moment. Look again.');
    throw error;
  }
  await afterMeasure(deps, taken);
  return taken;
}

/** The house suspends somebody whom many have reported, until a moderator has looked; false when it does not come to it. */
export async function suspendByHouse(deps: Deps, userId: string, reason: string): Promise<boolean> {
  const measure: Measure = {
    kind: 'suspend',
    severity: 3,
    reason,
    durationMs: AUTOMATIC_SUSPENSION_MS,
    reportId: null,
  };
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const standing = await readStanding(deps.db, userId);
    if (standing?.status !== 'active') return false;
    const taken = measureStatements(deps, standing, measure, HOUSE);
    if (!taken.ok) {
      deps.log.warn('house_may_not_suspend', { user_id: userId, detail: taken.error.detail });
      return false;
    }
    try {
      await runStatements(deps, taken.value.statements);
      await afterMeasure(deps, taken.value);
      return true;
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'This user is changing too fast; try again.');
}

const LIFTED_BY: Partial<Record<ModerationKind, ModerationKind>> = { suspend: 'restore', ban: 'unban' };

/** Ends a measure before its time: a suspension or a ban by its opposite, a warning by a mark on it. */
export async function liftAction(
  deps: Deps,
  actionId: string,
  reason: string,
  actor: AuditedActor,
): Promise<ActionRow> {
  const action = await findAction(deps, actionId);
  if (action.liftedAt !== null) throw alreadyLifted();
  const kind = LIFTED_BY[action.kind];
  if (kind !== undefined) {
    const opposite: Measure = { kind, severity: 1, reason, durationMs: null, reportId: action.reportId };
    await moderateUser(deps, action.userId, opposite, actor);
  } else if (action.kind === 'warning') await liftWarning(deps, action, reason, actor);
  else throw problem('invalid_transition', `A measure of this kind is not lifted: ${action.kind}.`);
  return findAction(deps, actionId);
}

async function liftWarning(
  deps: Deps,
  action: ActionRow,
  reason: string,
  actor: AuditedActor,
): Promise<void> {
  const nowMs = deps.now();
  const statements = [
    deps.db
      .update(moderationActions)
      .set({ liftedAt: nowMs, liftedBy: actor.actorId })
      .where(and(eq(moderationActions.id, action.id), isNull(moderationActions.liftedAt))),
    deps.db.run(sql.raw(GUARD_SQL)),
    auditStatement(
      deps.db,
      actor,
      {
        action: 'warning_lifted',
        target: { type: 'user', id: action.userId },
        before: { moderation_action_id: action.id, lifted: false },
        after: { moderation_action_id: action.id, lifted: true },
        reason,
      },
      { id: newId('aud', deps.random), atMs: nowMs },
    ),
  ];
  try {
    await runStatements(deps, statements);
  } catch (error) {
    if (isStale(error)) throw alreadyLifted();
    throw error;
  }
}

export async function findAction(deps: Deps, actionId: string): Promise<ActionRow> {
  const [row] = await deps.db.select().from(moderationActions).where(eq(moderationActions.id, actionId));
  if (!row) throw problem('moderation_action_not_found', 'There is no such measure.');
  return row;
}

export async function standingOf(deps: Deps, userId: string): Promise<Standing> {
  const standing = await readStanding(deps.db, userId);
  if (standing === null) throw userNotFound();
  return standing;
}

const ListCursor = z.tuple([z.number().int(), z.string()]);

/** Measures, newest first. */
export async function listActions(
  deps: Deps,
  filter: { userId?: string | undefined; kind?: ModerationKind | undefined; actorId?: string | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ actions: ActionRow[]; nextCursor: string | null }> {
  const position = decodeCursor(page.cursor, ListCursor);
  const rows = await deps.db
    .select()
    .from(moderationActions)
    .where(
      and(
        filter.userId === undefined ? undefined : eq(moderationActions.userId, filter.userId),
        filter.kind === undefined ? undefined : eq(moderationActions.kind, filter.kind),
        filter.actorId === undefined ? undefined : eq(moderationActions.actorId, filter.actorId),
        position === null
          ? undefined
          : sql`(${moderationActions.createdAt}, ${moderationActions.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(moderationActions.createdAt), desc(moderationActions.id))
    .limit(page.limit + 1);
  const actions = rows.slice(0, page.limit);
  const last = actions.at(-1);
  return {
    actions,
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.createdAt, last.id]) : null,
  };
}
