import { lt, or } from 'drizzle-orm';
import { idempotencyKeys, socketTickets } from '../db/schema.ts';
import type { Deps } from '../deps.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/time.ts';
import { purgeIdentity } from '../features/accounts/sessions.usecases.ts';
import { syncStaleBooks } from '../features/catalog/book-config.ts';
import { reconcile } from '../features/integrity/integrity.usecases.ts';
import { expireDueOffers, forgetDeadOffers } from '../features/offers/offer-sweeps.usecases.ts';
import { sweepOverdueOrders } from '../features/orders/orders.usecases.ts';
import { fillWebhookHoles, sweepPayments } from '../features/payments/webhooks.usecases.ts';
import { IDEMPOTENCY_RETENTION_MS } from '../http/idempotency.ts';
import { runTrustJobs } from './trust.ts';

/** Books brought up to date in one run; the rest follow in the next minute. */
const BOOKS_PER_RUN = 100;

/** Every minute: what a crash left behind is repaired, and what nobody needs any more is deleted. */
export async function runSchedule(deps: Deps, nowMs: number): Promise<void> {
  const synced = await syncStaleBooks(deps, BOOKS_PER_RUN);
  const swept = await sweepOverdueOrders(deps);
  const expired = await expireDueOffers(deps);
  await forgetDeadOffers(deps);
  const visited = await sweepPayments(deps);
  if (nowMs % DAY_MS < MINUTE_MS) await fillWebhookHoles(deps);
  await runTrustJobs(deps);
  const sent = await deps.outbox.drain();
  await deps.db.batch([
    deps.db.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, nowMs - IDEMPOTENCY_RETENTION_MS)),
    deps.db
      .delete(socketTickets)
      .where(or(lt(socketTickets.expiresAt, nowMs - DAY_MS), lt(socketTickets.usedAt, nowMs - DAY_MS))),
  ]);
  await purgeIdentity(deps, nowMs);
  const { verdict } = await reconcile(deps, nowMs % HOUR_MS < MINUTE_MS ? 'full' : 'minute');
  deps.log.debug('schedule_done', { synced, swept, expired, visited, sent, verdict });
}
