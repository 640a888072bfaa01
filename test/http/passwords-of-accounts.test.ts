import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { accountTokens } from '../../src/db/identity-schema.ts';
import { users } from '../../src/db/schema.ts';
import { MAX_LINKS_PER_HOUR } from '../../src/domain/accounts/account-token.ts';
import { MAX_LOGIN_ATTEMPTS } from '../../src/features/accounts/login-limits.ts';
import { bodyOf, request, signUp, TEST_PASSWORD } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { keepEvents, mailedToken, seenEvents } from '../support/seen-events.ts';
import { loggedIn, logIn, registered } from '../support/sign-in.ts';

const { deps } = composeOnce(env);
const NEXT = 'another quiet horse 43';
const RESET_MAIL = 'account.password_reset_requested';
const VERIFY_MAIL = 'account.email_verification_requested';

const change = (token: string | undefined, json: unknown, path = '/api/v1/auth/change-password') =>
  request(path, { token, json });
const forgot = (email: string, path = '/api/v1/auth/forgot-password') => request(path, { json: { email } });
const reset = (token: string, new_password = NEXT) =>
  request('/api/v1/auth/reset-password', { json: { token, new_password } });
const verify = (token: string) => request('/api/v1/auth/verify-email', { json: { token } });
const me = (token: string) => request('/api/v1/me', { token });

async function resetToken(email: string, userId: string): Promise<string> {
  expect((await forgot(email)).status).toBe(202);
  await allDone();
  return mailedToken(RESET_MAIL, userId);
}

beforeAll(keepEvents);

