/** Days gathered into weeks and months, UTC; a week begins on Monday (ISO 8601). */
import { DAY_MS } from '../time.ts';

export const SPANS = ['day', 'week', 'month'] as const;
export type Span = (typeof SPANS)[number];

/** 1 January 1970 was a Thursday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

/** The beginning of the day, week or month that a moment is in. */
export function spanStart(span: Span, atMs: number): number {
  if (span === 'day') return Math.floor(atMs / DAY_MS) * DAY_MS;
  if (span === 'week') return Math.floor((atMs - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}
