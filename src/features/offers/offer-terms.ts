/** The names that clients have for the terms of an offer, brought to one. */
import { MAX_OFFER_LIFE_MS, MIN_OFFER_LIFE_MS } from '../../domain/offers/offer.ts';
import { HOUR_MS } from '../../domain/time.ts';
import { Problem, validationFailure } from '../../http/problem.ts';

interface PriceNames {
  price_cents?: number | undefined;
  amount_cents?: number | undefined;
  offered_price_cents?: number | undefined;
  counter_price_cents?: number | undefined;
  /** Major units. */
  offered_price?: number | undefined;
  counter_price?: number | undefined;
  price?: number | undefined;
}

/** The price in minor units, by whichever name; null when none is given. */
export function priceOf(terms: PriceNames): number | null {
  const minor =
    terms.price_cents ?? terms.amount_cents ?? terms.offered_price_cents ?? terms.counter_price_cents;
  if (minor !== undefined) return minor;
  const major = terms.offered_price ?? terms.counter_price ?? terms.price;
  return major === undefined ? null : Math.round(major * 100);
}

/** How long a move waits for its answer; null when it is not said. 422 for a time too near or too far. */
export function lifeOf(
  {
    expires_in_hours: hours,
    expires_at: at,
  }: { expires_in_hours?: number | undefined; expires_at?: string | null | undefined },
  nowMs: number,
): number | null {
  if (hours !== undefined) return Math.round(hours * HOUR_MS);
  if (at === undefined || at === null) return null;
  const lifeMs = Date.parse(at) - nowMs;
  if (lifeMs >= MIN_OFFER_LIFE_MS && lifeMs <= MAX_OFFER_LIFE_MS) return lifeMs;
  throw new Problem(validationFailure([{ path: ['expires_at'], message: 'must be 1 to 72 hours from now' }]));
}
