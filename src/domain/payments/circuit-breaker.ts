/** A circuit breaker as a reducer (GR-09, product model C.6): it spares a processor that is down. */

import { SECOND_MS } from '../time.ts';
import type { AttemptOutcome } from './attempts.ts';

export const FAILURES_TO_OPEN = 5;
export const OPEN_MS = 30 * SECOND_MS;
export const SUCCESSES_TO_CLOSE = 2;

export type Breaker =
  | { state: 'closed'; failures: number }
  | { state: 'open'; untilMs: number }
  | { state: 'half_open'; successes: number };

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

/** Whether a call may go out now, and the breaker after asking: an open one lets trials through when its time is over. */
export function admitCall(
  breaker: Breaker,
  nowMs: number,
): { breaker: Breaker; retryAfterMs: number | null } {
  if (breaker.state !== 'open') return { breaker, retryAfterMs: null };
  if (nowMs < breaker.untilMs) return { breaker, retryAfterMs: breaker.untilMs - nowMs };
  return { breaker: { state: 'half_open', successes: 0 }, retryAfterMs: null };
}

/** The breaker after a call. A decline is the buyer's bank speaking: it says nothing about the processor. */
export function recordCall(breaker: Breaker, outcome: AttemptOutcome, nowMs: number): Breaker {
  switch (outcome) {
    case 'success':
      return afterSuccess(breaker);
    case 'timeout':
    case 'error':
    case 'unknown':
      return afterFailure(breaker, nowMs);
    case 'declined':
    case 'intent':
      return breaker;
  }
}

function afterSuccess(breaker: Breaker): Breaker {
  if (breaker.state === 'closed') return CLOSED;
  // An answer to a call from before the breaker opened does not close it.
  if (breaker.state === 'open') return breaker;
  const successes = breaker.successes + 1;
  return successes < SUCCESSES_TO_CLOSE ? { state: 'half_open', successes } : CLOSED;
}

function afterFailure(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.state === 'open') return breaker;
  const failures = breaker.state === 'closed' ? breaker.failures + 1 : FAILURES_TO_OPEN;
  return failures < FAILURES_TO_OPEN
    ? { state: 'closed', failures }
    : { state: 'open', untilMs: nowMs + OPEN_MS };
}
