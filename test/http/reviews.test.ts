import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../src/db/orders-schema.ts';
import { reviews as reviewRows } from '../../src/db/trust-schema.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import { REVIEW_HANDLERS } from '../../src/features/reviews/reviews.events.ts';
import { pageOfReviews, publishReviews } from '../../src/features/reviews/reviews.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { acted, at, matchedOrder } from '../support/purchases.ts';
import { completedOrder, deliveredOrder } from '../support/trust.ts';

interface Review {
  id: string;
  author: { id: string; role: string };
  product_id: string | null;
  rating: number;
  comment: string;
  reply: string | null;
  is_visible: boolean;
  is_hidden: boolean;
  helpful_count: number;
  is_helpful_to_me: boolean;
  allowed_actions: string[];
}
interface Rated {
  data: Review[];
  summary: { average: number | null; count: number; breakdown: Record<string, number> };
  reliability: { marks: number; by_kind: Record<string, number> };
}

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
let moderator: TestUser;

const write = (orderId: string, user: TestUser, json: unknown) =>
  request(`/api/v1/orders/${orderId}/reviews`, { token: user.token, json });
async function written(orderId: string, user: TestUser, rating: number, comment = ''): Promise<Review> {
  const answer = await write(orderId, user, { rating, comment });
  expect(answer.status).toBe(201);
  return bodyOf<Review>(answer);
}
const change = (id: string, user: TestUser, json: unknown) =>
  request(`/api/v1/reviews/${id}`, { method: 'PATCH', token: user.token, json });
const read = (id: string, user?: TestUser) => request(`/api/v1/reviews/${id}`, { token: user?.token });
const ofUser = async (user: TestUser) => bodyOf<Rated>(await request(`/api/v1/users/${user.userId}/reviews`));

beforeAll(async () => {
  buyer = await signUp('reviews-buyer');
  seller = await signUp('reviews-seller');
  stranger = await signUp('reviews-stranger');
  moderator = await signUp('reviews-moderator', 'moderator');
});

