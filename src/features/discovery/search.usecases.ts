import type { Deps } from '../../deps.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { correctWord, lengthsNear } from '../../domain/discovery/correction.ts';
import { DEFAULT_RADIUS_KM } from '../../domain/listings/distance.ts';
import { problem } from '../../http/problem.ts';
import type { ListingCard, ProductCard } from '../../wire/cards.ts';
import { findProducts } from '../catalog/search.usecases.ts';
import { findListings, type ListingFacets } from '../listings/find-listings.usecases.ts';
import { listingCards } from '../listings/listing-cards.usecases.ts';
import type { Criteria, UnifiedQuery } from './discovery.schemas.ts';
import { readSuggestions, readVocabulary } from './search.repository.ts';

const MAX_SUGGESTIONS = 10;
/** So many of each kind at most, so that none drives the others out. */
const SHARES = { search: 4, brand: 2, product: 6, listing: 4 } as const;

type Facet = { value: string; count: number };
export interface Found {
  correctedQuery: string | null;
  products: { data: ProductCard[]; facets: { brands: Facet[]; categories: Facet[] } };
  listings: { data: ListingCard[]; facets: ListingFacets };
}

/** Words as the index has them: lower case, without accents. */
export const wordsOf = (text: string): string[] =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

type Filters = Pick<
  UnifiedQuery,
  'brand' | 'category' | 'size' | 'condition' | 'channel' | 'min_price_cents' | 'max_price_cents'
>;

export const productFilter = (query: Filters) => ({
  brand: query.brand,
  category: query.category,
  size: query.size,
  minPriceCents: query.min_price_cents,
  maxPriceCents: query.max_price_cents,
});

export const listingFilter = (query: Filters | Criteria) => ({
  category: query.category,
  condition: query.condition,
  channel: query.channel,
  minPriceCents: query.min_price_cents,
  maxPriceCents: query.max_price_cents,
});

function nearOf({ lat, lng, radius_km }: UnifiedQuery) {
  if (lat === undefined && lng === undefined) return undefined;
  if (lat === undefined || lng === undefined)
    throw problem('validation_failed', 'Give both lat and lng, or neither.');
  return { centre: { lat, lon: lng }, radiusM: (radius_km ?? DEFAULT_RADIUS_KM) * 1000 };
}

async function find(deps: Deps, text: string, query: UnifiedQuery): Promise<Omit<Found, 'correctedQuery'>> {
  const expression = searchExpression(text);
  if (expression === null) throw problem('validation_failed', 'Type at least one letter or digit.');
  const near = nearOf(query);
  const none = { ids: [], facets: { categories: [], conditions: [], channels: [] } };
  const [products, listed] = await Promise.all([
    query.type === 'listings'
      ? { cards: [], brands: [], categories: [] }
      : findProducts(deps, expression, productFilter(query), query.limit),
    query.type === 'products'
      ? none
      : findListings(
          deps,
          expression,
          { ...listingFilter(query), near, verified: query.verified === 'true' },
          query.limit,
        ),
  ]);
  const cards = await listingCards(deps, listed.ids);
  return {
    products: {
      data: products.cards,
      facets: { brands: products.brands, categories: products.categories },
    },
    listings: {
      data: listed.ids.flatMap((id) => cards.get(id) ?? []),
      facets: listed.facets,
    },
  };
}

const countOf = ({ products, listings }: Omit<Found, 'correctedQuery'>): number =>
  products.data.length + listings.data.length;

/** The same words with each unknown one replaced by what was most likely meant; null when there is nothing better. */
async function corrected(deps: Deps, text: string): Promise<string | null> {
  const words = wordsOf(text);
  const lengths = words.map(lengthsNear);
  const vocabulary = await readVocabulary(deps, {
    min: Math.min(...lengths.map(({ min }) => min)),
    max: Math.max(...lengths.map(({ max }) => max)),
  });
  const better = words.map((word) => correctWord(word, vocabulary) ?? word).join(' ');
  return better === words.join(' ') ? null : better;
}

/**
 * Searches products and listings at once. When nothing has the words as they were typed, it looks for the words that
 * were most likely meant, and says so (C.11).
 */
export async function searchEverything(deps: Deps, query: UnifiedQuery): Promise<Found> {
  const found = await find(deps, query.q, query);
  if (countOf(found) > 0) return { ...found, correctedQuery: null };
  const correctedQuery = await corrected(deps, query.q);
  if (correctedQuery === null) return { ...found, correctedQuery };
  const meant = await find(deps, correctedQuery, query);
  return countOf(meant) > 0 ? { ...meant, correctedQuery } : { ...found, correctedQuery: null };
}

export interface Suggestion {
  text: string;
  kind: keyof typeof SHARES;
  id: string | null;
}

/** At most ten texts that begin, or have a word that begins, like what was typed so far. */
export async function suggest(deps: Deps, typed: string): Promise<Suggestion[]> {
  const words = wordsOf(typed);
  const expression = searchExpression(typed);
  if (words.join('').length < 2 || expression === null)
    throw problem('validation_failed', 'Type at least two letters or digits.');
  const found = await readSuggestions(deps, words.join(' '), expression, MAX_SUGGESTIONS);
  const seen = new Set<string>();
  return (Object.keys(SHARES) as (keyof typeof SHARES)[])
    .flatMap((kind) =>
      found[kind]
        .filter(({ text }) => {
          const key = wordsOf(text).join(' ');
          if (seen.has(key)) return false;
          seen.add(key);
          return true;
        })
        .slice(0, SHARES[kind])
        .map(({ text, id }): Suggestion => ({ text, kind, id })),
    )
    .slice(0, MAX_SUGGESTIONS);
}
