import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Db, GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { roles } from '../../db/house-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { Permission } from '../../domain/accounts/permissions.ts';
import {
  type Authority,
  mayAssign,
  mayWriteRole,
  type RoleFacts,
  type RoleRefusal,
} from '../../domain/accounts/role-rules.ts';
import { newId } from '../../domain/ids.ts';
import type { Result } from '../../domain/result.ts';
import { permissionsOf } from '../../http/auth.ts';
import { problem } from '../../http/problem.ts';
import {
  accountEventStatement,
  anotherSuperadmin,
  endSessionsStatement,
  noteEndedSessions,
} from '../accounts/account.statements.ts';
import { readAccountFresh } from '../accounts/accounts.usecases.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';

export type RoleRow = typeof roles.$inferSelect;
const Permissions = z.array(z.string());

export const permissionsIn = (row: RoleRow): string[] => Permissions.parse(JSON.parse(row.permissions));
const factsOf = (row: RoleRow): RoleFacts => ({ name: row.name, permissions: permissionsIn(row) });

/** Roles in the order of their names. */
export const listRoles = (deps: Deps, afterName: string | null, limit: number): Promise<RoleRow[]> =>
  deps.db
    .select()
    .from(roles)
    .where(afterName === null ? undefined : gt(roles.name, afterName))
    .orderBy(asc(roles.name))
    .limit(limit);

async function findRole(db: Db, name: string): Promise<RoleRow | null> {
  const [row] = await db.select().from(roles).where(eq(roles.name, name));
  return row ?? null;
}

export async function getRole(deps: Deps, name: string): Promise<RoleRow> {
  const row = await findRole(deps.db, name);
  if (!row) throw problem('role_not_found', 'There is no such role.');
  return row;
}

/** Throws what the rules refuse. */
export function assertAllowed(verdict: Result<null, RoleRefusal>): void {
  if (!verdict.ok) throw problem(verdict.error.code, verdict.error.detail);
}

export const authorityOf = async (deps: Deps, actorId: string): Promise<Authority> => ({
  actorId,
  permissions: await permissionsOf(deps.db, actorId),
});

export interface RoleInput {
  description: string;
  permissions: readonly Permission[];
}

const stored = ({ description, permissions }: RoleInput) => ({
  description,
  permissions: JSON.stringify([...new Set(permissions)].sort()),
});

const audited = (deps: Deps, actor: AuditedActor, name: string, action: string, facts: object) =>
  auditStatement(
    deps.db,
    actor,
    { action, target: { type: 'role', id: name }, ...facts },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );

const shown = (row: RoleRow) => ({ description: row.description, permissions: permissionsIn(row) });

