/**
 * What a book's sales say: last sale, volumes, highs and lows, average, volatility and candles. Sales may come in any
 * order (imported history is old, live sales are new) and are kept as buckets: hours for 32 days, UTC days for ever.
 *
 * Volumes count whole hours, and the sales themselves in the hour in which a window begins, so 24 h and 72 h are exact
 * to the millisecond. The 30-day volume counts its first hour whole, and so does any window whose beginning is no
 * longer among the sales kept (more than 5 000 in 72 h, or a reload without them). The 52-week and 12-month figures
 * count whole days, from the one in which the last 365 days begin.
 */
import { meanCents } from '../money.ts';
import type { Sale } from './order.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;
/** The epoch was a Thursday; this far before it, a week began on a Monday. */
const MONDAY_OFFSET_MS = 3 * DAY_MS;
/** Two days more than the longest window counted in hours. */
const HOURLY_WINDOW_MS = 32 * DAY_MS;
export const EXACT_WINDOW_MS = 72 * HOUR_MS;
/** About 100 KB of the 128 MB that a book may use. */
const MAX_EXACT_SALES = 5_000;

export const CANDLE_INTERVALS = ['1h', '1d', '1w'] as const;
export type CandleInterval = (typeof CANDLE_INTERVALS)[number];

/** Prices in cents; `start` in epoch milliseconds. Intervals without a sale have no candle. */
export interface Candle {
  start: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** One hour (`h`) or UTC day (`d`) of sales, as a plain row to store. */
export interface BucketRow extends Candle {
  kind: 'h' | 'd';
  openAtMs: number;
  closeAtMs: number;
  /** Sum of price x quantity, and of price squared x quantity. */
  sum: number;
  sumSquares: number;
}

export interface TimedQuantity {
  atMs: number;
  quantity: number;
}

export interface MarketSummary {
  lastSaleCents: number | null;
  lastSaleAtMs: number | null;
  /** Units sold. */
  volume24h: number;
  volume72h: number;
  volume30d: number;
  high52wCents: number | null;
  low52wCents: number | null;
  /** Per unit over 12 months. */
  averageCents: number | null;
  /** Standard deviation over mean of the prices of the units sold in 12 months: a fraction of four decimals. */
  volatility: number | null;
  /** How far the last sale is above the retail price, in percent of one decimal. */
  premiumPercent: number | null;
}

export class MarketStats {
  private readonly hours = new Map<number, BucketRow>();
  private readonly days = new Map<number, BucketRow>();
  private readonly dirty = new Set<BucketRow>();
  private latest: Sale | null = null;
  /** Every sale since `exactFromMs`, in no particular order, and perhaps some older ones. */
  private recent: TimedQuantity[] = [];
  private exactFromMs = Number.NEGATIVE_INFINITY;

  /** Counts one sale, whenever it took place. */
  record(atMs: number, priceCents: number, quantity: number): void {
    this.noteLatest(priceCents, atMs);
    this.addTo(this.days, 'd', atMs, priceCents, quantity);
    if (atMs >= this.hourlyFromMs()) this.addTo(this.hours, 'h', atMs, priceCents, quantity);
    this.recent.push({ atMs, quantity });
    if (this.recent.length > MAX_EXACT_SALES) this.forgetOldSales();
  }

  get lastSale(): Readonly<Sale> | null {
    return this.latest;
  }

  /** The figures of the market page, as they are at `nowMs`; no sale may be later than that. */
  summary(nowMs: number, retailCents: number | null): MarketSummary {
    const year = this.yearUntil(nowMs);
    const sale = this.latest;
    return {
      lastSaleCents: sale === null ? null : sale.priceCents,
      lastSaleAtMs: sale === null ? null : sale.atMs,
      volume24h: this.volumeSince(nowMs - 24 * HOUR_MS),
      volume72h: this.volumeSince(nowMs - 72 * HOUR_MS),
      volume30d: this.volumeSince(nowMs - 30 * DAY_MS),
      high52wCents: year === null ? null : year.high,
      low52wCents: year === null ? null : year.low,
      averageCents: year === null ? null : meanCents(year.sum, year.volume),
      volatility: year === null ? null : volatilityOf(year),
      premiumPercent: sale === null || !retailCents ? null : premiumPercent(sale.priceCents, retailCents),
    };
  }

