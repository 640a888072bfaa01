/**
 * Who bears a refund. Fees are reversed in proportion and cumulatively (product model C.5): after refunds of
 * `refundedCents` in all, `round(fee x refunded / total)` of each fee is reversed, so that any number of partial
 * refunds reverses exactly what one full refund does.
 */
import { type Cents, cents, proportionCents } from '../money.ts';
import type { OrderAmounts } from '../orders/order-amounts.ts';

/** Parts of what the buyer paid, by who has or gets them; they sum to the amount they are parts of. */
export interface Shares {
  sellerCents: Cents;
  buyerFeeCents: Cents;
  sellerFeeCents: Cents;
  shippingCents: Cents;
}

/** What each party has given back after refunds of `refundedCents` in all; throws RangeError beyond the total. */
export function refundedShares(amounts: OrderAmounts, refundedCents: number): Shares {
  const { totalCents, payoutCents } = amounts;
  if (refundedCents > totalCents) throw new RangeError(`refunds of ${refundedCents} exceed ${totalCents}`);
  const buyerFeeCents = proportionCents(amounts.buyerFeeCents, refundedCents, totalCents);
  const shippingCents = proportionCents(amounts.shippingCents, refundedCents, totalCents);
  const goodsCents = cents(refundedCents - buyerFeeCents - shippingCents);
  // The seller gives back between nothing and the whole payout. With a fee of nearly all the price, rounding alone
  // could leave that range by a cent; the seller fee takes that cent.
  const roundedCents = proportionCents(amounts.sellerFeeCents, refundedCents, totalCents);
  const sellerFeeCents = cents(Math.min(Math.max(roundedCents, goodsCents - payoutCents), goodsCents));
  return {
    sellerCents: cents(goodsCents - sellerFeeCents),
    buyerFeeCents,
    sellerFeeCents,
    shippingCents,
  };
}

/** What each party gets when the rest is released after refunds of `refundedCents` in all. */
export function remainingShares(amounts: OrderAmounts, refundedCents: number): Shares {
  const refunded = refundedShares(amounts, refundedCents);
  return {
    sellerCents: cents(amounts.payoutCents - refunded.sellerCents),
    buyerFeeCents: cents(amounts.buyerFeeCents - refunded.buyerFeeCents),
    sellerFeeCents: cents(amounts.sellerFeeCents - refunded.sellerFeeCents),
    shippingCents: cents(amounts.shippingCents - refunded.shippingCents),
  };
}
