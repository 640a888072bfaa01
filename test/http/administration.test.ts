import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { webhookInbox } from '../../src/db/payments-schema.ts';
import { deadLetters } from '../../src/db/schema.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createBook, placed } from '../support/books.ts';
import { createProduct, readAll, refusalOf } from '../support/catalog.ts';
import { acted, capture, matchedOrder, type Purchase } from '../support/purchases.ts';

interface Logged {
  action: string;
  actor_id: string;
  before: unknown;
  after: unknown;
  reason: string | null;
}

let admin: TestUser;
let support: TestUser;
let buyer: TestUser;
let seller: TestUser;

const post = (path: string, user: TestUser, json: unknown = {}) =>
  request(`/api/v1/admin${path}`, { token: user.token, json });
const logOf = (type: string, id: string) =>
  readAll<Logged>(`/api/v1/admin/audit?target_type=${type}&target_id=${id}`, admin.token);

beforeAll(async () => {
  admin = await signUpAdmin('adm-admin');
  support = await signUp('adm-support', 'support');
  buyer = await signUp('adm-buyer');
  seller = await signUp('adm-seller');
});

describe('orders of everybody', () => {
  it('are listed for staff, by what is asked for, without gaps', async () => {
    const { order, book } = await matchedOrder(buyer, seller);
    await capture(order);
    for (let more = 0; more < 3; more += 1) await matchedOrder(buyer, seller, book);
    const all = await readAll<Purchase>('/api/v1/admin/orders?limit=2', support.token);
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const paid = await readAll<Purchase>(
      `/api/v1/admin/orders?status=paid&seller_id=${seller.userId}&limit=1`,
      support.token,
    );
    expect(paid.map(({ id }) => id)).toEqual([order.id]);
    const byNumber = await readAll<Purchase>(`/api/v1/admin/orders?number=${order.number}`, support.token);
    expect(byNumber.map(({ id }) => id)).toEqual([order.id]);
    expect(await readAll('/api/v1/admin/orders?from=2999-01-01T00:00:00Z', support.token)).toEqual([]);
    for (const wrong of ['status=gone', 'from=yesterday', 'cursor=x', 'limit=0'])
      expect((await request(`/api/v1/admin/orders?${wrong}`, { token: support.token })).status).toBe(422);
    expect(await refusalOf(await request('/api/v1/admin/orders', { token: buyer.token }))).toBe(
      '403 forbidden',
    );
    expect((await request('/api/v1/admin/orders')).status).toBe(401);
  });

  it('are completed and refunded by finance with a line in the log each, and by their parties without', async () => {
    const finance = await signUp('adm-finance', 'finance');
    const delivered = async () => {
      const { order } = await matchedOrder(buyer, seller);
      const paying = { order_id: order.id, payment_method_token: 'pm_card_visa' };
      const payment = await bodyOf<{ id: string }>(
        await request('/api/v1/payments/intent', { token: buyer.token, json: paying }),
      );
      await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: `T-${order.id}` });
      await acted(order.id, 'deliver', buyer);
      return { order, payment };
    };
    const call = (path: string, user: TestUser, json: unknown = {}) =>
      request(`/api/v1${path}`, { token: user.token, json });

    const { order, payment } = await delivered();
    const part = { amount_cents: 1_100, reason: 'a scratch' };
    expect((await call(`/payments/${payment.id}/refunds`, finance, part)).status).toBe(201);
    expect(await logOf('payment', payment.id)).toMatchObject([
      {
        actor_id: finance.userId,
        action: 'payment_refunded',
        reason: 'a scratch',
        after: { order_id: order.id, amount_cents: 1_100, currency: 'USD' },
      },
    ]);
    expect((await call(`/payments/${payment.id}/release`, finance)).status).toBe(200);
    expect((await call(`/payments/${payment.id}/refunds`, finance, { reason: 'all of it' })).status).toBe(
      201,
    );
    expect(await logOf('order', order.id)).toMatchObject([
      {
        actor_id: finance.userId,
        action: 'order_refund',
        reason: 'all of it',
        before: { status: 'completed' },
        after: { status: 'refunded' },
      },
      {
        actor_id: finance.userId,
        action: 'order_complete',
        before: { status: 'delivered' },
        after: { status: 'completed' },
      },
    ]);

    const own = await delivered();
    expect((await call(`/payments/${own.payment.id}/release`, buyer)).status).toBe(200);
    const goodwill = { amount_cents: 500, reason: 'sorry' };
    expect((await call(`/payments/${own.payment.id}/refunds`, seller, goodwill)).status).toBe(201);
    expect(await logOf('order', own.order.id)).toEqual([]);
    expect(await logOf('payment', own.payment.id)).toEqual([]);
  });

  it('are cancelled by an admin once, with everything back and a line in the log', async () => {
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    const path = `/orders/${order.id}/cancel`;
    expect(await refusalOf(await post(path, support, { reason: 'Odd' }))).toBe('409 invalid_transition');
    expect(await refusalOf(await post(path, buyer, { reason: 'Odd' }))).toBe('403 forbidden');
    expect(await refusalOf(await post(path, admin, {}))).toBe('422 validation_failed');
    const answers = await Promise.all([
      post(path, admin, { reason: 'Stolen goods' }),
      post(path, admin, { reason: 'Stolen goods' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await logOf('order', order.id)).toMatchObject([
      {
        action: 'order_canceled',
        before: { status: 'paid' },
        after: { status: 'cancelled' },
        reason: 'Stolen goods',
      },
    ]);
    expect(await refusalOf(await post('/orders/ord_0000000000000000/cancel', admin, { reason: 'x' }))).toBe(
      '404 order_not_found',
    );
  });

  it('are not decided by an admin who is a side of them', async () => {
    const { order } = await matchedOrder(admin, seller);
    expect(await refusalOf(await post(`/orders/${order.id}/cancel`, admin, { reason: 'Mine' }))).toBe(
      '403 forbidden',
    );
    await acted(order.id, 'cancel', admin, { reason: 'As its buyer' });
    expect(await logOf('order', order.id)).toEqual([]);
  });
});

describe('fee schedules', () => {
  const version = {
    channel: 'community',
    currency: 'GBP',
    buyer_fee_bps: 0,
    seller_fee_bps: 700,
    valid_from: '2999-01-01T00:00:00Z',
    reason: 'Costs',
  };

  it('take a version from later on, once for each moment, with what was before', async () => {
    const answers = await Promise.all([
      post('/fee-schedules', admin, version),
      post('/fee-schedules', admin, version),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const { id } = await bodyOf<{ id: string }>(answers.find(({ status }) => status === 201)!);
    expect(await logOf('fee_schedule', id)).toMatchObject([
      {
        action: 'fee_schedule_announced',
        before: { seller_fee_bps: 500 },
        after: { seller_fee_bps: 700, valid_from: '2999-01-01T00:00:00.000Z' },
        reason: 'Costs',
      },
    ]);
    const { data } = await bodyOf<{ data: { seller_fee_bps: number }[] }>(
      await request('/api/v1/admin/fee-schedules?channel=community&currency=GBP', { token: admin.token }),
    );
    expect(data.map(({ seller_fee_bps }) => seller_fee_bps)).toEqual([500, 700]);
  });

  it('reach the books before they answer: the next match is charged by them, the last one is not', async () => {
    const book = await createBook();
    await placed(book, seller, 'ask', { price_cents: 10_000 });
    const first = await placed(book, buyer, 'bid', { price_cents: 10_000 });
    const announced = await post('/fee-schedules', admin, {
      channel: 'match',
      currency: 'USD',
      buyer_fee_bps: 600,
      seller_fee_bps: 400,
      reason: 'A test',
    });
    expect(announced.status).toBe(201);
    await placed(book, seller, 'ask', { price_cents: 10_000 });
    const second = await placed(book, buyer, 'bid', { price_cents: 10_000 });
    expect([first, second].map(({ matches }) => matches[0]!.buyer_total_cents)).toEqual([10_500, 10_600]);
    await post('/fee-schedules', admin, {
      channel: 'match',
      currency: 'USD',
      buyer_fee_bps: 500,
      seller_fee_bps: 400,
      reason: 'Back',
    });
  });

  it('take nothing of the past, nothing absurd, and nothing from others', async () => {
    for (const wrong of [
      { ...version, valid_from: '2020-01-01T00:00:00Z' },
      { ...version, seller_fee_bps: 5_001 },
      { ...version, seller_fee_bps: -1 },
      { ...version, seller_fee_bps: 1.5 },
      { ...version, channel: 'barter' },
      { ...version, currency: 'XYZ' },
      { ...version, reason: '' },
      { ...version, extra: 1 },
    ])
      expect(await refusalOf(await post('/fee-schedules', admin, wrong))).toBe('422 validation_failed');
    expect(await refusalOf(await post('/fee-schedules', support, version))).toBe('403 forbidden');
  });
});

describe('books and products', () => {
  it('are halted, hidden and featured with a line in the log', async () => {
    const book = await createBook();
    const halt = await request(`/api/v1/admin/market/${book.productId}/${book.sizeId}`, {
      method: 'PATCH',
      token: admin.token,
      json: { status: 'halted', reason: 'A wrong picture' },
    });
    expect(await bodyOf(halt)).toMatchObject({ status: 'halted' });
    expect(await logOf('book', book.sizeId)).toMatchObject([
      {
        action: 'book_halted',
        before: { status: 'open' },
        after: { status: 'halted' },
        reason: 'A wrong picture',
      },
    ]);
    const product = await createProduct(admin.token, { sku: 'ADM-1' });
    const path = `/api/v1/products/${product.id}`;
    for (const changes of [{ featured: true }, { hidden: true }]) {
      const tag = (await request(path, { token: admin.token })).headers.get('ETag')!;
      const answer = await request(path, {
        method: 'PATCH',
        token: admin.token,
        json: changes,
        headers: { 'If-Match': tag },
      });
      expect(answer.status).toBe(200);
    }
    expect(await logOf('product', product.id)).toMatchObject([
      { action: 'product_hidden', before: { hidden: false }, after: { hidden: true } },
      { action: 'product_featured', before: { featured: false }, after: { featured: true } },
      { action: 'product_created', before: null, actor_id: admin.userId },
    ]);
  });
});

describe('dead letters', () => {
  const letter = async (id: string) => {
    await deps.db.insert(deadLetters).values({
      id,
      queue: 'bourse-events',
      body: JSON.stringify({ kind: 'domain_events', events: [] }),
      reason: 'A test',
      attempts: 5,
      createdAt: deps.now(),
    });
    return id;
  };
  const stateOf = async (id: string) =>
    (
      await bodyOf<{ state: string }>(
        await request(`/api/v1/admin/dead-letters/${id}`, { token: admin.token }),
      )
    ).state;

  it('are read, replayed and discarded, each with a line in the log', async () => {
    const [one, two] = [await letter('letter-one'), await letter('letter-two')];
    expect((await post(`/dead-letters/${one}/replay`, admin)).status).toBe(200);
    expect(await stateOf(one)).toBe('replayed');
    const discards = await Promise.all([
      post(`/dead-letters/${two}/discard`, admin, { reason: 'Of no use' }),
      post(`/dead-letters/${two}/discard`, admin, { reason: 'Of no use' }),
    ]);
    expect(discards.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await refusalOf(await post(`/dead-letters/${two}/replay`, admin))).toBe('409 invalid_transition');
    expect(await logOf('dead_letter', one)).toMatchObject([{ action: 'dead_letter_replayed' }]);
    expect(await logOf('dead_letter', two)).toMatchObject([
      { action: 'dead_letter_discarded', before: { state: 'waiting' }, after: { state: 'discarded' } },
    ]);
    const waiting = await readAll<{ id: string }>(
      '/api/v1/admin/dead-letters?state=waiting&limit=1',
      admin.token,
    );
    expect(waiting.map(({ id }) => id)).not.toContain(two);
    expect(await refusalOf(await post('/dead-letters/nothing/replay', admin))).toBe(
      '404 dead_letter_not_found',
    );
    expect(await refusalOf(await post(`/dead-letters/${one}/discard`, support, { reason: 'x' }))).toBe(
      '403 forbidden',
    );
  });
});

describe('webhooks', () => {
  it('are listed, and processed once more on request', async () => {
    const nowMs = deps.now();
    await deps.db.insert(webhookInbox).values({
      eventId: 'evt_adm_done',
      type: 'payout.paid',
      subject: JSON.stringify({ kind: 'other' }),
      receivedAt: nowMs,
      processedAt: nowMs,
      attempts: 0,
    });
    const list = await readAll<{ id: string; state: string }>(
      '/api/v1/admin/webhooks?state=processed&limit=1',
      admin.token,
    );
    expect(list).toContainEqual(expect.objectContaining({ id: 'evt_adm_done', state: 'processed' }));
    expect(await bodyOf(await post('/webhooks/evt_adm_done/replay', admin))).toMatchObject({ state: 'open' });
    expect(await logOf('webhook', 'evt_adm_done')).toMatchObject([{ action: 'webhook_replayed' }]);
    expect(await refusalOf(await post('/webhooks/evt_nothing/replay', admin))).toBe('404 webhook_not_found');
    expect(await refusalOf(await request('/api/v1/admin/webhooks', { token: support.token }))).toBe(
      '403 forbidden',
    );
    await deps.db.delete(webhookInbox).where(eq(webhookInbox.eventId, 'evt_adm_done'));
  });
});
