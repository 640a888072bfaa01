import type { Deps } from '../../deps.ts';
import { LISTING_SYSTEM } from '../../domain/listings/listing.ts';
import { isDue, listingStep } from '../../domain/listings/listing-machine.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type ListingRow, listingState, listingStepStatements } from './listing.statements.ts';
import { findListing, isListingStale } from './listings.repository.ts';

/** Every loss means that another writer won, so a crowd on one listing drains; this bounds how long the last one waits. */
const ATTEMPTS = 16;

export const listingNotFound = () => problem('listing_not_found', 'There is no such listing.');

/** Runs statements as one transaction. */
export async function commit(deps: Deps, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first) await deps.db.batch([first, ...rest]);
}

/** The statements that make a listing expired whose time is over; none when it is not. */
export function expiryStatements(deps: Deps, row: ListingRow, correlationId: string): Statement[] {
  const state = listingState(row);
  const nowMs = deps.now();
  if (!isDue(state, nowMs)) return [];
  const step = listingStep(state, 'expire', LISTING_SYSTEM, {}, nowMs);
  if (!step.ok) throw new Error(`listing ${row.id} cannot expire: ${step.error.detail}`);
  return listingStepStatements(deps.db, row, step.value, correlationId);
}

/**
 * Reads the listing, writes down that its time is over if it is, and runs `attempt` on it; again from the read when
 * somebody else was faster. 404 `listing_not_found` when there is none, or `isMine` says it is none of the caller's.
 */
export async function withFreshListing<T>(
  deps: Deps,
  id: string,
  correlationId: string,
  isMine: (row: ListingRow) => boolean,
  attempt: (row: ListingRow) => Promise<T>,
): Promise<T> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const row = await findListing(deps.db, id);
    if (!row || row.status === 'deleted' || !isMine(row)) throw listingNotFound();
    try {
      const expiry = expiryStatements(deps, row, correlationId);
      if (expiry.length === 0) return await attempt(row);
      await commit(deps, expiry);
    } catch (error) {
      if (!isListingStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'This listing is changing too fast; try again.');
}
