/**
 * The headers that every API answer carries: it is data, so nothing in it may run, be framed or be taken for something
 * else, and it is not kept unless its route says so. HTML from the assets has its own, in `_headers`.
 */
const FIXED_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
};
/** A route may set its own of these. */
const DEFAULT_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};
const FIXED = Object.entries(FIXED_HEADERS);
const DEFAULTS = Object.entries(DEFAULT_HEADERS);
const EXPOSED_HEADERS = 'X-Request-Id, ETag, Retry-After, Idempotency-Replayed, Location, Link';

/** Copied as a whole into an answer, which costs a tenth of setting the headers one by one. */
const JSON_HEADERS = new Headers({
  'Content-Type': 'application/json',
  ...FIXED_HEADERS,
  ...DEFAULT_HEADERS,
});
/** An answer of ready JSON that has every standard header but its request id. */
export function jsonAnswer(body: string, status = 200): Response {
  return new Response(body, { status, headers: JSON_HEADERS });
}

/** Completes an answer with the standard headers it does not have yet, its request id, and CORS. */
export function withStandardHeaders(
  response: Response,
  requestId: string,
  allowedOrigin: string | null,
): Response {
  if (response.webSocket) return response;
  const answer = withRequestId(response, requestId);
  const { headers } = answer;
  if (!headers.has('X-Content-Type-Options')) {
    for (const [name, value] of FIXED) headers.set(name, value);
    for (const [name, value] of DEFAULTS) if (!headers.has(name)) headers.set(name, value);
  }
  if (allowedOrigin !== null) {
    headers.set('Access-Control-Allow-Origin', allowedOrigin);
    headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    headers.append('Vary', 'Origin');
  }
  return answer;
}

/** Answers of fetches and of the cache are immutable; those are copied. */
function withRequestId(response: Response, requestId: string): Response {
  try {
    response.headers.set('X-Request-Id', requestId);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    copy.headers.set('X-Request-Id', requestId);
    return copy;
  }
}
