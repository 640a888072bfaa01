import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { Actor, OrderFacts } from '../../domain/orders/order.ts';
import type { OrderAmounts } from '../../domain/orders/order-amounts.ts';
import { orderEvents } from '../../domain/orders/order-events.ts';
import { placeOrder, type Transition } from '../../domain/orders/order-machine.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type LineRow, type OrderRow, type Placement, placementStatements } from './orders.repository.ts';

interface FeeSnapshot {
  feeScheduleId: string;
  buyerFeeBps: number;
  sellerFeeBps: number;
}

/** An order before it has rows. */
export interface OrderDraft {
  facts: OrderFacts;
  sourceId: string;
  amounts: OrderAmounts;
  fees: FeeSnapshot;
  lines: readonly LineRow[];
  shipTo: string | null;
  correlationId: string;
}

/** The rows of a new order, and the transition that made it. */
function placementOf(
  draft: OrderDraft,
  actor: Actor,
  nowMs: number,
): { placement: Placement; placed: Transition } {
  const { facts, sourceId, amounts, fees, lines, shipTo, correlationId } = draft;
  const placed = placeOrder(facts, actor, nowMs);
  const { order } = placed;
  const { platformCents: _, ...stored } = amounts;
  const row: OrderRow = {
    id: order.id,
    number: order.number,
    source: order.source,
    sourceId,
    supply: order.supply,
    buyerId: order.buyerId,
    sellerId: order.sellerId,
    matchId: order.matchId,
    offerId: order.offerId,
    listingId: order.listingId,
    swapId: order.swapId,
    status: order.status,
    paymentStatus: 'processing',
    version: order.version,
    verification: order.verification,
    requiresVerification: order.requiresVerification,
    resumeTo: order.resumeTo,
    currency: order.currency,
    ...stored,
    ...fees,
    refundedCents: 0,
    releasedCents: 0,
    paymentId: null,
    paidFrom: null,
    chargebackId: null,
    chargebackCents: null,
    shipTo,
    carrier: null,
    trackingNumber: null,
    shipByExtended: false,
    paidAt: null,
    shippedAt: null,
    deliveredAt: null,
    completedAt: null,
    correlationId,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  return { placement: { row, lines, history: placed.history, timers: order.timers }, placed };
}

/** New orders with their lines, history, timers and events: a part of the batch of what made them. */
export function draftStatements(
  deps: Deps,
  drafts: readonly OrderDraft[],
  actor: Actor,
  nowMs: number,
): Statement[] {
  const all = drafts.map((draft) => ({ draft, ...placementOf(draft, actor, nowMs) }));
  const events = all.flatMap(({ draft, placed }) => orderEvents(placed, draft.correlationId));
  return [
    ...placementStatements(
      deps.db,
      all.map(({ placement }) => placement),
    ),
    outboxStatement(deps.db, events, nowMs),
  ];
}
