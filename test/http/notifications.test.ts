import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { happened, lettersTo, type Told, tell, toldTo } from '../support/notifications.ts';

const BASE = '/api/v1/notifications';
let reader: TestUser;
let stranger: TestUser;
let admin: TestUser;

beforeAll(async () => {
  [reader, stranger, admin] = await Promise.all([
    signUp('reader'),
    signUp('stranger'),
    signUpAdmin('notice-admin'),
  ]);
  for (let index = 0; index < 3; index += 1)
    await tell(happened('user.followed', { user_id: reader.userId, follower_id: stranger.userId }));
  await tell(happened('account.locked', { user_id: reader.userId }));
});

const count = async (user: TestUser): Promise<number> =>
  (await bodyOf<{ unread_count: number }>(await request(`${BASE}/unread-count`, { token: user.token })))
    .unread_count;
const code = async (response: Response) => (await bodyOf<{ code: string }>(response)).code;

describe('the list of notifications', () => {
  it('comes in pages, newest first, by category and unread', async () => {
    const first = await bodyOf<{ data: Told[]; next_cursor: string }>(
      await request(`${BASE}?limit=3`, { token: reader.token }),
    );
    expect(first.data.map(({ type }) => type)).toEqual(['account_locked', 'new_follower', 'new_follower']);
    const rest = await bodyOf<{ data: Told[]; next_cursor: null }>(
      await request(`${BASE}?limit=3&cursor=${first.next_cursor}`, { token: reader.token }),
    );
    expect(rest.data).toHaveLength(1);
    expect(rest.next_cursor).toBeNull();
    expect((await toldTo(reader, '?category=security')).map(({ type }) => type)).toEqual(['account_locked']);
    expect(await toldTo(stranger)).toEqual([]);
  });

  it('counts what is unread, one by one, all of a category, all', async () => {
    expect(await count(reader)).toBe(4);
    const [latest] = await toldTo(reader);
    const path = `${BASE}/${latest!.id}`;
    const read = await request(`${path}/read`, { token: reader.token, method: 'POST' });
    expect(await bodyOf(read)).toMatchObject({ is_read: true, allowed_actions: ['unread', 'delete'] });
    expect((await request(`${path}/read`, { token: reader.token, method: 'POST' })).status).toBe(200);
    expect(await count(reader)).toBe(3);
    expect(await toldTo(reader, '?unread=true')).toHaveLength(3);
    await request(`${path}/unread`, { token: reader.token, method: 'POST' });
    expect(await count(reader)).toBe(4);
    const some = await request(`${BASE}/read-all?category=alerts`, { token: reader.token, method: 'POST' });
    expect(await bodyOf(some)).toEqual({ marked: 3, unread_count: 1 });
    const all = await request(`${BASE}/read-all`, { token: reader.token, method: 'POST' });
    expect(await bodyOf(all)).toEqual({ marked: 1, unread_count: 0 });
  });

  it('loses what its reader deletes, for good, even when the event comes again', async () => {
    const event = happened(
      'user.followed',
      { user_id: reader.userId, follower_id: stranger.userId },
      'once-deleted',
    );
    await tell(event);
    const [latest] = await toldTo(reader);
    const path = `${BASE}/${latest!.id}`;
    expect((await request(path, { token: reader.token, method: 'DELETE' })).status).toBe(204);
    expect((await request(path, { token: reader.token, method: 'DELETE' })).status).toBe(404);
    expect((await request(path, { token: reader.token })).status).toBe(404);
    await tell(event);
    expect((await toldTo(reader)).map(({ id }) => id)).not.toContain(latest!.id);
  });

  it('is nobody else’s', async () => {
    const [latest] = await toldTo(reader);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/read'],
      ['POST', '/unread'],
      ['DELETE', ''],
    ] as const) {
      const foreign = await request(`${BASE}/${latest!.id}${path}`, { token: stranger.token, method });
      const unknown = await request(`${BASE}/ntf_unknown${path}`, { token: stranger.token, method });
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      expect(await code(foreign)).toBe(await code(unknown));
      expect((await request(`${BASE}/${latest!.id}${path}`, { method })).status).toBe(401);
    }
  });

  it.each(['?limit=0', '?limit=101', '?cursor=nonsense', '?unread=maybe', '?category=nothing'])(
    'refuses %s',
    async (query) => {
      expect((await request(`${BASE}${query}`, { token: reader.token })).status).toBe(422);
    },
  );
});

