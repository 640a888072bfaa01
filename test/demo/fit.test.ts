import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Comparison, compare, simulateRuns, toCohort } from '../../scripts/demo/fit.ts';
import { MARKET_PARAMETERS } from '../../scripts/demo/parameters.ts';
import { readSales } from '../../scripts/support/sales-file.ts';

const SALES = '../shared/data/stockx-2019/sales-2017-09-to-2018-12.csv.gz';
const present = existsSync(SALES);
if (!present) console.warn(`skipped: the comparison with recorded sales needs ${SALES}`);

/** How far the mean of the simulated runs may be from the real value; the table is in docs/demo-market.md. */
const BOUNDS: ReadonlyArray<{ name: RegExp; relative?: number; absolute?: number }> = [
  { name: /^Sales$/, relative: 0.05 },
  { name: /^ln premium of a model in its first month/, absolute: 0.1 },
  { name: /standard deviation over models$/, relative: 0.2 },
  { name: /^Price against the first month/, absolute: 0.12 },
  { name: /^Drift of a model/, relative: 0.2 },
  { name: /^Change from week to week/, relative: 0.15 },
  { name: /^Noise within model and week/, relative: 0.1 },
  { name: /^Sales per day against the first month/, relative: 0.2 },
  { name: /^Correlation of premium and activity/, absolute: 0.2 },
  { name: /^Unevenness of the days/, relative: 0.25 },
  { name: /^Sales in size/, absolute: 0.01 },
  { name: /^Size effect/, relative: 0.15 },
];

describe.skipIf(!present)('the simulator against recorded sales', async () => {
  const cohort = present ? toCohort(await readSales(SALES)) : null;
  const rows = cohort ? compare(cohort.real, simulateRuns(cohort, MARKET_PARAMETERS, 'comparison')) : [];

  it.each(rows.map((row): [string, Comparison] => [row.name, row]))('%s', (name, row) => {
    const bound = BOUNDS.find((candidate) => candidate.name.test(name));
    if (!bound) throw new Error(`no bound is stated for "${name}"`);
    const distance = Math.abs(row.simulated - row.real);
    expect(distance).toBeLessThanOrEqual(bound.absolute ?? bound.relative! * Math.abs(row.real));
  });
});
