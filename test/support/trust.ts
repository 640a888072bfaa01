import { eq } from 'drizzle-orm';
import { categories, listingHistory, listings } from '../../src/db/listings-schema.ts';
import { newId } from '../../src/domain/ids.ts';
import { createListing } from '../../src/domain/listings/listing-machine.ts';
import { stateColumns } from '../../src/features/listings/listing.statements.ts';
import type { TestUser } from './accounts.ts';
import { deps } from './book-object.ts';
import type { TestBook } from './books.ts';
import { acted, capture, matchedOrder, type Purchase } from './purchases.ts';

/** An order that was paid, sent and has arrived: the buyer inspects it. */
export async function deliveredOrder(
  buyer: TestUser,
  seller: TestUser,
  book?: TestBook,
): Promise<{ order: Purchase; book: TestBook }> {
  const made = await matchedOrder(buyer, seller, book);
  await capture(made.order);
  await acted(made.order.id, 'ship', seller, { carrier: 'DHL', tracking_number: `T${made.order.id}` });
  return { order: await acted(made.order.id, 'deliver', buyer), book: made.book };
}

/** An order with which everybody is content. */
export async function completedOrder(
  buyer: TestUser,
  seller: TestUser,
  book?: TestBook,
): Promise<{ order: Purchase; book: TestBook }> {
  const made = await deliveredOrder(buyer, seller, book);
  return { order: await acted(made.order.id, 'complete', buyer), book: made.book };
}

/** An item on sale, written as its owner's own act. */
export async function listedItem(seller: TestUser, title = 'A lamp'): Promise<string> {
  const nowMs = deps.now();
  const id = newId('lst', deps.random);
  const step = createListing({ id, sellerId: seller.userId, status: 'active' }, nowMs);
  const [category] = await deps.db.select().from(categories).limit(1);
  const row = {
    ...stateColumns(step.listing),
    id,
    sellerId: seller.userId,
    title,
    brand: '',
    description: 'As new',
    tags: '[]',
    priceCents: 5_000,
    currency: 'USD',
    categoryId: category!.id,
    condition: 'good' as const,
    channel: 'community' as const,
    isNegotiable: true,
    acceptsSwaps: false,
    autoAcceptCents: null,
    autoDeclineCents: null,
    minOfferPct: 0,
    offerFeed: 'anonymous' as const,
    lat: null,
    lon: null,
    publicLat: null,
    publicLon: null,
    latBand: null,
    neighborhood: null,
    city: null,
    views: 0,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  await deps.db.batch([
    deps.db.insert(listings).values(row),
    deps.db.insert(listingHistory).values({ ...step.history, at: nowMs }),
  ]);
  return id;
}

export async function listingStatus(id: string): Promise<string> {
  const [row] = await deps.db.select().from(listings).where(eq(listings.id, id));
  return row!.status;
}
