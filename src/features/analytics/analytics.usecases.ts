import { and, asc, eq, gte, lt, sql } from 'drizzle-orm';
import { activeDays, rollups, sellerDays } from '../../db/analytics-schema.ts';
import type { Deps } from '../../deps.ts';
import { Figures, houseSummary, sellerSummary } from '../../domain/analytics/figures.ts';
import { GRAIN_MS, type Grain, startOf } from '../../domain/analytics/period.ts';
import { DAY_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';

/** Periods that one answer shows at most. */
const MOST_PERIODS = 366;
const DEFAULT_PERIODS: Readonly<Record<Grain, number>> = { hour: 24, day: 30 };

export interface Range {
  fromMs: number;
  toMs: number;
}

/** The whole periods asked for; the last day or so when nothing is said. 422 for what is empty or too long. */
export function rangeOf(
  grain: Grain,
  nowMs: number,
  asked: { from?: string | undefined; to?: string | undefined },
): Range {
  const toMs = asked.to === undefined ? nowMs + 1 : Date.parse(asked.to);
  const fromMs =
    asked.from === undefined
      ? startOf(grain, toMs - 1) - (DEFAULT_PERIODS[grain] - 1) * GRAIN_MS[grain]
      : startOf(grain, Date.parse(asked.from));
  if (fromMs >= toMs) throw problem('validation_failed', 'from must be before to.');
  if (toMs - fromMs > MOST_PERIODS * GRAIN_MS[grain])
    throw problem('validation_failed', `Ask for at most ${MOST_PERIODS} ${grain}s.`);
  return { fromMs, toMs };
}

interface Row {
  startsAt: number;
  metric: string;
  key: string;
  value: number;
}

function summarised<T>(rows: readonly Row[], summary: (figures: Figures) => T) {
  const total = new Figures();
  const periods = new Map<number, Figures>();
  for (const { startsAt, metric, key, value } of rows) {
    const figures = periods.get(startsAt) ?? new Figures();
    periods.set(startsAt, figures);
    figures.add(metric, key, value);
    total.add(metric, key, value);
  }
  return {
    total: summary(total),
    series: Array.from(periods, ([startsAtMs, figures]) => ({ startsAtMs, ...summary(figures) })),
  };
}

/** What a seller sold, and how they haggle, by day. */
export async function readSellerAnalytics(deps: Deps, sellerId: string, { fromMs, toMs }: Range) {
  const rows = await deps.db
    .select()
    .from(sellerDays)
    .where(
      and(eq(sellerDays.sellerId, sellerId), gte(sellerDays.startsAt, fromMs), lt(sellerDays.startsAt, toMs)),
    )
    .orderBy(asc(sellerDays.startsAt));
  return summarised(rows, sellerSummary);
}

/** How many different people were signed in on the last day of the range, and in the thirty days up to it. */
async function activeUsers(deps: Deps, toMs: number): Promise<{ dau: number; mau: number }> {
  const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  const last = dayOf(toMs - 1);
  const first = dayOf(toMs - 1 - 29 * DAY_MS);
  const [day, month] = await deps.db.batch([
    deps.db.select({ people: sql<number>`count(*)` }).from(activeDays).where(eq(activeDays.day, last)),
    deps.db
      .select({ people: sql<number>`count(distinct ${activeDays.userId})` })
      .from(activeDays)
      .where(sql`${activeDays.day} between ${first} and ${last}`),
  ]);
  return { dau: day[0]?.people ?? 0, mau: month[0]?.people ?? 0 };
}

/** The figures of the house by hour or day, and their sum. */
export async function readHouseAnalytics(deps: Deps, grain: Grain, { fromMs, toMs }: Range) {
  const [rows, active] = await Promise.all([
    deps.db
      .select()
      .from(rollups)
      .where(and(eq(rollups.grain, grain), gte(rollups.startsAt, fromMs), lt(rollups.startsAt, toMs)))
      .orderBy(asc(rollups.startsAt)),
    activeUsers(deps, Math.min(toMs, deps.now() + 1)),
  ]);
  return { ...summarised(rows, houseSummary), ...active };
}
