import { and, desc, eq, gte, sql } from 'drizzle-orm';
import { interactions, searchCounts, searchHistory } from '../../db/discovery-schema.ts';
import { products } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { KnownWord } from '../../domain/discovery/correction.ts';
import { DAY_MS } from '../../domain/time.ts';
import { interactionStatement } from './interactions.usecases.ts';

/** A search that fewer people made is nobody else's business. */
const LEAST_SEARCHERS = 2;
const TRENDING_DAYS = 7;
const HISTORY_LENGTH = 200;
const MAX_VOCABULARY = 20_000;

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
/** The range of all texts that begin so. */
const startsWith = (column: unknown, prefix: string) =>
  sql`${column} >= ${prefix} and ${column} < ${`${prefix}\u{10ffff}`}`;

/** Words of the catalogue and of the listings whose length is in the range, with how often they occur. */
export const readVocabulary = (deps: Deps, lengths: { min: number; max: number }): Promise<KnownWord[]> =>
  deps.db.all<KnownWord>(sql`
    select term as word, doc as count from (
      select term, doc from product_terms union all select term, doc from listing_terms
    ) where length(term) between ${lengths.min} and ${lengths.max}
    order by doc desc limit ${MAX_VOCABULARY}`);

export interface Searched {
  viewer: string;
  /** Null when nobody is signed in. */
  userId: string | null;
  query: string;
  queryKey: string;
  hits: number;
  atMs: number;
}

/**
 * Remembers a search: in the user's own history, and, when it found something, in the count of the day, where a searcher
 * counts once.
 */
export async function rememberSearch(deps: Deps, searched: Searched): Promise<void> {
  const { viewer, userId, query, queryKey, hits, atMs } = searched;
  const day = dayOf(atMs);
  const isFirst = sql`not exists (
    select 1 from ${interactions} where ${interactions.viewer} = ${viewer} and ${interactions.kind} = 'searched'
    and ${interactions.target} = ${queryKey} and ${interactions.hour} >= ${Math.floor(atMs / DAY_MS) * 24}
  )`;
  const count = deps.db
    .insert(searchCounts)
    .select(sql`select ${day}, ${queryKey}, ${query}, 1 where ${isFirst}`)
    .onConflictDoUpdate({
      target: [searchCounts.day, searchCounts.queryKey],
      set: { searchers: sql`${searchCounts.searchers} + 1` },
    });
  const own = (mine: string) => [
    deps.db
      .insert(searchHistory)
      .values({ userId: mine, queryKey, query, hits, at: atMs })
      .onConflictDoUpdate({
        target: [searchHistory.userId, searchHistory.queryKey],
        set: { query, hits, at: atMs },
      }),
    deps.db.delete(searchHistory).where(
      sql`rowid in (
        select rowid from search_history where user_id = ${mine} order by at desc, query_key desc limit -1 offset ${HISTORY_LENGTH}
      )`,
    ),
  ];
  await deps.db.batch([
    // The search itself comes last: once it is there, the day has counted this searcher.
    ...(hits > 0 ? [count] : []),
    ...(userId === null ? [] : own(userId)),
    interactionStatement(deps, [{ viewer, kind: 'searched', target: queryKey, atMs }]),
  ] as unknown as Parameters<typeof deps.db.batch>[0]);
}

/** What was searched for in the last seven days by the most people. */
export const readTrending = (deps: Deps, nowMs: number, limit: number) =>
  deps.db
    .select({
      query: sql<string>`min(${searchCounts.query})`,
      searchers: sql<number>`sum(${searchCounts.searchers})`.as('people'),
    })
    .from(searchCounts)
    .where(gte(searchCounts.day, dayOf(nowMs - (TRENDING_DAYS - 1) * DAY_MS)))
    // The plus keeps the planner to the days that are asked for.
    .groupBy(sql`+${searchCounts.queryKey}`)
    .having(sql`people >= ${LEAST_SEARCHERS}`)
    .orderBy(sql`people desc`, searchCounts.queryKey)
    .limit(limit);

export interface Suggested {
  text: string;
  id: string | null;
}

/** What begins like this: searches of others, brands, then names of products and titles of listings. */
export async function readSuggestions(
  deps: Deps,
  prefix: string,
  expression: string,
  limit: number,
): Promise<Record<'search' | 'brand' | 'product' | 'listing', Suggested[]>> {
  const [searches, brands, named, titled] = await Promise.all([
    deps.db
      .select({
        text: sql<string>`min(${searchCounts.query})`,
        people: sql<number>`sum(${searchCounts.searchers})`.as('people'),
      })
      .from(searchCounts)
      .where(startsWith(searchCounts.queryKey, prefix))
      .groupBy(searchCounts.queryKey)
      .having(sql`people >= ${LEAST_SEARCHERS}`)
      .orderBy(sql`people desc`, searchCounts.queryKey)
      .limit(limit),
    deps.db
      .select({ text: sql<string>`min(${products.brand})` })
      .from(products)
      .where(and(startsWith(products.brandKey, prefix), eq(products.hidden, false)))
      .groupBy(products.brandKey)
      .orderBy(products.brandKey)
      .limit(limit),
    deps.db.all<{ text: string; id: string }>(sql`
      select p.name as text, p.id as id from (
        select rowid as hit, rank from product_search where product_search match ${expression} order by rank limit ${limit * 2}
      ) as hits join products p on p.row = hits.hit where p.hidden = 0 order by hits.rank limit ${limit}`),
    deps.db.all<{ text: string; id: string }>(sql`
      select l.title as text, l.id as id from (
        select rowid as hit, rank from listing_search where listing_search match ${expression} order by rank limit ${limit * 4}
      ) as hits join listings l on l.row = hits.hit where l.status = 'active' order by hits.rank limit ${limit}`),
  ]);
  return {
    search: searches.map(({ text }) => ({ text, id: null })),
    brand: brands.map(({ text }) => ({ text, id: null })),
    product: named,
    listing: titled,
  };
}

export const readHistory = (
  deps: Deps,
  userId: string,
  after: readonly [number, string] | null,
  limit: number,
) =>
  deps.db
    .select()
    .from(searchHistory)
    .where(
      and(
        eq(searchHistory.userId, userId),
        after === null
          ? undefined
          : sql`(${searchHistory.at}, ${searchHistory.queryKey}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(searchHistory.at), desc(searchHistory.queryKey))
    .limit(limit);

export async function clearHistory(deps: Deps, userId: string): Promise<void> {
  await deps.db.delete(searchHistory).where(eq(searchHistory.userId, userId));
}
