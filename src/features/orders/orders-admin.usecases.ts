import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import { orders } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import type { OrderSource, OrderStatus } from '../../domain/orders/order.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { AuditedActor } from '../audit/audit.statements.ts';
import { act, getOrder, type OrderOfCaller, ordersForCaller } from './orders.usecases.ts';

export interface OrderFilter {
  status: OrderStatus | undefined;
  source: OrderSource | undefined;
  buyerId: string | undefined;
  sellerId: string | undefined;
  number: string | undefined;
  fromMs: number | undefined;
  toMs: number | undefined;
}

const Cursor = z.tuple([z.number().int(), z.string()]);

/** The orders of everybody, newest first, for staff: a page costs the same queries whatever its size. */
export async function listAllOrders(
  deps: Deps,
  filter: OrderFilter,
  page: { limit: number; cursor?: string | undefined },
  caller: Caller,
): Promise<{ orders: OrderOfCaller[]; nextCursor: string | null }> {
  const position = decodeCursor(page.cursor, Cursor);
  const { status, source, buyerId, sellerId, number, fromMs, toMs } = filter;
  const found = await deps.db
    .select({ id: orders.id, createdAt: orders.createdAt })
    .from(orders)
    .where(
      and(
        status === undefined ? undefined : eq(orders.status, status),
        source === undefined ? undefined : eq(orders.source, source),
        buyerId === undefined ? undefined : eq(orders.buyerId, buyerId),
        sellerId === undefined ? undefined : eq(orders.sellerId, sellerId),
        number === undefined ? undefined : eq(orders.number, number),
        fromMs === undefined ? undefined : gte(orders.createdAt, fromMs),
        toMs === undefined ? undefined : lt(orders.createdAt, toMs),
        position === null
          ? undefined
          : sql`(${orders.createdAt}, ${orders.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(page.limit + 1);
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    orders: await ordersForCaller(
      deps,
      shown.map(({ id }) => id),
      caller,
    ),
    nextCursor: found.length > page.limit && last ? encodeCursor([last.createdAt, last.id]) : null,
  };
}

/** Stops an order for the house. Nobody does that to their own: there they are a party like any other. */
export async function cancelForHouse(
  deps: Deps,
  orderId: string,
  reason: string,
  caller: Caller,
  audited: AuditedActor,
): Promise<OrderOfCaller> {
  const { actor } = await getOrder(deps, orderId, caller);
  if (actor.roles.includes('buyer') || (actor.roles.includes('seller') && actor.roles.length === 1))
    throw problem('forbidden', 'Nobody decides about their own order.');
  const cancelled = await act(deps, orderId, 'cancel', caller, { reason }, { audited });
  await deps.outbox.drain();
  return cancelled;
}
