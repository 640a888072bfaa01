/**
 * A client's copy of a book, kept by the documented rules of the feed: a snapshot replaces the copy; an update applies
 * when it begins at or before the copy and ends after it; an older one is a duplicate; a later one is a gap.
 */
import type { LevelChange, Side } from './order.ts';

export interface BookUpdate {
  prev_seq: number;
  last_seq: number;
  changes: LevelChange[];
}

export interface BookSnapshot {
  seq: number;
  bids: [number, number, number][];
  asks: [number, number, number][];
}

export class BookReplica {
  private readonly levels: Record<Side, Map<number, [number, number]>> = { bid: new Map(), ask: new Map() };
  /** Null until the first snapshot. */
  seq: number | null = null;

  replace(snapshot: BookSnapshot): void {
    this.levels.bid = new Map(snapshot.bids.map(([price, quantity, count]) => [price, [quantity, count]]));
    this.levels.ask = new Map(snapshot.asks.map(([price, quantity, count]) => [price, [quantity, count]]));
    this.seq = snapshot.seq;
  }

  apply(update: BookUpdate): 'applied' | 'duplicate' | 'gap' {
    if (this.seq === null || update.prev_seq > this.seq) return 'gap';
    if (update.last_seq <= this.seq) return 'duplicate';
    for (const [side, price, quantity, count] of update.changes) {
      if (quantity === 0) this.levels[side].delete(price);
      else this.levels[side].set(price, [quantity, count]);
    }
    this.seq = update.last_seq;
    return 'applied';
  }

  depth(limit = Number.MAX_SAFE_INTEGER): {
    bids: [number, number, number][];
    asks: [number, number, number][];
  } {
    const rows = (side: Side, direction: 1 | -1) =>
      [...this.levels[side]]
        .map(([price, [quantity, count]]): [number, number, number] => [price, quantity, count])
        .sort((a, b) => direction * (a[0] - b[0]))
        .slice(0, limit);
    return { bids: rows('bid', -1), asks: rows('ask', 1) };
  }
}
