/**
 * What stands in front of all payouts: the switch of the house, and the freeze that reconciliation throws on a mismatch
 * of money and finance lifts.
 */
import { and, eq, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { payoutFreezes } from '../../db/integrity-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { PAYOUTS_RESUMED } from '../../domain/payments/payout.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { isOn } from '../flags/is-on.ts';

const NAME = 'payouts';
const SYSTEM: AuditedActor = { actorId: 'system', address: null, requestId: null };

export type PayoutFreeze = typeof payoutFreezes.$inferSelect;

/** How the switch stands; null while it was never thrown. */
export async function payoutFreeze(db: Db): Promise<PayoutFreeze | null> {
  const [row] = await db.select().from(payoutFreezes).where(eq(payoutFreezes.name, NAME));
  return row ?? null;
}

/** Why no payout may be made or sent now; null when they flow. */
export async function payoutStop(deps: Deps): Promise<'payouts_halted' | 'payouts_frozen' | null> {
  if (!(await isOn(deps, 'payouts_enabled'))) return 'payouts_halted';
  return (await payoutFreeze(deps.db))?.isFrozen ? 'payouts_frozen' : null;
}

/** Refuses with the reason why payouts do not flow. */
export async function assertPayoutsFlow(deps: Deps): Promise<void> {
  const stop = await payoutStop(deps);
  if (stop !== null) throw problem(stop, 'Payouts are stopped for now; your money stays in your wallet.');
}

/** Freezes payouts for mismatches of money; what is frozen stays as it is. */
export async function freezePayouts(
  deps: Deps,
  reason: string,
  mismatches: readonly string[],
): Promise<void> {
  const known = await payoutFreeze(deps.db);
  if (known?.isFrozen) return;
  const acknowledged = known?.acknowledged ?? '[]';
  const change = { isFrozen: true, reason, mismatches: JSON.stringify(mismatches), acknowledged };
  await turn(deps, known, change, SYSTEM);
}

/**
 * Lets payouts go on. What they were frozen for, and `known`, the mismatches found since, count as looked at: these do
 * not freeze payouts once more.
 */
export async function liftFreeze(
  deps: Deps,
  reason: string,
  known: readonly string[],
  actor: AuditedActor,
): Promise<PayoutFreeze> {
  const freeze = await payoutFreeze(deps.db);
  if (!freeze?.isFrozen) throw problem('invalid_transition', 'Payouts are not frozen.');
  const frozenFor = JSON.parse(freeze.mismatches) as string[];
  const acknowledged = JSON.stringify([...new Set([...frozenFor, ...known])]);
  return turn(deps, freeze, { isFrozen: false, reason, mismatches: '[]', acknowledged }, actor);
}

async function turn(
  deps: Deps,
  known: PayoutFreeze | null,
  change: Pick<PayoutFreeze, 'isFrozen' | 'reason' | 'mismatches' | 'acknowledged'>,
  actor: AuditedActor,
): Promise<PayoutFreeze> {
  const nowMs = deps.now();
  const row: PayoutFreeze = {
    name: NAME,
    ...change,
    actorId: actor.actorId,
    version: (known?.version ?? 0) + 1,
    changedAt: nowMs,
  };
  const write =
    known === null
      ? deps.db.insert(payoutFreezes).values(row)
      : deps.db
          .update(payoutFreezes)
          .set(row)
          .where(and(eq(payoutFreezes.name, NAME), eq(payoutFreezes.version, known.version)));
  const type = row.isFrozen ? 'payouts.frozen' : PAYOUTS_RESUMED;
  const event = {
    event_id: `payouts:freeze:${row.version}`,
    type,
    version: 1,
    aggregate: { type: 'payouts', id: NAME },
    seq: row.version,
    correlation_id: actor.requestId ?? NAME,
    occurred_at: new Date(nowMs).toISOString(),
    data: { reason: row.reason, actor_id: row.actorId },
  };
  try {
    await deps.db.batch([
      write,
      deps.db.run(sql.raw(GUARD_SQL)),
      outboxStatement(deps.db, [event], nowMs),
      auditStatement(
        deps.db,
        actor,
        {
          action: row.isFrozen ? 'payouts_frozen' : 'payouts_unfrozen',
          target: { type: 'payouts', id: NAME },
          before: { is_frozen: known?.isFrozen ?? false },
          after: { is_frozen: row.isFrozen },
          reason: row.reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (!isStale(error) && !isUniqueViolation(error)) throw error;
    throw problem('invalid_transition', 'Somebody else turned the switch just now; look again.');
  }
  return row;
}
