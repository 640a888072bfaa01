/**
 * The order flow that every engine of the benchmark is given: 60 % orders that rest, 30 % cancels of a random open
 * order, 10 % orders that sweep several makers. Adds outnumber cancels by what the sweeps consume, so the book keeps
 * its size. The flow is drawn once, from a seed, and replayed by each engine.
 */
import { Book } from '../../src/domain/market/book.ts';
import type { Change, PlaceCommand, Rejection, Side } from '../../src/domain/market/order.ts';
import type { Result } from '../../src/domain/result.ts';

export type Operation = { kind: 'add'; id: number; command: PlaceCommand } | { kind: 'cancel'; id: number };

export interface Flow {
  /** Builds the resting book; not timed. */
  prefill: Operation[];
  operations: Operation[];
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
/** Units one sweep takes: with orders of three units on average this is what keeps the book's size. */
const SWEEP_QUANTITY = 9;
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

export function drawFlow({ resting, operations, depthTicks, seed }: FlowShape): Flow {
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const book = flowBook();
  const open: number[] = [];
  const users = Math.ceil(resting / ORDERS_PER_USER);
  let index = 0;

  const order = (side: Side, priceCents: number, quantity: number): Operation => {
    // Buyers and sellers are different people, so that no engine has a self-trade to prevent.
    const userId = `${side === 'bid' ? 'buyer' : 'seller'}-${below(users)}`;
    const expiresAtMs = timeOf(index) + LIFETIME_MS;
    const command: PlaceCommand = {
      side,
      userId,
      clientId: null,
      priceCents,
      quantity,
      timeInForce: 'gtc',
      postOnly: false,
      expiresAtMs,
      confirm: false,
    };
    const change = accepted(book.place(command, timeOf(index)));
    index += 1;
    if (book.order(change.seq) !== null) open.push(change.seq);
    return { kind: 'add', id: change.seq, command };
  };
  const add = (): Operation => {
    const side: Side = random() < 0.5 ? 'bid' : 'ask';
    // Most orders are placed near the top of the book.
    const ticks = 1 + Math.floor(depthTicks * random() ** 2);
    const offset = ticks * TICK_CENTS * (side === 'bid' ? -1 : 1);
    return order(side, MIDDLE_CENTS + offset, 1 + below(MAX_QUANTITY));
  };
  const cancel = (): Operation => {
    for (;;) {
      const at = below(open.length);
      const id = open[at]!;
      open[at] = open.at(-1)!;
      open.pop();
      if (book.order(id) === null) continue;
      accepted(book.cancel(id, null, 'user', timeOf(index)));
      index += 1;
      return { kind: 'cancel', id };
    }
  };
  const sweep = (): Operation => {
    const side: Side = random() < 0.5 ? 'bid' : 'ask';
    const { worstPriceCents } = book.quote(side, SWEEP_QUANTITY, timeOf(index));
    return worstPriceCents === null ? add() : order(side, worstPriceCents, SWEEP_QUANTITY);
  };

  const prefill = Array.from({ length: resting }, add);
  const timed = Array.from({ length: operations }, () => {
    const kind = random();
    if (kind < ADD_SHARE) return add();
    return kind < ADD_SHARE + CANCEL_SHARE ? cancel() : sweep();
  });
  return { prefill, operations: timed };
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
