/**
 * The two orders of an exchange follow each other by their events: what needs no cash is paid when the other side has
 * paid, the time to look begins when both have arrived, a dispute or hold of one stops the other, and when one comes to
 * nothing so does the other. Each handler looks at both orders as they are, so that events may come twice and in any
 * order.
 */
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { OrderAction } from '../../domain/orders/order.ts';
import type { OrderEventData } from '../../domain/orders/order-events.ts';
import { historyOf, loadOrders, type OrderRow, ordersOfSwap } from './orders.repository.ts';
import { trigger } from './orders.usecases.ts';

type Follow = (deps: Deps, orders: readonly OrderRow[], event: OrderEventData) => Promise<void>;

/** A handler for the events of exchanges alone. */
const forSwaps =
  (follow: Follow) =>
  async (deps: Deps, event: EventEnvelope): Promise<void> => {
    const data = event.data as OrderEventData;
    if (data.swap_id === null || data.swap_id === undefined) return;
    const ids = await ordersOfSwap(deps.db, data.swap_id);
    const stored = await loadOrders(deps.db, ids);
    await follow(
      deps,
      stored.map(({ row }) => row),
      data,
    );
  };

const otherThan = (orders: readonly OrderRow[], orderId: string) => orders.find(({ id }) => id !== orderId);

/** Nobody sends a thing before all the cash of the exchange is in escrow. */
const payWithGoods: Follow = async (deps, orders) => {
  if (orders.some(({ totalCents, status }) => totalCents > 0 && status === 'pending')) return;
  for (const { id, totalCents, status, currency } of orders)
    if (totalCents === 0 && status === 'pending')
      await trigger(deps, id, 'payment_succeeded', () => [], { amountCents: 0, currency });
};

const startInspection: Follow = async (deps, orders) => {
  if (!orders.every(({ status }) => status === 'delivered' || status === 'completed')) return;
  for (const { id } of orders) await trigger(deps, id, 'swap_arrived');
};

const STOPPED_BY_OTHER: OrderAction = 'swap_stopped';

/** Only what was stopped for the sake of this order goes on with it. */
const resumeOther: Follow = async (deps, orders, event) => {
  const other = otherThan(orders, event.order_id);
  if (other?.status !== 'on_hold') return;
  const last = (await historyOf(deps.db, other.id)).at(-1);
  if (last?.action === STOPPED_BY_OTHER) await trigger(deps, other.id, 'resume');
};

const isStopped = (order: OrderRow | undefined) =>
  order?.status === 'disputed' || order?.status === 'on_hold';

const stopOther: Follow = async (deps, orders, event) => {
  const other = otherThan(orders, event.order_id);
  const self = orders.find(({ id }) => id === event.order_id);
  // The other one stands already when it was what stopped this one.
  if (!other || !isStopped(self) || event.action === STOPPED_BY_OTHER) return;
  await trigger(deps, other.id, STOPPED_BY_OTHER);
  const now = (await loadOrders(deps.db, [event.order_id, other.id])).map(({ row }) => row);
  // It went on meanwhile, and the news of that came too early.
  if (!isStopped(now.find(({ id }) => id === event.order_id))) await resumeOther(deps, now, event);
};

/** What was settled stays settled: a refund of a completed order is between its own parties. */
const failOther: Follow = async (deps, orders, event) => {
  const other = otherThan(orders, event.order_id);
  if (other && event.from !== 'completed') await trigger(deps, other.id, 'swap_failed');
};

/** An order that goes on may be the one the other waited for. */
const goOn: Follow = async (deps, orders, event) => {
  await resumeOther(deps, orders, event);
  await startInspection(deps, orders, event);
};

export const SWAP_HANDLERS: DomainEventHandlers = {
  'order.placed': forSwaps(payWithGoods),
  'order.paid': forSwaps(payWithGoods),
  'order.delivered': forSwaps(startInspection),
  'order.disputed': forSwaps(stopOther),
  'order.on_hold': forSwaps(stopOther),
  'order.resumed': forSwaps(goOn),
  'order.completed': forSwaps(resumeOther),
  'order.failed': forSwaps(failOther),
  'order.cancelled': forSwaps(failOther),
  'order.refunded': forSwaps(failOther),
};
