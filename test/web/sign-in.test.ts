import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** The page's own module, new for each test: who is signed in is kept inside it. */
async function freshApi() {
  vi.resetModules();
  return import('../../src/web/public/api.js');
}

const SESSION = { user: { username: 'mira' }, access_token: 'a', expires_in: 900, refresh_token: 'r' };
const CHALLENGE = { two_factor_required: true, challenge: 'chl_1', expires_in: 300 };

interface Call {
  path: string;
  body: unknown;
}

describe('signing in from the page', () => {
  let calls: Call[];
  let kept: Map<string, string>;

  function serverAnswers(...answers: [status: number, body: unknown][]) {
    vi.stubGlobal('fetch', async (path: string, { body }: { body: string }) => {
      calls.push({ path, body: JSON.parse(body) });
      const [status, answer] = answers.shift()!;
      return Response.json(answer, { status });
    });
  }

  beforeEach(() => {
    calls = [];
    kept = new Map();
    vi.stubGlobal('sessionStorage', {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => kept.set(name, value),
      removeItem: (name: string) => kept.delete(name),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('is done after a password when nothing more is asked', async () => {
    const api = await freshApi();
    serverAnswers([200, SESSION]);
    expect(await api.signIn('mira', 'pass')).toBeNull();
    expect(await api.accessToken()).toBe('a');
    expect(kept.get('bourse.refresh')).toBe('r');
  });

  it('signs nobody in before the second step, and takes the code as people type it', async () => {
    const api = await freshApi();
    serverAnswers([202, CHALLENGE], [200, SESSION]);
    const users: unknown[] = [];
    api.onUser((user: unknown) => users.push(user));

    const challenge = await api.signIn('mira', 'pass');
    expect(challenge).toBe('chl_1');
    expect([await api.accessToken(), kept.size, users]).toEqual([null, 0, [null]]);

    await api.finishSignIn(challenge, ' 123 456 ');
    expect(calls[1]).toEqual({
      path: '/api/v1/auth/login/two-factor',
      body: { challenge: 'chl_1', code: '123456' },
    });
    expect(users).toEqual([null, SESSION.user]);
  });

  it('takes a recovery code in the same field, and a wrong one can be typed again', async () => {
    const api = await freshApi();
    const wrong = { code: 'two_factor_code_wrong', detail: 'That code is wrong.' };
    serverAnswers([401, wrong], [200, SESSION]);
    await expect(api.finishSignIn('chl_1', '0a1b2-c3d4f')).rejects.toMatchObject({ status: 401 });
    expect(await api.accessToken()).toBeNull();
    await api.finishSignIn('chl_1', '0a1b2-c3d4e');
    expect(calls.map(({ body }) => body)).toEqual([
      { challenge: 'chl_1', recovery_code: '0a1b2-c3d4f' },
      { challenge: 'chl_1', recovery_code: '0a1b2-c3d4e' },
    ]);
    expect(await api.accessToken()).toBe('a');
  });
});
