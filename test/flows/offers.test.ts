import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { offers } from '../../src/db/offers-schema.ts';
import { strikes } from '../../src/db/orders-schema.ts';
import { OFFER_SYSTEM } from '../../src/domain/offers/offer.ts';
import { offerEvent } from '../../src/domain/offers/offer-events.ts';
import { offerStep } from '../../src/domain/offers/offer-machine.ts';
import { DAY_MS, HOUR_MS } from '../../src/domain/time.ts';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import {
  offerFacts,
  offerState,
  type SweepingAction,
  sweepStatements,
} from '../../src/features/offers/offer.statements.ts';
import { expireDueOffers, forgetDeadOffers } from '../../src/features/offers/offer-sweeps.usecases.ts';
import { getOffer, respondToOffer } from '../../src/features/offers/offers.usecases.ts';
import { runBatch } from '../../src/features/orders/order-steps.ts';
import { sweepOverdueOrders } from '../../src/features/orders/orders.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import { device, eventsOf, heard } from '../support/channels.ts';
import { allDone } from '../support/domain-events.ts';
import {
  answer,
  answered,
  listed,
  offer,
  offered,
  offersOf,
  readListing,
  readOffer,
  type TestOffer,
} from '../support/offers.ts';
import { acted, at, readOrder } from '../support/purchases.ts';

let ann: TestUser;
let ben: TestUser;
let cyd: TestUser;
beforeAll(async () => {
  [ann, ben, cyd] = await Promise.all([signUp('Ann'), signUp('Ben'), signUp('Cyd')]);
  for (const user of [ann, ben, cyd])
    await posted('/wallet/top-up', user, {
      amount_cents: 5_000_000,
      currency: 'AED',
      payment_method_token: 'pm_card_visa',
    });
  await allDone();
});

async function posted(path: string, user: TestUser, json: Record<string, unknown>): Promise<void> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  if (response.status >= 300) throw new Error(`${path}: ${await response.text()}`);
}
const pay = async (orderId: string | null, user: TestUser): Promise<void> => {
  await posted('/payments/hold', user, { order_id: orderId, source: 'wallet' });
  await allDone();
};
const SHIPPING = { carrier: 'DHL', tracking_number: 'T-1' };
const statusOf = async (of: { id: string }, user: TestUser) => (await readOffer(of, user)).status;
const accepted = async (buyer: TestUser, seller: TestUser, listing: { id: string }): Promise<TestOffer> =>
  answered(await offered(buyer, listing), 'accept', seller);

