/**
 * The public API as this page uses it, and who is signed in. The access token lives in memory; the refresh token in the
 * tab's session storage, so that a reload stays signed in and a closed tab does not.
 */

const REFRESH_KEY = 'bourse.refresh';
/** A token is renewed when less than this is left of it. */
const RENEW_BEFORE_MS = 60_000;

/** A refusal: `code` is stable, `message` is for people. */
export class Refusal extends Error {
  constructor(status, problem) {
    const [first] = problem.errors ?? [];
    super(
      first
        ? `${first.pointer.slice(1)}: ${first.detail}`
        : (problem.detail ?? `The server answered ${status}.`),
    );
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
  }
}

const listeners = new Set();
let session = null;
let renewing = null;

/** Calls back now and at every change with the signed-in user, or null. */
export function onUser(listener) {
  listeners.add(listener);
  listener(session?.user ?? null);
}

function take(answer) {
  session =
    answer === null
      ? null
      : {
          user: answer.user,
          token: answer.access_token,
          renewAtMs: Date.now() + answer.expires_in * 1000 - RENEW_BEFORE_MS,
        };
  if (answer === null) sessionStorage.removeItem(REFRESH_KEY);
  else sessionStorage.setItem(REFRESH_KEY, answer.refresh_token);
  for (const listener of listeners) listener(session?.user ?? null);
}

async function send(method, path, { body, token, key } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/** A refresh token works once, so callers that come together share one renewal. */
function renew() {
  renewing ??= send('POST', '/auth/refresh', {
    body: { refresh_token: sessionStorage.getItem(REFRESH_KEY) },
  })
    .then(take)
    .catch((error) => {
      if (error instanceof Refusal && error.status < 500) take(null);
      else throw error;
    })
    .finally(() => {
      renewing = null;
    });
  return renewing;
}

/** An access token with some life left, or null when nobody is signed in. */
export async function accessToken() {
  if (session !== null && Date.now() >= session.renewAtMs) await renew();
  return session?.token ?? null;
}

/** Takes up the session of this tab after a reload. */
export async function resumeSession() {
  if (sessionStorage.getItem(REFRESH_KEY) !== null) await renew();
}

export const get = (path) => send('GET', path);
export const getMine = async (path) => send('GET', path, { token: await accessToken() });

/** A change by the signed-in user. It carries a key, so that a repeat after a lost answer cannot happen twice. */
export async function change(method, path, body) {
  const request = { body, token: await accessToken(), key: crypto.randomUUID() };
  try {
    return await send(method, path, request);
  } catch (error) {
    if (error instanceof Refusal && error.status < 500) throw error;
    return send(method, path, request);
  }
}

/** Signs in, unless the account asks for a second step: then it answers with the challenge that `finishSignIn` takes. */
export async function signIn(name, password) {
  const answer = await send('POST', '/auth/login', { body: { email: name, password } });
  if (answer.two_factor_required) return answer.challenge;
  take(answer);
  return null;
}

/** The second step: six digits of the app, or one of the recovery codes. */
export async function finishSignIn(challenge, typed) {
  const code = typed.replaceAll(/\s/g, '');
  const proof = /^\d{6}$/.test(code) ? { code } : { recovery_code: code };
  take(await send('POST', '/auth/login/two-factor', { body: { challenge, ...proof } }));
}

export const register = async (account) => take(await send('POST', '/auth/register', { body: account }));

export async function signOut() {
  const token = session?.token;
  take(null);
  if (token) await send('POST', '/auth/logout', { token });
}
