import { and, eq, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { sizes } from '../../db/schema.ts';
import { featureFlags } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { FLAG_NAMES, FLAGS, type Flag } from '../../domain/flags/flag.ts';
import { newId } from '../../domain/ids.ts';
import { PAYOUTS_RESUMED } from '../../domain/payments/payout.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { syncManyBooks } from '../catalog/book-config.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

type FlagRow = typeof featureFlags.$inferSelect;

export interface FlagState {
  name: Flag;
  isOn: boolean;
  /** Null while nobody has set it. */
  row: FlagRow | null;
}

/** Every switch there is, in the order of the registry. */
export async function readFlags(deps: Deps): Promise<FlagState[]> {
  const rows = new Map((await deps.db.select().from(featureFlags)).map((row) => [row.name, row]));
  return FLAG_NAMES.map((name) => {
    const row = rows.get(name) ?? null;
    return { name, isOn: row?.isOn ?? FLAGS[name].isOnByDefault, row };
  });
}

/**
 * Sets switches, together and audited. Books hear of `trading_enabled` before this answers: as many as one request can
 * reach, the rest from the queue. Setting what is so already changes nothing.
 */
export async function setFlags(
  deps: Deps,
  wanted: Partial<Record<Flag, boolean>>,
  reason: string,
  actor: AuditedActor,
): Promise<FlagState[]> {
  const changes = (await readFlags(deps)).filter(
    ({ name, isOn }) => wanted[name] !== undefined && wanted[name] !== isOn,
  );
  if (changes.length > 0) {
    const tradingChanges = changes.some(({ name }) => name === 'trading_enabled');
    try {
      const [first, ...rest] = changes.flatMap((change) => flagStatements(deps, change, reason, actor));
      if (first) await deps.db.batch([first, ...rest, ...(tradingChanges ? [everyBookChanges(deps)] : [])]);
    } catch (error) {
      if (isStale(error) || isUniqueViolation(error))
        throw problem('precondition_failed', 'Somebody else set a flag at this moment. Look again.');
      throw error;
    }
    if (tradingChanges) await syncManyBooks(deps, newId('evt', deps.random));
    await deps.outbox.drain();
    deps.log.info('flags_set', { user_id: actor.actorId, flags: changes.map(({ name }) => name) });
  }
  return readFlags(deps);
}

const everyBookChanges = (deps: Deps): Statement =>
  deps.db.update(sizes).set({ configVersion: sql`${sizes.configVersion} + 1` });

function flagStatements(
  deps: Deps,
  { name, isOn, row }: FlagState,
  reason: string,
  actor: AuditedActor,
): Statement[] {
  const nowMs = deps.now();
  const version = (row?.version ?? 0) + 1;
  const values = { isOn: !isOn, version, updatedBy: actor.actorId, updatedAt: nowMs };
  const statements: Statement[] = row
    ? [
        deps.db
          .update(featureFlags)
          .set(values)
          .where(and(eq(featureFlags.name, name), eq(featureFlags.version, row.version))),
        deps.db.run(sql.raw(GUARD_SQL)),
      ]
    : [deps.db.insert(featureFlags).values({ name, ...values })];
  statements.push(
    auditStatement(
      deps.db,
      actor,
      {
        action: 'flag_set',
        target: { type: 'flag', id: name },
        before: { on: isOn },
        after: { on: !isOn },
        reason,
      },
      { id: newId('aud', deps.random), atMs: nowMs },
    ),
  );
  if (name === 'payouts_enabled' && !isOn) {
    const resumed: EventEnvelope = {
      event_id: `flag:${name}:${version}`,
      type: PAYOUTS_RESUMED,
      version: 1,
      aggregate: { type: 'flag', id: name },
      seq: version,
      correlation_id: actor.requestId ?? name,
      occurred_at: new Date(nowMs).toISOString(),
      data: {},
    };
    statements.push(outboxStatement(deps.db, [resumed], nowMs));
  }
  return statements;
}
