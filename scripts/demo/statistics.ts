/**
 * The statistics by which the simulator is fitted and judged. The same code measures real and simulated sales, so
 * that the comparison in `docs/demo-market.md` is of like with like.
 *
 * A log premium, ln(price / retail), is taken apart as
 *   model level + age effect + size effect + model drift (by week) + noise (by sale).
 */
const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
/** Rounds of backfitting; the effects settle to the fourth digit well before this. */
const ROUNDS = 40;
/** A week with fewer sales of a model says little about its drift. */
const MIN_WEEK_SALES = 20;

/** Upper bounds in days since release; the first is before the release, the last is open. */
export const AGE_BOUNDS = [0, 30, 90, 180, 365, 730, Number.POSITIVE_INFINITY] as const;
export const AGE_LABELS = [
  'before',
  '0-29 d',
  '30-89 d',
  '90-179 d',
  '180-364 d',
  '1-2 y',
  'over 2 y',
] as const;
/** Age effects are told relative to the first month. */
const REFERENCE_AGE = 1;

export type MeasuredSale = {
  readonly model: string;
  readonly size: string;
  readonly day: number;
  readonly releaseDay: number;
  /** ln(price / retail). */
  readonly logPremium: number;
};

export type MarketStatistics = {
  readonly sales: number;
  /** Log premium relative to the first month, by age. */
  readonly ageEffect: readonly number[];
  /** Log premium of a size relative to its model, by label. */
  readonly sizeEffect: ReadonlyMap<string, number>;
  readonly sizeShare: ReadonlyMap<string, number>;
  /** Every model's log premium in its first month, in the order of the models' first sales. */
  readonly levels: readonly number[];
  /** Standard deviation of a model's weekly mean about its own level, and of its change from week to week. */
  readonly driftSd: number;
  readonly weeklyChangeSd: number;
  /** Standard deviation of sales of one model within one week, age and size taken out. */
  readonly noiseSd: number;
  /** Sales per model and day relative to the first month, by age. */
  readonly activityEffect: readonly number[];
  /** Every model's sales per day in its first month, as ln, in the order of `levels`. */
  readonly logActivity: readonly number[];
  /** How uneven the days of a week are: (variance - mean) / mean^2 of a model's daily sales; 0 is Poisson. */
  readonly clumping: number;
};

export function ageBucket(ageDays: number): number {
  return AGE_BOUNDS.findIndex((bound) => ageDays < bound);
}

/** Measures sales observed from `fromDay` to `toDay` (exclusive); days count from the Unix epoch. */
export function measure(sales: readonly MeasuredSale[], fromDay: number, toDay: number): MarketStatistics {
  const models = [...new Set(sales.map((sale) => sale.model))];
  const { level, age, size, residual } = decomposePremium(sales, models);
  const { driftSd, weeklyChangeSd, noiseSd } = decomposeResidual(sales, residual);
  const activity = decomposeActivity(sales, models, fromDay, toDay);
  return {
    sales: sales.length,
    ageEffect: age,
    sizeEffect: size,
    sizeShare: shares(sales.map((sale) => sale.size)),
    levels: [...level.values()],
    driftSd,
    weeklyChangeSd,
    noiseSd,
    activityEffect: activity.effect,
    logActivity: activity.logActivity,
    clumping: clumpingOf(sales),
  };
}

function decomposePremium(sales: readonly MeasuredSale[], models: readonly string[]) {
  const level = new Map(models.map((model) => [model, 0]));
  const age = AGE_LABELS.map(() => 0);
  const size = new Map<string, number>();
  const bucketOf = sales.map((sale) => ageBucket(sale.day - sale.releaseDay));
  for (let round = 0; round < ROUNDS; round++) {
    const models = new Means<string>();
    const sizes = new Means<string>();
    const ages = new Means<number>();
    sales.forEach((sale, i) => {
      models.add(sale.model, sale.logPremium - (age[bucketOf[i]!] ?? 0) - (size.get(sale.size) ?? 0));
    });
    for (const [key, mean] of models.entries()) level.set(key, mean);
    sales.forEach((sale, i) => {
      ages.add(bucketOf[i]!, sale.logPremium - level.get(sale.model)! - (size.get(sale.size) ?? 0));
    });
    for (const [key, mean] of ages.entries()) age[key] = mean;
    sales.forEach((sale, i) => {
      sizes.add(sale.size, sale.logPremium - level.get(sale.model)! - age[bucketOf[i]!]!);
    });
    for (const [key, mean] of sizes.entries()) size.set(key, mean);
  }
  const shift = age[REFERENCE_AGE]!;
  const residual = sales.map(
    (sale, i) => sale.logPremium - level.get(sale.model)! - age[bucketOf[i]!]! - size.get(sale.size)!,
  );
  for (const [key, value] of level) level.set(key, value + shift);
  return { level, age: age.map((effect) => effect - shift), size, residual };
}

