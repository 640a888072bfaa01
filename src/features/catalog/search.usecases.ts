import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { problem } from '../../http/problem.ts';
import type { ProductCard } from '../../wire/cards.ts';
import type { SearchQuery } from './catalog.schemas.ts';
import { primaryImages } from './images.repository.ts';
import { presentProductCards } from './product-cards.usecases.ts';
import type { ProductPage } from './products.usecases.ts';
import { countNewProducts, type Facet, type SearchFilter, searchProducts } from './search.repository.ts';

const SearchCursor = z.tuple([z.number(), z.number().int()]);

/** One page of search hits, best first, with facets (SN-11). Hidden products are never found. */
export async function search(
  deps: Deps,
  query: SearchQuery,
): Promise<ProductPage & { brands: Facet[]; categories: Facet[] }> {
  const expression = searchExpression(query.q);
  if (expression === null) throw problem('validation_failed', 'Type at least one letter or digit.');
  const key = decodeCursor(query.cursor, SearchCursor);
  const found = await searchProducts(
    deps.db,
    expression,
    { brand: query.brand, category: query.category },
    key,
    query.limit + 1,
  );
  const page = found.hits.slice(0, query.limit);
  const last = page.at(-1);
  const rows = page.map((hit) => hit.product);
  return {
    rows,
    images: await primaryImages(
      deps.db,
      rows.map((row) => row.id),
    ),
    nextCursor: found.hits.length > query.limit && last ? encodeCursor([last.score, last.product.row]) : null,
    brands: found.brands,
    categories: found.categories,
  };
}

/** The best hits as cards, with facets, for a search over more than the catalogue. */
export async function findProducts(
  deps: Deps,
  expression: string,
  filter: SearchFilter,
  limit: number,
): Promise<{ cards: ProductCard[]; brands: Facet[]; categories: Facet[] }> {
  const { hits, brands, categories } = await searchProducts(deps.db, expression, filter, null, limit);
  const cards = await presentProductCards(
    deps,
    hits.map(({ product }) => product),
  );
  return { cards: [...cards.values()], brands, categories };
}

/** How many products that came after the one with this number match, at most `limit`. */
export const countProductsSince = (
  deps: Deps,
  expression: string,
  filter: SearchFilter,
  row: number,
  limit: number,
): Promise<number> => countNewProducts(deps.db, expression, filter, row, limit);