describe('an accepted offer follows its order', () => {
  it('to payment_held and completed; the listing is sold, the rivals are told that it is gone', async () => {
    const listing = await listed(ann);
    const rival = await offered(cyd, listing, { price_cents: 30_000 });
    const made = await accepted(ben, ann, listing);
    expect(await readOffer(rival, cyd)).toMatchObject({
      status: 'pending',
      is_frozen: true,
      expires_at: null,
      allowed_actions: ['withdraw'],
    });
    expect(await refusalOf(await answer(rival, 'accept', ann))).toBe('409 offer_frozen');
    expect(await refusalOf(await offer(cyd, listing))).toBe('409 listing_unavailable');
    await pay(made.order_id, ben);
    expect(await statusOf(made, ben)).toBe('payment_held');
    expect(await readListing(listing.id)).toMatchObject({ status: 'sold', reservedFor: made.id });
    expect(await statusOf(rival, cyd)).toBe('superseded');
    await acted(made.order_id!, 'ship', ann, SHIPPING);
    await acted(made.order_id!, 'deliver', ben);
    await acted(made.order_id!, 'complete', ben);
    await allDone();
    expect(await statusOf(made, ann)).toBe('completed');
    expect((await reconcile(deps, 'full')).verdict).toBe('healthy');
  });

  it('to lapsed when nobody pays: the rivals go on with the time they had, and the buyer bears a mark', async () => {
    const listing = await listed(ann);
    const rival = await offered(cyd, listing, { price_cents: 30_000, expires_in_hours: 10 });
    const made = await accepted(ben, ann, listing);
    const [frozen] = await deps.db.select().from(offers).where(eq(offers.id, rival.id));
    const later = at(deps.now() + 25 * HOUR_MS);
    // A frozen offer does not expire.
    await expireDueOffers(later);
    expect(await statusOf(rival, cyd)).toBe('pending');
    await sweepOverdueOrders(later);
    await allDone(later);
    expect(await statusOf(made, ben)).toBe('lapsed');
    expect(await readListing(listing.id)).toMatchObject({ status: 'active', reservedFor: null });
    const [thawed] = await deps.db.select().from(offers).where(eq(offers.id, rival.id));
    expect(thawed).toMatchObject({ status: 'pending', frozenRemainingMs: null });
    expect(thawed!.expiresAt! - later.now()).toBe(frozen!.frozenRemainingMs);
    const marks = await deps.db.select().from(strikes).where(eq(strikes.orderId, made.order_id!));
    expect(marks).toMatchObject([{ userId: ben.userId, kind: 'buyer_unpaid' }]);
    expect(await answered(rival, 'accept', ann)).toMatchObject({ status: 'accepted' });
  });

  it('to lapsed when it is cancelled unpaid, and to refunded when it is cancelled or sent back', async () => {
    const unpaid = await accepted(ben, ann, await listed(ann));
    await acted(unpaid.order_id!, 'cancel', ben, { reason: 'changed my mind' });
    await allDone();
    expect(await statusOf(unpaid, ann)).toBe('lapsed');
    expect(await readListing(unpaid.listing_id)).toMatchObject({ status: 'active' });

    for (const [canceller, listingStatus] of [
      [ben, 'active'],
      [ann, 'paused'],
    ] as const) {
      const paid = await accepted(ben, ann, await listed(ann));
      await pay(paid.order_id, ben);
      await acted(paid.order_id!, 'cancel', canceller, { reason: 'broken' });
      await allDone();
      expect(await statusOf(paid, ben)).toBe('refunded');
      expect(await readListing(paid.listing_id)).toMatchObject({ status: listingStatus, reservedFor: null });
    }
  });

  it('when the news comes late, twice and in the wrong order', async () => {
    const { ORDER_FOLLOWERS } = await import('../../src/features/offers/follow-order.ts');
    const made = await accepted(ben, ann, await listed(ann));
    await pay(made.order_id, ben);
    await acted(made.order_id!, 'cancel', ben, { reason: 'changed my mind' });
    const event = (type: string, from: string, to: string) => ({
      event_id: `late:${type}`,
      type,
      version: 1,
      aggregate: { type: 'order', id: made.order_id! },
      seq: 1,
      correlation_id: 'req_late',
      occurred_at: new Date(deps.now()).toISOString(),
      data: {
        order_id: made.order_id,
        source: 'offer',
        offer_id: made.id,
        listing_ids: [made.listing_id],
        from,
        to,
        action: 'cancel',
        actor_type: 'buyer',
      },
    });
    for (const [type, from, to] of [
      ['order.cancelled', 'paid', 'cancelled'],
      ['order.paid', 'pending', 'paid'],
      ['order.cancelled', 'paid', 'cancelled'],
    ] as const)
      await ORDER_FOLLOWERS[type]!(deps, event(type, from, to));
    await allDone();
    expect(await statusOf(made, ben)).toBe('refunded');
    expect(await readListing(made.listing_id)).toMatchObject({ status: 'active' });
  });
});

