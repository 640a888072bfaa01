import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiryCalendar } from '../../../src/domain/market/expiry-calendar.ts';
import { ExpiryHeap } from '../../../src/domain/market/expiry-heap.ts';
import type { OrderState } from '../../../src/domain/market/order.ts';
import { nodeFor, type RestingOrder } from '../../../src/domain/market/resting-order.ts';
import { placeCommand } from '../../support/book-rules.ts';

function restingUntil(expiresAtMs: number, seq: number): RestingOrder {
  const state: OrderState = {
    ...placeCommand('bid', 'ann', 100, { expiresAtMs }),
    seq,
    prioritySeq: seq,
    filled: 0,
    createdAtMs: 0,
    updatedAtMs: 0,
    status: 'active',
    closeReason: null,
    version: 1,
  };
  return nodeFor(state, { userId: 'ann', orderCount: 0, first: null });
}

const MINUTE_MS = 60_000;

test.each([
  { name: 'ExpiryHeap', make: () => new ExpiryHeap() },
  { name: 'ExpiryCalendar', make: () => new ExpiryCalendar() },
])('$name: the earliest is right after any adding and removing', ({ make }) => {
  // A step adds an order at a time or removes the n-th of those that are left, and may ask.
  const step = fc.record({
    isRemoval: fc.boolean(),
    at: fc.nat(40),
    asks: fc.constantFrom('nothing', 'earliest', 'due'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const expiries = make();
      const left: RestingOrder[] = [];
      for (const [seq, { isRemoval, at, asks }] of steps.entries()) {
        if (isRemoval && left.length > 0) {
          const [gone] = left.splice(at % left.length, 1);
          expiries.remove(gone!);
        } else {
          const order = restingUntil(at * 7 * MINUTE_MS, seq);
          left.push(order);
          expiries.add(order);
        }
        const first = [...left].sort(
          (a, b) => a.state.expiresAtMs! - b.state.expiresAtMs! || a.state.seq - b.state.seq,
        )[0];
        const dueMs = at * 11 * MINUTE_MS;
        if (asks === 'earliest') expect(expiries.earliest()).toBe(first ?? null);
        if (asks === 'due') {
          expect(expiries.hasDue(dueMs)).toBe(first !== undefined && first.state.expiresAtMs! <= dueMs);
        }
      }
    }),
    { numRuns: 300 },
  );
});
