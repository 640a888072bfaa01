import { and, eq, gt, inArray, isNull, lte, or } from 'drizzle-orm';
import { isStale } from '../../db/client.ts';
import { sessions, users } from '../../db/schema.ts';
import { moderationActions } from '../../db/trust-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { OrderEventData } from '../../domain/orders/order-events.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import { pauseListingsOf, resumeListingsOf } from '../listings/seller-listings.usecases.ts';
import { cancelOrdersOf } from '../market/operator.usecases.ts';
import { endOffersOf } from '../offers/offer-sweeps.usecases.ts';
import { cancelUnpaidOrdersOf } from '../orders/barred-buyers.usecases.ts';
import { holdOrder, holdOrdersOf, resumeOrdersOf } from '../orders/seller-holds.usecases.ts';
import {
  endReasonOf,
  endSessionsStatement,
  HOUSE,
  measureStatements,
  readStanding,
  runStatements,
} from './moderation.statements.ts';

/** A request that was under way when its user was barred has ended, and a book's news has arrived, within this. */
const ECHO_MS = 10 * MINUTE_MS;
const PAGE = 100;
/** Time ends everybody's suspension, whatever their role. */
const CLOCK = { ...HOUSE, permissions: ['users.suspend', 'admins.manage'] };

/** True while a user may not act. */
async function isBarredNow(deps: Deps, userId: string): Promise<boolean> {
  const standing = await readStanding(deps.db, userId);
  if (standing === null) return false;
  const { status, suspendedUntil } = standing;
  return isBarred({ status, suspendedUntilMs: suspendedUntil }, deps.now());
}

/** Ends the sessions of a user who is barred, also one that a sign-in under way began; here at once, elsewhere in seconds. */
export async function endSessionsOf(deps: Deps, userId: string): Promise<void> {
  const standing = await readStanding(deps.db, userId);
  if (standing === null || standing.status === 'active') return;
  const nowMs = deps.now();
  const oldestMs = nowMs - deps.config.ACCESS_TOKEN_SECONDS * 1000;
  const known = await deps.db
    .select({ id: sessions.id, revokedAt: sessions.revokedAt })
    .from(sessions)
    .where(
      and(eq(sessions.userId, userId), or(isNull(sessions.revokedAt), gt(sessions.revokedAt, oldestMs))),
    );
  if (known.some(({ revokedAt }) => revokedAt === null))
    await deps.db.batch([endSessionsStatement(deps.db, userId, standing.status, nowMs)]);
  for (const { id } of known) deps.revocations.add(id, nowMs, endReasonOf(standing.status) ?? undefined);
}

/**
 * Makes the market agree with a user's standing: one who is barred has no session, no resting order, nothing on sale, no
 * open offer and no sale that goes on; one who is not has back what stopped for that alone. It looks at how things are, not at what was
 * asked, so that it can be repeated at any time.
 */
export async function carryOutStanding(deps: Deps, userId: string, correlationId: string): Promise<void> {
  if (await isBarredNow(deps, userId)) {
    await endSessionsOf(deps, userId);
    const cancelled = await cancelOrdersOf(deps, userId, correlationId);
    const paused = await pauseListingsOf(deps, userId, correlationId);
    const held = await holdOrdersOf(deps, userId);
    await endOffersOf(deps, userId, correlationId);
    const unpaid = await cancelUnpaidOrdersOf(deps, userId);
    deps.log.info('user_barred', { user_id: userId, cancelled, paused, held, unpaid });
  } else {
    const resumed = await resumeOrdersOf(deps, userId);
    const relisted = await resumeListingsOf(deps, userId, correlationId);
    deps.log.info('user_free', { user_id: userId, resumed, relisted });
  }
}

async function onActed(deps: Deps, event: EventEnvelope): Promise<void> {
  const { user_id: userId, action } = event.data as { user_id: string; action: string };
  if (action !== 'warning') await carryOutStanding(deps, userId, event.correlation_id);
}

/** An order that was paid after its seller was barred waits like the others. */
async function onPaid(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId, seller_id: sellerId } = event.data as OrderEventData;
  if (sellerId !== null && (await isBarredNow(deps, sellerId))) await holdOrder(deps, orderId);
}

/** A match or an order under way when its user was barred is found some minutes long. */
export async function repeatRecentMeasures(deps: Deps): Promise<number> {
  const rows = await deps.db
    .select({ userId: moderationActions.userId })
    .from(moderationActions)
    .where(
      and(
        gt(moderationActions.createdAt, deps.now() - ECHO_MS),
        inArray(moderationActions.kind, ['suspend', 'ban']),
        isNull(moderationActions.liftedAt),
      ),
    );
  for (const userId of new Set(rows.map((row) => row.userId)))
    await carryOutStanding(deps, userId, `measure:${userId}`);
  return rows.length;
}

/** Suspensions whose time is over end, and with them what they stopped. */
export async function liftExpiredSuspensions(deps: Deps): Promise<number> {
  const due = await deps.db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.status, 'suspended'), lte(users.suspendedUntil, deps.now())))
    .limit(PAGE);
  let lifted = 0;
  for (const { id } of due) if (await liftExpired(deps, id)) lifted += 1;
  return lifted;
}

async function liftExpired(deps: Deps, userId: string): Promise<boolean> {
  const standing = await readStanding(deps.db, userId);
  if (standing === null || standing.status !== 'suspended' || (await isBarredNow(deps, userId))) return false;
  const ended = { kind: 'restore', severity: 1, reason: 'The suspension has ended' } as const;
  const taken = measureStatements(deps, standing, { ...ended, durationMs: null, reportId: null }, CLOCK);
  if (!taken.ok) return false;
  try {
    await runStatements(deps, taken.value.statements);
    return true;
  } catch (error) {
    // A moderator was faster.
    if (isStale(error)) return false;
    throw error;
  }
}

export const MODERATION_HANDLERS: DomainEventHandlers = {
  'moderation.acted': onActed,
  'order.paid': onPaid,
};
