import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { auditLog } from '../../src/db/house-schema.ts';
import { addresses, ledgerBalances } from '../../src/db/orders-schema.ts';
import { sessions, users } from '../../src/db/schema.ts';
import { availableOf } from '../../src/domain/ledger/accounts.ts';
import { bodyOf, request, signUp, signUpAdmin, TEST_PASSWORD, type TestUser } from '../support/accounts.ts';
import { createBook, depthOf, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { matchedOrder } from '../support/purchases.ts';
import { keepEvents, seenEvents } from '../support/seen-events.ts';
import { logIn, registered } from '../support/sign-in.ts';

const { deps } = composeOnce(env);
let admin: TestUser;
let chief: TestUser;

interface Page {
  data: { id: string; username: string; role: string }[];
  next_cursor: string | null;
}
const send = (method: string, path: string, user: TestUser | null, json?: unknown) =>
  request(`/api/v1${path}`, { method, token: user?.token, ...(json === undefined ? {} : { json }) });
const list = async (query: string, path = '/admin/users') =>
  bodyOf<Page>(await send('GET', `${path}?${query}`, admin));
const leave = (user: TestUser, json: unknown = { password: TEST_PASSWORD }) =>
  send('DELETE', '/me', user, json);
const rowOf = async ({ userId }: TestUser) =>
  (await deps.db.select().from(users).where(eq(users.id, userId)))[0]!;

beforeAll(async () => {
  await keepEvents();
  admin = await signUpAdmin('users-admin');
  chief = await signUp('users-chief', 'superadmin');
});

describe('the list of users', () => {
  it('finds by the beginning of a name or address, and by id', async () => {
    const people = await Promise.all(['find-Anna', 'find-ann', 'find-ben'].map((name) => signUp(name)));
    expect((await list('search=FIND-AN')).data.map(({ username }) => username)).toEqual([
      'find-ann',
      'find-Anna',
    ]);
    expect((await list('search=find-ben@bourse')).data).toMatchObject([{ id: people[2]!.userId }]);
    expect((await list(`search=${people[0]!.userId}`)).data).toMatchObject([{ id: people[0]!.userId }]);
    expect((await list('search=find%25')).data).toEqual([]);
    expect((await list(`search=${encodeURIComponent("' or 1=1 --")}`)).data).toEqual([]);
  });

  it('comes page by page, under both of its names, by role, status and badge', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await signUp(name, 'finance');
    await deps.db.update(users).set({ status: 'suspended' }).where(eq(users.username, 'page-b'));
    await deps.db.update(users).set({ verifiedSellerAt: 1 }).where(eq(users.username, 'page-c'));
    for (const filter of ['role=finance', 'search=page-']) {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Page = await list(`limit=1&${filter}${cursor && `&cursor=${cursor}`}`, '/users');
        seen.push(...page.data.map(({ username }) => username));
        cursor = page.next_cursor;
      }
      expect(seen.sort()).toEqual(['page-a', 'page-b', 'page-c']);
    }
    expect((await list('role=finance&status=suspended')).data).toHaveLength(1);
    expect((await list('role=finance&verified=true')).data).toMatchObject([{ username: 'page-c' }]);
    expect(await refusalOf(await send('GET', '/admin/users?cursor=x', admin))).toBe('422 invalid_cursor');
    expect(await refusalOf(await send('GET', '/admin/users?status=x', admin))).toBe('422 validation_failed');
  });

  it('reads through an index, whatever it is asked for', async () => {
    const plans = [
      "select * from users where username_key >= 'a' and username_key < 'b' order by username_key limit 21",
      'select * from users where role = 1 order by created_at desc, id desc limit 21',
      'select * from users where status = 1 order by created_at desc, id desc limit 21',
      'select * from users order by created_at desc, id desc limit 21',
    ];
    for (const sql of plans) {
      const { results } = await env.DB.prepare(`explain query plan ${sql}`).all<{ detail: string }>();
      for (const { detail } of results) expect(detail).toMatch(/USING (COVERING )?INDEX/);
    }
  });
});

