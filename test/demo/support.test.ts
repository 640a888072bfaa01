import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient, login, registerOrLogin, sendExpecting } from '../../scripts/support/api-client.ts';
import { createPacer, forEachLimited } from '../../scripts/support/concurrency.ts';
import { startProgress } from '../../scripts/support/progress.ts';
import { type FakeExchange, startFakeExchange } from './fake-exchange.ts';

describe('the API client', () => {
  let exchange: FakeExchange;
  let client: ReturnType<typeof createApiClient>;
  beforeEach(async () => {
    exchange = await startFakeExchange();
    client = createApiClient(exchange.url, 4);
  });
  afterEach(async () => {
    client.close();
    await exchange.close();
  });

  it('says which request was refused, with the code', async () => {
    await expect(login(client, 'nobody@bourse.example', 'x')).rejects.toThrow(
      'POST /auth/login: 401 invalid_credentials',
    );
  });

  it.each(['email_taken', 'username_taken'])('registers once and logs in from then on: %s', async (code) => {
    const account = { email: 'a@bourse.example', username: 'a', password: 'p', display_name: 'A' };
    await registerOrLogin(client, account);
    exchange.intercept = (call) =>
      call.path === '/auth/register' ? { status: 409, body: { code, detail: '' } } : null;
    await registerOrLogin(client, account);
    expect(exchange.calls.map((call) => call.path)).toEqual([
      '/auth/register',
      '/auth/register',
      '/auth/login',
    ]);
  });

  it('renews an ending token once for all who ask at the same time', async () => {
    exchange.intercept = (call) =>
      call.path === '/auth/login'
        ? {
            status: 200,
            body: { access_token: 'old', refresh_token: 'admin@bourse.example', expires_in: 30 },
          }
        : null;
    const session = await login(client, 'admin@bourse.example', 'p');
    expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(
      Array(3).fill('admin@bourse.example'),
    );
    expect(exchange.calls.filter((call) => call.path === '/auth/refresh')).toHaveLength(1);
  });

  it('waits while the first request with its key is in flight', async () => {
    let asked = 0;
    exchange.intercept = () =>
      ++asked < 3
        ? {
            status: 409,
            body: { code: 'idempotency_in_flight', detail: '' },
            headers: { 'retry-after': '0.001' },
          }
        : { status: 201, body: {} };
    const request = { method: 'POST', path: '/bids', body: {}, idempotencyKey: 'k' } as const;
    expect((await sendExpecting(client, request, [201])).status).toBe(201);
    expect(asked).toBe(3);
  });

  it('does not repeat what was refused for good', async () => {
    exchange.intercept = () => ({ status: 422, body: { code: 'invalid_price', detail: '' } });
    await client.send({ method: 'POST', path: '/bids', body: {} });
    expect(exchange.calls).toHaveLength(1);
  });
});

describe('limited concurrency', () => {
  it('works through everything, never more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('starts nothing new after an error', async () => {
    const started: number[] = [];
    const work = forEachLimited([1, 2, 3, 4], 1, async (item) => {
      started.push(item);
      if (item === 2) throw new Error('stop');
    });
    await expect(work).rejects.toThrow('stop');
    expect(started).toEqual([1, 2]);
  });

  it('spaces calls evenly at a given rate', async () => {
    const waits: number[] = [];
    let nowMs = 1_000;
    const pace = createPacer(
      100,
      () => nowMs,
      async (ms) => waits.push(ms),
    );
    await pace();
    await pace();
    await pace();
    nowMs = 2_000;
    await pace();
    expect(waits).toEqual([10, 20]);
  });
});

describe('progress', () => {
  const record = (isTTY: boolean) => {
    const texts: string[] = [];
    let nowMs = 0;
    const stream = { isTTY, write: (text: string) => texts.push(text) };
    const progress = startProgress('books', 4, stream, () => nowMs);
    return { texts, progress, at: (ms: number) => (nowMs = ms) };
  };

  it('draws a bar on a terminal', () => {
    const { texts, progress, at } = record(true);
    at(200);
    progress.advance(2, 'Zebra');
    expect(texts.at(-1)).toContain(`[${'#'.repeat(14)}${'.'.repeat(14)}] 2/4 Zebra`);
    at(250);
    progress.advance();
    expect(texts).toHaveLength(1);
    progress.finish('done');
    expect(texts.at(-1)).toContain('books: done in 0.3 s\n');
  });

  it('writes lines elsewhere', () => {
    const { texts, progress, at } = record(false);
    at(6_000);
    progress.advance(3);
    progress.finish('done');
    expect(texts).toEqual(['books: 4\n', 'books: 3/4\n', 'books: done in 6.0 s\n']);
  });
});
