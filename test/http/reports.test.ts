import { and, eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { conversationMessages } from '../../src/db/chat-schema.ts';
import { listingHistory } from '../../src/db/listings-schema.ts';
import { users } from '../../src/db/schema.ts';
import { moderationActions, reports } from '../../src/db/trust-schema.ts';
import { newId } from '../../src/domain/ids.ts';
import { openConversation } from '../../src/features/conversations/open-conversation.ts';
import { REPORT_HANDLERS } from '../../src/features/reports/reports.events.ts';
import type { MessageView } from '../../src/wire/chat.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import {
  chatDevice,
  chatHeard,
  evictConversation,
  insideConversation,
  newPair,
  projected,
  say,
} from '../support/conversations.ts';
import { allDone } from '../support/domain-events.ts';
import { completedOrder, listedItem, listingStatus } from '../support/trust.ts';

interface Report {
  id: string;
  status: string;
  assignee_id: string | null;
  outcome: string | null;
  open_reports: number;
  allowed_actions: string[];
  target: { title: string; text: string } | null;
}

let moderator: TestUser;
let second: TestUser;
let seller: TestUser;
let crowd: TestUser[];

const report = (user: TestUser, type: string, id: string, more: Record<string, unknown> = {}) =>
  request('/api/v1/reports', {
    token: user.token,
    json: { target_type: type, target_id: id, reason: 'spam', ...more },
  });
async function reported(user: TestUser, type: string, id: string): Promise<Report> {
  const answer = await report(user, type, id);
  expect(answer.status).toBe(201);
  return bodyOf<Report>(answer);
}
const decide = (id: string, verb: string, by: TestUser, json: Record<string, unknown>) =>
  request(`/api/v1/admin/reports/${id}/${verb}`, { token: by.token, json });
const statusOf = async (user: TestUser) =>
  (await deps.db.select().from(users).where(eq(users.id, user.userId)))[0]!.status;

beforeAll(async () => {
  moderator = await signUp('rpt-moderator', 'moderator');
  second = await signUp('rpt-moderator-2', 'moderator');
  seller = await signUp('rpt-seller');
  crowd = await Promise.all(Array.from({ length: 8 }, (_, index) => signUp(`rpt-crowd-${index}`)));
});

