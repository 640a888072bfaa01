import { env } from 'cloudflare:workers';
import { and, eq, ne } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { auditLog } from '../../src/db/house-schema.ts';
import { users } from '../../src/db/schema.ts';
import { BUILT_IN_ROLES } from '../../src/domain/accounts/permissions.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { keepEvents, seenEvents } from '../support/seen-events.ts';

const { deps } = composeOnce(env);
let admin: TestUser;
let chief: TestUser;
let deputy: TestUser;

const send = (method: string, path: string, user: TestUser | null, json?: unknown) =>
  request(`/api/v1${path}`, { method, token: user?.token, ...(json === undefined ? {} : { json }) });
const assign = (actor: TestUser | null, target: { userId: string }, role: string, reason?: string) =>
  send('PUT', `/users/${target.userId}/role`, actor, { role, ...(reason ? { reason } : {}) });
const roleOf = async ({ userId }: { userId: string }) =>
  (await deps.db.select({ role: users.role }).from(users).where(eq(users.id, userId)))[0]?.role;
const entriesFor = (targetId: string) =>
  deps.db.select().from(auditLog).where(eq(auditLog.targetId, targetId));

beforeAll(async () => {
  await keepEvents();
  admin = await signUpAdmin('roles-admin');
  chief = await signUp('roles-chief', 'superadmin');
  deputy = await signUp('roles-deputy', 'superadmin');
});

describe('roles', () => {
  it('are listed with what they may do', async () => {
    const { data } = await bodyOf<{ data: { name: string; permissions: string[]; is_built_in: boolean }[] }>(
      await send('GET', '/roles', admin),
    );
    const builtIn = data.filter(({ is_built_in }) => is_built_in);
    expect(builtIn.map(({ name }) => name).sort()).toEqual(BUILT_IN_ROLES.map(({ name }) => name).sort());
    const first = await bodyOf<{ data: unknown[]; next_cursor: string }>(
      await send('GET', '/roles?limit=2', admin),
    );
    const rest = await bodyOf<{ data: unknown[] }>(
      await send('GET', `/roles?limit=100&cursor=${first.next_cursor}`, admin),
    );
    expect([...first.data, ...rest.data]).toEqual(data);
  });

  it('can be made, given, changed for everybody who has them, and taken away when nobody has', async () => {
    const clerk = await signUp('roles-clerk');
    const made = await send('POST', '/roles', admin, {
      name: 'clerk',
      description: 'Reads the log',
      permissions: ['users.read'],
    });
    expect([made.status, await bodyOf(made)]).toMatchObject([201, { name: 'clerk', is_built_in: false }]);
    expect((await assign(admin, clerk, 'clerk')).status).toBe(200);
    // The session that held the old role has ended; the next one has the new role.
    expect(await refusalOf(await send('GET', '/admin/users', clerk))).toBe('401 invalid_token');
    const { token } = await deps.tokens.sign(
      { userId: clerk.userId, sessionId: 'ses_next', username: clerk.username, roles: ['user', 'clerk'] },
      deps.now(),
    );
    const again = { ...clerk, token };
    expect((await send('GET', '/admin/users', again)).status).toBe(200);
    expect(await refusalOf(await send('GET', '/admin/audit', again))).toBe('403 forbidden');
    await send('PATCH', '/roles/clerk', admin, { permissions: ['audit.read'] });
    expect((await send('GET', '/admin/audit', again)).status).toBe(200);
    expect(await refusalOf(await send('GET', '/admin/users', again))).toBe('403 forbidden');
    expect(await refusalOf(await send('DELETE', '/roles/clerk', admin))).toBe('409 role_in_use');
    await assign(admin, clerk, 'user');
    expect((await send('DELETE', '/roles/clerk', admin)).status).toBe(204);
    expect(await refusalOf(await assign(admin, clerk, 'clerk'))).toBe('404 role_not_found');
    expect((await entriesFor('clerk')).map(({ action }) => action)).toEqual([
      'role_created',
      'role_changed',
      'role_deleted',
    ]);
  });

  it('are protected', async () => {
    const tries: [string, string, TestUser, unknown, string][] = [
      ['DELETE', '/roles/moderator', chief, undefined, '409 role_protected'],
      ['PATCH', '/roles/superadmin', chief, { permissions: [] }, '409 role_protected'],
      ['PATCH', '/roles/admin', admin, { permissions: [] }, '403 forbidden'],
      ['PATCH', '/roles/nobody', admin, { permissions: [] }, '404 role_not_found'],
      ['PATCH', '/roles/support', admin, { permissions: ['admins.manage'] }, '403 forbidden'],
      ['PATCH', '/roles/support', admin, {}, '422 validation_failed'],
      ['PATCH', '/roles/support', admin, { is_built_in: false }, '422 validation_failed'],
      ['POST', '/roles', admin, { name: 'user', description: 'x', permissions: [] }, '409 role_taken'],
      [
        'POST',
        '/roles',
        admin,
        { name: 'deputies', description: 'x', permissions: ['admins.manage'] },
        '403 forbidden',
      ],
      ['POST', '/roles', admin, { name: 'x y', description: 'x', permissions: [] }, '422 validation_failed'],
      [
        'POST',
        '/roles',
        admin,
        { name: 'made_up', description: 'x', permissions: ['all'] },
        '422 validation_failed',
      ],
    ];
    for (const [method, path, user, json, refusal] of tries)
      expect(await refusalOf(await send(method, path, user, json)), `${method} ${path}`).toBe(refusal);
  });

  it('are no business of others', async () => {
    const [stranger, moderator] = [await signUp('roles-stranger'), await signUp('roles-mod', 'moderator')];
    for (const [method, path, json] of [
      ['GET', '/roles', undefined],
      ['POST', '/roles', { name: 'mine', description: 'x', permissions: [] }],
      ['PATCH', '/roles/user', { permissions: [] }],
      ['DELETE', '/roles/user', undefined],
      ['PUT', `/users/${stranger.userId}/role`, { role: 'admin' }],
    ] as const) {
      expect(await refusalOf(await send(method, path, null, json))).toBe('401 unauthenticated');
      expect(await refusalOf(await send(method, path, stranger, json))).toBe('403 forbidden');
      expect(await refusalOf(await send(method, path, moderator, json))).toBe('403 forbidden');
    }
  });
});

