/** The checks an order must pass on its own, before the book is looked at. */
import { isWithinFactor, MAX_CENTS } from '../money.ts';
import { type BookRules, MAX_ORDER_QUANTITY, type Rejection, type TimeInForce } from './order.ts';

export function checkOpen(rules: BookRules): Rejection | null {
  if (rules.status === 'open') return null;
  return { code: rules.status === 'halted' ? 'book_halted' : 'book_cancel_only' };
}

export function checkPrice(priceCents: number, rules: BookRules): Rejection | null {
  if (!Number.isInteger(priceCents) || priceCents <= 0 || priceCents > MAX_CENTS)
    return { code: 'invalid_price' };
  return priceCents % rules.tickCents === 0 ? null : { code: 'price_off_tick', tickCents: rules.tickCents };
}

export function checkQuantity(quantity: number): Rejection | null {
  const isValid = Number.isInteger(quantity) && quantity >= 1 && quantity <= MAX_ORDER_QUANTITY;
  return isValid ? null : { code: 'invalid_quantity', maxQuantity: MAX_ORDER_QUANTITY };
}

export function checkExpiry(
  expiresAtMs: number | null,
  timeInForce: TimeInForce,
  nowMs: number,
): Rejection | null {
  if (expiresAtMs === null) return timeInForce === 'gtt' ? { code: 'invalid_expiry' } : null;
  if (!Number.isSafeInteger(expiresAtMs)) return { code: 'invalid_expiry' };
  return expiresAtMs <= nowMs ? { code: 'order_expired' } : null;
}

/** The fat-finger collar (product model C.2.4): refuses a price too far from the reference, when there is one. */
export function checkCollar(
  priceCents: number,
  referenceCents: number | null,
  rules: BookRules,
): Rejection | null {
  const factor = rules.collarFactor;
  if (factor === null || referenceCents === null || isWithinFactor(priceCents, referenceCents, factor))
    return null;
  return { code: 'price_outside_collar', referenceCents, factor };
}
