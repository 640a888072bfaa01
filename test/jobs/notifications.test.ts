import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { LEASE_MS, MAX_TRIES, type SendOutcome } from '../../src/domain/notifications/delivery.ts';
import { deliver, sweepDeliveries } from '../../src/features/notifications/deliveries.usecases.ts';
import { notifyOf } from '../../src/features/notifications/notify.usecases.ts';
import { consumeQueue } from '../../src/jobs/queues.ts';
import type { Mail } from '../../src/platform/mail/mail.ts';
import { bodyOf, request, signUp, signUpAdmin } from '../support/accounts.ts';
import { deliveriesOf, happened, lettersTo, quietDeps, tell, toldTo } from '../support/notifications.ts';

const NIGHT_MS = 86_400_000;

/** A mailer that says what the test wants it to say, and remembers what it was given. */
function mailerSaying(...outcomes: SendOutcome[]) {
  const mails: Mail[] = [];
  return {
    mails,
    mailer: {
      send: async (mail: Mail): Promise<SendOutcome> => {
        mails.push(mail);
        return outcomes.shift() ?? { kind: 'sent', reference: null };
      },
    },
  };
}
const failing = (): SendOutcome => ({ kind: 'failed', reason: 'the mail service is down' });

describe('an event', () => {
  it('tells each reader once by each way, however often it comes', async () => {
    const [buyer, seller] = await Promise.all([signUp('once-buyer'), signUp('once-seller')]);
    const event = happened('offer.created', {
      offer_id: 'ofr_1',
      buyer_id: buyer.userId,
      actor_id: buyer.userId,
      awaiting: 'seller',
      seller_id: seller.userId,
      listing_title: 'A lamp',
      amount_cents: 4_500,
      currency: 'EUR',
    });
    await Promise.all([tell(event), tell(event)]);
    await tell(event);
    const [told, ...others] = await toldTo(seller);
    expect(others).toEqual([]);
    expect(told).toMatchObject({
      type: 'new_offer',
      category: 'offers',
      title: 'New offer for A lamp',
      body: 'once-buyer offers €45.00.',
      link: '/offers/ofr_1',
      data: { offer_id: 'ofr_1', amount_cents: 4_500 },
      is_read: false,
    });
    expect(await toldTo(buyer)).toEqual([]);
    expect(await lettersTo(seller.email)).toHaveLength(1);
    expect((await deliveriesOf(seller)).map(({ channel, status }) => [channel, status]).sort()).toEqual([
      ['email', 'sent'],
      ['in_app', 'sent'],
    ]);
  });

  it('that nobody is told of, or about somebody who does not exist, tells nobody', async () => {
    await tell(happened('nothing.known', { user_id: 'usr_nobody' }));
    await tell(happened('user.followed', { user_id: 'usr_nobody', follower_id: 'usr_nobody2' }));
    const row = await env.DB.prepare(
      "select count(*) as n from notifications where user_id = 'usr_nobody'",
    ).first();
    expect(row).toEqual({ n: 0 });
  });

  it('is told after a crash between its batch and the queue', async () => {
    const user = await signUp('crash-before-queue');
    const event = happened('account.password_changed', { user_id: user.userId });
    const dying = quietDeps({
      requeue: async () => {
        throw new Error('the process died');
      },
    });
    await expect(notifyOf(dying, event)).rejects.toThrow('died');
    expect(await lettersTo(user.email)).toEqual([]);
    await tell(event);
    await tell(event);
    expect(await lettersTo(user.email)).toHaveLength(1);
    expect(await toldTo(user)).toHaveLength(1);
  });

  it('is one mail when its message comes twice, at once or after it was sent', async () => {
    const user = await signUp('twice');
    const at = quietDeps();
    await notifyOf(at, happened('account.locked', { user_id: user.userId }));
    const { id } = at.queued[0]!;
    const { mailer, mails } = mailerSaying();
    const sending = quietDeps({ mailer });
    await Promise.all([deliver(sending, id), deliver(sending, id)]);
    await deliver(sending, id);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ to: user.email, subject: 'Somebody tries to sign in to your account' });
  });

  it('is sent again when its sender died with it in hand, once the lease is over', async () => {
    const user = await signUp('dead-sender');
    const at = quietDeps();
    await notifyOf(at, happened('account.locked', { user_id: user.userId }));
    const { id } = at.queued[0]!;
    // The mail went out, and then the process died before it could say so.
    await at.mailer.send({ id, to: user.email, subject: 'x', text: 'x', html: 'x' });
    await env.DB.prepare("update deliveries set status = 'sending', attempts = 1, due_at = ? where id = ?")
      .bind(at.now() + LEASE_MS, id)
      .run();
    await deliver(at, id);
    expect((await deliveriesOf(user, 'email'))[0]!.status).toBe('sending');
    const later = quietDeps({ now: () => at.now() + 2 * LEASE_MS });
    await sweepDeliveries(later);
    expect(later.queued.map((message) => message.id)).toContain(id);
    await deliver(later, id);
    expect((await deliveriesOf(user, 'email'))[0]).toMatchObject({ status: 'sent', attempts: 2 });
    expect(await lettersTo(user.email)).toHaveLength(1);
  });
});

