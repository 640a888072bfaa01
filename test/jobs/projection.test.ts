import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/demo/random.ts';
import { consumeQueue } from '../../src/jobs/queues.ts';
import type { BookMessage } from '../../src/platform/events/events.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import {
  count,
  deps,
  execute,
  keyOfBook,
  loseMessages,
  placeCommand,
  projected,
} from '../support/book-object.ts';
import { adminUser, createBook, placed, type TestBook } from '../support/books.ts';
import { readAll, refusalOf } from '../support/catalog.ts';

const EVENTS = 'bourse-events';

/** Hands messages to the consumer as the queue would, and tells by position which were taken and which come again. */
async function deliver(bodies: readonly unknown[], queue = EVENTS, attempts = 1) {
  const ids = bodies.map(() => crypto.randomUUID());
  const batch = createMessageBatch(
    queue,
    bodies.map((body, index) => ({ id: ids[index]!, timestamp: 0, attempts, body })),
  );
  const ctx = createExecutionContext();
  await consumeQueue(deps, batch);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
  const positions = (some: string[]) => some.map((id) => ids.indexOf(id)).sort((a, b) => a - b);
  return {
    ids,
    acked: positions(explicitAcks),
    retried: positions(retryMessages.map(({ msgId }) => msgId)),
  };
}

/** Every row that the projection holds of a book. */
async function rowsOf(book: TestBook): Promise<unknown[][]> {
  const tables = await Promise.all(
    ['book_orders', 'matches', 'trades'].map((table) =>
      env.DB.prepare(`select * from ${table} where size_id = ? order by id`).bind(book.sizeId).all(),
    ),
  );
  return tables.map(({ results }) => results);
}

async function emptyProjection(book: TestBook): Promise<void> {
  for (const table of ['book_orders', 'matches', 'trades'])
    await env.DB.prepare(`delete from ${table} where size_id = ?`).bind(book.sizeId).run();
}

/** A book with a history of trades, and its messages: one for each step, none of them delivered. */
async function tradedBook(seed: string): Promise<{ book: TestBook; messages: BookMessage[] }> {
  const random = seededRandom(seed);
  const upTo = (limit: number) => Math.floor(random.uniform() * limit);
  const book = await createBook();
  const messages = await loseMessages(book);
  for (let step = 0; step < 40; step += 1) {
    const side = upTo(2) === 0 ? 'bid' : 'ask';
    const user = () => `user-${upTo(4)}`;
    await execute(book, placeCommand(book, side, 100 + upTo(6), { quantity: 1 + upTo(4) }), user());
    if (upTo(3) === 0) await execute(book, { op: 'cancel', side, seq: 1 + upTo(step + 1) }, user());
    await deps.books.poke(keyOfBook(book));
  }
  return { book, messages };
}