describe('preferences', () => {
  it('begin with everything that is meant to be on, and take the switches of SN-33', async () => {
    const user = await signUp('prefers');
    const before = await bodyOf(await request(`${BASE}/preferences`, { token: user.token }));
    expect(before).toMatchObject({
      ...{ email_enabled: true, push_enabled: true, inapp_enabled: true, sms_enabled: false },
      ...{ email_match_created: true, email_order_created: true, email_order_shipped: true },
      ...{ email_payment_received: true, email_payout_completed: true },
      ...{ push_match_created: true, push_order_updates: true, push_payment_updates: true },
      quiet_hours: null,
      categories: { security: { in_app: true }, messages: { email: false, push: true } },
    });
    const put = (json: unknown) => request(`${BASE}/preferences`, { token: user.token, method: 'PUT', json });
    expect((await put({ email_match_created: false })).status).toBe(200);
    const after = await bodyOf(await put({ push_enabled: false, inapp_enabled: false }));
    expect(after).toMatchObject({
      ...{ email_match_created: false, email_order_created: true, push_enabled: false },
      toggles: { 'email.match_created': false },
      categories: { payments: { in_app: true }, orders: { in_app: false, push: false, email: true } },
    });
    await tell(happened('user.followed', { user_id: user.userId, follower_id: stranger.userId }));
    await tell(happened('payout.failed', { user_id: user.userId, amount_cents: 5_000, currency: 'USD' }));
    expect((await toldTo(user)).map(({ type }) => type)).toEqual(['payout_failed']);
    expect(await bodyOf(await put({ toggles: { 'email.match_created': null } }))).toMatchObject({
      email_match_created: true,
      toggles: {},
    });
  });

  it('lose nothing when two devices change them at once', async () => {
    const user = await signUp('prefers-twice');
    const put = (json: unknown) => request(`${BASE}/preferences`, { token: user.token, method: 'PUT', json });
    await Promise.all([
      put({ email_enabled: false }),
      put({ push_enabled: false }),
      put({ toggles: { 'sms.orders': true } }),
    ]);
    expect(await bodyOf(await request(`${BASE}/preferences`, { token: user.token }))).toMatchObject({
      ...{ email_enabled: false, push_enabled: false },
      toggles: { 'sms.orders': true },
    });
  });

  it.each<[unknown]>([
    [{ email_enabled: 'yes' }],
    [{ unknown: true }],
    [{ toggles: { 'fax.orders': true } }],
    [{ toggles: { 'email.__proto__': true } }],
    [{ quiet_hours: { start: '25:00', end: '07:00' } }],
    [{ quiet_hours: { start: '22:00' } }],
    [[]],
    [null],
  ])('refuse %j', async (json) => {
    const answer = await request(`${BASE}/preferences`, { token: reader.token, method: 'PUT', json });
    expect(answer.status).toBe(422);
  });
});

describe('where pushes go', () => {
  const keys = {
    p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
    auth: 'tBHItJI5svbpez7KI4CCXg',
  };
  const subscribe = (json: unknown) => request('/api/v1/push/subscriptions', { token: reader.token, json });

  it.each([
    'http://fcm.googleapis.com/x',
    'https://localhost/x',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/x',
    'https://evil.example/x',
    'https://fcm.googleapis.com.evil.example/x',
    'https://fcm.googleapis.com:22/x',
  ])('is never %s', async (endpoint) => {
    const answer = await subscribe({ endpoint, keys });
    expect(answer.status).toBe(422);
    expect(await code(answer)).toBe('endpoint_not_allowed');
  });

  it('is a browser, which can be signed off by its owner alone', async () => {
    const endpoint = 'https://fcm.googleapis.com/fcm/send/of-reader';
    expect((await subscribe({ endpoint, expirationTime: null, keys })).status).toBe(201);
    expect((await subscribe({ endpoint, keys })).status).toBe(201);
    const rows = async () =>
      (
        await deps.d1
          .prepare('select user_id from push_subscriptions where endpoint = ?')
          .bind(endpoint)
          .all()
      ).results;
    expect(await rows()).toEqual([{ user_id: reader.userId }]);
    const off = (user: TestUser) =>
      request('/api/v1/push/subscriptions', { token: user.token, method: 'DELETE', json: { endpoint } });
    expect((await off(stranger)).status).toBe(204);
    expect(await rows()).toHaveLength(1);
    expect((await off(reader)).status).toBe(204);
    expect(await rows()).toEqual([]);
  });

  it.each<[unknown]>([
    [{ endpoint: 'https://fcm.googleapis.com/x', keys: { ...keys, p256dh: 'short' } }],
    [{ endpoint: 'https://fcm.googleapis.com/x', keys: { ...keys, auth: '<script>' } }],
    [{ endpoint: 'x', keys }],
    [{ keys }],
  ])('cannot be %j', async (json) => {
    expect((await subscribe(json)).status).toBe(422);
  });

  it('is an app, by its token, which is never shown again', async () => {
    const token = 'a-device-token-of-an-app-1234';
    const added = await bodyOf<{ id: string }>(
      await request('/api/v1/devices', { token: reader.token, json: { platform: 'ios', token } }),
    );
    const list = await (await request('/api/v1/devices', { token: reader.token })).text();
    expect(list).toContain(added.id);
    expect(list).not.toContain(token);
    expect(
      (await request(`/api/v1/devices/${added.id}`, { token: stranger.token, method: 'DELETE' })).status,
    ).toBe(404);
    await tell(happened('price.alert', { user_id: reader.userId, price_cents: 1_00, currency: 'USD' }));
    expect((await lettersTo(`ios:${token}`))[0]).toMatchObject({ channel: 'push' });
    expect(
      (await request(`/api/v1/devices/${added.id}`, { token: reader.token, method: 'DELETE' })).status,
    ).toBe(204);
  });
});

