import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { webhookInbox } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { WEBHOOK_RECEIVED } from './webhooks.usecases.ts';

export const WEBHOOK_STATES = ['open', 'processed'] as const;
export type WebhookRow = typeof webhookInbox.$inferSelect;

const Cursor = z.tuple([z.number().int(), z.string()]);

/** Webhooks as they were stored, newest first; an open one with an error is tried again by the sweep. */
export async function listInbox(
  deps: Deps,
  state: (typeof WEBHOOK_STATES)[number] | undefined,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ webhooks: WebhookRow[]; nextCursor: string | null }> {
  const position = decodeCursor(page.cursor, Cursor);
  const rows = await deps.db
    .select()
    .from(webhookInbox)
    .where(
      and(
        state === 'open' ? isNull(webhookInbox.processedAt) : undefined,
        state === 'processed' ? isNotNull(webhookInbox.processedAt) : undefined,
        position === null
          ? undefined
          : sql`(${webhookInbox.receivedAt}, ${webhookInbox.eventId}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(webhookInbox.receivedAt), desc(webhookInbox.eventId))
    .limit(page.limit + 1);
  const webhooks = rows.slice(0, page.limit);
  const last = webhooks.at(-1);
  return {
    webhooks,
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.receivedAt, last.eventId]) : null,
  };
}

/** Opens a webhook again, with the event that has it processed and a line in the audit log, in one batch. */
export async function replayWebhook(deps: Deps, eventId: string, actor: AuditedActor): Promise<WebhookRow> {
  const [row] = await deps.db.select().from(webhookInbox).where(eq(webhookInbox.eventId, eventId));
  if (!row) throw problem('webhook_not_found', 'There is no such webhook.');
  const nowMs = deps.now();
  const id = newId('aud', deps.random);
  try {
    await deps.db.batch([
      deps.db
        .update(webhookInbox)
        .set({ processedAt: null, lastError: null })
        .where(
          and(eq(webhookInbox.eventId, eventId), sql`${webhookInbox.processedAt} is ${row.processedAt}`),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'webhook_replayed',
          target: { type: 'webhook', id: eventId },
          before: { processed: row.processedAt !== null, attempts: row.attempts, last_error: row.lastError },
          after: { processed: false },
        },
        { id, atMs: nowMs },
      ),
      outboxStatement(
        deps.db,
        [
          {
            event_id: `webhook:${eventId}:${id}`,
            type: WEBHOOK_RECEIVED,
            version: 1,
            aggregate: { type: 'webhook', id: eventId },
            seq: nowMs,
            correlation_id: actor.requestId ?? eventId,
            occurred_at: new Date(nowMs).toISOString(),
            data: { event_id: eventId },
          },
        ],
        nowMs,
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('invalid_transition', 'It is being processed at this moment.');
    throw error;
  }
  await deps.outbox.drain();
  return { ...row, processedAt: null, lastError: null };
}