describe('a mail', () => {
  it('is tried again with growing waits, given up as a dead letter, and sent when that is replayed', async () => {
    const user = await signUp('retried');
    const admin = await signUpAdmin('retrying-admin');
    let nowMs = Date.now();
    const { mailer, mails } = mailerSaying(...Array.from({ length: MAX_TRIES }, failing));
    const at = quietDeps({ mailer, now: () => nowMs });
    // What else fails in this file must not trip the breaker here, nor this elsewhere.
    const reset = () => env.DB.prepare("delete from breakers where name = 'mail'").run();
    await notifyOf(at, happened('account.password_changed', { user_id: user.userId }));
    const { id } = at.queued.shift()!;
    const waits: number[] = [];
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      await reset();
      await deliver(at, id);
      const next = at.queued.shift();
      if (next) waits.push(next.delaySeconds);
      nowMs += 2 * 3_600_000;
    }
    expect(waits).toEqual([5, 30, 120, 600, 3_600]);
    expect(mails).toHaveLength(MAX_TRIES);
    expect((await deliveriesOf(user, 'email'))[0]).toMatchObject({
      status: 'failed',
      attempts: MAX_TRIES,
      error: 'the mail service is down',
    });
    await reset();

    const letters = await bodyOf<{ data: { id: string; queue: string; reason: string; body: unknown }[] }>(
      await request('/api/v1/admin/dead-letters', { token: admin.token }),
    );
    const letter = letters.data.find(({ body }) => (body as { id: string }).id === id)!;
    expect(letter).toMatchObject({ queue: 'bourse-notifications', reason: 'the mail service is down' });
    const replayed = await request(`/api/v1/admin/dead-letters/${letter.id}/replay`, {
      token: admin.token,
      method: 'POST',
    });
    expect(replayed.status).toBe(200);
    await expect.poll(() => lettersTo(user.email), { timeout: 15_000 }).toHaveLength(1);
    await expect
      .poll(async () => (await deliveriesOf(user, 'email'))[0]?.status, { timeout: 5_000 })
      .toBe('sent');
  });

  it('that can never go out is given up at once', async () => {
    const user = await signUp('refused');
    const { mailer, mails } = mailerSaying({ kind: 'refused', reason: 'no such mailbox' });
    await tell(happened('account.password_changed', { user_id: user.userId }), quietDeps({ mailer }));
    expect(mails).toHaveLength(1);
    expect((await deliveriesOf(user, 'email'))[0]).toMatchObject({
      status: 'failed',
      error: 'no such mailbox',
    });
  });

  it('waits while the breaker of the mail service is open, and no try is counted', async () => {
    const user = await signUp('breaker');
    await env.DB.prepare("delete from breakers where name = 'mail'").run();
    const { mailer, mails } = mailerSaying(...Array.from({ length: 5 }, failing));
    let nowMs = Date.now();
    const at = quietDeps({ mailer, now: () => nowMs });
    for (let index = 0; index < 6; index += 1)
      await tell(happened('account.password_changed', { user_id: user.userId }), at);
    expect(mails).toHaveLength(5);
    const waiting = (await deliveriesOf(user, 'email')).find(
      ({ error }) => error === 'the provider is down',
    )!;
    expect(waiting).toMatchObject({ status: 'pending', attempts: 0 });
    nowMs += 31_000;
    await deliver(at, waiting.id);
    expect(mails).toHaveLength(6);
    await env.DB.prepare("delete from breakers where name = 'mail'").run();
  });

  it('carries the token of its link in the mail alone, and forgets it once it is sent', async () => {
    const user = await signUp('tokens');
    const event = happened('account.password_reset_requested', {
      user_id: user.userId,
      email: user.email,
      token: 'a-secret/token+',
    });
    const at = quietDeps();
    await notifyOf(at, event);
    expect((await deliveriesOf(user))[0]!.secrets).toContain('a-secret');
    await deliver(at, at.queued[0]!.id);
    const [letter] = await lettersTo(user.email);
    expect(letter).toMatchObject({ subject: 'Choose a new password' });
    expect(letter!.text).toContain('http://localhost:8787/account.html#reset=a-secret%2Ftoken%2B');
    expect((await deliveriesOf(user))[0]!.secrets).toBeNull();
    expect(await toldTo(user)).toEqual([]);
    const row = await env.DB.prepare('select * from notifications where user_id = ?')
      .bind(user.userId)
      .first();
    expect(JSON.stringify(row)).not.toContain('a-secret');
  });

  it('shows names as they are and never runs them', async () => {
    const user = await signUp('inert');
    const evil = '<img src=x onerror=alert(1)>';
    await env.DB.prepare('update users set display_name = ? where id = ?').bind(evil, user.userId).run();
    await tell(happened('search.matched', { user_id: user.userId, name: `${evil}\r\nBcc: x@y.z`, count: 3 }));
    const [letter] = await lettersTo(user.email);
    expect(letter!.html).not.toContain('<img');
    expect(letter!.html).toContain('&lt;img src=x');
    expect(letter!.subject).not.toMatch(/[\r\n]/);
  });

  it('is in the language of its reader', async () => {
    const user = await signUp('francophone');
    await env.DB.prepare(
      "insert into user_preferences (user_id, language, timezone, theme, date_format, time_format, show_name, show_ratings, is_listed_in_search, updated_at) values (?, 'fr', 'Europe/Paris', 'system', 'iso', '24h', 1, 1, 1, 0)",
    )
      .bind(user.userId)
      .run();
    await tell(happened('account.password_changed', { user_id: user.userId }));
    expect((await lettersTo(user.email))[0]!.subject).toBe('Votre mot de passe a changé');
    expect((await toldTo(user))[0]!.title).toBe('Votre mot de passe a changé');
  });
});

