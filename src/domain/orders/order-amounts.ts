/** What an order costs and pays, from its lines to the cent (product model C.5). */
import { type FeeRate, matchAmounts } from '../market/fees.ts';
import { allocateCents, type Cents, cents, lineTotal } from '../money.ts';

export interface OrderLine {
  priceCents: number;
  quantity: number;
}

/** A line with its part of the fees: the parts of all lines sum to the fees of the order. */
export interface LineAmounts extends OrderLine {
  subtotalCents: Cents;
  buyerFeeCents: Cents;
  sellerFeeCents: Cents;
}

/** The snapshot an order keeps. All amounts are of one currency. */
export interface OrderAmounts {
  subtotalCents: Cents;
  buyerFeeCents: Cents;
  sellerFeeCents: Cents;
  shippingCents: Cents;
  /** What the buyer pays: subtotal, buyer fee and shipping. */
  totalCents: Cents;
  /** What the seller gets: subtotal less seller fee. */
  payoutCents: Cents;
  /** Both fees. */
  platformCents: Cents;
}

/** Amounts of one order: each fee rounded once on the whole order, then split over the lines by largest remainder. */
export function orderAmounts(
  lines: readonly OrderLine[],
  shippingCents: number,
  rate: FeeRate,
): { amounts: OrderAmounts; lines: LineAmounts[] } {
  const subtotals = lines.map((line) => lineTotal(line.priceCents, line.quantity));
  const subtotalCents = cents(subtotals.reduce((sum, subtotal) => sum + subtotal, 0));
  const { buyerFeeCents, sellerFeeCents, buyerTotalCents, sellerPayoutCents } = matchAmounts(
    subtotalCents,
    1,
    rate,
  );
  const amounts: OrderAmounts = {
    subtotalCents,
    buyerFeeCents,
    sellerFeeCents,
    shippingCents: cents(shippingCents),
    totalCents: cents(buyerTotalCents + shippingCents),
    payoutCents: sellerPayoutCents,
    platformCents: cents(buyerFeeCents + sellerFeeCents),
  };
  assertAddsUp(amounts);
  const buyerFees = allocateCents(buyerFeeCents, subtotals);
  const sellerFees = allocateCents(sellerFeeCents, subtotals);
  return {
    amounts,
    lines: lines.map((line, index) => ({
      priceCents: line.priceCents,
      quantity: line.quantity,
      subtotalCents: subtotals[index]!,
      buyerFeeCents: buyerFees[index]!,
      sellerFeeCents: sellerFees[index]!,
    })),
  };
}

/** The invariants of C.5; throws RangeError, for amounts that do not add up must never be charged or settled. */
export function assertAddsUp(amounts: OrderAmounts): void {
  const { subtotalCents, buyerFeeCents, sellerFeeCents, shippingCents } = amounts;
  const addsUp =
    amounts.totalCents === subtotalCents + buyerFeeCents + shippingCents &&
    amounts.payoutCents === subtotalCents - sellerFeeCents &&
    amounts.platformCents === amounts.totalCents - amounts.payoutCents - shippingCents;
  if (!addsUp) throw new RangeError(`the amounts of an order do not add up: ${JSON.stringify(amounts)}`);
}
