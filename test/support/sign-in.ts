import { expect } from 'vitest';
import { bodyOf, request, TEST_PASSWORD } from './accounts.ts';

export interface SignedInAnswer {
  user: { id: string; email: string; username: string };
  access_token: string;
  refresh_token: string;
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Where a login comes from. */
export interface Place {
  address?: string;
  userAgent?: string;
  /** The cookie that an answer set. */
  cookie?: string | undefined;
}

export const headersOf = ({ address = '192.0.2.1', userAgent = FIREFOX, cookie }: Place = {}) => ({
  'CF-Connecting-IP': address,
  'User-Agent': userAgent,
  ...(cookie === undefined ? {} : { Cookie: cookie }),
});

/** The device's cookie as a browser would send it back. */
export const deviceCookie = (answer: Response): string | undefined =>
  answer.headers.get('Set-Cookie')?.split(';')[0];

export const logIn = (name: string, password = TEST_PASSWORD, place: Place = {}) =>
  request('/api/v1/auth/login', { json: { email: name, password }, headers: headersOf(place) });

/** A login that must work. */
export async function loggedIn(name: string, password = TEST_PASSWORD, place: Place = {}) {
  const answer = await logIn(name, password, place);
  expect(answer.status).toBe(200);
  return { ...(await bodyOf<SignedInAnswer>(answer)), cookie: deviceCookie(answer) };
}

/** A new account over HTTP, signed in. */
export async function registered(name: string, place: Place = {}) {
  const answer = await request('/api/v1/auth/register', {
    json: { email: `${name}@bourse.test`, username: name, password: TEST_PASSWORD },
    headers: headersOf(place),
  });
  expect(answer.status).toBe(201);
  return { ...(await bodyOf<SignedInAnswer>(answer)), cookie: deviceCookie(answer) };
}
