import { beforeAll, describe, expect, it } from 'vitest';
import { isUniqueViolation } from '../../src/db/client.ts';
import { newId } from '../../src/domain/ids.ts';
import { SYSTEM } from '../../src/domain/orders/order.ts';
import { DAY_MS, HOUR_MS } from '../../src/domain/time.ts';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { runBatch } from '../../src/features/orders/order-steps.ts';
import { sweepOverdueOrders } from '../../src/features/orders/orders.usecases.ts';
import type { PlacedOrders, SwapParty } from '../../src/features/orders/place-offer-order.statements.ts';
import { placeFromOffer, placeFromSwap } from '../../src/features/orders/place-offer-order.statements.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { allDone } from '../support/domain-events.ts';
import { act, acted, at, readOrder } from '../support/purchases.ts';

let ann: TestUser;
let ben: TestUser;
let support: TestUser;

const listing = (title: string) => ({ id: newId('lst', deps.random), title, condition: 'good' });
const SHIPPING = { carrier: 'DHL', tracking_number: 'T-1' };

async function posted(path: string, user: TestUser, json: Record<string, unknown>): Promise<void> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  if (response.status >= 300) throw new Error(`${path}: ${await response.text()}`);
}

async function placed(orders: PlacedOrders): Promise<string[]> {
  await runBatch(deps, orders.statements);
  await allDone();
  return orders.orders.map(({ id }) => id);
}

/** Ben gives a bag for Ann's coat; cash of one of them may come on top. */
function swapped({ annCash = 0, benCash = 0 } = {}): Promise<string[]> {
  const owner: SwapParty = { userId: ann.userId, listings: [listing('Coat')], cashCents: annCash };
  const offerer: SwapParty = {
    userId: ben.userId,
    listings: [listing('Bag'), listing('Belt')],
    cashCents: benCash,
  };
  return placeFromSwap(deps, {
    offerId: newId('ofr', deps.random),
    swapId: newId('swp', deps.random),
    channel: 'community',
    currency: 'USD',
    actor: SYSTEM,
    correlationId: 'req_swap',
    owner,
    offerer,
  }).then(placed);
}

const statusOf = async (id: string) => (await readOrder(id, ann)).status;
const availableOf = async (user: TestUser): Promise<number> => {
  const { balances } = await bodyOf<{ balances: { currency: string; available_cents: number }[] }>(
    await request('/api/v1/wallet', { token: user.token }),
  );
  return balances.find(({ currency }) => currency === 'USD')?.available_cents ?? 0;
};
const payFromWallet = async (orderId: string, user: TestUser) => {
  await posted('/payments/hold', user, { order_id: orderId, source: 'wallet' });
  await allDone();
};

beforeAll(async () => {
  ann = await signUp('swap-ann');
  ben = await signUp('swap-ben');
  support = await signUp('swap-support', 'support');
  for (const user of [ann, ben])
    await posted('/wallet/top-up', user, {
      amount_cents: 100_000,
      currency: 'USD',
      payment_method_token: 'pm_card_visa',
    });
});

describe('an order of an accepted offer', () => {
  const offer = () => ({
    offerId: newId('ofr', deps.random),
    channel: 'discover' as const,
    currency: 'USD',
    actor: { id: ann.userId, roles: ['seller' as const] },
    correlationId: 'req_offer',
    buyerId: ben.userId,
    sellerId: ann.userId,
    listing: listing('Camera'),
    priceCents: 29_900,
  });

  it('keeps the fees of its channel and a pay window of a day, and tells of its offer and listing', async () => {
    const accepted = offer();
    const [id] = await placed(await placeFromOffer(deps, accepted));
    const order = await readOrder(id!, ann);
    expect(order).toMatchObject({
      source: 'offer',
      status: 'pending',
      offer_id: accepted.offerId,
      listing_id: accepted.listing.id,
      swap_id: null,
      total_cents: 29_900,
      seller_fee_cents: 4_485,
      payout_cents: 25_415,
      lines: [{ product_id: null, size_id: null, listing_id: accepted.listing.id, product_name: 'Camera' }],
    });
    const due = Date.parse(order.timers[0]!.due_at!);
    expect(order.timers[0]!.kind).toBe('pay_window');
    expect(due - deps.now()).toBeGreaterThan(23 * HOUR_MS);
    const before = await availableOf(ann);
    await payFromWallet(id!, ben);
    await acted(id!, 'ship', ann, SHIPPING);
    await acted(id!, 'deliver', ben);
    await acted(id!, 'complete', ben);
    expect((await availableOf(ann)) - before).toBe(25_415);
  });

  it('is made once: a second acceptance leaves nothing behind', async () => {
    const accepted = offer();
    const first = await placeFromOffer(deps, accepted);
    const second = await placeFromOffer(deps, accepted);
    await placed(first);
    await expect(runBatch(deps, second.statements)).rejects.toSatisfy((error) =>
      isUniqueViolation(error, 'orders.source'),
    );
    const lost = await request(`/api/v1/orders/${second.orders[0]!.id}`, { token: ann.token });
    expect(lost.status).toBe(404);
  });

  it('costs the same through the fee quote', async () => {
    const quote = await bodyOf<{ seller_fee_cents: number }>(
      await request('/api/v1/fees/calculate?price_cents=29900&currency=USD&channel=discover'),
    );
    expect(quote.seller_fee_cents).toBe(4_485);
  });
});