describe('giving a role', () => {
  it('is audited with what was before, and told', async () => {
    const target = await signUp('roles-target');
    expect(await bodyOf(await assign(admin, target, 'moderator', 'a good eye'))).toEqual({
      user_id: target.userId,
      role: 'moderator',
      previous_role: 'user',
    });
    const [entry] = await entriesFor(target.userId);
    expect(entry).toMatchObject({
      actorId: admin.userId,
      action: 'user_role_updated',
      before: '{"role":"user"}',
      after: '{"role":"moderator"}',
      reason: 'a good eye',
    });
    expect(await seenEvents('account.role_changed', target.userId)).toHaveLength(1);
  });

  it('stops at admins, at oneself and at what is not there', async () => {
    const other = await signUpAdmin('roles-other-admin');
    expect(await refusalOf(await assign(admin, other, 'user'))).toBe('403 forbidden');
    expect(await refusalOf(await assign(admin, chief, 'user'))).toBe('403 forbidden');
    expect(await refusalOf(await assign(admin, admin, 'user'))).toBe('403 forbidden');
    expect(await refusalOf(await assign(chief, chief, 'user'))).toBe('403 forbidden');
    expect(await refusalOf(await assign(admin, await signUp('roles-friend'), 'admin'))).toBe('403 forbidden');
    expect(await refusalOf(await assign(admin, { userId: 'usr_0000000000000000' }, 'user'))).toBe(
      '404 user_not_found',
    );
    expect(await refusalOf(await assign(chief, other, 'nothing'))).toBe('404 role_not_found');
    expect((await assign(chief, other, 'user')).status).toBe(200);
  });

  it('leaves one superadmin when two demote each other at once', async () => {
    await deps.db
      .update(users)
      .set({ role: 'user' })
      .where(and(eq(users.role, 'superadmin'), ne(users.id, chief.userId), ne(users.id, deputy.userId)));
    const answers = await Promise.all([assign(chief, deputy, 'user'), assign(deputy, chief, 'user')]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect([await roleOf(chief), await roleOf(deputy)].sort()).toEqual(['superadmin', 'user']);
  });
});
