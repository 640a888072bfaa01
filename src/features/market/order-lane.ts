import type { Deps } from '../../deps.ts';
import type { Side } from '../../domain/market/order.ts';
import { bearerToken, callerOf, limitUser } from '../../http/auth.ts';
import type { Caller } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { MALFORMED_JSON, Problem, problemResponse, validationFailure } from '../../http/problem.ts';
import { rawJson } from '../../http/raw-json.ts';
import { countRequest } from '../../http/request-context.ts';
import { unexpectedAnswer } from '../../http/unexpected.ts';
import { PlaceBody } from '../../wire/orders.ts';
import { placeOrder } from './orders.usecases.ts';

const PATHS: readonly [string, Side][] = [
  ['/api/v1/bids', 'bid'],
  ['/api/v1/asks', 'ask'],
];
/** Where the path begins in a URL at the earliest: after `http://`. */
const AFTER_SCHEME = 7;

/**
 * The short way of a plain order: `POST /bids` or `/asks` with a token that this isolate knows and a JSON body of stated
 * size. It uses the schema, the use case, the limits and the refusals of the route, and only leaves out the router's way
 * there, which costs as much as the rest of the Worker's part. Any other request gets null and takes the route.
 */
export function orderLane(deps: Deps, request: Request, requestId: string): Promise<Response> | null {
  if (request.method !== 'POST') return null;
  const { url, headers } = request;
  const path = url.slice(url.indexOf('/', AFTER_SCHEME + 1));
  const side = PATHS.find(([known]) => known === path)?.[1];
  if (side === undefined) return null;
  const length = Number(headers.get('Content-Length') ?? Number.NaN);
  if (!(length <= deps.config.MAX_BODY_BYTES) || headers.get('Content-Type') !== 'application/json')
    return null;
  const token = bearerToken(headers.get('Authorization'));
  const caller = token === null ? null : callerOf(deps, token, deps.now());
  if (caller === null || caller instanceof Promise) return null;
  return place(deps, request, side, caller, requestId);
}

async function place(
  deps: Deps,
  request: Request,
  side: Side,
  caller: Caller,
  requestId: string,
): Promise<Response> {
  try {
    countRequest(deps, request.headers, 'write', deps.config.RATE_WRITES_PER_ADDRESS);
    limitUser(deps, caller, 'POST');
    const idempotencyKey = readIdempotencyKey(request.headers.get('Idempotency-Key') ?? undefined);
    const order = PlaceBody.safeParse(await readJson(request));
    if (!order.success) throw new Problem(validationFailure(order.error.issues));
    const answer = await placeOrder(deps, side, order.data, {
      userId: caller.userId,
      idempotencyKey,
      requestId,
    });
    if (!answer.ok) throw new Problem(answer.failure);
    return rawJson(answer.body, 201, answer.replayed ? { 'Idempotency-Replayed': 'true' } : {});
  } catch (error) {
    if (error instanceof Problem) return problemResponse(error.failure, requestId, error.headers);
    return unexpectedAnswer(deps, error, requestId, `/api/v1/${side}s`);
  }
}

async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(MALFORMED_JSON);
  }
}
