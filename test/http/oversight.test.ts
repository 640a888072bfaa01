import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { projected } from '../support/book-object.ts';
import { createBook, placed } from '../support/books.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import { createListing } from '../support/listings.ts';

interface Overseen {
  id: string;
  status: string;
  channel: string;
  removed_from: string | null;
  removed_reason: string | null;
  allowed_actions: string[];
}
interface Book {
  product: { id: string };
  size: { id: string };
  status: string;
}

let admin: TestUser;
let moderator: TestUser;

beforeAll(async () => {
  [admin, moderator] = await Promise.all([signUpAdmin('ovs-admin'), signUp('ovs-moderator', 'moderator')]);
});

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

describe('the listings of everybody', () => {
  const act = (id: string, action: string, reason: string) =>
    request(`/api/v1/admin/listings/${id}/${action}`, { token: moderator.token, json: { reason } });
  const list = (query: string) =>
    readAll<Overseen>(`/api/v1/admin/listings?limit=2${query}`, moderator.token);

  it('are listed in every state, by state, seller and channel, without gaps', async () => {
    const [ann, ben] = await Promise.all([signUp('ovs-ann'), signUp('ovs-ben', 'verified_seller')]);
    const draft = await createListing(ann, { status: 'draft' });
    const near = await createListing(ann, {
      channel: 'community',
      location: { lat: 25, lng: 55, neighborhood: 'Marina', city: 'Dubai' },
    });
    const [one, two] = [await createListing(ben), await createListing(ben)];
    await act(two.id, 'remove', 'A fake');

    const all = await list('');
    expect(idsOf(all)).toEqual(expect.arrayContaining([draft.id, near.id, one.id, two.id]));
    expect(new Set(idsOf(all)).size).toBe(all.length);
    expect(idsOf(await list(`&seller_id=${ann.userId}`))).toEqual([near.id, draft.id]);
    expect(idsOf(await list(`&seller_id=${ann.userId}&status=draft`))).toEqual([draft.id]);
    expect(idsOf(await list('&channel=community'))).toEqual([near.id]);
    expect(idsOf(await list('&channel=discover&status=active'))).toEqual([one.id]);
    expect(await list('&status=removed')).toMatchObject([
      { id: two.id, removed_from: 'active', removed_reason: 'A fake', allowed_actions: ['restore'] },
    ]);
    expect((await act(two.id, 'restore', 'It was real')).status).toBe(200);
    expect(await list('&status=removed')).toEqual([]);
    const [entry] = await readAll<{ before: unknown; after: unknown; reason: string }>(
      `/api/v1/admin/audit?target_type=listing&target_id=${two.id}`,
      admin.token,
    );
    expect(entry).toMatchObject({
      action: 'listing_restored',
      actor_id: moderator.userId,
      before: { status: 'removed' },
      after: { status: 'active' },
      reason: 'It was real',
    });
  });

  it('are removed by one of two moderators at one moment', async () => {
    const { id } = await createListing(await signUp('ovs-raced'));
    const answers = await Promise.all(['one', 'two', 'three'].map((reason) => act(id, 'remove', reason)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const log = await readAll(`/api/v1/admin/audit?target_type=listing&target_id=${id}`, admin.token);
    expect(log).toHaveLength(1);
  });

  it('are shown to and touched by moderators alone, and take no bad input', async () => {
    const user = await signUp('ovs-user');
    const { id } = await createListing(user);
    const path = '/api/v1/admin/listings';
    expect(await refusalOf(await request(path))).toBe('401 unauthenticated');
    for (const query of ['?status=lost', '?channel=x', `?seller_id=${'x'.repeat(41)}`, '?limit=1000'])
      expect(await refusalOf(await request(path + query, { token: moderator.token })), query).toBe(
        '422 validation_failed',
      );
    expect(await refusalOf(await request(`${path}?cursor=x`, { token: moderator.token }))).toBe(
      '422 invalid_cursor',
    );
    expect(await refusalOf(await request(path, { token: user.token }))).toBe('403 forbidden');
    for (const reason of [undefined, ' ', 'x'.repeat(501)])
      expect(
        await refusalOf(await request(`${path}/${id}/remove`, { token: moderator.token, json: { reason } })),
      ).toBe('422 validation_failed');
    expect(await refusalOf(await act('lst_0000000000000000', 'remove', 'x'))).toBe('404 listing_not_found');
    expect(await refusalOf(await act(id, 'restore', 'x'))).toBe('409 invalid_transition');
  });
});

describe('the books', () => {
  const list = (query: string) => readAll<Book>(`/api/v1/admin/books?limit=2${query}`, admin.token);

  it('are listed with their rules and what rests in them, by product and status, without gaps', async () => {
    const books = [await createBook(), await createBook(), await createBook()];
    const [open, halted] = books as [(typeof books)[0], (typeof books)[0]];
    const trader = await signUp('ovs-trader');
    await placed(open, trader, 'bid', { price_cents: 9_000 });
    await placed(open, trader, 'bid', { price_cents: 9_500 });
    await placed(open, trader, 'ask', { price_cents: 12_000 });
    await projected(open);
    await request(`/api/v1/admin/market/${halted.productId}/${halted.sizeId}`, {
      method: 'PATCH',
      token: admin.token,
      json: { status: 'halted', reason: 'A wrong picture' },
    });
    const all = await list('');
    const sizes = all.map(({ size }) => size.id);
    expect(sizes).toEqual(expect.arrayContaining(books.map(({ sizeId }) => sizeId)));
    expect(new Set(sizes).size).toBe(all.length);
    expect(await list('&status=halted')).toMatchObject([{ size: { id: halted.sizeId }, status: 'halted' }]);
    expect(await list(`&product_id=${open.productId}`)).toMatchObject([
      {
        product: { id: open.productId },
        size: { id: open.sizeId },
        status: 'open',
        is_in_force: true,
        open_bids: 2,
        open_asks: 1,
        highest_bid_cents: 9_500,
        lowest_ask_cents: 12_000,
      },
    ]);
    expect(await list(`&product_id=${halted.productId}&status=open`)).toEqual([]);
  });

  it('are for those who run the market', async () => {
    expect(await refusalOf(await request('/api/v1/admin/books'))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/admin/books', { token: moderator.token }))).toBe(
      '403 forbidden',
    );
    for (const query of ['status=shut', 'cursor=x', `product_id=${'x'.repeat(41)}`])
      expect((await request(`/api/v1/admin/books?${query}`, { token: admin.token })).status, query).toBe(422);
    const page = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/admin/books?product_id=prd_0000000000000000', { token: admin.token }),
    );
    expect(page.data).toEqual([]);
  });
});
