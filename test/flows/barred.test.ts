/** What becomes of the souk around somebody who is suspended or banned, and of what a moderator has hidden. */
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { offers } from '../../src/db/offers-schema.ts';
import { strikes } from '../../src/db/orders-schema.ts';
import { carryOutStanding } from '../../src/features/moderation/moderation.effects.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import { device } from '../support/channels.ts';
import { chatDevice, newPair, say } from '../support/conversations.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing } from '../support/listings.ts';
import { answered, listed, offer, offered, readListing, readOffer } from '../support/offers.ts';

let admin: TestUser;
let moderator: TestUser;
let people = 0;

const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`barred-${people}`);
};
async function bar(user: TestUser, action: 'suspend' | 'ban'): Promise<void> {
  const answer = await request(`/api/v1/admin/users/${user.userId}/moderation`, {
    token: admin.token,
    json: {
      action,
      severity: 3,
      reason: 'A test',
      ...(action === 'suspend' ? { duration_hours: 24 } : {}),
    },
  });
  expect(answer.status).toBe(201);
  await allDone();
}
const stateOf = async ({ id }: { id: string }) =>
  (await deps.db.select().from(offers).where(eq(offers.id, id)))[0]!;

beforeAll(async () => {
  [admin, moderator] = await Promise.all([signUpAdmin('barred-admin'), signUp('barred-mod', 'moderator')]);
});

describe('the offers of somebody who is barred', () => {
  for (const action of ['suspend', 'ban'] as const)
    it(`end with the ${action}, on both sides of the table, and those of others stay`, async () => {
      const [barred, other, third] = [await somebody(), await somebody(), await somebody()];
      const [theirs, others] = [await listed(barred), await listed(other)];
      const made = await offered(barred, others);
      await answered(made, 'counter', other, { price_cents: 45_000 });
      const got = await offered(other, theirs);
      const rival = await offered(third, others, { price_cents: 30_000 });
      await bar(barred, action);
      for (const ended of [made, got]) {
        expect(await readOffer(ended, other)).toMatchObject({ status: 'admin_ended', allowed_actions: [] });
        expect((await readOffer(ended, other)).history.at(-1)).toMatchObject({ action: 'end' });
      }
      expect(await readOffer(rival, third)).toMatchObject({ status: 'pending', is_frozen: false });
      const { version } = await stateOf(made);
      await carryOutStanding(deps, barred.userId, 'again');
      expect((await stateOf(made)).version).toBe(version);
      expect(await refusalOf(await offer(third, theirs))).toBe('404 listing_not_found');
    });

  it('that were accepted and never paid give the listing back, and the rivals go on', async () => {
    const [barred, seller, third] = [await somebody(), await somebody(), await somebody()];
    const listing = await listed(seller);
    const rival = await offered(third, listing, { price_cents: 30_000 });
    const made = await answered(await offered(barred, listing), 'accept', seller);
    expect(await readOffer(rival, third)).toMatchObject({ is_frozen: true });
    await bar(barred, 'suspend');
    expect(await readListing(listing.id)).toMatchObject({ status: 'active', reservedFor: null });
    expect(await readOffer(made, seller)).toMatchObject({ status: 'lapsed' });
    expect(await readOffer(rival, third)).toMatchObject({ status: 'pending', is_frozen: false });
    // It was the house that stopped the payment: nobody bears a mark for it.
    expect(await deps.db.select().from(strikes).where(eq(strikes.orderId, made.order_id!))).toEqual([]);
    expect(await answered(rival, 'accept', seller)).toMatchObject({ status: 'accepted' });
  });

  it('stay when somebody is only warned', async () => {
    const [warned, seller] = [await somebody(), await somebody()];
    const made = await offered(warned, await listed(seller));
    await request(`/api/v1/admin/users/${warned.userId}/moderation`, {
      token: admin.token,
      json: { action: 'warning', severity: 1, reason: 'Be kind' },
    });
    await allDone();
    expect(await readOffer(made, seller)).toMatchObject({ status: 'pending' });
  });
});

describe('the lines of somebody who is barred', () => {
  it('close by themselves with the next thing that they would have told', async () => {
    const pair = await newPair();
    const [line, chat] = [await device(pair.ann), await chatDevice(pair, pair.ann)];
    const his = await chatDevice(pair, pair.ben);
    await bar(pair.ann, 'suspend');
    await say(pair, pair.ben, 'Are you there?');
    for (const socket of [line, chat]) {
      await socket.until(() => socket.closedWith !== null);
      expect(socket.closedWith).toMatchObject({ code: 4401 });
    }
    expect(JSON.stringify(chat.frames)).not.toContain('Are you there?');
    expect(his.closedWith).toBeNull();
    const refused = await request('/api/v1/me', { token: pair.ann.token });
    expect(await refusalOf(refused)).toBe('403 account_suspended');
  });
});

