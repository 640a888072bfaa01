/**
 * Fits the simulator to recorded sales and prints the parameters with the comparison, real beside simulated:
 *   node scripts/demo/fit.ts --file ../shared/data/stockx-2019/sales-2017-09-to-2018-12.csv.gz \
 *     [--snapshot ../shared/data/sneakers/market-2023.csv.gz]
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { parseCsv, type RecordedSale, readSales } from '../support/sales-file.ts';
import { type MarketParameters, type ModelProcess, simulateHistory } from './price-process.ts';
import { seededRandom } from './random.ts';
import {
  AGE_LABELS,
  correlationOf,
  dayOf,
  type MarketStatistics,
  type MeasuredSale,
  meanOf,
  measure,
  quantileAt,
  sdOf,
} from './statistics.ts';

const QUANTILE_STEPS = 20;
const PILOT_ROUNDS = 3;
/** Simulated markets per pilot round and in the comparison: one alone says little about a drift. */
const RUNS = 5;

export type Cohort = {
  readonly real: MarketStatistics;
  readonly fromDay: number;
  readonly toDay: number;
  readonly models: ReadonlyArray<{ readonly id: string; readonly process: Omit<ModelProcess, 'sizes'> }>;
};

/** The recorded models: what was measured of them, and when each came to market. */
export function toCohort(sales: readonly RecordedSale[]): Cohort {
  const measured = sales.map(toMeasured);
  const fromDay = measured.reduce((least, sale) => Math.min(least, sale.day), Number.POSITIVE_INFINITY);
  const toDay = measured.reduce((most, sale) => Math.max(most, sale.day), 0) + 1;
  const real = measure(measured, fromDay, toDay);
  const firstSales = new Map<string, number>();
  for (const [index, sale] of sales.entries())
    if (!firstSales.has(sale.product)) firstSales.set(sale.product, index);
  const models = [...firstSales].map(([id, first], index) => {
    const { releaseDay, day } = measured[first]!;
    const process = {
      releaseDay,
      firstDay: Math.min(releaseDay, day),
      retailCents: sales[first]!.retailCents!,
      level: real.levels[index]!,
      logActivity: real.logActivity[index]!,
    };
    return { id, process };
  });
  return { real, fromDay, toDay, models };
}

/** The recorded models again, each with its own level, activity and first day, but with drawn drift and noise. */
export function simulateCohort(cohort: Cohort, parameters: MarketParameters, seed: string): MarketStatistics {
  const { fromDay, toDay } = cohort;
  const sizes = Object.keys(parameters.sizeShare);
  const sales = cohort.models.flatMap(({ id, process }) =>
    simulateHistory(
      { ...process, sizes },
      fromDay,
      toDay,
      parameters,
      seededRandom(`${seed}/${id}`),
    ).sales.map((sale) => ({
      model: id,
      size: sale.size,
      day: sale.day,
      releaseDay: process.releaseDay,
      logPremium: Math.log(sale.priceCents / process.retailCents),
    })),
  );
  return measure(sales, fromDay, toDay);
}

/** Turns the measures into parameters that, simulated and measured again, give the measures back. */
export function fitParameters(cohort: Cohort, seed: string): MarketParameters {
  const { real } = cohort;
  let { driftSd, weeklyChangeSd } = real;
  for (let round = 0; round < PILOT_ROUNDS; round++) {
    // A model's level takes part of its drift with it when both are measured over a short window, and a week's mean
    // smooths it, so what goes in must be larger than what is to come out.
    const pilots = simulateRuns(
      cohort,
      toParameters(real, driftSd, weeklyChangeSd),
      `${seed}/pilot ${round}`,
    );
    driftSd *= real.driftSd / meanOf(pilots.map((pilot) => pilot.driftSd));
    weeklyChangeSd *= real.weeklyChangeSd / meanOf(pilots.map((pilot) => pilot.weeklyChangeSd));
  }
  return toParameters(real, driftSd, weeklyChangeSd);
}

export function simulateRuns(cohort: Cohort, parameters: MarketParameters, seed: string): MarketStatistics[] {
  return Array.from({ length: RUNS }, (_, run) => simulateCohort(cohort, parameters, `${seed}/${run}`));
}

function toParameters(real: MarketStatistics, driftSd: number, weeklyChangeSd: number): MarketParameters {
  return {
    ageEffect: real.ageEffect.map(round),
    activityEffect: real.activityEffect.map(round),
    sizeEffect: bySize(real.sizeEffect, real.sizeShare),
    sizeShare: bySize(real.sizeShare, real.sizeShare),
    levelQuantiles: quantiles(real.levels),
    logActivityQuantiles: quantiles(real.logActivity),
    levelActivityCorrelation: round(correlationOf(real.levels, real.logActivity)),
    driftSd: round(driftSd),
    // Of a stationary first-order autoregression: variance of the change = 2 x variance x (1 - persistence).
    weeklyPersistence: round(1 - weeklyChangeSd ** 2 / (2 * driftSd ** 2)),
    noiseSd: round(real.noiseSd),
    clumping: round(real.clumping),
  };
}

export type Comparison = {
  readonly name: string;
  readonly unit: 'count' | 'share' | 'ratio';
  readonly real: number;
  /** Mean over the simulated runs, with the least and the greatest. */
  readonly simulated: number;
  readonly low: number;
  readonly high: number;
};

