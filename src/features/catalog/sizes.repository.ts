import { and, asc, eq, gt, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { inventoryTransactions, products, sizes } from '../../db/schema.ts';
import type { Stock } from '../../domain/catalog/inventory.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type MovementEntry, type MovementRow, stockStatements } from './stock.statements.ts';

export type SizeRow = typeof sizes.$inferSelect;
export type { MovementRow };

/** A size with what it takes from its product. */
export interface SizeOfProduct {
  size: SizeRow;
  currency: string;
  hidden: boolean;
}

export async function findSize(db: Db, id: string): Promise<SizeOfProduct | undefined> {
  const [row] = await db
    .select({ size: sizes, currency: products.currency, hidden: products.hidden })
    .from(sizes)
    .innerJoin(products, eq(products.id, sizes.productId))
    .where(eq(sizes.id, id));
  return row;
}

export async function sizesOf(db: Db, productId: string, onlyAvailable = false): Promise<SizeRow[]> {
  return db
    .select()
    .from(sizes)
    .where(
      and(eq(sizes.productId, productId), onlyAvailable ? gt(sizes.quantity, sizes.reserved) : undefined),
    )
    .orderBy(asc(sizes.sortOrder), asc(sizes.labelKey));
}

/** Writes a size and, when it starts with stock, the audit row that says so. A null sort order means last. */
export async function insertSize(
  db: Db,
  row: Omit<SizeRow, 'sortOrder'>,
  sortOrder: number | null,
  opening: MovementRow | null,
  more: readonly Statement[],
): Promise<void> {
  const last = sql<number>`(select coalesce(max(sort_order) + 1, 0) from sizes where product_id = ${row.productId})`;
  const insert = db.insert(sizes).values({ ...row, sortOrder: sortOrder ?? last });
  const movement = opening === null ? [] : [db.insert(inventoryTransactions).values(opening)];
  await db.batch([insert, ...movement, ...more]);
}

/** Changes the version that was read, or fails as stale (`isStale`). */
export async function updateSize(
  db: Db,
  id: string,
  version: number,
  changes: Partial<Pick<SizeRow, 'tickCents' | 'sortOrder' | 'configVersion' | 'updatedAt'>>,
  trace: Statement,
): Promise<void> {
  await db.batch([
    db
      .update(sizes)
      .set({ ...changes, version: version + 1 })
      .where(and(eq(sizes.id, id), eq(sizes.version, version))),
    db.run(sql.raw(GUARD_SQL)),
    trace,
  ]);
}

/** Moves stock and writes the audit row in one transaction; fails as stale (`isStale`) when it does not fit. */
export async function moveStock(db: Db, change: Stock, entry: MovementEntry): Promise<MovementRow> {
  const [, , [movement]] = await db.batch(stockStatements(db, change, entry));
  return movement!;
}

/** Time and table row of the last movement of the page before; the table row keeps the order within a millisecond. */
export type MovementKey = [createdAt: number, row: number];

/** Up to `limit` movements of a size, newest first, after `key`. */
export async function listMovements(
  db: Db,
  sizeId: string,
  key: MovementKey | null,
  limit: number,
): Promise<{ movement: MovementRow; row: number }[]> {
  const row = sql<number>`inventory_transactions.rowid`;
  const { createdAt } = inventoryTransactions;
  return db
    .select({ movement: inventoryTransactions, row })
    .from(inventoryTransactions)
    .where(
      and(
        eq(inventoryTransactions.sizeId, sizeId),
        key === null ? undefined : sql`(${createdAt}, ${row}) < (${key[0]}, ${key[1]})`,
      ),
    )
    .orderBy(sql`${createdAt} desc`, sql`${row} desc`)
    .limit(limit);
}