describe('devices race: exactly one outcome', () => {
  const RIVALS: [string, (made: TestOffer, listing: { id: string }) => Promise<Response>[]][] = [
    ['accept against withdraw', (made) => [answer(made, 'accept', ann), answer(made, 'withdraw', ben)]],
    [
      'accept against counter and decline',
      (made) => [
        answer(made, 'accept', ann),
        answer(made, 'counter', ann, { price_cents: 45_000 }),
        answer(made, 'decline', ann),
      ],
    ],
    [
      'accept against a purchase',
      (made, listing) => [
        answer(made, 'accept', ann),
        request(`/api/v1/listings/${listing.id}/buy`, { token: cyd.token, json: {} }),
      ],
    ],
    [
      'counter against withdraw',
      (made) => [answer(made, 'counter', ann, { price_cents: 45_000 }), answer(made, 'withdraw', ben)],
    ],
  ];
  it.each(RIVALS)('%s', async (_, race) => {
    for (let round = 0; round < 4; round += 1) {
      const listing = await listed(ann);
      const made = await offered(ben, listing);
      const moves = race(made, listing);
      const ends = await Promise.all(round % 2 === 0 ? moves : moves.reverse());
      const won = ends.filter(({ status }) => status < 300);
      expect(won.length).toBe(1);
      for (const { status } of ends) expect(status).toBeLessThan(500);
      const { history, status, order_id } = await readOffer(made, ben);
      expect(history.map(({ to }) => to).at(-1)).toBe(status);
      expect(history.filter(({ to }) => to === 'accepted').length).toBe(order_id === null ? 0 : 1);
      const { status: listingStatus } = await readListing(listing.id);
      const isSold = won[0]!.status === 201 || order_id !== null;
      expect(listingStatus).toBe(isSold ? 'reserved' : 'active');
    }
  });

  it('twelve devices that accept are one acceptance and one order, told to all', async () => {
    const listing = await listed(ann);
    const made = await offered(ben, listing);
    const ends = await Promise.all(Array.from({ length: 12 }, () => answer(made, 'accept', ann)));
    expect(ends.map(({ status }) => status)).toEqual(Array(12).fill(200));
    const orders = new Set(
      (await Promise.all(ends.map((end) => bodyOf<TestOffer>(end)))).map(({ order_id }) => order_id),
    );
    expect(orders.size).toBe(1);
    const { history } = await readOffer(made, ben);
    expect(history.map(({ to }) => to)).toEqual(['pending', 'accepted']);
  });

  it('two offers on one listing: one is accepted, the other stands still', async () => {
    const listing = await listed(ann);
    const [one, other] = [await offered(ben, listing), await offered(cyd, listing)];
    const ends = await Promise.all([answer(one, 'accept', ann), answer(other, 'accept', ann)]);
    expect(ends.map(({ status }) => status).sort()).toEqual([200, 409]);
    const read = [await readOffer(one, ann), await readOffer(other, ann)];
    expect(read.map(({ status }) => status).sort()).toEqual(['accepted', 'pending']);
    expect(read.find(({ status }) => status === 'pending')?.is_frozen).toBe(true);
  });

  it('accept against expiry: at its last moment one of them', async () => {
    for (let round = 0; round < 4; round += 1) {
      const made = await offered(ben, await listed(ann));
      const due = at(Date.parse(made.expires_at!));
      const race = [
        respondToOffer(deps, ann, { offerId: made.id, action: 'accept' }),
        expireDueOffers(due),
      ] as Promise<unknown>[];
      await Promise.allSettled(round % 2 === 0 ? race : race.reverse());
      const { status, history } = await readOffer(made, ben);
      expect(['accepted', 'expired']).toContain(status);
      expect(history).toHaveLength(2);
    }
  });
});

describe('time', () => {
  const dayLater = () => at(deps.now() + DAY_MS);

  it('expires pending and countered offers by the cron, and both hear of it', async () => {
    const [pending, countered] = [
      await offered(ben, await listed(ann)),
      await offered(ben, await listed(ann)),
    ];
    await answered(countered, 'counter', ann, { price_cents: 45_000 });
    await allDone();
    const devices = [await device(ann), await device(ben)];
    await expireDueOffers(dayLater());
    await allDone();
    for (const made of [pending, countered]) {
      expect(await readOffer(made, ben)).toMatchObject({
        status: 'expired',
        awaiting: null,
        allowed_actions: [],
      });
      for (const socket of devices) {
        await heard(socket);
        const told = eventsOf(socket).map(({ data }) => data as { chain_id?: string; event?: string });
        expect(
          told.filter(({ chain_id, event }) => chain_id === made.id && event === 'expired'),
        ).toHaveLength(1);
      }
    }
  });

  it('expires an offer that is read or answered too late, whether the cron came or not', async () => {
    const [read, late] = [await offered(ben, await listed(ann)), await offered(ben, await listed(ann))];
    expect((await getOffer(dayLater(), read.id, ben)).row.status).toBe('expired');
    await expect(
      respondToOffer(dayLater(), ann, { offerId: late.id, action: 'accept' }),
    ).rejects.toMatchObject({ failure: { code: 'offer_expired' } });
    expect(await statusOf(late, ann)).toBe('expired');
    expect(await refusalOf(await answer(late, 'counter', ann, { price_cents: 45_000 }))).toBe(
      '409 offer_expired',
    );
    expect(await readListing(late.listing_id)).toMatchObject({ status: 'active' });
  });

  it('expires what is due on the page of a list', async () => {
    const user = await signUp('ListReader');
    const made = await offered(user, await listed(ann), { price_cents: 40_000, expires_in_hours: 1 });
    await deps.db
      .update(offers)
      .set({ expiresAt: deps.now() - 1 })
      .where(eq(offers.id, made.id));
    expect((await offersOf(user, '?status=open')).data).toEqual([]);
    expect((await offersOf(user)).data).toMatchObject([{ id: made.id, status: 'expired' }]);
    // And makes room for the next one.
    expect(await offered(user, { id: made.listing_id })).toMatchObject({ status: 'pending', offers_left: 3 });
  });

  it('begins anew with each counter', async () => {
    const made = await offered(ben, await listed(ann), { price_cents: 40_000, expires_in_hours: 2 });
    const countered = await answered(made, 'counter', ann, { price_cents: 45_000 });
    const gained = Date.parse(countered.expires_at!) - Date.parse(made.expires_at!);
    expect(gained).toBeGreaterThanOrEqual(22 * HOUR_MS);
  });

  it('forgets what came to nothing a month ago, and nothing else', async () => {
    const dead = await answered(await offered(ben, await listed(ann)), 'decline', ann);
    const sold = await accepted(ben, ann, await listed(ann));
    await forgetDeadOffers(at(deps.now() + 29 * DAY_MS));
    expect(await statusOf(dead, ben)).toBe('declined');
    while ((await forgetDeadOffers(at(deps.now() + 31 * DAY_MS))) > 0);
    expect(await refusalOf(await request(`/api/v1/offers/${dead.id}`, { token: ben.token }))).toBe(
      '404 offer_not_found',
    );
    expect(await statusOf(sold, ben)).toBe('accepted');
  });
});

