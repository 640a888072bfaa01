/** The reports of SW-24 as tables: for a program as JSON, for a spreadsheet as CSV. */
import { and, count, gte, lt, sql } from 'drizzle-orm';
import { disputes } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import type { Span } from '../../domain/analytics/calendar.ts';
import { ACTIVITY_METRICS, periodsOf, type Range, REVENUE_METRICS, reportRange } from './figures.usecases.ts';

export const REPORT_KINDS = ['daily', 'weekly', 'monthly', 'dispute', 'financial', 'activity'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

type Cell = string | number | null;
export interface Table extends Range {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

const SPAN_OF: Record<Exclude<ReportKind, 'dispute'>, Span> = {
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  financial: 'month',
  activity: 'day',
};
const EVERYTHING = [...new Set([...REVENUE_METRICS, ...ACTIVITY_METRICS])];

export async function businessReport(
  deps: Deps,
  kind: ReportKind,
  asked: { from?: string | undefined; to?: string | undefined },
): Promise<Table> {
  if (kind === 'dispute') return disputeReport(deps, reportRange('day', deps.now(), asked));
  const span = SPAN_OF[kind];
  const metrics =
    kind === 'financial' ? REVENUE_METRICS : kind === 'activity' ? ACTIVITY_METRICS : EVERYTHING;
  const range = reportRange(span, deps.now(), asked);
  const { periods } = await periodsOf(deps, span, range, metrics);
  const rows = periods.flatMap(({ startsAtMs, figures }) =>
    metrics.flatMap((metric) =>
      Object.entries(figures.byKey(metric)).map(([currency, value]) => [
        dayOf(startsAtMs),
        metric,
        currency,
        value,
      ]),
    ),
  );
  return { ...range, columns: ['period', 'metric', 'currency', 'value'], rows };
}

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** Disputes opened in a range, by how they stand and ended, with how long a decision took. */
async function disputeReport(deps: Deps, range: Range): Promise<Table> {
  const rows = await deps.db
    .select({
      status: disputes.status,
      outcome: disputes.outcome,
      currency: disputes.currency,
      disputes: count(),
      amountCents: sql<number>`sum(${disputes.amountCents})`,
      refundCents: sql<number>`coalesce(sum(${disputes.refundCents}), 0)`,
      meanHours: sql<number | null>`round(avg(${disputes.resolvedAt} - ${disputes.openedAt}) / 3600000.0, 1)`,
    })
    .from(disputes)
    .where(and(gte(disputes.openedAt, range.fromMs), lt(disputes.openedAt, range.toMs)))
    .groupBy(disputes.status, disputes.outcome, disputes.currency);
  return {
    ...range,
    columns: ['status', 'outcome', 'currency', 'disputes', 'amount_cents', 'refund_cents', 'mean_hours'],
    rows: rows.map((row) => [
      row.status,
      row.outcome,
      row.currency,
      row.disputes,
      row.amountCents,
      row.refundCents,
      row.meanHours,
    ]),
  };
}

const NEEDS_QUOTES = /[",\r\n]/;

/** RFC 4180. What a spreadsheet would take for a formula is told apart by a quote before it. */
export function csvOf({ columns, rows }: Table): string {
  const cell = (value: Cell): string => {
    if (typeof value === 'number') return String(value);
    const text = value ?? '';
    const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
    return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
