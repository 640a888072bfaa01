/** From an event to the notices of its readers, in one batch, and from there on their ways. */
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { MESSAGE_PUSH_DELAY_MS } from '../../domain/notifications/delivery.ts';
import { type EventData, variablesOf } from '../../domain/notifications/facts.ts';
import type { Category, Channel, Variables } from '../../domain/notifications/notice.ts';
import { definitionOf } from '../../domain/notifications/notice.ts';
import { addressedBy } from '../../domain/notifications/notice-rules.ts';
import { channelsFor, dueAtMs } from '../../domain/notifications/preferences.ts';
import type { NoticeRule } from '../../domain/notifications/rules/rule.ts';
import { fill } from '../../domain/notifications/templates/template.ts';
import {
  type DeliveryRow,
  findListed,
  findWaiting,
  type NotificationRow,
  noticeStatements,
  readForNotices,
} from './notices.repository.ts';
import { presentNotification } from './notifications.presenter.ts';
import type { Reader } from './readers.ts';
import { templateFor } from './template-store.ts';

export const NOTIFICATIONS_QUEUE = 'bourse-notifications';
/** The queue keeps a message back for at most twelve hours; the cron sends what waits longer. */
const MAX_DELAY_SECONDS = 43_200;

/** One thing to tell one reader. */
export interface Notice {
  eventId: string;
  rule: Pick<NoticeRule, 'type' | 'template' | 'coalesceBy'>;
  category: Category;
  variables: Variables;
  data: Record<string, unknown>;
  link: string | null;
  secrets: Record<string, unknown> | null;
  groupKey: string | null;
}

/** Tells everybody whom an event concerns. It may come twice, also after a crash: each is told once. */
export async function notifyOf(deps: Deps, event: EventEnvelope): Promise<void> {
  const addressed = addressedBy(event);
  if (addressed.length === 0) return;
  const data = event.data as EventData;
  const { facts, readers, told } = await readForNotices(deps.db, event, [
    ...new Set(addressed.map(({ userId }) => userId)),
  ]);
  const rows: NotificationRow[] = [];
  const going: DeliveryRow[] = [];
  for (const { rule, userId } of addressed) {
    if (told.has(`${rule.type} ${userId}`)) continue;
    const reader = readers.get(userId);
    if (reader === undefined) continue;
    const made = await makeNotice(deps, reader, {
      eventId: event.event_id,
      rule,
      category: definitionOf(rule.type).category,
      variables: variablesOf(event, facts, rule.about ?? null),
      data: pick(data, rule.carries ?? []),
      link: rule.link?.(data) ?? null,
      secrets: rule.secret === undefined ? null : pick(data, rule.secret),
      groupKey: rule.coalesceBy === undefined ? null : `${rule.type}:${String(data[rule.coalesceBy])}`,
    });
    rows.push(made.row);
    going.push(...made.going);
  }
  // Told before, but perhaps nobody was shown it: the one who wrote it may have died.
  if (rows.length === 0) return told.size === 0 ? undefined : sendOff(deps, event.event_id);
  const [written] = await deps.db.batch(noticeStatements(deps.db, rows, going));
  const mine = new Set(written.map(({ id }) => id));
  await sendRows(
    deps,
    rows.filter(({ id, isListed }) => isListed && mine.has(id)),
    going.filter(({ notificationId, status }) => status === 'pending' && mine.has(notificationId)),
  );
}

const pick = (data: EventData, fields: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(fields.filter((field) => data[field] != null).map((field) => [field, data[field]]));

/** The rows of one notice: what the app shows, and one delivery for each way it goes. */
export async function makeNotice(
  deps: Deps,
  reader: Reader,
  { eventId, rule, category, variables, data, link, secrets, groupKey }: Notice,
): Promise<{ row: NotificationRow; going: DeliveryRow[] }> {
  const nowMs = deps.now();
  const { type } = rule;
  const channels = channelsFor(reader.preferences, type, category).filter((channel) =>
    isReachable(reader, channel),
  );
  const words = await templateFor(deps, rule.template, 'notice', reader.language);
  const spoken: Variables = { ...variables, name: reader.name };
  const say = (text: string): string => fill(text, spoken, reader.language, reader.preferences.timeZone);
  const row: NotificationRow = {
    id: newId('ntf', deps.random),
    userId: reader.userId,
    eventId,
    type,
    category,
    template: rule.template,
    language: reader.language,
    title: say(words.subject),
    body: say(words.body),
    link,
    data: JSON.stringify(data),
    variables: JSON.stringify(spoken),
    isListed: channels.includes('in_app'),
    readAt: null,
    deletedAt: null,
    createdAt: nowMs,
  };
  const going = channels.map((channel): DeliveryRow => {
    const isInApp = channel === 'in_app';
    const isGrouped = channel === 'push' && groupKey !== null;
    return {
      id: newId('dlv', deps.random),
      notificationId: row.id,
      userId: reader.userId,
      eventId,
      type,
      channel,
      // What is stored is there to be read: the app needs no sending.
      status: isInApp ? 'sent' : 'pending',
      attempts: isInApp ? 1 : 0,
      error: null,
      reference: null,
      dueAt: dueAtMs(
        reader.preferences,
        channel,
        category,
        isGrouped ? nowMs + MESSAGE_PUSH_DELAY_MS : nowMs,
      ),
      groupKey: isGrouped ? groupKey : null,
      secrets: channel === 'email' && secrets !== null ? JSON.stringify(secrets) : null,
      templateVersion: isInApp ? words.version : null,
      sentAt: isInApp ? nowMs : null,
      createdAt: nowMs,
      updatedAt: nowMs,
    };
  });
  return { row, going };
}

function isReachable(reader: Reader, channel: Channel): boolean {
  if (channel === 'push') return reader.hasPushTarget;
  return channel !== 'sms' || reader.phone !== null;
}

/** Shows the notices of an event to whoever is connected, and puts what goes elsewhere into the queue. */
export async function sendOff(deps: Deps, eventId: string): Promise<void> {
  const [listed, waiting] = await deps.db.batch([
    findListed(deps.db, eventId),
    findWaiting(deps.db, eventId),
  ]);
  await sendRows(deps, listed, waiting);
}

async function sendRows(
  deps: Deps,
  listed: readonly NotificationRow[],
  waiting: readonly Pick<DeliveryRow, 'id' | 'dueAt'>[],
): Promise<void> {
  await Promise.all([
    ...listed.map((row) =>
      deps.channels.publish(`user:${row.userId}`, [
        { type: 'notification', id: row.id, data: presentNotification(row) },
      ]),
    ),
    ...waiting.map(({ id, dueAt }) => queueDelivery(deps, id, dueAt)),
  ]);
}

export async function queueDelivery(deps: Deps, id: string, dueAt: number): Promise<void> {
  const delaySeconds = Math.max(0, Math.ceil((dueAt - deps.now()) / 1000));
  if (delaySeconds <= MAX_DELAY_SECONDS)
    await deps.requeue(NOTIFICATIONS_QUEUE, { kind: 'delivery', id }, delaySeconds);
}