/** A new role. Refused with `role_taken`, and with `forbidden` when it may do more than whoever makes it. */
export async function createRole(
  deps: Deps,
  actor: AuditedActor,
  input: RoleInput & { name: string },
): Promise<RoleRow> {
  assertAllowed(mayWriteRole(await authorityOf(deps, actor.actorId), null, input));
  const { name } = input;
  const row: RoleRow = { name, ...stored(input), isBuiltIn: false, version: 1, updatedAt: deps.now() };
  try {
    await deps.db.batch([
      deps.db.insert(roles).values(row),
      audited(deps, actor, name, 'role_created', { after: shown(row) }),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('role_taken', 'There is a role of this name already.');
    throw error;
  }
  deps.log.info('role_created', { role: name, user_id: actor.actorId });
  return row;
}

const staleRole = () => problem('precondition_failed', 'Somebody else changed this role. Look again.');

/** Changes what a role may do: for everybody who has it, from their next request on. */
export async function changeRole(
  deps: Deps,
  actor: AuditedActor,
  name: string,
  changes: Partial<RoleInput>,
): Promise<RoleRow> {
  const row = await getRole(deps, name);
  const before = shown(row);
  const after = {
    description: changes.description ?? before.description,
    permissions: (changes.permissions ?? before.permissions) as Permission[],
  };
  assertAllowed(mayWriteRole(await authorityOf(deps, actor.actorId), factsOf(row), { name, ...after }));
  const next: RoleRow = { ...row, ...stored(after), version: row.version + 1, updatedAt: deps.now() };
  try {
    await deps.db.batch([
      deps.db
        .update(roles)
        .set(next)
        .where(and(eq(roles.name, name), eq(roles.version, row.version))),
      deps.db.run(sql.raw(GUARD_SQL)),
      audited(deps, actor, name, 'role_changed', { before, after: shown(next) }),
    ]);
  } catch (error) {
    if (isStale(error)) throw staleRole();
    throw error;
  }
  deps.log.info('role_changed', { role: name, user_id: actor.actorId });
  return next;
}

/** Takes away a role that was made here and that nobody has; the statement itself sees to the latter. */
export async function deleteRole(deps: Deps, actor: AuditedActor, name: string): Promise<void> {
  const row = await getRole(deps, name);
  if (row.isBuiltIn) throw problem('role_protected', 'Built-in roles stay.');
  assertAllowed(mayWriteRole(await authorityOf(deps, actor.actorId), factsOf(row), factsOf(row)));
  try {
    await deps.db.batch([
      deps.db
        .delete(roles)
        .where(
          and(
            eq(roles.name, name),
            eq(roles.version, row.version),
            sql`not exists (select 1 from users where role = ${name})`,
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      audited(deps, actor, name, 'role_deleted', { before: shown(row) }),
    ]);
  } catch (error) {
    if (!isStale(error)) throw error;
    const [holder] = await deps.db.select({ id: users.id }).from(users).where(eq(users.role, name)).limit(1);
    throw holder ? problem('role_in_use', 'Somebody still has this role.') : staleRole();
  }
  deps.log.info('role_deleted', { role: name, user_id: actor.actorId });
}

/**
 * Gives a user another role (GR-04), audited with the one before; their sessions end, so that no token goes on with the
 * old one. Refused by C.1's rules with `forbidden`, and with `last_superadmin` when nobody would be left.
 */
export async function assignRole(
  deps: Deps,
  actor: AuditedActor,
  userId: string,
  input: { role: string; reason: string | null },
): Promise<{ role: string; previous: string }> {
  const [target] = await deps.db
    .select()
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.deletedAt)));
  if (!target) throw problem('user_not_found', 'There is no such user.');
  const [wanted, held] = [await getRole(deps, input.role), await findRole(deps.db, target.role)];
  const heldFacts = held ? factsOf(held) : { name: target.role, permissions: [] };
  const authority = await authorityOf(deps, actor.actorId);
  assertAllowed(mayAssign(authority, { id: userId, role: heldFacts }, factsOf(wanted)));
  if (target.role === wanted.name) return { role: wanted.name, previous: target.role };
  const nowMs = deps.now();
  try {
    await deps.db.batch([
      deps.db
        .update(users)
        .set({ role: wanted.name, updatedAt: nowMs })
        .where(
          and(
            eq(users.id, userId),
            eq(users.role, target.role),
            isNull(users.deletedAt),
            sql`exists (select 1 from roles where name = ${wanted.name} and version = ${wanted.version})`,
            anotherSuperadmin(userId, target.role),
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'user_role_updated',
          target: { type: 'user', id: userId },
          before: { role: target.role },
          after: { role: wanted.name },
          reason: input.reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
      endSessionsStatement(deps.db, userId, null, 'role_changed', nowMs),
      accountEventStatement(
        deps,
        'account.role_changed',
        userId,
        { role: wanted.name, previous_role: target.role },
        { correlationId: actor.requestId ?? userId },
      ),
    ]);
  } catch (error) {
    if (!isStale(error)) throw error;
    const [now] = await deps.db.select({ role: users.role }).from(users).where(eq(users.id, userId));
    throw now?.role === 'superadmin' && target.role === 'superadmin'
      ? problem('last_superadmin', 'Somebody has to be superadmin; make another one first.')
      : problem('precondition_failed', 'This user or role was changed a moment ago. Look again.');
  }
  readAccountFresh(userId);
  await noteEndedSessions(deps, userId, nowMs);
  await deps.outbox.drain();
  return { role: wanted.name, previous: target.role };
}
