/** What time does to offers, in bounded pages. */
import { eq, or } from 'drizzle-orm';
import { offers } from '../../db/offers-schema.ts';
import type { Deps } from '../../deps.ts';
import { OFFER_SYSTEM } from '../../domain/offers/offer.ts';
import { DAY_MS } from '../../domain/time.ts';
import { runBatch } from '../orders/order-steps.ts';
import { sweepStatements } from './offer.statements.ts';
import { deleteDeadOffers, dueOfferIds, offersNamed } from './offers.repository.ts';

/** Offers that one run expires; the rest follow in the next minute, and whoever reads one finds it expired. */
const EXPIRY_PAGE = 100;
const EXPIRY_PAGES = 10;
/** An offer that came to nothing is kept this long (SL-30). */
const DEAD_OFFER_RETENTION_MS = 30 * DAY_MS;
const CLEANING_PAGE = 100;

/** Expires offers that nobody answered in time, pending and countered alike. Answers how many. */
export async function expireDueOffers(deps: Deps): Promise<number> {
  let expired = 0;
  for (let pages = 0; pages < EXPIRY_PAGES; pages += 1) {
    const atMs = deps.now();
    const ids = await dueOfferIds(deps.db, atMs, EXPIRY_PAGE);
    if (ids.length === 0) break;
    // What was answered in this very moment is left as it is: the condition is looked at again in the batch.
    await runBatch(
      deps,
      sweepStatements(deps.db, offersNamed(ids), 'expire', OFFER_SYSTEM, {
        atMs,
        correlationId: `expire:${atMs}`,
      }),
    );
    expired += ids.length;
  }
  return expired;
}

/** Ends the open offers of somebody who is barred, on both sides of the table: nobody waits for them. */
export async function endOffersOf(deps: Deps, userId: string, correlationId: string): Promise<void> {
  const theirs = or(eq(offers.buyerId, userId), eq(offers.sellerId, userId))!;
  await runBatch(
    deps,
    sweepStatements(deps.db, theirs, 'end', OFFER_SYSTEM, { atMs: deps.now(), correlationId }),
  );
}

/** Forgets offers that came to nothing a month ago. Answers how many. */
export const forgetDeadOffers = (deps: Deps): Promise<number> =>
  deleteDeadOffers(deps.db, deps.now() - DEAD_OFFER_RETENTION_MS, CLEANING_PAGE);
