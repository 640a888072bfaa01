import type { TestUser } from './accounts.ts';
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