  /**
   * The latest `limit` candles that start in `[fromMs, toMs)`, oldest first. Hourly ones exist for the last 32 days;
   * weekly ones start on Monday, 00:00 UTC.
   */
  candles(interval: CandleInterval, fromMs: number, toMs: number, limit: number): Candle[] {
    const buckets = interval === '1h' ? sorted(this.hours) : sorted(this.days);
    const candles = interval === '1w' ? weekly(buckets) : buckets;
    const wanted = candles.filter(({ start }) => start >= fromMs && start < toMs);
    return wanted
      .slice(Math.max(0, wanted.length - limit))
      .map(({ start, open, high, low, close, volume }) => ({ start, open, high, low, close, volume }));
  }

  /** The buckets that changed since the last call, to be stored under `(kind, start)`. */
  dirtyBuckets(): BucketRow[] {
    const rows = [...this.dirty].map((bucket) => ({ ...bucket }));
    this.dirty.clear();
    return rows;
  }

  /** Hourly rows that start before this are no longer read and may be deleted. */
  hourlyFromMs(): number {
    return this.latest === null
      ? Number.NEGATIVE_INFINITY
      : startOf(this.latest.atMs, HOUR_MS) - HOURLY_WINDOW_MS;
  }

  /**
   * Takes stored buckets back into empty statistics. With all sales of the last 72 hours the exact windows are exact
   * again at once; without them, once the sales from before the reload have left the window.
   */
  load(rows: Iterable<BucketRow>, recentSales: Iterable<TimedQuantity> | null = null): void {
    for (const row of rows) {
      (row.kind === 'h' ? this.hours : this.days).set(row.start, { ...row });
      this.noteLatest(row.close, row.closeAtMs);
    }
    this.dropOldHours();
    if (this.latest === null) return;
    this.recent = recentSales === null ? [] : [...recentSales];
    this.exactFromMs = recentSales === null ? this.latest.atMs + 1 : this.latest.atMs - EXACT_WINDOW_MS;
  }

  private noteLatest(priceCents: number, atMs: number): void {
    if (this.latest !== null && atMs < this.latest.atMs) return;
    const isNewHour = this.latest === null || startOf(atMs, HOUR_MS) > startOf(this.latest.atMs, HOUR_MS);
    this.latest = { priceCents, atMs };
    if (isNewHour) this.dropOldHours();
  }

  private addTo(
    buckets: Map<number, BucketRow>,
    kind: BucketRow['kind'],
    atMs: number,
    price: number,
    volume: number,
  ): void {
    const start = startOf(atMs, kind === 'h' ? HOUR_MS : DAY_MS);
    const sum = price * volume;
    const sale: BucketRow = {
      kind,
      start,
      open: price,
      high: price,
      low: price,
      close: price,
      volume,
      openAtMs: atMs,
      closeAtMs: atMs,
      sum,
      sumSquares: price * sum,
    };
    const bucket = buckets.get(start);
    const changed = bucket ?? sale;
    if (bucket === undefined) buckets.set(start, sale);
    else merge(bucket, sale);
    this.dirty.add(changed);
  }

  private dropOldHours(): void {
    const from = this.hourlyFromMs();
    for (const [start, bucket] of this.hours) {
      if (start >= from) continue;
      this.hours.delete(start);
      this.dirty.delete(bucket);
    }
  }

  private forgetOldSales(): void {
    const byTime = this.recent.sort((a, b) => a.atMs - b.atMs);
    const windowStart = this.latest!.atMs - EXACT_WINDOW_MS;
    // Half of the room is kept free, so that a busy book does not sort at every sale.
    const tooMany = byTime.length - MAX_EXACT_SALES / 2;
    const kept = byTime.filter(({ atMs }, index) => atMs >= windowStart && index >= tooMany);
    const lastForgotten = byTime[byTime.length - kept.length - 1];
    if (lastForgotten !== undefined) this.exactFromMs = Math.max(this.exactFromMs, lastForgotten.atMs + 1);
    this.recent = kept;
  }

