/**
 * (j) Search over a large catalogue: what people type, from rare words to ones that a fifth of all products has, asked
 * one after the other. Products are written straight into the database, where the triggers index them.
 */
import { seededRandom } from '../scripts/demo/random.ts';
import { type Bourse, startBourse } from './support/bourse.ts';
import type { Bench } from './support/context.ts';
import { type Line, quantile } from './support/measure.ts';

const PRODUCTS = 100_000;
const ROWS_AT_ONCE = 5_000;
const ASKED = 300;
const WARM_UP = 30;
/** In milliseconds, of the answer as its reader waits for it. */
const WANTED_P95_MS = 50;

const BRANDS = ['Nike', 'Adidas', 'Jordan', 'Asics', 'Puma', 'New Balance', 'Reebok', 'Vans'];
const MODELS = ['Air Max', 'Yeezy Boost', 'Retro High', 'Gel Lyte', 'Suede Classic', 'Dunk Low', 'Ultra Run'];
const COLOURS = ['Bred', 'Chicago', 'Zebra', 'Triple White', 'Sail', 'Navy', 'Pine Green', 'University Blue'];
const CATEGORIES = ['basketball', 'running', 'lifestyle', 'skate'];

/** A catalogue whose words are as unevenly spread as in a real one: a few everywhere, thousands hardly ever. */
function catalogue(count: number): Record<string, unknown>[] {
  const random = seededRandom('search bench');
  const pick = (values: readonly string[]) => values[Math.floor(random.uniform() ** 2 * values.length)]!;
  return Array.from({ length: count }, (_, index) => {
    const brand = pick(BRANDS);
    const model = `${pick(MODELS)} ${Math.floor(random.uniform() * 400)}`;
    const edition = `Edition${Math.floor(random.uniform() * 20_000).toString(36)}`;
    return {
      id: `prd_bench${String(index).padStart(11, '0')}`,
      sku: `BENCH-${index}`,
      name: `${brand} ${model} ${edition}`,
      brand,
      model,
      colorway: pick(COLOURS),
      category: pick(CATEGORIES),
      retail: 5_000 + Math.floor(random.uniform() * 40_000),
      hidden: index % 500 === 0 ? 1 : 0,
      createdAt: 1_500_000_000_000 + index,
    };
  });
}

const INSERT = `
INSERT INTO products (id, sku, sku_key, name, brand, brand_key, model, colorway, category, category_key, description,
  release_date, retail_price_cents, currency, featured, hidden, version, created_at, updated_at)
SELECT value ->> 'id', value ->> 'sku', lower(value ->> 'sku'), value ->> 'name', value ->> 'brand', lower(value ->> 'brand'),
  value ->> 'model', value ->> 'colorway', value ->> 'category', lower(value ->> 'category'), '', NULL, value ->> 'retail',
  'USD', 0, value ->> 'hidden', 1, value ->> 'createdAt', value ->> 'createdAt'
FROM json_each(?)`;

async function fill(bench: Bench, { miniflare }: Bourse): Promise<void> {
  const database = await miniflare.getD1Database('DB');
  const startedMs = performance.now();
  const rows = catalogue(PRODUCTS);
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE)
    await database
      .prepare(INSERT)
      .bind(JSON.stringify(rows.slice(start, start + ROWS_AT_ONCE)))
      .run();
  const seconds = (performance.now() - startedMs) / 1_000;
  bench.say(`  ${PRODUCTS.toLocaleString('en')} products indexed in ${seconds.toFixed(0)} s`);
}

/** What is typed: mostly a brand and a model, sometimes one common word, a colour, or an edition that few know. */
function typedWords(count: number): string[] {
  const random = seededRandom('searchers');
  const pick = (values: readonly string[]) => values[Math.floor(random.uniform() * values.length)]!;
  return Array.from({ length: count }, () => {
    const kind = random.uniform();
    if (kind < 0.4) return `${pick(BRANDS)} ${pick(MODELS)}`;
    if (kind < 0.6) return pick(MODELS);
    if (kind < 0.75) return pick(BRANDS);
    if (kind < 0.9) return `${pick(COLOURS)} ${pick(MODELS).slice(0, 4)}`;
    return `Edition${Math.floor(random.uniform() * 20_000).toString(36)}`;
  });
}

async function ask(url: string): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text}`);
  return performance.now() - startedMs;
}

export async function measureSearch(bench: Bench): Promise<Line[]> {
  const bourse = await startBourse(bench.script, bench.directory('search'));
  try {
    await fill(bench, bourse);
    const typed = typedWords(ASKED + WARM_UP).map(encodeURIComponent);
    const routes = {
      'a page of products with facets': (q: string) => `${bourse.url}/api/v1/products/search?q=${q}`,
      'products and listings at once': (q: string) => `${bourse.url}/api/v1/search?q=${q}`,
      suggestions: (q: string) => `${bourse.url}/api/v1/search/suggestions?q=${q}`,
    };
    const lines: Line[] = [];
    for (const [what, address] of Object.entries(routes)) {
      const times: number[] = [];
      for (const q of typed) times.push(await ask(address(q)));
      const sorted = times.slice(WARM_UP).sort((a, b) => a - b);
      lines.push({
        what: `(j) ${what}, among ${PRODUCTS.toLocaleString('en')} products, p95`,
        figures: `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms`,
        value: quantile(sorted, 0.95),
        unit: 'ms',
        threshold: { atMost: WANTED_P95_MS },
      });
    }
    return lines;
  } finally {
    await bourse.stop();
  }
}
