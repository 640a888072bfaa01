/** Turns recorded sales into the orders that a real market would have seen. Pure: no network, no clock. */
import type { RecordedSale } from './sales-file.ts';

export type PlannedOrder = {
  readonly side: 'bid' | 'ask';
  readonly priceCents: number;
  /** Index into the pool of buyers or of sellers, by side. */
  readonly trader: number;
  /** Names the order for good: a retry under it adds nothing. */
  readonly clientId: string;
};

export type PlannedSale = {
  readonly row: number;
  readonly priceCents: number;
  /** Rests first, alone between the surrounding orders. */
  readonly ask: PlannedOrder;
  /** Then meets it at its price. */
  readonly bid: PlannedOrder;
};

export type BookPlan = {
  readonly product: string;
  readonly size: string;
  /** Placed before the sales and cancelled after them; none can take part in a sale. */
  readonly surrounding: readonly PlannedOrder[];
  /** In recorded order. */
  readonly sales: readonly PlannedSale[];
};

/** Resting bids and asks, as shares of the book's lowest and highest recorded price. */
const BIDS_BELOW = [0.9, 0.8];
const ASKS_ABOVE = [1.1, 1.25];

/** One plan per product and size, the longest first, so that no long book is left for the end. */
export function planBooks(sales: readonly RecordedSale[], runId: string, tradersPerSide: number): BookPlan[] {
  const books = new Map<string, RecordedSale[]>();
  for (const sale of sales) {
    const key = JSON.stringify([sale.product, sale.size]);
    const ofBook = books.get(key);
    if (ofBook) ofBook.push(sale);
    else books.set(key, [sale]);
  }
  return [...books.values()]
    .map((ofBook) => planBook(ofBook, runId, tradersPerSide))
    .sort((a, b) => b.sales.length - a.sales.length);
}

function planBook(sales: readonly RecordedSale[], runId: string, tradersPerSide: number): BookPlan {
  const { row: firstRow, product, size } = sales[0]!;
  const lowest = sales.reduce((least, sale) => Math.min(least, sale.priceCents), Number.POSITIVE_INFINITY);
  const highest = sales.reduce((most, sale) => Math.max(most, sale.priceCents), 0);
  // The book's first row names the surrounding orders: no other book has it.
  const around = (side: PlannedOrder['side'], priceCents: number, index: number): PlannedOrder => ({
    side,
    priceCents,
    trader: (firstRow + index) % tradersPerSide,
    clientId: `replay:${runId}:${firstRow}:around-${side}-${index}`,
  });
  return {
    product,
    size,
    surrounding: [
      ...BIDS_BELOW.map((share, index) =>
        around('bid', Math.max(1, Math.min(lowest - 1, Math.floor(lowest * share))), index),
      ),
      ...ASKS_ABOVE.map((share, index) =>
        around('ask', Math.max(highest + 1, Math.ceil(highest * share)), index),
      ),
    ].filter((order) => order.side === 'ask' || order.priceCents < lowest),
    sales: sales.map((sale) => planSale(sale, runId, tradersPerSide)),
  };
}

function planSale({ row, priceCents }: RecordedSale, runId: string, tradersPerSide: number): PlannedSale {
  const order = (side: PlannedOrder['side'], trader: number): PlannedOrder => ({
    side,
    priceCents,
    trader: trader % tradersPerSide,
    clientId: `replay:${runId}:${row}:${side}`,
  });
  // The pairing of sellers with buyers shifts by one each time round, so that all of them meet.
  return {
    row,
    priceCents,
    ask: order('ask', row),
    bid: order('bid', row + Math.floor(row / tradersPerSide)),
  };
}

/** A level is [price in cents, quantity, orders]; best first. */
export type BookLevels = {
  readonly bids: ReadonlyArray<readonly [number, number, number]>;
  readonly asks: ReadonlyArray<readonly [number, number, number]>;
};

/** The levels as they would be without these orders of quantity 1. */
export function withoutOrders(levels: BookLevels, orders: readonly PlannedOrder[]): BookLevels {
  const without = (side: PlannedOrder['side'], of: BookLevels['bids']): BookLevels['bids'] =>
    of
      .map(([priceCents, quantity, count]) => {
        const taken = orders.filter((order) => order.side === side && order.priceCents === priceCents).length;
        return [priceCents, quantity - taken, count - taken] as const;
      })
      .filter(([, quantity]) => quantity > 0);
  return { bids: without('bid', levels.bids), asks: without('ask', levels.asks) };
}
