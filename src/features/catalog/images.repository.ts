import { and, asc, eq, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { productImages, products } from '../../db/schema.ts';
import type { Gallery } from '../../domain/media/gallery.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type ImageRow = typeof productImages.$inferSelect;

export async function imagesOf(db: Db, productId: string): Promise<ImageRow[]> {
  return db
    .select()
    .from(productImages)
    .where(eq(productImages.productId, productId))
    .orderBy(asc(productImages.position));
}

/** The primary image of each of these products that has one, by product id. */
export async function primaryImages(db: Db, productIds: readonly string[]): Promise<Map<string, ImageRow>> {
  if (productIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(productImages)
    .where(
      and(
        eq(productImages.isPrimary, true),
        sql`${productImages.productId} in (select value from json_each(${JSON.stringify(productIds)}))`,
      ),
    );
  return new Map(rows.map((row) => [row.productId, row]));
}

/** What happens to one picture while its gallery is written. */
export type ImageChange =
  | { kind: 'insert'; row: ImageRow }
  | { kind: 'delete'; id: string }
  | { kind: 'describe'; id: string; alt: string | undefined };

/**
 * Writes a gallery as the new state of the version of the product that it was read from, or fails as stale (`isStale`).
 * Going by the product's version is what keeps one primary image and the limit of their number under any concurrency.
 */
export async function writeGallery(
  db: Db,
  product: { id: string; version: number },
  change: ImageChange,
  gallery: Gallery,
  trace: Statement,
  nowMs: number,
): Promise<void> {
  await db.batch([
    db
      .update(products)
      .set({ version: product.version + 1, updatedAt: nowMs })
      .where(and(eq(products.id, product.id), eq(products.version, product.version))),
    db.run(sql.raw(GUARD_SQL)),
    changeStatement(db, change),
    db
      .update(productImages)
      .set({ position: sql`placed.key`, isPrimary: sql`placed.value = ${gallery.primary}` })
      .from(sql`json_each(${JSON.stringify(gallery.order)}) as placed`)
      .where(sql`${productImages.id} = placed.value`),
    trace,
  ]);
}

function changeStatement(db: Db, change: ImageChange) {
  switch (change.kind) {
    case 'insert':
      return db.insert(productImages).values(change.row);
    case 'delete':
      return db.delete(productImages).where(eq(productImages.id, change.id));
    case 'describe':
      return db
        .update(productImages)
        .set({ alt: change.alt ?? sql`${productImages.alt}` })
        .where(eq(productImages.id, change.id));
  }
}