function decomposeResidual(sales: readonly MeasuredSale[], residual: readonly number[]) {
  const weeks = new Map<string, Map<number, number[]>>();
  sales.forEach((sale, i) => {
    const ofModel = upsert(weeks, sale.model, () => new Map<number, number[]>());
    upsert(ofModel, Math.floor(sale.day / WEEK_DAYS), () => []).push(residual[i]!);
  });
  let withinSquares = 0;
  let withinCount = 0;
  let driftSquares = 0;
  let driftCount = 0;
  const changes: number[] = [];
  for (const ofModel of weeks.values()) {
    for (const [week, values] of ofModel) {
      if (values.length < MIN_WEEK_SALES) continue;
      const mean = meanOf(values);
      withinSquares += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      withinCount += values.length - 1;
      driftSquares += mean ** 2;
      driftCount += 1;
      const next = ofModel.get(week + 1);
      if (next && next.length >= MIN_WEEK_SALES) changes.push(meanOf(next) - mean);
    }
  }
  return {
    noiseSd: Math.sqrt(withinSquares / Math.max(1, withinCount)),
    driftSd: Math.sqrt(driftSquares / Math.max(1, driftCount)),
    weeklyChangeSd: Math.sqrt(meanOf(changes.map((change) => change ** 2))),
  };
}

/** Sales = model activity x age effect x days observed, fitted by proportion. */
function decomposeActivity(
  sales: readonly MeasuredSale[],
  models: readonly string[],
  fromDay: number,
  toDay: number,
) {
  const releaseOf = new Map(sales.map((sale) => [sale.model, sale.releaseDay]));
  const firstDayOf = new Map<string, number>();
  for (const sale of sales)
    firstDayOf.set(sale.model, Math.min(sale.day, firstDayOf.get(sale.model) ?? sale.day));
  const counts = new Map(models.map((model) => [model, AGE_LABELS.map(() => 0)]));
  const days = new Map(models.map((model) => [model, AGE_LABELS.map(() => 0)]));
  for (const sale of sales) counts.get(sale.model)![ageBucket(sale.day - sale.releaseDay)]! += 1;
  for (const model of models) {
    const released = releaseOf.get(model)!;
    // A model not yet sold by anyone is not yet on the market, so those days do not count as quiet ones.
    const start = Math.max(fromDay, Math.min(released, firstDayOf.get(model)!));
    for (let day = start; day < toDay; day++) days.get(model)![ageBucket(day - released)]! += 1;
  }
  const effect = AGE_LABELS.map(() => 1);
  const activity = new Map(models.map((model) => [model, 1]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const model of models) {
      const expected = days.get(model)!.reduce((sum, n, age) => sum + n * effect[age]!, 0);
      activity.set(model, sumOf(counts.get(model)!) / expected);
    }
    for (const age of effect.keys()) {
      const expected = models.reduce((sum, model) => sum + days.get(model)![age]! * activity.get(model)!, 0);
      const seen = models.reduce((sum, model) => sum + counts.get(model)![age]!, 0);
      if (expected > 0) effect[age] = seen / expected;
    }
  }
  const scale = effect[REFERENCE_AGE]!;
  return {
    effect: effect.map((value) => value / scale),
    logActivity: [...activity.values()].map((value) => Math.log(value * scale)),
  };
}

function clumpingOf(sales: readonly MeasuredSale[]): number {
  const weeks = new Map<string, number[]>();
  for (const sale of sales) {
    const week = Math.floor(sale.day / WEEK_DAYS);
    upsert(weeks, `${sale.model} ${week}`, () => new Array<number>(WEEK_DAYS).fill(0))[
      sale.day - week * WEEK_DAYS
    ]! += 1;
  }
  let excess = 0;
  let squares = 0;
  for (const days of weeks.values()) {
    const mean = meanOf(days);
    excess += days.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (WEEK_DAYS - 1) - mean;
    squares += mean ** 2;
  }
  return excess / squares;
}

export function dayOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

/** The value at share `u` (0 to 1) of evenly spaced quantiles, by straight lines between them. */
export function quantileAt(sorted: readonly number[], u: number): number {
  const position = Math.min(1, Math.max(0, u)) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + ((sorted[below + 1] ?? low) - low) * (position - below);
}

export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : sumOf(values) / values.length;
}

export function sdOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

export function correlationOf(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [meanOf(xs), meanOf(ys)];
  return meanOf(xs.map((x, i) => (x - mx) * (ys[i]! - my))) / (sdOf(xs) * sdOf(ys));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function shares(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return new Map([...counts].map(([label, count]) => [label, count / labels.length]));
}

function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** Running means by key. */
class Means<K> {
  readonly #sums = new Map<K, { sum: number; count: number }>();

  add(key: K, value: number): void {
    const entry = upsert(this.#sums, key, () => ({ sum: 0, count: 0 }));
    entry.sum += value;
    entry.count += 1;
  }

  *entries(): Generator<[K, number]> {
    for (const [key, { sum, count }] of this.#sums) yield [key, sum / count];
  }
}
