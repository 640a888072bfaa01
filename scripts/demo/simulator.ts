/**
 * The demo market: two years of sales and a living book for every model and size, from a seed and a moment. The same
 * seed and moment give the same market on every machine, whichever part of it is asked for.
 */
import type { DemoModel } from './models.ts';
import { CATALOGUE_LEVEL_QUANTILES, MARKET_PARAMETERS, SPREAD_QUANTILES } from './parameters.ts';
import { ageEffectAt, type ModelProcess, simulateHistory, wholeDollars } from './price-process.ts';
import { type Random, seededRandom } from './random.ts';
import { ageBucket, dayOf, quantileAt } from './statistics.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
export const HISTORY_DAYS = 730;
/** Sales that the whole catalogue is scaled to, in expectation. */
export const EXPECTED_SALES = 80_000;
export const TRADER_COUNT = 40;
/** A model comes to market this long before its release: pre-release trading is real. */
const EARLY_DAYS = 30;
/** The tails of the snapshot are mistakes and one-offs, so the catalogue spans this part of its quantiles. */
const LEVEL_SPAN = [0.05, 0.975] as const;
/** Without the extremes: a book that never trades would show nothing. */
const ACTIVITY_SPAN = [0.15, 0.9] as const;
/** Share of a spread's rank that comes from how much the model trades; the rest is the book's own. */
const SPREAD_BY_ACTIVITY = 0.6;
const MIN_SIDE_ORDERS = 3;
const MAX_SIDE_ORDERS = 5;
/** Mean distance from one resting order to the next behind it, as a share of the price. */
const MEAN_STEP = 0.018;
const PAIR_SHARE = 0.12;
const DOLLAR_CENTS = 100;
/** Sales by hour of the day in UTC, so that North American evenings are busiest. Our own guess: no data states it. */
const HOUR_WEIGHTS = [9, 9, 8, 6, 4, 3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, 7, 8, 9];

export type DemoTrade = { readonly atMs: number; readonly priceCents: number; readonly quantity: number };

export type DemoOrder = {
  readonly side: 'bid' | 'ask';
  readonly priceCents: number;
  readonly quantity: number;
  /** 0 to TRADER_COUNT - 1. */
  readonly trader: number;
};

export type DemoBook = {
  readonly size: string;
  /** Oldest first. */
  readonly trades: readonly DemoTrade[];
  /** Never crossed; best first on each side. */
  readonly orders: readonly DemoOrder[];
};

export type DemoMarket = {
  /** The books of one model of the catalogue, in the order of its sizes. */
  booksOf(model: DemoModel): DemoBook[];
};

/** Prepares the market of a whole catalogue as it stands at `nowMs`. */
export function demoMarket(catalogue: readonly DemoModel[], seed: string, nowMs: number): DemoMarket {
  const today = Math.floor(nowMs / DAY_MS);
  const processes = modelProcesses(catalogue, seed, today);
  return {
    booksOf: (model) => {
      const process = processes.get(model.sku);
      if (!process) throw new Error(`${model.sku} is not in the catalogue`);
      return simulateBooks(model, process, seed, today, nowMs);
    },
  };
}

type RankedProcess = ModelProcess & { readonly activityRank: number };

/** Where each model stands in the market: its premium by heat, its activity against its premium, as fitted. */
function modelProcesses(
  catalogue: readonly DemoModel[],
  seed: string,
  today: number,
): Map<string, RankedProcess> {
  const random = seededRandom(`${seed}/catalogue`);
  const levelRanks = ranks(catalogue.map((model) => model.heat + random.uniform()));
  const correlation = MARKET_PARAMETERS.levelActivityCorrelation;
  const own = Math.sqrt(1 - correlation ** 2);
  const activityRanks = ranks(
    levelRanks.map((rank) => correlation * normalScore(rank) + own * random.normal()),
  );
  const processes = catalogue.map((model, index): RankedProcess => {
    const releaseDay = dayOf(model.release_date);
    const levelNow = quantileAt(CATALOGUE_LEVEL_QUANTILES, within(LEVEL_SPAN, levelRanks[index]!));
    return {
      releaseDay,
      firstDay: releaseDay - EARLY_DAYS,
      retailCents: model.retail_price_cents,
      sizes: model.sizes,
      level: levelNow - ageEffectAt(today - releaseDay, MARKET_PARAMETERS),
      logActivity: quantileAt(
        MARKET_PARAMETERS.logActivityQuantiles,
        within(ACTIVITY_SPAN, activityRanks[index]!),
      ),
      activityRank: activityRanks[index]!,
    };
  });
  const expected = processes.reduce((sum, process) => sum + expectedSales(process, today), 0);
  const scale = Math.log(EXPECTED_SALES / expected);
  return new Map(
    processes.map((process, i) => [
      catalogue[i]!.sku,
      { ...process, logActivity: process.logActivity + scale },
    ]),
  );
}

