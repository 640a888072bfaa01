import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { DEFAULT_RADIUS_KM } from '../../domain/listings/distance.ts';
import { type ListingStatus, PUBLIC_STATUSES } from '../../domain/listings/listing.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import { subtreeOf } from './categories.usecases.ts';
import {
  countFacets,
  type Facets,
  type FoundListing,
  findListings,
  findOwn,
  LISTING_SORTS,
  type ListingFilter,
  type ListingSort,
} from './listing-search.repository.ts';
import type { ListingsQuery } from './listing-search.schemas.ts';

export interface ListingPage {
  rows: FoundListing[];
  nextCursor: string | null;
}
interface Page {
  limit: number;
  cursor?: string | undefined;
}

const ListCursor = z.tuple([z.enum(LISTING_SORTS), z.number(), z.number().int()]);
const M_PER_KM = 1000;

function pageOfRows(found: FoundListing[], limit: number, sort: ListingSort): ListingPage {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return {
    rows,
    nextCursor: found.length > limit && last ? encodeCursor([sort, last.key, last.listing.row]) : null,
  };
}

function keyIn(cursor: string | undefined, sort: ListingSort): [number, number] | null {
  const decoded = decodeCursor(cursor, ListCursor);
  if (decoded === null) return null;
  if (decoded[0] !== sort)
    throw problem('invalid_cursor', 'The cursor belongs to another order of this list.');
  return [decoded[1], decoded[2]];
}

async function listPage(
  deps: Deps,
  filter: ListingFilter,
  sort: ListingSort,
  page: Page,
): Promise<ListingPage> {
  const key = keyIn(page.cursor, sort);
  return pageOfRows(await findListings(deps.db, filter, sort, key, page.limit + 1), page.limit, sort);
}

const categoryIds = async (deps: Deps, idOrSlug: string | undefined) =>
  idOrSlug === undefined ? undefined : subtreeOf(deps, idOrSlug);

const isPublicStatus = (status: ListingStatus) => PUBLIC_STATUSES.some((known) => known === status);

/** One page of listings by any filter and order, with facets beside the first page (SW-27). */
export async function searchListings(
  deps: Deps,
  query: ListingsQuery,
  caller: Caller | null,
): Promise<ListingPage & { facets: Facets | null }> {
  if (!isPublicStatus(query.status) && (caller === null || query.seller_id !== caller.userId))
    throw problem('forbidden', 'Listings in this state are for their seller: send your own seller_id.');
  const { lat, lng } = query;
  const filter: ListingFilter = {
    status: query.status,
    nowMs: deps.now(),
    expression: query.q === undefined ? undefined : (searchExpression(query.q) ?? undefined),
    sellerId: query.seller_id,
    categoryIds: await categoryIds(deps, query.category),
    conditions: query.condition,
    channel: query.channel,
    currency: query.currency,
    minPriceCents: query.min_price_cents,
    maxPriceCents: query.max_price_cents,
    tags: query.tags,
    near:
      lat === undefined || lng === undefined
        ? undefined
        : { centre: { lat, lon: lng }, radiusM: (query.radius_km ?? DEFAULT_RADIUS_KM) * M_PER_KM },
  };
  const sort = query.sort ?? (filter.expression === undefined ? 'newest' : 'relevance');
  const [page, facets] = await Promise.all([
    listPage(deps, filter, sort, query),
    query.cursor === undefined ? countFacets(deps.db, filter) : null,
  ]);
  return { ...page, facets };
}

/** What sellers with a shop have put up: the newest or the most seen (SL-32). */
export async function discoverFeed(
  deps: Deps,
  query: Page & { sort: 'newest' | 'popular'; category?: string | undefined },
): Promise<ListingPage> {
  const filter: ListingFilter = {
    status: 'active',
    nowMs: deps.now(),
    channel: 'discover',
    categoryIds: await categoryIds(deps, query.category),
  };
  return listPage(deps, filter, query.sort, query);
}

/** What neighbours have put up within so many kilometres, the nearest first (SL-32). */
export async function communityFeed(
  deps: Deps,
  query: Page & { lat: number; lng: number; radius_km: number; category?: string | undefined },
): Promise<ListingPage> {
  const filter: ListingFilter = {
    status: 'active',
    nowMs: deps.now(),
    channel: 'community',
    categoryIds: await categoryIds(deps, query.category),
    near: { centre: { lat: query.lat, lon: query.lng }, radiusM: query.radius_km * M_PER_KM },
  };
  return listPage(deps, filter, 'nearest', query);
}

/** A seller's listings in a state that everybody may see; 404 `user_not_found` when there is no such seller. */
export async function sellerListings(
  deps: Deps,
  sellerId: string,
  query: Page & { status: ListingStatus },
): Promise<ListingPage> {
  const account = await readAccount(deps, sellerId);
  if (!account.ok) throw new Problem(account.error);
  return listPage(deps, { status: query.status, nowMs: deps.now(), sellerId }, 'newest', query);
}

/** The caller's own listings in any state, the newest first. */
export async function ownListings(
  deps: Deps,
  caller: Caller,
  { status, limit, cursor }: Page & { status?: ListingStatus | undefined },
): Promise<ListingPage> {
  const key = keyIn(cursor, 'newest');
  const found = await findOwn(deps.db, caller.userId, status ?? null, deps.now(), key, limit + 1);
  return pageOfRows(found, limit, 'newest');
}
