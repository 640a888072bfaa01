/** What each step of an order moves, as balanced postings. Throws RangeError on amounts no step can have. */
import { type Cents, cents } from '../money.ts';
import type { OrderAmounts } from '../orders/order-amounts.ts';
import { type Account, availableOf, pendingOf, type UserAccount } from './accounts.ts';
import { type Posting, post } from './posting.ts';
import { refundedShares, remainingShares } from './shares.ts';

/** The money side of an order. */
export interface OrderMoney {
  orderId: string;
  currency: string;
  /** Null when the platform sells: its proceeds are `platform:sales`. */
  sellerId: string | null;
  /** The snapshot the buyer was charged by. */
  amounts: OrderAmounts;
}

/** Where a payment comes from: a card through the processor, or the buyer's wallet. */
export type PaymentSource = 'processor:clearing' | UserAccount<'available' | 'locked'>;
/** Whether proceeds can be paid out at once or wait for the payout delay. */
export type ProceedsPurse = 'available' | 'pending';
type Move = readonly [account: Account, amountCents: number];

/** The account that proceeds of an order go to. */
export function proceedsAccount(sellerId: string | null, purse: ProceedsPurse): Account {
  if (sellerId === null) return 'platform:sales';
  return purse === 'pending' ? pendingOf(sellerId) : availableOf(sellerId);
}

/** What is left in escrow for an order after refunds of `refundedCents` in all. */
function leftCents(order: OrderMoney, refundedCents: number): Cents {
  return cents(order.amounts.totalCents - cents(refundedCents));
}

/** A part of what is left: at least a cent and at most all of it. */
function partOf(order: OrderMoney, refundedBeforeCents: number, partCents: number): Cents {
  const left = leftCents(order, refundedBeforeCents);
  if (!Number.isSafeInteger(partCents) || partCents < 1 || partCents > left)
    throw new RangeError(`${partCents} is not a part of the ${left} left of ${order.orderId}`);
  return cents(partCents);
}

function releaseMoves(order: OrderMoney, refundedCents: number, purse: ProceedsPurse): Move[] {
  const rest = remainingShares(order.amounts, refundedCents);
  return [
    ['escrow', -leftCents(order, refundedCents)],
    [proceedsAccount(order.sellerId, purse), rest.sellerCents],
    ['platform:fees', rest.buyerFeeCents + rest.sellerFeeCents],
    ['platform:shipping', rest.shippingCents],
  ];
}

/** Takes a further refund back from everybody who was paid: what is still pending first, then what is available. */
function clawBackMoves(
  order: OrderMoney,
  refundedBeforeCents: number,
  partCents: number,
  sellerPendingCents: number,
): Move[] {
  const before = refundedShares(order.amounts, refundedBeforeCents);
  const after = refundedShares(order.amounts, refundedBeforeCents + partCents);
  const sellerCents = after.sellerCents - before.sellerCents;
  const pendingCents = Math.max(0, Math.min(sellerCents, sellerPendingCents));
  const feesCents = after.buyerFeeCents + after.sellerFeeCents - before.buyerFeeCents - before.sellerFeeCents;
  return [
    [proceedsAccount(order.sellerId, 'pending'), -pendingCents],
    [proceedsAccount(order.sellerId, 'available'), pendingCents - sellerCents],
    ['platform:fees', -feesCents],
    ['platform:shipping', before.shippingCents - after.shippingCents],
  ];
}

/** The buyer's payment, into escrow. */
export function paymentCaptured(order: OrderMoney, from: PaymentSource): Posting {
  const { totalCents } = order.amounts;
  return post('payment_captured', order.orderId, order.currency, [
    [from, -totalCents],
    ['escrow', totalCents],
  ]);
}

/** What is left in escrow, to the seller, the fees and the shipping. */
export function escrowReleased(order: OrderMoney, refundedCents: number, purse: ProceedsPurse): Posting {
  return post('escrow_released', order.orderId, order.currency, releaseMoves(order, refundedCents, purse));
}

