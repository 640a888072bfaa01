/**
 * Resting orders by expiry, earliest first: a binary heap in which every order knows its index, so that an order that
 * leaves the book leaves the heap in the same step and nothing dead ever stands before a live order.
 */
import type { RestingOrder } from './resting-order.ts';

export class ExpiryHeap {
  private readonly orders: RestingOrder[] = [];
  /** The expiry of the order at the same index, side by side so that comparing needs no look at the orders. */
  private readonly times: number[] = [];

  get isEmpty(): boolean {
    return this.orders.length === 0;
  }

  /** The order that expires first; of several at one time, the one with the lowest sequence. */
  earliest(): RestingOrder | null {
    return this.orders.length === 0 ? null : this.orders[0]!;
  }

  /** True when some order has expired by `nowMs`. */
  hasDue(nowMs: number): boolean {
    return this.times.length > 0 && this.times[0]! <= nowMs;
  }

  /** Adds an order that has an expiry. */
  add(order: RestingOrder): void {
    const index = this.orders.length;
    this.orders.push(order);
    this.times.push(order.state.expiresAtMs!);
    this.siftUp(index, order, order.state.expiresAtMs!);
  }

  /** Removes an order that was added. */
  remove(order: RestingOrder): void {
    const index = order.expiryIndex;
    const last = this.orders.pop()!;
    const lastTime = this.times.pop()!;
    if (last === order) return;
    const settled = this.siftUp(index, last, lastTime);
    if (settled === index) this.siftDown(index, last, lastTime);
  }

  private siftUp(start: number, order: RestingOrder, time: number): number {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.isAfter(parent, order, time)) break;
      this.put(index, this.orders[parent]!, this.times[parent]!);
      index = parent;
    }
    this.put(index, order, time);
    return index;
  }

  private siftDown(start: number, order: RestingOrder, time: number): void {
    const { orders, times } = this;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= times.length) break;
      const right = child + 1;
      if (right < times.length && this.isAfter(child, orders[right]!, times[right]!)) child = right;
      if (this.isAfter(child, order, time)) break;
      this.put(index, orders[child]!, times[child]!);
      index = child;
    }
    this.put(index, order, time);
  }

  private isAfter(index: number, order: RestingOrder, time: number): boolean {
    const other = this.times[index]!;
    return other === time ? this.orders[index]!.state.seq > order.state.seq : other > time;
  }

  private put(index: number, order: RestingOrder, time: number): void {
    this.orders[index] = order;
    this.times[index] = time;
    order.expiryIndex = index;
  }
}
