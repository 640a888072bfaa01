/**
 * An accepted offer and its listings follow the order, or both orders of a swap. A handler looks at the orders as they
 * are, so that their events may come twice, late and in any order.
 */
import { isStale } from '../../db/client.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { OFFER_SYSTEM, type OfferStatus } from '../../domain/offers/offer.ts';
import { offerStep } from '../../domain/offers/offer-machine.ts';
import { FINAL_STATUSES } from '../../domain/orders/order.ts';
import type { OrderEventData } from '../../domain/orders/order-events.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import {
  loadListings,
  type Occasion,
  releaseListings,
  returnListings,
  sellListings,
  shelveListings,
} from '../listings/listing.statements.ts';
import { runBatch } from '../orders/order-steps.ts';
import {
  listingIdsOf,
  type OfferRow,
  offerAfter,
  offerState,
  offersOn,
  stepStatements,
  sweepStatements,
} from './offer.statements.ts';
import { findOffer, type OrderStanding, orderStandings } from './offers.repository.ts';

/** Whoever moves an offer at the same moment is done with it soon. */
const ATTEMPTS = 5;

type OrderAction = 'hold_payment' | 'lapse' | 'complete' | 'refund';

const isOver = ({ status }: OrderStanding): boolean => FINAL_STATUSES.some((final) => final === status);

/** Where the orders have brought the offer; null while some of them wait to be paid. */
export function broughtTo(orders: readonly OrderStanding[]): OfferStatus | null {
  const allPaid = orders.every(({ wasPaid }) => wasPaid);
  if (orders.some(isOver)) return allPaid ? 'refunded' : 'lapsed';
  if (orders.every(({ status }) => status === 'completed')) return 'completed';
  return allPaid ? 'payment_held' : null;
}

/** What is to be done next on the way to a state: an order that was paid and refunded was paid first. */
export function nextAction(from: OfferStatus, to: OfferStatus): OrderAction | null {
  if (from === 'accepted') return to === 'lapsed' ? 'lapse' : 'hold_payment';
  if (from === 'payment_held' && to === 'completed') return 'complete';
  return (from === 'payment_held' || from === 'completed') && to === 'refunded' ? 'refund' : null;
}

async function followOrder(deps: Deps, event: EventEnvelope): Promise<void> {
  const data = event.data as OrderEventData;
  if (!data.offer_id || (data.source !== 'offer' && data.source !== 'swap')) return;
  const { offer_id: offerId } = data;
  const correlationId = event.correlation_id;
  await withRetries(() => bringAlong(deps, offerId, correlationId));
  await withRetries(() => giveBack(deps, offerId, data, { atMs: deps.now(), correlationId }));
}

async function withRetries(attempt: () => Promise<void>): Promise<void> {
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isStale(error) || left <= 1) throw error;
    }
  }
}

async function bringAlong(deps: Deps, offerId: string, correlationId: string): Promise<void> {
  let row = await findOffer(deps.db, offerId);
  if (!row?.orderId) return;
  const orders = await orderStandings(
    deps.db,
    row.returnOrderId === null ? [row.orderId] : [row.orderId, row.returnOrderId],
  );
  const target = broughtTo(orders);
  for (;;) {
    const action = target === null || row.status === target ? null : nextAction(row.status, target);
    if (action === null) return;
    row = await take(deps, row, action, { atMs: deps.now(), correlationId });
  }
}

async function take(deps: Deps, row: OfferRow, action: OrderAction, occasion: Occasion): Promise<OfferRow> {
  const step = offerStep(offerState(row), action, OFFER_SYSTEM, {}, occasion.atMs);
  if (!step.ok) throw new Error(`offer ${row.id} cannot ${action}: ${step.error.detail}`);
  await runBatch(deps, [
    ...stepStatements(deps.db, row, step.value, occasion.correlationId),
    ...(await listingStatements(deps, row, action, occasion)),
  ]);
  return offerAfter(row, step.value);
}

/** The effects of the table: what becomes of the listings, and of the rivals that wait for them. */
async function listingStatements(
  deps: Deps,
  row: OfferRow,
  action: OrderAction,
  occasion: Occasion,
): Promise<Statement[]> {
  if (action === 'complete' || action === 'refund') return [];
  const { db } = deps;
  const ids = listingIdsOf(row);
  const [move, sweep] =
    action === 'lapse' ? ([releaseListings, 'unfreeze'] as const) : ([sellListings, 'supersede'] as const);
  const moved = move(db, await loadListings(db, ids), row.id, occasion);
  if (!moved.ok) throw new Error(`the listings of offer ${row.id} cannot follow: ${moved.error.detail}`);
  return [...moved.value, ...sweepStatements(db, offersOn(ids), sweep, OFFER_SYSTEM, occasion)];
}

/** Cancellations after which the owner has the item and may sell it on at once; after others they bring it back. */
function isOnSaleAgain({ to, action, actor_type: actorType }: OrderEventData): boolean {
  if (to !== 'cancelled') return false;
  if (action === 'swap_failed') return true;
  return action === 'cancel' && ['buyer', 'admin', 'system'].includes(actorType);
}

/** The goods of an order that was paid and came to nothing. */
async function giveBack(
  deps: Deps,
  offerId: string,
  data: OrderEventData,
  occasion: Occasion,
): Promise<void> {
  if (data.to !== 'cancelled' && data.to !== 'refunded') return;
  const held = (await loadListings(deps.db, data.listing_ids)).filter(
    ({ reservedFor }) => reservedFor === offerId,
  );
  const moved = (isOnSaleAgain(data) ? returnListings : shelveListings)(deps.db, held, offerId, occasion);
  if (!moved.ok) throw new Error(`the listings of offer ${offerId} cannot come back: ${moved.error.detail}`);
  await runBatch(deps, moved.value);
}

export const ORDER_FOLLOWERS: DomainEventHandlers = {
  'order.paid': followOrder,
  'order.failed': followOrder,
  'order.cancelled': followOrder,
  'order.refunded': followOrder,
  'order.completed': followOrder,
};
