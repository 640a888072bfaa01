/** The rules of what a listing asks for. */
import type { FieldError } from '../errors.ts';

/** Amounts are minor units of the listing's currency. */
export interface ListingTerms {
  priceCents: number;
  /** Offers from here up are accepted, and from here down declined, without asking the seller; null switches it off. */
  autoAcceptCents: number | null;
  autoDeclineCents: number | null;
}

/** The terms that contradict each other: decline below accept, and both below the price (C.3, eBay's rule). */
export function contradictionsOf({
  priceCents,
  autoAcceptCents,
  autoDeclineCents,
}: ListingTerms): FieldError[] {
  const errors: FieldError[] = [];
  if (autoAcceptCents !== null && autoAcceptCents >= priceCents)
    errors.push({ pointer: '/auto_accept_cents', detail: 'must be below price_cents' });
  if (autoDeclineCents !== null && autoDeclineCents >= (autoAcceptCents ?? priceCents))
    errors.push({
      pointer: '/auto_decline_cents',
      detail: autoAcceptCents === null ? 'must be below price_cents' : 'must be below auto_accept_cents',
    });
  return errors;
}

/** What the thresholds say to an offer of so much; null leaves it to the seller. */
export function automaticAnswer(terms: ListingTerms, offerCents: number): 'accept' | 'decline' | null {
  if (terms.autoAcceptCents !== null && offerCents >= terms.autoAcceptCents) return 'accept';
  if (terms.autoDeclineCents !== null && offerCents <= terms.autoDeclineCents) return 'decline';
  return null;
}

/** The least that may be offered: so many per cent of the price, rounded up to a minor unit. */
export function leastOfferCents(priceCents: number, minOfferPct: number): number {
  return Number((BigInt(priceCents) * BigInt(minOfferPct) + 99n) / 100n);
}

/** A tag as it is stored and compared: lower case, words joined by hyphens; empty when nothing of it is left. */
export function tagOf(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
}
