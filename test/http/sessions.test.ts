import { env } from 'cloudflare:workers';
import { eq, inArray } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { refreshTokens, sessions } from '../../src/db/schema.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import { LOGIN_WINDOW_MS, MAX_LOGIN_ATTEMPTS } from '../../src/features/accounts/login-limits.ts';
import { runSchedule } from '../../src/jobs/schedule.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { keepEvents, seenEvents } from '../support/seen-events.ts';
import { loggedIn, logIn, registered } from '../support/sign-in.ts';

const { deps } = composeOnce(env);
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605.1.15 Version/19.0 Safari/604.1';

interface Session {
  id: string;
  device: string;
  ip_address: string;
  is_current: boolean;
  allowed_actions: string[];
}
const list = async (token: string, query = '') =>
  bodyOf<{ data: Session[]; next_cursor: string | null }>(
    await request(`/api/v1/me/sessions${query}`, { token }),
  );
const revoke = (token: string | undefined, id = '') =>
  request(`/api/v1/me/sessions${id && `/${id}`}`, { method: 'DELETE', token });
const me = (token: string) => request('/api/v1/me', { token });

beforeAll(keepEvents);

describe('sessions', () => {
  it('are listed by device, and say which one asks', async () => {
    const desk = await registered('list-anna');
    const phone = await loggedIn('list-anna', undefined, { address: '203.0.113.7', userAgent: PHONE });
    const { data } = await list(phone.access_token);
    expect(data).toMatchObject([
      { device: 'Safari on iPhone', ip_address: '203.0.113.7', is_current: true },
      { device: 'Firefox on Linux', ip_address: '192.0.2.1', is_current: false },
    ]);
    expect((await list(desk.access_token)).data.map(({ is_current }) => is_current)).toEqual([false, true]);
  });

  it('come page by page', async () => {
    const { access_token } = await registered('list-page');
    for (let more = 0; more < 2; more += 1) await loggedIn('list-page');
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(access_token, `?limit=1${cursor && `&cursor=${cursor}`}`);
      ids.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(new Set(ids).size).toBe(3);
    const bad = await request('/api/v1/me/sessions?cursor=x', { token: access_token });
    expect(await refusalOf(bad)).toBe('422 invalid_cursor');
  });

  it('end one by one: at once for the access token, and for good for the refresh token', async () => {
    const desk = await registered('revoke-ben');
    const phone = await loggedIn('revoke-ben', undefined, { userAgent: PHONE });
    const theirs = (await list(desk.access_token)).data.find(({ is_current }) => !is_current)!;
    expect((await revoke(desk.access_token, theirs.id)).status).toBe(204);
    expect(await refusalOf(await me(phone.access_token))).toBe('401 invalid_token');
    const refreshed = await request('/api/v1/auth/refresh', { json: { refresh_token: phone.refresh_token } });
    expect(await refusalOf(refreshed)).toBe('401 invalid_refresh_token');
    expect(await refusalOf(await revoke(desk.access_token, theirs.id))).toBe('404 session_not_found');
    expect((await list(desk.access_token)).data).toHaveLength(1);
  });

  it('end all at once but for the one that asks', async () => {
    const desk = await registered('revoke-cleo');
    const others = [await loggedIn('revoke-cleo'), await loggedIn('revoke-cleo')];
    expect(await bodyOf(await revoke(desk.access_token))).toEqual({ revoked: 2 });
    for (const other of others)
      expect(await refusalOf(await me(other.access_token))).toBe('401 invalid_token');
    expect((await me(desk.access_token)).status).toBe(200);
    expect(await bodyOf(await revoke(desk.access_token))).toEqual({ revoked: 0 });
  });

  it('of others are not there', async () => {
    const [mine, theirs] = await Promise.all([signUp('revoke-dan'), signUp('revoke-eve')]);
    expect(await refusalOf(await revoke(mine.token, theirs.sessionId))).toBe('404 session_not_found');
    expect(await refusalOf(await revoke(mine.token, 'x'.repeat(65)))).toBe('422 validation_failed');
    expect((await me(theirs.token)).status).toBe(200);
    expect(await refusalOf(await revoke(undefined))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/me/sessions'))).toBe('401 unauthenticated');
  });

  it('that ended long ago are deleted, with their tokens', async () => {
    const old = await registered('purge-fay');
    const recent = await registered('purge-gus');
    await deps.db
      .update(sessions)
      .set({ expiresAt: deps.now() - 8 * DAY_MS })
      .where(eq(sessions.userId, old.user.id));
    const kept = () =>
      deps.db
        .select({ userId: sessions.userId })
        .from(sessions)
        .where(inArray(sessions.userId, [old.user.id, recent.user.id]));
    await runSchedule(deps, deps.now());
    expect(await kept()).toEqual([{ userId: recent.user.id }]);
    const tokens = await deps.db.select().from(refreshTokens);
    expect(tokens.length).toBeGreaterThan(0);
  });
});

describe('devices', () => {
  it('are told of when somebody signs in from one that is new', async () => {
    const { user, cookie } = await registered('device-hal');
    expect(cookie).toMatch(/^__Host-bourse_device=[\w-]{43}$/);
    await loggedIn('device-hal', undefined, { cookie, address: '203.0.113.1' });
    await loggedIn('device-hal');
    expect(await seenEvents('account.new_device', user.id)).toEqual([]);
    const place = { address: '203.0.113.9', userAgent: PHONE };
    await loggedIn('device-hal', undefined, place);
    await loggedIn('device-hal', undefined, place);
    const told = await seenEvents('account.new_device', user.id);
    expect(told.map(({ data }) => data)).toMatchObject([
      { device: 'Safari on iPhone', address: '203.0.113.9', email: 'device-hal@bourse.test' },
    ]);
  });

  it('get a cookie that no script reads and no other site sends', async () => {
    await signUp('device-ida');
    const answer = await logIn('device-ida');
    const cookie = answer.headers.get('Set-Cookie');
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
  });

  it('that signed in before are not locked out by a stranger at the same address', async () => {
    const { user, cookie } = await registered('device-jon');
    const address = '198.51.100.20';
    for (let guess = 0; guess <= MAX_LOGIN_ATTEMPTS; guess += 1)
      await logIn('device-jon', 'one more guess', { address });
    expect(await refusalOf(await logIn('device-jon', undefined, { address }))).toBe('429 rate_limited');
    await loggedIn('device-jon', undefined, { address, cookie });
    const told = await seenEvents('account.locked', user.id);
    expect(told.map(({ data }) => data)).toMatchObject([{ address, email: 'device-jon@bourse.test' }]);
    // A cookie of somebody else, or one made up, opens no second count.
    const stranger = await registered('device-kai');
    for (const forged of [stranger.cookie, `__Host-bourse_device=${'x'.repeat(43)}`, 'nonsense'])
      expect(await refusalOf(await logIn('device-jon', undefined, { address, cookie: forged }))).toBe(
        '429 rate_limited',
      );
  });

  it('of two people in one browser are known for both', async () => {
    const one = await registered('device-lou');
    const two = await registered('device-max', { cookie: one.cookie });
    expect(two.cookie?.split('.')).toHaveLength(2);
    expect((await loggedIn('device-lou', undefined, { cookie: two.cookie })).cookie).toBeUndefined();
    expect((await loggedIn('device-max', undefined, { cookie: two.cookie })).cookie).toBeUndefined();
  });
});

describe('a guesser', () => {
  it('waits twice as long after each series of wrong guesses', async () => {
    await signUp('wait-nia');
    const address = '198.51.100.30';
    const base = deps.now();
    const realNow = deps.now;
    const waits: number[] = [];
    try {
      let atMs = base;
      deps.now = () => atMs;
      for (let series = 0; series < 3; series += 1) {
        let refused: Response;
        do {
          refused = await logIn('nobody-there', 'one more guess', { address });
        } while (refused.status === 401);
        waits.push(Number(refused.headers.get('Retry-After')));
        atMs += waits.at(-1)! * 1000;
      }
    } finally {
      deps.now = realNow;
    }
    const first = LOGIN_WINDOW_MS / 1000;
    expect(waits).toEqual([first, 2 * first, 4 * first]);
  });
});
