import { and, eq, getTableColumns, gte, lte, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { products } from '../../db/schema.ts';
import { hasSize, matchKey, type ProductRow } from './products.repository.ts';

export interface SearchHit {
  product: ProductRow;
  /** Lower is better. */
  score: number;
}

export interface Facet {
  value: string;
  count: number;
}

/** Score and row of the last hit of the page before. */
export type HitKey = [score: number, row: number];

export interface SearchFilter {
  brand?: string | undefined;
  category?: string | undefined;
  /** The label of a size that there must be. */
  size?: string | undefined;
  /** Retail price, inclusive. */
  minPriceCents?: number | undefined;
  maxPriceCents?: number | undefined;
}

/** More values than this help nobody to choose. */
const MAX_FACETS = 50;

const IN_INDEX = sql`product_search match`;
/** A word in the name counts most, then model, brand, SKU and colourway (SN-11). */
const SCORE = sql`bm25(product_search, 10, 6, 4, 3, 2)`;
const hiddenProducts = sql`(select count(*) from ${products} where hidden = 1)`;
const visible = eq(products.hidden, false);

/** Whatever brand or category is chosen: the facets count within these alone. */
const narrowed = ({ size, minPriceCents, maxPriceCents }: SearchFilter): SQL | undefined =>
  and(
    size === undefined ? undefined : hasSize(size),
    minPriceCents === undefined ? undefined : gte(products.retailPriceCents, minPriceCents),
    maxPriceCents === undefined ? undefined : lte(products.retailPriceCents, maxPriceCents),
  );

const chosen = (filter: SearchFilter): SQL | undefined =>
  and(
    filter.brand === undefined ? undefined : eq(products.brandKey, matchKey(filter.brand)),
    filter.category === undefined ? undefined : eq(products.categoryKey, matchKey(filter.category)),
    narrowed(filter),
  );

/**
 * The best hits after `key`. Without a filter the page is cut inside the index, so that only its own products are read:
 * `limit` more than there are hidden products is enough, whichever of them match. With a filter every hit is looked up.
 */
function pageOfHits(db: Db, expression: string, filter: SearchFilter, key: HitKey | null, limit: number) {
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const after = key === null ? sql`true` : sql`(${SCORE}, rowid) > (${key[0]}, ${key[1]})`;
  const inside = sql`(
    select rowid as hit, ${SCORE} as score from product_search
    where ${IN_INDEX} ${expression} and ${after}
    ${isFiltered ? sql`limit -1` : sql`order by score, rowid limit ${limit} + ${hiddenProducts}`}
  ) as hits`;
  const score = sql<number>`hits.score`;
  return db
    .select({ product: getTableColumns(products), score: score.as('score') })
    .from(products)
    .innerJoin(inside, sql`hits.hit = ${products.row}`)
    .where(and(visible, chosen(filter)))
    .orderBy(score, products.row)
    .limit(limit);
}

interface Combination {
  brandKey: string;
  categoryKey: string;
  brand: string;
  category: string;
  count: number;
}

/** Facets of a search that more products match are those of the newest so many: enough to choose by. */
const COUNTED_HITS = 10_000;

/** Hits by brand and category at once: both facets are sums of it. */
const countCombinations = (db: Db, expression: string, filter: SearchFilter) =>
  db
    .select({
      brandKey: products.brandKey,
      categoryKey: products.categoryKey,
      brand: sql<string>`min(${products.brand})`,
      category: sql<string>`min(${products.category})`,
      count: sql<number>`count(*)`,
    })
    .from(products)
    .innerJoin(
      sql`(select rowid as hit from product_search where ${IN_INDEX} ${expression} order by rowid desc limit ${COUNTED_HITS}) as hits`,
      sql`hits.hit = ${products.row}`,
    )
    .where(and(visible, narrowed(filter)))
    .groupBy(products.brandKey, products.categoryKey);

function facet(
  combinations: readonly Combination[],
  by: 'brand' | 'category',
  isCounted: (combination: Combination) => boolean,
): Facet[] {
  const sums = new Map<string, Facet>();
  for (const combination of combinations.filter(isCounted)) {
    const key = combination[`${by}Key`];
    const sum = sums.get(key);
    if (!sum) sums.set(key, { value: combination[by], count: combination.count });
    else {
      sum.count += combination.count;
      if (combination[by] < sum.value) sum.value = combination[by];
    }
  }
  return [...sums]
    .sort(([a, { count: countA }], [b, { count: countB }]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, MAX_FACETS)
    .map(([, sum]) => sum);
}

/** One page of hits, best first, with the counts by brand and by category: one round trip, one state of the database. */
export async function searchProducts(
  db: Db,
  expression: string,
  filter: SearchFilter,
  key: HitKey | null,
  limit: number,
): Promise<{ hits: SearchHit[]; brands: Facet[]; categories: Facet[] }> {
  const [hits, combinations] = await db.batch([
    pageOfHits(db, expression, filter, key, limit),
    countCombinations(db, expression, filter),
  ]);
  const isOf = (key: 'brand' | 'category') => {
    const wanted = filter[key];
    return wanted === undefined
      ? () => true
      : (combination: Combination) => combination[`${key}Key`] === matchKey(wanted);
  };
  return {
    hits,
    brands: facet(combinations, 'brand', isOf('category')),
    categories: facet(combinations, 'category', isOf('brand')),
  };
}

/** How many of the visible products that came after `row` match, at most `limit`. */
export async function countNewProducts(
  db: Db,
  expression: string,
  filter: SearchFilter,
  row: number,
  limit: number,
): Promise<number> {
  const found = await db
    .select({ row: products.row })
    .from(products)
    .innerJoin(
      sql`(select rowid as hit from product_search where ${IN_INDEX} ${expression} and rowid > ${row} limit -1) as hits`,
      sql`hits.hit = ${products.row}`,
    )
    .where(and(visible, chosen(filter)))
    .limit(limit);
  return found.length;
}
