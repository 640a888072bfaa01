import { ORDER_ACTIONS } from '../../domain/orders/order.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { PaymentSummary } from '../payments/payment-summary.ts';
import { type AddressRow, type AddressSnapshot, addressView } from './address-snapshot.ts';
import type { HistoryRow } from './orders.repository.ts';
import type { OrderOfCaller } from './orders.usecases.ts';

const timeOf = (atMs: number | null): string | null => (atMs === null ? null : rfc3339(atMs));

/** States in which a seller has nothing to send: the buyer's address is none of their business yet, or any more. */
const UNPAID = ['pending', 'failed', 'cancelled'];

/** The order as one caller may see it: fees of the seller are theirs, the address is the buyer's until they paid. */
export function presentOrder({ row, state, lines, actor, allowedActions }: OrderOfCaller) {
  const isBuyer = actor.roles.includes('buyer');
  const isParty = isBuyer || actor.id === row.sellerId;
  const showsAddress = row.shipTo !== null && (isBuyer || !isParty || !UNPAID.includes(row.status));
  const address = showsAddress ? (JSON.parse(row.shipTo!) as AddressSnapshot) : null;
  return {
    id: row.id,
    number: row.number,
    source: row.source,
    status: row.status,
    payment_status: row.paymentStatus,
    verification: row.verification,
    role: actor.roles[0] ?? ('reader' as const),
    buyer_id: row.buyerId,
    seller_id: row.sellerId,
    match_id: row.matchId,
    offer_id: row.offerId,
    listing_id: row.listingId,
    swap_id: row.swapId,
    lines: lines.map((line) => ({
      product_id: line.productId || null,
      size_id: line.sizeId || null,
      listing_id: line.listingId,
      product_name: line.productName,
      size: line.sizeLabel,
      price_cents: line.priceCents,
      quantity: line.quantity,
      subtotal_cents: line.subtotalCents,
      buyer_fee_cents: line.buyerFeeCents,
      ...(isBuyer ? {} : { seller_fee_cents: line.sellerFeeCents }),
    })),
    currency: row.currency,
    subtotal_cents: row.subtotalCents,
    buyer_fee_cents: row.buyerFeeCents,
    shipping_cents: row.shippingCents,
    total_cents: row.totalCents,
    refunded_cents: row.refundedCents,
    ...(isBuyer ? {} : { seller_fee_cents: row.sellerFeeCents, payout_cents: row.payoutCents }),
    payment: { id: row.paymentId, status: row.paymentStatus, paid_from: row.paidFrom },
    shipping: {
      address,
      carrier: row.carrier,
      tracking_number: row.trackingNumber,
      shipped_at: timeOf(row.shippedAt),
      delivered_at: timeOf(row.deliveredAt),
    },
    timers: state.timers.map((timer) => ({
      kind: timer.kind,
      due_at: timer.state === 'running' ? rfc3339(timer.dueAtMs) : null,
      remaining_ms: timer.state === 'paused' ? timer.remainingMs : null,
    })),
    allowed_actions: ORDER_ACTIONS.filter((action) => allowedActions.includes(action)),
    version: row.version,
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
    paid_at: timeOf(row.paidAt),
    completed_at: timeOf(row.completedAt),
  };
}

/** What came of an order's payment; the reasons of its bank are the buyer's alone. */
export function presentSummary(summary: PaymentSummary, { actor }: OrderOfCaller) {
  const isBuyer = actor.roles.includes('buyer');
  return {
    attempt_count: summary.attemptCount,
    final_status: summary.finalStatus,
    payment_successful: summary.isSuccessful,
    processing_time_ms: summary.processingTimeMs,
    failure_code: isBuyer ? summary.failureCode : null,
    attempts: summary.attempts.map(({ n, outcome, code, startedAt, endedAt }) => ({
      n,
      outcome,
      code: isBuyer ? code : null,
      started_at: rfc3339(startedAt),
      ended_at: timeOf(endedAt),
      processing_time_ms: endedAt === null ? null : endedAt - startedAt,
    })),
  };
}

export function presentHistory(history: readonly HistoryRow[]) {
  return history.map((entry) => ({
    version: entry.version,
    from: entry.from,
    to: entry.to,
    action: entry.action,
    actor_type: entry.actorType,
    actor_id: entry.actorType === 'system' ? null : entry.actorId,
    reason: entry.reason,
    at: rfc3339(entry.at),
  }));
}

export function presentAddress(row: AddressRow) {
  return {
    id: row.id,
    type: row.kind,
    is_default: row.isDefault,
    ...addressView(row),
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
  };
}
