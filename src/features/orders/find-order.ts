import type { Deps } from '../../deps.ts';
import { loadOrder, type OrderRow } from './orders.repository.ts';

export type { OrderRow } from './orders.repository.ts';

/** An order as it was last written, for features that act on its behalf; null when there is none. */
export async function findOrder(deps: Deps, orderId: string): Promise<OrderRow | null> {
  return (await loadOrder(deps.db, orderId))?.row ?? null;
}
