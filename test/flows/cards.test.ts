/** Cards whose bank wants to see the holder before they are kept. */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { SETUP_LIFETIME_MS } from '../../src/features/payments/card-setups.usecases.ts';
import { addCard, removeCards } from '../../src/features/payments/payment-methods.usecases.ts';
import { sweepPayments } from '../../src/features/payments/webhooks.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { at, callerOf, matchedOrder, readOrder } from '../support/purchases.ts';

interface Card {
  id: string;
  status: string;
  brand: string;
  last4: string;
  is_default: boolean;
  client_secret: string | null;
  next_action: { type: string; url: string } | null;
  expires_at: string | null;
}

const ASKS = 'pm_card_authenticationRequiredOnSetup';
let people = 0;
let stranger: TestUser;
beforeAll(async () => {
  stranger = await signUp('cards-stranger');
});
const newHolder = () => {
  people += 1;
  return signUp(`card-holder-${people}`);
};

const post = (path: string, user: TestUser, json: Record<string, unknown> = {}, headers = {}) =>
  request(`/api/v1${path}`, { token: user.token, json, headers });
const answered = async (response: Promise<Response>): Promise<Card & { code?: string; reason?: string }> =>
  bodyOf(await response);
const cardsOf = async (user: TestUser): Promise<Card[]> =>
  (await bodyOf<{ data: Card[] }>(await request('/api/v1/payment-methods', { token: user.token }))).data;

async function asked(user: TestUser, token = ASKS): Promise<Card> {
  const response = await post('/payment-methods', user, { token });
  expect(response.status).toBe(202);
  return bodyOf<Card>(response);
}
const answerBank = async (card: Card, user: TestUser, approve: boolean) =>
  bodyOf(await post(`/demo/payment-methods/${card.id}/authenticate`, user, { approve }));
const confirm = (card: Card, user: TestUser) => post(`/payment-methods/${card.id}/confirm`, user);
const setupsAtProcessor = async (cardId: string): Promise<{ status: string }[]> => {
  const { results } = await env.DB.prepare(
    `select json_extract(body, '$.status') as status from demo_objects
     where type = 'setup_intent' and json_extract(body, '$.metadata.card_id') = ?`,
  )
    .bind(cardId)
    .all<{ status: string }>();
  return results;
};

