import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { bookOrders, products, sizes } from '../../db/schema.ts';
import type { BookStatus, Side } from '../../domain/market/order.ts';

/** What the projection knows to rest in the book of the size, by the index of resting orders. */
const resting = <T>(what: SQL, side: Side) =>
  sql<T>`(select ${what} from ${bookOrders} where ${bookOrders.sizeId} = ${sizes.id} and ${bookOrders.side} = ${side} and ${bookOrders.status} = 'active')`;

/** Up to `limit` books after an id; one query, whatever the limit. */
export function listBooks(
  db: Db,
  { status, productId }: { status: BookStatus | undefined; productId: string | undefined },
  after: string,
  limit: number,
) {
  return db
    .select({
      size: sizes,
      product: { name: products.name, currency: products.currency },
      bids: resting<number>(sql`count(*)`, 'bid'),
      asks: resting<number>(sql`count(*)`, 'ask'),
      highestBidCents: resting<number | null>(sql`max(${bookOrders.priceCents})`, 'bid'),
      lowestAskCents: resting<number | null>(sql`min(${bookOrders.priceCents})`, 'ask'),
    })
    .from(sizes)
    .innerJoin(products, eq(products.id, sizes.productId))
    .where(
      and(
        productId === undefined ? undefined : eq(sizes.productId, productId),
        status === undefined
          ? undefined
          : productId === undefined
            ? eq(sizes.bookStatus, status)
            : sql`+${sizes.bookStatus} = ${status}`,
        gt(sizes.id, after),
      ),
    )
    .orderBy(asc(sizes.id))
    .limit(limit);
}