export function compare(real: MarketStatistics, runs: readonly MarketStatistics[]): Comparison[] {
  const row = (
    name: string,
    unit: Comparison['unit'],
    of: (statistics: MarketStatistics) => number,
  ): Comparison => {
    const values = runs.map(of);
    return {
      name,
      unit,
      real: of(real),
      simulated: meanOf(values),
      low: Math.min(...values),
      high: Math.max(...values),
    };
  };
  const commonSizes = [...real.sizeShare].filter(([, share]) => share > MIN_SIZE_SHARE).map(([size]) => size);
  const premium = (logEffect: number): number => Math.exp(logEffect) - 1;
  return [
    row('Sales', 'count', (s) => s.sales),
    row('ln premium of a model in its first month, mean', 'ratio', (s) => meanOf(s.levels)),
    row('the same, standard deviation over models', 'ratio', (s) => sdOf(s.levels)),
    ...AGE_LABELS.map((label, age) =>
      row(`Price against the first month, ${label}`, 'share', (s) => premium(s.ageEffect[age]!)),
    ),
    row('Drift of a model by week, sd of ln price', 'ratio', (s) => s.driftSd),
    row('Change from week to week, sd of ln price', 'ratio', (s) => s.weeklyChangeSd),
    row('Noise within model and week, sd of ln price', 'ratio', (s) => s.noiseSd),
    ...AGE_LABELS.map((label, age) =>
      row(`Sales per day against the first month, ${label}`, 'ratio', (s) => s.activityEffect[age]!),
    ),
    row('ln sales per day, standard deviation over models', 'ratio', (s) => sdOf(s.logActivity)),
    row('Correlation of premium and activity over models', 'ratio', (s) =>
      correlationOf(s.levels, s.logActivity),
    ),
    row('Unevenness of the days of a week', 'ratio', (s) => s.clumping),
    row('Sales in sizes 8 to 12', 'share', (s) => shareBetween(s, 8, 12)),
    row('Sales in size 10', 'share', (s) => s.sizeShare.get('10') ?? 0),
    row('Size effect, sd over sizes', 'ratio', (s) =>
      sdOf(commonSizes.map((size) => s.sizeEffect.get(size) ?? 0)),
    ),
  ];
}

/** The comparison as a table in Markdown. */
export function formatComparison(rows: readonly Comparison[]): string {
  const format = (value: number, unit: Comparison['unit']): string =>
    ({ count: value.toFixed(0), share: `${(value * 100).toFixed(1)} %`, ratio: value.toFixed(3) })[unit];
  const lines = rows.map(({ name, unit, real, simulated, low, high }) => {
    const cells = [
      name,
      format(real, unit),
      format(simulated, unit),
      `${format(low, unit)} to ${format(high, unit)}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| Statistic | Real | Simulated, mean of runs | least to greatest |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** Sizes rarer than this have too few sales for an effect of their own. */
const MIN_SIZE_SHARE = 0.005;

function shareBetween(statistics: MarketStatistics, low: number, high: number): number {
  return [...statistics.sizeShare].reduce(
    (sum, [size, share]) => (Number(size) >= low && Number(size) <= high ? sum + share : sum),
    0,
  );
}

function toMeasured(sale: RecordedSale): MeasuredSale {
  if (sale.retailCents === null || sale.released === null) {
    throw new Error(`row ${sale.row}: fitting needs a retail price and a release date`);
  }
  return {
    model: sale.product,
    size: sale.size,
    day: dayOf(sale.date),
    releaseDay: dayOf(sale.released),
    logPremium: Math.log(sale.priceCents / sale.retailCents),
  };
}

function quantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: QUANTILE_STEPS + 1 }, (_, i) => round(quantileAt(sorted, i / QUANTILE_STEPS)));
}

function bySize(
  values: ReadonlyMap<string, number>,
  shares: ReadonlyMap<string, number>,
): Record<string, number> {
  return Object.fromEntries(
    [...values]
      .filter(([size]) => (shares.get(size) ?? 0) > MIN_SIZE_SHARE)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([size, value]) => [size, round(value)]),
  );
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** From a snapshot of listings: premiums over retail, and spreads where the best bid and ask do not cross. */
export async function readSnapshot(
  file: string,
): Promise<{ levelQuantiles: number[]; spreadQuantiles: number[] }> {
  const [header = [], ...records] = parseCsv(gunzipSync(await readFile(file)).toString('utf8'));
  const column = (name: string) => header.indexOf(name);
  const number = (record: readonly string[], name: string) => Number(record[column(name)]);
  const premiums = records
    .map((record) => number(record, 'avg_deadstock_price') / number(record, 'retail'))
    .filter((ratio) => Number.isFinite(ratio) && ratio > 0)
    .map(Math.log);
  const spreads = records
    .map((record) => ({ ask: number(record, 'lowest_ask'), bid: number(record, 'highest_bid') }))
    .filter(({ ask, bid }) => bid > 0 && ask > bid)
    .map(({ ask, bid }) => (2 * (ask - bid)) / (ask + bid));
  return { levelQuantiles: quantiles(premiums), spreadQuantiles: quantiles(spreads) };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { file: { type: 'string' }, snapshot: { type: 'string' } } });
  if (!values.file)
    throw new Error('usage: node scripts/demo/fit.ts --file SALES.csv.gz [--snapshot LISTINGS.csv.gz]');
  const cohort = toCohort(await readSales(values.file));
  const parameters = fitParameters(cohort, 'fit');
  console.log(JSON.stringify(parameters, null, 2));
  if (values.snapshot) console.log(JSON.stringify(await readSnapshot(values.snapshot), null, 2));
  console.log(`\n${formatComparison(compare(cohort.real, simulateRuns(cohort, parameters, 'comparison')))}`);
}
