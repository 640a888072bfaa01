import { and, type Column, eq, notInArray, type SQL, sql } from 'drizzle-orm';
import { listingPhotos, listings } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import { PUBLIC_STATUSES } from '../../domain/listings/listing.ts';
import type { ListingCard } from '../../wire/cards.ts';
import { pictureUrls } from '../media/pictures.ts';

/** True for the id of a listing that not everybody may see, such as one that a moderator has removed. */
export const isOutOfSight = (id: Column): SQL =>
  sql`exists (select 1 from ${listings} where ${listings.id} = ${id} and ${notInArray(listings.status, [...PUBLIC_STATUSES])})`;

/** Cards of the listings that everybody may see, by id: two queries, however many there are. */
export async function listingCards(deps: Deps, ids: readonly string[]): Promise<Map<string, ListingCard>> {
  if (ids.length === 0) return new Map();
  const among = sql`(select value from json_each(${JSON.stringify(ids)}))`;
  const [rows, photos] = await deps.db.batch([
    deps.db.select().from(listings).where(sql`${listings.id} in ${among}`),
    deps.db
      .select()
      .from(listingPhotos)
      .where(and(sql`${listingPhotos.listingId} in ${among}`, eq(listingPhotos.isPrimary, true))),
  ]);
  const photoOf = new Map(photos.map((photo) => [photo.listingId, photo]));
  const statuses: readonly string[] = PUBLIC_STATUSES;
  return new Map(
    rows
      .filter(({ status }) => statuses.includes(status))
      .map((row) => {
        const photo = photoOf.get(row.id);
        return [
          row.id,
          {
            id: row.id,
            seller_id: row.sellerId,
            title: row.title,
            price_cents: row.priceCents,
            currency: row.currency,
            condition: row.condition,
            channel: row.channel,
            status: row.status,
            place: row.neighborhood ?? row.city,
            image_url: photo
              ? pictureUrls('listings', photo.contentHash, JSON.parse(photo.widths) as number[]).url
              : null,
          },
        ];
      }),
  );
}
