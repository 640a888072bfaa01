import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Db } from '../../db/client.ts';
import { products } from '../../db/schema.ts';
import { matchKey, type ProductRow } from './products.repository.ts';

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

/** More values than this help nobody to choose. */
const MAX_FACETS = 50;

/**
 * Hits of the full-text index: a word in the name counts most, then model, brand, SKU and colourway (SN-11). The
 * `limit -1` keeps the planner from folding the subquery into its surroundings, where bm25 cannot be called.
 */
const hits = (expression: string) => sql`(
  select rowid as hit, bm25(product_search, 10, 6, 4, 3, 2) as score
  from product_search where product_search match ${expression} limit -1
) as hits`;

/** One page of hits, best first, with the counts by brand and by category: one round trip, one state of the database. */
export async function searchProducts(
  db: Db,
  expression: string,
  filter: { brand: string | undefined; category: string | undefined },
  key: HitKey | null,
  limit: number,
): Promise<{ hits: SearchHit[]; brands: Facet[]; categories: Facet[] }> {
  const visible = eq(products.hidden, false);
  const ofBrand = filter.brand === undefined ? undefined : eq(products.brandKey, matchKey(filter.brand));
  const ofCategory =
    filter.category === undefined ? undefined : eq(products.categoryKey, matchKey(filter.category));
  const joined = sql`hits.hit = ${products.row}`;
  const score = sql<number>`hits.score`;

  const facet = (value: SQLiteColumn, groupedBy: SQLiteColumn, chosen: SQL | undefined) =>
    db
      .select({ value: sql<string>`min(${value})`, count: sql<number>`count(*)` })
      .from(products)
      .innerJoin(hits(expression), joined)
      .where(and(visible, chosen))
      .groupBy(groupedBy)
      .orderBy(sql`count(*) desc`, groupedBy)
      .limit(MAX_FACETS);

  const [page, brands, categories] = await db.batch([
    db
      .select({ product: getTableColumns(products), score: score.as('score') })
      .from(products)
      .innerJoin(hits(expression), joined)
      .where(
        and(
          visible,
          ofBrand,
          ofCategory,
          key === null ? undefined : sql`(${score}, ${products.row}) > (${key[0]}, ${key[1]})`,
        ),
      )
      .orderBy(score, products.row)
      .limit(limit),
    facet(products.brand, products.brandKey, ofCategory),
    facet(products.category, products.categoryKey, ofBrand),
  ]);
  return { hits: page, brands, categories };
}
