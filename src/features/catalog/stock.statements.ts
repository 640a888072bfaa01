import { and, eq, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { inventoryTransactions, sizes } from '../../db/schema.ts';
import type { Stock } from '../../domain/catalog/inventory.ts';

export type MovementRow = typeof inventoryTransactions.$inferSelect;
export type MovementEntry = Pick<
  MovementRow,
  'id' | 'sizeId' | 'kind' | 'quantity' | 'reference' | 'reason' | 'actorId' | 'createdAt'
>;

/**
 * Statements that move stock and write the audit row, for a batch of the caller. The limits are part of the update
 * itself, so movements that arrive together queue up in the database and none is lost or repeated. The whole batch
 * fails as stale (`isStale`) when the movement would break `0 <= reserved <= quantity`, or the size does not exist.
 */
export function stockStatements(db: Db, change: Stock, entry: MovementEntry) {
  const quantity = sql`${sizes.quantity} + ${change.quantity}`;
  const reserved = sql`${sizes.reserved} + ${change.reserved}`;
  return [
    db
      .update(sizes)
      .set({ quantity, reserved, version: sql`${sizes.version} + 1`, updatedAt: entry.createdAt })
      .where(and(eq(sizes.id, entry.sizeId), sql`${reserved} >= 0`, sql`${reserved} <= ${quantity}`)),
    db.run(sql.raw(GUARD_SQL)),
    db
      .insert(inventoryTransactions)
      .select(
        sql`select ${entry.id}, ${sizes.id}, ${entry.kind}, ${entry.quantity},
          ${sizes.quantity} - ${change.quantity}, ${sizes.quantity},
          ${sizes.reserved} - ${change.reserved}, ${sizes.reserved},
          ${entry.reference}, ${entry.reason}, ${entry.actorId}, ${entry.createdAt}
          from ${sizes} where ${sizes.id} = ${entry.sizeId}`,
      )
      .returning(),
  ] as const;
}
