/**
 * Orders and reads over HTTP: (b) durable orders with everything on, against an object that inserts one row and against
 * Fastify with SQLite; (c) the top of a book and a signed-in route, against a Worker that answers a constant.
 */
import { join } from 'node:path';
import { SIGNING_KEY, startBourse } from './support/bourse.ts';
import type { Bench } from './support/context.ts';
import type { LoadSample, Requests } from './support/load.ts';
import { type Line, median, perSecond, takeTurns } from './support/measure.ts';
import { installPeers, startPeer } from './support/peers.ts';
import { orderRequests, signTraders } from './support/traders.ts';
import { startFloor } from './support/workerd.ts';

const CONNECTIONS = 64;
const MANY_CONNECTIONS = 256;

const rateOf = (samples: readonly LoadSample[]) => median(samples.map((sample) => sample.perSecond));

/** (b) Durable orders. */
export async function measureOrders(bench: Bench): Promise<Line[]> {
  installPeers();
  const traders = await signTraders();
  const bourse = await startBourse(bench.script, bench.directory('orders'));
  const floor = await startFloor(bench.directory('orders-floor'));
  const fastify = await startPeer('fastify-orders', [join(bench.directory('fastify'), 'orders.db')], {
    TOKEN_SIGNING_KEY: SIGNING_KEY,
  });
  try {
    const book = await bourse.openBook();
    const send = (name: string, url: string, connections: number) => {
      const requests = orderRequests(url, book, traders);
      return () => bench.load({ name, requests, connections });
    };
    const place = async (connections: number) => {
      const sample = await send('bourse', bourse.url, connections)();
      await bourse.whenProjected(sample.lastAnswer);
      return sample;
    };
    const samples = await takeTurns({
      floor: send('floor', floor.url, CONNECTIONS),
      bourse: () => place(CONNECTIONS),
      fastify: send('fastify', fastify.url, CONNECTIONS),
    });
    const crowd = (await takeTurns({ bourse: () => place(MANY_CONNECTIONS) })).bourse;
    const p50Ms = median(crowd.map((sample) => sample.p50Ms));
    const p99Ms = median(crowd.map((sample) => sample.p99Ms));
    const ours = rateOf(samples.bourse);
    const against = (what: string, rate: number, atLeast: number): Line => ({
      what: `(b) durable orders over HTTP, ${CONNECTIONS} connections, against ${what}`,
      figures: `${perSecond(ours)} / ${perSecond(rate)}`,
      value: ours / rate,
      unit: 'x',
      threshold: { atLeast },
    });
    return [
      against('an object that inserts one row', rateOf(samples.floor), 1.6),
      against('Fastify + better-sqlite3', rateOf(samples.fastify), 1.3),
      {
        what: `(b) p99 of an order at ${MANY_CONNECTIONS} connections, against its p50`,
        figures: `${p99Ms.toFixed(0)} ms / ${p50Ms.toFixed(0)} ms at ${perSecond(rateOf(crowd))}`,
        value: p99Ms / p50Ms,
        unit: 'x',
        threshold: { atMost: 6 },
      },
    ];
  } finally {
    await Promise.all([bourse.stop(), floor.stop(), fastify.stop()]);
  }
}

/** (c) Reads. */
export async function measureReads(bench: Bench): Promise<Line[]> {
  const floor = await startFloor(bench.directory('reads-floor'));
  const plain = await startBourse(bench.script, bench.directory('reads'), { MARKET_MEMO_MS: '0' });
  const memoising = await startBourse(bench.script, bench.directory('reads-memoised'), {
    MARKET_MEMO_MS: '50',
  });
  try {
    const traders = await signTraders();
    const market = async (bourse: typeof plain) => {
      const book = await bourse.openBook();
      await bench.load({
        name: bourse.url,
        requests: orderRequests(bourse.url, book, traders),
        connections: 8,
      });
      return `${bourse.url}/api/v1/market/${book.productId}/${book.sizeId}`;
    };
    const read = (name: string, url: string, headers: Record<string, string> = {}) => {
      const requests: Requests = { kind: 'get', url, headers };
      return () => bench.load({ name, requests, connections: CONNECTIONS });
    };
    const samples = await takeTurns({
      constant: read('constant', floor.url),
      object: read('market', await market(plain)),
      memo: read('market memoised', await market(memoising)),
      me: read('me', `${plain.url}/api/v1/me`, { Authorization: `Bearer ${await plain.register('reader')}` }),
    });
    const constant = rateOf(samples.constant);
    const against = (what: string, rate: number, atLeast: number): Line => ({
      what: `(c) ${what}, against a Worker that answers a constant`,
      figures: `${perSecond(rate)} / ${perSecond(constant)}`,
      value: rate / constant,
      unit: 'x',
      threshold: { atLeast },
    });
    return [
      against('top of a book, asked from the object', rateOf(samples.object), 0.4),
      against('top of a book, memoised 50 ms', rateOf(samples.memo), 0.85),
      against('a signed-in route (GET /me)', rateOf(samples.me), 0.55),
    ];
  } finally {
    await Promise.all([floor.stop(), plain.stop(), memoising.stop()]);
  }
}
