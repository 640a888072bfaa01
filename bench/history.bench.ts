/**
 * (f) What a past costs a book: orders over HTTP, reads and orders over the socket, on a book with many past orders and
 * on a fresh one beside it, and the time until the first answer when such a book is woken from what it stored.
 */
import { setTimeout } from 'node:timers/promises';
import { type BookAddress, type Bourse, startBourse } from './support/bourse.ts';
import type { Bench } from './support/context.ts';
import { type Line, median, perSecond, ROUNDS, takeTurns } from './support/measure.ts';
import { SocketLoad } from './support/sockets.ts';
import { orderRequests, signTraders } from './support/traders.ts';
import { describeTrade, socketUrl, tradePlan } from './support/trading.ts';

const CONNECTIONS = 64;
/** Orders between two waits for the projection: a book refuses new ones when D1 is too far behind. */
const ORDERS_PER_FILL = 40_000;
/** Longer than the archive and the outbox wait before they look again. */
const QUIET_MS = 12_000;
const VARS = { MARKET_MEMO_MS: '0' };

const marketUrl = ({ url }: { url: string }, { productId, sizeId }: BookAddress) =>
  `${url}/api/v1/market/${productId}/${sizeId}`;

/** Gives a book its past: placed, matched and projected like any other orders. */
async function fill(bench: Bench, bourse: Bourse, book: BookAddress, sockets: SocketLoad): Promise<void> {
  const plan = await tradePlan(bench, socketUrl(bourse.url, book));
  const startedMs = performance.now();
  let placed = 0;
  while (placed < bench.pastOrders) {
    const orders = Math.min(ORDERS_PER_FILL, bench.pastOrders - placed);
    const sample = await sockets.run({ ...plan, orders });
    await bourse.whenProjected(sample.lastAnswer);
    placed += sample.accepted;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  bench.say(
    `  ${placed.toLocaleString('en')} past orders in ${seconds.toFixed(0)} s, projected: ${perSecond(placed / seconds)}`,
  );
}

/** The first read of a book after a start, which rebuilds it from what it stored. */
async function wake(bourse: Bourse, book: BookAddress): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(marketUrl(bourse, book));
  await response.text();
  if (response.status !== 200) throw new Error(`the book did not wake: ${response.status}`);
  return performance.now() - startedMs;
}

export async function measureHistory(bench: Bench): Promise<Line[]> {
  const sockets = new SocketLoad();
  const directory = bench.directory('history');
  let bourse = await startBourse(bench.script, directory, VARS);
  try {
    const idle = await bourse.openBook();
    const books = { fresh: await bourse.openBook(), old: await bourse.openBook() };
    await fill(bench, bourse, books.old, sockets);
    const traders = await signTraders();

    const placing = (age: 'fresh' | 'old') => {
      const requests = orderRequests(bourse.url, books[age], traders);
      return async () => {
        const sample = await bench.load({ name: `orders, ${age} book`, requests, connections: CONNECTIONS });
        await bourse.whenProjected(sample.lastAnswer);
        return sample.perSecond;
      };
    };
    const reading = (age: 'fresh' | 'old') => async () => {
      const requests = { kind: 'get' as const, url: marketUrl(bourse, books[age]), headers: {} };
      return (await bench.load({ name: `market, ${age} book`, requests, connections: CONNECTIONS }))
        .perSecond;
    };
    const trading = (age: 'fresh' | 'old') => async () => {
      const sample = await sockets.run(await tradePlan(bench, socketUrl(bourse.url, books[age])));
      bench.say(`  orders over sockets, ${age} book: ${describeTrade(sample)}`);
      await bourse.whenProjected(sample.lastAnswer);
      return sample.perSecond;
    };

    const past = bench.pastOrders.toLocaleString('en');
    const lines: Line[] = [];
    for (const [what, measure] of [
      ['orders over HTTP', placing],
      ['top of the book from the object', reading],
      ["orders over the book's socket", trading],
    ] as const) {
      const rates = await takeTurns({ fresh: measure('fresh'), old: measure('old') });
      const [fresh, old] = [median(rates.fresh), median(rates.old)];
      lines.push({
        what: `(f) ${what}, a book with ${past} past orders against a fresh one`,
        figures: `${perSecond(old)} / ${perSecond(fresh)}`,
        value: old / fresh,
        unit: 'x',
        threshold: { atLeast: 0.9 },
      });
    }

    const wakes: Record<'fresh' | 'old', number[]> = { fresh: [], old: [] };
    // Books with an alarm that is due would wake by themselves.
    await setTimeout(QUIET_MS);
    for (let restart = 0; restart < ROUNDS; restart += 1) {
      await bourse.stop();
      bourse = await startBourse(bench.script, directory, VARS);
      // The first read of all starts the Worker and loads its code, which says nothing about a book.
      await wake(bourse, idle);
      for (const age of ['fresh', 'old'] as const) wakes[age].push(await wake(bourse, books[age]));
    }
    for (const [age, milliseconds] of Object.entries(wakes)) {
      lines.push({
        what: `(f) waking ${age === 'old' ? `a book with ${past} past orders` : 'the fresh book'}: first read after a restart`,
        figures: `median of ${ROUNDS}`,
        value: median(milliseconds),
        unit: 'ms',
      });
    }
    return lines;
  } finally {
    await Promise.all([bourse.stop(), sockets.stop()]);
  }
}
