import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { type PaymentMeans, type STRIKE_KINDS, strikes } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { pendingProceeds } from '../../db/payments-schema.ts';
import { matches } from '../../db/schema.ts';
import { type InventoryKind, stockChange } from '../../domain/catalog/inventory.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { availableOf } from '../../domain/ledger/accounts.ts';
import {
  type Chargeback,
  chargebackLost,
  chargebackRefundCents,
  disputeSplit,
  escrowReleased,
  type PaymentSource,
  paymentCaptured,
  refundAfterRelease,
  refundFromEscrow,
} from '../../domain/ledger/order-postings.ts';
import type { Posting } from '../../domain/ledger/posting.ts';
import { remainingShares } from '../../domain/ledger/shares.ts';
import type { OrderAction } from '../../domain/orders/order.ts';
import { orderEvents } from '../../domain/orders/order-events.ts';
import { postingIdOf, refundIdOf } from '../../domain/orders/order-ids.ts';
import type { Transition } from '../../domain/orders/order-machine.ts';
import type { OrderEffect } from '../../domain/orders/order-row.ts';
import { statusAfterRefunds } from '../../domain/payments/payment-state.ts';
import { proceedsClearing } from '../../domain/payments/payout.ts';
import type { RefundReason } from '../../domain/payments/refund-state.ts';
import { stockStatements } from '../catalog/stock.statements.ts';
import { disputeStatements } from '../disputes/dispute.statements.ts';
import { postingStatements, type Statement } from '../ledger/ledger.statements.ts';
import { moneyOf, type OrderChanges, type OrderRow, type StoredOrder } from './orders.repository.ts';
import { type PendingProceeds, takenFromPending } from './pending-proceeds.ts';
import { verificationStep } from './verification.statements.ts';

/** What a transition does not know by itself and its effects need. */
export interface Circumstances {
  /** The payment that was captured: of `payment_succeeded`. */
  payment?: { paymentId: string; from: PaymentMeans };
  /** The refund of a partial resolution. */
  refundCents?: number;
  /** The chargeback that was lost: of `chargeback_lost`. */
  chargeback?: Chargeback;
  /** Other columns that change with it. */
  changes?: OrderChanges;
  /** What the seller has pending of this order. */
  pending?: PendingProceeds | null;
}

/** When a transition is carried out, and how long its proceeds wait after it. */
export interface CarryTime {
  nowMs: number;
  payoutDelayMs: number;
}

/** What must leave the database: the handler of each is in `jobs/domain-events.ts`. */
export type OrderRequest =
  | {
      type: 'payment.refund_request';
      data: {
        order_id: string;
        /** Of a payment that the order does not go by: one that came second. */
        payment_id?: string;
        refund_id: string;
        amount_cents: number;
        currency: string;
        reason: RefundReason;
      };
    }
  | { type: 'payment.release_request'; data: { order_id: string; amount_cents: number; currency: string } }
  | { type: 'order.relink_request'; data: { order_id: string; match_id: string; side: 'bid' | 'ask' } };

/** All that one transition does beside the order's own state: statements for its batch, and columns of its row. */
export interface CarriedOut {
  statements: Statement[];
  changes: OrderChanges;
}

const BY_SYSTEM = { actorType: 'system', actorId: 'system', reason: null } as const;

/** Where the buyer's money came from, as an account. */
export const sourceAccount = (buyerId: string, from: PaymentMeans): PaymentSource =>
  from === 'wallet' ? availableOf(buyerId) : 'processor:clearing';

/** Gathers what the effects of one transition do; each effect has its line in `carryOut`. */
class Gathering {
  readonly statements: Statement[] = [];
  readonly requests: OrderRequest[] = [];
  changes: OrderChanges = {};
  private readonly db: Db;
  private readonly row: OrderRow;
  private readonly transition: Transition;
  private readonly pending: PendingProceeds | null;
  readonly clearing: ReturnType<typeof proceedsClearing>;

  constructor(
    db: Db,
    row: OrderRow,
    transition: Transition,
    pending: PendingProceeds | null,
    clearing: ReturnType<typeof proceedsClearing>,
  ) {
    this.db = db;
    this.row = row;
    this.transition = transition;
    this.pending = pending;
    this.clearing = clearing;
  }

  /** What the seller has pending of this order, to be taken back first. */
  get sellerPendingCents(): number {
    return this.pending?.amountCents ?? 0;
  }

  /** The proceeds are the seller's: on their way to their account at once, or when the payout delay is over. */
  pay(sellerId: string, amountCents: number): void {
    const { id: orderId, currency } = this.row;
    if (amountCents === 0) return;
    if (this.clearing.purse === 'pending') {
      const dueAt = this.clearing.clearsAtMs;
      this.statements.push(
        this.db.insert(pendingProceeds).values({ orderId, sellerId, currency, amountCents, dueAt }),
      );
      return;
    }
    const data = { order_id: orderId, amount_cents: amountCents, currency };
    this.requests.push({ type: 'payment.release_request', data });
  }

