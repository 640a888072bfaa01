/** Order numbers people read out: `ORD-YYYYMMDD-XXXX` (SN-22). */
import { dayStamp } from '../time.ts';

const MIN_DIGITS = 4;
const ORDER_NUMBER = /^ORD-(\d{8})-(\d{4,})$/;

/** The number of the `sequence`-th order (from 1) of a UTC day; the last part grows past 9999 instead of wrapping. */
export function orderNumber(placedAtMs: number, sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 1)
    throw new RangeError(`not an order sequence: ${sequence}`);
  return `ORD-${dayStamp(placedAtMs)}-${String(sequence).padStart(MIN_DIGITS, '0')}`;
}

/** The day (`YYYYMMDD`) and sequence of an order number, or null when the text is not one. */
export function parseOrderNumber(text: string): { day: string; sequence: number } | null {
  const match = ORDER_NUMBER.exec(text);
  if (!match) return null;
  const [, day = '', digits = ''] = match;
  const sequence = Number(digits);
  const isCanonical = sequence >= 1 && digits === String(sequence).padStart(MIN_DIGITS, '0');
  return isCanonical && Number.isSafeInteger(sequence) ? { day, sequence } : null;
}
