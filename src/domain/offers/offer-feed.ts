/** What the public feed of a listing shows of who made an offer (SL-29). */
import type { OfferFeed } from '../listings/listing.ts';

const INITIAL = /\p{L}|\p{N}/u;

/** "Ali M." of "Ali Mansour"; "Somebody" where the lister keeps names out; null where there is no feed. */
export function feedName(feed: OfferFeed, displayName: string): string | null {
  if (feed === 'off') return null;
  if (feed === 'anonymous') return 'Somebody';
  const [first = 'Somebody', ...rest] = displayName.trim().split(/\s+/u).filter(Boolean);
  const initial = INITIAL.exec(rest.at(-1) ?? '')?.[0];
  return initial ? `${first} ${initial.toUpperCase()}.` : first;
}
