/** Who may give which role to whom (C.1), and who may write what a role may do. */
import { err, ok, type Result } from '../result.ts';
import type { Role } from './account.ts';

export interface Authority {
  actorId: string;
  permissions: readonly string[];
}

export interface RoleFacts {
  name: string;
  permissions: readonly string[];
}

export interface RoleRefusal {
  code: 'forbidden' | 'role_protected';
  detail: string;
}

const ADMIN_ROLES: readonly Role[] = ['admin', 'superadmin'];

/** Roles whose holders only those who manage admins may touch. */
export const isAdminRole = ({ name, permissions }: RoleFacts): boolean =>
  ADMIN_ROLES.includes(name) || permissions.includes('admins.manage');

const forbidden = (detail: string) => err({ code: 'forbidden' as const, detail });
const managesAdmins = ({ permissions }: Authority) => permissions.includes('admins.manage');
const holdsAll = (authority: Authority, wanted: readonly string[]) =>
  wanted.every((permission) => authority.permissions.includes(permission));

/** Nobody acts on an admin, and no admin on another, without managing admins. */
export function mayManage(
  authority: Authority,
  target: { id: string; role: RoleFacts },
): Result<null, RoleRefusal> {
  if (isAdminRole(target.role) && !managesAdmins(authority))
    return forbidden('Only who manages admins acts on an admin.');
  return ok(null);
}

/** Nobody changes their own role, and nobody gives away more than they have. */
export function mayAssign(
  authority: Authority,
  target: { id: string; role: RoleFacts },
  wanted: RoleFacts,
): Result<null, RoleRefusal> {
  if (authority.actorId === target.id) return forbidden('Nobody changes their own role.');
  const managed = mayManage(authority, target);
  if (!managed.ok) return managed;
  if (isAdminRole(wanted) && !managesAdmins(authority))
    return forbidden('Only who manages admins makes somebody one.');
  if (!holdsAll(authority, wanted.permissions))
    return forbidden('This role may do things that yours may not.');
  return ok(null);
}

/** The superadmin's role stays as it is, and nobody writes a role that may do more than their own. */
export function mayWriteRole(
  authority: Authority,
  before: RoleFacts | null,
  after: RoleFacts,
): Result<null, RoleRefusal> {
  if (before?.name === 'superadmin')
    return err({ code: 'role_protected' as const, detail: 'The role superadmin stays as it is.' });
  if ((isAdminRole(after) || (before !== null && isAdminRole(before))) && !managesAdmins(authority))
    return forbidden('Only who manages admins writes the roles of admins.');
  if (!holdsAll(authority, [...after.permissions, ...(before?.permissions ?? [])]))
    return forbidden('A role may not do what yours may not.');
  return ok(null);
}
