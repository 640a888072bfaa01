/** (h) Recommendations guess held-back real sales, beside popularity, where the recorded sales are present. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GUESSES, measureRecommendations, readPurchases } from '../scripts/support/recommendation-measure.ts';
import type { Bench } from './support/context.ts';
import type { Line } from './support/measure.ts';
import { PROJECT } from './support/workerd.ts';

const SALES = join(PROJECT, '../shared/data/stockx-2019/sales-2017-09-to-2018-12.csv.gz');
const FROM = '2018-10-01';

export async function measureGuesses(bench: Bench): Promise<Line[]> {
  if (!existsSync(SALES)) {
    bench.say('There are no recorded sales beside the project: recommendations are not measured.');
    return [];
  }
  const { sales, hitRates } = measureRecommendations(
    await readPurchases(SALES),
    Date.parse(FROM) / (24 * 3_600_000),
  );
  const { recommended, ...popular } = hitRates;
  return Object.entries(popular).flatMap(([way, rates]) =>
    GUESSES.map(
      (k, index): Line => ({
        what: `(h) ${sales} sales since ${FROM} guessed within ${k}, against what was ${way}`,
        figures: `${(100 * recommended[index]!).toFixed(2)} % / ${(100 * rates[index]!).toFixed(2)} %`,
        value: recommended[index]! / rates[index]!,
        unit: 'x',
        threshold: { atLeast: 1 },
      }),
    ),
  );
}
