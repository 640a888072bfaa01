/** Circuit breakers that all isolates share, one row for each provider. */
import { and, eq, inArray } from 'drizzle-orm';
import type { AttemptOutcome } from '../domain/payments/attempts.ts';
import {
  admitCall,
  type Breaker,
  CLOSED,
  FAILURES_TO_OPEN,
  recordCall,
} from '../domain/payments/circuit-breaker.ts';
import type { Db } from './client.ts';
import { breakers } from './payments-schema.ts';

/** How often a change that another isolate overtook is worked out again. */
const MAX_ROUNDS = 8;

async function read(db: Db, name: string): Promise<{ breaker: Breaker; version: number }> {
  const [row] = await db.select().from(breakers).where(eq(breakers.name, name));
  return row
    ? { breaker: JSON.parse(row.state) as Breaker, version: row.version }
    : { breaker: CLOSED, version: 0 };
}

async function swap(db: Db, name: string, version: number, breaker: Breaker): Promise<boolean> {
  const state = JSON.stringify(breaker);
  const changed =
    version === 0
      ? await db
          .insert(breakers)
          .values({ name, state, version: 1 })
          .onConflictDoNothing()
          .returning({ name: breakers.name })
      : await db
          .update(breakers)
          .set({ state, version: version + 1 })
          .where(and(eq(breakers.name, name), eq(breakers.version, version)))
          .returning({ name: breakers.name });
  return changed.length === 1;
}

/** Whether the breaker of a provider lets no call through now, and the failures it has counted; closed where none is. */
export async function breakersNow(
  db: Db,
  names: readonly string[],
  nowMs: number,
): Promise<{ isOpen: boolean; failures: number }[]> {
  const rows = await db
    .select()
    .from(breakers)
    .where(inArray(breakers.name, [...names]));
  return names.map((name) => {
    const row = rows.find((found) => found.name === name);
    const breaker = row ? (JSON.parse(row.state) as Breaker) : CLOSED;
    return {
      isOpen: breaker.state === 'open' && nowMs < breaker.untilMs,
      failures: breaker.state === 'closed' ? breaker.failures : FAILURES_TO_OPEN,
    };
  });
}

/** Applies a step of the breaker for all isolates; a step that changes nothing writes nothing. */
async function step<T>(
  db: Db,
  name: string,
  take: (breaker: Breaker) => { breaker: Breaker; answer: T },
): Promise<T> {
  for (let round = 1; ; round += 1) {
    const { breaker, version } = await read(db, name);
    const next = take(breaker);
    const isSame = JSON.stringify(next.breaker) === JSON.stringify(breaker);
    // After so many losses the others have said what there was to say.
    if (isSame || round === MAX_ROUNDS || (await swap(db, name, version, next.breaker))) return next.answer;
  }
}

/** Null when a call to the provider may go out now, else how long to wait, in milliseconds. */
export function admitThrough(db: Db, name: string, nowMs: number): Promise<number | null> {
  return step(db, name, (breaker) => {
    const admitted = admitCall(breaker, nowMs);
    return { breaker: admitted.breaker, answer: admitted.retryAfterMs };
  });
}

export function recordThrough(db: Db, name: string, outcome: AttemptOutcome, nowMs: number): Promise<void> {
  return step(db, name, (breaker) => ({ breaker: recordCall(breaker, outcome, nowMs), answer: undefined }));
}

/**
 * Makes a call through a breaker: its answer, or how long to wait while the provider is down. A breaker that is closed
 * and has counted nothing is read once and never written.
 */
export async function callThrough<T>(
  db: Db,
  name: string,
  now: () => number,
  call: () => Promise<T>,
  hasFailed: (answer: T) => boolean,
): Promise<{ answer: T } | { waitMs: number }> {
  const { breaker } = await read(db, name);
  const isClean = breaker.state === 'closed' && breaker.failures === 0;
  const waitMs = isClean ? null : await admitThrough(db, name, now());
  if (waitMs !== null) return { waitMs };
  const answer = await call();
  if (!isClean || hasFailed(answer))
    await recordThrough(db, name, hasFailed(answer) ? 'error' : 'success', now());
  return { answer };
}
