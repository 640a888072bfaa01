/**
 * The matching engine, all product rules on and a full `Change` built per command, against two order books from npm on
 * the same flow. Runs are interleaved and the median of three is taken; slow engines get the first part of the flow.
 * What an engine is given is built before the clock starts, in portions, so that a long flow does not fill the memory.
 * Node runs with `--expose-gc`; without it an engine may pay for the garbage of the one before it.
 */
import { performance } from 'node:perf_hooks';
import { OrderBook as NodejsOrderBook, Side as NodejsSide } from 'nodejs-order-book';
import { Orderbook as MatchEngine, TRADE_SIDE } from 'orderbook-match-engine';
import type { PlaceCommand } from '../src/domain/market/order.ts';
import { commandAt, drawFlow, type Flow, flowBook, timeOf } from './support/flow.ts';
import { type Line, median, perSecond, ROUNDS } from './support/measure.ts';

type DepthSide = [priceCents: number, quantity: number][];

interface Engine {
  /** Builds the input of the operations from one index up to another, and returns what performs them. */
  prepare(flow: Flow, from: number, to: number): () => void;
  depth(): { bids: DepthSide; asks: DepthSide };
}

const PORTION = 10_000;
const SEED = 20_261_121;

function ours(): Engine {
  const book = flowBook();
  return {
    prepare(flow, from, to) {
      const { isCancel, id } = flow.operations;
      const commands: (PlaceCommand | null)[] = [];
      for (let index = from; index < to; index += 1) {
        commands.push(isCancel[index] === 1 ? null : commandAt(flow, index));
      }
      return () => {
        for (let index = from; index < to; index += 1) {
          const command = commands[index - from];
          if (command) book.place(command, timeOf(index));
          else book.cancel(id[index]!, null, 'user', timeOf(index));
        }
      };
    },
    depth() {
      const { bids, asks } = book.depth(Number.POSITIVE_INFINITY);
      return { bids: bids.map(([p, q]) => [p, q]), asks: asks.map(([p, q]) => [p, q]) };
    },
  };
}

function nodejsOrderBook(): Engine {
  const book = new NodejsOrderBook();
  return {
    prepare({ operations }, from, to) {
      const { isCancel, id, isBid, priceCents, quantity } = operations;
      const inputs: (string | Parameters<typeof book.limit>[0])[] = [];
      for (let index = from; index < to; index += 1) {
        const name = String(id[index]);
        if (isCancel[index] === 1) inputs.push(name);
        else {
          const side = isBid[index] === 1 ? NodejsSide.BUY : NodejsSide.SELL;
          inputs.push({ side, id: name, size: quantity[index]!, price: priceCents[index]! });
        }
      }
      return () => {
        for (const input of inputs) {
          if (typeof input === 'string') book.cancel(input);
          else book.limit(input);
        }
      };
    },
    depth() {
      const [asks, bids] = book.depth();
      return { bids, asks: [...asks].sort((a, b) => a[0] - b[0]) };
    },
  };
}

function matchEngine(): Engine {
  const book = new MatchEngine({ limit: Number.POSITIVE_INFINITY });
  return {
    prepare({ operations }, from, to) {
      const { isCancel, id, isBid, priceCents, quantity } = operations;
      return () => {
        for (let index = from; index < to; index += 1) {
          if (isCancel[index] === 1) {
            book.cancel(id[index]!);
            continue;
          }
          const side = isBid[index] === 1 ? TRADE_SIDE.BID : TRADE_SIDE.ASK;
          book.add(id[index]!, side, priceCents[index]!, quantity[index]!);
        }
      };
    },
    depth() {
      const numbers = (rows: { price: unknown; quantity: unknown }[]): DepthSide =>
        rows.map(({ price, quantity }) => [Number(price), Number(quantity)]);
      const { bids, asks } = book.getOrderbook();
      return { bids: numbers(bids), asks: numbers(asks) };
    },
  };
}

