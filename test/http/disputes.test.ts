import { and, eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { conversations } from '../../src/db/chat-schema.ts';
import { outbox, strikes } from '../../src/db/orders-schema.ts';
import { disputes } from '../../src/db/trust-schema.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import { DISPUTE_HANDLERS } from '../../src/features/disputes/disputes.events.ts';
import { closeResolvedDisputes } from '../../src/features/disputes/disputes.usecases.ts';
import { sweepOverdueOrders } from '../../src/features/orders/orders.usecases.ts';
import { REVIEW_HANDLERS } from '../../src/features/reviews/reviews.events.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import { greyPng } from '../support/pictures.ts';
import { act, acted, at, type Purchase, readOrder } from '../support/purchases.ts';
import { deliveredOrder } from '../support/trust.ts';

interface Dispute {
  id: string;
  order_id: string;
  status: string;
  priority: string;
  role: string;
  reason: string;
  outcome: string | null;
  refund_cents: number | null;
  assignee_id: string | null;
  answer_by: string | null;
  allowed_actions: string[];
}
interface Entry {
  id: string;
  author_role: string;
  body: string;
  pictures: { urls: { url: string }[] }[];
}

const markLostDispute = REVIEW_HANDLERS['order.refunded']!;

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
let support: TestUser;
let finance: TestUser;
let admin: TestUser;

const idOf = (order: { id: string }) => `dsp_${order.id.slice(4)}`;
const read = async (id: string, user: TestUser) =>
  bodyOf<Dispute>(await request(`/api/v1/disputes/${id}`, { token: user.token }));
const staff = (id: string, verb: string, user: TestUser, json: Record<string, unknown> = {}) =>
  request(`/api/v1/admin/disputes/${id}/${verb}`, { token: user.token, json });
const answer = (id: string, user: TestUser, body = 'Here is my side') =>
  request(`/api/v1/disputes/${id}/answer`, { token: user.token, json: { body } });

async function disputed(): Promise<{ order: Purchase; id: string }> {
  const { order } = await deliveredOrder(buyer, seller);
  await acted(order.id, 'dispute', buyer, { reason: 'A scuff' });
  return { order, id: idOf(order) };
}

beforeAll(async () => {
  buyer = await signUp('dsp-buyer');
  seller = await signUp('dsp-seller');
  stranger = await signUp('dsp-stranger');
  support = await signUp('dsp-support', 'support');
  finance = await signUp('dsp-finance', 'finance');
  admin = await signUp('dsp-admin', 'admin');
});

describe('a dispute', () => {
  it('opens with its order, for its sides and for staff, and for nobody else', async () => {
    const { order, id } = await disputed();
    expect(await read(id, buyer)).toMatchObject({
      order_id: order.id,
      status: 'open',
      role: 'buyer',
      reason: 'A scuff',
      priority: 'medium',
      allowed_actions: [],
    });
    expect(await read(id, seller)).toMatchObject({ role: 'seller' });
    expect((await read(id, support)).allowed_actions).toEqual(
      expect.arrayContaining(['assign', 'ask_seller', 'ask_buyer', 'return_first', 'resolve']),
    );
    for (const path of ['', '/entries'])
      expect(await refusalOf(await request(`/api/v1/disputes/${id}${path}`, { token: stranger.token }))).toBe(
        '404 dispute_not_found',
      );
    expect((await request(`/api/v1/disputes/${id}`)).status).toBe(401);
    const mine = await readAll<Dispute>('/api/v1/disputes?limit=1', seller.token);
    expect(mine.map((dispute) => dispute.id)).toContain(id);
    expect(await refusalOf(await request('/api/v1/admin/disputes', { token: buyer.token }))).toBe(
      '403 forbidden',
    );
  });

  it('is decided once, whoever decides first, and the money follows', async () => {
    const { order, id } = await disputed();
    const decisions = await Promise.all([
      staff(id, 'resolve', support, { outcome: 'refund_full', note: 'Not as shown' }),
      staff(id, 'resolve', finance, { outcome: 'release', note: 'As shown' }),
      staff(id, 'resolve', admin, { outcome: 'refund_partial', refund_cents: 1_000, note: 'In between' }),
    ]);
    expect(decisions.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const after = await readOrder(order.id, buyer);
    const dispute = await read(id, buyer);
    expect(dispute).toMatchObject({ status: 'resolved', allowed_actions: [] });
    const money = {
      refund_full: ['refunded', order.total_cents],
      refund_partial: ['completed', 1_000],
      release: ['completed', 0],
    }[dispute.outcome!];
    expect([after.status, after.refunded_cents]).toEqual(money);
    expect(dispute.refund_cents).toBe(after.refunded_cents);
  });

  it('refunded in full leaves a mark on the seller, and gets no review', async () => {
    const { order, id } = await disputed();
    const decided = await staff(id, 'resolve', finance, { outcome: 'refund_full', note: 'A fake' });
    expect(await bodyOf(decided)).toMatchObject({ outcome: 'refund_full', refund_cents: order.total_cents });
    const told = await deps.db.select().from(outbox).where(eq(outbox.type, 'order.refunded'));
    for (const { body } of told)
      for (const handle of [markLostDispute, markLostDispute])
        await handle(deps, JSON.parse(body) as EventEnvelope);
    const marks = await deps.db.select().from(strikes).where(eq(strikes.orderId, order.id));
    expect(marks).toMatchObject([{ kind: 'dispute_lost', userId: seller.userId }]);
    const review = await request(`/api/v1/orders/${order.id}/reviews`, {
      token: buyer.token,
      json: { rating: 1 },
    });
    expect(await refusalOf(review)).toBe('409 review_not_open');
    const log = await readAll<{ action: string; before: unknown; after: unknown }>(
      `/api/v1/admin/audit?target_type=dispute&target_id=${id}`,
      admin.token,
    );
    expect(log).toMatchObject([
      { action: 'dispute_resolved', before: { status: 'open' }, after: { outcome: 'refund_full' } },
    ]);
    const ofOrder = await readAll<{ action: string }>(
      `/api/v1/admin/audit?target_type=order&target_id=${order.id}`,
      admin.token,
    );
    expect(ofOrder).toMatchObject([{ action: 'order_resolve', after: { status: 'refunded' } }]);
  });

  it('waits 3 days for the seller who was asked, and a silent one loses it', async () => {
    const { order, id } = await disputed();
    expect((await staff(id, 'assign', support)).status).toBe(200);
    const asked = await bodyOf<Dispute>(await staff(id, 'ask-seller', support, { note: 'What happened?' }));
    expect(asked).toMatchObject({ status: 'awaiting_seller', assignee_id: support.userId });
    expect(Date.parse(asked.answer_by!)).toBeGreaterThan(deps.now() + 2 * DAY_MS);
    for (const verb of ['ask-buyer', 'return-first', 'ask-seller'])
      expect(await refusalOf(await staff(id, verb, support, { note: 'And you?' }))).toBe(
        '409 invalid_transition',
      );
    await sweepOverdueOrders(at(deps.now() + 4 * DAY_MS));
    expect(await read(id, seller)).toMatchObject({
      status: 'resolved',
      outcome: 'refund_full',
      note: 'The seller did not answer in time',
    });
    expect((await readOrder(order.id, buyer)).status).toBe('refunded');
    expect(await refusalOf(await answer(id, seller))).toBe('409 invalid_transition');
  });

  it('goes on in review when a side has answered', async () => {
    const { id } = await disputed();
    expect(await refusalOf(await answer(id, seller))).toBe('409 invalid_transition');
    await staff(id, 'ask-seller', support, { note: 'What happened?' });
    expect(await refusalOf(await answer(id, buyer))).toBe('409 invalid_transition');
    expect(await bodyOf(await answer(id, seller, 'It was new'))).toMatchObject({
      status: 'in_review',
      answer_by: null,
    });
    expect((await staff(id, 'return-first', support, { note: 'Send it back' })).status).toBe(200);
    expect(await read(id, buyer)).toMatchObject({ status: 'awaiting_buyer', outcome: 'return_first' });
    expect(await refusalOf(await answer(id, support))).toBe('403 forbidden');
    expect(await bodyOf(await answer(id, buyer, 'Sent with DHL 123'))).toMatchObject({ status: 'in_review' });
    const thread = await readAll<Entry>(`/api/v1/disputes/${id}/entries?limit=2`, seller.token);
    expect(thread.map(({ author_role, body }) => [author_role, body])).toEqual([
      ['staff', 'What happened?'],
      ['seller', 'It was new'],
      ['staff', 'Send it back'],
      ['buyer', 'Sent with DHL 123'],
    ]);
    expect((await staff(id, 'resolve', support, { outcome: 'refund_full', note: 'It is back' })).status).toBe(
      200,
    );
    expect(await refusalOf(await staff(id, 'assign', support))).toBe('409 invalid_transition');
  });

  it('nobody decides ends in a refund after 60 days', async () => {
    const { order, id } = await disputed();
    await sweepOverdueOrders(at(deps.now() + 61 * DAY_MS));
    expect(await read(id, buyer)).toMatchObject({ status: 'resolved', outcome: 'refund_full' });
    expect((await readOrder(order.id, buyer)).refunded_cents).toBe(order.total_cents);
  });

  it('keeps its pictures for its sides and staff', async () => {
    const { order, id } = await disputed();
    const upload = (user: TestUser, body: BodyInit = greyPng(40, 30)) =>
      request(`/api/v1/disputes/${id}/images?caption=The%20scuff`, {
        method: 'POST',
        token: user.token,
        body,
        headers: { 'Content-Type': 'image/png' },
      });
    expect(await refusalOf(await upload(stranger))).toBe('404 dispute_not_found');
    expect(await refusalOf(await upload(buyer, 'not a picture'))).toBe('422 invalid_image');
    const entry = await bodyOf<Entry>(await upload(buyer));
    const { url } = entry.pictures[0]!.urls[0]!;
    for (const user of [buyer, seller, support]) {
      const picture = await request(url, { token: user.token });
      expect(picture.status).toBe(200);
      expect(picture.headers.get('Cache-Control')).toBe('private, no-store');
      await picture.arrayBuffer();
    }
    expect(await refusalOf(await request(url, { token: stranger.token }))).toBe('404 dispute_not_found');
    expect((await request(url)).status).toBe(401);
    const another = await disputed();
    expect(await refusalOf(await request(url.replace(id, another.id), { token: buyer.token }))).toBe(
      '404 image_not_found',
    );
    expect((await request(url.replace('/api/v1/', '/media/private/'))).status).toBe(404);
    await staff(id, 'resolve', support, { outcome: 'release', note: 'Fine' });
    expect(await refusalOf(await upload(buyer))).toBe('409 invalid_transition');
    expect((await readOrder(order.id, buyer)).status).toBe('completed');
  });

  it('belongs to one of two who take it on at once, unless it is taken over', async () => {
    const { id } = await disputed();
    const claims = await Promise.all([staff(id, 'assign', support), staff(id, 'assign', finance)]);
    expect(claims.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await bodyOf(await staff(id, 'assign', admin, { take_over: true }))).toMatchObject({
      assignee_id: admin.userId,
    });
  });

  it('is told of in the conversation about its order, and whoever has it takes part there', async () => {
    const { order, id } = await disputed();
    await staff(id, 'assign', support);
    const news = {
      event_id: `${id}:test`,
      version: 1,
      aggregate: { type: 'dispute', id },
      seq: 1,
      correlation_id: id,
      occurred_at: new Date(deps.now()).toISOString(),
      data: {
        dispute_id: id,
        order_id: order.id,
        order_number: order.number,
        buyer_id: buyer.userId,
        seller_id: seller.userId,
      },
    };
    for (const type of ['dispute.opened', 'dispute.opened', 'dispute.updated', 'dispute.updated'])
      await DISPUTE_HANDLERS[type]!(deps, { ...news, type });
    const [conversation] = await deps.db
      .select()
      .from(conversations)
      .where(and(eq(conversations.contextType, 'order'), eq(conversations.contextId, order.id)));
    const seen = await deps.conversations.messages(conversation!.id, support.userId, {
      beforeSeq: null,
      limit: 10,
    });
    const texts = seen!.page!.messages.map(({ message }) => message.content);
    expect(texts.filter((text) => text.includes(order.number)).length).toBeGreaterThan(0);
    const stranger = await deps.conversations.messages(conversation!.id, finance.userId, {
      beforeSeq: null,
      limit: 10,
    });
    expect(stranger!.page).toBeNull();
  });

  it('stands in a queue by what it is worth and how long it waits', async () => {
    const { id } = await disputed();
    await deps.db.update(disputes).set({ queuedFrom: 1 }).where(eq(disputes.id, id));
    const queue = await readAll<Dispute>('/api/v1/admin/disputes?limit=2', support.token);
    expect(queue[0]!.id).toBe(id);
    expect(queue.every(({ status }) => !['resolved', 'closed'].includes(status))).toBe(true);
    const critical = await readAll<Dispute>(
      '/api/v1/admin/disputes?priority=critical&limit=1',
      support.token,
    );
    expect(critical.map((dispute) => dispute.id)).toEqual([id]);
    expect(critical[0]!.priority).toBe('critical');
    for (const wrong of ['priority=urgent', 'status=done', 'cursor=x'])
      expect((await request(`/api/v1/admin/disputes?${wrong}`, { token: support.token })).status).toBe(422);
  });

  it('is closed by staff, or two weeks after it was resolved', async () => {
    const [one, other] = [await disputed(), await disputed()];
    expect(await refusalOf(await staff(one.id, 'close', support))).toBe('409 invalid_transition');
    for (const { id } of [one, other])
      await staff(id, 'resolve', support, { outcome: 'release', note: 'Fine' });
    expect(await bodyOf(await staff(one.id, 'close', support))).toMatchObject({ status: 'closed' });
    expect(await closeResolvedDisputes(deps)).toBe(0);
    expect(await closeResolvedDisputes(at(deps.now() + 15 * DAY_MS))).toBeGreaterThan(0);
    expect(await read(other.id, buyer)).toMatchObject({ status: 'closed' });
  });

  it('is not decided by its own sides, nor without what a decision needs', async () => {
    const judge = await signUp('dsp-judge', 'support');
    const { order } = await deliveredOrder(judge, seller);
    await acted(order.id, 'dispute', judge, { reason: 'Mine' });
    const id = idOf(order);
    const decision = { outcome: 'refund_full', note: 'I say so' };
    expect(await refusalOf(await staff(id, 'resolve', judge, decision))).toBe('403 forbidden');
    expect(await refusalOf(await staff(id, 'assign', judge))).toBe('403 forbidden');
    expect(await refusalOf(await staff(id, 'ask-seller', judge, { note: 'x' }))).toBe('403 forbidden');
    expect(await refusalOf(await staff(id, 'resolve', buyer, decision))).toBe('403 forbidden');
    for (const wrong of [
      {},
      { outcome: 'return_first', note: 'x' },
      { outcome: 'release' },
      { outcome: 'release', note: 'x', refund_cents: 5 },
      { outcome: 'refund_partial', note: 'x' },
      { outcome: 'refund_partial', note: 'x', refund_cents: 0.5 },
    ])
      expect(await refusalOf(await staff(id, 'resolve', support, wrong))).toBe('422 validation_failed');
    const tooMuch = { outcome: 'refund_partial', note: 'x', refund_cents: order.total_cents };
    expect(await refusalOf(await staff(id, 'resolve', support, tooMuch))).toBe('422 invalid_outcome');
    const long = await request(`/api/v1/disputes/${id}/entries`, {
      token: judge.token,
      json: { body: 'x'.repeat(2001) },
    });
    expect(await refusalOf(long)).toBe('422 validation_failed');
    expect(await refusalOf(await act(order.id, 'dispute', judge, { reason: 'Again' }))).toBe(
      '409 invalid_transition',
    );
  });
});
