/** One row per call of the processor (EV-11), and what its outcome asks for (product model C.6). */
import { SECOND_MS } from '../time.ts';

/**
 * `intent`: written before the call. `unknown`: the call may or may not have had its effect. `error`: the processor
 * answered that it failed. A decline is an answer too, and a final one.
 */
export const ATTEMPT_OUTCOMES = ['intent', 'success', 'declined', 'timeout', 'error', 'unknown'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** Only timeouts are tried again, with these pauses; the queue waits, nobody sleeps. */
export const RETRY_DELAYS_MS = [1 * SECOND_MS, 2 * SECOND_MS, 4 * SECOND_MS] as const;

export type RetryPlan =
  | { kind: 'done' }
  /** Call again after the delay, under the same key: the processor answers a call it has seen with its first answer. */
  | { kind: 'retry'; afterMs: number }
  /** Ask the processor what became of the call before anything else; never a new key first. */
  | { kind: 'look_up' }
  /** After timeouts the call may still have had its effect: a capture that turns up later is refunded. */
  | { kind: 'give_up'; because: 'declined' | 'error' | 'timeouts' };

/** What to do after these attempts of one charge, oldest first. */
export function retryPlan(attempts: readonly AttemptOutcome[]): RetryPlan {
  const last = attempts.at(-1);
  switch (last) {
    case undefined:
      return { kind: 'retry', afterMs: 0 };
    case 'success':
      return { kind: 'done' };
    case 'declined':
    case 'error':
      return { kind: 'give_up', because: last };
    case 'intent':
    case 'unknown':
      return { kind: 'look_up' };
    case 'timeout': {
      const timeouts = attempts.filter((outcome) => outcome === 'timeout').length;
      const afterMs = RETRY_DELAYS_MS[timeouts - 1];
      return afterMs === undefined ? { kind: 'give_up', because: 'timeouts' } : { kind: 'retry', afterMs };
    }
  }
}

/** How the processor is told which attempt something of ours is made for; the first has the plain id. */
export const attemptName = (id: string, attempt: number): string => (attempt === 1 ? id : `${id}:${attempt}`);

/** The id and attempt that a name is for. */
export function parseAttemptName(name: string): { id: string; attempt: number } {
  const [id = '', attempt = '1'] = name.split(':');
  return { id, attempt: Number(attempt) };
}

/** The key of a call at the processor: the same for every retry, new only once the last is proved to have failed. */
export function attemptKey(orderId: string, attempt: number): string {
  return `order:${orderId}:attempt:${attempt}`;
}
