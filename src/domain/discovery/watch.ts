/** Whether a listing that somebody likes can be had. */
export const FAVOURITE_STATES = ['there', 'gone'] as const;
export type FavouriteState = (typeof FAVOURITE_STATES)[number];

/** What somebody who likes a listing is told when it changes, or null when there is nothing to tell. */
export type FavouriteNews = 'favourite.price_drop' | 'favourite.sold' | 'favourite.back';

/** A listing in one of these states can be bought, or may be again soon: a reservation is not the end. */
const THERE = new Set(['active', 'reserved']);

/**
 * The news of one step of a listing for somebody who was last told `told`, and what they know after it. A listing that
 * comes back tells of that rather than of its new price; a step that changes nothing for them tells nothing.
 */
export function favouriteNews(
  told: FavouriteState,
  step: { to: string; priceCents: number; previousPriceCents: number },
): { news: FavouriteNews | null; told: FavouriteState } {
  if (step.to === 'sold') return { news: told === 'there' ? 'favourite.sold' : null, told: 'gone' };
  if (!THERE.has(step.to)) return { news: null, told: 'gone' };
  if (told === 'gone')
    return step.to === 'active' ? { news: 'favourite.back', told: 'there' } : { news: null, told: 'gone' };
  const cheaper = step.to === 'active' && step.priceCents < step.previousPriceCents;
  return { news: cheaper ? 'favourite.price_drop' : null, told: 'there' };
}
