/** What conversations are about, as far as a conversation shows it. */
import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { listings } from '../../db/listings-schema.ts';
import { orders } from '../../db/orders-schema.ts';
import { products } from '../../db/schema.ts';
import type { ConversationContext } from '../../domain/chat/conversation.ts';

export interface Subject {
  title: string;
  status: string | null;
  priceCents: number | null;
  currency: string | null;
  /** Who of the two sells, where the thing says so. */
  sellerId: string | null;
  /** Who has a part in it beside the seller; null when anybody may ask. */
  buyerId: string | null;
}

/** Null when there is no such thing, or when there is nothing to look for. */
export async function findSubject(db: Db, { type, id }: ConversationContext): Promise<Subject | null> {
  switch (type) {
    case 'none':
    case 'offer':
      return null;
    case 'listing': {
      const [row] = await db
        .select({
          title: listings.title,
          status: listings.status,
          priceCents: listings.priceCents,
          currency: listings.currency,
          sellerId: listings.sellerId,
        })
        .from(listings)
        .where(eq(listings.id, id));
      return row === undefined ? null : { ...row, buyerId: null };
    }
    case 'product': {
      const [row] = await db.select({ title: products.name }).from(products).where(eq(products.id, id));
      return row === undefined
        ? null
        : { ...row, status: null, priceCents: null, currency: null, sellerId: null, buyerId: null };
    }
    case 'order': {
      const [row] = await db
        .select({
          title: orders.number,
          status: orders.status,
          priceCents: orders.totalCents,
          currency: orders.currency,
          sellerId: orders.sellerId,
          buyerId: orders.buyerId,
        })
        .from(orders)
        .where(eq(orders.id, id));
      return row ?? null;
    }
  }
}
