/**
 * Resting orders by expiry. Only those of the nearest hours are kept in order, in a heap; the others wait unsorted in
 * the list of their hour, where adding and removing cost the same however many orders rest, and move to the heap when
 * it has run empty.
 */
import { ExpiryHeap } from './expiry-heap.ts';
import type { ExpiryHour, RestingOrder } from './resting-order.ts';

const HOUR_MS = 3_600_000;

export class ExpiryCalendar {
  /** Every order that expires before `horizonMs`. */
  private readonly near = new ExpiryHeap();
  private horizonMs = Number.NEGATIVE_INFINITY;
  private readonly hours = new Map<number, ExpiryHour>();
  /** The numbers of the hours in descending order, so that the next one is taken from the end. */
  private readonly numbers: number[] = [];
  /** The hour added to last: most orders are placed for the same time. */
  private recent: ExpiryHour | null = null;

  /** The order that expires first; of several at one time, the one with the lowest sequence. */
  earliest(): RestingOrder | null {
    if (this.near.isEmpty && this.numbers.length > 0) this.openNextHour();
    return this.near.earliest();
  }

  /** True when some order has expired by `nowMs`. */
  hasDue(nowMs: number): boolean {
    if (this.near.isEmpty && this.hasBegun(nowMs)) this.openNextHour();
    return this.near.hasDue(nowMs);
  }

  /** Adds an order that has an expiry. */
  add(order: RestingOrder): void {
    const expiresAtMs = order.state.expiresAtMs!;
    if (expiresAtMs < this.horizonMs) {
      this.near.add(order);
      return;
    }
    const hour = this.hourOf(Math.floor(expiresAtMs / HOUR_MS));
    order.expiryHour = hour;
    order.expiryIndex = hour.orders.length;
    hour.orders.push(order);
  }

  /** Removes an order that was added. */
  remove(order: RestingOrder): void {
    const { expiryHour: hour, expiryIndex: index } = order;
    if (hour === null) {
      this.near.remove(order);
      return;
    }
    order.expiryHour = null;
    const last = hour.orders.pop()!;
    if (last !== order) {
      hour.orders[index] = last;
      last.expiryIndex = index;
    } else if (hour.orders.length === 0) {
      this.numbers.splice(this.positionOf(hour.number), 1);
      this.forget(hour);
    }
  }

  private hasBegun(nowMs: number): boolean {
    const { numbers } = this;
    return numbers.length > 0 && numbers[numbers.length - 1]! * HOUR_MS <= nowMs;
  }

  private openNextHour(): void {
    const hour = this.hours.get(this.numbers.pop()!)!;
    this.forget(hour);
    this.horizonMs = (hour.number + 1) * HOUR_MS;
    for (const order of hour.orders) {
      order.expiryHour = null;
      this.near.add(order);
    }
  }

  private hourOf(number: number): ExpiryHour {
    if (this.recent?.number !== number) this.recent = this.hours.get(number) ?? this.startHour(number);
    return this.recent;
  }

  private startHour(number: number): ExpiryHour {
    const hour: ExpiryHour = { number, orders: [] };
    this.hours.set(number, hour);
    this.numbers.splice(this.positionOf(number), 0, number);
    return hour;
  }

  private forget(hour: ExpiryHour): void {
    this.hours.delete(hour.number);
    if (this.recent === hour) this.recent = null;
  }

  /** Where the number stands in the descending list, or would. */
  private positionOf(number: number): number {
    let low = 0;
    let high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.numbers[middle]! > number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
