import { and, eq, gt, inArray } from 'drizzle-orm';
import { orders } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { triggerAll } from './seller-holds.usecases.ts';

const PAGE = 100;

/**
 * Cancels what a buyer who is barred has agreed on in the souk and can no longer pay: the listing is on sale again, and
 * the offers of others that waited for it go on. Answers how many. A match in a book is paid by itself, or is not.
 */
export const cancelUnpaidOrdersOf = (deps: Deps, buyerId: string): Promise<number> =>
  triggerAll(
    deps,
    'cancel',
    (after) =>
      deps.db
        .select({ id: orders.id })
        .from(orders)
        .where(
          and(
            eq(orders.buyerId, buyerId),
            eq(orders.status, 'pending'),
            inArray(orders.source, ['offer', 'swap', 'buy_now']),
            gt(orders.id, after),
          ),
        )
        .orderBy(orders.id)
        .limit(PAGE),
    { reason: 'The buyer may not trade now' },
  );