describe('a listing that is gone', () => {
  it('ends its open offers: superseded by its owner, admin_ended by a moderator', async () => {
    const [gone, taken] = [await listed(ann), await listed(ann)];
    const [one, two] = [await offered(ben, gone), await offered(ben, taken)];
    await answered(two, 'counter', ann, { price_cents: 45_000 });
    expect(
      (await request(`/api/v1/listings/${gone.id}`, { method: 'DELETE', token: ann.token })).status,
    ).toBeLessThan(300);
    const { listingStepStatements, listingState } = await import(
      '../../src/features/listings/listing.statements.ts'
    );
    const { listingStep } = await import('../../src/domain/listings/listing-machine.ts');
    const moderator = { id: 'usr_moderator', role: 'moderator' as const };
    const step = listingStep(listingState(taken), 'remove', moderator, { reason: 'fake' }, deps.now());
    if (!step.ok) throw new Error(step.error.detail);
    await runBatch(deps, listingStepStatements(deps.db, taken, step.value, 'req_remove'));
    await allDone();
    expect(await statusOf(one, ben)).toBe('superseded');
    const { status, history } = await readOffer(two, ben);
    expect(status).toBe('admin_ended');
    expect(history.at(-1)).toMatchObject({ action: 'end', actor_id: 'usr_moderator' });
  });
});

