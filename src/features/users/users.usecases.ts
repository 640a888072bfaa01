import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { type Authority, mayManage, type RoleFacts } from '../../domain/accounts/role-rules.ts';
import { keyOf, newId } from '../../domain/ids.ts';
import { problem } from '../../http/problem.ts';
import {
  accountEventStatement,
  activityStatement,
  endSessionsStatement,
  noteEndedSessions,
} from '../accounts/account.statements.ts';
import { readAccountFresh } from '../accounts/accounts.usecases.ts';
import { eraseAccount } from '../accounts/deletion.usecases.ts';
import { forgetChallengesStatement, removeTwoFactorStatements } from '../accounts/two-factor.statements.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { profileColumns } from '../profiles/profiles.usecases.ts';
import { assertAllowed, authorityOf, getRole, permissionsIn } from '../roles/roles.usecases.ts';
import {
  findStandings,
  findUser,
  newestUsers,
  type UserFilter,
  type UserRow,
  usersNamed,
} from './users.repository.ts';
import type { UserChanges } from './users.schemas.ts';

export type ManagedAction = 'edit' | 'assign_role' | 'reset_two_factor' | 'delete';

export interface UserDetail {
  user: UserRow;
  hasTwoFactor: boolean;
  kycStatus: string | null;
  allowedActions: ManagedAction[];
}

const notFound = () => problem('user_not_found', 'There is no such user.');

/** Where a page of users goes on: after a name, or before a moment. */
export type UserPosition = { name: string } | { createdAtMs: number; id: string };

/** Users by the beginning of a name or address, by id, or the newest first. */
export async function listUsers(
  deps: Deps,
  search: string | undefined,
  filter: UserFilter,
  position: UserPosition | null,
  limit: number,
): Promise<UserRow[]> {
  if (search === undefined) {
    const before: [number, string] | null =
      position !== null && 'id' in position ? [position.createdAtMs, position.id] : null;
    return newestUsers(deps.db, filter, before, limit);
  }
  if (keyOf('usr', search) !== null) {
    const found = await findUser(deps.db, search);
    return found ? [found] : [];
  }
  const after = position !== null && 'name' in position ? position.name : null;
  return usersNamed(deps.db, search, filter, after, limit);
}

async function roleFacts(deps: Deps, name: string): Promise<RoleFacts> {
  return { name, permissions: permissionsIn(await getRole(deps, name)) };
}

function actionsOn(
  authority: Authority,
  user: UserRow,
  role: RoleFacts,
  hasTwoFactor: boolean,
): ManagedAction[] {
  if (user.deletedAt !== null || !authority.permissions.includes('users.manage')) return [];
  if (!mayManage(authority, { id: user.id, role }).ok) return authority.actorId === user.id ? ['edit'] : [];
  if (authority.actorId === user.id) return ['edit'];
  return ['edit', 'assign_role', ...(hasTwoFactor ? (['reset_two_factor'] as const) : []), 'delete'];
}

export async function readUser(deps: Deps, actorId: string, userId: string): Promise<UserDetail> {
  const user = await findUser(deps.db, userId);
  if (!user) throw notFound();
  const [standings, authority, role] = await Promise.all([
    findStandings(deps.db, userId),
    authorityOf(deps, actorId),
    roleFacts(deps, user.role),
  ]);
  return { user, ...standings, allowedActions: actionsOn(authority, user, role, standings.hasTwoFactor) };
}

const shownOf = (user: UserRow) => ({
  username: user.username,
  display_name: user.displayName,
  first_name: user.firstName,
  last_name: user.lastName,
  phone: user.phone,
  bio: user.bio,
  can_buy: user.canBuy,
  can_sell: user.canSell,
  seller_tier: user.sellerTier,
});

/**
 * Changes a user's profile and what they may trade, audited with what was before. Passwords and addresses for mail are
 * nobody's but the user's. Refused with `forbidden` for an admin, unless it is oneself or one manages admins.
 */
