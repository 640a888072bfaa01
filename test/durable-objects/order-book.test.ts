import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/demo/random.ts';
import { orderId } from '../../src/domain/market/events.ts';
import type { Side } from '../../src/domain/market/order.ts';
import { readOrder } from '../../src/features/market/orders.usecases.ts';
import type { BookCommand, CommandAnswer, MarketRead } from '../../src/platform/books/books.ts';
import {
  count,
  deps,
  evict,
  execute,
  inside,
  keyOfBook,
  loseMessages,
  placeCommand,
  projected,
  ring,
  setClock,
  stubOf,
} from '../support/book-object.ts';
import { bookRules } from '../support/book-rules.ts';
import { createBook, type TestBook } from '../support/books.ts';
import { NaiveBook } from '../support/naive-book.ts';

const HOUR_MS = 3_600_000;

const VIEWS: MarketRead[] = [
  { view: 'market' },
  { view: 'book', depth: 500 },
  { view: 'trades', limit: 200 },
  { view: 'candles', interval: '1h', fromMs: null, toMs: null, limit: 1000 },
  { view: 'candles', interval: '1w', fromMs: null, toMs: null, limit: 1000 },
  { view: 'orders', side: 'bid', limit: 100 },
  { view: 'orders', side: 'ask', limit: 100 },
];

async function look(book: TestBook, view: MarketRead): Promise<string> {
  const answer = await deps.books.read(keyOfBook(book), book.productId, view);
  return answer.ok ? answer.body : answer.failure.code;
}

/** All that a client can see of the book. */
const picture = (book: TestBook) => Promise.all(VIEWS.map((view) => look(book, view)));

