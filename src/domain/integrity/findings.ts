/** What a reconciliation looks at and what it may find (reliability 3.9). */

/** `money`: something does not add up. `flow`: a step is missing or refused. `backlog`: something waits too long. */
export type CheckKind = 'money' | 'flow' | 'backlog';

/** One thing that is not as it should be. Amounts are minor units, waiting times seconds, numbers counts. */
export interface Finding {
  subject: string;
  expected: number | string | null;
  found: number | string | null;
}

export interface CheckResult {
  name: string;
  kind: CheckKind;
  /** At most `MAX_FINDINGS`, in a stable order; there may be more behind them. */
  findings: Finding[];
}

/** More of one check would tell a person nothing new. */
export const MAX_FINDINGS = 20;

export const VERDICTS = ['healthy', 'attention', 'mismatch'] as const;
/** `mismatch` freezes payouts; `attention` wants a person, and nothing stops. */
export type Verdict = (typeof VERDICTS)[number];

export function verdictOf(results: readonly CheckResult[]): Verdict {
  const wrong = results.filter(({ findings }) => findings.length > 0);
  if (wrong.some(({ kind }) => kind === 'money')) return 'mismatch';
  return wrong.length > 0 ? 'attention' : 'healthy';
}

/** One text for each money finding: the same mismatch gives the same text in every run until it changes. */
export function mismatchKeys(results: readonly CheckResult[]): string[] {
  return results
    .filter(({ kind }) => kind === 'money')
    .flatMap(({ name, findings }) =>
      findings.map(({ subject, expected, found }) => JSON.stringify([name, subject, expected, found])),
    );
}

/** Mismatches that nobody has looked at yet. Those a person has acknowledged do not freeze payouts once more. */
export function newMismatches(results: readonly CheckResult[], acknowledged: readonly string[]): string[] {
  return mismatchKeys(results).filter((key) => !acknowledged.includes(key));
}

/** Results of several pages as one: the findings of each check, cut at `MAX_FINDINGS`. */
export function mergeResults(results: readonly CheckResult[]): CheckResult[] {
  const merged = new Map<string, CheckResult>();
  for (const { name, kind, findings } of results) {
    const known = merged.get(name) ?? { name, kind, findings: [] };
    merged.set(name, { ...known, findings: [...known.findings, ...findings].slice(0, MAX_FINDINGS) });
  }
  return [...merged.values()];
}
