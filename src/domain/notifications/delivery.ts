/** How a delivery is tried: outcomes, waits between tries, and which pushes become one. */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.ts';
import type { DeliveryStatus } from './notice.ts';

/** What a provider said. `refused` is final; `failed` may go better the next time; `gone` has no reader any more. */
export type SendOutcome =
  | { kind: 'sent'; reference: string | null }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string }
  | { kind: 'gone' };

/** As many tries as the queue gives a message before it is a dead letter. */
export const MAX_TRIES = 6;
const WAITS_MS = [5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS] as const;
/** Whoever took a delivery and was not heard of for this long has died: somebody else may take it. */
export const LEASE_MS = 2 * MINUTE_MS;
/** Pushes of one conversation within this time are one (C.8). */
export const MESSAGE_PUSH_DELAY_MS = 30 * SECOND_MS;

export const waitAfterMs = (tries: number): number =>
  WAITS_MS[Math.min(tries, WAITS_MS.length) - 1] ?? WAITS_MS[0];

/** These are never sent again, whoever asks. */
export const DONE_STATUSES = [
  'sent',
  'delivered',
  'read',
  'cancelled',
] as const satisfies readonly DeliveryStatus[];

/** A provider's words in one bounded line, fit for a log and a table. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300);
