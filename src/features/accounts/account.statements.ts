/** What belongs to a change of an account, whichever feature makes it: its event, its line of activity, ended sessions. */
import { and, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { accountActivity } from '../../db/identity-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { sessions } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

/** Where a request of a user comes from; the address is the one the platform saw. */
export interface Client {
  address: string;
  userAgent: string;
  /** Secrets of the device's cookie; whoever shows one has signed in from there before. */
  deviceTokens: readonly string[];
  requestId: string;
}

export type AccountEventType =
  | 'account.registered'
  | 'account.email_verification_requested'
  | 'account.email_verified'
  | 'account.email_change_requested'
  | 'account.email_changed'
  | 'account.password_reset_asked'
  | 'account.password_reset_requested'
  | 'account.password_changed'
  | 'account.locked'
  | 'account.new_device'
  | 'account.two_factor_enabled'
  | 'account.two_factor_disabled'
  | 'account.two_factor_reset'
  | 'account.recovery_codes_made'
  | 'account.role_changed'
  | 'account.deleted'
  | 'kyc.submitted'
  | 'kyc.approved'
  | 'kyc.rejected';

/** An event of an account. Its id is made once, with the batch that stores it, unless the caller has a telling one. */
export function accountEvent(
  deps: Pick<Deps, 'now' | 'random'>,
  type: AccountEventType,
  userId: string,
  data: Record<string, unknown>,
  { correlationId, eventId }: { correlationId: string; eventId?: string },
): EventEnvelope {
  const nowMs = deps.now();
  return {
    event_id: eventId ?? newId('evt', deps.random),
    type,
    version: 1,
    aggregate: { type: 'user', id: userId },
    seq: nowMs,
    correlation_id: correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: { user_id: userId, ...data },
  };
}

/** {@link accountEvent} as a part of a batch. */
export function accountEventStatement(
  deps: Pick<Deps, 'db' | 'now' | 'random'>,
  ...event: Parameters<typeof accountEvent> extends [unknown, ...infer Rest] ? Rest : never
): Statement {
  return outboxStatement(deps.db, [accountEvent(deps, ...event)], deps.now());
}

export const ACTIVITIES = [
  'registered',
  'signed_in',
  'signed_out',
  'email_verified',
  'email_changed',
  'password_changed',
  'password_reset',
  'session_revoked',
  'other_sessions_revoked',
  'two_factor_enabled',
  'two_factor_disabled',
  'two_factor_reset',
  'recovery_code_used',
  'recovery_codes_made',
  'profile_changed',
  'avatar_changed',
  'preferences_changed',
  'verification_submitted',
  'data_exported',
] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** A line in the user's own log of what happened to the account. */
export function activityStatement(
  deps: Pick<Deps, 'db' | 'now' | 'random'>,
  userId: string,
  action: Activity,
  client: Pick<Client, 'address' | 'userAgent'> | null,
  sessionId: string | null = null,
): Statement {
  return deps.db.insert(accountActivity).values({
    id: newId('act', deps.random),
    userId,
    action,
    address: client?.address ?? null,
    userAgent: client?.userAgent ?? null,
    sessionId,
    createdAt: deps.now(),
  });
}

const liveSessions = (userId: string, exceptId: string | null) =>
  and(
    eq(sessions.userId, userId),
    isNull(sessions.revokedAt),
    exceptId === null ? undefined : ne(sessions.id, exceptId),
  );

/** Ends the sessions of a user, all or all but one; `noteEndedSessions` after the batch lets this isolate know at once. */
export const endSessionsStatement = (
  db: Db,
  userId: string,
  exceptId: string | null,
  reason: string,
  nowMs: number,
): Statement =>
  db.update(sessions).set({ revokedAt: nowMs, revokeReason: reason }).where(liveSessions(userId, exceptId));

/** Refuses the access tokens of sessions that were just ended in this isolate; the others learn it within seconds. */
export async function noteEndedSessions(deps: Deps, userId: string, endedAtMs: number): Promise<number> {
  const ended = await deps.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), sql`${sessions.revokedAt} = ${endedAtMs}`));
  for (const { id } of ended) deps.revocations.add(id, endedAtMs);
  return ended.length;
}

/** True, in SQL, unless this is the only superadmin who can act: of two who leave at once, one stays. */
export const anotherSuperadmin = (userId: string, role: string) =>
  sql`(${role} <> 'superadmin' or exists (
    select 1 from users other where other.role = 'superadmin' and other.id <> ${userId}
      and other.status = 'active' and other.deleted_at is null))`;