export async function changeUser(
  deps: Deps,
  actor: AuditedActor,
  userId: string,
  changes: UserChanges,
): Promise<UserDetail> {
  const user = await findUser(deps.db, userId);
  if (!user || user.deletedAt !== null) throw notFound();
  const [authority, role] = await Promise.all([authorityOf(deps, actor.actorId), roleFacts(deps, user.role)]);
  if (actor.actorId !== userId) assertAllowed(mayManage(authority, { id: userId, role }));
  const { reason = null, username, can_buy, can_sell, seller_tier, ...profile } = changes;
  if (seller_tier !== undefined && actor.actorId === userId)
    throw problem('forbidden', 'Nobody sets their own fees.');
  const columns: Partial<UserRow> = {
    ...profileColumns(profile),
    ...(username === undefined ? {} : { username, usernameKey: username.toLowerCase() }),
    ...(can_buy === undefined ? {} : { canBuy: can_buy }),
    ...(can_sell === undefined ? {} : { canSell: can_sell }),
    ...(seller_tier === undefined ? {} : { sellerTier: seller_tier }),
  };
  const nowMs = deps.now();
  const after = { ...user, ...columns };
  try {
    await deps.db.batch([
      deps.db
        .update(users)
        .set({ ...columns, updatedAt: nowMs })
        .where(and(eq(users.id, userId), eq(users.role, user.role), isNull(users.deletedAt))),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'user_updated',
          target: { type: 'user', id: userId },
          before: shownOf(user),
          after: shownOf(after),
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('username_taken', 'This username is taken.');
    if (isStale(error))
      throw problem('precondition_failed', 'This user was changed a moment ago. Look again.');
    throw error;
  }
  readAccountFresh(userId);
  if (can_buy !== undefined || can_sell !== undefined)
    deps.revocations.withhold(userId, [
      ...(after.canBuy ? [] : (['buy'] as const)),
      ...(after.canSell ? [] : (['sell'] as const)),
    ]);
  return readUser(deps, actor.actorId, userId);
}

/**
 * Deletes a user's account as they could themselves, audited. Nobody deletes themselves here, and nobody an admin without
 * managing admins; open orders and money stand in the way as always.
 */
export async function deleteUser(
  deps: Deps,
  actor: AuditedActor,
  userId: string,
  reason: string | null,
): Promise<void> {
  const user = await findUser(deps.db, userId);
  if (!user || user.deletedAt !== null) throw notFound();
  if (actor.actorId === userId) throw problem('forbidden', 'Delete your own account by DELETE /me.');
  const [authority, role] = await Promise.all([authorityOf(deps, actor.actorId), roleFacts(deps, user.role)]);
  assertAllowed(mayManage(authority, { id: userId, role }));
  await eraseAccount(deps, userId, actor.requestId ?? userId, [
    auditStatement(
      deps.db,
      actor,
      {
        action: 'user_deleted',
        target: { type: 'user', id: userId },
        before: { role: user.role, status: user.status },
        after: { deleted: true },
        reason,
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    ),
  ]);
}

/**
 * Takes the second step off the account of somebody who has lost it, audited: every session ends, a login half done is
 * over, and the owner is told by mail. Nobody does it for themselves, and nobody for an admin without managing admins.
 */
export async function resetTwoFactor(
  deps: Deps,
  actor: AuditedActor,
  userId: string,
  reason: string,
): Promise<void> {
  const user = await findUser(deps.db, userId);
  if (!user || user.deletedAt !== null) throw notFound();
  if (actor.actorId === userId)
    throw problem('forbidden', 'Turn your own second step off with a code or a recovery code.');
  const [authority, role] = await Promise.all([authorityOf(deps, actor.actorId), roleFacts(deps, user.role)]);
  assertAllowed(mayManage(authority, { id: userId, role }));
  const nowMs = deps.now();
  const [removal, ...others] = removeTwoFactorStatements(deps.db, userId);
  try {
    await deps.db.batch([
      removal!,
      deps.db.run(sql.raw(GUARD_SQL)),
      ...others,
      forgetChallengesStatement(deps.db, userId),
      endSessionsStatement(deps.db, userId, null, 'two_factor_reset', nowMs),
      activityStatement(deps, userId, 'two_factor_reset', null),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'user_two_factor_reset',
          target: { type: 'user', id: userId },
          before: { two_factor_enabled: true },
          after: { two_factor_enabled: false },
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
      accountEventStatement(
        deps,
        'account.two_factor_reset',
        userId,
        { display_name: user.displayName },
        { correlationId: actor.requestId ?? userId },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('two_factor_off', 'This user signs in without a second step.');
    throw error;
  }
  readAccountFresh(userId);
  await noteEndedSessions(deps, userId, nowMs);
  await deps.outbox.drain();
}
