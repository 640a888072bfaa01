/** Reconciliation (reliability 3.9): small every minute, in full every hour; a money mismatch freezes payouts. */
import { type IntegrityScope, integrityRuns } from '../../db/integrity-schema.ts';
import type { Deps } from '../../deps.ts';
import {
  type CheckResult,
  mergeResults,
  mismatchKeys,
  newMismatches,
  verdictOf,
} from '../../domain/integrity/findings.ts';
import { endOfMatches, lastLedgerRow, runSqlChecks } from './integrity.checks.ts';
import { probeBooks, probeProcessor } from './integrity.probes.ts';
import { freezePayouts, payoutFreeze } from './payout-freeze.usecases.ts';

/** Ledger transactions and matches of one page: a minute's run looks at one, a full run at all. */
const ROWS_PER_PAGE = 2_000;
const AFTER_EVERY_ID = '~';
const BOOKS_PER_RUN = { minute: 20, full: 100 } as const;
/** The processor is asked in full runs only. */
const PAYMENTS_PER_RUN = 50;

type StoredRun = typeof integrityRuns.$inferSelect;
export type IntegrityRun = Omit<StoredRun, 'results'> & { results: CheckResult[] };

/** The last run of each scope. */
export async function lastRuns(deps: Deps): Promise<IntegrityRun[]> {
  const rows = await deps.db.select().from(integrityRuns);
  return rows.map((row) => ({ ...row, results: JSON.parse(row.results) as CheckResult[] }));
}

/** The mismatches that the last runs found. */
export const knownMismatches = async (deps: Deps): Promise<string[]> => [
  ...new Set((await lastRuns(deps)).flatMap(({ results }) => mismatchKeys(results))),
];

/** Looks at the books, stores what it found, and freezes payouts on a money mismatch that nobody knows of yet. */
export async function reconcile(deps: Deps, scope: IntegrityScope): Promise<IntegrityRun> {
  const startedAt = deps.now();
  const isFull = scope === 'full';
  const before = (await lastRuns(deps)).find((run) => run.scope === scope);
  const backlog = await runSqlChecks(deps.d1, 'backlog', startedAt);
  const whole = isFull ? await runSqlChecks(deps.d1, 'whole', startedAt) : [];
  const ledger = await walkLedger(deps, isFull ? 0 : (before?.ledgerThrough ?? 0), isFull);
  const matches = await walkMatches(deps, isFull ? '' : (before?.matchesThrough ?? ''), isFull);
  const books = await probeBooks(deps, before?.sizesThrough ?? '', BOOKS_PER_RUN[scope]);
  const charges = isFull
    ? await probeProcessor(deps, before?.paymentsThrough ?? '', PAYMENTS_PER_RUN)
    : { results: [], through: '' };
  const results = mergeResults([
    ...whole,
    ...ledger.results,
    ...matches.results,
    ...charges.results,
    ...backlog,
    ...books.results,
  ]);
  const run: IntegrityRun = {
    scope,
    verdict: verdictOf(results),
    results,
    ledgerThrough: ledger.through,
    matchesThrough: matches.through,
    sizesThrough: books.through,
    paymentsThrough: charges.through,
    startedAt,
    endedAt: deps.now(),
  };
  await freezeOnMismatch(deps, results);
  await store(deps, run);
  return run;
}

interface Walk<Position> {
  results: CheckResult[];
  through: Position;
}

/** One page of the ledger's transactions, or all pages up to the last transaction that there is now. */
async function walkLedger(deps: Deps, afterRow: number, isFull: boolean): Promise<Walk<number>> {
  const last = await lastLedgerRow(deps.d1);
  const results: CheckResult[] = [];
  let through = afterRow;
  do {
    const end = Math.max(through, Math.min(through + ROWS_PER_PAGE, last));
    results.push(...(await runSqlChecks(deps.d1, 'ledger', deps.now(), { ledger: [through, end] })));
    through = end;
  } while (isFull && through < last);
  return { results, through };
}

/** One page of the matches, or all; their ids do not follow time, so that a minute's run goes round and round. */
async function walkMatches(deps: Deps, afterId: string, isFull: boolean): Promise<Walk<string>> {
  const results: CheckResult[] = [];
  let through = afterId;
  do {
    const end = await endOfMatches(deps.d1, through, ROWS_PER_PAGE);
    const matches = [through, end ?? AFTER_EVERY_ID] as const;
    results.push(...(await runSqlChecks(deps.d1, 'matches', deps.now(), { matches })));
    through = end ?? '';
  } while (isFull && through !== '');
  return { results, through };
}

async function freezeOnMismatch(deps: Deps, results: readonly CheckResult[]): Promise<void> {
  const mismatches = mismatchKeys(results);
  if (mismatches.length === 0) return;
  deps.log.error('integrity_mismatch', { mismatches });
  const known = await payoutFreeze(deps.db);
  const acknowledged = JSON.parse(known?.acknowledged ?? '[]') as string[];
  const fresh = newMismatches(results, acknowledged);
  if (fresh.length === 0 || known?.isFrozen) return;
  const checks = [...new Set(fresh.map((key) => (JSON.parse(key) as [string])[0]))];
  await freezePayouts(deps, `The books do not add up: ${checks.join(', ')}`, fresh);
}

async function store(deps: Deps, run: IntegrityRun): Promise<void> {
  const row: StoredRun = { ...run, results: JSON.stringify(run.results) };
  await deps.db
    .insert(integrityRuns)
    .values(row)
    .onConflictDoUpdate({ target: integrityRuns.scope, set: row });
}