function expectedSales(process: ModelProcess, today: number): number {
  let sum = 0;
  for (let day = Math.max(today - HISTORY_DAYS, process.firstDay); day < today; day++) {
    sum +=
      Math.exp(process.logActivity) * MARKET_PARAMETERS.activityEffect[ageBucket(day - process.releaseDay)]!;
  }
  return sum;
}

function simulateBooks(
  model: DemoModel,
  process: RankedProcess,
  seed: string,
  today: number,
  nowMs: number,
): DemoBook[] {
  const random = seededRandom(`${seed}/${model.sku}`);
  const history = simulateHistory(process, today - HISTORY_DAYS, today + 1, MARKET_PARAMETERS, random);
  const trades = new Map<string, DemoTrade[]>(model.sizes.map((size) => [size, []]));
  for (const sale of history.sales) {
    const atMs = sale.day * DAY_MS + timeOfDay(random);
    if (atMs <= nowMs) trades.get(sale.size)!.push({ atMs, priceCents: sale.priceCents, quantity: 1 });
  }
  return model.sizes.map((size) => {
    const own = seededRandom(`${seed}/${model.sku}/${size}`);
    return {
      size,
      trades: trades.get(size)!.sort((a, b) => a.atMs - b.atMs),
      orders: restingOrders(history.fairCents(size), process.activityRank, own),
    };
  });
}

/** Both sides around the fair price, at least a dollar apart, spreading outwards in whole dollars. */
function restingOrders(fairCents: number, activityRank: number, random: Random): DemoOrder[] {
  const tightness = SPREAD_BY_ACTIVITY * activityRank + (1 - SPREAD_BY_ACTIVITY) * random.uniform();
  const halfSpread = (fairCents * quantileAt(SPREAD_QUANTILES, 1 - tightness)) / 2;
  const bestBid = wholeDollars(fairCents - halfSpread);
  const bestAsk = Math.max(bestBid + DOLLAR_CENTS, wholeDollars(fairCents + halfSpread));
  // Buyers and sellers of one book are different people: even numbers sell, odd numbers buy.
  const side = (name: DemoOrder['side'], best: number, direction: 1 | -1, parity: 0 | 1): DemoOrder[] => {
    const orders: DemoOrder[] = [];
    const count = MIN_SIDE_ORDERS + Math.floor(random.uniform() * (MAX_SIDE_ORDERS - MIN_SIDE_ORDERS + 1));
    let priceCents = best;
    while (orders.length < count && priceCents > 0) {
      orders.push({
        side: name,
        priceCents,
        quantity: random.uniform() < PAIR_SHARE ? 2 : 1,
        trader: 2 * Math.floor(random.uniform() * (TRADER_COUNT / 2)) + parity,
      });
      const step = -Math.log(1 - random.uniform()) * MEAN_STEP * best;
      priceCents += direction * Math.round(step / DOLLAR_CENTS) * DOLLAR_CENTS;
    }
    return orders;
  };
  return [...side('bid', bestBid, -1, 1), ...side('ask', bestAsk, 1, 0)];
}

function timeOfDay(random: Random): number {
  let left = random.uniform() * HOUR_WEIGHTS.reduce((sum, weight) => sum + weight, 0);
  const hour = HOUR_WEIGHTS.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return Math.max(0, hour) * HOUR_MS + Math.floor(random.uniform() * HOUR_MS);
}

/** Ranks as shares in (0, 1), lowest value first. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const shares = new Array<number>(values.length);
  for (const [rank, index] of order.entries()) shares[index] = (rank + 0.5) / values.length;
  return shares;
}

/** The normal deviate at a share, to three digits (Abramowitz and Stegun 26.2.23). */
function normalScore(share: number): number {
  const tail = Math.min(share, 1 - share);
  const t = Math.sqrt(-2 * Math.log(tail));
  const score =
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
  return share < 0.5 ? -score : score;
}

function within([low, high]: readonly [number, number], share: number): number {
  return low + (high - low) * share;
}
