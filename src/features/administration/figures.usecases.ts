/** The figures of the house by day, week and month, from the roll-ups of days: one indexed range, whatever it adds up to. */
import { and, asc, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import { rollups } from '../../db/analytics-schema.ts';
import type { Deps } from '../../deps.ts';
import { type Span, spanStart } from '../../domain/analytics/calendar.ts';
import { Figures } from '../../domain/analytics/figures.ts';
import { DAY_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';

export const REVENUE_METRICS = ['gmv_cents', 'fees_cents', 'refunded_cents', 'orders_paid'] as const;
export const ACTIVITY_METRICS = [
  'users_registered',
  'listings_published',
  'bids_placed',
  'asks_placed',
  'matches',
  'offers_made',
  'offers_accepted',
  'orders_paid',
  'orders_completed',
  'messages_sent',
  'product_views',
  'listing_views',
  'searches',
  'disputes_opened',
] as const;

/** Five years of days: what one answer adds up at most. */
const MOST_DAYS = 1_827;
const DEFAULT_DAYS: Record<Span, number> = { day: 30, week: 84, month: 365 };

export interface Range {
  fromMs: number;
  toMs: number;
}

/** The whole periods asked for, the last dozens when nothing is said; 422 for what is empty or too long. */
export function reportRange(
  span: Span,
  nowMs: number,
  asked: { from?: string | undefined; to?: string | undefined },
): Range {
  const toMs = asked.to === undefined ? nowMs + 1 : Date.parse(asked.to);
  const wantedMs = asked.from === undefined ? toMs - DEFAULT_DAYS[span] * DAY_MS : Date.parse(asked.from);
  const fromMs = spanStart(span, wantedMs);
  if (fromMs >= toMs) throw problem('validation_failed', 'from must be before to.');
  if (toMs - fromMs > MOST_DAYS * DAY_MS)
    throw problem('validation_failed', `Ask for at most ${MOST_DAYS} days.`);
  return { fromMs, toMs };
}

export interface Period {
  startsAtMs: number;
  figures: Figures;
}

/** What a report shows of each period, oldest first; periods in which nothing happened are left out. */
export async function periodsOf(
  deps: Deps,
  span: Span,
  { fromMs, toMs }: Range,
  metrics: readonly string[],
): Promise<{ total: Figures; periods: Period[] }> {
  const rows = await deps.db
    .select()
    .from(rollups)
    .where(
      and(
        eq(rollups.grain, 'day'),
        gte(rollups.startsAt, fromMs),
        lt(rollups.startsAt, toMs),
        inArray(rollups.metric, [...metrics]),
      ),
    )
    .orderBy(asc(rollups.startsAt));
  const total = new Figures();
  const periods = new Map<number, Figures>();
  for (const { startsAt, metric, key, value } of rows) {
    const startsAtMs = spanStart(span, startsAt);
    const figures = periods.get(startsAtMs) ?? new Figures();
    periods.set(startsAtMs, figures);
    figures.add(metric, key, value);
    total.add(metric, key, value);
  }
  return { total, periods: Array.from(periods, ([startsAtMs, figures]) => ({ startsAtMs, figures })) };
}

/** Everything since the beginning. */
export async function allTimeFigures(deps: Deps): Promise<Figures> {
  const rows = await deps.db
    .select({ metric: rollups.metric, key: rollups.key, value: sql<number>`sum(${rollups.value})` })
    .from(rollups)
    .where(eq(rollups.grain, 'day'))
    .groupBy(rollups.metric, rollups.key);
  const figures = new Figures();
  for (const { metric, key, value } of rows) figures.add(metric, key, value);
  return figures;
}
