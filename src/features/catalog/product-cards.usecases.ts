import { and, eq, sql } from 'drizzle-orm';
import { products } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { ProductCard } from '../../wire/cards.ts';
import { pictureUrls } from '../media/pictures.ts';
import { primaryImages } from './images.repository.ts';
import type { ProductRow } from './products.repository.ts';

const idList = (ids: readonly string[]) => sql`(select value from json_each(${JSON.stringify(ids)}))`;

/** The lowest resting ask of each of these products, over its sizes. */
async function lowestAsks(deps: Deps, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await deps.db.all<{ productId: string; price: number | null }>(sql`
    select s.product_id as productId, min((
      select min(b.price_cents) from book_orders b
      where b.size_id = s.id and b.side = 'ask' and b.status = 'active'
    )) as price
    from sizes s where s.product_id in ${idList(ids)} group by s.product_id`);
  return new Map(
    rows.flatMap(({ productId, price }) => (price === null ? [] : [[productId, price] as const])),
  );
}

/** Cards of products that were read already, by id: two queries, however many there are. */
export async function presentProductCards(
  deps: Deps,
  rows: readonly ProductRow[],
): Promise<Map<string, ProductCard>> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const [images, asks] = await Promise.all([primaryImages(deps.db, ids), lowestAsks(deps, ids)]);
  return new Map(
    rows.map((row) => {
      const image = images.get(row.id);
      return [
        row.id,
        {
          id: row.id,
          name: row.name,
          brand: row.brand,
          category: row.category,
          retail_price_cents: row.retailPriceCents,
          lowest_ask_cents: asks.get(row.id) ?? null,
          currency: row.currency,
          image_url: image
            ? pictureUrls('products', image.contentHash, JSON.parse(image.widths) as number[]).url
            : null,
        },
      ];
    }),
  );
}

/** Cards of the products that are shown, by id; hidden and unknown ones have none. */
export async function productCards(deps: Deps, ids: readonly string[]): Promise<Map<string, ProductCard>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.db
    .select()
    .from(products)
    .where(and(sql`${products.id} in ${idList(ids)}`, eq(products.hidden, false)));
  return presentProductCards(deps, rows);
}
