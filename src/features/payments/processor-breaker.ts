import { and, eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { breakers } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { AttemptOutcome } from '../../domain/payments/attempts.ts';
import { admitCall, type Breaker, CLOSED, recordCall } from '../../domain/payments/circuit-breaker.ts';

const NAME = 'processor';
/** How often a change that another isolate overtook is worked out again. */
const MAX_ROUNDS = 8;

async function read(db: Db): Promise<{ breaker: Breaker; version: number }> {
  const [row] = await db.select().from(breakers).where(eq(breakers.name, NAME));
  return row
    ? { breaker: JSON.parse(row.state) as Breaker, version: row.version }
    : { breaker: CLOSED, version: 0 };
}

async function swap(db: Db, version: number, breaker: Breaker): Promise<boolean> {
  const state = JSON.stringify(breaker);
  const changed =
    version === 0
      ? await db
          .insert(breakers)
          .values({ name: NAME, state, version: 1 })
          .onConflictDoNothing()
          .returning({ name: breakers.name })
      : await db
          .update(breakers)
          .set({ state, version: version + 1 })
          .where(and(eq(breakers.name, NAME), eq(breakers.version, version)))
          .returning({ name: breakers.name });
  return changed.length === 1;
}

/** Applies a step of the breaker for all isolates; a step that changes nothing writes nothing. */
async function step<T>(db: Db, take: (breaker: Breaker) => { breaker: Breaker; answer: T }): Promise<T> {
  for (let round = 1; ; round += 1) {
    const { breaker, version } = await read(db);
    const next = take(breaker);
    const isSame = JSON.stringify(next.breaker) === JSON.stringify(breaker);
    // After so many losses the others have said what there was to say.
    if (isSame || round === MAX_ROUNDS || (await swap(db, version, next.breaker))) return next.answer;
  }
}

/** Null when a call may go out now, else how long to wait, in milliseconds. */
export function admitProcessorCall(deps: Deps): Promise<number | null> {
  return step(deps.db, (breaker) => {
    const admitted = admitCall(breaker, deps.now());
    return { breaker: admitted.breaker, answer: admitted.retryAfterMs };
  });
}

export function recordProcessorCall(deps: Deps, outcome: AttemptOutcome): Promise<void> {
  return step(deps.db, (breaker) => ({
    breaker: recordCall(breaker, outcome, deps.now()),
    answer: undefined,
  }));
}
