import { Book } from '../../src/domain/market/book.ts';
import { EXACT_WINDOW_MS, MarketStats } from '../../src/domain/market/market-data.ts';
import type { BookRules, OrderState } from '../../src/domain/market/order.ts';
import { type BookRecord, type TapeTrade, tradesOf } from '../../src/domain/market/record.ts';
import type { BookConfig } from '../../src/platform/books/books.ts';
import type { BookStorage } from './storage.ts';

/** The newest trades kept in memory: one full page of `/trades` and what a chart's tape shows. */
const TAPE_LENGTH = 200;

/** True when the tape holds every sale of the hours that the statistics count exactly. */
function holdsExactWindow(tape: readonly TapeTrade[]): boolean {
  const [oldest] = tape;
  const newest = tape.at(-1);
  if (oldest === undefined || newest === undefined || tape.length < TAPE_LENGTH) return true;
  return oldest.atMs < newest.atMs - EXACT_WINDOW_MS;
}

export function rulesOf(config: BookConfig): BookRules {
  const { priceRule, tickCents, selfTrade, status, collarFactor, retailCents, maxOpenOrdersPerUser } = config;
  return { priceRule, tickCents, selfTrade, status, collarFactor, retailCents, maxOpenOrdersPerUser };
}

/**
 * The book in memory: engine, statistics, tape, and the orders that left the book but may not be in D1 yet. Memory is a
 * cache of storage: `load` rebuilds it exactly from the last checkpoint and the journal after it.
 */
export class LiveBook {
  readonly book: Book;
  readonly stats: MarketStats;
  private tape: TapeTrade[];
  /** By order, in the order in which they left: the state they left in and the command that did it. */
  private readonly leftOrders = new Map<number, { order: OrderState; leftAtSeq: number }>();
  /** Orders changed since the checkpoint; null for those that left. */
  private readonly changed = new Map<number, OrderState | null>();
  /** The command that the last checkpoint covers. */
  checkpointSeq: number;

  private constructor(book: Book, stats: MarketStats, tape: TapeTrade[], checkpointSeq: number) {
    this.book = book;
    this.stats = stats;
    this.tape = tape;
    this.checkpointSeq = checkpointSeq;
  }

  static load(storage: BookStorage, config: BookConfig, confirmedSeq: number): LiveBook {
    const checkpoint = storage.readMeta('checkpoint') ?? { seq: 0, lastSale: null, tape: [] };
    const stats = new MarketStats();
    const { tape } = checkpoint;
    stats.load(
      storage.buckets().map((bucket) => JSON.parse(bucket.body)),
      holdsExactWindow(tape) ? tape : null,
    );
    const orders = new Map(storage.restingOrders().map((order) => [order.seq, order]));
    const records = storage.recordsAfter(checkpoint.seq, Number.MAX_SAFE_INTEGER);
    for (const record of records) {
      for (const order of record.orders) {
        if (order.status === 'active') orders.set(order.seq, order);
        else orders.delete(order.seq);
      }
    }
    const lastSeq = records.at(-1)?.seq ?? checkpoint.seq;
    const book = Book.rebuild(rulesOf(config), { lastSeq, lastSale: checkpoint.lastSale }, orders.values());
    const live = new LiveBook(book, stats, tape, checkpoint.seq);
    if (confirmedSeq < checkpoint.seq) {
      for (const record of storage.recordsAfter(confirmedSeq, checkpoint.seq - confirmedSeq))
        live.noteLeft(record);
    }
    for (const record of records) {
      for (const trade of tradesOf(record)) book.recordSale(trade.priceCents, trade.atMs);
      live.note(record);
    }
    return live;
  }

  /** Takes over what a record did beside the engine's own state. */
  note(record: BookRecord): void {
    for (const order of record.orders) {
      if (order.status === 'active') {
        this.changed.set(order.seq, order);
        continue;
      }
      // An order that came and went between two checkpoints was never stored on its own.
      if (order.seq > this.checkpointSeq) this.changed.delete(order.seq);
      else this.changed.set(order.seq, null);
    }
    this.noteLeft(record);
    for (const trade of tradesOf(record)) {
      this.stats.record(trade.atMs, trade.priceCents, trade.quantity);
      this.addToTape(trade);
    }
  }

  private noteLeft(record: BookRecord): void {
    for (const order of record.orders) {
      if (order.status === 'active') continue;
      this.leftOrders.delete(order.seq);
      this.leftOrders.set(order.seq, { order, leftAtSeq: record.seq });
    }
  }

  private addToTape(trade: TapeTrade): void {
    const oldest = this.tape[0];
    if (this.tape.length >= TAPE_LENGTH && oldest !== undefined && trade.atMs < oldest.atMs) return;
    let index = this.tape.length;
    while (index > 0 && this.tape[index - 1]!.atMs > trade.atMs) index -= 1;
    this.tape.splice(index, 0, trade);
    if (this.tape.length > TAPE_LENGTH) this.tape.shift();
  }

  /** The newest trades, newest first. */
  recentTrades(limit: number): TapeTrade[] {
    return this.tape.slice(-limit).reverse();
  }

  /** An open order, or one that left the book and may not be in D1 yet. */
  order(seq: number): OrderState | null {
    return this.book.order(seq) ?? this.leftOrders.get(seq)?.order ?? null;
  }

  /** Forgets the orders that had left the book by `confirmedSeq`: D1 has them. */
  forgetThrough(confirmedSeq: number): void {
    for (const [seq, { leftAtSeq }] of this.leftOrders) {
      if (leftAtSeq > confirmedSeq) return;
      this.leftOrders.delete(seq);
    }
  }

  /** Records since the last checkpoint. */
  get uncheckpointed(): number {
    return this.book.lastSeq - this.checkpointSeq;
  }

  /** Folds everything since the last checkpoint into the tables that a restart reads first. Inside a transaction. */
  checkpoint(storage: BookStorage): void {
    for (const [seq, order] of this.changed) {
      if (order === null) storage.deleteResting(seq);
      else storage.putResting(order);
    }
    for (const bucket of this.stats.dirtyBuckets()) {
      storage.putBucket({ kind: bucket.kind, start: bucket.start, body: JSON.stringify(bucket) });
    }
    const hourlyFromMs = this.stats.hourlyFromMs();
    if (Number.isFinite(hourlyFromMs)) storage.deleteHoursBefore(hourlyFromMs);
    this.changed.clear();
    this.checkpointSeq = this.book.lastSeq;
    storage.writeMeta('checkpoint', {
      seq: this.checkpointSeq,
      lastSale: this.book.lastSale,
      tape: this.tape,
    });
  }
}
