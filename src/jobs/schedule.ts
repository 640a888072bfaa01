import { lt, or } from 'drizzle-orm';
import { idempotencyKeys, socketTickets } from '../db/schema.ts';
import type { Deps } from '../deps.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/time.ts';
import { clearRecentlyDeleted } from '../features/accounts/deletion.usecases.ts';
import { purgeIdentity } from '../features/accounts/sessions.usecases.ts';
import { refreshRollUpsWhenDue } from '../features/analytics/roll-ups.usecases.ts';
import { syncStaleBooks } from '../features/catalog/book-config.ts';
import { pruneFeeds } from '../features/discovery/follows.usecases.ts';
import { pruneInteractions } from '../features/discovery/interactions.usecases.ts';
import { refreshInterestsWhenDue } from '../features/discovery/interests.usecases.ts';
import { checkSavedSearches } from '../features/discovery/saved-searches.usecases.ts';
import { rearmAlerts } from '../features/discovery/watchlist.usecases.ts';
import { reconcile } from '../features/integrity/integrity.usecases.ts';
import { forgetAbandonedDocuments } from '../features/kyc/kyc-documents.usecases.ts';
import { expireDueListings } from '../features/listings/listing-expiry.usecases.ts';
import { forgetOldViews } from '../features/listings/listing-views.usecases.ts';
import { forgetOldNotices, sweepDeliveries } from '../features/notifications/deliveries.usecases.ts';
import { remindWhoIsDue } from '../features/notifications/reminders.usecases.ts';
import { expireDueOffers, forgetDeadOffers } from '../features/offers/offer-sweeps.usecases.ts';
import { endOverdueStreams } from '../features/streams/streams.usecases.ts';
import { IDEMPOTENCY_RETENTION_MS } from '../http/idempotency.ts';
import { MONEY_JOBS } from './money.ts';
import { TRUST_JOBS } from './trust.ts';

/** Books brought up to date in one run; the rest follow in the next minute. */
const BOOKS_PER_RUN = 100;

type Job = (deps: Deps, nowMs: number) => Promise<unknown>;

const isFirstMinuteOf = (nowMs: number, periodMs: number): boolean => nowMs % periodMs < MINUTE_MS;

async function deleteWhatNobodyNeeds(deps: Deps, nowMs: number): Promise<void> {
  await deps.db.batch([
    deps.db.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, nowMs - IDEMPOTENCY_RETENTION_MS)),
    deps.db
      .delete(socketTickets)
      .where(or(lt(socketTickets.expiresAt, nowMs - DAY_MS), lt(socketTickets.usedAt, nowMs - DAY_MS))),
  ]);
}

/** What each minute asks for, in this order; each does a bounded part and goes on in the next minute. */
const JOBS: Readonly<Record<string, Job>> = {
  books: (deps) => syncStaleBooks(deps, BOOKS_PER_RUN),
  ...MONEY_JOBS,
  offers: (deps) => expireDueOffers(deps),
  listings: expireDueListings,
  listing_views: forgetOldViews,
  streams: endOverdueStreams,
  dead_offers: (deps) => forgetDeadOffers(deps),
  ...TRUST_JOBS,
  saved_searches: checkSavedSearches,
  price_alerts: rearmAlerts,
  interests: refreshInterestsWhenDue,
  interactions: pruneInteractions,
  feeds: pruneFeeds,
  roll_ups: refreshRollUpsWhenDue,
  leftovers: deleteWhatNobodyNeeds,
  identity: purgeIdentity,
  abandoned_documents: forgetAbandonedDocuments,
  reminders: remindWhoIsDue,
  deleted_accounts: clearRecentlyDeleted,
  outbox: (deps) => deps.outbox.drain(),
  deliveries: (deps) => sweepDeliveries(deps),
  old_notices: forgetOldNotices,
  integrity: (deps, nowMs) => reconcile(deps, isFirstMinuteOf(nowMs, HOUR_MS) ? 'full' : 'minute'),
};

/**
 * Every minute: what a crash left behind is repaired, what is due is done, and what nobody needs any more is deleted. A
 * job that fails leaves the others alone and comes again a minute later.
 */
export async function runSchedule(deps: Deps, nowMs: number): Promise<void> {
  const failed: string[] = [];
  for (const [job, run] of Object.entries(JOBS)) {
    try {
      await run(deps, nowMs);
    } catch (error) {
      failed.push(job);
      deps.log.error('job_failed', { job, error: String(error) });
    }
  }
  deps.log.debug('schedule_done', { jobs: Object.keys(JOBS).length, failed });
}
