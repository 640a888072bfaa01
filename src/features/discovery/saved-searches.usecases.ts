import { and, asc, desc, eq, lte, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { savedSearches } from '../../db/discovery-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import { countProductsSince } from '../catalog/search.usecases.ts';
import { countListingsSince } from '../listings/find-listings.usecases.ts';
import {
  type Criteria,
  CriteriaShape,
  type NewSavedSearch,
  type SavedSearchChanges,
} from './discovery.schemas.ts';
import { listingFilter, productFilter } from './search.usecases.ts';

export type SavedSearchRow = typeof savedSearches.$inferSelect;

export const MAX_SAVED_SEARCHES = 50;
const CHECK_EVERY_MS = 10 * MINUTE_MS;
const CHECKED_AT_ONCE = 20;
/** An alert says "100 or more" rather than counting on. */
const MOST_COUNTED = 100;

const notFound = () => problem('saved_search_not_found', 'There is no such saved search.');
export const criteriaOf = (row: SavedSearchRow): Criteria => CriteriaShape.parse(JSON.parse(row.criteria));

/** Saves a search; it tells of what comes after now. 409 `too_many_watched` at the limit. */
export async function saveSearch(deps: Deps, userId: string, input: NewSavedSearch): Promise<SavedSearchRow> {
  const nowMs = deps.now();
  const mine = sql`(select count(*) from saved_searches where user_id = ${userId})`;
  const [row] = await deps.db
    .insert(savedSearches)
    .select(
      sql`select ${newId('sav', deps.random)}, ${userId}, ${input.name}, ${JSON.stringify(input.criteria)},
        ${input.alerts ? nowMs + CHECK_EVERY_MS : null}, coalesce((select max(row) from products), 0), ${nowMs}, 1, ${nowMs}
        where ${mine} < ${MAX_SAVED_SEARCHES}`,
    )
    .returning();
  if (!row)
    throw problem('too_many_watched', `You have ${MAX_SAVED_SEARCHES} saved searches, which is the most.`);
  return row;
}

export const listSavedSearches = (
  deps: Deps,
  userId: string,
  after: readonly [number, string] | null,
  limit: number,
): Promise<SavedSearchRow[]> =>
  deps.db
    .select()
    .from(savedSearches)
    .where(
      and(
        eq(savedSearches.userId, userId),
        after === null
          ? undefined
          : sql`(${savedSearches.createdAt}, ${savedSearches.id}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(savedSearches.createdAt), desc(savedSearches.id))
    .limit(limit);

const mineWith = (userId: string, id: string) =>
  and(eq(savedSearches.id, id), eq(savedSearches.userId, userId));

/** Renames a search, or switches its alerts; alerts that come on again tell of what comes from now on. */
export async function changeSavedSearch(
  deps: Deps,
  userId: string,
  id: string,
  { name, alerts }: SavedSearchChanges,
): Promise<SavedSearchRow> {
  const nowMs = deps.now();
  const off = sql`${savedSearches.nextCheckAt} is null`;
  const [row] = await deps.db
    .update(savedSearches)
    .set({
      version: sql`${savedSearches.version} + 1`,
      ...(name === undefined ? {} : { name }),
      ...(alerts === undefined
        ? {}
        : alerts
          ? {
              nextCheckAt: sql`coalesce(${savedSearches.nextCheckAt}, ${nowMs + CHECK_EVERY_MS})`,
              seenProductRow: sql`case when ${off} then coalesce((select max(row) from products), 0) else ${savedSearches.seenProductRow} end`,
              seenListedAt: sql`case when ${off} then ${nowMs} else ${savedSearches.seenListedAt} end`,
            }
          : { nextCheckAt: null }),
    })
    .where(mineWith(userId, id))
    .returning();
  if (!row) throw notFound();
  return row;
}

export async function deleteSavedSearch(deps: Deps, userId: string, id: string): Promise<void> {
  const gone = await deps.db
    .delete(savedSearches)
    .where(mineWith(userId, id))
    .returning({ id: savedSearches.id });
  if (gone.length === 0) throw notFound();
}

async function countNew(deps: Deps, row: SavedSearchRow): Promise<number> {
  const criteria = criteriaOf(row);
  const expression = searchExpression(criteria.q);
  if (expression === null) return 0;
  const [products, listings] = await Promise.all([
    criteria.type === 'listings'
      ? 0
      : countProductsSince(deps, expression, productFilter(criteria), row.seenProductRow, MOST_COUNTED),
    criteria.type === 'products'
      ? 0
      : countListingsSince(
          deps,
          expression,
          listingFilter(criteria),
          { listedAtMs: row.seenListedAt, notOf: row.userId },
          MOST_COUNTED,
        ),
  ]);
  return products + listings;
}

/** Looks anew into the searches that are due, and tells of what came since: a page of them in each run. */
export async function checkSavedSearches(deps: Deps): Promise<void> {
  const nowMs = deps.now();
  const due = await deps.db
    .select()
    .from(savedSearches)
    .where(lte(savedSearches.nextCheckAt, nowMs))
    .orderBy(asc(savedSearches.nextCheckAt))
    .limit(CHECKED_AT_ONCE);
  for (const row of due) {
    // Read before the count, so that what comes in between is counted the next time, not never.
    const [newest] = await deps.db.all<{ row: number | null }>(sql`select max(row) as row from products`);
    const count = await countNew(deps, row);
    const version = row.version + 1;
    const change = deps.db
      .update(savedSearches)
      .set({
        version,
        nextCheckAt: nowMs + CHECK_EVERY_MS,
        seenProductRow: newest?.row ?? 0,
        seenListedAt: nowMs,
      })
      .where(and(eq(savedSearches.id, row.id), eq(savedSearches.version, row.version)));
    try {
      await deps.db.batch([
        change,
        deps.db.run(sql.raw(GUARD_SQL)),
        ...(count > 0 ? [outboxStatement(deps.db, [matched(row, version, count, nowMs)], nowMs)] : []),
      ]);
    } catch (error) {
      // Changed or deleted meanwhile: the next run sees how it is.
      if (!isStale(error)) throw error;
    }
  }
}

const matched = (row: SavedSearchRow, version: number, count: number, nowMs: number): EventEnvelope => ({
  event_id: `search:${row.id}:${version}`,
  type: 'search.matched',
  version: 1,
  aggregate: { type: 'saved_search', id: row.id },
  seq: version,
  correlation_id: row.id,
  occurred_at: new Date(nowMs).toISOString(),
  data: { user_id: row.userId, saved_search_id: row.id, name: row.name, count },
});
