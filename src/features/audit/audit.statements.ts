import type { Context } from 'hono';
import type { Db } from '../../db/client.ts';
import { auditLog } from '../../db/house-schema.ts';
import { callerIn } from '../../http/auth.ts';
import type { AppEnv } from '../../http/factory.ts';
import { clientAddress } from '../../http/request-context.ts';

/** Who does something privileged, and from where. */
export interface AuditedActor {
  actorId: string;
  /** Null when the system acts by itself. */
  address: string | null;
  requestId: string | null;
}

export interface AuditEntry {
  /** Past tense, such as `user_banned` or `listing_removed`. */
  action: string;
  target: { type: string; id: string };
  /** Facts as they were and as they are, never secrets; null when there is nothing to tell. */
  before?: unknown;
  after?: unknown;
  reason?: string | null;
}

/** The signed-in caller of this request as the audit log knows him. */
export const auditedActor = (c: Context<AppEnv>): AuditedActor => ({
  actorId: callerIn(c).userId,
  address: clientAddress(c.req.raw.headers),
  requestId: c.get('requestId'),
});

const jsonOrNull = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/** Writes down a privileged action (GR-20), as a part of the batch of the change itself. `id` is new (`aud_...`). */
export function auditStatement(
  db: Db,
  actor: AuditedActor,
  entry: AuditEntry,
  at: { id: string; atMs: number },
) {
  return db.insert(auditLog).values({
    id: at.id,
    ...actor,
    action: entry.action,
    targetType: entry.target.type,
    targetId: entry.target.id,
    before: jsonOrNull(entry.before),
    after: jsonOrNull(entry.after),
    reason: entry.reason ?? null,
    createdAt: at.atMs,
  });
}