const ENGINES = { ours, 'nodejs-order-book': nodejsOrderBook, 'orderbook-match-engine': matchEngine };
type EngineName = keyof typeof ENGINES;
const NAMES = Object.keys(ENGINES) as EngineName[];

interface Scenario {
  title: string;
  resting: number;
  depthTicks: number;
  /** How much of the flow each engine is given: enough for a steady figure, little enough for a short run. */
  operations: Record<EngineName, number>;
  /** The least ratio of ours to the peer; a peer without one is only reported. */
  atLeast: Partial<Record<EngineName, number>>;
}

const SCENARIOS: Scenario[] = [
  {
    title: '1 000 resting',
    resting: 1_000,
    depthTicks: 500,
    operations: { ours: 500_000, 'nodejs-order-book': 200_000, 'orderbook-match-engine': 200_000 },
    atLeast: { 'nodejs-order-book': 10, 'orderbook-match-engine': 5 },
  },
  {
    title: '100 000 resting',
    resting: 100_000,
    depthTicks: 500,
    operations: { ours: 500_000, 'nodejs-order-book': 30_000, 'orderbook-match-engine': 150_000 },
    atLeast: { 'nodejs-order-book': 40, 'orderbook-match-engine': 5 },
  },
  {
    title: '100 000 resting, wide prices',
    resting: 100_000,
    depthTicks: 20_000,
    operations: { ours: 500_000, 'nodejs-order-book': 60_000, 'orderbook-match-engine': 100_000 },
    atLeast: { 'orderbook-match-engine': 5 },
  },
];

/** Performs the operations in portions and returns how long that took, the building of their input left out. */
function perform(engine: Engine, flow: Flow, from: number, to: number): number {
  let elapsedMs = 0;
  for (let start = from; start < to; start += PORTION) {
    const run = engine.prepare(flow, start, Math.min(start + PORTION, to));
    const startMs = performance.now();
    run();
    elapsedMs += performance.now() - startMs;
  }
  return elapsedMs;
}

/** Operations per second over the first `count` operations, on a book that has been filled before. */
function measure(name: EngineName, flow: Flow, count: number): number {
  const engine = ENGINES[name]();
  perform(engine, flow, 0, flow.prefilled);
  globalThis.gc?.();
  return (count * 1_000) / perform(engine, flow, flow.prefilled, flow.prefilled + count);
}

/** All engines must end with the same book, or the figures compare different work. Also warms them up. */
function checkSameWork(): void {
  const flow = drawFlow({ resting: 1_000, operations: 40_000, depthTicks: 500, seed: SEED });
  const depths = NAMES.map((name) => {
    const engine = ENGINES[name]();
    perform(engine, flow, 0, flow.operations.length);
    return JSON.stringify(engine.depth());
  });
  for (const [index, depth] of depths.entries()) {
    if (depth !== depths[0]) throw new Error(`${NAMES[index]} ends with another book than ours`);
  }
}

/** (a) Our engine against each peer, in every scenario. */
export function measureEngines(say: (text: string) => void): Line[] {
  checkSameWork();
  const lines: Line[] = [];
  for (const { title, resting, depthTicks, operations, atLeast } of SCENARIOS) {
    const flow = drawFlow({
      resting,
      operations: Math.max(...Object.values(operations)),
      depthTicks,
      seed: SEED,
    });
    const rates = new Map<EngineName, number[]>(NAMES.map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of NAMES) rates.get(name)!.push(measure(name, flow, operations[name]));
    }
    const own = median(rates.get('ours')!);
    say(`  ${title}: ${perSecond(own)}`);
    for (const name of NAMES) {
      if (name === 'ours') continue;
      const rate = median(rates.get(name)!);
      const target = atLeast[name];
      lines.push({
        what: `(a) engine, ${title}, against ${name}`,
        figures: `${perSecond(own)} / ${perSecond(rate)}`,
        value: own / rate,
        unit: 'x',
        ...(target === undefined ? {} : { threshold: { atLeast: target } }),
      });
    }
  }
  return lines;
}