describe('texts', () => {
  it('go to a number once its owner has given back the code, and to no other', async () => {
    const user = await signUp('texter');
    const phone = '+971501234567';
    const confirm = (digits: string) =>
      request(`${BASE}/phone/confirm`, { token: user.token, json: { code: digits } });
    const asked = await request(`${BASE}/phone`, { token: user.token, method: 'PUT', json: { phone } });
    expect(asked.status).toBe(202);
    expect(
      (await request(`${BASE}/phone`, { token: user.token, method: 'PUT', json: { phone } })).status,
    ).toBe(429);
    const digits = /\d{6}/.exec((await lettersTo(phone))[0]!.text)![0];
    const wrong = digits === '000000' ? '000001' : '000000';
    expect(await code(await confirm(wrong))).toBe('invalid_code');
    expect(await bodyOf(await confirm(digits))).toEqual({ phone, verified: true });
    expect((await confirm(digits)).status).toBe(422);
    await request(`${BASE}/preferences`, {
      token: user.token,
      method: 'PUT',
      json: { sms_enabled: true, toggles: { 'sms.payments': true } },
    });
    await tell(happened('payout.failed', { user_id: user.userId, amount_cents: 5_000, currency: 'USD' }));
    expect((await lettersTo(phone))[0]).toMatchObject({
      channel: 'sms',
      text: expect.stringContaining('$50.00'),
    });
  });

  it('cannot be confirmed by guessing', async () => {
    const user = await signUp('guesser');
    const phone = '+971509999999';
    await request(`${BASE}/phone`, { token: user.token, method: 'PUT', json: { phone } });
    const digits = /\d{6}/.exec((await lettersTo(phone))[0]!.text)![0];
    const wrong = digits === '000000' ? '000001' : '000000';
    const confirm = (guess: string) =>
      request(`${BASE}/phone/confirm`, { token: user.token, json: { code: guess } });
    await Promise.all(Array.from({ length: 5 }, () => confirm(wrong)));
    expect((await confirm(digits)).status).toBe(422);
  });
});

describe('the words', () => {
  const path = '/api/v1/admin/notifications/templates/new_follower/notice/en';

  it('are rewritten by admins, version by version, and used at once', async () => {
    const write = (json: unknown) => request(path, { token: admin.token, json });
    expect((await write({ subject: 'Hello from {{person}}', body: 'New.' })).status).toBe(201);
    await tell(happened('user.followed', { user_id: stranger.userId, follower_id: reader.userId }));
    expect((await toldTo(stranger))[0]!.title).toBe('Hello from reader');
    const versions = await bodyOf<{ data: { version: number; is_active: boolean }[] }>(
      await request(path, { token: admin.token }),
    );
    expect(versions.data.map(({ version, is_active }) => [version, is_active])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect((await request(`${path}/2`, { token: admin.token, method: 'DELETE' })).status).toBe(204);
    expect((await request(`${path}/2`, { token: admin.token, method: 'DELETE' })).status).toBe(404);
    await tell(happened('user.followed', { user_id: stranger.userId, follower_id: reader.userId }));
    expect((await toldTo(stranger))[0]!.title).toBe('reader follows you');
    const audit = await deps.d1
      .prepare(
        "select action from audit_log where target_type = 'notification_template' order by created_at, id",
      )
      .all<{ action: string }>();
    expect(audit.results.map(({ action }) => action).sort()).toEqual([
      'template_retired',
      'template_written',
    ]);
  });

  it('cannot speak of what nobody knows, and are shown before they are used', async () => {
    const unknown = await request(path, { token: admin.token, json: { subject: '{{password}}', body: 'x' } });
    expect([unknown.status, await code(unknown)]).toEqual([422, 'unknown_variable']);
    const shown = await bodyOf<{ html: string; subject: string }>(
      await request('/api/v1/admin/notifications/templates/order_shipped/email/fr/preview', {
        token: admin.token,
        json: {
          subject: '{{item}}',
          body: '<script>x</script>\n\n{{carrier}}',
          variables: { carrier: '<b>' },
        },
      }),
    );
    expect(shown.subject).toBe('Air Runner 90 (US 10)');
    expect(shown.html).toContain('&lt;script&gt;');
    expect(shown.html).toContain('&lt;b&gt;');
    const all = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/admin/notifications/templates?language=ar', { token: admin.token }),
    );
    expect(all.data.length).toBeGreaterThan(50);
  });

  it.each(['templates', 'deliveries', 'announcements'])(
    'and %s are for those who may manage them',
    async (part) => {
      const where = `/api/v1/admin/notifications/${part}`;
      expect((await request(where)).status).toBe(401);
      expect((await request(where, { token: reader.token })).status).toBe(403);
      expect((await request(where, { token: admin.token })).status).toBe(200);
    },
  );
});

