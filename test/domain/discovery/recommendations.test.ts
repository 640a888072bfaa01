import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  GUESSES,
  measureRecommendations,
  readPurchases,
} from '../../../scripts/support/recommendation-measure.ts';

const SALES = join(
  import.meta.dirname,
  '../../../../shared/data/stockx-2019/sales-2017-09-to-2018-12.csv.gz',
);
const FROM_DAY = Date.parse('2018-10-01') / (24 * 3_600_000);

describe.skipIf(!existsSync(SALES))('recommendations on held-back sales', () => {
  it('guess what is bought next more often than any popularity does', async () => {
    const { sales, hitRates } = measureRecommendations(await readPurchases(SALES), FROM_DAY);
    expect(sales).toBe(32_492);
    const { recommended, ...popular } = hitRates;
    for (const [way, rates] of Object.entries(popular)) {
      GUESSES.forEach((k, index) => {
        expect(recommended[index], `${way}, first ${k}`).toBeGreaterThan(rates[index]!);
      });
    }
  });
});
