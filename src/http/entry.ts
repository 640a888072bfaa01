import type { Composition } from '../composition.ts';
import {
  allowedOrigin,
  assignRequestId,
  preflight,
  publicJson,
  withStandardHeaders,
} from './request-context.ts';

/** Around every request: its id, CORS, standard headers, one log line. The app itself only routes and answers. */
export async function handleRequest(
  { app, deps }: Composition,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const startedMs = deps.now();
  const requestId = assignRequestId(request);
  const origin = allowedOrigin(deps, request);
  if (request.method === 'GET') {
    const memoised = deps.memo.get(request.url, startedMs);
    if (memoised !== null) return publicJson(memoised, requestId, origin);
  }
  const refresh = deps.revocations.refreshIfStale(startedMs);
  if (refresh !== null) ctx.waitUntil(refresh);

  const response = preflight(request, origin) ?? (await app.fetch(request, env, ctx));
  const level =
    response.status >= 500 ? 'error' : request.method === 'GET' && response.status < 400 ? 'debug' : 'info';
  if (deps.log.writes(level)) {
    deps.log[level]('request', {
      request_id: requestId,
      method: request.method,
      path: new URL(request.url).pathname,
      status: response.status,
      ms: deps.now() - startedMs,
    });
  }
  return withStandardHeaders(response, requestId, origin);
}
