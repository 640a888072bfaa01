import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { orderHistory, orders } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { HOLDABLE_STATUSES, type OrderAction } from '../../domain/orders/order.ts';
import type { TransitionInput } from '../../domain/orders/order-machine.ts';
import { trigger } from './orders.usecases.ts';

const PAGE = 100;

export async function triggerAll(
  deps: Deps,
  action: Extract<OrderAction, 'seller_suspended' | 'resume' | 'cancel'>,
  page: (after: string) => Promise<{ id: string }[]>,
  input: TransitionInput = {},
): Promise<number> {
  let moved = 0;
  for (let after = ''; ; ) {
    const found = await page(after);
    for (const { id } of found) if (await trigger(deps, id, action, undefined, input)) moved += 1;
    const last = found.at(-1);
    if (found.length < PAGE || last === undefined) return moved;
    after = last.id;
  }
}

/** Stops every order that a suspended seller is still to carry out (C.10); answers how many. */
export const holdOrdersOf = (deps: Deps, sellerId: string): Promise<number> =>
  triggerAll(deps, 'seller_suspended', (after) =>
    deps.db
      .select({ id: orders.id })
      .from(orders)
      .where(
        and(
          eq(orders.sellerId, sellerId),
          inArray(orders.status, [...HOLDABLE_STATUSES]),
          gt(orders.id, after),
        ),
      )
      .orderBy(orders.id)
      .limit(PAGE),
  );

/** Lets those orders go on that stopped for the seller's suspension alone: not those that a chargeback stops as well. */
export const resumeOrdersOf = (deps: Deps, sellerId: string): Promise<number> =>
  triggerAll(deps, 'resume', (after) =>
    deps.db
      .select({ id: orders.id })
      .from(orders)
      .innerJoin(
        orderHistory,
        and(eq(orderHistory.orderId, orders.id), sql`${orderHistory.version} = ${orders.version}`),
      )
      .where(
        and(
          eq(orders.sellerId, sellerId),
          eq(orders.status, 'on_hold'),
          isNull(orders.chargebackId),
          eq(orderHistory.action, 'seller_suspended'),
          gt(orders.id, after),
        ),
      )
      .orderBy(orders.id)
      .limit(PAGE),
  );

/** Stops one order of a suspended seller, such as one that was paid a moment later. */
export const holdOrder = (deps: Deps, orderId: string): Promise<boolean> =>
  trigger(deps, orderId, 'seller_suspended');
