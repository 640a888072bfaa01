import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { deliver } from '../../src/features/notifications/deliveries.usecases.ts';
import { notifyOf } from '../../src/features/notifications/notify.usecases.ts';
import { createWebPush } from '../../src/platform/push/web-push.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { FakeBrowser, pushServiceOf, vapidClaims } from '../support/browser.ts';
import { device, heard } from '../support/channels.ts';
import { newPair, projected, say } from '../support/conversations.ts';
import { deliveriesOf, happened, quietDeps, toldTo } from '../support/notifications.ts';

const SUBSCRIPTIONS = '/api/v1/push/subscriptions';

function pushing(changes: Partial<Deps>, ...browsers: FakeBrowser[]) {
  const { VAPID_KEY: vapidKey, VAPID_SUBJECT: subject, PUSH_HOSTS: hosts } = deps.config;
  const push = createWebPush({ vapidKey, subject, hosts, fetchFn: pushServiceOf(...browsers) });
  return quietDeps({ push, ...changes });
}

async function subscribed(user: TestUser, name: string): Promise<FakeBrowser> {
  const browser = new FakeBrowser(name);
  const answer = await request(SUBSCRIPTIONS, { token: user.token, json: browser.subscription() });
  expect(answer.status).toBe(201);
  return browser;
}

const shipped = (user: TestUser) =>
  happened('price.alert', {
    user_id: user.userId,
    price_cents: 10_000,
    threshold_cents: 11_000,
    currency: 'USD',
  });
const pushIn = (at: ReturnType<typeof quietDeps>, rows: { id: string }[]) =>
  at.queued.find(({ id }) => rows.some((row) => row.id === id))!;

