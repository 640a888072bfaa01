import { describe, expect, it } from 'vitest';
import { Figures, houseSummary, sellerSummary } from '../../src/domain/analytics/figures.ts';
import { periodsDue, startOf } from '../../src/domain/analytics/period.ts';
import { DAY_MS, HOUR_MS } from '../../src/domain/time.ts';

describe('figures', () => {
  it('add up by key, and over all keys', () => {
    const figures = new Figures();
    figures.add('gmv_cents', 'USD', 22_000);
    figures.add('gmv_cents', 'AED', 45_000);
    figures.add('gmv_cents', 'USD', 1_000);
    figures.add('fees_cents', 'USD', 2_070);
    expect(figures.byKey('gmv_cents')).toEqual({ AED: 45_000, USD: 23_000 });
    expect(figures.count('gmv_cents')).toBe(68_000);
    expect(figures.bpsByKey('fees_cents', 'gmv_cents')).toEqual({ AED: 0, USD: 900 });
  });

  it('give ratios of their sums, and none of nothing', () => {
    const nothing = houseSummary(new Figures());
    expect(nothing).toMatchObject({
      fill_rate_bps: null,
      time_to_fill_ms: null,
      spread_bps: null,
      gmv_cents: {},
    });
    const figures = new Figures();
    for (const [metric, value] of [
      ['book_orders_closed', 8],
      ['book_orders_filled', 3],
      ['book_orders_expired', 1],
      ['time_to_fill_ms', 1_001],
      ['spread_books', 4],
      ['spread_bps_sum', 1_000],
    ] as const)
      figures.add(metric, '', value);
    expect(houseSummary(figures)).toMatchObject({
      fill_rate_bps: 3_750,
      expiry_rate_bps: 1_250,
      time_to_fill_ms: 334,
      spread_bps: 250,
    });
  });

  it('of a seller tell the average order by currency and the discount of what was haggled over', () => {
    const figures = new Figures();
    figures.add('sales', 'USD', 3);
    figures.add('revenue_cents', 'USD', 10_000);
    figures.add('offers_accepted', '', 2);
    figures.add('accepted_rounds', '', 5);
    figures.add('accepted_list_cents', '', 20_000);
    figures.add('discount_cents', '', 3_000);
    expect(sellerSummary(figures)).toMatchObject({
      average_order_cents: { USD: 3_333 },
      negotiation_rounds: 2.5,
      discount_bps: 1_500,
      conversion_bps: null,
    });
  });
});

describe('the periods to bring up to date', () => {
  const NOW = 50 * DAY_MS + 5 * HOUR_MS + 123;

  it('are the running one and the one before it at first', () => {
    expect(periodsDue('hour', null, NOW)).toEqual([NOW - 123 - HOUR_MS, NOW - 123]);
    expect(periodsDue('day', null, NOW)).toEqual([49 * DAY_MS, 50 * DAY_MS]);
  });

  it('are those since the one that the last run left unfinished', () => {
    expect(periodsDue('hour', NOW - 1, NOW)).toEqual([startOf('hour', NOW)]);
    expect(periodsDue('hour', NOW - HOUR_MS, NOW)).toEqual([
      startOf('hour', NOW) - HOUR_MS,
      startOf('hour', NOW),
    ]);
    expect(periodsDue('hour', NOW + HOUR_MS, NOW)).toEqual([startOf('hour', NOW)]);
  });

  it('are not all at once after a long silence, the oldest first', () => {
    const due = periodsDue('day', 0, NOW);
    expect(due).toEqual([0, 1, 2, 3, 4, 5, 6].map((day) => day * DAY_MS));
  });
});
