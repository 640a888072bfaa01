import { type Cents, cents, feeCents, lineTotal } from '../money.ts';

/** What sellers are to the house (SN-43). A tier without rates of its own has those of `standard`. */
export const SELLER_TIERS = ['standard', 'pro', 'elite'] as const;
export type SellerTier = (typeof SELLER_TIERS)[number];
export const STANDARD_TIER: SellerTier = 'standard';

/**
 * Where a seller's tier counts: the books match by one rate, and what the house sells has no seller (decision 0016).
 */
export const TIERED_CHANNELS: readonly string[] = ['community', 'discover'];

/** The tier whose rates a sale in this channel has. */
export const tierIn = (channel: string, sellerTier: SellerTier): SellerTier =>
  TIERED_CHANNELS.includes(channel) ? sellerTier : STANDARD_TIER;

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
export function feeRateAt<Rate extends FeeRate>(rates: readonly Rate[], atMs: number): Rate | null {
  let current: Rate | null = null;
  for (const rate of rates) {
    if (rate.validFromMs <= atMs && (current === null || rate.validFromMs > current.validFromMs))
      current = rate;
  }
  return current;
}

/** The row of a tier in force at `atMs`, or that of the standard tier where it has none. */
export function feeRateOfTier<Rate extends FeeRate & { tier: SellerTier }>(
  rates: readonly Rate[],
  tier: SellerTier,
  atMs: number,
): Rate | null {
  const own = feeRateAt(
    rates.filter((rate) => rate.tier === tier),
    atMs,
  );
  if (own !== null || tier === STANDARD_TIER) return own;
  return feeRateOfTier(rates, STANDARD_TIER, atMs);
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
