import { and, desc, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { categories, listingPhotos, listings } from '../../db/listings-schema.ts';
import { users } from '../../db/schema.ts';
import { boxesAround, type Place } from '../../domain/listings/distance.ts';
import {
  type ListingChannel,
  type ListingCondition,
  type ListingStatus,
  PUBLIC_STATUSES,
} from '../../domain/listings/listing.ts';
import type { ListingRow } from './listing.statements.ts';
import {
  CATEGORY_COLUMNS,
  type CategoryName,
  type PhotoRow,
  SELLER_COLUMNS,
  type Seller,
} from './listings.repository.ts';

export const LISTING_SORTS = [
  'newest',
  'price_asc',
  'price_desc',
  'popular',
  'nearest',
  'relevance',
] as const;
export type ListingSort = (typeof LISTING_SORTS)[number];

/** What a list is narrowed to; undefined narrows nothing. */
export interface ListingFilter {
  status: ListingStatus;
  nowMs: number;
  /** A full-text expression. */
  expression?: string | undefined;
  sellerId?: string | undefined;
  /** A category and all below it. */
  categoryIds?: readonly string[] | undefined;
  conditions?: readonly ListingCondition[] | undefined;
  channel?: ListingChannel | undefined;
  currency?: string | undefined;
  minPriceCents?: number | undefined;
  maxPriceCents?: number | undefined;
  /** All of them. */
  tags?: readonly string[] | undefined;
  near?: { centre: Place; radiusM: number } | undefined;
}

/** Sort key and row of the last listing of the page before. */
export type ListingKey = [key: number, row: number];

export interface FoundListing {
  listing: ListingRow;
  seller: Seller;
  category: CategoryName;
  photo: PhotoRow | null;
  distanceM: number | null;
  key: number;
}

/** A text search looks at the newest of so many hits: words that are in more of them tell nothing apart. */
const MAX_HITS = 5_000;
/** As many rows of a category, a tag or a seller are sorted at once; of more, the order's own index is walked. */
const FEW = 1_000;

/** Title, brand, tags, description: where a word weighs how much. */
const hits = (expression: string) => sql`(
  select rowid as hit, bm25(listing_search, 10, 4, 6, 1) as score
  from listing_search where listing_search match ${expression} order by rowid desc limit ${MAX_HITS}
) as hits`;

/** The great-circle distance in metres of where strangers may know a listing to be, as `distanceM` of the domain. */
export const distanceSql = ({ lat, lon }: Place) =>
  sql<number>`(2 * 6371000 * asin(min(1, sqrt(
    pow(sin(radians(${listings.publicLat} - ${lat}) / 2), 2)
    + cos(radians(${lat})) * cos(radians(${listings.publicLat})) * pow(sin(radians(${listings.publicLon} - ${lon}) / 2), 2)
  ))))`;

const oneOf = (column: SQL, values: readonly string[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;

/** A column that no index is looked up by, so that the planner keeps to the index of the order. */
const unindexed = (
  column:
    | SQL
    | (typeof listings)['status']
    | (typeof listings)['channel']
    | (typeof listings)['categoryId']
    | (typeof listings)['sellerId'],
): SQL => sql`+${column}`;

type Omitted = 'category' | 'condition' | 'channel';

/** Where the rows of a list come from. */
type Source = { kind: 'hits' } | { kind: 'boxes' } | { kind: 'few'; rows: SQL } | { kind: 'walk' };

/** The narrowest set of at most {@link FEW} rows that the filter names by an index, or none. */
async function sourceOf(db: Db, filter: ListingFilter): Promise<Source> {
  if (filter.expression !== undefined) return { kind: 'hits' };
  if (filter.near !== undefined) return { kind: 'boxes' };
  const sets: SQL[] = [];
  if (filter.sellerId !== undefined)
    sets.push(
      sql`select row from listings where seller_id = ${filter.sellerId} and status = ${filter.status}`,
    );
  if (filter.categoryIds !== undefined)
    sets.push(
      sql`select row from listings where ${oneOf(sql`category_id`, filter.categoryIds)} and status = ${filter.status}`,
    );
  for (const tag of filter.tags ?? []) sets.push(sql`select row from listing_tags where tag = ${tag}`);
  if (sets.length === 0) return { kind: 'walk' };
  const counted = sets.map((set, index) => [
    `set${index}`,
    sql<number>`(select count(*) from (${set} limit ${FEW + 1}))`,
  ]);
  const [counts] = await db
    .select(Object.fromEntries(counted) as Record<string, SQL<number>>)
    .from(sql`(select 1)`);
  const sizes = sets.map((_, index) => counts![`set${index}`]!);
  const smallest = Math.min(...sizes);
  if (smallest > FEW) return { kind: 'walk' };
  return { kind: 'few', rows: sql`${sets[sizes.indexOf(smallest)]!} limit ${FEW}` };
}

/** From and join: `cross join` keeps the source the outer loop. */
function fromSql(source: Source, filter: ListingFilter): SQL {
  switch (source.kind) {
    case 'hits':
      return sql`${hits(filter.expression!)} cross join listings on listings.row = hits.hit`;
    case 'boxes':
      return sql`json_each(${JSON.stringify(boxesAround(filter.near!.centre, filter.near!.radiusM))}) as box
        cross join listings on listings.lat_band = box.value ->> '$.band'
        and listings.public_lon between box.value ->> '$.west' and box.value ->> '$.east'`;
    case 'few':
      return sql`(${source.rows}) as few cross join listings on listings.row = few.row`;
    case 'walk':
      return sql`listings`;
  }
}

function whereSql(
  filter: ListingFilter,
  source: Source,
  sort: ListingSort | null,
  omit?: Omitted,
): SQL | undefined {
  // A walk goes along the index of its order; the other sources have found their rows already.
  const isWalk = source.kind === 'walk';
  const walksChannel = isWalk && (sort === 'newest' || sort === 'popular');
  const walksSeller = isWalk && sort === 'newest';
  const { near } = filter;
  return and(
    source.kind === 'walk' || source.kind === 'boxes'
      ? eq(listings.status, filter.status)
      : sql`+${listings.status} = ${filter.status}`,
    filter.status === 'active' ? sql`+${listings.expiresAt} > ${filter.nowMs}` : undefined,
    filter.channel === undefined || omit === 'channel'
      ? undefined
      : sql`${walksChannel ? listings.channel : unindexed(listings.channel)} = ${filter.channel}`,
    filter.sellerId === undefined
      ? undefined
      : sql`${walksSeller ? listings.sellerId : unindexed(listings.sellerId)} = ${filter.sellerId}`,
    filter.categoryIds === undefined || omit === 'category'
      ? undefined
      : oneOf(unindexed(listings.categoryId), filter.categoryIds),
    filter.conditions === undefined || omit === 'condition'
      ? undefined
      : inArray(listings.condition, [...filter.conditions]),
    filter.currency === undefined ? undefined : eq(listings.currency, filter.currency),
    filter.minPriceCents === undefined ? undefined : gte(listings.priceCents, filter.minPriceCents),
    filter.maxPriceCents === undefined ? undefined : lte(listings.priceCents, filter.maxPriceCents),
    ...(filter.tags ?? []).map(
      (tag) =>
        sql`exists (select 1 from listing_tags where tag = ${tag} and listing_tags.row = ${listings.row})`,
    ),
    near === undefined ? undefined : sql`${distanceSql(near.centre)} <= ${near.radiusM}`,
  );
}

/** What a list is sorted by, and which way; the row decides between equals. */
function orderOf(sort: ListingSort, filter: ListingFilter): { by: SQL; direction: 'asc' | 'desc' } {
  switch (sort) {
    case 'newest': {
      // What was never on sale has no day on which it was put up.
      const isPublic = PUBLIC_STATUSES.some((status) => status === filter.status);
      return { by: sql`${isPublic ? listings.listedAt : listings.createdAt}`, direction: 'desc' };
    }
    case 'popular':
      return { by: sql`${listings.views}`, direction: 'desc' };
    case 'price_asc':
      return { by: sql`${listings.priceCents}`, direction: 'asc' };
    case 'price_desc':
      return { by: sql`${listings.priceCents}`, direction: 'desc' };
    case 'nearest':
      return { by: distanceSql(filter.near!.centre), direction: 'asc' };
    case 'relevance':
      return { by: sql`hits.score`, direction: 'asc' };
  }
}

/** Up to `limit` listings after `key`, in one query beside the one that looks for the narrowest way to them. */
export async function findListings(
  db: Db,
  filter: ListingFilter,
  sort: ListingSort,
  key: ListingKey | null,
  limit: number,
): Promise<FoundListing[]> {
  const source = await sourceOf(db, filter);
  const { by, direction } = orderOf(sort, filter);
  const beyond = direction === 'asc' ? sql.raw('>') : sql.raw('<');
  const way = sql.raw(direction);
  const where = and(
    whereSql(filter, source, sort),
    key === null ? undefined : sql`(${by}, ${listings.row}) ${beyond} (${key[0]}, ${key[1]})`,
  );
  const distance = filter.near === undefined ? sql`null` : distanceSql(filter.near.centre);
  const page = sql`(
    select ${listings.row} as listing_row, ${by} as sort_key, ${distance} as distance_m
    from ${fromSql(source, filter)} where ${where} order by ${by} ${way}, ${listings.row} ${way} limit ${limit}
  ) as page`;
  const rows = await db
    .select({
      listing: listings,
      seller: SELLER_COLUMNS,
      category: CATEGORY_COLUMNS,
      photo: listingPhotos,
      distanceM: sql<number | null>`page.distance_m`,
      key: sql<number>`page.sort_key`,
    })
    .from(page)
    .crossJoin(listings)
    .leftJoin(users, eq(users.id, listings.sellerId))
    .leftJoin(categories, eq(categories.id, listings.categoryId))
    .leftJoin(listingPhotos, and(eq(listingPhotos.listingId, listings.id), eq(listingPhotos.isPrimary, true)))
    .where(sql`${listings.row} = page.listing_row`)
    .orderBy(sql`page.sort_key ${way}`, sql`page.listing_row ${way}`);
  return rows as FoundListing[];
}

// ---- Facets ----

export interface Facets {
  categories: { value: string; name: string; count: number }[];
  conditions: { value: ListingCondition; count: number }[];
  channels: { value: ListingChannel; count: number }[];
}

/** Facets are counted over so many of the matching listings: beyond that a number tells a reader no more. */
export const FACET_SAMPLE = 2_000;

/** Counts by category, condition and channel, each as if nothing were chosen of it. */
export async function countFacets(db: Db, filter: ListingFilter): Promise<Facets> {
  const source = await sourceOf(db, filter);
  const sample = (column: 'category_id' | 'condition' | 'channel', omit: Omitted) => {
    // Without its category, a list is not to be had from the category's rows.
    const wide = omit === 'category' && source.kind === 'few' ? { kind: 'walk' as const } : source;
    return sql`(
      select listings.${sql.raw(column)} as facet_value from ${fromSql(wide, filter)}
      where ${whereSql(filter, wide, null, omit)} limit ${FACET_SAMPLE}
    ) as sample`;
  };
  const value = sql<string>`sample.facet_value`;
  const count = sql<number>`count(*)`;
  const [byCategory, conditions, channels] = await db.batch([
    db
      .select({
        value: sql<string>`${categories.slug}`.as('slug'),
        name: categories.name,
        count: count.as('hits'),
      })
      .from(sample('category_id', 'category'))
      .crossJoin(categories)
      .where(sql`${categories.id} = sample.facet_value`)
      .groupBy(categories.id)
      .orderBy(desc(sql`count(*)`), categories.slug),
    db
      .select({ value: value.as('facet'), count: count.as('hits') })
      .from(sample('condition', 'condition'))
      .groupBy(value)
      .orderBy(desc(sql`count(*)`), value),
    db
      .select({ value: value.as('facet'), count: count.as('hits') })
      .from(sample('channel', 'channel'))
      .groupBy(value)
      .orderBy(desc(sql`count(*)`), value),
  ]);
  return {
    categories: byCategory,
    conditions: conditions as Facets['conditions'],
    channels: channels as Facets['channels'],
  };
}

// ---- A seller's own ----

/** A status as its owner sees it: what is due counts as expired, whoever has written that down or not. */
function ownStatus(status: ListingStatus, nowMs: number): SQL {
  const state = unindexed(listings.status);
  if (status === 'active') return sql`(${state} = 'active' and ${listings.expiresAt} > ${nowMs})`;
  if (status === 'expired')
    return sql`(${state} = 'expired' or (${state} = 'active' and ${listings.expiresAt} <= ${nowMs}))`;
  return sql`${state} = ${status}`;
}

/** Listings as they were made, the newest first, whatever their state. */
async function findNewest(
  db: Db,
  where: SQL | undefined,
  key: ListingKey | null,
  limit: number,
): Promise<FoundListing[]> {
  const rows = await db
    .select({
      listing: listings,
      seller: SELLER_COLUMNS,
      category: CATEGORY_COLUMNS,
      photo: listingPhotos,
      distanceM: sql<number | null>`null`,
      key: listings.createdAt,
    })
    .from(listings)
    .leftJoin(users, eq(users.id, listings.sellerId))
    .leftJoin(categories, eq(categories.id, listings.categoryId))
    .leftJoin(listingPhotos, and(eq(listingPhotos.listingId, listings.id), eq(listingPhotos.isPrimary, true)))
    .where(
      and(
        where,
        key === null ? undefined : sql`(${listings.createdAt}, ${listings.row}) < (${key[0]}, ${key[1]})`,
      ),
    )
    .orderBy(desc(listings.createdAt), desc(listings.row))
    .limit(limit);
  return rows as FoundListing[];
}

/** Up to `limit` listings of a seller in any state but deleted, the newest first. */
export const findOwn = (
  db: Db,
  sellerId: string,
  status: ListingStatus | null,
  nowMs: number,
  key: ListingKey | null,
  limit: number,
): Promise<FoundListing[]> =>
  findNewest(
    db,
    and(
      eq(listings.sellerId, sellerId),
      sql`+${listings.status} <> 'deleted'`,
      status === null ? undefined : ownStatus(status, nowMs),
    ),
    key,
    limit,
  );

/** What staff narrow the listings of everybody to. */
export interface OversightFilter {
  status: ListingStatus | undefined;
  sellerId: string | undefined;
  channel: ListingChannel | undefined;
}

/** Up to `limit` listings of anybody. The narrowest of what is asked for names the index that is walked. */
export function findAll(
  db: Db,
  { status, sellerId, channel }: OversightFilter,
  key: ListingKey | null,
  limit: number,
): Promise<FoundListing[]> {
  const byStatus = sellerId === undefined;
  const byChannel = byStatus && status === undefined;
  return findNewest(
    db,
    and(
      sellerId === undefined ? undefined : eq(listings.sellerId, sellerId),
      status === undefined
        ? undefined
        : sql`${byStatus ? listings.status : unindexed(listings.status)} = ${status}`,
      channel === undefined
        ? undefined
        : sql`${byChannel ? listings.channel : unindexed(listings.channel)} = ${channel}`,
    ),
    key,
    limit,
  );
}
