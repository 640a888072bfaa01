/**
 * How sales of one model come about in the simulator: a log premium made of level, age, size, weekly drift and
 * noise, and a daily count whose mean follows the model's activity and age. `statistics.ts` takes the same parts
 * out of sales, so the parameters can be fitted and the result compared.
 */
import type { Random } from './random.ts';
import { AGE_BOUNDS, ageBucket } from './statistics.ts';

export type MarketParameters = {
  /** Log premium and sales per day relative to the first month after release, by age (`AGE_LABELS`). */
  readonly ageEffect: readonly number[];
  readonly activityEffect: readonly number[];
  readonly sizeEffect: Readonly<Record<string, number>>;
  readonly sizeShare: Readonly<Record<string, number>>;
  /** Evenly spaced quantiles over the models, in their first month: log premium, ln of sales per day. */
  readonly levelQuantiles: readonly number[];
  readonly logActivityQuantiles: readonly number[];
  /** Over the models, of those two: what trades most is dear least. */
  readonly levelActivityCorrelation: number;
  /** The drift's standard deviation, and the share of it that survives a week. */
  readonly driftSd: number;
  readonly weeklyPersistence: number;
  readonly noiseSd: number;
  readonly clumping: number;
};

export type ModelProcess = {
  readonly releaseDay: number;
  /** The first day on which anyone sells it. */
  readonly firstDay: number;
  readonly retailCents: number;
  readonly sizes: readonly string[];
  /** First-month log premium and ln of sales per day. */
  readonly level: number;
  readonly logActivity: number;
};

export type SimulatedSale = { readonly day: number; readonly size: string; readonly priceCents: number };

export type SimulatedHistory = {
  /** In order of day. */
  readonly sales: readonly SimulatedSale[];
  /** What a pair of this size is worth at the end of the last day, in cents, not rounded. */
  fairCents(size: string): number;
};

const WEEK_DAYS = 7;
/** An age effect gives way to the next over this share of the age at which they meet, or this many days. */
const RAMP_SHARE = 0.15;
const LEAST_RAMP_DAYS = 3;
/** Prices on the demo market are whole dollars, as nearly all recorded ones are. */
const DOLLAR_CENTS = 100;

export function simulateHistory(
  model: ModelProcess,
  fromDay: number,
  toDay: number,
  parameters: MarketParameters,
  random: Random,
): SimulatedHistory {
  const drift = driftByWeek(
    Math.floor(fromDay / WEEK_DAYS),
    Math.floor(toDay / WEEK_DAYS) + 1,
    parameters,
    random,
  );
  const pick = sizePicker(model.sizes, parameters.sizeShare);
  const worth = (day: number, size: string): number =>
    model.level +
    ageEffectAt(day - model.releaseDay, parameters) +
    (parameters.sizeEffect[size] ?? 0) +
    drift(day);
  const sales: SimulatedSale[] = [];
  for (let day = Math.max(fromDay, model.firstDay); day < toDay; day++) {
    const mean = Math.exp(model.logActivity) * parameters.activityEffect[ageBucket(day - model.releaseDay)]!;
    const count = random.poisson(mean * random.gamma(parameters.clumping));
    for (let i = 0; i < count; i++) {
      const size = pick(random.uniform());
      const logPremium = worth(day, size) + parameters.noiseSd * random.normal();
      sales.push({ day, size, priceCents: wholeDollars(model.retailCents * Math.exp(logPremium)) });
    }
  }
  return { sales, fairCents: (size) => model.retailCents * Math.exp(worth(toDay - 1, size)) };
}

export function wholeDollars(priceCents: number): number {
  return Math.max(DOLLAR_CENTS, Math.round(priceCents / DOLLAR_CENTS) * DOLLAR_CENTS);
}

/** The age effect on the log premium: one value per age bucket, with straight ramps where two buckets meet. */
export function ageEffectAt(ageDays: number, { ageEffect }: MarketParameters): number {
  for (const [bucket, bound] of AGE_BOUNDS.entries()) {
    const half = Math.max(LEAST_RAMP_DAYS, bound * RAMP_SHARE);
    if (ageDays < bound - half || bound === Number.POSITIVE_INFINITY) return ageEffect[bucket]!;
    if (ageDays < bound + half) {
      const done = (ageDays - (bound - half)) / (2 * half);
      return ageEffect[bucket]! + (ageEffect[bucket + 1]! - ageEffect[bucket]!) * done;
    }
  }
  return ageEffect.at(-1)!;
}

/** A first-order autoregression by week, drawn from its stationary state, in straight lines between weeks. */
function driftByWeek(fromWeek: number, toWeek: number, parameters: MarketParameters, random: Random) {
  const { driftSd, weeklyPersistence } = parameters;
  const values = [driftSd * random.normal()];
  const shockSd = driftSd * Math.sqrt(1 - weeklyPersistence ** 2);
  for (let week = fromWeek; week < toWeek; week++) {
    values.push(weeklyPersistence * values.at(-1)! + shockSd * random.normal());
  }
  return (day: number): number => {
    const position = day / WEEK_DAYS - fromWeek;
    const week = Math.min(values.length - 2, Math.max(0, Math.floor(position)));
    return values[week]! + (values[week + 1]! - values[week]!) * (position - week);
  };
}

function sizePicker(sizes: readonly string[], share: Readonly<Record<string, number>>) {
  const total = sizes.reduce((sum, size) => sum + (share[size] ?? 0), 0);
  return (u: number): string => {
    let left = u * total;
    for (const size of sizes) {
      left -= share[size] ?? 0;
      if (left < 0) return size;
    }
    return sizes.at(-1)!;
  };
}
