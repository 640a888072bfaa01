import { admitThrough, recordThrough } from '../../db/breakers.ts';
import type { Deps } from '../../deps.ts';
import type { AttemptOutcome } from '../../domain/payments/attempts.ts';

const NAME = 'processor';

/** Null when a call may go out now, else how long to wait, in milliseconds. */
export const admitProcessorCall = (deps: Deps): Promise<number | null> =>
  admitThrough(deps.db, NAME, deps.now());

export const recordProcessorCall = (deps: Deps, outcome: AttemptOutcome): Promise<void> =>
  recordThrough(deps.db, NAME, outcome, deps.now());
