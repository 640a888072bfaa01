import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../deps.ts';
import { rateLimited } from './auth.ts';
import type { AppEnv } from './factory.ts';

const REQUEST_ID_PATTERN = /^[\w.:-]{8,128}$/;

/** The caller's X-Request-Id when it is a sane one, else a new one. It is echoed, logged and flows into events. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get('X-Request-Id');
  return given !== null && REQUEST_ID_PATTERN.test(given) ? given : `req_${crypto.randomUUID()}`;
}

const requestIds = new WeakMap<Request, string>();

/** Remembers the id of a request for the app, which the entry calls with the same object. */
export function assignRequestId(request: Request): string {
  const requestId = requestIdOf(request.headers);
  requestIds.set(request, requestId);
  return requestId;
}

export function assignedRequestId(request: Request): string {
  return requestIds.get(request) ?? assignRequestId(request);
}

/** The address that rate limits go by: set by the platform's edge, never by a header that a client can forge. */
export function clientAddress(headers: Headers): string {
  return headers.get('CF-Connecting-IP') ?? 'local';
}

/** For answers that are data: nothing in them may run, be framed, be sniffed into something else, or be kept. */
const STANDARD_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'no-store',
};
const STANDARD_HEADER_LIST = Object.entries(STANDARD_HEADERS);
const EXPOSED_HEADERS = 'X-Request-Id, ETag, Retry-After, Idempotency-Replayed, Location, Link';

/** An answer of public data with every standard header, made in one step. */
export function publicJson(body: string, requestId: string, allowedOrigin: string | null): Response {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'X-Request-Id': requestId,
    ...STANDARD_HEADERS,
  };
  if (allowedOrigin !== null) {
    headers['Access-Control-Allow-Origin'] = allowedOrigin;
    headers['Access-Control-Expose-Headers'] = EXPOSED_HEADERS;
    headers.Vary = 'Origin';
  }
  return new Response(body, { headers });
}

/** An answer whose headers may be changed; answers of fetches and of the cache are immutable. */
function mutable(response: Response): Response {
  try {
    response.headers.set('X-Content-Type-Options', 'nosniff');
    return response;
  } catch {
    return new Response(response.body, response);
  }
}

/** Headers that every API answer carries. HTML from the assets has its own, in `_headers`. */
export function withStandardHeaders(
  response: Response,
  requestId: string,
  allowedOrigin: string | null,
): Response {
  if (response.webSocket) return response;
  const answer = mutable(response);
  const { headers } = answer;
  headers.set('X-Request-Id', requestId);
  for (const [name, value] of STANDARD_HEADER_LIST) if (!headers.has(name)) headers.set(name, value);
  if (allowedOrigin !== null) {
    headers.set('Access-Control-Allow-Origin', allowedOrigin);
    headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    headers.append('Vary', 'Origin');
  }
  return answer;
}

/** The origin to echo, when it is the app's own or on the configured list; `null` and everything else get nothing. */
export function allowedOrigin(deps: Deps, request: Request): string | null {
  const origin = request.headers.get('Origin');
  if (origin === null) return null;
  return isAllowedOrigin(deps, origin, request.url) ? origin : null;
}

export function isAllowedOrigin(deps: Deps, origin: string, requestUrl: string): boolean {
  const { PUBLIC_ORIGIN, CORS_ORIGINS } = deps.config;
  return origin === (PUBLIC_ORIGIN || new URL(requestUrl).origin) || CORS_ORIGINS.includes(origin);
}

export function preflight(request: Request, origin: string | null): Response | null {
  if (request.method !== 'OPTIONS' || !request.headers.has('Access-Control-Request-Method')) return null;
  const headers = new Headers({ Vary: 'Origin' });
  if (origin !== null) {
    headers.set('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
    headers.set(
      'Access-Control-Allow-Headers',
      'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id',
    );
    headers.set('Access-Control-Max-Age', '86400');
  }
  return new Response(null, { status: 204, headers });
}

const AUTH_PATH = /^\/api\/v1\/(auth\/)?(register|login|refresh|token)$/;

/** Requests of one address: reads, writes and sign-ins are counted apart. */
export const limitAddress: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { rate, config, now } = c.get('deps');
  const address = clientAddress(c.req.raw.headers);
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const isAuth = !isRead && AUTH_PATH.test(c.req.path);
  const [bucket, perMinute] = isAuth
    ? (['auth', config.RATE_AUTH_PER_ADDRESS] as const)
    : isRead
      ? (['read', config.RATE_READS_PER_ADDRESS] as const)
      : (['write', config.RATE_WRITES_PER_ADDRESS] as const);
  const waitSeconds = rate.check(`${bucket}:${address}`, perMinute, now());
  if (waitSeconds > 0) throw rateLimited(waitSeconds);
  if (isAuth && perMinute > 0) {
    const { success } = await c.env.AUTH_LIMIT.limit({ key: address });
    if (!success) throw rateLimited(60);
  }
  await next();
};