describe('deliveries and announcements', () => {
  it('are overseen by admins, who may send a failed one again', async () => {
    const user = await signUp('overseen');
    await tell(happened('account.password_changed', { user_id: user.userId }));
    const page = await bodyOf<{ data: { id: string; channel: string; status: string }[] }>(
      await request(`/api/v1/admin/notifications/deliveries?user_id=${user.userId}&channel=email`, {
        token: admin.token,
      }),
    );
    expect(page.data).toMatchObject([{ channel: 'email', status: 'sent' }]);
    const retry = `/api/v1/admin/notifications/deliveries/${page.data[0]!.id}/retry`;
    expect(await code(await request(retry, { token: admin.token, method: 'POST' }))).toBe('delivery_done');
    await deps.d1
      .prepare("update deliveries set status = 'failed' where id = ?")
      .bind(page.data[0]!.id)
      .run();
    expect((await request(retry, { token: admin.token, method: 'POST' })).status).toBe(202);
    const unknown = '/api/v1/admin/notifications/deliveries/dlv_x/retry';
    expect((await request(unknown, { token: admin.token, method: 'POST' })).status).toBe(404);
  });

  it('reach every user once, page by page', async () => {
    await deps.d1
      .prepare(
        `insert into users (id, email, email_key, username, username_key, display_name, password_hash, role, status, created_at, updated_at)
         select 'usr_crowd' || value, 'c' || value || '@x.test', 'c' || value || '@x.test', 'crowd' || value, 'crowd' || value, 'C', 'none', 'user', 'active', 0, 0
         from json_each(?)`,
      )
      .bind(JSON.stringify(Array.from({ length: 230 }, (_, index) => index)))
      .run();
    const made = await bodyOf<{ id: string; status: string }>(
      await request('/api/v1/admin/notifications/announcements', {
        token: admin.token,
        json: { title: 'We moved', body: 'To a better place.' },
      }),
    );
    expect(made.status).toBe('sending');
    await allDone();
    const after = await bodyOf<{ status: string; told: number }>(
      await request(`/api/v1/admin/notifications/announcements/${made.id}`, { token: admin.token }),
    );
    const users = await deps.d1.prepare('select count(*) as n from users').first<{ n: number }>();
    expect(after).toMatchObject({ status: 'sent', told: users!.n });
    const told = await deps.d1
      .prepare(
        "select count(*) as n, count(distinct user_id) as users from notifications where type = 'system_announcement'",
      )
      .first();
    expect(told).toEqual({ n: users!.n, users: users!.n });
    expect((await toldTo(reader))[0]).toMatchObject({ type: 'system_announcement', title: 'We moved' });
  });

  it.each<[unknown]>([
    [{ title: 'x', body: 'y', link: 'https://evil.example' }],
    [{ title: 'x', body: 'y', link: '//evil.example' }],
    [{ title: 'x\ny', body: 'y' }],
    [{ title: 'x'.repeat(121), body: 'y' }],
    [{ title: 'x' }],
  ])('cannot be %j', async (json) => {
    const answer = await request('/api/v1/admin/notifications/announcements', { token: admin.token, json });
    expect(answer.status).toBe(422);
  });
});

describe('the mailbox', () => {
  it('shows mails as they are, inert, and a page to read them', async () => {
    const page = await request('/mailbox');
    expect(page.status).toBe(200);
    expect(page.headers.get('Content-Type')).toContain('text/html');
    const letters = await bodyOf<{ data: { id: string; to: string; has_html: boolean }[] }>(
      await request(`/api/v1/mailbox/letters?to=${encodeURIComponent(reader.email)}`),
    );
    const letter = letters.data.find(({ has_html }) => has_html)!;
    expect(letter.to).toBe(reader.email);
    const html = await request(`/api/v1/mailbox/letters/${letter.id}/html`);
    expect(html.headers.get('Content-Security-Policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(await html.text()).toContain('<!doctype html>');
    expect((await request('/api/v1/mailbox/letters/unknown/html')).status).toBe(404);
  });
});