describe('an exchange', () => {
  it('without cash is paid with goods, and ends when both are content', async () => {
    const [out, back] = await swapped();
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['paid', 'paid']);
    await acted(out!, 'ship', ann, SHIPPING);
    await acted(back!, 'ship', ben, SHIPPING);
    const first = await acted(out!, 'deliver', ben);
    await allDone();
    expect(first.timers).toEqual([]);
    expect(first.allowed_actions).not.toContain('complete');
    expect((await act(out!, 'complete', ben)).status).toBe(409);
    await acted(back!, 'deliver', ann);
    await allDone();
    for (const id of [out!, back!])
      expect((await readOrder(id, ann)).timers.map(({ kind }) => kind).sort()).toEqual([
        'inspection',
        'inspection_reminder',
      ]);
    await acted(out!, 'complete', ben);
    await sweepOverdueOrders(at(deps.now() + 4 * DAY_MS));
    await allDone();
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['completed', 'completed']);
  });

  it('with cash waits until it is in escrow, takes the fee of the cash alone and pays it out', async () => {
    const [out, back] = await swapped({ benCash: 10_000 });
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['pending', 'pending']);
    expect((await act(back!, 'ship', ben, SHIPPING)).status).toBe(409);
    const free = await request('/api/v1/payments/hold', {
      token: ann.token,
      json: { order_id: back!, source: 'wallet' },
    });
    expect(free.status).toBe(409);
    const before = await availableOf(ann);
    await payFromWallet(out!, ben);
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['paid', 'paid']);
    for (const [id, from, to] of [
      [out!, ann, ben],
      [back!, ben, ann],
    ] as const) {
      await acted(id, 'ship', from, SHIPPING);
      await acted(id, 'deliver', to);
      await allDone();
    }
    await acted(out!, 'complete', ben);
    await acted(back!, 'complete', ann);
    expect((await availableOf(ann)) - before).toBe(9_500);
  });

  it('falls with either side: unpaid, cancelled before or after the cash', async () => {
    const unpaid = await swapped({ annCash: 5_000 });
    await sweepOverdueOrders(at(deps.now() + 25 * HOUR_MS));
    await allDone();
    expect(await Promise.all(unpaid.map(statusOf))).toEqual(['cancelled', 'failed']);

    const [out, back] = await swapped({ benCash: 7_000 });
    const before = await availableOf(ben);
    await payFromWallet(out!, ben);
    await acted(back!, 'cancel', ben, { reason: 'the bag tore' });
    await allDone();
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['cancelled', 'cancelled']);
    expect(await availableOf(ben)).toBe(before);
  });

  it('stands still while one side is disputed, and is undone or goes on with it', async () => {
    for (const outcome of ['refund', 'release'] as const) {
      const [out, back] = await swapped({ benCash: 3_000 });
      const before = await availableOf(ben);
      await payFromWallet(out!, ben);
      await acted(back!, 'ship', ben, SHIPPING);
      await acted(out!, 'ship', ann, SHIPPING);
      await acted(out!, 'deliver', ben);
      await acted(out!, 'dispute', ben, { reason: 'it is a copy' });
      await allDone();
      expect([await statusOf(out!), await statusOf(back!)]).toEqual(['disputed', 'on_hold']);
      await acted(out!, 'resolve', support, { outcome });
      await allDone();
      expect([await statusOf(out!), await statusOf(back!)]).toEqual(
        outcome === 'refund' ? ['refunded', 'refunded'] : ['completed', 'shipped'],
      );
      expect(await availableOf(ben)).toBe(outcome === 'refund' ? before : before - 3_000);
    }
  });

  it('resumes with the side that was held', async () => {
    const [out, back] = await swapped();
    await acted(back!, 'hold', support, { reason: 'a look at it' });
    await allDone();
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['on_hold', 'on_hold']);
    await acted(back!, 'resume', support);
    await allDone();
    expect([await statusOf(out!), await statusOf(back!)]).toEqual(['paid', 'paid']);
  });

  it('keeps the ledger in balance', async () => {
    const run = await reconcile(at(deps.now() + 10 * 60_000), 'full');
    expect(run.results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
  });
});
