/** A word starts with a letter or a digit and may carry combining marks: what the full-text index calls a token. */
const WORD = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{M}\p{Co}]*/gu;

/**
 * The full-text expression of what a person typed: each word must match, and the last one may be unfinished. Words are
 * quoted and hold nothing but letters, digits and marks, so no operator of the query language gets through. Null when
 * the text has no word in it.
 */
export function searchExpression(text: string): string | null {
  const words = text.normalize('NFC').match(WORD);
  return words === null ? null : `${words.map((word) => `"${word}"`).join(' ')} *`;
}
