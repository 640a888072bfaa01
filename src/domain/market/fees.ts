import { type Cents, cents, feeCents, lineTotal } from '../money.ts';

/** One row of the fee schedule: rates in basis points, in force from `validFromMs` until a later row takes over (C.5). */
export interface FeeRate {
  id: string;
  buyerBps: number;
  sellerBps: number;
  /** Smallest fee for a side whose rate is not zero; 0 means none. */
  minimumCents: number;
  validFromMs: number;
}

/** What a match costs and pays, fees in. `buyerTotal - sellerPayout` is the platform's. */
export interface MatchAmounts {
  subtotalCents: Cents;
  buyerFeeCents: Cents;
  sellerFeeCents: Cents;
  buyerTotalCents: Cents;
  sellerPayoutCents: Cents;
}

/** The row in force at `atMs`, or null when none is. */
export function feeRateAt(rates: readonly FeeRate[], atMs: number): FeeRate | null {
  let current: FeeRate | null = null;
  for (const rate of rates) {
    if (rate.validFromMs <= atMs && (current === null || rate.validFromMs > current.validFromMs))
      current = rate;
  }
  return current;
}

function sideFee(amountCents: number, bps: number, minimumCents: number): Cents {
  if (bps === 0) return cents(0);
  // A minimum never takes more than the amount itself, so that a payout cannot be negative (C.5).
  return cents(Math.min(Math.max(feeCents(amountCents, bps), minimumCents), amountCents));
}

/** Fees of `price x quantity`, each rounded once on the whole amount. */
export function matchAmounts(priceCents: number, quantity: number, rate: FeeRate): MatchAmounts {
  const subtotalCents = lineTotal(priceCents, quantity);
  const buyerFeeCents = sideFee(subtotalCents, rate.buyerBps, rate.minimumCents);
  const sellerFeeCents = sideFee(subtotalCents, rate.sellerBps, rate.minimumCents);
  return {
    subtotalCents,
    buyerFeeCents,
    sellerFeeCents,
    buyerTotalCents: cents(subtotalCents + buyerFeeCents),
    sellerPayoutCents: cents(subtotalCents - sellerFeeCents),
  };
}
