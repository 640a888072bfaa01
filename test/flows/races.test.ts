/** Two who act on the same money at once: exactly one outcome, and books that add up. */
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it } from 'vitest';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { findPaymentOfOrder } from '../../src/features/payments/payments.repository.ts';
import { lookUp } from '../../src/features/payments/payments.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { acted, at, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

const ROUNDS = 4;
let people = 0;

const call = (path: string, user: TestUser, json: Record<string, unknown> = {}) =>
  request(`/api/v1${path}`, { token: user.token, json });
async function pair() {
  people += 1;
  return { buyer: await signUp(`race-buyer-${people}`), seller: await signUp(`race-seller-${people}`) };
}
async function paid(buyer: TestUser, seller: TestUser): Promise<{ order: Purchase; paymentId: string }> {
  const { order } = await matchedOrder(buyer, seller);
  const payment = await bodyOf<{ id: string }>(
    await call('/payments/hold', buyer, { order_id: order.id, payment_method_token: 'pm_card_visa' }),
  );
  await allDone();
  return { order, paymentId: payment.id };
}
const chargesOf = async (order: Purchase) =>
  env.DB.prepare("select count(*) as n from demo_objects where type = 'charge' and instr(body, ?) > 0")
    .bind(order.id)
    .first<number>('n');

afterEach(async () => {
  await allDone();
  const later = { ...at(deps.now() + 60_000), log: { ...deps.log, error: () => {} } };
  const { results } = await reconcile(later, 'full');
  expect(results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
});

describe('at once', () => {
  it('a confirmation and another: one charge', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const { id } = await bodyOf<{ id: string }>(
      await call('/payments/intent', buyer, { order_id: order.id }),
    );
    const answers = await Promise.all(
      [1, 2, 3].map(() => call(`/payments/${id}/confirm`, buyer, { payment_method_token: 'pm_card_visa' })),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    await allDone();
    expect(await chargesOf(order)).toBe(1);
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
  });

  it('a confirmation and a cancellation: paid, or cancelled with nothing kept', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { buyer, seller } = await pair();
      const { order } = await matchedOrder(buyer, seller);
      const { id } = await bodyOf<{ id: string }>(
        await call('/payments/intent', buyer, { order_id: order.id }),
      );
      const [, cancelled] = await Promise.all([
        call(`/payments/${id}/confirm`, buyer, { payment_method_token: 'pm_card_visa' }),
        call(`/orders/${order.id}/cancel`, seller, { reason: 'sold elsewhere' }),
      ]);
      await allDone();
      const after = await readOrder(order.id, buyer);
      if (cancelled.status === 200) {
        expect(after.status).toBe('cancelled');
        const kept = await env.DB.prepare(
          "select coalesce(sum(body ->> '$.amount' - body ->> '$.amount_refunded'), 0) as kept from demo_objects where type = 'charge' and instr(body, ?) > 0",
        )
          .bind(order.id)
          .first<number>('kept');
        expect(kept).toBe(0);
      } else expect(after.status).toBe('paid');
    }
  });

  it('a refund and a release: the buyer or the seller has the money', async () => {
    const finance = await signUp('race-finance', 'finance');
    for (let round = 0; round < ROUNDS; round += 1) {
      const { buyer, seller } = await pair();
      const { order, paymentId } = await paid(buyer, seller);
      await acted(order.id, 'ship', seller, { carrier: 'DHL', tracking_number: order.id });
      await acted(order.id, 'deliver', buyer);
      const [part, released, again] = await Promise.all([
        call(`/payments/${paymentId}/refunds`, finance, { amount_cents: 10_000, reason: 'half' }),
        call(`/payments/${paymentId}/release`, buyer),
        call(`/orders/${order.id}/complete`, buyer),
      ]);
      expect([released.status, again.status].sort()).toEqual([200, 409]);
      expect(part.status).toBe(201);
      await allDone();
      expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'completed', refunded_cents: 10_000 });
      const all = await Promise.all(
        [1, 2, 3].map(() => call(`/payments/${paymentId}/refunds`, finance, { reason: 'all of it' })),
      );
      expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    }
  });

  it('a webhook, a confirmation and a look: one capture', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller);
    const asked = await bodyOf<{ id: string; status: string }>(
      await call('/payments/intent', buyer, {
        order_id: order.id,
        payment_method_token: 'pm_card_authenticationRequired',
      }),
    );
    expect(asked.status).toBe('requires_action');
    const payment = (await findPaymentOfOrder(deps.db, order.id))!;
    await Promise.allSettled([
      call(`/demo/payments/${asked.id}/authenticate`, buyer, { approve: true }),
      call(`/payments/${asked.id}/confirm`, buyer),
      lookUp(deps, payment),
      allDone(),
    ]);
    await call(`/payments/${asked.id}/confirm`, buyer);
    await allDone();
    expect(await readOrder(order.id, buyer)).toMatchObject({ status: 'paid' });
    const captured = await env.DB.prepare(
      "select count(*) as n from ledger_transactions where reason = 'payment_captured' and cause = ?",
    )
      .bind(order.id)
      .first<number>('n');
    expect(captured).toBe(1);
  });
});
