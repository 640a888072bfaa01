import { and, asc, eq, lte } from 'drizzle-orm';
import { listings } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import { commit, expiryStatements } from './fresh-listing.ts';
import { isListingStale } from './listings.repository.ts';

/** Listings expired in one run of the cron; the rest follow in the next minute, and reading knows better meanwhile. */
const EXPIRED_PER_RUN = 100;

/** Writes down whose days on sale are over, oldest first; answers how many there were. */
export async function expireDueListings(deps: Deps): Promise<number> {
  const due = await deps.db
    .select()
    .from(listings)
    .where(and(eq(listings.status, 'active'), lte(listings.expiresAt, deps.now())))
    .orderBy(asc(listings.expiresAt))
    .limit(EXPIRED_PER_RUN);
  let expired = 0;
  for (const row of due) {
    try {
      await commit(deps, expiryStatements(deps, row, `expiry:${row.id}`));
      expired += 1;
    } catch (error) {
      // Somebody moved it on meanwhile.
      if (!isListingStale(error)) throw error;
    }
  }
  return expired;
}
