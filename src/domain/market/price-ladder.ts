/**
 * One side of a book: a queue of orders per price, and the prices in order. Adding to or taking from a known price
 * and reading the best level cost the same however many orders rest; only the first order at a new price searches.
 */
import type { Side } from './order.ts';
import type { Level, RestingOrder } from './resting-order.ts';

export interface LevelView {
  priceCents: number;
  quantity: number;
  orderCount: number;
}

export type LevelRow = [priceCents: number, quantity: number, orderCount: number];

/** Prices are kept in sorted runs of at most this many, so that a new price moves few others however wide the book. */
const RUN_LENGTH = 128;

export class PriceLadder {
  readonly side: Side;
  /** The level that trades first; null when the side is empty. */
  best: Level | null = null;
  orderCount = 0;
  private readonly levelByPrice = new Map<number, Level>();
  /** Ranks in ascending order over all runs. The best price ranks highest, where adding and removing is cheapest. */
  private readonly runs: number[][] = [];

  constructor(side: Side) {
    this.side = side;
  }

  levelAt(priceCents: number): Level | undefined {
    return this.levelByPrice.get(priceCents);
  }

  /** Links the order into the queue of its price by `prioritySeq` and returns the level. */
  insert(order: RestingOrder): Level {
    const { priceCents, quantity, filled } = order.state;
    const level = this.levelByPrice.get(priceCents) ?? this.openLevel(priceCents);
    // A new order has the highest priority sequence; only a restored one looks further than the tail.
    let before = level.tail;
    while (before !== null && before.prioritySeq > order.prioritySeq) before = before.previous;
    const after = before === null ? level.head : before.next;
    order.previous = before;
    order.next = after;
    if (before === null) level.head = order;
    else before.next = order;
    if (after === null) level.tail = order;
    else after.previous = order;
    order.level = level;
    level.quantity += quantity - filled;
    level.orderCount += 1;
    this.orderCount += 1;
    return level;
  }

  /** Unlinks the order, with what remains of it, and returns the level it was in. */
  remove(order: RestingOrder): Level {
    const level = order.level!;
    const { previous, next } = order;
    if (previous === null) level.head = next;
    else previous.next = next;
    if (next === null) level.tail = previous;
    else next.previous = previous;
    order.previous = null;
    order.next = null;
    order.level = null;
    level.quantity -= order.state.quantity - order.state.filled;
    level.orderCount -= 1;
    this.orderCount -= 1;
    if (level.orderCount === 0) this.closeLevel(level);
    return level;
  }

  /** The levels, best first. */
  *levels(): Generator<Level> {
    for (let run = this.runs.length - 1; run >= 0; run -= 1) {
      const ranks = this.runs[run]!;
      for (let index = ranks.length - 1; index >= 0; index -= 1) {
        yield this.levelByPrice.get(Math.abs(ranks[index]!))!;
      }
    }
  }

  /** The orders in priority order. */
  *orders(): Generator<RestingOrder> {
    for (const level of this.levels()) {
      for (let order = level.head; order !== null; order = order.next) yield order;
    }
  }

  bestView(): LevelView | null {
    if (this.best === null) return null;
    const { priceCents, quantity, orderCount } = this.best;
    return { priceCents, quantity, orderCount };
  }

  /** The best `limit` levels, best first. */
  rows(limit: number): LevelRow[] {
    const rows: LevelRow[] = [];
    for (const { priceCents, quantity, orderCount } of this.levels()) {
      if (rows.length >= limit) break;
      rows.push([priceCents, quantity, orderCount]);
    }
    return rows;
  }

  private rankOf(priceCents: number): number {
    return this.side === 'bid' ? priceCents : -priceCents;
  }

  private openLevel(priceCents: number): Level {
    const level: Level = {
      side: this.side,
      priceCents,
      quantity: 0,
      orderCount: 0,
      head: null,
      tail: null,
      touchedSeq: 0,
    };
    this.levelByPrice.set(priceCents, level);
    const rank = this.rankOf(priceCents);
    if (this.best === null || rank > this.rankOf(this.best.priceCents)) this.best = level;
    this.addRank(rank);
    return level;
  }

  private closeLevel(level: Level): void {
    this.levelByPrice.delete(level.priceCents);
    this.removeRank(this.rankOf(level.priceCents));
    if (this.best !== level) return;
    const bestRun = this.runs.at(-1);
    this.best = bestRun === undefined ? null : this.levelByPrice.get(Math.abs(bestRun.at(-1)!))!;
  }

  private addRank(rank: number): void {
    const runIndex = this.runFor(rank);
    const run = this.runs[runIndex];
    if (run === undefined) {
      this.runs.push([rank]);
      return;
    }
    // Most levels open and close at the top of the book, which is the end of a run.
    if (rank > run.at(-1)!) run.push(rank);
    else run.splice(firstNotBelow(run, rank), 0, rank);
    if (run.length > RUN_LENGTH) this.runs.splice(runIndex + 1, 0, run.splice(RUN_LENGTH / 2));
  }

  private removeRank(rank: number): void {
    const runIndex = this.runFor(rank);
    const run = this.runs[runIndex]!;
    if (rank === run.at(-1)) run.pop();
    else run.splice(firstNotBelow(run, rank), 1);
    if (run.length === 0) this.runs.splice(runIndex, 1);
  }

  /** The run that holds the rank or would: the last one that starts at or below it, else the first. */
  private runFor(rank: number): number {
    let low = 0;
    let high = this.runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.runs[middle]![0]! <= rank) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function firstNotBelow(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
