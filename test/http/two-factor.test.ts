import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { auditLog } from '../../src/db/house-schema.ts';
import { loginChallenges, recoveryCodes, twoFactor } from '../../src/db/identity-schema.ts';
import { users } from '../../src/db/schema.ts';
import { MAX_LOGIN_ATTEMPTS } from '../../src/features/accounts/login-limits.ts';
import {
  CHALLENGE_SECONDS,
  MAX_CHALLENGE_ATTEMPTS,
} from '../../src/features/accounts/two-factor.usecases.ts';
import { bodyOf, request, signUp, TEST_PASSWORD, type TestUser } from '../support/accounts.ts';
import { codeAt, secretIn } from '../support/authenticator-app.ts';
import { refusalOf } from '../support/catalog.ts';
import { keepEvents, seenEvents } from '../support/seen-events.ts';
import { headersOf, logIn, type Place, type SignedInAnswer } from '../support/sign-in.ts';

const { deps } = composeOnce(env);
const STEP_MS = 30_000;
const realNow = deps.now;
/** Codes change with time: the tests move it on, so that none has to wait. */
let aheadMs = 0;
const laterBy = (ms: number) => {
  aheadMs += ms;
  deps.now = () => realNow() + aheadMs;
};
const codeOf = (secret: string) => codeAt(secret, deps.now());
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

interface SetUp {
  secret: string;
  otpauth_uri: string;
  qr_svg: string;
}
const post = (token: string | undefined, path: string, json: unknown) =>
  request(`/api/v1/me/two-factor/${path}`, { token, json });
const setUp = async ({ token }: TestUser) =>
  bodyOf<SetUp>(await post(token, 'setup', { password: TEST_PASSWORD }));
const finish = (challenge: string, proof: Record<string, unknown>, place: Place = {}) =>
  request('/api/v1/auth/login/two-factor', { json: { challenge, ...proof }, headers: headersOf(place) });
const challengeOf = async (name: string, place: Place = {}) => {
  const answer = await logIn(name, TEST_PASSWORD, place);
  expect(answer.status).toBe(202);
  return (await bodyOf<{ challenge: string }>(answer)).challenge;
};

/** A user who signs in with two steps, at the beginning of a time step in which no code was used. */
async function enrolled(name: string) {
  const user = await signUp(name);
  const { secret } = await setUp(user);
  const { recovery_codes } = await bodyOf<{ recovery_codes: string[] }>(
    await post(user.token, 'confirm', { code: codeOf(secret) }),
  );
  laterBy(STEP_MS);
  return { ...user, secret, recoveryCodes: recovery_codes };
}

beforeAll(keepEvents);
afterEach(() => {
  deps.now = realNow;
  aheadMs = 0;
});