/** One refund, full or partial, of an order that is not settled. It is on its way until `refundSettled`. */
export function refundFromEscrow(
  order: OrderMoney,
  refund: { refundId: string; refundedBeforeCents: number; refundCents: number },
): Posting {
  const refundCents = partOf(order, refund.refundedBeforeCents, refund.refundCents);
  return post('refund_from_escrow', refund.refundId, order.currency, [
    ['escrow', -refundCents],
    ['refunds', refundCents],
  ]);
}

/**
 * One refund, full or partial, of an order that was released: the seller and the platform give their shares back.
 * The seller's available balance may go negative. `sellerPendingCents` is what the seller has pending of this order.
 */
export function refundAfterRelease(
  order: OrderMoney,
  refund: { refundId: string; refundedBeforeCents: number; refundCents: number; sellerPendingCents: number },
): Posting {
  const { refundId, refundedBeforeCents, sellerPendingCents } = refund;
  const refundCents = partOf(order, refundedBeforeCents, refund.refundCents);
  return post('refund_after_release', refundId, order.currency, [
    ...clawBackMoves(order, refundedBeforeCents, refundCents, sellerPendingCents),
    ['refunds', refundCents],
  ]);
}

/** A refund has arrived: at the buyer's card through the processor, or in the buyer's wallet. */
export function refundSettled(refund: {
  refundId: string;
  currency: string;
  refundCents: number;
  to: 'processor:clearing' | UserAccount<'available'>;
}): Posting {
  return post('refund_settled', refund.refundId, refund.currency, [
    ['refunds', -refund.refundCents],
    [refund.to, refund.refundCents],
  ]);
}

/** A dispute decided in part for both: the refund to the buyer and the release of the rest in one posting. */
export function disputeSplit(
  order: OrderMoney,
  split: { refundId: string; refundedBeforeCents: number; refundCents: number; purse: ProceedsPurse },
): Posting {
  const refundCents = partOf(order, split.refundedBeforeCents, split.refundCents);
  return post('dispute_split', split.refundId, order.currency, [
    ['escrow', -refundCents],
    ['refunds', refundCents],
    ...releaseMoves(order, split.refundedBeforeCents + refundCents, split.purse),
  ]);
}

/** A chargeback as the processor reports it; its amount is the network's, not ours. */
export interface Chargeback {
  chargebackId: string;
  amountCents: number;
}

/** The card network takes the money while it decides; escrow is frozen and keeps its balance. */
export function chargebackOpened(order: OrderMoney, chargeback: Chargeback): Posting {
  return post('chargeback_opened', chargeback.chargebackId, order.currency, [
    ['chargebacks', -chargeback.amountCents],
    ['processor:clearing', chargeback.amountCents],
  ]);
}

/** The money comes back from the network. */
export function chargebackWon(order: OrderMoney, chargeback: Chargeback): Posting {
  return post('chargeback_won', chargeback.chargebackId, order.currency, [
    ['processor:clearing', -chargeback.amountCents],
    ['chargebacks', chargeback.amountCents],
  ]);
}

/**
 * The network keeps the money. The order is undone as by a full refund of what is left, which pays for the
 * chargeback: a smaller chargeback leaves the buyer a refund, a larger one (after partial refunds) is the platform's
 * loss.
 */
export function chargebackLost(
  order: OrderMoney,
  chargeback: Chargeback,
  standing: { refundedCents: number } & (
    | { isReleased: false }
    | { isReleased: true; sellerPendingCents: number }
  ),
): Posting {
  const left = leftCents(order, standing.refundedCents);
  const source: Move[] = standing.isReleased
    ? clawBackMoves(order, standing.refundedCents, left, standing.sellerPendingCents)
    : [['escrow', -left]];
  return post('chargeback_lost', chargeback.chargebackId, order.currency, [
    ...source,
    ['chargebacks', chargeback.amountCents],
    ['refunds', chargebackRefundCents(order, chargeback, standing.refundedCents)],
    ['platform:losses', -Math.max(0, chargeback.amountCents - left)],
  ]);
}

/** What a lost chargeback leaves to be refunded to the buyer: usually nothing. */
export function chargebackRefundCents(
  order: OrderMoney,
  chargeback: Chargeback,
  refundedCents: number,
): Cents {
  return cents(Math.max(0, leftCents(order, refundedCents) - chargeback.amountCents));
}