describe('the queue of notifications', () => {
  it('sends what it is told to, and passes over what it cannot read', async () => {
    const user = await signUp('queued');
    const at = quietDeps();
    await notifyOf(at, happened('account.locked', { user_id: user.userId }));
    const batch = createMessageBatch('bourse-notifications', [
      { id: 'm0', timestamp: 0, attempts: 1, body: { kind: 'delivery', id: at.queued[0]!.id } },
      { id: 'm1', timestamp: 0, attempts: 1, body: { kind: 'delivery', id: 'dlv_unknown' } },
      { id: 'm2', timestamp: 0, attempts: 1, body: { kind: 'nonsense' } },
    ]);
    const ctx = createExecutionContext();
    await consumeQueue(at, batch);
    const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
    expect([...explicitAcks].sort()).toEqual(['m0', 'm1']);
    expect(retryMessages.map(({ msgId }) => msgId)).toEqual(['m2']);
    expect(await lettersTo(user.email)).toHaveLength(1);
  });

  it('has a message again whose work broke off', async () => {
    const batch = createMessageBatch('bourse-notifications', [
      { id: 'm0', timestamp: 0, attempts: 2, body: { kind: 'delivery', id: 'dlv_x' } },
    ]);
    const ctx = createExecutionContext();
    const broken = quietDeps({
      now: () => {
        throw new Error('out of order');
      },
    });
    await consumeQueue(broken, batch);
    const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
    expect(explicitAcks).toEqual([]);
    expect(retryMessages).toEqual([{ msgId: 'm0' }]);
  });
});

describe('what was lost', () => {
  it('is not swept up before its time, and is afterwards', async () => {
    const user = await signUp('swept');
    const at = quietDeps();
    await notifyOf(at, happened('account.locked', { user_id: user.userId }));
    const { id } = at.queued.splice(0)[0]!;
    await sweepDeliveries(at);
    expect(at.queued.map((message) => message.id)).not.toContain(id);
    const later = quietDeps({ now: () => at.now() + NIGHT_MS });
    await sweepDeliveries(later);
    expect(later.queued.map((message) => message.id)).toContain(id);
  });
});