  post(posting: Posting): void {
    const { version, history } = this.transition;
    this.statements.push(
      ...postingStatements(this.db, posting, {
        id: postingIdOf(this.row.id, version),
        orderId: this.row.id,
        atMs: history.atMs,
      }),
      ...takenFromPending(this.db, this.pending, posting),
    );
  }

  /** A refund on its way; what is refunded counts from here on. */
  owe(refundCents: number): void {
    const { id, currency } = this.row;
    const refundId = refundIdOf(id, this.transition.version);
    const reason = refundReason(this.transition.history.action, this.transition.history.actorType);
    if (refundCents > 0)
      this.requests.push({
        type: 'payment.refund_request',
        data: { order_id: id, refund_id: refundId, amount_cents: refundCents, currency, reason },
      });
  }

  refunded(refundedCents: number): void {
    const paymentStatus = statusAfterRefunds(this.row.totalCents, refundedCents);
    this.changes = { ...this.changes, refundedCents, paymentStatus };
  }

  strike(kind: (typeof STRIKE_KINDS)[number], userId: string | null): void {
    if (userId === null) return;
    const { id: orderId } = this.row;
    this.statements.push(
      this.db
        .insert(strikes)
        .values({ orderId, kind, userId, at: this.transition.history.atMs })
        .onConflictDoNothing(),
    );
  }

  relink(side: 'bid' | 'ask'): void {
    const { id, matchId } = this.row;
    if (matchId !== null)
      this.requests.push({ type: 'order.relink_request', data: { order_id: id, match_id: matchId, side } });
  }

  settleMatch(status: 'completed' | 'failed'): void {
    const { matchId } = this.row;
    if (matchId !== null)
      this.statements.push(this.db.update(matches).set({ status }).where(eq(matches.id, matchId)));
  }
}

function refundReason(action: OrderAction | 'place', actorType: string): RefundReason {
  switch (action) {
    case 'cancel':
      return 'order_cancelled';
    case 'ship_by_over':
      return 'ship_by_missed';
    case 'resolve':
    case 'dispute_silence':
    case 'dispute_over_60_days':
      return 'dispute';
    case 'chargeback_lost':
      return 'chargeback';
    default:
      return actorType === 'seller' ? 'seller_goodwill' : 'finance_decision';
  }
}

/** Stock that an order reserved leaves the shelf or goes back to it, line by line. */
function moveLines(
  db: Db,
  { row, lines }: StoredOrder,
  kind: InventoryKind,
  transition: Transition,
): Statement[] {
  const { actorId, atMs } = transition.history;
  return lines.flatMap(({ sizeId, quantity, line }) => [
    ...stockStatements(db, stockChange(kind, quantity), {
      id: `inv_${row.id.slice(4)}${transition.version}_${line}`,
      sizeId,
      kind,
      quantity,
      reference: row.id,
      reason: `order ${row.number}`,
      actorId,
      createdAt: atMs,
    }),
  ]);
}

/**
 * Carries out the effects of a transition as statements of its own batch: money moves in the ledger, stock moves, and
 * what has to happen outside is written to the outbox.
 */
export function carryOut(
  db: Db,
  stored: StoredOrder,
  transition: Transition,
  circumstances: Circumstances,
  { nowMs, payoutDelayMs }: CarryTime,
): CarriedOut {
  const { row } = stored;
  const clearing = proceedsClearing(transition.history.atMs, payoutDelayMs);
  const gathering = new Gathering(db, row, transition, circumstances.pending ?? null, clearing);
  for (const effect of transition.effects) carry(db, stored, transition, effect, circumstances, gathering);
  const events: EventEnvelope[] = [
    ...orderEvents(transition, row.correlationId),
    ...gathering.requests.map((request, index) =>
      envelopeOf(
        row,
        request,
        `${transition.version}:${transition.events.length + index}`,
        transition.version,
        nowMs,
      ),
    ),
  ];
  return {
    statements: [
      ...gathering.statements,
      ...disputeStatements(db, row, transition, circumstances.refundCents ?? null),
      outboxStatement(db, events, nowMs),
    ],
    changes: { ...circumstances.changes, ...gathering.changes },
  };
}

/** A request as an event of its order; `suffix` makes its id one of its own. */
export function envelopeOf(
  row: OrderRow,
  request: OrderRequest,
  suffix: string,
  seq: number,
  atMs: number,
): EventEnvelope {
  return {
    event_id: `${row.id}:${suffix}`,
    type: request.type,
    version: 1,
    aggregate: { type: 'order', id: row.id },
    seq,
    correlation_id: row.correlationId,
    occurred_at: new Date(atMs).toISOString(),
    data: request.data,
  };
}

