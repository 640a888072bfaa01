/** The end of the payout delay: proceeds become available, and their transfer is asked for. */
import { and, asc, eq, lte, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { pendingProceeds } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { proceedsCleared } from '../../domain/ledger/wallet-postings.ts';
import { isAlreadyPosted, postingStatements } from '../ledger/ledger.statements.ts';
import { runBatch } from './order-steps.ts';
import { asRead, type PendingProceeds } from './pending-proceeds.ts';

/** Orders cleared in one run of the sweep; the rest follow in the next minute. */
const PER_SWEEP = 100;

/** Makes proceeds available whose delay is over, and asks for their transfer; of one seller, or of all. */
export async function clearProceeds(deps: Deps, sellerId?: string): Promise<number> {
  const nowMs = deps.now();
  const due = await deps.db
    .select()
    .from(pendingProceeds)
    .where(
      and(
        lte(pendingProceeds.dueAt, nowMs),
        sellerId === undefined ? undefined : eq(pendingProceeds.sellerId, sellerId),
      ),
    )
    .orderBy(asc(pendingProceeds.dueAt))
    .limit(PER_SWEEP);
  let cleared = 0;
  for (const pending of due) if (await clear(deps, pending, nowMs)) cleared += 1;
  return cleared;
}

/** False when somebody else was at it: what a refund left is cleared at the next turn. */
async function clear(deps: Deps, pending: PendingProceeds, nowMs: number): Promise<boolean> {
  const { orderId, sellerId, currency, amountCents } = pending;
  const posting = proceedsCleared({ userId: sellerId, currency, amountCents }, orderId);
  const request: EventEnvelope = {
    event_id: `${orderId}:cleared`,
    type: 'payment.release_request',
    version: 1,
    aggregate: { type: 'order', id: orderId },
    seq: 1,
    correlation_id: orderId,
    occurred_at: new Date(nowMs).toISOString(),
    data: { order_id: orderId, amount_cents: amountCents, currency },
  };
  try {
    await runBatch(deps, [
      deps.db.delete(pendingProceeds).where(asRead(pending)),
      deps.db.run(sql.raw(GUARD_SQL)),
      ...postingStatements(deps.db, posting, { id: newId('led', deps.random), orderId, atMs: nowMs }),
      outboxStatement(deps.db, [request], nowMs),
    ]);
    return true;
  } catch (error) {
    if (isStale(error) || isAlreadyPosted(error)) return false;
    throw error;
  }
}