describe('a user, as an admin sees them', () => {
  it('is shown with what may be done, and changed with a line in the audit log', async () => {
    const user = await signUp('manage-cleo');
    const shown = await bodyOf(await send('GET', `/admin/users/${user.userId}`, admin));
    expect(shown).toMatchObject({
      email: user.email,
      is_active: true,
      is_superuser: false,
      two_factor_enabled: false,
      verification_status: null,
      allowed_actions: ['edit', 'assign_role', 'delete'],
    });
    expect(JSON.stringify(shown)).not.toContain('scrypt');
    const changed = await send('PUT', `/admin/users/${user.userId}`, admin, {
      display_name: 'Cleo C',
      can_sell: false,
      reason: 'asked by mail',
    });
    expect(await bodyOf(changed)).toMatchObject({ display_name: 'Cleo C', can_sell: false });
    const [entry] = await deps.db.select().from(auditLog).where(eq(auditLog.targetId, user.userId));
    expect(JSON.parse(entry!.before!)).toMatchObject({ display_name: 'manage-cleo', can_sell: true });
    expect(JSON.parse(entry!.after!)).toMatchObject({ display_name: 'Cleo C', can_sell: false });
    expect(entry).toMatchObject({ action: 'user_updated', reason: 'asked by mail' });
  });

  it.each([
    ['password', { password: TEST_PASSWORD }],
    ['role', { role: 'admin' }],
    ['e-mail address', { email: 'x@y.test' }],
    ['bare reason', { reason: 'x' }],
    ['name with an @', { username: 'a@b' }],
  ])('gets no %s that way', async (_what, json) => {
    const { userId } = await signUp(`manage-${Math.random().toString(36).slice(2, 12)}`);
    expect(await refusalOf(await send('PUT', `/users/${userId}`, admin, json))).toBe('422 validation_failed');
  });

  it('stays as they are when they are an admin, for all but superadmins', async () => {
    const other = await signUpAdmin('manage-other');
    const json = { display_name: 'x' };
    expect(await refusalOf(await send('PUT', `/admin/users/${other.userId}`, admin, json))).toBe(
      '403 forbidden',
    );
    expect(await refusalOf(await send('DELETE', `/users/${other.userId}`, admin))).toBe('403 forbidden');
    const { allowed_actions } = await bodyOf(await send('GET', `/admin/users/${other.userId}`, admin));
    expect(allowed_actions).toEqual([]);
    expect((await send('PUT', `/admin/users/${other.userId}`, chief, json)).status).toBe(200);
    expect(
      await refusalOf(await send('PUT', `/users/${other.userId}`, chief, { username: 'users-admin' })),
    ).toBe('409 username_taken');
  });

  it('is nobody’s business otherwise', async () => {
    const [stranger, support] = [await signUp('manage-stranger'), await signUp('manage-support', 'support')];
    for (const [method, path, json] of [
      ['GET', '/admin/users', undefined],
      ['GET', '/users', undefined],
      ['GET', `/admin/users/${admin.userId}`, undefined],
      ['PUT', `/admin/users/${stranger.userId}`, { display_name: 'x' }],
      ['PUT', `/users/${stranger.userId}`, { display_name: 'x' }],
      ['DELETE', `/admin/users/${stranger.userId}`, undefined],
      ['DELETE', `/users/${stranger.userId}`, undefined],
    ] as const) {
      expect(await refusalOf(await send(method, path, null, json))).toBe('401 unauthenticated');
      expect(await refusalOf(await send(method, path, stranger, json))).toBe('403 forbidden');
      const status = (await send(method, path, support, json)).status;
      expect(status, `${method} ${path}`).toBe(method === 'GET' ? 200 : 403);
    }
    const gone = await send('GET', '/admin/users/usr_0000000000000000', admin);
    expect(await refusalOf(gone)).toBe('404 user_not_found');
  });
});

