/**
 * The order flow that every engine of the benchmark is given: 60 % orders that rest, 30 % cancels of a random open
 * order, 10 % orders that sweep several makers. Adds outnumber cancels by what the sweeps consume, so the book keeps
 * its size. The flow is drawn once, from a seed, and replayed by each engine.
 */
import { Book } from '../../src/domain/market/book.ts';
import type { Change, PlaceCommand, Rejection, Side } from '../../src/domain/market/order.ts';
import type { Result } from '../../src/domain/result.ts';

/** Operations as columns, so that a long flow costs the garbage collector nothing while an engine is timed. */
export interface Operations {
  length: number;
  isCancel: Uint8Array;
  /** The order that is placed or cancelled. */
  id: Int32Array;
  isBid: Uint8Array;
  priceCents: Int32Array;
  quantity: Uint8Array;
  user: Uint32Array;
}

export interface Flow {
  /** The first `prefilled` operations build the resting book and are not timed. */
  prefilled: number;
  operations: Operations;
  buyers: string[];
  sellers: string[];
}

export interface FlowShape {
  resting: number;
  operations: number;
  /** How many ticks from the middle the prices of each side reach. */
  depthTicks: number;
  seed: number;
}

export const TICK_CENTS = 100;
const MIDDLE_CENTS = 10_000_000;
const FIRST_MS = 1_700_000_000_000;
const LIFETIME_MS = 30 * 24 * 3_600_000;
const ADD_SHARE = 0.6;
const CANCEL_SHARE = 0.3;
const MAX_QUANTITY = 5;
/**
 * Units one sweep takes. Nine, the units of three orders, would make up for what adds outnumber cancels; the choice
 * between a little less and a little more keeps the book at its size.
 */
const SMALL_SWEEP_QUANTITY = 6;
const LARGE_SWEEP_QUANTITY = 12;
/** Open orders per user on average, well below the limit of 50. */
const ORDERS_PER_USER = 5;

/** The time at which the n-th operation happens. */
export function timeOf(index: number): number {
  return FIRST_MS + index;
}

/** A book with every rule of the product on. */
export function flowBook(): Book {
  return new Book({
    priceRule: 'ask',
    tickCents: TICK_CENTS,
    selfTrade: 'cancel_newest',
    status: 'open',
    collarFactor: 5,
    retailCents: MIDDLE_CENTS,
    maxOpenOrdersPerUser: 50,
  });
}

/** The n-th operation of the flow, which must be an order, as a command of our engine. */
export function commandAt({ operations, buyers, sellers }: Flow, index: number): PlaceCommand {
  const isBid = operations.isBid[index] === 1;
  const user = operations.user[index]!;
  return {
    side: isBid ? 'bid' : 'ask',
    userId: isBid ? buyers[user]! : sellers[user]!,
    clientId: null,
    priceCents: operations.priceCents[index]!,
    quantity: operations.quantity[index]!,
    timeInForce: 'gtc',
    postOnly: false,
    expiresAtMs: timeOf(index) + LIFETIME_MS,
    confirm: false,
  };
}

export function drawFlow(shape: FlowShape): Flow {
  const { resting, depthTicks } = shape;
  const length = resting + shape.operations;
  const random = randomFrom(shape.seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const userCount = Math.ceil(resting / ORDERS_PER_USER);
  // Buyers and sellers are different people, so that no engine has a self-trade to prevent.
  const names = (role: string) => drawNames(role, userCount);
  const operations: Operations = {
    length,
    isCancel: new Uint8Array(length),
    id: new Int32Array(length),
    isBid: new Uint8Array(length),
    priceCents: new Int32Array(length),
    quantity: new Uint8Array(length),
    user: new Uint32Array(length),
  };
  const flow: Flow = { prefilled: resting, operations, buyers: names('buyer'), sellers: names('seller') };
  const book = flowBook();
  const open: number[] = [];

  const place = (index: number, side: Side, priceCents: number, quantity: number) => {
    operations.isBid[index] = side === 'bid' ? 1 : 0;
    operations.priceCents[index] = priceCents;
    operations.quantity[index] = quantity;
    operations.user[index] = below(userCount);
    const { seq } = accepted(book.place(commandAt(flow, index), timeOf(index)));
    operations.id[index] = seq;
    if (book.order(seq) !== null) open.push(seq);
  };
  const add = (index: number) => {
    const side: Side = random() < 0.5 ? 'bid' : 'ask';
    // Most orders are placed near the top of the book.
    const ticks = 1 + Math.floor(depthTicks * random() ** 2);
    const offset = ticks * TICK_CENTS * (side === 'bid' ? -1 : 1);
    place(index, side, MIDDLE_CENTS + offset, 1 + below(MAX_QUANTITY));
  };
  const sweep = (index: number) => {
    const side: Side = random() < 0.5 ? 'bid' : 'ask';
    const quantity = book.openOrderCount() > resting ? LARGE_SWEEP_QUANTITY : SMALL_SWEEP_QUANTITY;
    const { worstPriceCents } = book.quote(side, quantity, timeOf(index));
    if (worstPriceCents === null) add(index);
    else place(index, side, worstPriceCents, quantity);
  };
  const cancel = (index: number) => {
    for (;;) {
      const at = below(open.length);
      const seq = open[at]!;
      open[at] = open.at(-1)!;
      open.pop();
      if (book.order(seq) === null) continue;
      accepted(book.cancel(seq, null, 'user', timeOf(index)));
      operations.isCancel[index] = 1;
      operations.id[index] = seq;
      return;
    }
  };

  for (let index = 0; index < length; index += 1) {
    const kind = index < resting ? 0 : random();
    if (kind < ADD_SHARE) add(index);
    else if (kind < ADD_SHARE + CANCEL_SHARE) cancel(index);
    else sweep(index);
  }
  return flow;
}

/** Names as they come off the wire: flat strings, not the ropes that concatenation leaves behind. */
function drawNames(role: string, count: number): string[] {
  return JSON.parse(JSON.stringify(Array.from({ length: count }, (_, index) => `usr_${role}${index}`)));
}

function accepted(result: Result<Change, Rejection>): Change {
  if (!result.ok) throw new Error(`the flow was refused: ${result.error.code}`);
  return result.value;
}

/** Mulberry32: small, seeded and good enough to draw a flow. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
