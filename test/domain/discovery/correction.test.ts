import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correctWord, editDistance, lengthsNear } from '../../../src/domain/discovery/correction.ts';

const known = (...words: string[]) => words.map((word, index) => ({ word, count: index + 1 }));

describe('the distance of two words', () => {
  it.each([
    ['jordan', 'jordan', 0],
    ['jordan', 'jodran', 1],
    ['jordan', 'jorda', 1],
    ['ordan', 'jordan', 1],
    ['yezy', 'yeezy', 1],
    ['kitten', 'sitting', 3],
  ])('%s to %s is %i', (from, to, distance) => expect(editDistance(from, to, 5)).toBe(distance));

  it('is the same both ways, zero for the same word alone, and stops at the limit', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 4 }), (a, b, limit) => {
        const exact = editDistance(a, b, 20);
        expect(editDistance(b, a, 20)).toBe(exact);
        expect(exact === 0).toBe(a === b);
        expect(editDistance(a, b, limit)).toBe(exact <= limit ? exact : limit + 1);
      }),
    );
  });
});

describe('a correction', () => {
  it('is the nearest word, and the more common one among equals', () => {
    expect(correctWord('jordna', known('jordan', 'gordon'))).toBe('jordan');
    expect(correctWord('boast', known('boost', 'toast'))).toBe('toast');
    expect(correctWord('presttoo', known('presto', 'pretzel'))).toBe('presto');
  });

  it('is none for a known word, for a short one, and for one that is too far from all', () => {
    expect(correctWord('boost', known('boost', 'roost'))).toBeNull();
    expect(correctWord('max', known('mix'))).toBeNull();
    expect(correctWord('dunk', known('jordan', 'yeezy'))).toBeNull();
    expect(correctWord('anything', [])).toBeNull();
  });

  it('is looked for among the lengths that it can have', () => {
    expect(lengthsNear('max')).toEqual({ min: 3, max: 3 });
    expect(lengthsNear('yezzy')).toEqual({ min: 4, max: 6 });
    expect(lengthsNear('huaraches')).toEqual({ min: 7, max: 11 });
  });
});