describe('the projection of the books', () => {
  const seed = `deliveries ${Date.now()}`;
  it(`is the same in whatever order, and however often, messages come (${seed})`, async () => {
    const random = seededRandom(seed);
    const { book, messages } = await tradedBook(seed);
    expect(messages.length).toBeGreaterThan(20);
    await deliver(messages);
    const inOrder = await rowsOf(book);
    for (const rows of inOrder) expect(rows.length).toBeGreaterThan(0);
    for (let round = 0; round < 3; round += 1) {
      await emptyProjection(book);
      const shuffled = [...messages, ...messages]
        .map((message) => ({ message, place: random.uniform() }))
        .sort((a, b) => a.place - b.place)
        .map(({ message }) => message);
      for (let at = 0; at < shuffled.length; at += 7) {
        const some = shuffled.slice(at, at + 7);
        const { acked, retried } = await deliver(some);
        expect(acked).toHaveLength(some.length);
        expect(retried).toEqual([]);
      }
      expect(await rowsOf(book)).toEqual(inOrder);
    }
  });

  it('keeps the newer state of an order when an older one comes late', async () => {
    const book = await createBook();
    const messages = await loseMessages(book);
    await execute(book, placeCommand(book, 'bid', 10_000), 'ann');
    await deps.books.poke(keyOfBook(book));
    await execute(book, { op: 'cancel', side: 'bid', seq: 1 }, 'ann');
    await deps.books.poke(keyOfBook(book));
    const status = () =>
      env.DB.prepare('select status, version from book_orders where size_id = ?').bind(book.sizeId).first();
    expect(messages.map(({ last_seq }) => last_seq)).toEqual([1, 2]);
    for (const batch of [[messages[1]], [messages[0]], [messages[1], messages[0]]]) {
      await deliver(batch);
      expect(await status()).toEqual({ status: 'cancelled', version: 2 });
    }
  });

  it('is rebuilt from the books by one request of an admin', async () => {
    const book = await createBook();
    const [ann, ben, admin] = await Promise.all([signUp('rebuild-ann'), signUp('rebuild-ben'), adminUser()]);
    await placed(book, ann, 'ask', { price_cents: 10_000, quantity: 2 });
    await placed(book, ben, 'bid', { price_cents: 10_000 });
    await projected(book);
    const before = await rowsOf(book);
    await emptyProjection(book);
    const rebuild = (token: string | undefined) =>
      request('/api/v1/admin/projection/rebuild', { token, json: {} });
    expect(await refusalOf(await rebuild(undefined))).toBe('401 unauthenticated');
    expect(await refusalOf(await rebuild(ann.token))).toBe('403 forbidden');
    const answer = await bodyOf<{ books: number; next_after: string | null }>(await rebuild(admin.token));
    expect(answer.books).toBeGreaterThan(0);
    expect(answer.next_after).toBeNull();
    await projected(book);
    expect(await rowsOf(book)).toEqual(before);
  });
});

describe('a message that cannot be processed', () => {
  it('comes again by itself, and its neighbours are taken', async () => {
    const { book, messages } = await tradedBook('poison');
    const good = messages[0]!;
    const event = good.events[0]!;
    const { acked, retried } = await deliver([
      null,
      good,
      'text',
      { kind: 'unknown' },
      { ...good, events: 'none' },
      { ...good, events: [{ ...event, data: { id: 7 } }] },
      { ...good, events: [{ ...event, type: 'bid.sabotaged', data: null }] },
      { ...good, events: [{ ...event, type: 'nothing.known', data: {} }] },
      { ...good, first_seq: 1.5 },
    ]);
    expect(acked).toEqual([1]);
    expect(retried).toEqual([0, 2, 3, 4, 5, 6, 7, 8]);
    expect(await count('book_orders', book)).toBe(1);
  });

  it('comes again alone when only the database refuses it', async () => {
    const { book, messages } = await tradedBook('refused');
    const good = messages[0]!;
    const bad = structuredClone(good) as unknown as { events: { data: { id: string; order: object } }[] };
    bad.events[0]!.data.id = 'bid_broken';
    Object.assign(bad.events[0]!.data.order, { timeInForce: null });
    const { acked, retried } = await deliver([bad, good]);
    expect(acked).toEqual([1]);
    expect(retried).toEqual([0]);
    expect(await count('book_orders', book)).toBe(1);
  });

  it.each([EVENTS, 'bourse-notifications'])(
    'is kept as a dead letter of %s in the end, to be listed and sent again by an admin',
    async (queue) => {
      const { token } = await adminUser();
      const user = await signUp(`letters-${queue.slice(7)}`);
      const poison = { kind: 'poison', of: queue };
      expect((await deliver([poison], queue, 5)).retried).toEqual([0]);
      const { ids, acked } = await deliver([poison], `${queue}-dead`, 6);
      expect(acked).toEqual([0]);
      const path = '/api/v1/admin/dead-letters';
      const { data } = await bodyOf<{ data: { id: string }[] }>(await request(path, { token }));
      expect(data.find(({ id }) => id === ids[0])).toMatchObject({
        queue,
        body: poison,
        attempts: 6,
        replayed_at: null,
      });
      expect(await refusalOf(await request(path, { token: user.token }))).toBe('403 forbidden');
      const replay = (id: string, by: string) =>
        request(`${path}/${id}/replay`, { method: 'POST', token: by });
      expect(await refusalOf(await replay(ids[0]!, user.token))).toBe('403 forbidden');
      expect(await refusalOf(await replay('none', token))).toBe('404 dead_letter_not_found');
      expect(await bodyOf(await replay(ids[0]!, token))).toMatchObject({
        id: ids[0],
        replayed_at: expect.any(String),
      });
    },
  );

  it('does its work when it is sent again after the fault is mended', async () => {
    const { token } = await adminUser();
    const { book, messages } = await tradedBook('mended');
    const { ids } = await deliver([messages[0]], `${EVENTS}-dead`, 6);
    expect(await count('book_orders', book)).toBe(0);
    const replay = `/api/v1/admin/dead-letters/${ids[0]}/replay`;
    expect((await request(replay, { method: 'POST', token })).status).toBe(200);
    await deps.books.whenProjected(keyOfBook(book), messages[0]!.last_seq, 10_000);
    expect(await count('book_orders', book)).toBe(1);
  });
});

