/**
 * Resting orders by expiry, earliest first. An order that leaves the book is not searched for: its node says so, it is
 * dropped when it reaches the top, and the heap is rebuilt once such nodes outnumber the live ones, so memory follows
 * the open orders and a dead node never stands before a live one.
 */
import type { RestingOrder } from './resting-order.ts';

/** Below this many nodes a rebuild is not worth its trouble. */
const MIN_REBUILD_SIZE = 64;

export class ExpiryHeap {
  private nodes: RestingOrder[] = [];
  private liveCount = 0;

  /** Adds an order that rests and has an expiry. */
  add(order: RestingOrder): void {
    this.nodes.push(order);
    this.liveCount += 1;
    this.siftUp(this.nodes.length - 1);
  }

  /** Counts an order out that has already left its level. */
  discard(): void {
    this.liveCount -= 1;
    if (this.nodes.length >= MIN_REBUILD_SIZE && this.nodes.length > 2 * this.liveCount) this.rebuild();
  }

  /** The order that expires first; of several at one time, the one with the lowest sequence. */
  earliest(): RestingOrder | null {
    while (this.nodes.length > 0) {
      const top = this.nodes[0]!;
      if (top.level !== null) return top;
      const last = this.nodes.pop()!;
      if (this.nodes.length === 0) break;
      this.nodes[0] = last;
      this.siftDown(0);
    }
    return null;
  }

  private rebuild(): void {
    this.nodes = this.nodes.filter((node) => node.level !== null);
    for (let index = (this.nodes.length >>> 1) - 1; index >= 0; index -= 1) this.siftDown(index);
  }

  private siftUp(start: number): void {
    const { nodes } = this;
    const node = nodes[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(node, nodes[parent]!)) break;
      nodes[index] = nodes[parent]!;
      index = parent;
    }
    nodes[index] = node;
  }

  private siftDown(start: number): void {
    const { nodes } = this;
    const node = nodes[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= nodes.length) break;
      if (child + 1 < nodes.length && isBefore(nodes[child + 1]!, nodes[child]!)) child += 1;
      if (!isBefore(nodes[child]!, node)) break;
      nodes[index] = nodes[child]!;
      index = child;
    }
    nodes[index] = node;
  }
}

function isBefore(a: RestingOrder, b: RestingOrder): boolean {
  if (a.expiresAtMs !== b.expiresAtMs) return a.expiresAtMs! < b.expiresAtMs!;
  return a.state.seq < b.state.seq;
}
