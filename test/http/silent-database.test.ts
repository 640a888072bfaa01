import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { compose } from '../../src/composition.ts';
import { handleRequest } from '../../src/http/entry.ts';
import { signUp } from '../support/accounts.ts';
import { projected } from '../support/book-object.ts';
import { createBook, type OrderAnswer } from '../support/books.ts';

/** The Worker over a database that counts the statements sent to it, batched ones each. */
function countingWorker() {
  let statements = 0;
  const db = new Proxy(env.DB, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (name === 'prepare' || name === 'exec') statements += 1;
        return member.apply(target, args);
      };
    },
  });
  const composition = compose({ ...env, DB: db });
  // At one time for all, so that the list of ended sessions, read every few seconds, is read once and before.
  const nowMs = Date.now();
  composition.deps.now = () => nowMs;
  const send = async (path: string, token: string | undefined, method = 'GET', json?: unknown) => {
    const headers = new Headers(token === undefined ? {} : { Authorization: `Bearer ${token}` });
    if (json !== undefined) headers.set('Content-Type', 'application/json');
    const body = json === undefined ? null : JSON.stringify(json);
    const request = new Request(`https://bourse.test${path}`, { method, headers, body });
    return handleRequest(composition, request, env, createExecutionContext());
  };
  return { send, statements: () => statements };
}

describe('the database', () => {
  it('is not asked to place, amend, cancel or take an order, nor to show a book', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('silent-ann'), signUp('silent-ben')]);
    const { send, statements } = countingWorker();
    const where = { product_id: book.productId, size_id: book.sizeId };
    await send('/healthz', undefined);
    const before = statements();

    const spent: [string, number, number][] = [];
    const run = async (...args: Parameters<typeof send>): Promise<OrderAnswer> => {
      const start = statements();
      const response = await send(...args);
      const answer = await response.json<OrderAnswer>();
      spent.push([
        `${args[2] ?? 'GET'} ${args[0].replace(/(bid|ask|prd|siz)_\w+/g, '$1')}`,
        response.status,
        statements() - start,
      ]);
      return answer;
    };
    const bid = await run('/api/v1/bids', ann.token, 'POST', {
      ...where,
      price_cents: 10_000,
      quantity: 3,
      client_id: 'c',
    });
    await run('/api/v1/bids', ann.token, 'POST', {
      ...where,
      price_cents: 10_000,
      quantity: 3,
      client_id: 'c',
    });
    const path = `/api/v1/bids/${bid.bid!.id}`;
    await run(path, ann.token);
    await run(path, ann.token, 'PATCH', { quantity: 2 });
    await run('/api/v1/asks', ben.token, 'POST', { ...where, price_cents: 10_000 });
    await run(`${book.market}/sell-now`, ben.token, 'POST', {});
    const ask = await run('/api/v1/asks', ben.token, 'POST', { ...where, price_cents: 11_000 });
    await run(`${book.market}/buy-now`, ann.token, 'POST', { limit_price_cents: 10_999 });
    await run(`/api/v1/asks/${ask.ask!.id}`, ben.token, 'DELETE');
    await run('/api/v1/asks/batch', ben.token, 'POST', {
      items: [{ ...where, price_cents: 12_000 }, { price_cents: 1 }],
    });
    await run('/api/v1/bids', ann.token, 'POST', { ...where, price_cents: 1 });
    for (const read of ['', '/book?depth=5', '/trades', '/candles', '/quote?side=buy'])
      await run(`${book.market}${read}`, undefined);
    await run(`${book.market}/quote?side=buy`, ann.token);

    expect(spent.map(([, status]) => status)).toEqual([
      201, 201, 200, 200, 201, 201, 201, 409, 200, 200, 422, 200, 200, 200, 200, 200, 200,
    ]);
    expect(spent.filter(([, , count]) => count > 0)).toEqual([]);
    expect(statements()).toBe(before);
    // The counter counts: a list of one's own orders does come from the database.
    await projected(book);
    await run('/api/v1/bids', ann.token);
    expect(spent.at(-1)).toEqual(['GET /api/v1/bids', 200, 1]);
  });
});
