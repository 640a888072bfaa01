import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BucketRow,
  type Candle,
  type CandleInterval,
  MarketStats,
  priceHints,
} from '../../../src/domain/market/market-data.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Wednesday, in the middle of an hour. */
const NOW = Date.UTC(2026, 10, 18, 12, 30);

interface TestSale {
  atMs: number;
  priceCents: number;
  quantity: number;
}

function statsOf(sales: readonly TestSale[]): MarketStats {
  const stats = new MarketStats();
  for (const { atMs, priceCents, quantity } of sales) stats.record(atMs, priceCents, quantity);
  return stats;
}

const sale = (agoMs: number, priceCents: number, quantity = 1): TestSale => ({
  atMs: NOW - agoMs,
  priceCents,
  quantity,
});

/** The start of the interval a time falls in, by the calendar rather than by division. */
function calendarStart(interval: CandleInterval, atMs: number): number {
  const date = new Date(atMs);
  if (interval === '1h') return date.setUTCMinutes(0, 0, 0);
  date.setUTCHours(0, 0, 0, 0);
  if (interval === '1w') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return date.getTime();
}

/** Candles straight from the sales; of several sales at one time the first recorded opens and the last closes. */
function naiveCandles(sales: readonly TestSale[], interval: CandleInterval): Candle[] {
  const groups = Map.groupBy(sales, ({ atMs }) => calendarStart(interval, atMs));
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([start, group]) => {
      const ordered = [...group].sort((a, b) => a.atMs - b.atMs);
      const prices = group.map(({ priceCents }) => priceCents);
      return {
        start,
        open: ordered[0]!.priceCents,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: ordered.at(-1)!.priceCents,
        volume: group.reduce((sum, { quantity }) => sum + quantity, 0),
      };
    });
}

function naiveSummary(sales: readonly TestSale[], retailCents: number) {
  const unitsSince = (fromMs: number) =>
    sales.filter(({ atMs }) => atMs > fromMs).reduce((sum, { quantity }) => sum + quantity, 0);
  const last = [...sales].sort((a, b) => a.atMs - b.atMs).at(-1)!;
  const yearStart = calendarStart('1d', NOW - 365 * DAY);
  const units = sales
    .filter(({ atMs }) => atMs >= yearStart)
    .flatMap(({ priceCents, quantity }) => Array<number>(quantity).fill(priceCents));
  const mean = units.reduce((sum, price) => sum + price, 0) / units.length;
  const variance = units.reduce((sum, price) => sum + (price - mean) ** 2, 0) / units.length;
  const hasYear = units.length > 0;
  return {
    lastSaleCents: last.priceCents,
    lastSaleAtMs: last.atMs,
    volume24h: unitsSince(NOW - 24 * HOUR),
    volume72h: unitsSince(NOW - 72 * HOUR),
    high52wCents: hasYear ? Math.max(...units) : null,
    low52wCents: hasYear ? Math.min(...units) : null,
    averageCents: hasYear ? Math.round(mean) : null,
    volatility: hasYear ? Math.round((Math.sqrt(variance) / mean) * 10_000) / 10_000 : null,
    premiumPercent: Math.round(((last.priceCents - retailCents) / retailCents) * 1_000) / 10,
  };
}