describe('a review', () => {
  it('is hidden from the other side until both have written, and then both are seen', async () => {
    const [carol, dave] = [await signUp('blind-buyer'), await signUp('blind-seller')];
    const { order, book } = await completedOrder(carol, dave);
    const first = await written(order.id, carol, 5, 'Fast');
    expect(first).toMatchObject({ is_visible: false, allowed_actions: ['edit'], product_id: book.productId });
    for (const user of [dave, stranger, undefined])
      expect(await refusalOf(await read(first.id, user))).toBe('404 review_not_found');
    const ofOrder = async (user: TestUser) =>
      (
        await bodyOf<{ data: Review[] }>(
          await request(`/api/v1/orders/${order.id}/reviews`, { token: user.token }),
        )
      ).data.map(({ id }) => id);
    expect(await ofOrder(dave)).toEqual([]);
    expect(await ofOrder(carol)).toEqual([first.id]);
    expect((await ofUser(dave)).summary).toMatchObject({ average: null, count: 0 });

    const second = await written(order.id, dave, 4);
    expect(second).toMatchObject({ is_visible: true, product_id: null });
    expect((await ofOrder(carol)).sort()).toEqual([first.id, second.id].sort());
    expect((await ofUser(dave)).summary).toEqual({
      average: 5,
      count: 1,
      breakdown: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 1 },
    });
    const ofProduct = await bodyOf<Rated>(await request(`/api/v1/products/${book.productId}/reviews`));
    expect(ofProduct.data.map(({ id }) => id)).toEqual([first.id]);
    expect(ofProduct.summary).toMatchObject({ average: 5, count: 1 });
    expect(await refusalOf(await change(first.id, carol, { rating: 1 }))).toBe('409 review_not_editable');
  });

  it('of both sides at one moment lifts the veil from both, and each is told of once', async () => {
    const [carol, dave] = [await signUp('race-buyer'), await signUp('race-seller')];
    const { order } = await completedOrder(carol, dave);
    await allDone();
    const answers = await Promise.all([
      write(order.id, carol, { rating: 3 }),
      write(order.id, dave, { rating: 3 }),
      write(order.id, carol, { rating: 1 }),
      write(order.id, dave, { rating: 1 }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    const rows = await deps.db.select().from(reviewRows).where(eq(reviewRows.orderId, order.id));
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row.visibleAt).toBeLessThanOrEqual(deps.now());
      expect(row.publishedAt).not.toBeNull();
    }
    expect(await publishReviews(deps)).toBe(0);
  });

  it('of one side alone is seen after 7 days, on read and by the cron', async () => {
    const [carol, dave] = [await signUp('alone-buyer'), await signUp('alone-seller')];
    const { order } = await completedOrder(carol, dave);
    const { id } = await written(order.id, carol, 2, 'Slow');
    await allDone();
    const later = at(deps.now() + 7 * DAY_MS + 1000);
    const of = { subjectId: dave.userId };
    expect((await pageOfReviews(deps, of, {}, { limit: 10 }, null)).reviews).toEqual([]);
    const page = await pageOfReviews(later, of, {}, { limit: 10 }, null);
    expect(page.reviews.map(({ row }) => row.id)).toEqual([id]);
    expect(await publishReviews(deps)).toBe(0);
    expect(await publishReviews(later)).toBe(1);
    const [event] = await deps.db
      .select()
      .from(outbox)
      .where(eq(outbox.eventId, `${id}:published`));
    expect(JSON.parse(event!.body)).toMatchObject({
      type: 'review.published',
      data: { review_id: id, subject_id: dave.userId, author_id: carol.userId, rating: 2 },
    });
    expect(await publishReviews(later)).toBe(0);
  });

  it('may be changed by its author while nobody has seen it', async () => {
    const { order } = await completedOrder(buyer, seller);
    const { id } = await written(order.id, buyer, 2);
    expect(await bodyOf(await change(id, buyer, { rating: 4, comment: 'On second thought' }))).toMatchObject({
      rating: 4,
      comment: 'On second thought',
    });
    expect(await refusalOf(await change(id, seller, { rating: 5 }))).toBe('404 review_not_found');
    expect(await refusalOf(await change(id, moderator, { rating: 5 }))).toBe('403 forbidden');
    for (const wrong of [{}, { rating: 0 }, { rating: 2.5 }, { comment: 'x'.repeat(501) }, { author: 'me' }])
      expect(await refusalOf(await change(id, buyer, wrong))).toBe('422 validation_failed');
  });

  it('is written of completed orders only, by its sides, once', async () => {
    const { order } = await deliveredOrder(buyer, seller);
    expect(await refusalOf(await write(order.id, buyer, { rating: 5 }))).toBe('409 review_not_open');
    await acted(order.id, 'complete', buyer);
    expect(await refusalOf(await write(order.id, stranger, { rating: 5 }))).toBe('404 order_not_found');
    const support = await signUp('reviews-support', 'support');
    expect(await refusalOf(await write(order.id, support, { rating: 5 }))).toBe('403 forbidden');
    expect((await request(`/api/v1/orders/${order.id}/reviews`, { json: { rating: 5 } })).status).toBe(401);
    for (const wrong of [{}, { rating: 6 }, { rating: '5' }, { rating: 5, comment: 'x'.repeat(501) }])
      expect(await refusalOf(await write(order.id, buyer, wrong))).toBe('422 validation_failed');
    const another = { rating: 5, product_id: 'prd_0000000000000000' };
    expect(await refusalOf(await write(order.id, buyer, another))).toBe('404 product_not_found');
    await written(order.id, buyer, 5);
    expect(await refusalOf(await write(order.id, buyer, { rating: 5 }))).toBe('409 already_reviewed');

    const { order: other } = await matchedOrder(buyer, seller);
    await acted(other.id, 'cancel', buyer, { reason: 'No more' });
    expect(await refusalOf(await write(other.id, buyer, { rating: 1 }))).toBe('409 review_not_open');
    expect((await ofUser(buyer)).reliability).toMatchObject({ marks: 1, by_kind: { buyer_cancelled: 1 } });
  });

  it('gets one reply, from whom it is about', async () => {
    const [carol, dave] = [await signUp('reply-buyer'), await signUp('reply-seller')];
    const { order } = await completedOrder(carol, dave);
    const { id } = await written(order.id, carol, 1, 'Scuffed');
    const reply = (user: TestUser, text: string) =>
      request(`/api/v1/reviews/${id}/reply`, { token: user.token, json: { reply: text } });
    expect(await refusalOf(await reply(dave, 'How?'))).toBe('404 review_not_found');
    await written(order.id, dave, 5);
    expect(await refusalOf(await reply(carol, 'Me'))).toBe('403 forbidden');
    expect(await refusalOf(await reply(dave, 'x'.repeat(301)))).toBe('422 validation_failed');
    const answers = await Promise.all([reply(dave, 'Sorry'), reply(dave, 'Really sorry')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await bodyOf<Review>(await read(id))).reply).toMatch(/sorry/i);
  });

  it('counts helpful votes once for each user, of others than its sides', async () => {
    const [carol, dave] = [await signUp('vote-buyer'), await signUp('vote-seller')];
    const { order } = await completedOrder(carol, dave);
    const { id } = await written(order.id, carol, 5);
    await written(order.id, dave, 5);
    const vote = (user: TestUser, method = 'PUT') =>
      request(`/api/v1/reviews/${id}/helpful`, { method, token: user.token });
    expect(
      (await Promise.all([vote(stranger), vote(stranger), vote(moderator)])).map((a) => a.status),
    ).toEqual([200, 200, 200]);
    expect(await bodyOf(await read(id, stranger))).toMatchObject({
      helpful_count: 2,
      is_helpful_to_me: true,
    });
    expect(await refusalOf(await vote(carol))).toBe('403 forbidden');
    expect(await bodyOf(await vote(stranger, 'DELETE'))).toMatchObject({
      helpful_count: 1,
      is_helpful_to_me: false,
    });
  });

  it('is hidden by moderators, counted no more, kept, and brought back, with an entry in the audit log', async () => {
    const [carol, dave] = [await signUp('hide-buyer'), await signUp('hide-seller')];
    const { order } = await completedOrder(carol, dave);
    const { id } = await written(order.id, carol, 1, 'Rude words');
    await written(order.id, dave, 5);
    const moderate = (verb: string, user: TestUser) =>
      request(`/api/v1/admin/reviews/${id}/${verb}`, { token: user.token, json: { reason: 'Rude' } });
    expect(await refusalOf(await moderate('hide', stranger))).toBe('403 forbidden');
    const answers = await Promise.all([moderate('hide', moderator), moderate('hide', moderator)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await refusalOf(await read(id, stranger))).toBe('404 review_not_found');
    expect(await bodyOf(await read(id, carol))).toMatchObject({ is_hidden: true });
    expect((await ofUser(dave)).summary.count).toBe(0);
    expect((await moderate('restore', moderator)).status).toBe(200);
    expect((await ofUser(dave)).summary).toMatchObject({ count: 1, average: 1 });
    const admin = await signUp('reviews-admin', 'admin');
    const log = await readAll<{ action: string; before: unknown; after: unknown }>(
      `/api/v1/admin/audit?target_type=review&target_id=${id}`,
      admin.token,
    );
    expect(log.map(({ action }) => action)).toEqual(['review_restored', 'review_hidden']);
    expect(log[1]).toMatchObject({ before: { hidden: false }, after: { hidden: true } });
  });

  it('of an order that is refunded afterwards stays with the seller, and leaves the product', async () => {
    const [carol, dave] = [await signUp('refund-buyer'), await signUp('refund-seller')];
    const { order, book } = await completedOrder(carol, dave);
    const { id } = await written(order.id, carol, 5, 'Great shoes');
    await written(order.id, dave, 5);
    const ofProduct = async () => bodyOf<Rated>(await request(`/api/v1/products/${book.productId}/reviews`));
    expect((await ofProduct()).summary).toMatchObject({ count: 1, average: 5 });
    await acted(order.id, 'refund', dave, { reason: 'The sole came off' });
    // The news travels through the queue.
    await expect.poll(async () => (await ofProduct()).summary.count, { timeout: 10_000 }).toBe(0);
    expect(await ofProduct()).toMatchObject({ data: [], summary: { count: 0, average: null } });
    expect(await bodyOf(await read(id))).toMatchObject({ id, comment: 'Great shoes', product_id: null });
    const { data, summary, reliability } = await ofUser(dave);
    expect(data.map((review) => review.id)).toEqual([id]);
    expect(summary).toMatchObject({ count: 1, average: 5 });
    expect(reliability).toEqual({ marks: 1, by_kind: { refunded_late: 1 } });
    const versionOf = async () =>
      (await deps.db.select().from(reviewRows).where(eq(reviewRows.id, id)))[0]!.version;
    const version = await versionOf();
    for (let times = 0; times < 2; times += 1)
      await REVIEW_HANDLERS['order.refunded']!(deps, {
        event_id: `${order.id}:again`,
        type: 'order.refunded',
        version: 1,
        aggregate: { type: 'order', id: order.id },
        seq: 99,
        correlation_id: 'test',
        occurred_at: new Date(deps.now()).toISOString(),
        data: { order_id: order.id, seller_id: dave.userId, from: 'completed' },
      });
    expect(await versionOf()).toBe(version);
    expect((await ofUser(dave)).reliability.marks).toBe(1);
    expect(await refusalOf(await write(order.id, stranger, { rating: 1 }))).toMatch(/^404 /);
  });

  it('pages without gaps, and refuses other cursors', async () => {
    const mine = await readAll<Review>('/api/v1/me/reviews?direction=given&limit=1', buyer.token);
    expect(mine.length).toBeGreaterThan(1);
    expect(new Set(mine.map(({ id }) => id)).size).toBe(mine.length);
    const astray = `/api/v1/users/${seller.userId}/reviews?cursor=x`;
    expect(await refusalOf(await request(astray))).toBe('422 invalid_cursor');
    expect(await refusalOf(await request('/api/v1/users/usr_nobody/reviews'))).toBe('404 user_not_found');
    expect(await refusalOf(await request('/api/v1/products/prd_nothing/reviews'))).toBe(
      '404 product_not_found',
    );
  });
});
