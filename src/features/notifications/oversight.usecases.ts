import { and, desc, eq, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { deliveries } from '../../db/notifications-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { Channel, DeliveryStatus } from '../../domain/notifications/notice.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { queueDelivery } from './notify.usecases.ts';

export type ListedDelivery = typeof deliveries.$inferSelect;

export function listDeliveries(
  deps: Deps,
  filter: {
    status?: DeliveryStatus | undefined;
    channel?: Channel | undefined;
    user_id?: string | undefined;
  },
  after: readonly [number, string] | null,
  limit: number,
): Promise<ListedDelivery[]> {
  return deps.db
    .select()
    .from(deliveries)
    .where(
      and(
        filter.user_id === undefined ? undefined : eq(deliveries.userId, filter.user_id),
        // Whose deliveries is the narrower question: then the status is only looked at.
        filter.status === undefined
          ? undefined
          : filter.user_id === undefined
            ? eq(deliveries.status, filter.status)
            : sql`+${deliveries.status} = ${filter.status}`,
        filter.channel === undefined ? undefined : eq(deliveries.channel, filter.channel),
        after === null
          ? undefined
          : sql`(${deliveries.createdAt}, ${deliveries.id}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(deliveries.createdAt), desc(deliveries.id))
    .limit(limit);
}

/** Sends a failed delivery once more, audited; refused with `delivery_done` in any other state. */
export async function retryDelivery(deps: Deps, id: string, actor: AuditedActor): Promise<ListedDelivery> {
  const [row] = await deps.db.select().from(deliveries).where(eq(deliveries.id, id));
  if (row === undefined) throw problem('delivery_not_found', 'There is no such delivery.');
  const nowMs = deps.now();
  const changes = { status: 'pending' as const, attempts: 0, dueAt: nowMs, updatedAt: nowMs };
  try {
    await deps.db.batch([
      deps.db
        .update(deliveries)
        .set(changes)
        .where(and(eq(deliveries.id, id), eq(deliveries.status, 'failed'))),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'delivery_retried',
          target: { type: 'delivery', id },
          before: { status: row.status, attempts: row.attempts, error: row.error },
          after: { status: 'pending' },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('delivery_done', `This delivery is ${row.status}, not failed.`);
    throw error;
  }
  await queueDelivery(deps, id, nowMs);
  return { ...row, ...changes };
}
