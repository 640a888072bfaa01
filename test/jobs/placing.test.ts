import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { findBySource, loadOrder } from '../../src/features/orders/orders.repository.ts';
import { trigger } from '../../src/features/orders/orders.usecases.ts';
import { consumeQueue } from '../../src/jobs/queues.ts';
import type { BookMessage } from '../../src/platform/events/events.ts';
import { deps, execute, keyOfBook, loseMessages, placeCommand } from '../support/book-object.ts';
import { createBook, type TestBook } from '../support/books.ts';

/** A book with one match, and the messages that tell of it: none of them delivered. */
async function matchedBook(): Promise<{ book: TestBook; messages: BookMessage[] }> {
  const book = await createBook();
  const messages = await loseMessages(book);
  await execute(book, placeCommand(book, 'ask', 22_000), 'usr_seller');
  await execute(book, placeCommand(book, 'bid', 22_000), 'usr_buyer');
  await deps.books.poke(keyOfBook(book));
  return { book, messages: [...messages] };
}

async function deliver(messages: readonly BookMessage[], to: Deps) {
  const batch = createMessageBatch(
    'bourse-events',
    messages.map((body, index) => ({ id: `m${index}`, timestamp: 0, attempts: 1, body })),
  );
  const ctx = createExecutionContext();
  await consumeQueue(to, batch);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
  return { acked: explicitAcks.length, retried: retryMessages.length };
}

const ordersOf = async (book: TestBook): Promise<{ orders: number; events: number; timers: number }> => {
  const row = await env.DB.prepare(
    `select count(distinct o.id) as orders, count(distinct b.event_id) as events, count(distinct t.kind) as timers
     from matches m join orders o on o.source_id = m.id
     left join outbox b on b.event_id like o.id || ':%' left join order_timers t on t.order_id = o.id
     where m.size_id = ?`,
  )
    .bind(book.sizeId)
    .first<{ orders: number; events: number; timers: number }>();
  return row!;
};

const crash = () => {
  throw new Error('a crash of the test');
};
const quiet = { ...deps.log, warn: () => {} };
const unsent = { drain: async () => 0 };
/** The same database, of which some calls never arrive or never answer. */
const broken = (changes: Partial<Deps>): Deps => ({ ...deps, log: quiet, outbox: unsent, ...changes });
const withDb = (change: (db: Deps['db']) => Partial<Deps['db']>): Deps['db'] =>
  new Proxy(deps.db, {
    get: (db, name, receiver) =>
      Object.hasOwn(change(db), name) ? Reflect.get(change(db), name) : Reflect.get(db, name, receiver),
  });

describe('a consumer that dies while it makes an order of a match', () => {
  const windows: [name: string, deps: Deps, isPlaced: boolean][] = [
    ['before the match is in D1', broken({ d1: new Proxy(env.DB, { get: () => crash }) }), false],
    ['after the match, before its order', broken({ db: withDb(() => ({ batch: crash })) }), false],
    [
      'after the order is committed, before it knows that',
      broken({
        db: withDb((db) => ({
          batch: (async (statements: Parameters<typeof db.batch>[0]) => {
            await db.batch(statements);
            return crash();
          }) as typeof db.batch,
        })),
      }),
      true,
    ],
    [
      'after the order, before the book is told',
      broken({ books: { ...deps.books, confirm: async () => crash() } }),
      true,
    ],
  ];

  it.each(windows)('%s: one order in the end', async (name, dying, isPlaced) => {
    const { book, messages } = await matchedBook();
    expect(messages.length).toBeGreaterThan(0);
    const died = await deliver(messages, dying);
    // A message that fails among others is tried once more by itself, and may find its work done.
    expect(died.acked > 0).toBe(name.includes('knows'));
    expect(died.acked + died.retried).toBe(messages.length);
    expect((await ordersOf(book)).orders).toBe(isPlaced ? 1 : 0);

    const living = { ...deps, outbox: unsent };
    for (let time = 0; time < 2; time += 1)
      expect(await deliver([...messages].reverse(), living)).toMatchObject({ acked: messages.length });
    // `order.placed` and `payment.hold_request` wait in the outbox: no event was lost, and none came twice.
    expect(await ordersOf(book)).toEqual({ orders: 1, events: 2, timers: 1 });
  });
});

describe('a match that is projected anew', () => {
  it('is as far as its order', async () => {
    const { book, messages } = await matchedBook();
    const living = { ...deps, outbox: unsent };
    await deliver(messages, living);
    const match = () =>
      env.DB.prepare('select id, status from matches where size_id = ?')
        .bind(book.sizeId)
        .first<{ id: string; status: string }>();
    expect(await match()).toMatchObject({ status: 'pending' });
    const { row } = (await loadOrder(deps.db, (await findBySource(deps.db, 'match', (await match())!.id))!))!;
    await trigger(deps, row.id, 'payment_failed');
    expect(await match()).toMatchObject({ status: 'failed' });
    await env.DB.prepare('delete from matches where size_id = ?').bind(book.sizeId).run();
    await deliver(messages, living);
    expect(await match()).toMatchObject({ status: 'failed' });
    expect((await ordersOf(book)).orders).toBe(1);
  });
});
