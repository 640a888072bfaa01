import { and, asc, desc, eq, gte, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { products, sizes } from '../../db/schema.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { ProductSort, ProductsQuery } from './catalog.schemas.ts';

export type ProductRow = typeof products.$inferSelect;
export type NewProductRow = Omit<ProductRow, 'row'>;

/** What letters of either case have in common: how SKUs, brands, categories and size labels are compared. */
export const matchKey = (text: string): string => text.toLowerCase();

export async function findProduct(db: Db, id: string): Promise<ProductRow | undefined> {
  const [row] = await db.select().from(products).where(eq(products.id, id));
  return row;
}

export async function insertProduct(db: Db, row: NewProductRow, more: readonly Statement[]): Promise<void> {
  await db.batch([db.insert(products).values(row), ...more]);
}

/**
 * Changes the version that was read, or fails as stale (`isStale`). With `booksChange`, the configuration version of
 * its sizes rises in the same transaction, so that no book can stay behind unnoticed.
 */
export async function updateProduct(
  db: Db,
  id: string,
  version: number,
  changes: Partial<NewProductRow>,
  booksChange: boolean,
  more: readonly Statement[] = [],
): Promise<void> {
  const raiseBooks = db
    .update(sizes)
    .set({ configVersion: sql`${sizes.configVersion} + 1` })
    .where(eq(sizes.productId, id));
  await db.batch([
    db
      .update(products)
      .set({ ...changes, version: version + 1 })
      .where(and(eq(products.id, id), eq(products.version, version))),
    db.run(sql.raw(GUARD_SQL)),
    ...(booksChange ? [raiseBooks] : []),
    ...more,
  ]);
}

/** The last row of the page before: the value that the list is sorted by, and its id. */
export type ProductKey = [value: string | number | null, id: string];

const ORDERS: Record<
  ProductSort,
  { by: SQL; direction: 'asc' | 'desc'; value: (row: ProductRow) => ProductKey[0] }
> = {
  newest: { by: sql`${products.createdAt}`, direction: 'desc', value: (row) => row.createdAt },
  oldest: { by: sql`${products.createdAt}`, direction: 'asc', value: (row) => row.createdAt },
  price_asc: {
    by: sql`${products.retailPriceCents}`,
    direction: 'asc',
    value: (row) => row.retailPriceCents,
  },
  price_desc: {
    by: sql`${products.retailPriceCents}`,
    direction: 'desc',
    value: (row) => row.retailPriceCents,
  },
  release_desc: { by: sql`${products.releaseDate}`, direction: 'desc', value: (row) => row.releaseDate },
  name: { by: sql`${products.name} collate nocase`, direction: 'asc', value: (row) => row.name },
};

/** A product without a release date comes last, which is where SQLite sorts null in descending order. */
function after(sort: ProductSort, [value, id]: ProductKey): SQL | undefined {
  const { by, direction } = ORDERS[sort];
  if (value === null) return and(isNull(by), sql`${products.id} < ${id}`);
  if (direction === 'asc') return sql`(${by}, ${products.id}) > (${value}, ${id})`;
  const later = sql`(${by}, ${products.id}) < (${value}, ${id})`;
  return sort === 'release_desc' ? or(later, isNull(by)) : later;
}

/** Whether the product has a size of this label. */
export function hasSize(label: string): SQL {
  return sql`exists (select 1 from ${sizes} where ${sizes.productId} = ${products.id} and ${sizes.labelKey} = ${matchKey(label)})`;
}

/** Up to `limit` products after `key`. Hidden ones are left out unless `withHidden`. */
export async function listProducts(
  db: Db,
  query: Omit<ProductsQuery, 'cursor' | 'hidden'>,
  key: ProductKey | null,
  withHidden: boolean,
): Promise<ProductRow[]> {
  const { by, direction } = ORDERS[query.sort];
  const order = direction === 'asc' ? asc : desc;
  return db
    .select()
    .from(products)
    .where(
      and(
        withHidden ? undefined : eq(products.hidden, false),
        query.brand === undefined ? undefined : eq(products.brandKey, matchKey(query.brand)),
        query.category === undefined ? undefined : eq(products.categoryKey, matchKey(query.category)),
        query.sku === undefined ? undefined : eq(products.skuKey, matchKey(query.sku)),
        query.size === undefined ? undefined : hasSize(query.size),
        query.min_price_cents === undefined
          ? undefined
          : gte(products.retailPriceCents, query.min_price_cents),
        query.max_price_cents === undefined
          ? undefined
          : lte(products.retailPriceCents, query.max_price_cents),
        query.released_after === undefined ? undefined : gte(products.releaseDate, query.released_after),
        query.released_before === undefined ? undefined : lte(products.releaseDate, query.released_before),
        query.featured === undefined ? undefined : eq(products.featured, query.featured === 'true'),
        key === null ? undefined : after(query.sort, key),
      ),
    )
    .orderBy(order(by), order(products.id))
    .limit(query.limit);
}

/** The cursor key of a row in a list sorted so. */
export function productKey(sort: ProductSort, row: ProductRow): ProductKey {
  return [ORDERS[sort].value(row), row.id];
}
