/**
 * Integer money. Amounts are minor units (cents) of one currency; rates are basis points (1/100 of a percent).
 * Only this file multiplies or divides an amount, so every rounding in the product is written here once.
 */

declare const minorUnits: unique symbol;
/** A non-negative safe integer of minor units. */
export type Cents = number & { readonly [minorUnits]: true };

/** The largest amount accepted anywhere: 10^12 minor units. Sums of many such amounts stay safe integers. */
export const MAX_CENTS = 1_000_000_000_000;
/** A fee of 100 %. */
const BPS_WHOLE = 10_000;
/** Above this, amount x bps could leave the safe integers, so the product is taken in BigInt. */
const SAFE_PRODUCT_LIMIT = Math.floor(Number.MAX_SAFE_INTEGER / BPS_WHOLE) - BPS_WHOLE;

export function isCents(value: unknown): value is Cents {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER
  );
}

/** Brands a number as cents; throws RangeError on anything that is not a non-negative safe integer. */
export function cents(value: number): Cents {
  if (!isCents(value)) throw new RangeError(`not an amount in minor units: ${value}`);
  return value;
}

/** `price x quantity`; throws RangeError when the product leaves the safe integers. */
export function lineTotal(priceCents: number, quantity: number): Cents {
  return cents(priceCents * quantity);
}

/** A fee in cents, rounded half up: `floor((amount x bps + 5000) / 10000)` (product model C.5). */
export function feeCents(amountCents: number, bps: number): Cents {
  if (amountCents <= SAFE_PRODUCT_LIMIT)
    return cents(Math.floor((amountCents * bps + BPS_WHOLE / 2) / BPS_WHOLE));
  return cents(Number((BigInt(amountCents) * BigInt(bps) + 5000n) / 10_000n));
}

/** The middle of two prices, rounded down to the cent. */
export function midpointCents(a: number, b: number): Cents {
  return cents(Math.floor((a + b) / 2));
}

/** True when the price is at most `factor` times above and at most `factor` times below the reference. */
export function isWithinFactor(priceCents: number, referenceCents: number, factor: number): boolean {
  return priceCents <= referenceCents * factor && priceCents * factor >= referenceCents;
}

/** The mean price of `quantity` units that cost `totalCents` together, rounded half up to the cent. */
export function meanCents(totalCents: number, quantity: number): Cents {
  return cents(Math.round(totalCents / quantity));
}

/** `amount x part / whole`, rounded half up: the share of a fee that a partial refund has reversed so far (C.5). */
export function proportionCents(amountCents: number, partCents: number, wholeCents: number): Cents {
  if (wholeCents === 0) return cents(0);
  const twice = BigInt(wholeCents) * 2n;
  return cents(Number((BigInt(amountCents) * BigInt(partCents) * 2n + BigInt(wholeCents)) / twice));
}

/**
 * Splits an amount by weights with the largest remainder: each share is rounded down, and the cents left over go one
 * by one to the largest fractions, the earlier share first when they tie. The shares always sum to the amount.
 */
export function allocateCents(amountCents: number, weights: readonly number[]): Cents[] {
  const whole = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (whole === 0n) {
    if (amountCents !== 0) throw new RangeError('an amount cannot be split over nothing');
    return weights.map(() => cents(0));
  }
  const products = weights.map((weight) => BigInt(amountCents) * BigInt(weight));
  const shares = products.map((product) => Number(product / whole));
  const leftOver = amountCents - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = products
    .map((product, index) => ({ index, remainder: product % whole }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1));
  for (const { index } of byRemainder.slice(0, leftOver)) shares[index]! += 1;
  return shares.map(cents);
}

/** An amount for a person to read, such as `AED 450.00`: every currency here has two decimals. */
export function amountText(amountCents: number, currency: string): string {
  const digits = String(Math.abs(amountCents)).padStart(3, '0');
  return `${amountCents < 0 ? '-' : ''}${currency} ${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