describe('a card whose bank asks for its holder', () => {
  it('waits for them, pays nothing meanwhile, and is charged without them once they have approved', async () => {
    const [holder, seller] = [await newHolder(), await newHolder()];
    const card = await asked(holder);
    expect(card).toMatchObject({
      status: 'requires_action',
      brand: 'visa',
      last4: '3155',
      is_default: false,
      client_secret: expect.any(String),
      next_action: { type: 'redirect_to_url', url: expect.stringContaining('/authenticate/') },
    });
    expect(await cardsOf(holder)).toEqual([card]);
    expect(await answered(confirm(card, holder))).toEqual(card);

    const { order } = await matchedOrder(holder, seller);
    await allDone();
    expect(await readOrder(order.id, holder)).toMatchObject({ status: 'pending' });
    const payWithIt = { order_id: order.id, payment_method_id: card.id };
    expect((await post('/payments/intent', holder, payWithIt)).status).toBe(409);
    const patched = await request(`/api/v1/payment-methods/${card.id}`, {
      method: 'PATCH',
      token: holder.token,
      json: { is_default: true },
    });
    expect(patched.status).toBe(409);

    expect(await answerBank(card, holder, true)).toEqual({ done: true });
    expect(await answerBank(card, holder, true)).toEqual({ done: false });
    const kept = await answered(confirm(card, holder));
    expect(kept).toMatchObject({
      id: card.id,
      status: 'active',
      is_default: true,
      client_secret: null,
      next_action: null,
      expires_at: null,
    });
    expect(await answered(confirm(card, holder))).toEqual(kept);
    expect(await cardsOf(holder)).toEqual([kept]);
    expect((await post('/payments/intent', holder, payWithIt)).status).toBe(201);
    await allDone();
    const next = await matchedOrder(holder, seller);
    await allDone();
    for (const { id } of [order, next.order])
      expect(await readOrder(id, holder)).toMatchObject({ status: 'paid' });
  });

  it('is kept by the news of the processor alone, and once by all who bring them at once', async () => {
    const holder = await newHolder();
    const card = await asked(holder);
    await Promise.all([
      answerBank(card, holder, true),
      confirm(card, holder),
      confirm(card, holder),
      allDone(),
    ]);
    await allDone();
    expect(await cardsOf(holder)).toMatchObject([{ id: card.id, status: 'active', is_default: true }]);
  });

  it('is not kept when they deny it', async () => {
    const holder = await newHolder();
    const card = await asked(holder);
    await answerBank(card, holder, false);
    const denied = await confirm(card, holder);
    expect(denied.status).toBe(422);
    expect(await bodyOf(denied)).toMatchObject({ code: 'payment_declined' });
    await allDone();
    expect(await cardsOf(holder)).toEqual([]);
    expect((await confirm(card, holder)).status).toBe(422);
  });

  it('is asked for once by two calls under one key', async () => {
    const holder = await newHolder();
    const key = { 'Idempotency-Key': 'keep-it-once' };
    const first = await answered(post('/payment-methods', holder, { token: ASKS }, key));
    const again = await post('/payment-methods', holder, { token: ASKS }, key);
    expect(again.status).toBe(202);
    expect(await bodyOf(again)).toEqual(first);
    expect(await setupsAtProcessor(first.id)).toEqual([{ status: 'requires_action' }]);
  });

  it('is kept by the news of the processor when its answer never reached us', async () => {
    const holder = await newHolder();
    const deaf: Deps = {
      ...deps,
      payments: {
        ...deps.payments,
        saveCard: async (card, key) => {
          await deps.payments.saveCard(card, key);
          return { kind: 'timeout' };
        },
      },
    };
    const wanted = { token: 'pm_card_visa', isDefault: false, returnUrl: 'https://bourse.test/' };
    await expect(addCard(deaf, wanted, callerOf(holder))).rejects.toThrow('does not answer');
    await allDone();
    expect(await cardsOf(holder)).toMatchObject([{ status: 'active', last4: '4242', is_default: true }]);
  });

  it('is let go when its hour is over, however late anybody looks', async () => {
    const holder = await newHolder();
    const [swept, looked] = [await asked(holder), await asked(holder)];
    const later: Deps = at(deps.now() + SETUP_LIFETIME_MS);
    await sweepPayments(later);
    await sweepPayments(later);
    await allDone();
    for (const card of [swept, looked]) {
      expect(await setupsAtProcessor(card.id)).toEqual([{ status: 'canceled' }]);
      expect(await answerBank(card, holder, true)).toEqual({ done: false });
      expect((await confirm(card, holder)).status).toBe(422);
    }
    expect(await cardsOf(holder)).toEqual([]);
  });

  it('can be given up, and goes with its account', async () => {
    const holder = await newHolder();
    const [card, other] = [await asked(holder), await asked(holder)];
    const gone = await request(`/api/v1/payment-methods/${card.id}`, {
      method: 'DELETE',
      token: holder.token,
    });
    expect(gone.status).toBe(204);
    expect(await setupsAtProcessor(card.id)).toEqual([{ status: 'canceled' }]);
    expect((await cardsOf(holder)).map(({ id }) => id)).toEqual([other.id]);
    await removeCards(deps, callerOf(holder));
    await allDone();
    expect(await cardsOf(holder)).toEqual([]);
    expect(await setupsAtProcessor(other.id)).toEqual([{ status: 'canceled' }]);
  });

  it('that was approved while it was given up is forgotten all the same', async () => {
    const holder = await newHolder();
    const card = await asked(holder);
    // The news of the approval has not arrived when the holder changes their mind.
    const { processorSetupId } = (await deps.db.query.cardSetups.findFirst({
      where: (table, { eq }) => eq(table.id, card.id),
    }))!;
    await deps.demo!.authenticateCard(processorSetupId!, true);
    await request(`/api/v1/payment-methods/${card.id}`, { method: 'DELETE', token: holder.token });
    await allDone();
    expect(await cardsOf(holder)).toEqual([]);
  });

  it('is nobody else’s', async () => {
    const holder = await newHolder();
    const card = await asked(holder);
    for (const path of [
      `/payment-methods/${card.id}/confirm`,
      `/demo/payment-methods/${card.id}/authenticate`,
    ]) {
      const foreign = await post(path, stranger, path.startsWith('/demo') ? { approve: true } : {});
      const unknown = await post(
        path.replace(card.id, 'pmt_unknown'),
        stranger,
        path.startsWith('/demo') ? { approve: true } : {},
      );
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      expect(await bodyOf<{ code: string }>(foreign)).toMatchObject({ code: 'payment_method_not_found' });
    }
    expect((await request(`/api/v1/payment-methods/${card.id}/confirm`, { json: {} })).status).toBe(401);
    expect(await cardsOf(stranger)).toEqual([]);
    expect(await cardsOf(holder)).toEqual([card]);
  });

  it('counts among the ten cards that can be kept', async () => {
    const holder = await newHolder();
    for (let n = 0; n < 10; n += 1) await asked(holder);
    expect((await post('/payment-methods', holder, { token: ASKS })).status).toBe(403);
  });
});