/** Sales of any age up to 500 days, half of them of the last four days so that the short windows are busy. */
const salesInAnyOrder = fc.array(
  fc.record({
    atMs: fc
      .oneof(fc.integer({ min: 0, max: 4 * DAY }), fc.integer({ min: 0, max: 500 * DAY }))
      .map((ago) => NOW - ago),
    priceCents: fc.integer({ min: 100, max: 50_000 }).map((units) => units * 100),
    quantity: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 80 },
);

describe('against a recomputation from the sales themselves', () => {
  test('summary and candles agree, in whatever order the sales come', () => {
    fc.assert(
      fc.property(salesInAnyOrder, (sales) => {
        const stats = statsOf(sales);
        expect(stats.summary(NOW, 20_000)).toMatchObject(naiveSummary(sales, 20_000));
        expect(stats.candles('1d', 0, NOW + 1, 1_000)).toEqual(naiveCandles(sales, '1d'));
        expect(stats.candles('1w', 0, NOW + 1, 1_000)).toEqual(naiveCandles(sales, '1w'));
        const hourly = naiveCandles(sales, '1h').filter(({ start }) => start >= stats.hourlyFromMs());
        expect(stats.candles('1h', 0, NOW + 1, 10_000)).toEqual(hourly);
      }),
      { numRuns: 300 },
    );
  });

  test('a reload from the rows stored bit by bit changes nothing', () => {
    fc.assert(
      fc.property(salesInAnyOrder, fc.nat(80), (sales, cut) => {
        const stored = new Map<string, BucketRow>();
        const stats = new MarketStats();
        for (const [index, { atMs, priceCents, quantity }] of sales.entries()) {
          stats.record(atMs, priceCents, quantity);
          if (index === cut || index === sales.length - 1) {
            for (const row of stats.dirtyBuckets()) stored.set(`${row.kind}${row.start}`, row);
          }
        }
        const reloaded = new MarketStats();
        reloaded.load(
          stored.values(),
          sales.filter(({ atMs }) => atMs > NOW - 90 * HOUR),
        );
        expect(reloaded.summary(NOW, 20_000)).toEqual(stats.summary(NOW, 20_000));
        for (const interval of ['1h', '1d', '1w'] as const) {
          expect(reloaded.candles(interval, 0, NOW, 10_000)).toEqual(stats.candles(interval, 0, NOW, 10_000));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('windows', () => {
  test('a book without sales has no figures and no volume', () => {
    expect(new MarketStats().summary(NOW, 20_000)).toEqual({
      lastSaleCents: null,
      lastSaleAtMs: null,
      volume24h: 0,
      volume72h: 0,
      volume30d: 0,
      high52wCents: null,
      low52wCents: null,
      averageCents: null,
      volatility: null,
      premiumPercent: null,
    });
  });

  test('24 hours end to the millisecond, 30 days to the hour', () => {
    const sales = [
      sale(24 * HOUR, 100, 1),
      sale(24 * HOUR - 1, 100, 2),
      sale(30 * DAY + 29 * MINUTE, 100, 4),
    ];
    const stats = statsOf([...sales, sale(30 * DAY + 31 * MINUTE, 100, 8), sale(0, 100, 16)]);
    expect(stats.summary(NOW, null)).toMatchObject({ volume24h: 18, volume72h: 19, volume30d: 23 });
  });

  test('a reload without the recent sales counts the first hour of a window whole', () => {
    const stats = statsOf([
      sale(24 * HOUR + MINUTE, 100, 1),
      sale(24 * HOUR - MINUTE, 100, 2),
      sale(0, 100, 4),
    ]);
    const reloaded = new MarketStats();
    reloaded.load(stats.dirtyBuckets());
    expect(stats.summary(NOW, null).volume24h).toBe(6);
    expect(reloaded.summary(NOW, null).volume24h).toBe(7);
    expect(reloaded.summary(NOW + 24 * HOUR + 1, null).volume24h).toBe(0);
  });

  test('more sales than are kept one by one lose no volume', () => {
    const stats = new MarketStats();
    for (let index = 0; index < 12_000; index += 1) stats.record(NOW - 12_000 + index, 100, 1);
    expect(stats.summary(NOW, null).volume24h).toBe(12_000);
    // Only the hour is known of the oldest of them; it counts whole until it has passed.
    expect(stats.summary(NOW - 12_000 + 24 * HOUR, null).volume24h).toBe(12_000);
    expect(stats.summary(NOW - 1 + 24 * HOUR, null).volume24h).toBe(0);
  });

  test('hours older than 32 days are dropped and never stored again', () => {
    const stats = statsOf([sale(40 * DAY, 100)]);
    stats.dirtyBuckets();
    stats.record(NOW, 200, 1);
    stats.record(NOW - 40 * DAY, 300, 1);
    expect(stats.candles('1h', 0, NOW, 10)).toHaveLength(1);
    expect(stats.dirtyBuckets().map(({ kind, high }) => [kind, high])).toEqual([
      ['d', 200],
      ['h', 200],
      ['d', 300],
    ]);
    expect(stats.dirtyBuckets()).toEqual([]);
  });

  test('candles keep to the range and to the latest of the limit', () => {
    const stats = statsOf([sale(3 * DAY, 100), sale(2 * DAY, 200), sale(DAY, 300), sale(0, 400)]);
    const today = calendarStart('1d', NOW);
    const closes = (candles: Candle[]) => candles.map(({ close }) => close);
    expect(closes(stats.candles('1d', 0, NOW, 2))).toEqual([300, 400]);
    expect(closes(stats.candles('1d', today - 2 * DAY, today, 9))).toEqual([200, 300]);
    expect(stats.candles('1d', 0, NOW, 0)).toEqual([]);
  });

  test('the last sale is the latest by time, not the last recorded', () => {
    const stats = statsOf([sale(HOUR, 25_000), sale(2 * HOUR, 99_000)]);
    expect(stats.lastSale).toEqual({ priceCents: 25_000, atMs: NOW - HOUR });
    expect(stats.summary(NOW, 16_000).premiumPercent).toBe(56.3);
  });
});

describe('price hints', () => {
  test.each([
    { bid: 20_000, ask: 22_000, tick: 100, faster: 21_900, more: 22_000 },
    { bid: null, ask: 22_000, tick: 100, faster: 21_900, more: 22_000 },
    { bid: 21_950, ask: 22_000, tick: 100, faster: 21_950, more: 22_000 },
    { bid: null, ask: 100, tick: 100, faster: 100, more: 100 },
    { bid: 20_000, ask: null, tick: 100, faster: null, more: null },
  ])('bid $bid, ask $ask, tick $tick', ({ bid, ask, tick, faster, more }) => {
    expect(priceHints(bid, ask, tick)).toEqual({ sellFasterCents: faster, earnMoreCents: more });
  });
});
