import type { Composition } from '../composition.ts';
import { marketLane } from '../features/market/market-lane.ts';
import { orderLane } from '../features/market/order-lane.ts';
import { allowedOrigin, preflight, rememberRequestId, requestIdOf } from './request-context.ts';
import { jsonAnswer, withStandardHeaders } from './standard-headers.ts';

/** Around every request: its id, CORS, standard headers, one log line. The app itself only routes and answers. */
export async function handleRequest(
  { app, deps }: Composition,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const startedMs = deps.now();
  const memoised = request.method === 'GET' ? deps.memo.get(request.url, startedMs) : null;
  const requestId = requestIdOf(request.headers);
  const origin = allowedOrigin(deps, request);
  if (memoised !== null) return withStandardHeaders(jsonAnswer(memoised), requestId, origin);
  const refresh = deps.revocations.refreshIfStale(startedMs);
  if (refresh !== null) ctx.waitUntil(refresh);

  rememberRequestId(request, requestId);
  const lane = orderLane(deps, request, requestId) ?? marketLane(deps, request);
  const response =
    preflight(request, origin) ?? (lane && (await lane)) ?? (await app.fetch(request, env, ctx));
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
