import { and, eq, gt, gte, inArray, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import { categories, listings } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import { boxesAround, type Place } from '../../domain/listings/distance.ts';
import type { ListingChannel, ListingCondition } from '../../domain/listings/listing.ts';
import { distanceSql } from './listing-search.repository.ts';

export interface ListingFilter {
  /** The slug or id of a category; all that is under it counts. */
  category?: string | undefined;
  condition?: ListingCondition | undefined;
  channel?: ListingChannel | undefined;
  minPriceCents?: number | undefined;
  maxPriceCents?: number | undefined;
  /** Of verified sellers only. */
  verified?: boolean | undefined;
  near?: { centre: Place; radiusM: number } | undefined;
}

export interface ListingFacets {
  categories: { value: string; count: number }[];
  conditions: { value: string; count: number }[];
  channels: { value: string; count: number }[];
}

/** A word in the title counts most, then brand, tags and description. */
const SCORE = sql`bm25(listing_search, 10, 4, 3, 1)`;

const under = (category: string) => sql`${listings.categoryId} in (
  with recursive branch (id) as (
    select ${categories.id} from ${categories} where ${categories.slug} = ${category} or ${categories.id} = ${category}
    union select child.id from ${categories} as child join branch on child.parent_id = branch.id
  ) select id from branch
)`;

const verifiedSeller = sql`${listings.sellerId} in (
  select id from users where (role = 'verified_seller' or verified_seller_at is not null) and status = 'active'
)`;

/** By the same distance as the feeds and the search of listings. */
function within({ centre, radiusM }: { centre: Place; radiusM: number }): SQL {
  const boxes = boxesAround(centre, radiusM).map(({ band, west, east: eastEnd }) =>
    and(eq(listings.latBand, band), gte(listings.publicLon, west), lte(listings.publicLon, eastEnd)),
  );
  return and(or(...boxes), sql`${distanceSql(centre)} <= ${radiusM}`)!;
}

/** Whatever facet is chosen. */
const narrowed = (filter: ListingFilter, nowMs: number): SQL | undefined =>
  and(
    eq(listings.status, 'active'),
    // One whose days are over is not on sale, whoever has written that down or not.
    sql`+${listings.expiresAt} > ${nowMs}`,
    filter.minPriceCents === undefined ? undefined : gte(listings.priceCents, filter.minPriceCents),
    filter.maxPriceCents === undefined ? undefined : lte(listings.priceCents, filter.maxPriceCents),
    filter.verified ? verifiedSeller : undefined,
    filter.near === undefined ? undefined : within(filter.near),
  );

const chosen = (filter: ListingFilter, nowMs: number): SQL | undefined =>
  and(
    narrowed(filter, nowMs),
    filter.category === undefined ? undefined : under(filter.category),
    filter.condition === undefined ? undefined : eq(listings.condition, filter.condition),
    filter.channel === undefined ? undefined : eq(listings.channel, filter.channel),
  );

const matching = (expression: string) =>
  sql`(select rowid as hit, ${SCORE} as score from listing_search where listing_search match ${expression} limit -1) as hits`;
const joined = sql`hits.hit = ${listings.row}`;

/** The ids of the best hits that are on sale, and how the hits are spread; two queries in one round trip. */
export async function findListings(
  deps: Deps,
  expression: string,
  filter: ListingFilter,
  limit: number,
): Promise<{ ids: string[]; facets: ListingFacets }> {
  const [hits, spread] = await deps.db.batch([
    deps.db
      .select({ id: listings.id })
      .from(listings)
      .innerJoin(matching(expression), joined)
      .where(chosen(filter, deps.now()))
      .orderBy(sql`hits.score`, listings.row)
      .limit(limit),
    deps.db
      .select({
        category: categories.slug,
        condition: listings.condition,
        channel: listings.channel,
        count: sql<number>`count(*)`,
      })
      .from(listings)
      .innerJoin(matching(expression), joined)
      .innerJoin(categories, eq(categories.id, listings.categoryId))
      .where(narrowed(filter, deps.now()))
      .groupBy(categories.slug, listings.condition, listings.channel),
  ]);
  const facet = (by: 'category' | 'condition' | 'channel') => {
    const sums = new Map<string, number>();
    for (const row of spread) sums.set(row[by], (sums.get(row[by]) ?? 0) + row.count);
    return Array.from(sums, ([value, count]) => ({ value, count })).sort(
      (a, b) => b.count - a.count || (a.value < b.value ? -1 : 1),
    );
  };
  return {
    ids: hits.map(({ id }) => id),
    facets: { categories: facet('category'), conditions: facet('condition'), channels: facet('channel') },
  };
}

/** How many listings of others that were put up after a time match, at most `limit`. */
export async function countListingsSince(
  deps: Deps,
  expression: string,
  filter: ListingFilter,
  since: { listedAtMs: number; notOf: string },
  limit: number,
): Promise<number> {
  const found = await deps.db
    .select({ row: listings.row })
    .from(listings)
    .where(
      and(
        chosen(filter, deps.now()),
        gt(listings.listedAt, since.listedAtMs),
        ne(listings.sellerId, since.notOf),
        inArray(
          listings.row,
          sql`(select rowid from listing_search where listing_search match ${expression})`,
        ),
      ),
    )
    .limit(limit);
  return found.length;
}
