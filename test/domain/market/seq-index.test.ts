import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqIndex } from '../../../src/domain/market/seq-index.ts';

test('a sequence leads to its value, and to none before and after', () => {
  // Near and far sequences, so that pages are shared, emptied and opened again.
  const seq = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 40 }));
  fc.assert(
    fc.property(fc.array(seq, { maxLength: 200, size: 'max' }), (seqs) => {
      const index = new SeqIndex<string>();
      const expected = new Map<number, string>();
      for (const [step, seq] of seqs.entries()) {
        if (expected.delete(seq)) index.remove(seq);
        else {
          expected.set(seq, `value ${step}`);
          index.add(seq, `value ${step}`);
        }
        for (const asked of [seq - 1, seq, seq + 1, seq + 64, seqs[0]!]) {
          expect(index.get(asked)).toBe(expected.get(asked));
        }
      }
    }),
    { numRuns: 300 },
  );
});