describe('swaps', () => {
  const swap = (buyer: TestUser, wanted: { id: string }, given: { id: string }[], cash = 0) =>
    offered(buyer, wanted, { swap_listing_ids: given.map(({ id }) => id), cash_adjust_cents: cash });

  it('reserve everything, pay the cash through escrow, and complete when both have theirs', async () => {
    const [coat, bag, belt] = [await listed(ann), await listed(ben), await listed(ben)];
    const made = await swap(ben, coat, [bag, belt], 5_000);
    expect(made).toMatchObject({ type: 'swap', amount_cents: 5_000, cash_adjust_cents: 5_000 });
    const more = await answered(made, 'counter', ann, { cash_adjust_cents: 10_000 });
    expect(more).toMatchObject({ cash_adjust_cents: 10_000, awaiting: 'buyer' });
    const done = await answered(made, 'accept', ben);
    for (const { id } of [coat, bag, belt])
      expect(await readListing(id)).toMatchObject({ status: 'reserved', reservedFor: made.id });
    const hers = await readOffer(made, ann);
    expect(hers).toMatchObject({
      swap_id: done.swap_id,
      order_id: done.return_order_id,
      return_order_id: done.order_id,
    });
    expect(await readOrder(done.order_id!, ben)).toMatchObject({ source: 'swap', total_cents: 10_000 });
    await pay(done.order_id, ben);
    expect(await statusOf(made, ann)).toBe('payment_held');
    await acted(done.order_id!, 'ship', ann, SHIPPING);
    await acted(hers.order_id!, 'ship', ben, SHIPPING);
    await acted(done.order_id!, 'deliver', ben);
    await acted(hers.order_id!, 'deliver', ann);
    await allDone();
    await acted(done.order_id!, 'complete', ben);
    await allDone();
    expect(await statusOf(made, ann)).toBe('payment_held');
    await acted(hers.order_id!, 'complete', ann);
    await allDone();
    expect(await statusOf(made, ann)).toBe('completed');
    expect((await reconcile(deps, 'full')).verdict).toBe('healthy');
  });

  it('with cash the other way are paid by the lister', async () => {
    const made = await swap(ben, await listed(ann), [await listed(ben)], -7_500);
    expect(made).toMatchObject({ amount_cents: 7_500, cash_adjust_cents: -7_500 });
    await answered(made, 'accept', ann);
    const { order_id } = await readOffer(made, ann);
    expect(await readOrder(order_id!, ann)).toMatchObject({ role: 'buyer', total_cents: 7_500 });
    await pay(order_id, ann);
    expect(await statusOf(made, ben)).toBe('payment_held');
  });

  it('come to nothing together: what was given comes back, and so does the cash', async () => {
    const [coat, bag] = [await listed(ann), await listed(ben)];
    const made = await answered(await swap(ben, coat, [bag], 5_000), 'accept', ann);
    await pay((await readOffer(made, ben)).order_id, ben);
    await acted((await readOffer(made, ann)).order_id!, 'cancel', ann, { reason: 'no longer' });
    await allDone();
    expect(await statusOf(made, ben)).toBe('refunded');
    expect(await readListing(coat.id)).toMatchObject({ status: 'active', reservedFor: null });
    expect(await readListing(bag.id)).toMatchObject({ status: 'active', reservedFor: null });
    const { order_id } = await readOffer(made, ben);
    expect(await readOrder(order_id!, ben)).toMatchObject({ refunded_cents: 5_000 });
  });

  it('take all listings or none: 409 when one is promised elsewhere, and one of two that share a thing', async () => {
    const [coat, hat, bag] = [await listed(ann), await listed(cyd), await listed(ben)];
    const [one, other] = [await swap(ben, coat, [bag]), await swap(ben, hat, [bag])];
    const ends = await Promise.all([answer(one, 'accept', ann), answer(other, 'accept', cyd)]);
    expect(ends.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = ends[0]!.status === 200 ? hat : coat;
    expect(await readListing(lost.id)).toMatchObject({ status: 'active' });
    expect(await refusalOf(await offer(ben, await listed(ann), { swap_listing_ids: [bag.id] }))).toBe(
      '409 swap_listing_unavailable',
    );
    expect(await refusalOf(await offer(ben, await listed(ann), { swap_listing_ids: [hat.id] }))).toBe(
      '409 swap_listing_unavailable',
    );
    expect(await refusalOf(await offer(ben, await listed(ann), { type: 'swap' }))).toBe(
      '409 swap_listing_unavailable',
    );
  });
});

describe('what happens to many at once', () => {
  const CASES: SweepingAction[] = ['freeze', 'unfreeze', 'expire', 'supersede', 'end'];
  it.each(CASES)('tells of %s the same as one step does', async (action) => {
    const made = await offered(ben, await listed(ann), {
      price_cents: 40_000,
      message: 'Ümläut “quoted”',
    });
    await answered(made, 'counter', ann, { price_cents: 45_001, message: 'And “so” on' });
    const read = async () => (await deps.db.select().from(offers).where(eq(offers.id, made.id)))[0]!;
    if (action === 'unfreeze')
      await deps.db
        .update(offers)
        .set({ frozenRemainingMs: 3_599_999, expiresAt: null })
        .where(eq(offers.id, made.id));
    const before = await read();
    const nowMs = action === 'expire' ? before.expiresAt! : deps.now() + 1;
    const actor = action === 'end' ? { id: 'usr_moderator', role: 'moderator' as const } : OFFER_SYSTEM;
    const step = offerStep(offerState(before), action, actor, {}, nowMs);
    if (!step.ok) throw new Error(step.error.detail);
    const occasion = { atMs: nowMs, correlationId: 'req_sweep' };
    const statements = sweepStatements(deps.db, eq(offers.id, made.id), action, actor, occasion);
    const written = deps.db.query.outbox.findFirst({
      where: (row, { eq: is }) => is(row.eventId, `${made.id}:${before.version + 1}`),
    });
    const [first, ...rest] = [...statements, written];
    const results = (await deps.db.batch([first!, ...rest])) as unknown as { body: string }[];
    const event = JSON.parse(results.at(-1)!.body);
    const after = await read();
    expect(event).toEqual(offerEvent(step.value, offerFacts(after), 'req_sweep'));
    expect(offerState(after)).toEqual(step.value.offer);
    expect((await readOffer(made, ben)).history.at(-1)).toMatchObject({
      action,
      to: step.value.offer.status,
      actor_id: actor.id,
    });
    // A second time there is nothing to do.
    await runBatch(deps, sweepStatements(deps.db, eq(offers.id, made.id), action, actor, occasion));
    expect((await read()).version).toBe(before.version + 1);
  });
});
