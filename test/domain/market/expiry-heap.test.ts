import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiryHeap } from '../../../src/domain/market/expiry-heap.ts';
import type { OrderState } from '../../../src/domain/market/order.ts';
import type { RestingOrder } from '../../../src/domain/market/resting-order.ts';
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
  const account = { userId: 'ann', orders: [] };
  return { state, expiresAtMs, account, level: null, previous: null, next: null, expiryIndex: -1 };
}

test('the earliest is right after any adding and removing', () => {
  // A step adds an order at a time, or removes the n-th of those that are left.
  const step = fc.record({ isRemoval: fc.boolean(), at: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const heap = new ExpiryHeap();
      const left: RestingOrder[] = [];
      for (const [seq, { isRemoval, at }] of steps.entries()) {
        if (isRemoval && left.length > 0) {
          const [gone] = left.splice(at % left.length, 1);
          heap.remove(gone!);
        } else {
          const order = restingUntil(at, seq);
          left.push(order);
          heap.add(order);
        }
        const first = [...left].sort(
          (a, b) => a.expiresAtMs! - b.expiresAtMs! || a.state.seq - b.state.seq,
        )[0];
        expect(heap.earliest()).toBe(first ?? null);
        expect(heap.hasDue(20)).toBe(first !== undefined && first.expiresAtMs! <= 20);
      }
    }),
    { numRuns: 300 },
  );
});
