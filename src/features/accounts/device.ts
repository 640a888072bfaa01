/** Devices by a cookie that opens nothing: it only tells a device that has signed in before from a stranger's (OWASP). */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { AppEnv } from '../../http/factory.ts';
import { clientAddress } from '../../http/request-context.ts';
import type { Client } from './account.statements.ts';

/** The `__Host-` prefix keeps other hosts of the domain from setting it. */
const COOKIE = '__Host-bourse_device';
const YEAR_SECONDS = 365 * 24 * 3_600;
const SECRET_PATTERN = /^[\w-]{43}$/;
/** People who share one browser: each has a secret of their own in the cookie. */
const MAX_PEOPLE = 5;
const MAX_USER_AGENT = 256;

/** Who asks, from what the platform and the browser say. */
export const clientOf = (c: Context<AppEnv>): Client => ({
  address: clientAddress(c.req.raw.headers),
  userAgent: (c.req.header('User-Agent') ?? '').slice(0, MAX_USER_AGENT),
  deviceTokens: (getCookie(c, COOKIE) ?? '')
    .split('.')
    .filter((secret) => SECRET_PATTERN.test(secret))
    .slice(0, MAX_PEOPLE),
  requestId: c.get('requestId'),
});

/** Lets the browser remember that somebody signed in here. Scripts never see it, and other sites never send it. */
export function rememberDevice(c: Context<AppEnv>, client: Client, deviceToken: string | null): void {
  if (deviceToken === null) return;
  const secrets = [deviceToken, ...client.deviceTokens].slice(0, MAX_PEOPLE);
  setCookie(c, COOKIE, secrets.join('.'), {
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'Strict',
    maxAge: YEAR_SECONDS,
  });
}

const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];
const firstOf = (names: readonly [RegExp, string][], text: string) =>
  names.find(([pattern]) => pattern.test(text))?.[1];

/** A device in a few words, such as "Firefox on Linux", for a list of sessions and for mails. */
export function deviceName(userAgent: string): string {
  const browser = firstOf(BROWSERS, userAgent);
  const system = firstOf(SYSTEMS, userAgent);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? 'Unknown device';
}
