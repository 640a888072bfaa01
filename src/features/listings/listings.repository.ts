import { and, asc, desc, eq, sql } from 'drizzle-orm';
import { type Db, isStale, isUniqueViolation } from '../../db/client.ts';
import { categories, listingPhotos, listingPriceChanges, listings } from '../../db/listings-schema.ts';
import { users } from '../../db/schema.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { ListingRow } from './listing.statements.ts';

export type PhotoRow = typeof listingPhotos.$inferSelect;
export type PriceChangeRow = typeof listingPriceChanges.$inferSelect;

export interface Seller {
  id: string;
  username: string;
  displayName: string;
}
export interface CategoryName {
  id: string;
  slug: string;
  name: string;
}

/** A listing with all that its page shows. */
export interface WholeListing {
  listing: ListingRow;
  seller: Seller;
  category: CategoryName;
  photos: PhotoRow[];
  priceChanges: PriceChangeRow[];
}

/** Edits of the price that a page shows. */
const PRICE_CHANGES_SHOWN = 20;

export const SELLER_COLUMNS = { id: users.id, username: users.username, displayName: users.displayName };
export const CATEGORY_COLUMNS = { id: categories.id, slug: categories.slug, name: categories.name };

export async function findListing(db: Db, id: string): Promise<ListingRow | undefined> {
  const [row] = await db.select().from(listings).where(eq(listings.id, id));
  return row;
}

export async function findWhole(db: Db, id: string): Promise<WholeListing | null> {
  const [[found], photos, priceChanges] = await Promise.all([
    db
      .select({ listing: listings, seller: SELLER_COLUMNS, category: CATEGORY_COLUMNS })
      .from(listings)
      .innerJoin(users, eq(users.id, listings.sellerId))
      .innerJoin(categories, eq(categories.id, listings.categoryId))
      .where(eq(listings.id, id)),
    photosQuery(db, id),
    db
      .select()
      .from(listingPriceChanges)
      .where(eq(listingPriceChanges.listingId, id))
      .orderBy(desc(listingPriceChanges.version))
      .limit(PRICE_CHANGES_SHOWN),
  ]);
  return found ? { ...found, photos, priceChanges } : null;
}

const photosQuery = (db: Db, listingId: string) =>
  db
    .select()
    .from(listingPhotos)
    .where(eq(listingPhotos.listingId, listingId))
    .orderBy(asc(listingPhotos.position));

/** The photos of a listing in their order. */
export const photosOf = (db: Db, listingId: string): Promise<PhotoRow[]> => photosQuery(db, listingId);

/** True when somebody else wrote the same version of a listing first. */
export const isListingStale = (error: unknown): boolean =>
  isStale(error) || isUniqueViolation(error, 'listing_history');

/** Fails the batch it is the last part of (`isStale`) when the seller has more on sale than `most`. */
export const listingLimitGuard = (db: Db, sellerId: string, most: number): Statement =>
  db
    .select({ verdict: sql`case when count(*) > ${most} then json('stale') end` })
    .from(listings)
    .where(onSaleOf(sellerId));

const onSaleOf = (sellerId: string) =>
  and(eq(listings.sellerId, sellerId), sql`${listings.status} in ('active', 'reserved')`);

/** How many listings of a seller are on sale or promised to somebody. */
export async function countOnSale(db: Db, sellerId: string): Promise<number> {
  const [row] = await db.select({ count: sql<number>`count(*)` }).from(listings).where(onSaleOf(sellerId));
  return row!.count;
}

/** What happens to one photo while the gallery of its listing is written. */
export type PhotoChange =
  | { kind: 'insert'; row: PhotoRow }
  | { kind: 'delete'; id: string }
  | { kind: 'describe'; id: string; alt: string | undefined };

export function photoStatement(db: Db, change: PhotoChange): Statement {
  switch (change.kind) {
    case 'insert':
      return db.insert(listingPhotos).values(change.row);
    case 'delete':
      return db.delete(listingPhotos).where(eq(listingPhotos.id, change.id));
    case 'describe':
      return db
        .update(listingPhotos)
        .set({ alt: change.alt ?? sql`${listingPhotos.alt}` })
        .where(eq(listingPhotos.id, change.id));
  }
}

/** Puts the photos into this order, with this one as the primary. */
export const arrangementStatement = (db: Db, order: readonly string[], primary: string | null): Statement =>
  db
    .update(listingPhotos)
    .set({ position: sql`placed.key`, isPrimary: sql`placed.value = ${primary}` })
    .from(sql`json_each(${JSON.stringify(order)}) as placed`)
    .where(sql`${listingPhotos.id} = placed.value`);
