/**
 * Prefixed public ids. Crockford base 32 in lower case: no padding, no look-alikes, safe in a URL and in a
 * double click. Randomness is handed in, so that this file stays pure.
 */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 16 characters carry 80 bits: unguessable, and short enough to read out. */
export const KEY_LENGTH = 16;
const KEY_PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/;

export const ID_PREFIXES = [
  'usr',
  'ses',
  'fam',
  'prd',
  'siz',
  'img',
  'inv',
  'bid',
  'ask',
  'mat',
  'trd',
  'tkt',
  'req',
  'ord',
  'oli',
  'pay',
  'att',
  'pmt',
  'ref',
  'pyo',
  'adr',
  'led',
  'evt',
  'whe',
  'aud',
  'lst',
  'cat',
  'pho',
  'ofr',
  'swp',
  'cnv',
  'msg',
  'str',
  'ntf',
  'dlv',
  'psh',
  'dev',
  'ann',
  'rev',
  'rpt',
  'dsp',
  'dse',
  'mod',
  'kyc',
  'doc',
  'act',
  'sav',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

/** Fills the array with random bytes; `crypto.getRandomValues` fits. */
export type RandomSource = (bytes: Uint8Array) => Uint8Array;

export function randomKey(random: RandomSource): string {
  let key = '';
  for (const byte of random(new Uint8Array(KEY_LENGTH))) key += ALPHABET[byte & 31];
  return key;
}

export function newId(prefix: IdPrefix, random: RandomSource): string {
  return `${prefix}_${randomKey(random)}`;
}

/** The random part of a prefixed id, or null when the text is not such an id. */
export function keyOf(prefix: IdPrefix, id: string): string | null {
  const key = id.slice(prefix.length + 1);
  return id.startsWith(`${prefix}_`) && KEY_PATTERN.test(key) ? key : null;
}

export type Side = 'bid' | 'ask';

type SequencedPrefix = 'bid' | 'ask' | 'mat' | 'trd' | 'msg';

/**
 * Order and match ids carry the key of their book (the size's key) and the book's sequence number, so that
 * `/bids/{id}` finds its object without asking a database: `bid_<16 characters><sequence in base 36>`. Message ids carry the
 * key of their conversation.
 */
export function sequencedId(prefix: SequencedPrefix, bookKey: string, sequence: number): string {
  return `${prefix}_${bookKey}${sequence.toString(36)}`;
}

export function parseSequencedId(
  prefix: SequencedPrefix,
  id: string,
): { bookKey: string; sequence: number } | null {
  if (!id.startsWith(`${prefix}_`)) return null;
  const bookKey = id.slice(4, 4 + KEY_LENGTH);
  const digits = id.slice(4 + KEY_LENGTH);
  if (!KEY_PATTERN.test(bookKey) || !/^[1-9a-z][0-9a-z]{0,10}$/.test(digits)) return null;
  const sequence = Number.parseInt(digits, 36);
  return Number.isSafeInteger(sequence) ? { bookKey, sequence } : null;
}
