import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/demo/random.ts';
import { composeOnce } from '../../src/composition.ts';
import { request } from '../support/accounts.ts';
import { buildHouse, type House, pathIn } from '../support/house.ts';
import { readOperations, resolve, valueFor } from '../support/operations.ts';

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

interface Target {
  method: string;
  path: string;
  query: string[];
  fields: string[];
  /** A body that fits, or null. */
  fitting: Record<string, unknown> | null;
}

let operations: Target[] = [];
const callers: (string | undefined)[] = [undefined];
let known: string[] = [];
let house: House;

beforeAll(async () => {
  const documented = await Promise.all(
    (await readOperations()).map(async ({ method, path, query, body }): Promise<Target> => {
      const fitting = body === null ? null : await valueFor(body);
      const schema = body === null ? {} : await resolve(body);
      return {
        method,
        path,
        query: query.map(({ name }) => name),
        fields: Object.keys(schema.properties ?? {}),
        fitting: typeof fitting === 'object' ? (fitting as Record<string, unknown>) : null,
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
      fitting: null,
    }))
    .filter(({ method, path }) => !documented.some((each) => each.method === method && each.path === path));
  operations = [...documented, ...hidden];
  house = await buildHouse();
  callers.push(house.ann.token, house.ben.token, house.admin.token);
  known = Object.values(house.ids);
}, 120_000);

const seed = `fuzz ${Date.now()}`;

describe('every operation', () => {
  it(`meets nasty input with a problem document, never with a server error (${seed})`, async () => {
    const random = seededRandom(seed);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random.uniform() * values.length)]!;
    const chance = (probability: number) => random.uniform() < probability;
    expect(operations.length).toBeGreaterThan(45);
    for (const { method, path, query, fields, fitting } of operations) {
      for (let round = 0; round < ROUNDS; round += 1) {
        // Half of the time the very thing that the path is for, so that the nastiness gets past the first look.
        const target = chance(0.5)
          ? pathIn(house, path, house.ann)
          : path.replaceAll(/\{[^}]+\}/g, () => (chance(0.5) ? pick(known) : pick(NASTY.slice(1))));
        const search = query.filter(() => chance(0.5)).map((name) => `${name}=${pick(NASTY)}`);
        const address = `${target}${search.length === 0 ? '' : `?${search.join('&')}`}`;
        const hasBody = method !== 'GET' && method !== 'HEAD';
        const nasty = () =>
          Object.fromEntries(fields.filter(() => chance(0.7)).map((name) => [name, pick(VALUES)]));
        // One bad field among good ones gets further than a body that is bad all over.
        const spoiled = () =>
          fields.length === 0 ? { ...fitting } : { ...fitting, [pick(fields)]: pick([...VALUES, ...NASTY]) };
        const body = !hasBody
          ? undefined
          : chance(0.2)
            ? pick(BODIES)
            : JSON.stringify(fitting !== null && chance(0.6) ? spoiled() : nasty());
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
