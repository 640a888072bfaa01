/** Sends what goes by mail, push or text: tried again with growing waits, given up as a dead letter, never sent twice. */
import { callThrough } from '../../db/breakers.ts';
import type { Deps } from '../../deps.ts';
import { MAX_TRIES, reasonOf, type SendOutcome, waitAfterMs } from '../../domain/notifications/delivery.ts';
import {
  deadLetterStatement,
  endTry,
  findNotices,
  findOverdue,
  takeDelivery,
} from './deliveries.repository.ts';
import { writeMail } from './mail-writing.ts';
import { type DeliveryRow, findReaders, type NotificationRow } from './notices.repository.ts';
import { forgetOld, RETENTION_MS } from './notifications.repository.ts';
import { NOTIFICATIONS_QUEUE, queueDelivery } from './notify.usecases.ts';
import { sendPush } from './push-sending.ts';
import type { Reader } from './readers.ts';

/** One message of the NOTIFICATIONS queue. */
export interface DeliveryMessage {
  kind: 'delivery';
  id: string;
}

/** A message may still be on its way for this long after its delivery is due. */
const GRACE_MS = 60_000;
const SWEEP_SIZE = 200;

/** What became of a try: its outcome, or that it need not be made, or may not be made yet. */
export type TryResult =
  | SendOutcome
  | { kind: 'needless'; reason: string }
  | { kind: 'later'; waitMs: number };

/** Sends one delivery if it is due and nobody else does. When it fails it comes back to the queue by itself. */
export async function deliver(deps: Deps, id: string): Promise<void> {
  const taken = await takeDelivery(deps.db, id, deps.now());
  const [first] = taken;
  if (first === undefined) return;
  const [notices, readers] = await Promise.all([
    findNotices(
      deps.db,
      taken.map(({ notificationId }) => notificationId),
    ),
    findReaders(deps.db, [first.userId]),
  ]);
  let result: TryResult & { version?: number };
  try {
    result = await attempt(deps, first, notices, readers.get(first.userId) ?? null);
  } catch (error) {
    result = { kind: 'failed', reason: reasonOf(error) };
  }
  await conclude(deps, taken, result);
}

async function attempt(
  deps: Deps,
  delivery: DeliveryRow,
  notices: readonly NotificationRow[],
  reader: Reader | null,
): Promise<TryResult & { version?: number }> {
  const [notice] = notices;
  if (notice === undefined || reader === null)
    return { kind: 'needless', reason: 'there is nobody to tell any more' };
  switch (delivery.channel) {
    case 'in_app':
      return { kind: 'sent', reference: null };
    case 'email':
      return through(deps, 'mail', async () => {
        const { mail, version } = await writeMail(deps, delivery, notice, reader);
        return { ...(await deps.mailer.send(mail)), version };
      });
    case 'push':
      return sendPush(deps, delivery, notices, reader);
    case 'sms':
      if (reader.phone === null) return { kind: 'needless', reason: 'there is no number any more' };
      return through(deps, 'sms', () =>
        deps.sms.send({ id: delivery.id, to: reader.phone!, text: `${notice.title}\n${notice.body}` }),
      );
  }
}

/** Through the breaker of a provider (GR-09): while it is down nothing is tried, and no try is counted. */
async function through<T extends SendOutcome>(
  { db, now }: Deps,
  provider: string,
  send: () => Promise<T>,
): Promise<T | { kind: 'later'; waitMs: number }> {
  const called = await callThrough(db, provider, now, send, ({ kind }) => kind === 'failed');
  return 'answer' in called ? called.answer : { kind: 'later', waitMs: called.waitMs };
}

async function conclude(
  deps: Deps,
  taken: readonly DeliveryRow[],
  result: TryResult & { version?: number },
): Promise<void> {
  const { db } = deps;
  const [first] = taken as [DeliveryRow];
  const ids = taken.map(({ id }) => id);
  const nowMs = deps.now();
  const facts = { delivery_id: first.id, type: first.type, channel: first.channel, attempts: first.attempts };
  switch (result.kind) {
    case 'sent':
      await endTry(db, ids, {
        status: 'sent',
        reference: result.reference,
        error: null,
        secrets: null,
        sentAt: nowMs,
        updatedAt: nowMs,
        templateVersion: result.version ?? null,
      });
      // EV-09: what was told, in a form that machines read.
      deps.log.info('notification_sent', { ...facts, user_id: first.userId, event_id: first.eventId });
      return;
    case 'needless':
      await endTry(db, ids, { status: 'cancelled', error: result.reason, secrets: null, updatedAt: nowMs });
      return;
    case 'later':
      await putOff(deps, taken, result.waitMs, 'the provider is down', -1);
      return;
    case 'failed':
      if (first.attempts < MAX_TRIES) {
        deps.log.warn('notification_failed', { ...facts, error: result.reason });
        await putOff(deps, taken, waitAfterMs(first.attempts), result.reason, 0);
        return;
      }
      await giveUp(deps, taken, result.reason);
      return;
    case 'refused':
    case 'gone':
      await giveUp(deps, taken, result.kind === 'gone' ? 'the receiver is gone' : result.reason);
  }
}

async function putOff(
  deps: Deps,
  taken: readonly DeliveryRow[],
  waitMs: number,
  reason: string,
  uncounted: 0 | -1,
): Promise<void> {
  const [first] = taken as [DeliveryRow];
  const nowMs = deps.now();
  const dueAt = nowMs + waitMs;
  await endTry(
    deps.db,
    taken.map(({ id }) => id),
    {
      status: 'pending',
      error: reason,
      dueAt,
      attempts: Math.max(0, first.attempts + uncounted),
      updatedAt: nowMs,
    },
  );
  await queueDelivery(deps, first.id, dueAt);
}

async function giveUp(deps: Deps, taken: readonly DeliveryRow[], reason: string): Promise<void> {
  const [first] = taken as [DeliveryRow];
  const nowMs = deps.now();
  await deps.db.batch([
    endTry(
      deps.db,
      taken.map(({ id }) => id),
      { status: 'failed', error: reason, updatedAt: nowMs },
    ),
    deadLetterStatement(deps.db, NOTIFICATIONS_QUEUE, first, reason, nowMs),
  ]);
  deps.log.error('notification_given_up', {
    delivery_id: first.id,
    type: first.type,
    channel: first.channel,
    error: reason,
  });
}

/** Sends off again what was due a while ago and is not sent: a lost message, or a sender that died. */
export async function sweepDeliveries(deps: Deps): Promise<number> {
  const nowMs = deps.now();
  const overdue = await findOverdue(deps.db, nowMs - GRACE_MS, SWEEP_SIZE);
  for (const { id } of overdue) await queueDelivery(deps, id, nowMs);
  return overdue.length;
}

const MAILBOX_RETENTION_MS = 7 * 86_400_000;

/** Forgets what is half a year old, a part of it each minute, and what lies in the local mailbox for a week. */
export async function forgetOldNotices(deps: Deps, nowMs: number): Promise<void> {
  await forgetOld(deps.db, nowMs - RETENTION_MS);
  await deps.mailbox?.forget(nowMs - MAILBOX_RETENTION_MS);
}
