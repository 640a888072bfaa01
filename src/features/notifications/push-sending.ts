import type { Deps } from '../../deps.ts';
import type { SendOutcome } from '../../domain/notifications/delivery.ts';
import type { Variables } from '../../domain/notifications/notice.ts';
import { fill } from '../../domain/notifications/templates/template.ts';
import type { PushPayload } from '../../platform/push/push.ts';
import { findPushTargets, forgetTargets } from './deliveries.repository.ts';
import type { TryResult } from './deliveries.usecases.ts';
import type { DeliveryRow, NotificationRow } from './notices.repository.ts';
import { unreadInChat } from './read-in-chat.usecases.ts';
import type { Reader } from './readers.ts';
import { templateFor } from './template-store.ts';

/** Sends a push, or several of a group as one, to every browser and app of its reader who is nowhere online. */
export async function sendPush(
  deps: Deps,
  delivery: DeliveryRow,
  notices: readonly NotificationRow[],
  reader: Reader,
): Promise<TryResult> {
  const unread = await unreadInChat(
    deps,
    notices.filter(({ readAt, deletedAt }) => readAt === null && deletedAt === null),
  );
  if (unread.length === 0) return { kind: 'needless', reason: 'it was read meanwhile' };
  if ((await deps.channels.online([reader.userId])).has(reader.userId))
    return { kind: 'needless', reason: 'a device was online' };
  const { browsers, apps } = await findPushTargets(deps.db, reader.userId);
  if (browsers.length + apps.length === 0) return { kind: 'needless', reason: 'there is no device any more' };
  const payload = await payloadOf(deps, delivery, unread, reader);
  const isUrgent = unread.some(({ category }) => category === 'security');
  const outcomes = await Promise.all([
    ...browsers.map(async (browser) => ({
      id: browser.id,
      isApp: false,
      outcome: await deps.push.send(browser, payload, isUrgent),
    })),
    ...apps.map(async (app) => ({
      id: app.id,
      isApp: true,
      outcome: await deps.devicePush.send(app, payload),
    })),
  ]);
  const gone = outcomes.filter(({ outcome }) => outcome.kind === 'gone');
  if (gone.length > 0)
    await forgetTargets(deps.db, {
      browsers: gone.filter(({ isApp }) => !isApp).map(({ id }) => id),
      apps: gone.filter(({ isApp }) => isApp).map(({ id }) => id),
    });
  return bestOf(outcomes.map(({ outcome }) => outcome));
}

/** One device that got it is enough: another try would show it twice there. */
function bestOf(outcomes: readonly SendOutcome[]): TryResult {
  const of = (kind: SendOutcome['kind']) => outcomes.find((outcome) => outcome.kind === kind);
  return (
    of('sent') ??
    of('failed') ??
    of('refused') ?? { kind: 'needless', reason: 'every device is gone, and was forgotten' }
  );
}

async function payloadOf(
  deps: Deps,
  delivery: DeliveryRow,
  unread: readonly NotificationRow[],
  { language, preferences }: Reader,
): Promise<PushPayload> {
  const latest = unread.reduce((last, notice) => (notice.createdAt >= last.createdAt ? notice : last));
  let { title, body } = latest;
  if (unread.length > 1) {
    const words = await templateFor(deps, 'messages_many', 'notice', language);
    const variables = { ...(JSON.parse(latest.variables) as Variables), count: unread.length };
    title = fill(words.subject, variables, language, preferences.timeZone);
    body = fill(words.body, variables, language, preferences.timeZone);
  }
  return { id: delivery.id, title, body, link: latest.link, tag: delivery.groupKey ?? latest.id, language };
}