describe('setting up a second factor', () => {
  it('gives what an app reads, and turns it on with the first code', async () => {
    const user = await signUp('setup-anna');
    const made = await setUp(user);
    expect(made.secret).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(made.otpauth_uri);
    expect(uri.protocol).toBe('otpauth:');
    expect(decodeURIComponent(uri.pathname)).toContain(user.email);
    expect(uri.searchParams.get('issuer')).toBe('Bourse');
    expect(secretIn(made.otpauth_uri)).toBe(made.secret);
    expect(made.qr_svg).toMatch(/^<svg /);
    // Until a code comes back, signing in is as before.
    expect((await logIn('setup-anna')).status).toBe(200);

    const confirmed = await post(user.token, 'confirm', { code: codeOf(made.secret) });
    const { recovery_codes } = await bodyOf<{ recovery_codes: string[] }>(confirmed);
    expect(new Set(recovery_codes).size).toBe(10);
    const state = await request('/api/v1/me/two-factor', { token: user.token });
    expect(await bodyOf(state)).toMatchObject({
      enabled: true,
      recovery_codes_left: 10,
      allowed_actions: ['renew_recovery_codes', 'disable'],
    });
    expect(await seenEvents('account.two_factor_enabled', user.userId)).toHaveLength(1);
  });

  it('stores neither the secret nor a recovery code as it is', async () => {
    const { userId, secret, recoveryCodes: codes } = await enrolled('setup-ben');
    const [row] = await deps.db.select().from(twoFactor).where(eq(twoFactor.userId, userId));
    const stored = await deps.db.select().from(recoveryCodes).where(eq(recoveryCodes.userId, userId));
    const text = JSON.stringify([row, stored]);
    for (const plain of [secret, ...codes]) expect(text).not.toContain(plain);
    // What is sealed for one account opens nothing of another.
    expect(await deps.vault.openText(row!.sealedSecret, 'two-factor:usr_another')).toBeNull();
  });

  it('asks for the password, a right code, and that it is not on already', async () => {
    const user = await signUp('setup-cleo');
    expect(await refusalOf(await post(user.token, 'confirm', { code: '123456' }))).toBe('409 two_factor_off');
    expect(await refusalOf(await post(user.token, 'setup', { password: 'not the right one' }))).toBe(
      '403 wrong_password',
    );
    const { secret } = await setUp(user);
    const code = codeOf(secret);
    for (const [json, refusal] of [
      [{ code: wrong(code) }, '403 two_factor_invalid'],
      [{ code: '12345' }, '422 validation_failed'],
      [{ code: '1234567' }, '422 validation_failed'],
      [{ code: 123456 }, '422 validation_failed'],
      [{}, '422 validation_failed'],
    ] as const)
      expect(await refusalOf(await post(user.token, 'confirm', json))).toBe(refusal);
    expect((await post(user.token, 'confirm', { code })).status).toBe(200);
    expect(await refusalOf(await post(user.token, 'setup', { password: TEST_PASSWORD }))).toBe(
      '409 two_factor_on',
    );
    expect(await refusalOf(await post(user.token, 'confirm', { code }))).toBe('409 two_factor_on');
  });

  it('is nobody else’s', async () => {
    for (const path of ['setup', 'confirm', 'recovery-codes', 'disable'])
      expect(await refusalOf(await post(undefined, path, {}))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/me/two-factor'))).toBe('401 unauthenticated');
  });
});

describe('signing in with two steps', () => {
  it('takes a code of the app after the password', async () => {
    const { secret } = await enrolled('login-dan');
    const challenge = await challengeOf('login-dan');
    const answer = await finish(challenge, { code: codeOf(secret) });
    expect(answer.status).toBe(200);
    const { access_token } = await bodyOf<SignedInAnswer>(answer);
    expect((await request('/api/v1/me', { token: access_token })).status).toBe(200);
    // The challenge is spent, and so is the code.
    expect(await refusalOf(await finish(challenge, { code: codeOf(secret) }))).toBe(
      '401 two_factor_challenge_invalid',
    );
    expect(await refusalOf(await finish(await challengeOf('login-dan'), { code: codeOf(secret) }))).toBe(
      '403 two_factor_invalid',
    );
    laterBy(STEP_MS);
    const next = await finish(await challengeOf('login-dan'), { code: codeOf(secret) });
    expect(next.status).toBe(200);
  });

  it('lets one of many through who send the same code at once', async () => {
    const { secret } = await enrolled('login-eve');
    const challenges = [];
    for (let nth = 0; nth < 3; nth += 1) challenges.push(await challengeOf('login-eve'));
    const code = codeOf(secret);
    const answers = await Promise.all(challenges.map((challenge) => finish(challenge, { code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
  });

  it('takes each recovery code once, however it is written', async () => {
    const { recoveryCodes: codes, token } = await enrolled('login-fay');
    const written = codes[0]!.toUpperCase().replace('-', ' ');
    expect((await finish(await challengeOf('login-fay'), { recovery_code: written })).status).toBe(200);
    expect(await refusalOf(await finish(await challengeOf('login-fay'), { recovery_code: codes[0]! }))).toBe(
      '403 two_factor_invalid',
    );
    const answers = await Promise.all(
      [await challengeOf('login-fay'), await challengeOf('login-fay')].map((challenge) =>
        finish(challenge, { recovery_code: codes[1]! }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const state = await bodyOf(await request('/api/v1/me/two-factor', { token }));
    expect(state.recovery_codes_left).toBe(8);
  });

  it('gives a challenge few tries and a short life, and its account to no other', async () => {
    const { secret, userId } = await enrolled('login-gus');
    const other = await enrolled('login-hal');
    const worn = await challengeOf('login-gus');
    for (let nth = 0; nth < MAX_CHALLENGE_ATTEMPTS; nth += 1)
      expect(await refusalOf(await finish(worn, { code: wrong(codeOf(secret)) }))).toBe(
        '403 two_factor_invalid',
      );
    expect(await refusalOf(await finish(worn, { code: codeOf(secret) }))).toBe(
      '401 two_factor_challenge_invalid',
    );
    const fresh = await challengeOf('login-gus');
    expect(await refusalOf(await finish(fresh, { code: codeOf(other.secret) }))).toBe(
      '403 two_factor_invalid',
    );
    expect(await refusalOf(await finish(fresh, { recovery_code: other.recoveryCodes[0]! }))).toBe(
      '403 two_factor_invalid',
    );
    laterBy(CHALLENGE_SECONDS * 1000);
    expect(await refusalOf(await finish(fresh, { code: codeOf(secret) }))).toBe(
      '401 two_factor_challenge_invalid',
    );
    const stored = await deps.db.select().from(loginChallenges).where(eq(loginChallenges.userId, userId));
    expect(JSON.stringify(stored)).not.toContain(fresh);
  });

  it('makes whoever guesses codes wait at their own address, and lets the owner in', async () => {
    const { secret } = await enrolled('login-ida');
    const thief = { address: '198.51.100.40' };
    let last = '';
    for (let tries = 0; tries <= MAX_LOGIN_ATTEMPTS; ) {
      const challenge = await challengeOf('login-ida', thief);
      for (let nth = 0; nth < MAX_CHALLENGE_ATTEMPTS && tries <= MAX_LOGIN_ATTEMPTS; nth += 1, tries += 1)
        last = await refusalOf(await finish(challenge, { code: wrong(codeOf(secret)) }, thief));
    }
    expect(last).toBe('429 rate_limited');
    const owner = await finish(await challengeOf('login-ida'), { code: codeOf(secret) });
    expect(owner.status).toBe(200);
  });

  it('still asks for the code after the password was set anew, and drops open challenges', async () => {
    const { secret, token } = await enrolled('login-jon');
    const challenge = await challengeOf('login-jon');
    const next = 'a password set anew';
    await request('/api/v1/auth/change-password', {
      token,
      json: { current_password: TEST_PASSWORD, new_password: next },
    });
    expect(await refusalOf(await finish(challenge, { code: codeOf(secret) }))).toBe(
      '401 two_factor_challenge_invalid',
    );
    expect((await logIn('login-jon', next)).status).toBe(202);
  });

  it.each([
    ['no proof', {}],
    ['two proofs', { code: '123456', recovery_code: '0a1b2-c3d4e' }],
    ['an unknown field', { code: '123456', user_id: 'usr_0' }],
    ['a code of a megabyte', { recovery_code: 'x'.repeat(100_000) }],
  ])('refuses %s', async (_what, proof) => {
    expect(await refusalOf(await finish('x'.repeat(43), proof))).toBe('422 validation_failed');
  });
});

describe('turning it off', () => {
  it('takes the password and a code, and a recovery code will do', async () => {
    const { secret, token, recoveryCodes: codes, userId } = await enrolled('off-kim');
    const proofs: [Record<string, unknown>, string][] = [
      [{ password: TEST_PASSWORD, code: wrong(codeOf(secret)) }, '403 two_factor_invalid'],
      [{ password: 'not the right one', code: codeOf(secret) }, '403 wrong_password'],
      [{ password: TEST_PASSWORD }, '422 validation_failed'],
      [{ code: codeOf(secret) }, '422 validation_failed'],
    ];
    for (const [json, refusal] of proofs)
      expect(await refusalOf(await post(token, 'disable', json))).toBe(refusal);
    const off = await post(token, 'disable', { password: TEST_PASSWORD, recovery_code: codes[3] });
    expect(off.status).toBe(204);
    expect((await logIn('off-kim')).status).toBe(200);
    expect(await seenEvents('account.two_factor_disabled', userId)).toHaveLength(1);
    expect(await refusalOf(await post(token, 'disable', { password: TEST_PASSWORD, code: '123456' }))).toBe(
      '409 two_factor_off',
    );
  });

  it('is not needed to get new recovery codes, which outdate the old ones', async () => {
    const { secret, token, recoveryCodes: old } = await enrolled('off-lou');
    const answer = await post(token, 'recovery-codes', { password: TEST_PASSWORD, code: codeOf(secret) });
    const { recovery_codes: fresh } = await bodyOf<{ recovery_codes: string[] }>(answer);
    expect(await refusalOf(await finish(await challengeOf('off-lou'), { recovery_code: old[0]! }))).toBe(
      '403 two_factor_invalid',
    );
    expect((await finish(await challengeOf('off-lou'), { recovery_code: fresh[0]! })).status).toBe(200);
  });
});

describe('a second step that was lost', () => {
  const reset = (
    by: TestUser | undefined,
    { userId }: { userId: string },
    reason = '?reason=showed%20a%20passport',
  ) => request(`/api/v1/admin/users/${userId}/two-factor${reason}`, { method: 'DELETE', token: by?.token });

  it('is taken off by an admin, on record, with every session ended and a word to the owner', async () => {
    const user = await enrolled('lost-ann');
    const admin = await signUp('lost-admin', 'admin');
    const challenge = await challengeOf('lost-ann');
    const managed = () => request(`/api/v1/admin/users/${user.userId}`, { token: admin.token });
    expect(await bodyOf(await managed())).toMatchObject({
      two_factor_enabled: true,
      allowed_actions: ['edit', 'assign_role', 'reset_two_factor', 'delete'],
    });
    expect((await reset(admin, user)).status).toBe(204);
    expect(await bodyOf(await managed())).toMatchObject({
      two_factor_enabled: false,
      allowed_actions: ['edit', 'assign_role', 'delete'],
    });
    expect(await refusalOf(await request('/api/v1/me', { token: user.token }))).toBe('401 invalid_token');
    expect(await refusalOf(await finish(challenge, { recovery_code: user.recoveryCodes[0] }))).toBe(
      '401 two_factor_challenge_invalid',
    );
    expect((await logIn('lost-ann')).status).toBe(200);
    expect(await deps.db.select().from(recoveryCodes).where(eq(recoveryCodes.userId, user.userId))).toEqual(
      [],
    );
    expect(await seenEvents('account.two_factor_reset', user.userId)).toHaveLength(1);
    const [entry] = await deps.db.select().from(auditLog).where(eq(auditLog.targetId, user.userId));
    expect(entry).toMatchObject({ action: 'user_two_factor_reset', reason: 'showed a passport' });
    expect(await refusalOf(await reset(admin, user))).toBe('409 two_factor_off');
  });

  it('is nobody’s to take off but an admin’s, and an admin’s a superadmin’s', async () => {
    const user = await enrolled('lost-ben');
    const boss = await enrolled('lost-boss');
    await deps.db.update(users).set({ role: 'admin' }).where(eq(users.id, boss.userId));
    const [admin, support] = [await signUp('lost-admin2', 'admin'), await signUp('lost-support', 'support')];
    expect(await refusalOf(await reset(undefined, user))).toBe('401 unauthenticated');
    expect(await refusalOf(await reset(user, user))).toBe('403 forbidden');
    expect(await refusalOf(await reset(support, user))).toBe('403 forbidden');
    expect(await refusalOf(await reset(admin, user, ''))).toBe('422 validation_failed');
    expect(await refusalOf(await reset(admin, boss))).toBe('403 forbidden');
    expect(await refusalOf(await reset(boss, boss))).toBe('403 forbidden');
    expect(await refusalOf(await reset(admin, { userId: 'usr_0000000000000000' }))).toBe(
      '404 user_not_found',
    );
    expect((await reset(await signUp('lost-chief', 'superadmin'), boss)).status).toBe(204);
  });
});