describe('a push', () => {
  it('is read by a browser that decrypts it by itself, and signed with the key that it subscribed with', async () => {
    const user = await signUp('push-reader');
    const browser = await subscribed(user, 'reader');
    const at = pushing({}, browser);
    await notifyOf(at, shipped(user));
    await deliver(at, pushIn(at, await deliveriesOf(user, 'push')).id);
    expect(browser.received).toHaveLength(1);
    const [{ headers, payload }] = browser.received as [(typeof browser.received)[0]];
    const [told] = await toldTo(user);
    expect(payload).toMatchObject({ title: told!.title, body: told!.body, language: 'en' });
    expect(headers.get('Content-Encoding')).toBe('aes128gcm');
    expect(Number(headers.get('TTL'))).toBeGreaterThan(0);
    const vapid = (await vapidClaims(headers.get('Authorization')!))!;
    const { public_key } = await bodyOf<{ public_key: string }>(await request('/api/v1/push/vapid-key'));
    expect(vapid.key).toBe(public_key);
    expect(vapid.claims).toMatchObject({ aud: 'https://fcm.googleapis.com', sub: deps.config.VAPID_SUBJECT });
    expect((await deliveriesOf(user, 'push'))[0]).toMatchObject({ status: 'sent', attempts: 1 });
  });

  it.each([404, 410])('to a browser that is gone (%i) forgets the browser', async (status) => {
    const user = await signUp(`push-gone-${status}`);
    const browser = await subscribed(user, `gone-${status}`);
    browser.status = status;
    const at = pushing({}, browser);
    await notifyOf(at, shipped(user));
    await deliver(at, pushIn(at, await deliveriesOf(user, 'push')).id);
    expect((await deliveriesOf(user, 'push'))[0]).toMatchObject({ status: 'cancelled' });
    const left = await deps.d1
      .prepare('select count(*) as n from push_subscriptions where user_id = ?')
      .bind(user.userId)
      .first();
    expect(left).toEqual({ n: 0 });
    // The next one has nobody to go to, so there is none.
    await notifyOf(at, shipped(user));
    expect(await deliveriesOf(user, 'push')).toHaveLength(1);
  });

  it('is tried again while the push service is out of order', async () => {
    const user = await signUp('push-again');
    const browser = await subscribed(user, 'again');
    browser.status = 503;
    let nowMs = Date.now();
    const at = pushing({ now: () => nowMs }, browser);
    await notifyOf(at, shipped(user));
    const { id } = pushIn(at, await deliveriesOf(user, 'push'));
    await deliver(at, id);
    expect((await deliveriesOf(user, 'push'))[0]).toMatchObject({ status: 'pending', attempts: 1 });
    browser.status = 201;
    nowMs += 6_000;
    await deliver(at, id);
    expect(browser.received).toHaveLength(1);
    expect((await deliveriesOf(user, 'push'))[0]).toMatchObject({ status: 'sent', attempts: 2 });
  });

  it('is not sent while a device is online: there the notice comes over the line', async () => {
    const user = await signUp('push-online');
    const browser = await subscribed(user, 'online');
    const socket = await device(user);
    const at = pushing({}, browser);
    await notifyOf(at, shipped(user));
    const frames = await heard(socket);
    const [told] = await toldTo(user);
    expect(frames.find(({ type }) => type === 'notification')).toMatchObject({
      id: told!.id,
      data: { type: 'price_alert' },
    });
    await deliver(at, pushIn(at, await deliveriesOf(user, 'push')).id);
    expect(browser.received).toEqual([]);
    expect((await deliveriesOf(user, 'push'))[0]).toMatchObject({
      status: 'cancelled',
      error: 'a device was online',
    });
    socket.close();
  });

  it('that waits is cancelled when its message is read in the conversation, and one made later too', async () => {
    const pair = await newPair();
    const browser = await subscribed(pair.ben, 'in-chat');
    let nowMs = Date.now();
    const at = pushing({ now: () => nowMs }, browser);
    const sent = (seq: number) =>
      happened('message.sent', {
        type: 'text',
        conversation_id: pair.id,
        seq,
        sender_id: pair.ann.userId,
        recipient_ids: [pair.ben.userId],
        preview: `Number ${seq}`,
      });
    const readUpTo = async (seq: number) => {
      await request(`${pair.path}/read`, { method: 'PATCH', token: pair.ben.token, json: { seq } });
      await projected(pair.id);
    };
    for (const text of ['One', 'Two', 'Three']) await say(pair, pair.ann, text);
    await notifyOf(at, sent(1));
    await notifyOf(at, sent(3));
    const mine = async () =>
      (await deliveriesOf(pair.ben, 'push')).filter(({ id }) => at.queued.some((one) => one.id === id));
    await readUpTo(2);
    expect((await mine()).map(({ status, error }) => [status, error]).sort()).toEqual([
      ['cancelled', 'it was read in the conversation'],
      ['pending', null],
    ]);
    await notifyOf(at, sent(2));
    nowMs += 31_000;
    for (const { id } of at.queued) await deliver(at, id);
    // The product itself tells of the third message as well; what was read is in neither.
    expect(browser.received).toHaveLength(1);
    expect(['Number 3', 'Three']).toContain(browser.received[0]!.payload.body);
  });

  it('of several messages within half a minute is one, and none when they were read', async () => {
    const [reader, writer] = await Promise.all([signUp('push-chat'), signUp('push-writer')]);
    const browser = await subscribed(reader, 'chat');
    let nowMs = Date.now();
    const at = pushing({ now: () => nowMs }, browser);
    const message = (conversation: string, preview: string) =>
      notifyOf(
        at,
        happened('message.sent', {
          type: 'text',
          conversation_id: conversation,
          sender_id: writer.userId,
          recipient_ids: [reader.userId],
          preview,
        }),
      );
    await message('cnv_1', 'One');
    nowMs += 1_000;
    await message('cnv_1', 'Two');
    await message('cnv_2', 'Elsewhere');
    expect(at.queued.map(({ delaySeconds }) => delaySeconds)).toEqual([30, 30, 30]);
    const ids = at.queued.splice(0).map(({ id }) => id);
    for (const id of ids) await deliver(at, id);
    expect(browser.received).toEqual([]);
    nowMs += 31_000;
    for (const id of ids) await deliver(at, id);
    expect(browser.received.map(({ payload }) => [payload.title, payload.body])).toEqual([
      ['push-writer: 2 new messages', 'Two'],
      ['push-writer', 'Elsewhere'],
    ]);

    await message('cnv_1', 'Three');
    const [unread] = await toldTo(reader, '?unread=true&limit=1');
    await request(`/api/v1/notifications/${unread!.id}/read`, { token: reader.token, method: 'POST' });
    nowMs += 31_000;
    await deliver(at, at.queued[0]!.id);
    expect(browser.received).toHaveLength(2);
  });

  it('waits for the end of the quiet hours of its reader', async () => {
    const user = await signUp('push-quiet');
    const browser = await subscribed(user, 'quiet');
    await request('/api/v1/notifications/preferences', {
      method: 'PUT',
      token: user.token,
      json: { quiet_hours: { start: '22:00', end: '07:00' } },
    });
    const at = pushing({ now: () => Date.UTC(2026, 2, 5, 1) }, browser);
    await notifyOf(at, shipped(user));
    const [push] = await deliveriesOf(user, 'push');
    expect(push!.due_at).toBe(Date.UTC(2026, 2, 5, 7));
    await deliver(at, push!.id);
    expect(browser.received).toEqual([]);
    await deliver(pushing({ now: () => Date.UTC(2026, 2, 5, 7) }, browser), push!.id);
    expect(browser.received).toHaveLength(1);
  });
});
