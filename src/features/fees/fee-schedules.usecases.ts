import { and, eq, sql } from 'drizzle-orm';
import { isUniqueViolation } from '../../db/client.ts';
import { feeSchedules, products, sizes } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId, randomKey } from '../../domain/ids.ts';
import { type SellerTier, tierIn } from '../../domain/market/fees.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { syncManyBooks } from '../catalog/book-config.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { feeRateInForce } from '../ledger/ledger.usecases.ts';

export const FEE_CHANNELS = ['match', 'community', 'discover', 'checkout'] as const;
export type FeeChannel = (typeof FEE_CHANNELS)[number];

export type FeeScheduleRow = typeof feeSchedules.$inferSelect;

export interface NewFeeVersion {
  channel: FeeChannel;
  tier: SellerTier;
  currency: string;
  buyerBps: number;
  sellerBps: number;
  minimumCents: number;
  /** Now when null. */
  validFromMs: number | null;
}

/**
 * Announces a version of a fee schedule. What was agreed before it keeps its fees: each order has its own snapshot. 422
 * for a beginning in the past, 409 `fee_schedule_taken` for a second version from the same moment. Books hear of it before
 * this answers: as many as one request can reach, the rest from the queue.
 */
export async function announceFees(
  deps: Deps,
  version: NewFeeVersion,
  reason: string,
  actor: AuditedActor,
): Promise<FeeScheduleRow> {
  const nowMs = deps.now();
  const validFrom = version.validFromMs ?? nowMs;
  if (validFrom < nowMs) throw problem('validation_failed', 'A fee begins now or later, never in the past.');
  if (tierIn(version.channel, version.tier) !== version.tier)
    throw problem(
      'validation_failed',
      `Sales of the channel ${version.channel} have one rate for all sellers.`,
    );
  const before = await feeRateInForce(deps, version.channel, version.currency, version.tier);
  const row: FeeScheduleRow = {
    id: `fee_${randomKey(deps.random)}`,
    channel: version.channel,
    tier: version.tier,
    currency: version.currency,
    buyerBps: version.buyerBps,
    sellerBps: version.sellerBps,
    minimumCents: version.minimumCents,
    validFrom,
  };
  const concernsBooks = version.channel === 'match';
  const raise: Statement[] = concernsBooks ? [raiseBooksOf(deps, version.currency)] : [];
  try {
    await deps.db.batch([
      deps.db.insert(feeSchedules).values(row),
      ...raise,
      auditStatement(
        deps.db,
        actor,
        {
          action: 'fee_schedule_announced',
          target: { type: 'fee_schedule', id: row.id },
          before: before && {
            id: before.id,
            tier: before.tier,
            buyer_fee_bps: before.buyerBps,
            seller_fee_bps: before.sellerBps,
            minimum_cents: before.minimumCents,
          },
          after: {
            channel: row.channel,
            tier: row.tier,
            currency: row.currency,
            buyer_fee_bps: row.buyerBps,
            seller_fee_bps: row.sellerBps,
            minimum_cents: row.minimumCents,
            valid_from: new Date(validFrom).toISOString(),
          },
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isUniqueViolation(error))
      throw problem('fee_schedule_taken', 'There is a version of this fee from this very moment.');
    throw error;
  }
  if (concernsBooks) await syncManyBooks(deps, row.id);
  deps.log.info('fee_schedule_announced', { fee_schedule_id: row.id, user_id: actor.actorId });
  return row;
}

const raiseBooksOf = (deps: Deps, currency: string): Statement =>
  deps.db
    .update(sizes)
    .set({ configVersion: sql`${sizes.configVersion} + 1` })
    .where(
      sql`${sizes.productId} in ${deps.db.select({ id: products.id }).from(products).where(eq(products.currency, currency))}`,
    );

/** Versions of one or of all schedules: some dozens of rows, by channel, currency and time. */
export function listFeeVersions(
  deps: Deps,
  filter: { channel: FeeChannel | undefined; currency: string | undefined },
): Promise<FeeScheduleRow[]> {
  return deps.db
    .select()
    .from(feeSchedules)
    .where(
      and(
        filter.channel === undefined ? undefined : eq(feeSchedules.channel, filter.channel),
        filter.currency === undefined ? undefined : eq(feeSchedules.currency, filter.currency),
      ),
    )
    .orderBy(feeSchedules.channel, feeSchedules.tier, feeSchedules.currency, feeSchedules.validFrom);
}
