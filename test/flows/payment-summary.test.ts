import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createDb } from '../../src/db/client.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { createApp } from '../../src/http/app.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { matchedOrder, type Purchase } from '../support/purchases.ts';

interface Summary {
  attempt_count: number;
  final_status: string;
  payment_successful: boolean;
  processing_time_ms: number;
  failure_code: string | null;
  attempts: { n: number; outcome: string; code: string | null; processing_time_ms: number | null }[];
}

const summaryOf = async (id: string, user: TestUser): Promise<Summary | null> =>
  (
    await bodyOf<{ payment_summary: Summary | null }>(
      await request(`/api/v1/orders/${id}`, { token: user.token }),
    )
  ).payment_summary;

async function pay(order: Purchase, buyer: TestUser, token: string): Promise<void> {
  await request('/api/v1/payments/hold', {
    token: buyer.token,
    json: { order_id: order.id, payment_method_token: token },
  });
}

async function completedEvents(orderId: string): Promise<EventEnvelope[]> {
  const { results } = await env.DB.prepare("select body from outbox where type = 'payment.completed'").all<{
    body: string;
  }>();
  return results
    .map(({ body }) => JSON.parse(body) as EventEnvelope<string, { order_id: string }>)
    .filter(({ data }) => data.order_id === orderId);
}

describe('what an order says of its payment (EV-02, EV-05, EV-11)', () => {
  it('is nothing while nobody has paid, and a success after one call', async () => {
    const buyer = await signUp('summary-buyer-1');
    const seller = await signUp('summary-seller-1');
    const { order } = await matchedOrder(buyer, seller);
    expect(await summaryOf(order.id, buyer)).toBeNull();
    await pay(order, buyer, 'pm_card_visa');
    const summary = await summaryOf(order.id, buyer);
    expect(summary).toMatchObject({
      attempt_count: 1,
      final_status: 'succeeded',
      payment_successful: true,
      failure_code: null,
      attempts: [{ n: 1, outcome: 'success', code: null }],
    });
    expect(summary!.processing_time_ms).toBe(summary!.attempts[0]!.processing_time_ms);
    await allDone();
  });

  it('is a failure after a decline, whose reason the seller does not learn', async () => {
    const buyer = await signUp('summary-buyer-2');
    const seller = await signUp('summary-seller-2');
    const { order } = await matchedOrder(buyer, seller);
    const before = deps.outbox.drain;
    deps.outbox.drain = async () => 0;
    await pay(order, buyer, 'pm_card_chargeDeclined');
    const [completed] = await completedEvents(order.id);
    deps.outbox.drain = before;
    const { correlation_id: correlationId } = (await env.DB.prepare(
      'select correlation_id from orders where id = ?',
    )
      .bind(order.id)
      .first<{ correlation_id: string }>())!;
    expect(completed).toMatchObject({
      version: 1,
      correlation_id: correlationId,
      data: {
        order_id: order.id,
        success: false,
        final_status: 'failed',
        attempt_count: 1,
        processing_time_ms: expect.any(Number),
        error_message: 'generic_decline',
      },
    });
    expect(await summaryOf(order.id, buyer)).toMatchObject({
      final_status: 'failed',
      payment_successful: false,
      failure_code: 'generic_decline',
      attempts: [{ outcome: 'declined', code: 'generic_decline' }],
    });
    expect(await summaryOf(order.id, seller)).toMatchObject({
      payment_successful: false,
      failure_code: null,
      attempts: [{ outcome: 'declined', code: null }],
    });
    await allDone();
  });

  it('is read with the order in a fixed number of queries', async () => {
    const buyer = await signUp('summary-buyer-3');
    const seller = await signUp('summary-seller-3');
    const { order } = await matchedOrder(buyer, seller);
    let prepared = 0;
    const counting = new Proxy(env.DB, {
      get: (target, name) => {
        if (name === 'prepare') prepared += 1;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const app = createApp({ ...deps, db: createDb(counting) });
    const read = async () => {
      prepared = 0;
      const response = await app.request(`/api/v1/orders/${order.id}`, {
        headers: { Authorization: `Bearer ${buyer.token}` },
      });
      expect(response.status).toBe(200);
      return prepared;
    };
    const unpaid = await read();
    await pay(order, buyer, 'pm_card_visa');
    await allDone();
    expect(await read()).toBe(unpaid);
    expect(unpaid).toBeLessThanOrEqual(7);
  });
});
