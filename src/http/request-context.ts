import type { Context, MiddlewareHandler, Next } from 'hono';
import type { Deps } from '../deps.ts';
import { rateLimited } from './auth.ts';
import type { AppEnv } from './factory.ts';

const REQUEST_ID_PATTERN = /^[\w.:-]{8,128}$/;

let isolateId = '';
let requestCount = 0;

/** Unique by the isolate and unguessable by its random part; a random id for each request would cost more than reading it. */
function newRequestId(): string {
  if (isolateId === '') isolateId = crypto.randomUUID().replaceAll('-', '').slice(0, 20);
  requestCount += 1;
  return `req_${isolateId}${requestCount.toString(36).padStart(6, '0')}`;
}

/** The caller's X-Request-Id when it is a sane one, else a new one. It is echoed, logged and flows into events. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get('X-Request-Id');
  return given !== null && REQUEST_ID_PATTERN.test(given) ? given : newRequestId();
}

const requestIds = new WeakMap<Request, string>();

/** Remembers the id of a request for the app, which the entry calls with the same object. */
export function rememberRequestId(request: Request, requestId: string): void {
  requestIds.set(request, requestId);
}

export function rememberedRequestId(request: Request): string {
  return requestIds.get(request) ?? requestIdOf(request.headers);
}

/** The address that rate limits go by: set by the platform's edge, never by a header that a client can forge. */
export function clientAddress(headers: Headers): string {
  return headers.get('CF-Connecting-IP') ?? 'local';
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

const AUTH_PATH =
  /^\/api\/v1\/(auth\/)?(register|login|login\/two-factor|refresh|token|(change|forgot|reset)-password|verify-email|verify-email\/resend)$/;

/** Requests of one address: reads, writes and sign-ins are counted apart. */
export const limitAddress: MiddlewareHandler<AppEnv> = (c, next) => {
  const { config } = c.get('deps');
  if (c.req.method === 'GET' || c.req.method === 'HEAD')
    return limitTo(c, next, 'read', config.RATE_READS_PER_ADDRESS);
  if (!AUTH_PATH.test(c.req.path)) return limitTo(c, next, 'write', config.RATE_WRITES_PER_ADDRESS);
  return limitAuth(c, next, config.RATE_AUTH_PER_ADDRESS);
};

function limitTo(c: Context<AppEnv>, next: Next, bucket: string, perMinute: number): Promise<void> {
  countRequest(c.get('deps'), c.req.raw.headers, bucket, perMinute);
  return next();
}

/** Counts a request of this address; throws the 429 when it is one too many. */
export function countRequest(deps: Deps, headers: Headers, bucket: string, perMinute: number): void {
  if (perMinute === 0) return;
  const waitSeconds = deps.rate.check(`${bucket}:${clientAddress(headers)}`, perMinute, deps.now());
  if (waitSeconds > 0) throw rateLimited(waitSeconds);
}

/** Sign-ins are counted by the isolate and, across isolates, by the platform's location. */
async function limitAuth(c: Context<AppEnv>, next: Next, perMinute: number): Promise<void> {
  if (perMinute > 0) {
    const { success } = await c.env.AUTH_LIMIT.limit({ key: clientAddress(c.req.raw.headers) });
    if (!success) throw rateLimited(60);
  }
  await limitTo(c, next, 'auth', perMinute);
}
