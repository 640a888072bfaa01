import type { Role } from '../../src/domain/accounts/account.ts';
import { quote } from './d1.ts';

/**
 * Gives a role to the account with this e-mail address; the first statement returns the account, if there is one and it is
 * not the last superadmin losing the role. Its
 * sessions end, so that no older token goes on with the older role.
 */
export function grantStatements(email: string, role: Role, nowMs: number): string[] {
  const emailKey = quote(email.toLowerCase());
  return [
    `update users set role = ${quote(role)}, updated_at = ${nowMs} where email_key = ${emailKey}
       and (role <> 'superadmin' or ${quote(role)} = 'superadmin' or exists (
         select 1 from users other where other.role = 'superadmin' and other.id <> users.id
           and other.status = 'active' and other.deleted_at is null))
       returning id, username`,
    `update sessions set revoked_at = ${nowMs}, revoke_reason = 'role_changed'
       where revoked_at is null
         and user_id = (select id from users where email_key = ${emailKey} and updated_at = ${nowMs})`,
  ];
}
