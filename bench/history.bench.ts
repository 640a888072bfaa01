/**
 * (f) What a past costs a book: orders over HTTP, reads and orders over the socket, on a book with many past orders and
 * on a fresh one beside it, and the time until the first answer when such a book is woken from disk.
 */
import { type BookAddress, type Bourse, startBourse } from './support/bourse.ts';
import type { Bench } from './support/context.ts';
import { type Line, median, perSecond, takeTurns } from './support/measure.ts';
import { SocketLoad } from './support/sockets.ts';
import { orderRequests, signTraders } from './support/traders.ts';
import { describeTrade, socketUrl, tradePlan } from './support/trading.ts';

const CONNECTIONS = 64;
/** Orders between two waits for the projection: a book refuses new ones when D1 is too far behind. */
const ORDERS_PER_FILL = 40_000;
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

export async function measureHistory(bench: Bench): Promise<Line[]> {
  const directory = bench.directory('history');
  const sockets = new SocketLoad();
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

    await bourse.stop();
    bourse = await startBourse(bench.script, directory, VARS);
    // The first read of all starts the Worker and its objects' code; it says nothing about a book.
    await (await fetch(marketUrl(bourse, idle))).text();
    for (const age of ['fresh', 'old'] as const) {
      const startedMs = performance.now();
      const response = await fetch(marketUrl(bourse, books[age]));
      await response.text();
      if (response.status !== 200) throw new Error(`the ${age} book did not wake: ${response.status}`);
      lines.push({
        what: `(f) first read after a restart, ${age === 'old' ? `a book with ${past} past orders` : 'a book with the orders of this run alone'}`,
        figures: 'one wake',
        value: performance.now() - startedMs,
        unit: 'ms',
      });
    }
    return lines;
  } finally {
    await Promise.all([bourse.stop(), sockets.stop()]);
  }
}
