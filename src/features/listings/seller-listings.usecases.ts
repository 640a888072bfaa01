import { and, eq, gt, sql } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { listingHistory, listings } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import type { Failure } from '../../domain/errors.ts';
import type { Result } from '../../domain/result.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type ListingRow, type Occasion, pauseListings, resumeListing } from './listing.statements.ts';

const PAGE = 50;
const ATTEMPTS = 5;

type Step = (row: ListingRow, occasion: Occasion) => Result<Statement[], Failure>;

/** Takes one step with a listing; again from the read when somebody else was faster, and not at all if it cannot be. */
async function stepOn(deps: Deps, listingId: string, correlationId: string, step: Step): Promise<boolean> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const [row] = await deps.db.select().from(listings).where(eq(listings.id, listingId));
    if (!row) return false;
    const statements = step(row, { atMs: deps.now(), correlationId });
    if (!statements.ok) return false;
    const [first, ...rest] = statements.value;
    if (!first) return false;
    try {
      await deps.db.batch([first, ...rest]);
      return true;
    } catch (error) {
      if (!isStale(error) && !isUniqueViolation(error)) throw error;
    }
  }
  return false;
}

/** Takes everything off sale that a user offers: one that is promised to somebody keeps its promise. */
export async function pauseListingsOf(deps: Deps, sellerId: string, correlationId: string): Promise<number> {
  let paused = 0;
  for (let after = ''; ; ) {
    const page = await deps.db
      .select({ id: listings.id })
      .from(listings)
      .where(and(eq(listings.sellerId, sellerId), eq(listings.status, 'active'), gt(listings.id, after)))
      .orderBy(listings.id)
      .limit(PAGE);
    for (const { id } of page)
      if (await stepOn(deps, id, correlationId, (row, occasion) => pauseListings(deps.db, [row], occasion)))
        paused += 1;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return paused;
    after = last.id;
  }
}

/** Puts back on sale what {@link pauseListingsOf} took off it, and nothing that its owner paused. */
export async function resumeListingsOf(deps: Deps, sellerId: string, correlationId: string): Promise<number> {
  let resumed = 0;
  for (let after = ''; ; ) {
    const page = await deps.db
      .select({ id: listings.id })
      .from(listings)
      .innerJoin(
        listingHistory,
        and(eq(listingHistory.listingId, listings.id), sql`${listingHistory.version} = ${listings.version}`),
      )
      .where(
        and(
          eq(listings.sellerId, sellerId),
          eq(listings.status, 'paused'),
          eq(listingHistory.action, 'pause'),
          eq(listingHistory.actorType, 'system'),
          gt(listings.id, after),
        ),
      )
      .orderBy(listings.id)
      .limit(PAGE);
    for (const { id } of page)
      if (await stepOn(deps, id, correlationId, (row, occasion) => resumeListing(deps.db, row, occasion)))
        resumed += 1;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return resumed;
    after = last.id;
  }
}