describe('leaving', () => {
  it('takes everything personal away, and what rests in the market with it', async () => {
    const { user, access_token: token } = await registered('leave-dan');
    const me = { ...(await signUp('leave-unused')), userId: user.id, token, username: 'leave-dan' };
    await send('PATCH', '/me', me, { first_name: 'Daniel', phone: '+4930123456', bio: 'Goodbye' });
    const book = await createBook();
    await placed(book, me, 'bid', { price_cents: 10_000 });
    expect((await leave(me)).status).toBe(204);
    expect(await refusalOf(await send('GET', '/me', me))).toBe('401 invalid_token');
    expect(await refusalOf(await logIn('leave-dan'))).toBe('401 invalid_credentials');
    expect((await depthOf(book)).bids).toEqual([]);
    const row = JSON.stringify(await rowOf(me));
    for (const trace of ['leave-dan', 'Daniel', '+4930123456', 'Goodbye', 'scrypt'])
      expect(row).not.toContain(trace);
    const kept = await deps.db.select().from(sessions).where(eq(sessions.userId, user.id));
    expect(JSON.stringify(kept)).not.toMatch(/Firefox|192\.0\.2/);
    expect(await bodyOf(await request(`/api/v1/users/${user.id}`))).toMatchObject({
      display_name: 'Deleted user',
      is_deleted: true,
    });
    expect(await seenEvents('account.deleted', user.id)).toHaveLength(1);
    // The name and the address are free again.
    await registered('leave-dan');
  });

  it('waits until no order is open and no money is left', async () => {
    const [buyer, seller] = [await signUp('leave-eve'), await signUp('leave-fay')];
    await matchedOrder(buyer, seller);
    for (const party of [buyer, seller])
      expect(await refusalOf(await leave(party))).toBe('409 account_has_open_orders');
    expect((await rowOf(buyer)).deletedAt).toBeNull();

    const rich = await signUp('leave-gus');
    await deps.db
      .insert(ledgerBalances)
      .values({ account: availableOf(rich.userId), currency: 'USD', balanceCents: 1 });
    expect(await refusalOf(await leave(rich))).toBe('409 account_has_money');
    await deps.db.delete(ledgerBalances).where(eq(ledgerBalances.account, availableOf(rich.userId)));
    expect((await leave(rich)).status).toBe(204);
  });

  it('asks for the password, and happens once', async () => {
    const user = await signUp('leave-hal');
    await deps.db.insert(addresses).values({
      id: 'adr_leave',
      userId: user.userId,
      kind: 'shipping',
      firstName: 'H',
      lastName: 'H',
      line1: 'x',
      city: 'x',
      postalCode: 'x',
      country: 'DE',
      isDefault: true,
      createdAt: 1,
      updatedAt: 1,
    });
    expect(await refusalOf(await leave(user, { password: 'not the right one' }))).toBe('403 wrong_password');
    expect(await refusalOf(await leave(user, {}))).toBe('422 validation_failed');
    expect(await refusalOf(await send('DELETE', '/me', null, { password: 'x' }))).toBe('401 unauthenticated');
    const answers = await Promise.all([leave(user), leave(user)]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await deps.db.select().from(addresses).where(eq(addresses.userId, user.userId))).toEqual([]);
  });

  it('is not open to the last superadmin', async () => {
    await deps.db.update(users).set({ role: 'user' }).where(eq(users.role, 'superadmin'));
    const last = await signUp('leave-last', 'superadmin');
    expect(await refusalOf(await leave(last))).toBe('409 last_superadmin');
    await deps.db.update(users).set({ role: 'superadmin' }).where(eq(users.id, chief.userId));
    expect((await leave(last)).status).toBe(204);
  });

  it('can be done for somebody by an admin, who is named in the audit log', async () => {
    const user = await signUp('leave-ida');
    const gone = await send('DELETE', `/admin/users/${user.userId}?reason=asked%20by%20letter`, admin);
    expect(gone.status).toBe(204);
    const [entry] = await deps.db.select().from(auditLog).where(eq(auditLog.targetId, user.userId));
    expect(entry).toMatchObject({ action: 'user_deleted', actorId: admin.userId, reason: 'asked by letter' });
    const again = await send('DELETE', `/admin/users/${user.userId}`, admin);
    expect(await refusalOf(again)).toBe('404 user_not_found');
    expect(await refusalOf(await send('DELETE', `/users/${admin.userId}`, admin))).toBe('403 forbidden');
  });
});
