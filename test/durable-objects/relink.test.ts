import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { matchId } from '../../src/domain/market/events.ts';
import { relinkMatch } from '../../src/features/orders/relink.ts';
import { deps, evict, execute, keyOfBook, placeCommand, projected } from '../support/book-object.ts';
import { createBook, depthOf, type TestBook } from '../support/books.ts';

const request = (match_id: string, side: 'bid' | 'ask'): EventEnvelope => ({
  event_id: `test:${match_id}`,
  type: 'order.relink_request',
  version: 1,
  aggregate: { type: 'order', id: 'ord_test' },
  seq: 1,
  correlation_id: 'test',
  occurred_at: new Date(0).toISOString(),
  data: { match_id, side },
});

/** A match at 100, told to D1; `asks` of quantity 1 stood in the queue. */
async function matched(book: TestBook, asks = 2): Promise<string> {
  for (let index = 0; index < asks; index += 1)
    await execute(book, placeCommand(book, 'ask', 100), `seller${index}`);
  await execute(book, placeCommand(book, 'bid', 100), 'buyer');
  await projected(book);
  const row = await env.DB.prepare(
    'select id from matches where size_id = ? order by created_at desc, id desc',
  )
    .bind(book.sizeId)
    .first<{ id: string }>();
  return row!.id;
}

describe('a failed match in its book', () => {
  it('gives the order back once, however often it is asked and whatever the object forgot', async () => {
    const book = await createBook();
    const id = await matched(book);
    expect((await depthOf(book)).asks).toEqual([[100, 1, 1]]);
    await Promise.all([relinkMatch(deps, request(id, 'ask')), relinkMatch(deps, request(id, 'ask'))]);
    expect((await depthOf(book)).asks).toEqual([[100, 2, 2]]);
    await evict(book);
    expect((await depthOf(book)).asks).toEqual([[100, 2, 2]]);
    await relinkMatch(deps, request(id, 'ask'));
    expect((await depthOf(book)).asks).toEqual([[100, 2, 2]]);
  });

  it('tells D1, so that the next time counts on from there', async () => {
    const book = await createBook();
    const id = await matched(book, 1);
    await relinkMatch(deps, request(id, 'ask'));
    await projected(book);
    const stored = () =>
      env.DB.prepare(
        "select status, filled, relinks, priority_seq from book_orders where size_id = ? and side = 'ask'",
      )
        .bind(book.sizeId)
        .first();
    expect(await stored()).toEqual({ status: 'active', filled: 0, relinks: 1, priority_seq: 1 });
    const seen = [id];
    for (let time = 2; time <= 3; time += 1) {
      await execute(book, placeCommand(book, 'bid', 100), 'buyer');
      await projected(book);
      await evict(book);
      const { results } = await env.DB.prepare('select id from matches where size_id = ?')
        .bind(book.sizeId)
        .all<{ id: string }>();
      const next = results.map((row) => row.id).find((other) => !seen.includes(other))!;
      seen.push(next);
      await relinkMatch(deps, request(next, 'ask'));
    }
    expect((await depthOf(book)).asks).toEqual([]);
    expect(await stored()).toMatchObject({ status: 'matched', filled: 1, relinks: 2 });
  });

  it('asks again later when the book is halted, and when D1 does not know the match yet', async () => {
    const book = await createBook();
    const id = await matched(book, 1);
    const unknown = matchId(keyOfBook(book), 999_999);
    await expect(relinkMatch(deps, request(unknown, 'ask'))).rejects.toThrow('there is no match');
    const halted = { ...deps, books: { ...deps.books, relink: async () => 'not_now' as const } };
    await expect(relinkMatch(halted, request(id, 'ask'))).rejects.toThrow('takes no orders now');
  });
});