describe('lists of one’s own', () => {
  it('show what the caller has just done', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('barrier-ann'), signUp('barrier-ben')]);
    const list = async (path: string, token: string) =>
      (await bodyOf<{ data: Record<string, unknown>[] }>(await request(path, { token }))).data;
    for (let round = 0; round < 8; round += 1) {
      const { id } = await placed(book, ann, 'bid', { price_cents: 10_000 + round });
      expect(await list('/api/v1/bids?limit=1', ann.token)).toMatchObject([{ id, status: 'active' }]);
      await placed(book, ben, 'ask', { price_cents: 10_000 + round });
      expect(await list('/api/v1/matches', ben.token)).toHaveLength(round + 1);
    }
    expect(await list('/api/v1/bids?status=open', ann.token)).toEqual([]);
    expect(await list('/api/v1/bids?status=matched', ann.token)).toHaveLength(8);
    expect(await list(`/api/v1/asks?product_id=${book.productId}`, ben.token)).toHaveLength(8);
    expect(await list('/api/v1/asks?product_id=prd_0000000000000000', ben.token)).toEqual([]);
  });

  it('are paged through without loss or repetition while new rows come in front', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('pages-ann'), signUp('pages-ben')]);
    const trade = async (from: number, to: number) => {
      for (let price = from; price < to; price += 1) {
        await placed(book, ann, 'ask', { price_cents: price });
        await placed(book, ben, 'bid', { price_cents: price });
      }
    };
    const page = async (path: string, token: string, cursor: string | null) =>
      bodyOf<{ data: { price_cents: number }[]; next_cursor: string | null }>(
        await request(`${path}?limit=5${cursor === null ? '' : `&cursor=${cursor}`}`, { token }),
      );
    const lists: [string, string][] = [
      ['/api/v1/asks', ann.token],
      ['/api/v1/bids', ben.token],
      ['/api/v1/matches', ann.token],
      ['/api/v1/matches', ben.token],
    ];
    await trade(10_000, 10_012);
    const firsts = await Promise.all(lists.map(([path, token]) => page(path, token, null)));
    await trade(10_012, 10_016);
    for (const [index, [path, token]] of lists.entries()) {
      const prices: number[] = [];
      for (let next = firsts[index]!; ; next = await page(path, token, next.next_cursor)) {
        prices.push(...next.data.map(({ price_cents }) => price_cents));
        if (next.next_cursor === null) break;
      }
      expect(prices.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => 10_000 + at));
      expect(await readAll(`${path}?limit=3`, token)).toHaveLength(16);
    }
  });
});
