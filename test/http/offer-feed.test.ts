import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { OFFER_NEWS_HANDLERS } from '../../src/features/channels/offers.events.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import { connectTo, device, eventsOf, heard, insideChannel, upgradeTo } from '../support/channels.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing, type TestListing } from '../support/listings.ts';

const HOUR_MS = 3_600_000;
let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`haggler${people}`);
};
let offers = 0;

/** The event of an offer, as the offers write it. */
function offerEvent(
  name: string,
  listing: TestListing,
  buyer: TestUser,
  seller: TestUser,
  changes: Record<string, unknown> = {},
): EventEnvelope {
  offers += 1;
  return {
    event_id: `ofr_${offers}:1`,
    type: `offer.${name}`,
    version: 1,
    aggregate: { type: 'offer', id: `ofr_${offers}` },
    seq: 1,
    correlation_id: 'test',
    occurred_at: new Date(deps.now()).toISOString(),
    data: {
      offer_id: `ofr_${offers}`,
      chain_id: `ofr_${offers}`,
      listing_id: listing.id,
      listing_title: listing.title,
      buyer_id: buyer.userId,
      seller_id: seller.userId,
      actor_id: buyer.userId,
      offer_type: 'offer',
      status: 'pending',
      amount_cents: 40_000 + offers,
      currency: 'AED',
      ...changes,
    },
  };
}

async function tell(event: EventEnvelope): Promise<void> {
  await OFFER_NEWS_HANDLERS[event.type]?.(deps, event);
}

const feedOf = async (listing: TestListing, token?: string) =>
  bodyOf<{ feed: string; data: { buyer_name: string | null; amount_cents: number }[] }>(
    await request(`/api/v1/listings/${listing.id}/offer-feed`, { token }),
  );
const path = (listing: TestListing) => `/api/v1/listings/${listing.id}/feed`;