function carry(
  db: Db,
  stored: StoredOrder,
  transition: Transition,
  effect: OrderEffect,
  circumstances: Circumstances,
  gathering: Gathering,
): void {
  const { row } = stored;
  const money = moneyOf(row);
  const refundId = refundIdOf(row.id, transition.version);
  const { refundedCents: refundedBeforeCents } = row;
  const leftCents = row.totalCents - refundedBeforeCents;
  switch (effect) {
    case 'cancel_payment': {
      const isFailure = transition.to === 'failed';
      gathering.changes = { ...gathering.changes, paymentStatus: isFailure ? 'failed' : 'cancelled' };
      return;
    }
    case 'hold_escrow': {
      // One direction of an exchange without cash is paid with goods.
      if (row.totalCents === 0) {
        gathering.changes = { ...gathering.changes, paymentStatus: 'succeeded' };
        return;
      }
      const { paymentId, from } = circumstances.payment!;
      gathering.post(paymentCaptured(money, sourceAccount(row.buyerId, from)));
      gathering.changes = { ...gathering.changes, paymentStatus: 'succeeded', paymentId, paidFrom: from };
      return;
    }
    case 'release_escrow': {
      const releasedCents = leftCents - (circumstances.refundCents ?? 0);
      // A partial resolution posts its refund and its release together.
      if (leftCents > 0 && !transition.effects.includes('refund_part'))
        gathering.post(escrowReleased(money, refundedBeforeCents, gathering.clearing.purse));
      gathering.changes = { ...gathering.changes, releasedCents };
      return;
    }
    case 'create_payout': {
      const refundedCents = refundedBeforeCents + (circumstances.refundCents ?? 0);
      const { sellerCents } = remainingShares(money.amounts, refundedCents);
      gathering.pay(row.sellerId!, sellerCents);
      return;
    }
    case 'refund_all':
      if (leftCents === 0) return;
      gathering.post(refundFromEscrow(money, { refundId, refundedBeforeCents, refundCents: leftCents }));
      gathering.owe(leftCents);
      gathering.refunded(row.totalCents);
      return;
    case 'refund_part': {
      const refundCents = circumstances.refundCents!;
      gathering.post(
        disputeSplit(money, { refundId, refundedBeforeCents, refundCents, purse: gathering.clearing.purse }),
      );
      gathering.owe(refundCents);
      gathering.refunded(refundedBeforeCents + refundCents);
      return;
    }
    case 'claw_back':
      if (leftCents === 0) return;
      gathering.post(
        refundAfterRelease(money, {
          refundId,
          refundedBeforeCents,
          refundCents: leftCents,
          sellerPendingCents: gathering.sellerPendingCents,
        }),
      );
      gathering.owe(leftCents);
      gathering.refunded(row.totalCents);
      return;
    case 'settle_chargeback': {
      const chargeback = circumstances.chargeback!;
      gathering.post(chargebackLostPosting(row, chargeback, gathering.sellerPendingCents));
      gathering.owe(chargebackRefundCents(money, chargeback, refundedBeforeCents));
      gathering.refunded(row.totalCents);
      gathering.changes = { ...gathering.changes, chargebackId: null, chargebackCents: null };
      return;
    }
    case 'release_reservation':
      gathering.statements.push(...moveLines(db, stored, 'release', transition));
      return;
    case 'consume_reservation':
      gathering.statements.push(...moveLines(db, stored, 'sale', transition));
      return;
    case 'relink_ask':
      gathering.relink('ask');
      return;
    case 'relink_bid':
      gathering.relink('bid');
      return;
    case 'await_verification':
      gathering.statements.push(
        verificationStep(
          db,
          row,
          1,
          { to: 'awaiting_item', action: 'require', ...BY_SYSTEM },
          transition.history.atMs,
        ),
      );
      return;
    case 'strike_buyer':
      gathering.strike('buyer_cancelled', row.buyerId);
      return;
    case 'strike_seller':
      gathering.strike('seller_failed', row.sellerId);
      return;
    case 'lower_buyer_reliability':
      gathering.strike('buyer_unpaid', row.buyerId);
      return;
    case 'complete_origin':
      gathering.settleMatch('completed');
      return;
    case 'fail_origin':
      gathering.settleMatch('failed');
      return;
    // Escrow is frozen while the order is disputed or on hold: its status says so.
    case 'freeze_escrow':
    case 'unfreeze_escrow':
    // Asked for by an event of the placement itself.
    case 'request_payment':
    // Told by the order's events, which other features act on.
    case 'relist':
    case 'offer_relist':
    case 'mark_listing_sold':
    case 'open_dispute':
    case 'close_dispute':
    case 'ask_seller':
    case 'remind_inspection':
    case 'open_reviews':
      return;
  }
}

/** A lost chargeback as the order stands: out of escrow, or out of what was released. */
export function chargebackLostPosting(
  row: OrderRow,
  chargeback: Chargeback,
  sellerPendingCents: number,
): Posting {
  const { refundedCents } = row;
  return chargebackLost(
    moneyOf(row),
    chargeback,
    row.releasedCents > 0
      ? { refundedCents, isReleased: true, sellerPendingCents }
      : { refundedCents, isReleased: false },
  );
}
