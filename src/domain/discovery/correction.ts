/** Typo tolerance: the word of a vocabulary that somebody most likely meant (C.11). */

export interface KnownWord {
  word: string;
  /** In how many entries it occurs. */
  count: number;
}

/** A short word must be right; a longer one may be wrong in one place, a long one in two. */
const allowedErrors = (length: number): number => (length < 4 ? 0 : length < 8 ? 1 : 2);
/** Lengths of the words that can be meant by one of this length. */
export const lengthsNear = (word: string): { min: number; max: number } => {
  const { length } = Array.from(word);
  const errors = allowedErrors(length);
  return { min: length - errors, max: length + errors };
};

/**
 * Edits from one word to the other, where swapping two neighbours counts as one (optimal string alignment); gives up
 * with `limit + 1` as soon as there must be more.
 */
export function editDistance(from: string, to: string, limit: number): number {
  const a = Array.from(from);
  const b = Array.from(to);
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  let leastOfLast = 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    // A swap may still build on the row before.
    if (Math.min(least, leastOfLast + 1) > limit) return limit + 1;
    leastOfLast = least;
    beforeLast = last;
    last = row;
  }
  return Math.min(last[b.length]!, limit + 1);
}

/** The nearest known word, the more common one among equals; null when the word is known or none is near enough. */
export function correctWord(word: string, vocabulary: readonly KnownWord[]): string | null {
  const limit = allowedErrors(Array.from(word).length);
  let best: (KnownWord & { distance: number }) | null = null;
  for (const known of vocabulary) {
    const distance = editDistance(word, known.word, Math.min(limit, best?.distance ?? limit));
    if (distance === 0) return null;
    if (distance > limit) continue;
    if (
      best === null ||
      distance < best.distance ||
      (distance === best.distance &&
        (known.count > best.count || (known.count === best.count && known.word < best.word)))
    )
      best = { ...known, distance };
  }
  return best?.word ?? null;
}