  /** Units sold after `fromMs`. */
  private volumeSince(fromMs: number): number {
    const edgeHour = startOf(fromMs, HOUR_MS);
    const keptFromMs = this.latest === null ? fromMs : this.latest.atMs - EXACT_WINDOW_MS;
    const isExact = fromMs >= Math.max(this.exactFromMs, keptFromMs);
    let volume = 0;
    for (const [start, bucket] of this.hours) {
      if (start > edgeHour || (start === edgeHour && !isExact)) volume += bucket.volume;
    }
    if (!isExact) return volume;
    for (const { atMs, quantity } of this.recent) {
      if (atMs > fromMs && atMs < edgeHour + HOUR_MS) volume += quantity;
    }
    return volume;
  }

  private yearUntil(nowMs: number): BucketRow | null {
    const from = startOf(nowMs - YEAR_MS, DAY_MS);
    let year: BucketRow | null = null;
    for (const [start, bucket] of this.days) {
      if (start < from) continue;
      if (year === null) year = { ...bucket };
      else merge(year, bucket);
    }
    return year;
  }
}

export interface PriceHints {
  sellFasterCents: number | null;
  earnMoreCents: number | null;
}

/**
 * Two asks to suggest to a seller, both null while nobody asks. `earnMore` joins the lowest ask. `sellFaster` is first
 * in the queue at one tick below it, or sells at once to the best bid when that pays no less.
 */
export function priceHints(
  bestBidCents: number | null,
  lowestAskCents: number | null,
  tickCents: number,
): PriceHints {
  if (lowestAskCents === null) return { sellFasterCents: null, earnMoreCents: null };
  const undercut = lowestAskCents > tickCents ? lowestAskCents - tickCents : lowestAskCents;
  return { sellFasterCents: Math.max(undercut, bestBidCents ?? 0), earnMoreCents: lowestAskCents };
}

/** Adds the sales of one bucket to another. Of several sales at one time the first opens and the last closes. */
function merge(into: BucketRow, other: BucketRow): void {
  if (other.openAtMs < into.openAtMs) {
    into.open = other.open;
    into.openAtMs = other.openAtMs;
  }
  if (other.closeAtMs >= into.closeAtMs) {
    into.close = other.close;
    into.closeAtMs = other.closeAtMs;
  }
  into.high = Math.max(into.high, other.high);
  into.low = Math.min(into.low, other.low);
  into.volume += other.volume;
  into.sum += other.sum;
  into.sumSquares += other.sumSquares;
}

function weekly(days: readonly BucketRow[]): BucketRow[] {
  const weeks = new Map<number, BucketRow>();
  for (const day of days) {
    const start = startOf(day.start + MONDAY_OFFSET_MS, WEEK_MS) - MONDAY_OFFSET_MS;
    const week = weeks.get(start);
    if (week === undefined) weeks.set(start, { ...day, start });
    else merge(week, day);
  }
  return [...weeks.values()];
}

function sorted(buckets: Map<number, BucketRow>): BucketRow[] {
  return [...buckets.values()].sort((a, b) => a.start - b.start);
}

function startOf(atMs: number, lengthMs: number): number {
  return Math.floor(atMs / lengthMs) * lengthMs;
}

function volatilityOf({ sum, sumSquares, volume }: BucketRow): number {
  const mean = sum / volume;
  // Rounding can leave a tiny negative variance when all prices are the same.
  const variance = Math.max(0, sumSquares / volume - mean * mean);
  return Math.round((Math.sqrt(variance) / mean) * 10_000) / 10_000;
}

function premiumPercent(priceCents: number, retailCents: number): number {
  return Math.round(((priceCents - retailCents) * 1_000) / retailCents) / 10;
}