function bodyOf(answer: CommandAnswer): string {
  if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer.failure)}`);
  return answer.body;
}

describe('an order book object', () => {
  it('has stored an order before it answers', async () => {
    const book = await createBook();
    const answer = await execute(book, placeCommand(book, 'bid', 10_000), 'ann');
    if (!answer.ok) throw new Error(answer.failure.detail);
    const stored = await inside(book, (_, state) =>
      state.storage.sql.exec<{ seq: number }>('SELECT max(seq) AS seq FROM journal').one(),
    );
    expect(stored.seq).toBe(answer.seq);
  });

  it('is nothing to a stranger: asking for an unknown book stores nothing', async () => {
    const unknown: TestBook = {
      productId: 'prd_0000000000000000',
      sizeId: 'siz_0000000000000000',
      market: '',
    };
    expect(await look(unknown, { view: 'market' })).toBe('size_not_found');
    const tables = await inside(unknown, (_, state) =>
      state.storage.sql.exec('SELECT name FROM sqlite_master').toArray(),
    );
    expect(tables).toEqual([]);
  });

  const seed = `evictions ${Date.now()}`;
  it(`comes back from eviction at any moment as a book that was never away (${seed})`, async () => {
    const random = seededRandom(seed);
    const upTo = (limit: number) => Math.floor(random.uniform() * limit);
    const book = await createBook();
    const naive = new NaiveBook(bookRules({ collarFactor: null, maxOpenOrdersPerUser: 50 }));
    const users = ['ann', 'ben', 'cat', 'dov'];
    // Ahead of the real time, so that the book's own alarm finds nothing due that this test has not let fall due.
    let nowMs = Date.now() + HOUR_MS;
    const known: { side: Side; seq: number; userId: string }[] = [];
    const sent: { command: BookCommand; userId: string; key: string; body: string }[] = [];
    const wake = async () => {
      await setClock(book, () => nowMs);
      await loseMessages(book);
    };
    await wake();

    for (let step = 0; step < 160; step += 1) {
      nowMs += upTo(4) * 1_500_000;
      await deps.books.poke(keyOfBook(book));
      naive.expireDue(nowMs, 500);

      const userId = users[upTo(users.length)]!;
      const target = known.length > 0 && random.uniform() < 0.35 ? known[upTo(known.length)]! : null;
      const key = `key-${step}`;
      let command: BookCommand;
      let expected: ReturnType<NaiveBook['place']>;
      if (target === null) {
        const side = random.uniform() < 0.5 ? 'bid' : 'ask';
        const hours = upTo(3) * upTo(5);
        const quantity = 1 + upTo(4);
        const priceCents = 100 + upTo(12);
        const timeInForce = random.uniform() < 0.8 ? 'gtc' : 'ioc';
        command = placeCommand(book, side, priceCents, {
          quantity,
          expires_in_hours: hours,
          time_in_force: timeInForce,
        });
        expected = naive.place(
          {
            side,
            userId,
            clientId: null,
            priceCents,
            quantity,
            timeInForce,
            postOnly: false,
            expiresAtMs: hours === 0 ? null : nowMs + hours * HOUR_MS,
            confirm: true,
          },
          nowMs,
        );
        if ('change' in expected) known.push({ side, seq: expected.change.seq, userId });
      } else if (random.uniform() < 0.5) {
        command = { op: 'cancel', side: target.side, seq: target.seq };
        expected = naive.cancel(target.seq, userId, 'user', nowMs);
      } else {
        const quantity = 1 + upTo(4);
        command = {
          op: 'amend',
          side: target.side,
          seq: target.seq,
          terms: { quantity, confirm: true },
        };
        expected = naive.amend(target.seq, userId, { quantity, confirm: true }, nowMs);
      }
      const answer = await execute(book, command, userId, [key]);
      expect(answer.ok ? 'accepted' : answer.failure.code).toBe(
        'refused' in expected ? expected.refused : 'accepted',
      );
      if (answer.ok) sent.push({ command, userId, key, body: answer.body });

      if (upTo(6) > 0) continue;
      const before = await picture(book);
      await evict(book);
      await wake();
      expect(await picture(book)).toEqual(before);
      expect(JSON.parse(before[1]!)).toMatchObject({ seq: naive.lastSeq, ...naive.depth() });
      const again = sent[upTo(sent.length)];
      if (again === undefined) continue;
      expect(await execute(book, again.command, again.userId, [again.key])).toMatchObject({
        replayed: true,
        body: again.body,
      });
    }

    // Every order is still to be read by its owner, the closed ones too.
    const open = new Map(naive.orders.map((order) => [order.seq, order]));
    for (const order of known) {
      const id = orderId(keyOfBook(book), order);
      const found = await readOrder(deps, order.side, id, order.userId);
      if (!found.ok) throw new Error(`order ${order.seq} is lost`);
      const view = JSON.parse(found.value);
      const still = open.get(order.seq);
      expect(view.status === 'active').toBe(still !== undefined);
      if (still) expect(view).toMatchObject({ quantity: still.quantity, filled_quantity: still.filled });
    }
  });

  it('rebuilds statistics whose window ends in the middle of an hour', async () => {
    const book = await createBook();
    const base = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    let nowMs = base + 10 * 60_000;
    await setClock(book, () => nowMs);
    const trade = async () => {
      await execute(book, placeCommand(book, 'ask', 10_000), 'ann');
      await execute(book, placeCommand(book, 'bid', 10_000), 'ben');
    };
    await trade();
    nowMs = base + 50 * 60_000;
    await trade();
    // Half an hour past the day: the first sale has left the window of 24 h, the second has not.
    nowMs = base + 24 * HOUR_MS + 30 * 60_000;
    await fillJournal(book, 1_000);
    const before = await look(book, { view: 'market' });
    expect(JSON.parse(before)).toMatchObject({ volume_24h: 1, volume_72h: 2 });
    await evict(book);
    await setClock(book, () => nowMs);
    expect(await look(book, { view: 'market' })).toBe(before);
  });

  it('folds the journal into a checkpoint, and rebuilds from it with what came after', async () => {
    const book = await createBook();
    for (const [user, price] of [
      ['ann', 9_000],
      ['ben', 9_100],
      ['cat', 9_200],
    ] as const) {
      await execute(book, placeCommand(book, 'bid', price, { quantity: 3 }), user);
    }
    const first = await execute(book, placeCommand(book, 'ask', 9_200), 'dov', ['early']);
    await fillJournal(book, 1_100);
    expect(await inside(book, ({ running }) => running.live.checkpointSeq)).toBeGreaterThanOrEqual(1_000);
    // Orders of before the checkpoint change after it: one in part, one to the end.
    await execute(book, placeCommand(book, 'ask', 9_100, { quantity: 4 }), 'dov');
    const before = await picture(book);
    await evict(book);
    expect(await picture(book)).toEqual(before);
    expect(JSON.parse(before[1]!)).toMatchObject({
      bids: [
        [9_100, 1, 1],
        [9_000, 3, 1],
      ],
      asks: [],
    });
    expect(await execute(book, placeCommand(book, 'ask', 9_200), 'dov', ['early'])).toMatchObject({
      replayed: true,
      body: bodyOf(first),
    });
  });

  it('sends what a crash left between the commit and the queue', async () => {
    const book = await createBook();
    await projected(book);
    const lost = await loseMessages(book);
    await execute(book, placeCommand(book, 'ask', 10_000), 'ann');
    await execute(book, placeCommand(book, 'bid', 10_000), 'ben');
    await inside(book, (_, state) => state.abort('a crash of the test')).catch(() => undefined);
    expect(await count('matches', book)).toBe(0);
    await projected(book);
    expect(await count('matches', book)).toBe(1);
    expect(await count('book_orders', book)).toBe(2);
    expect(lost.length).toBeLessThan(3);
  });

  it('sends again what nobody confirmed', async () => {
    const book = await createBook();
    await projected(book);
    let nowMs = Date.now();
    await setClock(book, () => nowMs);
    const lost = await loseMessages(book);
    await execute(book, placeCommand(book, 'ask', 10_000), 'ann');
    const waiting = projected(book);
    await deps.books.poke(keyOfBook(book));
    nowMs += 6_000;
    await ring(book);
    expect(lost.map(({ first_seq }) => first_seq)).toEqual([1, 1]);
    await inside(book, ({ running }) => {
      running.outbox.publisher.publish = async (messages) => {
        for (const body of messages) await env.EVENTS.send(body, { contentType: 'json' });
      };
    });
    nowMs += 60_000;
    await ring(book);
    await waiting;
    expect(await count('book_orders', book)).toBe(1);
  });

  it('takes an alarm that comes twice as one', async () => {
    const book = await createBook();
    const nowMs = Date.now();
    await execute(
      book,
      placeCommand(book, 'bid', 10_000, { expires_at: new Date(nowMs + 1_000).toISOString() }),
      'ann',
    );
    await setClock(book, () => nowMs + 1_000);
    const stub = stubOf(book);
    await Promise.all([stub.poke(), stub.poke(), stub.poke()]);
    await stub.poke();
    expect(JSON.parse(await look(book, { view: 'book', depth: 5 }))).toMatchObject({ seq: 2, bids: [] });
  });

  it('keeps nothing of a command that could not be stored, and everything before it', async () => {
    const book = await createBook();
    await execute(book, placeCommand(book, 'bid', 10_000), 'ann', ['kept']);
    await inside(book, ({ storage }) => {
      storage.appendRecord = () => {
        throw new Error('the disk is full');
      };
    });
    const outcomes = await Promise.allSettled([
      execute(book, placeCommand(book, 'bid', 10_100), 'ben'),
      execute(book, placeCommand(book, 'bid', 10_200), 'cat'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(JSON.parse(await look(book, { view: 'book', depth: 5 }))).toMatchObject({
      seq: 1,
      bids: [[10_000, 1, 1]],
    });
    expect(await execute(book, placeCommand(book, 'bid', 10_000), 'ann', ['kept'])).toMatchObject({
      replayed: true,
    });
    expect(await execute(book, placeCommand(book, 'bid', 10_100), 'ben')).toMatchObject({ ok: true, seq: 2 });
  });

  it('moves whole segments of its journal to the media store and rebuilds the projection from them', async () => {
    const book = await createBook();
    await execute(book, placeCommand(book, 'ask', 10_000, { quantity: 2 }), 'ann');
    await execute(book, placeCommand(book, 'bid', 10_000), 'ben');
    await fillJournal(book, 1_050);
    await projected(book);
    const orders = await count('book_orders', book);
    await inside(book, async ({ running }, state) => {
      Object.assign(running.archive, { keptRecords: 100, segmentRecords: 400 });
      await running.archive.run(running.live.checkpointSeq);
      const left = state.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM journal').one().n;
      expect(left).toBe(1_052 - 800);
    });
    const { objects } = await env.MEDIA.list({ prefix: `journal/${keyOfBook(book)}/` });
    expect(objects).toHaveLength(2);

    const before = await picture(book);
    await evict(book);
    expect(await picture(book)).toEqual(before);
    for (const table of ['book_orders', 'matches', 'trades'])
      await env.DB.prepare(`delete from ${table} where size_id = ?`).bind(book.sizeId).run();
    await deps.books.replayJournal(keyOfBook(book));
    await projected(book);
    expect(await count('book_orders', book)).toBe(orders);
    expect(await count('matches', book)).toBe(1);
    expect(await count('trades', book)).toBe(1);
  });
});

/** So many accepted commands that leave the book as it was: orders that do not rest. */
async function fillJournal(book: TestBook, commands: number): Promise<void> {
  const sent = Array.from({ length: commands }, (_, index) =>
    execute(
      book,
      placeCommand(book, index % 2 === 0 ? 'bid' : 'ask', index % 2 === 0 ? 1 : 900_000, {
        time_in_force: 'ioc',
      }),
      'filler',
    ),
  );
  for (const answer of await Promise.all(sent)) bodyOf(answer);
}

describe('expiry', () => {
  const expiring = async () => {
    const book = await createBook();
    const dueMs = Date.now() + HOUR_MS;
    const answer = await execute(
      book,
      placeCommand(book, 'ask', 10_000, { expires_at: new Date(dueMs).toISOString() }),
      'ann',
    );
    const { ask } = JSON.parse(bodyOf(answer));
    return { book, dueMs, id: ask.id as string };
  };

  it('comes at its millisecond, not before, although the alarm is late', async () => {
    const { book, dueMs, id } = await expiring();
    await setClock(book, () => dueMs - 1);
    expect(JSON.parse(await look(book, { view: 'market' }))).toMatchObject({ lowest_ask_cents: 10_000 });
    await setClock(book, () => dueMs);
    const taking = await execute(book, placeCommand(book, 'bid', 10_000, { time_in_force: 'ioc' }), 'ben');
    expect(JSON.parse(bodyOf(taking))).toMatchObject({ matches: [], bid: { status: 'cancelled' } });
    const found = await readOrder(deps, 'ask', id, 'ann');
    expect(found.ok && JSON.parse(found.value)).toMatchObject({ status: 'expired', close_reason: 'expired' });
  });

  it.each<MarketRead>([
    { view: 'market' },
    { view: 'book', depth: 5 },
    { view: 'orders', side: 'ask', limit: 5 },
    { view: 'quote', side: 'bid', quantity: 1, userId: null },
  ])('is seen by a read: $view', async (view) => {
    const { book, dueMs } = await expiring();
    await setClock(book, () => dueMs);
    expect(await look(book, view)).not.toContain('10000');
  });

  it('is no longer to be cancelled or amended', async () => {
    const { book, dueMs } = await expiring();
    await setClock(book, () => dueMs);
    expect(await execute(book, { op: 'cancel', side: 'ask', seq: 1 }, 'ann')).toMatchObject({
      ok: false,
      failure: { code: 'not_resting' },
    });
    const terms = { quantity: 2, confirm: true };
    expect(await execute(book, { op: 'amend', side: 'ask', seq: 1, terms }, 'ann')).toMatchObject({
      ok: false,
      failure: { code: 'not_resting' },
    });
  });

  it('happens by the alarm, which is set for it, and reaches the projection', async () => {
    const { book, dueMs, id } = await expiring();
    await projected(book);
    expect(await inside(book, (_, state) => state.storage.getAlarm())).toBeLessThanOrEqual(dueMs);
    await setClock(book, () => dueMs);
    expect(await ring(book)).toBe(true);
    await projected(book);
    const row = await env.DB.prepare('select status from book_orders where id = ?').bind(id).first();
    expect(row).toEqual({ status: 'expired' });
  });

  it('closes more orders than one pass takes', async () => {
    const book = await createBook();
    const dueMs = Date.now() + HOUR_MS;
    const expires_at = new Date(dueMs).toISOString();
    await Promise.all(
      Array.from({ length: 620 }, (_, index) =>
        execute(book, placeCommand(book, 'bid', 1_000 + (index % 9), { expires_at }), `user-${index % 20}`),
      ),
    );
    await setClock(book, () => dueMs);
    expect(JSON.parse(await look(book, { view: 'market' }))).toMatchObject({ total_bids: 0, seq: 622 });
    await projected(book);
    const row = await env.DB.prepare(
      "select count(*) as n from book_orders where size_id = ? and status = 'expired'",
    )
      .bind(book.sizeId)
      .first();
    expect(row).toEqual({ n: 620 });
  });
});
