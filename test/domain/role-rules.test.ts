import { describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from '../../src/domain/accounts/permissions.ts';
import { mayAssign, mayManage, mayWriteRole, type RoleFacts } from '../../src/domain/accounts/role-rules.ts';

const role = (name: string): RoleFacts => BUILT_IN_ROLES.find((known) => known.name === name)!;
const as = (name: string, actorId = 'usr_actor') => ({ actorId, permissions: role(name).permissions });
const user = (name: string, id = 'usr_target') => ({ id, role: role(name) });
const verdict = (result: { ok: boolean; error?: { code: string } }) =>
  result.ok ? 'ok' : (result.error?.code ?? '');
const custom = (...permissions: string[]): RoleFacts => ({ name: 'custom', permissions });

describe('who gives which role to whom', () => {
  it.each([
    ['admin', 'user', 'moderator', 'ok'],
    ['admin', 'moderator', 'user', 'ok'],
    ['admin', 'user', 'admin', 'forbidden'],
    ['admin', 'user', 'superadmin', 'forbidden'],
    ['admin', 'admin', 'user', 'forbidden'],
    ['admin', 'superadmin', 'user', 'forbidden'],
    ['superadmin', 'user', 'admin', 'ok'],
    ['superadmin', 'admin', 'user', 'ok'],
    ['superadmin', 'superadmin', 'admin', 'ok'],
    ['superadmin', 'admin', 'superadmin', 'ok'],
    ['moderator', 'user', 'finance', 'forbidden'],
  ])('a %s makes a %s a %s: %s', (actor, held, wanted, expected) => {
    expect(verdict(mayAssign(as(actor), user(held), role(wanted)))).toBe(expected);
  });

  it('is never oneself', () => {
    for (const name of ['admin', 'superadmin'])
      expect(verdict(mayAssign(as(name, 'usr_same'), user(name, 'usr_same'), role('user')))).toBe(
        'forbidden',
      );
  });

  it('counts every role that manages admins as one of theirs', () => {
    const deputy = { id: 'usr_target', role: custom('admins.manage') };
    expect(verdict(mayManage(as('admin'), deputy))).toBe('forbidden');
    expect(verdict(mayManage(as('superadmin'), deputy))).toBe('ok');
  });
});

describe('who writes which role', () => {
  it.each([
    ['admin', null, custom('orders.read'), 'ok'],
    ['admin', null, custom('admins.manage'), 'forbidden'],
    ['admin', role('moderator'), { ...role('moderator'), permissions: ['users.read'] }, 'ok'],
    ['admin', role('admin'), { ...role('admin'), permissions: [] }, 'forbidden'],
    ['superadmin', role('admin'), { ...role('admin'), permissions: [] }, 'ok'],
    ['superadmin', role('superadmin'), { ...role('superadmin'), permissions: [] }, 'role_protected'],
    ['superadmin', role('superadmin'), role('superadmin'), 'role_protected'],
    ['moderator', null, custom('payouts.manage'), 'forbidden'],
    ['moderator', custom('payouts.manage'), custom(), 'forbidden'],
  ])('a %s turns %j into %j: %s', (actor, before, after, expected) => {
    expect(verdict(mayWriteRole(as(actor), before, after))).toBe(expected);
  });
});