describe('changing a password', () => {
  it('keeps the session that asked and ends the others, and the owner hears of it', async () => {
    const { user, access_token } = await registered('change-anna');
    const other = await loggedIn('change-anna');
    const answer = await change(access_token, { current_password: TEST_PASSWORD, new_password: NEXT });
    expect(answer.status).toBe(204);
    expect((await me(access_token)).status).toBe(200);
    expect(await refusalOf(await me(other.access_token))).toBe('401 invalid_token');
    const refreshed = await request('/api/v1/auth/refresh', { json: { refresh_token: other.refresh_token } });
    expect(await refusalOf(refreshed)).toBe('401 invalid_refresh_token');
    expect(await refusalOf(await logIn('change-anna'))).toBe('401 invalid_credentials');
    await loggedIn('change-anna', NEXT);
    const [told] = await seenEvents('account.password_changed', user.id);
    expect(told?.data).toMatchObject({ email: 'change-anna@bourse.test', by: 'change' });
    expect(JSON.stringify(told)).not.toContain(NEXT);
  });

  it('asks for the old one, and for a good new one', async () => {
    const { token, username } = await signUp('change-ben');
    const tries: [unknown, string][] = [
      [{ current_password: 'not the right one', new_password: NEXT }, '403 wrong_password'],
      [{ current_password: TEST_PASSWORD, new_password: username }, '422 weak_password'],
      [{ current_password: TEST_PASSWORD, new_password: 'short' }, '422 validation_failed'],
      [{ current_password: TEST_PASSWORD }, '422 validation_failed'],
      [{ current_password: TEST_PASSWORD, new_password: NEXT, user_id: 'x' }, '422 validation_failed'],
    ];
    for (const [body, refusal] of tries) expect(await refusalOf(await change(token, body))).toBe(refusal);
    const anonymous = await change(undefined, { current_password: TEST_PASSWORD, new_password: NEXT });
    expect(await refusalOf(anonymous)).toBe('401 unauthenticated');
  });

  it('lets a stolen session guess no longer than a stranger, and the owner sign in all the same', async () => {
    const { token } = await signUp('change-cleo');
    const guesses = await Promise.all(
      Array.from({ length: MAX_LOGIN_ATTEMPTS + 1 }, () =>
        change(token, { current_password: 'one more guess', new_password: NEXT }),
      ),
    );
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(1);
    await loggedIn('change-cleo');
  });

  it('happens once for two devices at the same moment', async () => {
    const { token } = await signUp('change-dan');
    const answers = await Promise.all(
      ['first new password', 'second new password'].map((new_password) =>
        change(token, { current_password: TEST_PASSWORD, new_password }, '/api/v1/change-password'),
      ),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });
});

describe('a forgotten password', () => {
  it('is set anew with a mailed link, which works once and ends every session', async () => {
    const { user, access_token } = await registered('reset-emma');
    const token = await resetToken('RESET-emma@bourse.test', user.id);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await deps.db.select().from(accountTokens).where(eq(accountTokens.hash, token))).toEqual([]);
    expect((await reset(token)).status).toBe(204);
    expect(await refusalOf(await me(access_token))).toBe('401 invalid_token');
    expect(await refusalOf(await reset(token, 'a third quiet horse'))).toBe('422 invalid_link');
    await loggedIn('reset-emma', NEXT);
    // Reading the mailbox proves the address.
    const [row] = await deps.db.select().from(users).where(eq(users.id, user.id));
    expect(row?.emailVerifiedAt).not.toBeNull();
  });

  it('gets the same answer for an address that nobody has, and no mail', async () => {
    await signUp('reset-fay');
    const known = await forgot('reset-fay@bourse.test');
    const unknown = await forgot('nobody-at-all@bourse.test', '/api/v1/forgot-password');
    expect([unknown.status, await unknown.json()]).toEqual([known.status, await known.json()]);
    await allDone();
    const { results } = await env.DB.prepare(
      `select body from seen_events where type = ? and body like '%nobody-at-all%'`,
    )
      .bind(RESET_MAIL)
      .all();
    expect(results).toEqual([]);
  });

  it('makes one link when the request is delivered twice, and few in an hour', async () => {
    const { userId, email } = await signUp('reset-gus');
    for (let asked = 0; asked < MAX_LINKS_PER_HOUR + 2; asked += 1) await forgot(email);
    await allDone();
    await allDone();
    const mails = await seenEvents(RESET_MAIL, userId);
    expect(mails).toHaveLength(MAX_LINKS_PER_HOUR);
    // Only the newest of them works.
    expect(await refusalOf(await reset(String(mails[0]?.data.token)))).toBe('422 invalid_link');
  });

  it('lets one of many requests with one link through', async () => {
    const { userId, email } = await signUp('reset-hal');
    const token = await resetToken(email, userId);
    const answers = await Promise.all([1, 2, 3].map((nth) => reset(token, `quiet horse number ${nth}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422, 422]);
  });

  it('refuses a link that is too old, for something else, made up, or for an address left behind', async () => {
    const { userId, email } = await signUp('reset-ida');
    const token = await resetToken(email, userId);
    expect(await refusalOf(await verify(token))).toBe('422 invalid_link');
    expect(await refusalOf(await reset('x'.repeat(43)))).toBe('422 invalid_link');
    expect(await refusalOf(await reset('x'.repeat(5_000)))).toBe('422 validation_failed');
    await deps.db.update(users).set({ emailKey: 'moved@bourse.test' }).where(eq(users.id, userId));
    expect(await refusalOf(await reset(token))).toBe('422 invalid_link');
    await deps.db.update(users).set({ emailKey: email }).where(eq(users.id, userId));
    await deps.db
      .update(accountTokens)
      .set({ expiresAt: deps.now() })
      .where(eq(accountTokens.userId, userId));
    expect(await refusalOf(await reset(token))).toBe('422 invalid_link');
  });

  it('outdates the link when the password is changed instead', async () => {
    const { userId, email, token: session } = await signUp('reset-jon');
    const token = await resetToken(email, userId);
    await change(session, { current_password: TEST_PASSWORD, new_password: NEXT });
    expect(await refusalOf(await reset(token))).toBe('422 invalid_link');
  });
});

describe('an e-mail address', () => {
  it('is verified by the link that registering mails', async () => {
    const { user, access_token } = await registered('verify-kim');
    expect(await bodyOf(await me(access_token))).toMatchObject({ email_verified: false });
    const token = await mailedToken(VERIFY_MAIL, user.id);
    const answer = await verify(token);
    expect(await bodyOf(answer)).toEqual({
      email: 'verify-kim@bourse.test',
      verified_at: expect.stringMatching(/Z$/),
    });
    expect(await bodyOf(await me(access_token))).toMatchObject({ email_verified: true });
    expect(await refusalOf(await verify(token))).toBe('422 invalid_link');
    expect(await seenEvents('account.registered', user.id)).toHaveLength(1);
  });

  it('gets another mail on demand, a few times in an hour, and none once it is verified', async () => {
    const { user, access_token: token } = await registered('verify-lou');
    const resend = () => request('/api/v1/auth/verify-email/resend', { method: 'POST', token });
    const first = await mailedToken(VERIFY_MAIL, user.id);
    for (let sent = 1; sent < MAX_LINKS_PER_HOUR; sent += 1) expect((await resend()).status).toBe(202);
    expect(await refusalOf(await resend())).toBe('429 rate_limited');
    expect(await refusalOf(await verify(first))).toBe('422 invalid_link');
    expect((await verify(await mailedToken(VERIFY_MAIL, user.id))).status).toBe(200);
    expect((await resend()).status).toBe(202);
    expect(await seenEvents(VERIFY_MAIL, user.id)).toHaveLength(MAX_LINKS_PER_HOUR);
  });

  it('is not proved by the mail to another one', async () => {
    const { user } = await registered('verify-max');
    const token = await mailedToken(VERIFY_MAIL, user.id);
    await deps.db.update(users).set({ emailKey: 'else@bourse.test' }).where(eq(users.id, user.id));
    expect(await refusalOf(await verify(token))).toBe('422 invalid_link');
  });

  it('needs somebody for another mail', async () => {
    const answer = await request('/api/v1/verify-email/resend', { method: 'POST' });
    expect(await refusalOf(answer)).toBe('401 unauthenticated');
  });
});
