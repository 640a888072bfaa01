/**
 * What reading costs: every operation that reads, over a house in which there is something to read. The number of
 * queries is the same whatever the length of the page, and every query goes along an index.
 */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compose } from '../../src/composition.ts';
import { handleRequest } from '../../src/http/entry.ts';
import { buildHouse, type House, pathIn } from '../support/house.ts';
import { type Operation, readOperations } from '../support/operations.ts';

interface Query {
  text: string;
  values: unknown[];
}

/** The Worker over a database that writes down what it is asked. */
function watchedWorker() {
  let seen: Query[] = [];
  const watch = (statement: D1PreparedStatement, text: string): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const result: unknown = member.apply(target, args);
          if (name !== 'bind') return result;
          seen.push({ text, values: args });
          return result;
        };
      },
    });
  const db = new Proxy(env.DB, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const result: unknown = member.apply(target, args);
        if (name !== 'prepare') return result;
        return watch(result as D1PreparedStatement, args[0] as string);
      };
    },
  });
  const composition = compose({ ...env, DB: db });
  // At one time for all, so that what is read every few seconds is read once and before.
  let nowMs = Date.now();
  composition.deps.now = () => nowMs;
  const setClock = () => {
    nowMs = Date.now();
  };
  /** Answers the request, and says what it asked the database for before the answer. */
  const read = async (path: string, token: string | undefined) => {
    seen = [];
    const request = new Request(`https://bourse.test${path}`, {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
    const response = await handleRequest(composition, request, env, createExecutionContext());
    const queries = seen;
    return { status: response.status, body: await response.text(), queries };
  };
  return { read, setClock };
}

/** What a query is for; these words every list of its kind needs. */
const QUERIES: Record<string, string> = {
  searchProducts: 'q=runner',
  searchEverything: 'q=lamp',
  suggestSearches: 'q=la',
  searchConversations: 'q=lamp',
  getCommunityFeed: 'lat=25&lng=55',
  calculateFees: 'price_cents=10000&channel=match&currency=USD',
  getQuote: 'side=buy&quantity=1',
};
/** Small by nature, or, as the trial balance, a sum over all there is: reading the whole is the right plan. */
const SMALL_TABLES =
  /^(roles|feature_flags|categories|fee_schedules|discovery_jobs|integrity_runs|ledger_balances|notification_templates)$/;

let house: House;
let operations: Operation[];
let tables: Set<string>;
const { read, setClock } = watchedWorker();

beforeAll(async () => {
  house = await buildHouse();
  setClock();
  const { results } = await env.DB.prepare("select name from sqlite_master where type = 'table'").all<{
    name: string;
  }>();
  tables = new Set(results.map(({ name }) => name));
  operations = (await readOperations()).filter(
    ({ method, answer, statuses }) => method === 'GET' && answer !== null && !statuses.includes('101'),
  );
}, 120_000);

const rowsIn = (body: string): number => {
  try {
    const { data, listings } = JSON.parse(body) as { data?: unknown; listings?: { data: unknown[] } };
    return Array.isArray(data) ? data.length : (listings?.data.length ?? 0);
  } catch {
    return 0;
  }
};

/** The caller of the three who sees the most there. */
async function asked(operation: Operation, limit: string) {
  let best: { status: number; body: string; queries: Query[] } | null = null;
  for (const caller of [house.ann, house.ben, house.admin]) {
    const wanted = operation.id === 'listPayments' ? `order_id=${house.ids.order_id}` : QUERIES[operation.id];
    const query = [wanted, limit].filter((part) => part).join('&');
    const answer = await read(`${pathIn(house, operation.path, caller)}?${query}`, caller.token);
    const isBetter =
      best === null ||
      (answer.status === 200 && (best.status !== 200 || rowsIn(answer.body) > rowsIn(best.body)));
    if (isBetter) best = { ...answer, queries: answer.queries };
  }
  return best!;
}

describe('reading', () => {
  it('is answered, for whom it is meant', async () => {
    const unanswered: string[] = [];
    for (const operation of operations) {
      const { status, body } = await asked(operation, '');
      if (status !== 200) unanswered.push(`${operation.name}: ${status} ${body.slice(0, 200)}`);
    }
    expect(unanswered).toEqual([]);
  });

  it('asks the database as often for a long page as for a short one', async () => {
    const growing: string[] = [];
    const empty: string[] = [];
    for (const operation of operations.filter(({ query }) => query.some(({ name }) => name === 'cursor'))) {
      const short = await asked(operation, 'limit=1');
      const long = await asked(operation, 'limit=50');
      if (long.queries.length > 0 && rowsIn(long.body) < 2) empty.push(operation.name);
      if (short.queries.length !== long.queries.length)
        growing.push(`${operation.name}: ${short.queries.length}, then ${long.queries.length}`);
    }
    expect(growing).toEqual([]);
    // A list with nothing in it proves nothing.
    expect(empty).toEqual([]);
  });

  it('goes along an index, whatever there is to read', async () => {
    const astray = new Set<string>();
    for (const operation of operations) {
      const { queries } = await asked(operation, '');
      for (const { text, values } of queries) {
        const { results } = await env.DB.prepare(`explain query plan ${text}`)
          .bind(...values)
          .all<{ detail: string }>();
        for (const { detail } of results) {
          const scanned = /^SCAN (\w+)$/.exec(detail)?.[1];
          if (scanned === undefined) continue;
          const table = tableOf(text, scanned);
          if (table !== null && !SMALL_TABLES.test(table))
            astray.add(`${operation.name}: ${detail} (${table}) in ${text.slice(0, 160)}`);
        }
      }
    }
    expect([...astray]).toEqual([]);
  });
});

/** The table behind an alias of a query, or null for a subquery. */
function tableOf(text: string, alias: string): string | null {
  if (tables.has(alias)) return alias;
  const named = new RegExp(`\\b(\\w+)"?\\s+(?:as\\s+)?"?${alias}"?\\b`, 'gi');
  return [...text.matchAll(named)].map(([, name]) => name!).find((name) => tables.has(name)) ?? null;
}
