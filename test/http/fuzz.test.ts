import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/demo/random.ts';
import { composeOnce } from '../../src/composition.ts';
import { request, signUp, signUpAdmin } from '../support/accounts.ts';
import { createBook, placed } from '../support/books.ts';

/** Values that have broken somebody's server before. */
const NASTY = [
  '',
  '0',
  '-1',
  'null',
  'undefined',
  'NaN',
  '1e999',
  '9007199254740993',
  '%00',
  '%E0%A4%A',
  '%F0%9F%91%9F',
  '..%2f..%2fetc%2fpasswd',
  "' or 1=1 --",
  '"><script>',
  '__proto__',
  'constructor',
  'x'.repeat(3_000),
  '[object Object]',
  '{}',
  'W10',
  btoa('[1e308,"\u0000"]'),
  btoa('[null]'),
  '%',
  '*',
  '2020-13-45T99:99:99Z',
];
const VALUES: unknown[] = [
  null,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  '\u202e',
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  { $gt: 1 },
  true,
  '1; drop table users',
  Array.from({ length: 200 }, () => null),
  JSON.parse('{"__proto__":{"isAdmin":true}}'),
];
const TYPES = ['application/json', 'text/plain', 'image/png', 'application/x-www-form-urlencoded', ''];
const BODIES = ['', '{', 'null', '[]', '"x"', '{"a":', '\u0000', '[[[[[[[[[[]]]]]]]]]]', '{"":""}'];
const ROUNDS = 8;

interface Operation {
  method: string;
  path: string;
  query: string[];
  fields: string[];
}

interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
}

let operations: Operation[] = [];
const callers: (string | undefined)[] = [undefined];
let known: string[] = [];

beforeAll(async () => {
  const response = await request('/openapi.json');
  const document = await response.json<{
    paths: Record<
      string,
      Record<
        string,
        {
          parameters?: { in: string; name: string }[];
          requestBody?: { content: Record<string, { schema: Schema }> };
        }
      >
    >;
    components: { schemas: Record<string, Schema> };
  }>();
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      const resolved = schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!] : schema;
      return {
        method: method.toUpperCase(),
        path,
        query: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
        fields: Object.keys(resolved?.properties ?? {}),
      };
    }),
  );
  // Routes that the document hides, such as the aliases, are asked as well.
  const hidden = composeOnce(env)
    .app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ method, path }) => ({
      method,
      path: path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}'),
      query: [],
      fields: ['email', 'password', 'username', 'refresh_token'],
    }))
    .filter(({ method, path }) => !documented.some((each) => each.method === method && each.path === path));
  operations = [...documented, ...hidden];
  const user = await signUp('fuzzer');
  callers.push(user.token, (await signUpAdmin('fuzzing-admin')).token);
  const book = await createBook();
  const bid = await placed(book, user, 'bid', { price_cents: 10_000 });
  known = [book.productId, book.sizeId, bid.id];
});

const seed = `fuzz ${Date.now()}`;

describe('every operation', () => {
  it(`meets nasty input with a problem document, never with a server error (${seed})`, async () => {
    const random = seededRandom(seed);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random.uniform() * values.length)]!;
    const chance = (probability: number) => random.uniform() < probability;
    expect(operations.length).toBeGreaterThan(45);
    for (const { method, path, query, fields } of operations) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const target = path.replaceAll(/\{[^}]+\}/g, () =>
          chance(0.5) ? pick(known) : pick(NASTY.slice(1)),
        );
        const search = query.filter(() => chance(0.5)).map((name) => `${name}=${pick(NASTY)}`);
        const address = `${target}${search.length === 0 ? '' : `?${search.join('&')}`}`;
        const hasBody = method !== 'GET' && method !== 'HEAD';
        const body = !hasBody
          ? undefined
          : chance(0.3)
            ? pick(BODIES)
            : JSON.stringify(
                Object.fromEntries(fields.filter(() => chance(0.7)).map((name) => [name, pick(VALUES)])),
              );
        const headers: Record<string, string> = {};
        if (hasBody) headers['Content-Type'] = chance(0.75) ? 'application/json' : pick(TYPES);
        if (chance(0.2)) headers['Idempotency-Key'] = pick(['', ' ', 'a b', 'k'.repeat(200), 'ok']);
        for (const name of ['If-Match', 'If-None-Match', 'If-Modified-Since', 'Range'])
          if (chance(0.2))
            headers[name] = pick(['*', '"v1"', 'x', '"', 'W/"', '"a" "b"', 'bytes=-1', 'bytes=9-1', 'Thu']);
        if (chance(0.1)) headers['X-Request-Id'] = pick(['x', 'r'.repeat(500), 'req-12345678']);
        const token = pick(callers);
        const response = await request(address, {
          method,
          headers,
          ...(token === undefined ? {} : { token }),
          ...(body === undefined || body === '' ? {} : { body }),
        });
        const asked = `${method} ${address.slice(0, 200)} ${body?.slice(0, 300)} ${JSON.stringify(headers)}`;
        expect(response.status, asked).toBeLessThan(500);
        if (response.status >= 400)
          expect(response.headers.get('Content-Type'), asked).toBe('application/problem+json');
        await response.body?.cancel();
      }
    }
  });
});
