import { parseRange } from './byte-range.ts';
import type { MediaStore } from './media.ts';

/** A key names its content, so what was fetched once never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

function headersOf(object: R2Object): Headers {
  return new Headers({
    ETag: object.httpEtag,
    'Last-Modified': object.uploaded.toUTCString(),
    'Cache-Control': IMMUTABLE,
    'Accept-Ranges': 'bytes',
    'Content-Type': object.httpMetadata?.contentType ?? 'application/octet-stream',
    'Content-Disposition': `inline; filename="${object.key.split('/').at(-1)}"`,
    'X-Content-Type-Options': 'nosniff',
  });
}

/** A range applies only while the content is the one that If-Range names. */
function rangeHeader(request: Request, object: R2Object): string | null {
  const condition = request.headers.get('If-Range');
  return condition === null || condition === object.httpEtag ? request.headers.get('Range') : null;
}

const ENTITY_TAGS = /^\s*(\*|(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*)\s*$/;
const DATE_CONDITIONS = ['If-Modified-Since', 'If-Unmodified-Since'];

/** The conditions of a request without those that say nothing: the bucket throws at what it cannot read. */
function conditionsOf({ headers }: Request): Headers {
  const conditions = new Headers();
  for (const name of ['If-Match', 'If-None-Match']) {
    const value = headers.get(name);
    if (value !== null && ENTITY_TAGS.test(value)) conditions.set(name, value);
  }
  for (const name of DATE_CONDITIONS) {
    const value = headers.get(name);
    if (value !== null && !Number.isNaN(Date.parse(value))) conditions.set(name, value);
  }
  return conditions;
}

/** Media in an R2 bucket. */
export function createR2Media(bucket: R2Bucket): MediaStore {
  async function serveRange(key: string, request: Request): Promise<Response | null> {
    const found = await bucket.head(key);
    if (!found) return null;
    const range = parseRange(rangeHeader(request, found), found.size);
    if (range === null) return serveWhole(key, request);
    const headers = headersOf(found);
    if (range === 'unsatisfiable') {
      headers.set('Content-Range', `bytes */${found.size}`);
      return new Response(null, { status: 416, headers });
    }
    const conditions = conditionsOf(request);
    const object = await bucket.get(key, { range, onlyIf: conditions });
    if (!object) return null;
    if (!('body' in object)) return new Response(null, { status: unmetStatus(conditions), headers });
    headers.set('Content-Length', String(range.length));
    headers.set('Content-Range', `bytes ${range.offset}-${range.offset + range.length - 1}/${found.size}`);
    return new Response(object.body, { status: 206, headers });
  }

  async function serveWhole(key: string, request: Request): Promise<Response | null> {
    const conditions = conditionsOf(request);
    const object = await bucket.get(key, { onlyIf: conditions });
    if (!object) return null;
    const headers = headersOf(object);
    if (!('body' in object)) return new Response(null, { status: unmetStatus(conditions), headers });
    headers.set('Content-Length', String(object.size));
    return new Response(object.body, { headers });
  }

  async function serveHead(key: string, request: Request): Promise<Response | null> {
    const object = await bucket.head(key);
    if (!object) return null;
    const headers = headersOf(object);
    if (request.headers.get('If-None-Match')?.includes(object.httpEtag))
      return new Response(null, { status: 304, headers });
    headers.set('Content-Length', String(object.size));
    return new Response(null, { headers });
  }

  return {
    async put(key, bytes, contentType) {
      await bucket.put(key, bytes, { httpMetadata: { contentType } });
    },
    serve(key, request) {
      if (request.method === 'HEAD') return serveHead(key, request);
      return request.headers.has('Range') ? serveRange(key, request) : serveWhole(key, request);
    },
    async delete(keys) {
      await bucket.delete(keys);
    },
    async ping() {
      await bucket.head('ping');
    },
  };
}

/** What an unmet condition means: If-Match and If-Unmodified-Since are demands, the others ask for news. */
function unmetStatus(conditions: Headers): 304 | 412 {
  return conditions.has('If-Match') || conditions.has('If-Unmodified-Since') ? 412 : 304;
}
