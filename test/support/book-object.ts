import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { OrderBook } from '../../durable-objects/order-book/object.ts';
import { composeOnce } from '../../src/composition.ts';
import { keyOf } from '../../src/domain/ids.ts';
import type { Side } from '../../src/domain/market/order.ts';
import type { BookCommand, CommandAnswer } from '../../src/platform/books/books.ts';
import type { BookMessage } from '../../src/platform/events/events.ts';
import type { OrderTerms } from '../../src/wire/orders.ts';
import type { TestBook } from './books.ts';

export const { deps } = composeOnce(env);

/** The parts of a book object that tests replace; its own code sees them as private. */
export interface Innards {
  now: () => number;
  armedAtMs: number | null;
  running: {
    outbox: { publisher: { publish(messages: BookMessage[]): Promise<void> } };
    live: { checkpointSeq: number; book: { lastSeq: number } };
    archive: { run(settledSeq: number): Promise<void> };
  };
  storage: { appendRecord(record: unknown): void };
  sockets: { host: { commandsPerMinute: number } };
}

export function keyOfBook(book: TestBook): string {
  return keyOf('siz', book.sizeId)!;
}

/** A fresh stub each time: one that has met a crash stays broken. */
export function stubOf(book: TestBook): DurableObjectStub<OrderBook> {
  return env.ORDER_BOOKS.get(env.ORDER_BOOKS.idFromName(keyOfBook(book)));
}

export function inside<T>(
  book: TestBook,
  act: (innards: Innards, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject(stubOf(book), (instance: OrderBook, state) =>
    act(instance as unknown as Innards, state),
  );
}

/** Ends the object as idleness does; the next call finds a new one. */
export const evict = (book: TestBook): Promise<void> => evictDurableObject(stubOf(book));

/** Runs the alarm now if one is set. */
export const ring = (book: TestBook): Promise<boolean> => runDurableObjectAlarm(stubOf(book));

export const setClock = (book: TestBook, now: () => number): Promise<void> =>
  inside(book, (innards) => {
    innards.now = now;
  });

/** From now on this instance of the object loses every message that it sends, as a queue may. */
export async function loseMessages(book: TestBook): Promise<BookMessage[]> {
  const lost: BookMessage[] = [];
  await inside(book, ({ running }) => {
    running.outbox.publisher.publish = async (messages) => {
      lost.push(...messages);
    };
  });
  return lost;
}

export function execute(
  book: TestBook,
  command: BookCommand,
  userId: string,
  keys: string[] = [],
): Promise<CommandAnswer> {
  return deps.books.execute(keyOfBook(book), command, { userId, keys, correlationId: 'test' });
}

export function placeCommand(
  book: TestBook,
  side: Side,
  priceCents: number,
  changes: Partial<OrderTerms> = {},
): BookCommand {
  return {
    op: 'place',
    side,
    productId: book.productId,
    terms: {
      price_cents: priceCents,
      quantity: 1,
      time_in_force: 'gtc',
      post_only: false,
      expires_in_hours: 0,
      confirm: true,
      ...changes,
    },
  };
}

/** Resolves when D1 holds everything that the book has stored. */
export async function projected(book: TestBook): Promise<void> {
  const seq = await inside(book, ({ running }) => running.live.book.lastSeq);
  await deps.books.whenProjected(keyOfBook(book), seq, 20_000);
}

export async function count(table: 'book_orders' | 'matches' | 'trades', book: TestBook): Promise<number> {
  const row = await env.DB.prepare(`select count(*) as n from ${table} where size_id = ?`)
    .bind(book.sizeId)
    .first<{ n: number }>();
  return row!.n;
}