describe('the offer feed of a listing', () => {
  it('shows strangers what is offered, by the names that the lister chose, and leads to nobody', async () => {
    const [seller, buyer] = [await somebody(), await somebody()];
    const named = await createListing(seller, { offer_feed: 'first_name' });
    const stranger = await connectTo(path(named));
    expect(await stranger.next(({ type }) => type === 'offer:feed:history')).toMatchObject({
      data: { events: [] },
    });
    await tell(offerEvent('created', named, buyer, seller));
    const chip = await stranger.next(({ type }) => type === 'offer:feed:new');
    expect(chip).toMatchObject({ seq: 1, data: { buyer_name: buyer.username, currency: 'AED' } });
    expect(stranger.texts.join()).not.toMatch(/usr_|ofr_/);

    const silent = await createListing(seller, { offer_feed: 'anonymous' });
    await tell(offerEvent('created', silent, buyer, seller));
    expect((await feedOf(silent)).data).toMatchObject([{ buyer_name: 'Somebody' }]);
    const closed = await createListing(seller, { offer_feed: 'off' });
    await tell(offerEvent('created', closed, buyer, seller));
    expect(await feedOf(closed)).toMatchObject({ feed: 'off', data: [] });
  });

  it('has the last 20 of the last hour, newest first, once each', async () => {
    const [seller, buyer] = [await somebody(), await somebody()];
    const listing = await createListing(seller, { offer_feed: 'anonymous' });
    const events = Array.from({ length: 25 }, () => offerEvent('created', listing, buyer, seller));
    for (const event of events) await tell(event);
    await tell(events[24]!);
    await tell(offerEvent('countered', listing, buyer, seller, { actor_id: seller.userId }));
    const { data } = await feedOf(listing);
    const amounts = events.map((event) => (event.data as { amount_cents: number }).amount_cents);
    expect(data.map(({ amount_cents }) => amount_cents)).toEqual(amounts.slice(5).reverse());
    const late = await connectTo(path(listing));
    const history = await late.next(({ type }) => type === 'offer:feed:history');
    expect((history.data as { events: unknown[] }).events).toHaveLength(20);
    await insideChannel(`listing:${listing.id}`, (innards) => {
      innards.now = () => Date.now() + HOUR_MS;
    });
    expect((await feedOf(listing)).data).toEqual([]);
  });

  it('forgets names when the lister takes them back', async () => {
    const [seller, buyer] = [await somebody(), await somebody()];
    const listing = await createListing(seller, { offer_feed: 'first_name' });
    await tell(offerEvent('created', listing, buyer, seller));
    expect((await feedOf(listing)).data).toMatchObject([{ buyer_name: buyer.username }]);
    const response = await request(`/api/v1/listings/${listing.id}`, {
      method: 'PATCH',
      token: seller.token,
      json: { offer_feed: 'anonymous' },
      headers: { 'If-Match': `"v${listing.version}"` },
    });
    expect(response.status).toBe(200);
    await allDone();
    expect(await feedOf(listing)).toMatchObject({ feed: 'anonymous', data: [] });
  });

  it('is followed over the line of a user, until the user has enough', async () => {
    const [seller, buyer] = [await somebody(), await somebody()];
    const listing = await createListing(seller, { offer_feed: 'anonymous' });
    await tell(offerEvent('created', listing, buyer, seller));
    const line = await device(await somebody());
    const history = await line.ask({ type: 'offer:feed:subscribe', listing_id: listing.id });
    expect(history).toMatchObject({ type: 'offer:feed:history', data: { topic: `listing:${listing.id}` } });
    expect((history.data as { events: unknown[] }).events).toHaveLength(1);
    await tell(offerEvent('created', listing, buyer, seller));
    await line.until(() => eventsOf(line).some(({ type }) => type === 'offer:feed:new'));
    expect(await line.ask({ type: 'offer:feed:unsubscribe', listing_id: listing.id })).toMatchObject({
      type: 'offer:feed:unsubscribed',
    });
    await tell(offerEvent('created', listing, buyer, seller));
    await heard(line);
    expect(eventsOf(line).filter(({ type }) => type === 'offer:feed:new')).toHaveLength(1);
  });

  it('of a listing that is not to be seen does not exist', async () => {
    const [seller, stranger] = [await somebody(), await somebody()];
    const draft = await createListing(seller, { status: 'draft' });
    for (const id of [draft.id, 'lst_none', 'x'.repeat(40)]) {
      const gone = { ...draft, id };
      expect(await refusalOf(await upgradeTo(path(gone)))).toBe('404 listing_not_found');
      expect(
        await refusalOf(await request(`/api/v1/listings/${id}/offer-feed`, { token: stranger.token })),
      ).toBe('404 listing_not_found');
      const line = await device(stranger);
      expect(await line.ask({ type: 'offer:feed:subscribe', listing_id: id })).toMatchObject({
        type: 'error',
        code: 'listing_not_found',
      });
    }
    expect(await refusalOf(await upgradeTo(path(draft), { Origin: 'https://evil.test' }))).toBe(
      '403 origin_not_allowed',
    );
  });

  it('takes no commands but signs of life', async () => {
    const seller = await somebody();
    const listing = await createListing(seller);
    const line = await connectTo(path(listing), seller.token);
    line.send({ type: 'offer:feed:new', data: {} });
    expect(await line.next(({ type }) => type === 'error')).toMatchObject({ code: 'validation_failed' });
    expect(await line.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong' });
  });
});

describe('offers on the lines of their parties', () => {
  it('are new to the seller, created to the buyer, and then move on for both; whoever answered is told so', async () => {
    const [seller, buyer, stranger] = [await somebody(), await somebody(), await somebody()];
    const listing = await createListing(seller);
    const [his, hers, theirs] = await Promise.all([device(seller), device(buyer), device(stranger)]);
    await tell(offerEvent('created', listing, buyer, seller));
    await tell(
      offerEvent('countered', listing, buyer, seller, { actor_id: seller.userId, status: 'countered' }),
    );
    await tell(offerEvent('declined', listing, buyer, seller, { status: 'declined' }));
    const expired = offerEvent('expired', listing, buyer, seller, { actor_id: null, status: 'expired' });
    await tell(expired);
    await tell(expired);
    const typesOf = async (socket: typeof his) =>
      (await heard(socket)).map(({ type }) => type).filter((type) => type.startsWith('offer:'));
    expect(await typesOf(his)).toEqual([
      'offer:new',
      'offer:updated',
      'offer:responded',
      'offer:updated',
      'offer:updated',
    ]);
    expect(await typesOf(hers)).toEqual([
      'offer:created',
      'offer:updated',
      'offer:updated',
      'offer:responded',
      'offer:updated',
    ]);
    expect(await typesOf(theirs)).toEqual([]);
    const declined = eventsOf(his).find(({ data }) => (data as { event?: string })?.event === 'declined');
    expect(declined).toMatchObject({ data: { event_alias: 'rejected', status: 'declined' } });
  });
});