describe('reports of a listing', () => {
  it('hide it once more than three people have sent one, and once only in a storm', async () => {
    const listing = await listedItem(seller);
    for (const user of crowd.slice(0, 3)) await reported(user, 'listing', listing);
    expect(await listingStatus(listing)).toBe('active');
    const storm = await Promise.all(crowd.slice(3).map((user) => report(user, 'listing', listing)));
    expect(storm.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    await allDone();
    expect(await listingStatus(listing)).toBe('removed');
    const removals = await deps.db
      .select()
      .from(listingHistory)
      .where(and(eq(listingHistory.listingId, listing), eq(listingHistory.action, 'remove')));
    expect(removals).toMatchObject([{ actorType: 'system' }]);
  });

  it('count each person once, and nobody who is banned', async () => {
    const listing = await listedItem(seller);
    const banned = await signUp('rpt-banned');
    await reported(banned, 'listing', listing);
    await deps.db.update(users).set({ status: 'banned' }).where(eq(users.id, banned.userId));
    for (const user of crowd.slice(0, 3)) await reported(user, 'listing', listing);
    const again = await Promise.all(crowd.slice(0, 3).map((user) => report(user, 'listing', listing)));
    expect(again.map(({ status }) => status)).toEqual([409, 409, 409]);
    expect(await refusalOf(await report(crowd[0]!, 'listing', listing))).toBe('409 already_reported');
    await allDone();
    expect(await listingStatus(listing)).toBe('active');
    await reported(crowd[3]!, 'listing', listing);
    expect(await listingStatus(listing)).toBe('removed');
  });

  it('that are dismissed show it again, and all its open reports go the same way', async () => {
    const listing = await listedItem(seller);
    const first = await reported(crowd[0]!, 'listing', listing);
    for (const user of crowd.slice(1, 4)) await reported(user, 'listing', listing);
    expect(await listingStatus(listing)).toBe('removed');
    expect((await decide(first.id, 'dismiss', moderator, { note: 'Nothing wrong' })).status).toBe(200);
    expect(await listingStatus(listing)).toBe('active');
    const rows = await deps.db.select().from(reports).where(eq(reports.targetId, listing));
    expect(rows.map(({ status }) => status)).toEqual(['dismissed', 'dismissed', 'dismissed', 'dismissed']);
    await allDone();
    expect(await listingStatus(listing)).toBe('active');
  });

  it('that are right remove it for good, with an entry in the audit log', async () => {
    const listing = await listedItem(seller);
    const { id } = await reported(crowd[0]!, 'listing', listing);
    const answer = await decide(id, 'resolve', moderator, { outcome: 'remove_content', note: 'A fake' });
    expect(await bodyOf(answer)).toMatchObject({ status: 'resolved', outcome: 'remove_content' });
    expect(await listingStatus(listing)).toBe('removed');
    const admin = await signUpAdmin('rpt-admin');
    for (const [type, target, action] of [
      ['report', id, 'report_resolved'],
      ['listing', listing, 'listing_removed'],
    ]) {
      const log = await readAll<{ action: string; before: unknown; reason: string }>(
        `/api/v1/admin/audit?target_type=${type}&target_id=${target}`,
        admin.token,
      );
      expect(log).toMatchObject([{ action, reason: 'A fake' }]);
      expect(log[0]!.before).not.toBeNull();
    }
  });
});

describe('reports of a user', () => {
  it('suspend them once more than five people have sent one, and a dismissal ends it', async () => {
    const target = await signUp('rpt-target');
    const [first] = await Promise.all(crowd.slice(0, 5).map((user) => reported(user, 'user', target.userId)));
    expect(await statusOf(target)).toBe('active');
    const storm = await Promise.all(crowd.slice(5).map((user) => report(user, 'user', target.userId)));
    expect(storm.every(({ status }) => status === 201)).toBe(true);
    await allDone();
    expect(await statusOf(target)).toBe('suspended');
    const actions = await deps.db
      .select()
      .from(moderationActions)
      .where(eq(moderationActions.userId, target.userId));
    expect(actions).toMatchObject([{ kind: 'suspend', actorId: 'system' }]);
    expect(await refusalOf(await request('/api/v1/me', { token: target.token }))).toBe(
      '403 account_suspended',
    );
    expect((await decide(first!.id, 'dismiss', moderator, { note: 'A campaign' })).status).toBe(200);
    expect(await statusOf(target)).toBe('active');
  });

  it('never suspend an admin by themselves', async () => {
    const admin = await signUpAdmin('rpt-unpopular');
    for (const user of crowd.slice(0, 7)) await reported(user, 'user', admin.userId);
    await allDone();
    expect(await statusOf(admin)).toBe('active');
  });

  it('end in a warning or a suspension of whom they are about', async () => {
    const target = await signUp('rpt-rude');
    const { id } = await reported(crowd[0]!, 'user', target.userId);
    const warned = await decide(id, 'resolve', moderator, {
      outcome: 'warn_user',
      note: 'Be kind',
      severity: 2,
    });
    expect(warned.status).toBe(200);
    const listing = await listedItem(target);
    const { id: other } = await reported(crowd[1]!, 'listing', listing);
    const suspension = { outcome: 'suspend_user', note: 'Again', severity: 3, duration_hours: 48 };
    expect((await decide(other, 'resolve', moderator, suspension)).status).toBe(200);
    expect(await statusOf(target)).toBe('suspended');
    const actions = await deps.db
      .select()
      .from(moderationActions)
      .where(eq(moderationActions.userId, target.userId));
    expect(actions.map(({ kind, reportId }) => [kind, reportId]).sort()).toEqual([
      ['suspend', other],
      ['warning', id],
    ]);
  });
});

describe('reports of a message', () => {
  it('that are right leave a tombstone for both, on every device, with an entry in the audit log', async () => {
    const pair = await newPair();
    const his = await chatDevice(pair, pair.ben);
    const said = await say(pair, pair.ann, 'Pay me outside, at scam dot example');
    await projected(pair.id);
    const { id } = await reported(pair.ben, 'message', said.id);
    const removal = { outcome: 'remove_content', note: 'A fraud' };
    const support = await signUp('rpt-support', 'support');
    expect((await decide(id, 'resolve', support, removal)).status).toBe(403);
    const answers = await Promise.all([moderator, second].map((by) => decide(id, 'resolve', by, removal)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);

    const tombstone = { id: said.id, seq: said.seq, sender_id: pair.ann.userId, content: '' };
    for (const user of [pair.ann, pair.ben]) {
      const { data } = await bodyOf<{ data: MessageView[] }>(
        await request(`${pair.path}/messages`, { token: user.token }),
      );
      expect(data).toMatchObject([tombstone]);
      expect(data[0]!.deleted_at).not.toBeNull();
    }
    const updated = (await chatHeard(his)).filter(({ type }) => type === 'message:updated');
    expect(updated).toMatchObject([{ data: tombstone }]);
    await projected(pair.id);
    const [row] = await deps.db
      .select()
      .from(conversationMessages)
      .where(eq(conversationMessages.id, said.id));
    expect(row).toMatchObject({ content: '' });
    expect(row!.deletedAt).not.toBeNull();
    const edit = await request(`${pair.path}/messages/${said.id}`, {
      method: 'PATCH',
      token: pair.ann.token,
      json: { content: 'Pay me outside' },
    });
    expect(await refusalOf(edit)).toBe('409 message_not_editable');

    // The news of the decision comes as well, and changes nothing any more.
    const rev = await insideConversation(pair.id, ({ running }) => running.thread.rev);
    await allDone();
    expect(await insideConversation(pair.id, ({ running }) => running.thread.rev)).toBe(rev);
    const admin = await signUpAdmin('rpt-admin-2');
    const log = await readAll<{ action: string }>(
      `/api/v1/admin/audit?target_type=message&target_id=${said.id}`,
      admin.token,
    );
    expect(log).toMatchObject([
      {
        action: 'message_removed',
        before: { status: 'shown', sender_id: pair.ann.userId, conversation_id: pair.id },
        after: { status: 'deleted' },
        reason: 'A fraud',
      },
    ]);
  });

  it('are carried out by their event when the request ended too early', async () => {
    const pair = await newPair();
    const said = await say(pair, pair.ann, 'Something foul');
    await evictConversation(pair.id);
    const resolved = {
      event_id: 'rpt_x:resolved',
      type: 'report.resolved',
      version: 1,
      aggregate: { type: 'report', id: 'rpt_x' },
      seq: 2,
      correlation_id: 'test',
      occurred_at: new Date(deps.now()).toISOString(),
      data: { target_type: 'message', target_id: said.id, outcome: 'warn_user' },
    };
    const tell = (outcome: string) =>
      REPORT_HANDLERS['report.resolved']!(deps, { ...resolved, data: { ...resolved.data, outcome } });
    const content = async () =>
      (
        await bodyOf<{ data: MessageView[] }>(
          await request(`${pair.path}/messages`, { token: pair.ben.token }),
        )
      ).data[0]!.content;
    await tell('warn_user');
    expect(await content()).toBe('Something foul');
    await tell('remove_content');
    await tell('remove_content');
    expect(await content()).toBe('');
  });
});

describe('a report', () => {
  it('is about what its reporter can see, and not their own', async () => {
    const [alice, bob, eve] = [await signUp('rpt-alice'), await signUp('rpt-bob'), await signUp('rpt-eve')];
    const { conversation } = await openConversation(deps, {
      callerId: alice.userId,
      otherUserId: bob.userId,
      context: { type: 'none', id: '' },
    });
    const messageId = newId('msg', deps.random);
    await deps.db.insert(conversationMessages).values({
      id: messageId,
      conversationId: conversation.id,
      seq: 1,
      senderId: bob.userId,
      type: 'text',
      content: 'Pay me outside',
      createdAt: deps.now(),
      rev: 1,
    });
    expect(await refusalOf(await report(eve, 'message', messageId))).toBe('404 report_target_not_found');
    expect(await refusalOf(await report(bob, 'message', messageId))).toBe('403 forbidden');
    const { id } = await reported(alice, 'message', messageId);
    const inspected = await bodyOf<Report>(
      await request(`/api/v1/admin/reports/${id}`, { token: moderator.token }),
    );
    expect(inspected.target).toMatchObject({ text: 'Pay me outside' });

    const { order } = await completedOrder(alice, bob);
    const review = await bodyOf<{ id: string }>(
      await request(`/api/v1/orders/${order.id}/reviews`, {
        token: alice.token,
        json: { rating: 1, comment: 'Thief!' },
      }),
    );
    expect(await refusalOf(await report(bob, 'review', review.id))).toBe('404 report_target_not_found');
    await request(`/api/v1/orders/${order.id}/reviews`, { token: bob.token, json: { rating: 5 } });
    const { id: ofReview } = await reported(bob, 'review', review.id);
    const removal = { outcome: 'remove_content', note: 'An insult' };
    expect((await decide(ofReview, 'resolve', moderator, removal)).status).toBe(200);
    expect((await request(`/api/v1/reviews/${review.id}`)).status).toBe(404);
    for (const [type, target] of [
      ['listing', 'lst_nothing'],
      ['user', 'usr_nobody'],
      ['message', 'msg_nothing'],
      ['review', 'rev_nothing'],
    ])
      expect(await refusalOf(await report(alice, type!, target!))).toBe('404 report_target_not_found');
    expect(await refusalOf(await report(alice, 'user', alice.userId))).toBe('403 forbidden');
  });

  it('is claimed by one moderator, and decided by one of two', async () => {
    const listing = await listedItem(seller);
    const { id } = await reported(crowd[0]!, 'listing', listing);
    const claims = await Promise.all([decide(id, 'claim', moderator, {}), decide(id, 'claim', second, {})]);
    expect(claims.map(({ status }) => status).sort()).toEqual([200, 409]);
    const loser = claims[0]!.status === 200 ? second : moderator;
    expect((await decide(id, 'claim', loser, { take_over: true })).status).toBe(200);
    const decisions = await Promise.all([
      decide(id, 'resolve', moderator, { outcome: 'remove_content', note: 'A fake' }),
      decide(id, 'dismiss', second, { note: 'It is fine' }),
    ]);
    expect(decisions.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [row] = await deps.db.select().from(reports).where(eq(reports.id, id));
    expect(await listingStatus(listing)).toBe(row!.status === 'resolved' ? 'removed' : 'active');
    expect(await refusalOf(await decide(id, 'claim', moderator, { take_over: true }))).toBe(
      '409 invalid_transition',
    );
  });

  it('shows its reporter that it was looked at, and nobody else', async () => {
    const [one, other] = [await signUp('rpt-one'), await signUp('rpt-other')];
    const { id } = await reported(one, 'user', seller.userId);
    const mine = await request(`/api/v1/reports/${id}`, { token: one.token });
    expect(await bodyOf(mine)).not.toHaveProperty('owner_id');
    expect(await refusalOf(await request(`/api/v1/reports/${id}`, { token: other.token }))).toBe(
      '404 report_not_found',
    );
    expect(await readAll('/api/v1/me/reports?limit=1', one.token)).toHaveLength(1);
    expect(await refusalOf(await request('/api/v1/admin/reports', { token: one.token }))).toBe(
      '403 forbidden',
    );
    expect(await refusalOf(await decide(id, 'dismiss', one, { note: 'x' }))).toBe('403 forbidden');
    expect((await request('/api/v1/reports', { json: {} })).status).toBe(401);
  });

  it('stands in a queue, oldest first, with how many there are of the same thing', async () => {
    const listing = await listedItem(seller, 'Queued');
    for (const user of crowd.slice(0, 3)) await reported(user, 'listing', listing);
    const path = `/api/v1/admin/reports?status=pending&target_type=listing&target_id=${listing}`;
    const queue = await readAll<Report>(`${path}&limit=2`, moderator.token);
    expect(queue.map(({ open_reports }) => open_reports)).toEqual([3, 3, 3]);
    expect(queue[0]!.allowed_actions).toEqual(['claim', 'resolve', 'dismiss']);
    const all = await readAll<Report>('/api/v1/admin/reports?limit=3', moderator.token);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const wrong of ['cursor=x', 'status=closed', 'target_id=a'])
      expect((await request(`/api/v1/admin/reports?${wrong}`, { token: moderator.token })).status).toBe(422);
  });

  it('takes no bad input', async () => {
    const [user] = crowd;
    const good = { target_type: 'user', target_id: seller.userId, reason: 'fraud' };
    for (const wrong of [
      { ...good, reason: 'because' },
      { ...good, details: 'x'.repeat(1001) },
      { ...good, target_type: 'order' },
      { ...good, target_id: '' },
      { ...good, extra: true },
    ])
      expect(await refusalOf(await request('/api/v1/reports', { token: user!.token, json: wrong }))).toBe(
        '422 validation_failed',
      );
    const { id } = await reported(await signUp('rpt-bad-input'), 'user', seller.userId);
    for (const wrong of [
      {},
      { outcome: 'ban', note: 'x' },
      { outcome: 'no_action', note: '' },
      { outcome: 'warn_user', note: 'x', duration_hours: 4 },
      { outcome: 'suspend_user', note: 'x', duration_hours: 0 },
    ])
      expect(await refusalOf(await decide(id, 'resolve', moderator, wrong))).toBe('422 validation_failed');
    expect(
      await refusalOf(await decide(id, 'resolve', moderator, { outcome: 'remove_content', note: 'x' })),
    ).toBe('422 invalid_outcome');
    expect(
      await refusalOf(
        await decide(id, 'resolve', moderator, { outcome: 'suspend_user', note: 'x', duration_hours: 721 }),
      ),
    ).toBe('403 forbidden');
    expect(await refusalOf(await decide('rpt_nothing', 'dismiss', moderator, { note: 'x' }))).toBe(
      '404 report_not_found',
    );
  });
});
