import { env } from 'cloudflare:workers';
import { and, eq, isNull } from 'drizzle-orm';
import { importJWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { refreshTokens, sessions, users } from '../../src/db/schema.ts';
import { MAX_LOGIN_ATTEMPTS } from '../../src/features/accounts/login-limits.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';

interface SignedIn {
  user: { id: string; email: string; username: string; display_name: string; roles: string[] };
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
}

interface Problem {
  code: string;
  status: number;
  errors?: { pointer: string }[];
}

const PASSWORD = 'a quiet horse 42';
const { deps } = composeOnce(env);

async function register(name: string): Promise<SignedIn> {
  const response = await request('/api/v1/auth/register', {
    json: { email: `${name}@bourse.test`, username: name, password: PASSWORD },
  });
  expect(response.status).toBe(201);
  return bodyOf<SignedIn>(response);
}

async function expectProblem(response: Response, status: number, code: string): Promise<Problem> {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  const body = await bodyOf<Problem & Record<string, unknown>>(response);
  expect([response.status, body.code]).toEqual([status, code]);
  return body;
}

const login = (json: Record<string, unknown>, address = '192.0.2.1') =>
  request('/api/v1/auth/login', { json, headers: { 'CF-Connecting-IP': address } });

const refresh = (refreshToken: string) =>
  request('/api/v1/auth/refresh', { json: { refresh_token: refreshToken } });

const me = (token: string) => request('/api/v1/me', { token });

describe('register', () => {
  it('creates an account and signs it in', async () => {
    const response = await request('/api/v1/auth/register', {
      json: { email: 'Carol@Bourse.Test', username: 'Carol', password: PASSWORD, display_name: ' Carol Q ' },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const body = await bodyOf<SignedIn>(response);
    expect(body).toEqual({
      user: {
        id: expect.stringMatching(/^usr_[0-9a-z]{16}$/),
        email: 'carol@bourse.test',
        username: 'Carol',
        display_name: 'Carol Q',
        email_verified: false,
        roles: ['user'],
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 900,
    });
    const mine = await me(body.access_token);
    expect(await mine.json()).toMatchObject(body.user);
  });

  it('stores neither the password nor a token as it is', async () => {
    const { user, refresh_token } = await register('stored');
    const [row] = await deps.db.select().from(users).where(eq(users.id, user.id));
    expect(row?.passwordHash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
    expect(await deps.db.select().from(refreshTokens).where(eq(refreshTokens.hash, refresh_token))).toEqual(
      [],
    );
  });

  it('refuses a taken e-mail address and a taken username, whatever their case', async () => {
    await register('taken');
    const attempt = (email: string, username: string) =>
      request('/api/v1/register', { json: { email, username, password: PASSWORD } });
    await expectProblem(await attempt('TAKEN@bourse.test', 'free'), 409, 'email_taken');
    await expectProblem(await attempt('free@bourse.test', 'TAKEN'), 409, 'username_taken');
  });

  it('gives one name to one of many who ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        request('/api/v1/auth/register', {
          json: { email: `race${index}@bourse.test`, username: 'race', password: PASSWORD },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409]);
  });

  it.each(['password1', 'QWERTYUIOP', 'weak.person@bourse.test', 'weak.person'])(
    'refuses the guessable password %s',
    async (password) => {
      const response = await request('/api/v1/auth/register', {
        json: { email: 'weak.person@bourse.test', username: 'weak.person', password },
      });
      const { errors } = await expectProblem(response, 422, 'weak_password');
      expect(errors?.[0]?.pointer).toBe('/password');
    },
  );

  const valid = { email: 'valid@bourse.test', username: 'valid', password: PASSWORD };
  it.each([
    ['no e-mail address', { email: 'nobody' }, '/email'],
    ['an e-mail address of 255 characters', { email: `${'a'.repeat(243)}@bourse.test` }, '/email'],
    ['a short username', { username: 'ab' }, '/username'],
    ['a username like an e-mail address', { username: 'a@b.test' }, '/username'],
    ['a username of 31 characters', { username: 'a'.repeat(31) }, '/username'],
    ['a password of 7 characters', { password: 'häuser1' }, '/password'],
    ['a password of 129 characters', { password: 'ä'.repeat(129) }, '/password'],
    ['a password that is a number', { password: 12345678 }, '/password'],
    ['a display name with a line break', { display_name: 'a\nb' }, '/display_name'],
    ['a display name of 81 characters', { display_name: 'a'.repeat(81) }, '/display_name'],
    ['a role of its own choice', { role: 'admin' }, '/role'],
  ])('refuses %s', async (_what, change, pointer) => {
    const response = await request('/api/v1/auth/register', { json: { ...valid, ...change } });
    const { errors } = await expectProblem(response, 422, 'validation_failed');
    expect(errors?.map((error) => error.pointer)).toEqual([pointer]);
  });

  it('refuses broken JSON, a megabyte and a body that is not JSON', async () => {
    const send = (body: string, type = 'application/json') =>
      request('/api/v1/auth/register', { body, headers: { 'Content-Type': type } });
    await expectProblem(await send('{"email": '), 400, 'malformed_json');
    await expectProblem(await send(JSON.stringify({ email: 'a'.repeat(1_000_000) })), 413, 'body_too_large');
    await expectProblem(await send(JSON.stringify(valid), 'text/plain'), 415, 'unsupported_media_type');
  });

  it('keeps every character of a password', async () => {
    const password = `${'ä'.repeat(126)}🐎x`;
    const account = { email: 'long@bourse.test', username: 'long' };
    expect((await request('/api/v1/auth/register', { json: { ...account, password } })).status).toBe(201);
    await expectProblem(
      await login({ email: account.email, password: `${password.slice(0, -1)}y` }),
      401,
      'invalid_credentials',
    );
    expect((await login({ email: account.email, password: password.normalize('NFD') })).status).toBe(200);
  });
});

describe('login', () => {
  it('takes the e-mail address or the username, as JSON or as an OAuth2 form', async () => {
    const { user } = await register('dora');
    const form = (fields: Record<string, string>) =>
      request('/api/v1/token', { body: new URLSearchParams(fields) });
    const answers = await Promise.all([
      login({ email: 'DORA@bourse.test', password: PASSWORD }),
      login({ username: 'Dora', password: PASSWORD }),
      form({ grant_type: 'password', username: 'dora@bourse.test', password: PASSWORD }),
      form({ username: 'dora', password: PASSWORD, scope: '' }),
      request('/api/v1/login', { json: { email: 'dora', password: PASSWORD } }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      const body = await bodyOf<SignedIn>(answer);
      expect(body.user).toEqual(user);
      expect((await me(body.access_token)).status).toBe(200);
    }
  });

  it('answers an unknown name as it answers a wrong password', async () => {
    await register('elsa');
    const answers = await Promise.all(
      [
        { email: 'elsa@bourse.test', password: 'not the right one' },
        { email: 'nobody@bourse.test', password: 'not the right one' },
        { username: 'nobody', password: 'not the right one' },
      ].map((credentials) => login(credentials)),
    );
    const bodies = await Promise.all(
      answers.map((answer) => expectProblem(answer, 401, 'invalid_credentials')),
    );
    const alike = bodies.map((body) => ({ ...body, request_id: '' }));
    expect(alike[1]).toEqual(alike[0]);
    expect(alike[2]).toEqual(alike[0]);
    for (const answer of answers) expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer/);
  });

  it('makes a guesser wait at their own address, known account or not, and lets the owner in', async () => {
    await register('fred');
    for (const email of ['fred@bourse.test', 'nobody.else@bourse.test']) {
      const guesses = await Promise.all(
        Array.from({ length: MAX_LOGIN_ATTEMPTS + 2 }, () =>
          login({ email, password: 'one more guess' }, '198.51.100.9'),
        ),
      );
      expect(guesses.filter((guess) => guess.status === 401)).toHaveLength(MAX_LOGIN_ATTEMPTS);
      const refused = await login({ email, password: PASSWORD }, '198.51.100.9');
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
      await expectProblem(refused, 429, 'rate_limited');
    }
    // The same account under its other name is the same account.
    await expectProblem(
      await login({ username: 'fred', password: PASSWORD }, '198.51.100.9'),
      429,
      'rate_limited',
    );
    expect((await login({ email: 'fred@bourse.test', password: PASSWORD }, '192.0.2.77')).status).toBe(200);
  });

  it('forgets wrong attempts after a right one', async () => {
    await register('gina');
    for (let round = 0; round < 2; round++) {
      for (let attempt = 0; attempt < MAX_LOGIN_ATTEMPTS / 2; attempt++)
        await login({ username: 'gina', password: 'wrong again' });
      expect((await login({ username: 'gina', password: PASSWORD })).status).toBe(200);
    }
  });

  it('tells only the owner of a suspended account that it is suspended', async () => {
    const { user, refresh_token } = await register('hugo');
    await deps.db.update(users).set({ status: 'suspended' }).where(eq(users.id, user.id));
    await expectProblem(await login({ username: 'hugo', password: PASSWORD }), 403, 'account_suspended');
    await expectProblem(
      await login({ username: 'hugo', password: 'not the right one' }),
      401,
      'invalid_credentials',
    );
    await expectProblem(await refresh(refresh_token), 403, 'account_suspended');
  });

  it.each([
    ['nothing', {}],
    ['no name', { password: PASSWORD }],
    ['two names', { email: 'a@b.test', username: 'a', password: PASSWORD }],
    ['an unknown field', { email: 'a@b.test', password: PASSWORD, remember: true }],
  ])('refuses %s', async (_what, json) => {
    await expectProblem(await login(json), 422, 'validation_failed');
  });

  it('refuses a request without a body and a form of another grant', async () => {
    await expectProblem(await request('/api/v1/auth/login', { method: 'POST' }), 422, 'validation_failed');
    const otherGrant = new URLSearchParams({
      grant_type: 'client_credentials',
      username: 'a',
      password: 'b',
    });
    await expectProblem(await request('/api/v1/token', { body: otherGrant }), 422, 'validation_failed');
  });
});

describe('refresh', () => {
  it('gives new tokens for the same session, and each refresh token works once', async () => {
    const first = await register('ida');
    const second = await bodyOf<SignedIn>(await refresh(first.refresh_token));
    expect(second.user).toEqual(first.user);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await me(second.access_token)).status).toBe(200);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it('ends the whole family when an old token comes back', async () => {
    const first = await register('jane');
    const second = await bodyOf<SignedIn>(await refresh(first.refresh_token));
    const third = await bodyOf<SignedIn>(await refresh(second.refresh_token));
    await expectProblem(await refresh(first.refresh_token), 401, 'invalid_refresh_token');
    await expectProblem(await refresh(third.refresh_token), 401, 'invalid_refresh_token');
    await expectProblem(await me(third.access_token), 401, 'invalid_token');
    const [session] = await deps.db.select().from(sessions).where(eq(sessions.userId, first.user.id));
    expect(session?.revokeReason).toBe('refresh_token_reused');
  });

  it('leaves no live token behind when one is spent twice at once', async () => {
    const { refresh_token, user } = await register('karl');
    const answers = await Promise.all([1, 2, 3].map(() => refresh(refresh_token)));
    expect(answers.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1);
    const live = await deps.db
      .select()
      .from(sessions)
      .where(and(eq(sessions.userId, user.id), isNull(sessions.revokedAt)));
    expect(live).toEqual([]);
  });

  it('leaves the other sessions of the user alone', async () => {
    const phone = await register('lena');
    const laptop = await bodyOf<SignedIn>(await login({ username: 'lena', password: PASSWORD }));
    await refresh(phone.refresh_token);
    await refresh(phone.refresh_token);
    expect((await refresh(laptop.refresh_token)).status).toBe(200);
  });

  it('refuses an expired token, an access token and anything made up', async () => {
    const { access_token, refresh_token, user } = await register('mara');
    await expectProblem(await refresh(access_token), 401, 'invalid_refresh_token');
    await expectProblem(await refresh('x'.repeat(43)), 401, 'invalid_refresh_token');
    const [session] = await deps.db.select().from(sessions).where(eq(sessions.userId, user.id));
    await deps.db
      .update(refreshTokens)
      .set({ expiresAt: deps.now() - 1 })
      .where(eq(refreshTokens.sessionId, session!.id));
    await expectProblem(await refresh(refresh_token), 401, 'invalid_refresh_token');
  });
});

describe('logout', () => {
  it('ends the session for its next request', async () => {
    const { access_token, refresh_token } = await register('nina');
    expect((await me(access_token)).status).toBe(200);
    expect((await request('/api/v1/auth/logout', { method: 'POST', token: access_token })).status).toBe(204);
    await expectProblem(await me(access_token), 401, 'invalid_token');
    await expectProblem(await refresh(refresh_token), 401, 'invalid_refresh_token');
  });

  it('reaches an isolate that did not see it through the list of ended sessions', async () => {
    const { token, sessionId } = await signUp('otto');
    expect((await me(token)).status).toBe(200);
    const nowMs = deps.now();
    await deps.db.update(sessions).set({ revokedAt: nowMs }).where(eq(sessions.id, sessionId));
    await deps.revocations.refreshIfStale(nowMs + 60_000);
    await expectProblem(await me(token), 401, 'invalid_token');
  });

  it('needs somebody to sign out', async () => {
    await expectProblem(await request('/api/v1/logout', { method: 'POST' }), 401, 'unauthenticated');
  });
});

describe('who is calling', () => {
  it('is nobody without a token', async () => {
    await expectProblem(await request('/api/v1/me'), 401, 'unauthenticated');
    await expectProblem(
      await request('/api/v1/me', { headers: { 'X-User-Id': 'usr_0000000000000000' } }),
      401,
      'unauthenticated',
    );
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer user:1', `Bearer ${'x'.repeat(9_000)}`])(
    'is refused with the header %.20s',
    async (authorization) => {
      await expectProblem(
        await request('/api/v1/me', { headers: { Authorization: authorization } }),
        401,
        'invalid_token',
      );
    },
  );

  it('says which roles an admin has', async () => {
    const { token } = await signUpAdmin();
    expect(await bodyOf<SignedIn['user']>(await me(token))).toMatchObject({ roles: ['user', 'admin'] });
  });

  it('is refused with a token that was changed, signed by another or meant for something else', async () => {
    const user = await signUp('petra');
    for (const [what, token] of await forgeries(user)) {
      const response = await me(token);
      expect([what, response.status, (await bodyOf<Problem>(response)).code]).toEqual([
        what,
        401,
        'invalid_token',
      ]);
    }
    expect((await me(user.token)).status).toBe(200);
  });
});

describe('public profiles', () => {
  it('show what everybody may see', async () => {
    const { userId } = await signUp('quinn');
    const response = await request(`/api/v1/users/${userId}`);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ id: userId, username: 'quinn', display_name: 'quinn' });
    expect(text).not.toContain('@bourse.test');
  });

  it('are not there for unknown ids, and not for bad tokens', async () => {
    const { userId } = await signUp('rosa');
    await expectProblem(await request('/api/v1/users/usr_0000000000000000'), 404, 'user_not_found');
    await expectProblem(await request('/api/v1/users/%27%20or%201=1'), 404, 'user_not_found');
    await expectProblem(await request(`/api/v1/users/${userId}`, { token: 'x.y.z' }), 401, 'invalid_token');
  });
});

describe('the published keys', () => {
  it('hold the public half alone', async () => {
    const response = await request('/.well-known/jwks.json');
    expect(response.headers.get('Cache-Control')).toContain('public');
    const { keys } = await bodyOf<{ keys: Record<string, string>[] }>(response);
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]!).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });
});

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens that must all be refused, each with what is wrong about it (RFC 8725). */
async function forgeries({ userId, sessionId, token }: TestUser): Promise<[string, string][]> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const signingJwk = JSON.parse(Buffer.from(env.TOKEN_SIGNING_KEY, 'base64url').toString());
  const ours = await importJWK(signingJwk, 'EdDSA');
  const [published] = deps.tokens.jwks().keys;
  const { publicKey, privateKey } = (await crypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const otherJwk = (await crypto.subtle.exportKey('jwk', publicKey)) as JsonWebKey;

  const goodHeader = JSON.parse(Buffer.from(header, 'base64url').toString());
  const goodClaims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  expect(goodClaims).toMatchObject({ sub: userId, sid: sessionId, iss: 'bourse', aud: 'bourse' });
  const sign = (
    claims: Record<string, unknown>,
    headerChange: object = {},
    key: CryptoKey = ours as CryptoKey,
  ) =>
    new SignJWT({ ...goodClaims, ...claims })
      .setProtectedHeader({ ...goodHeader, ...headerChange })
      .sign(key);
  const hmac = (secret: string) =>
    new SignJWT(goodClaims)
      .setProtectedHeader({ ...goodHeader, alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
  const nowSeconds = Math.floor(deps.now() / 1000);

  // The same claims signed again are good: what follows is refused for its one change alone.
  expect((await me(await sign({ jti: 'again' }))).status).toBe(200);

  return [
    ['payload changed', `${header}.${base64url({ ...goodClaims, roles: ['admin'] })}.${signature}`],
    ['signature cut off', `${header}.${payload}.`],
    ['trailing data', `${token}x`],
    ['two dots more', `${token}..`],
    ['alg none', `${base64url({ ...goodHeader, alg: 'none' })}.${payload}.`],
    ['alg None', `${base64url({ ...goodHeader, alg: 'None' })}.${payload}.${signature}`],
    ['HS256 with the public x', await hmac(String(published!.x))],
    ['HS256 with the public JWK', await hmac(JSON.stringify(published))],
    ['another key under our kid', await sign({}, {}, privateKey)],
    ['another key in the header', await sign({}, { jwk: otherJwk }, privateKey)],
    ['another key under its own kid', await sign({}, { kid: 'other', jwk: otherJwk }, privateKey)],
    ['a key to be fetched', await sign({}, { jku: 'https://evil.test/jwks' }, privateKey)],
    ['no kid', await sign({}, { kid: undefined })],
    ['a kid that is a path', await sign({}, { kid: '../../dev/null' })],
    ['expired', await sign({ exp: nowSeconds - 1 })],
    ['never expires', await sign({ exp: undefined })],
    ['not yet valid', await sign({ nbf: nowSeconds + 600 })],
    ['another issuer', await sign({ iss: 'elsewhere' })],
    ['another audience', await sign({ aud: 'elsewhere' })],
    ['another type', await sign({}, { typ: 'JWT' })],
    ['no type', await sign({}, { typ: undefined })],
    ['no session', await sign({ sid: undefined })],
    ['no subject', await sign({ sub: undefined })],
    ['roles that are no list', await sign({ roles: 'admin' })],
    ['a refresh token', (await register('petras')).refresh_token],
  ];
}