describe('a listing that is taken out of sight', () => {
  const NEARBY = {
    channel: 'community',
    location: { lat: 25, lng: 55, neighborhood: 'Marina', city: 'Dubai' },
  };
  let reader: TestUser;
  let seller: TestUser;

  const read = async (path: string, user?: TestUser): Promise<string> => {
    const response = await request(`/api/v1${path}`, { token: user?.token });
    expect(response.status, path).toBe(200);
    return response.text();
  };
  /** Where somebody else could come upon it. */
  const PLACES = [
    '/listings',
    '/listings?q=quince',
    '/search?q=quince',
    '/search?q=quince&type=listings',
    '/search/suggestions?q=quin',
    '/recommendations/listings?limit=50',
    '/me/feed',
  ];
  async function seenIn(id: string, title: string, channel: string): Promise<string[]> {
    const feed = channel === 'community' ? '/feed/community?lat=25&lng=55' : '/feed/discover';
    const seen: string[] = [];
    for (const place of [...PLACES, feed, `/users/${seller.userId}/listings`])
      for (const user of place.startsWith('/me/') ? [reader] : [undefined, reader]) {
        const text = await read(place, user);
        if (text.includes(id) || text.toLowerCase().includes(title.toLowerCase())) seen.push(place);
      }
    return [...new Set(seen)];
  }
  async function favourite(id: string): Promise<unknown> {
    const { data } = JSON.parse(await read('/me/favourites', reader)) as {
      data: { listing_id: string; listing: unknown }[];
    };
    return data.find(({ listing_id }) => listing_id === id)?.listing;
  }

  beforeAll(async () => {
    [reader, seller] = await Promise.all([somebody(), signUp('barred-seller', 'verified_seller')]);
    await request(`/api/v1/users/${seller.userId}/follow`, { method: 'PUT', token: reader.token });
  });

  const HIDINGS: Record<string, (id: string) => Promise<unknown>> = {
    'by a moderator': (id) =>
      request(`/api/v1/admin/listings/${id}/remove`, { token: moderator.token, json: { reason: 'A fake' } }),
    'by the reports of many': async (id) => {
      for (let count = 0; count < 4; count += 1)
        await request('/api/v1/reports', {
          token: (await somebody()).token,
          json: { target_type: 'listing', target_id: id, reason: 'counterfeit' },
        });
    },
  };

  for (const [how, hide] of Object.entries(HIDINGS))
    for (const channel of ['discover', 'community'])
      it(`${how} is found nowhere any more (${channel}), and again once it is restored`, async () => {
        const title = `Quince ${how.replaceAll(' ', '-')} ${channel}`;
        const { id } = await createListing(seller, { title, ...(channel === 'community' ? NEARBY : {}) });
        await request(`/api/v1/listings/${id}/favourite`, { method: 'PUT', token: reader.token });
        await allDone();
        const before = await seenIn(id, title, channel);
        // What it was never in proves nothing.
        expect(before).toEqual(
          expect.arrayContaining(['/listings', '/listings?q=quince', '/search?q=quince', '/me/feed']),
        );
        expect(before).toContain(
          channel === 'community' ? '/feed/community?lat=25&lng=55' : '/feed/discover',
        );
        expect(before).toContain('/recommendations/listings?limit=50');
        expect(await favourite(id)).toMatchObject({ id });

        await hide(id);
        await allDone();
        expect(await seenIn(id, title, channel)).toEqual([]);
        expect(await favourite(id)).toBeNull();
        for (const user of [undefined, reader])
          expect(await refusalOf(await request(`/api/v1/listings/${id}`, { token: user?.token }))).toBe(
            '404 listing_not_found',
          );
        expect(await refusalOf(await offer(reader, { id }))).toMatch(/^40[49] /);

        const restored = await request(`/api/v1/admin/listings/${id}/restore`, {
          token: moderator.token,
          json: { reason: 'It was real' },
        });
        expect(await bodyOf(restored)).toMatchObject({ status: 'active' });
        await allDone();
        expect((await seenIn(id, title, channel)).sort()).toEqual(before.sort());
        expect(await favourite(id)).toMatchObject({ id });
      });
});
