/**
 * Sockets: (d) orders over a book's socket, against an object that inserts one row; (e) events fanned out under a burst,
 * against Socket.IO on node, and the latency of a lone event.
 */
import { startBourse } from './support/bourse.ts';
import type { Bench } from './support/context.ts';
import { type Line, median, perSecond, takeTurns } from './support/measure.ts';
import { installPeers, startPeer } from './support/peers.ts';
import { type BurstSample, type Feed, SocketLoad } from './support/sockets.ts';
import { orderRequests, signTraders } from './support/traders.ts';
import { describeTrade, ORDERS_PER_FRAME, socketUrl, TRADING_SOCKETS, tradePlan } from './support/trading.ts';
import { startFloor } from './support/workerd.ts';

const LONE_EVENTS = 100;

/** (d) Orders over the book's socket. */
export async function measureSocketOrders(bench: Bench): Promise<Line[]> {
  const bourse = await startBourse(bench.script, bench.directory('socket'));
  const floor = await startFloor(bench.directory('socket-floor'));
  const sockets = new SocketLoad();
  try {
    const book = await bourse.openBook();
    const plan = await tradePlan(bench, socketUrl(bourse.url, book));
    const requests = orderRequests(floor.url, book, await signTraders());
    const samples = await takeTurns({
      floor: async () => (await bench.load({ name: 'floor', requests, connections: 64 })).perSecond,
      socket: async () => {
        const sample = await sockets.run(plan);
        bench.say(`  orders over ${TRADING_SOCKETS} sockets: ${describeTrade(sample)}`);
        await bourse.whenProjected(sample.lastAnswer);
        return sample.perSecond;
      },
    });
    const ours = median(samples.socket);
    const floorRate = median(samples.floor);
    return [
      {
        what: `(d) orders over the book's socket, ${ORDERS_PER_FRAME} a frame, against an object that inserts one row`,
        figures: `${perSecond(ours)} / ${perSecond(floorRate)}`,
        value: ours / floorRate,
        unit: 'x',
        threshold: { atLeast: 8 },
      },
    ];
  } finally {
    await Promise.all([bourse.stop(), floor.stop(), sockets.stop()]);
  }
}

/** (e) Fan-out. */
export async function measureFanOut(bench: Bench): Promise<Line[]> {
  installPeers();
  const bourse = await startBourse(bench.script, bench.directory('fan-out'));
  const peer = await startPeer('socket-io-feed', []);
  const sockets = new SocketLoad();
  const { warmUpSeconds, seconds } = bench;
  try {
    const url = socketUrl(bourse.url, await bourse.openBook());
    const ours: Feed = { kind: 'bourse', url };
    const theirs: Feed = { kind: 'socket.io', url: peer.url };
    const trading = await tradePlan(bench, url);
    const token = trading.tokens[0]!;
    const lines: Line[] = [];
    for (const [watchers, atLeast] of [
      [100, 3],
      [1_000, 6],
    ] as const) {
      const say = (name: string, { events, entries, frames }: BurstSample) =>
        bench.say(
          `  ${name}, ${watchers} watchers: ${perSecond(events)} events, ${perSecond(entries)} entries in ${perSecond(frames)} frames`,
        );
      const samples = await takeTurns({
        ours: async () => {
          const sample = await sockets.run({
            action: 'burst',
            feed: ours,
            watchers,
            trading,
            warmUpSeconds,
            seconds,
          });
          say('bourse', sample);
          await bourse.whenProjected(sample.lastAnswer);
          return sample;
        },
        theirs: async () => {
          const sample = await sockets.run({
            action: 'burst',
            feed: theirs,
            watchers,
            trading: null,
            warmUpSeconds,
            seconds,
          });
          say('socket.io', sample);
          return sample;
        },
      });
      const emitted = median(samples.theirs.map((sample) => sample.events));
      const events = median(samples.ours.map((sample) => sample.events));
      const entries = median(samples.ours.map((sample) => sample.entries));
      lines.push(
        {
          what: `(e) events delivered in a burst to ${watchers} sockets, against Socket.IO`,
          figures: `${perSecond(events)} / ${perSecond(emitted)}`,
          value: events / emitted,
          unit: 'x',
          threshold: { atLeast },
        },
        {
          what: `(e) of these, level changes and trades spelled out after coalescing, ${watchers} sockets`,
          figures: `${perSecond(entries)} / ${perSecond(emitted)}`,
          value: entries / emitted,
          unit: 'x',
        },
      );
    }
    const latencies = await takeTurns({
      ours: () => sockets.run({ action: 'lone', feed: ours, watchers: 100, token, events: LONE_EVENTS }),
      theirs: () =>
        sockets.run({ action: 'lone', feed: theirs, watchers: 100, token: null, events: LONE_EVENTS }),
    });
    for (const [name, samples] of Object.entries(latencies)) {
      lines.push({
        what: `(e) a lone event, from the command to a frame at one of 100 watchers: ${name === 'ours' ? 'Bourse, stored first' : 'Socket.IO, stored nowhere'}`,
        figures: `median of ${LONE_EVENTS}`,
        value: median(samples.map((sample) => sample.p50Ms)),
        unit: 'ms',
      });
    }
    return lines;
  } finally {
    await Promise.all([bourse.stop(), peer.stop(), sockets.stop()]);
  }
}
