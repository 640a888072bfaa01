import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { listingViews } from '../../src/db/listings-schema.ts';
import { countView, forgetOldViews } from '../../src/features/listings/listing-views.usecases.ts';
import { getListing } from '../../src/features/listings/listings.usecases.ts';
import { request, signUp, type TestUser } from '../support/accounts.ts';
import { createListing, readListing } from '../support/listings.ts';

const { deps } = composeOnce(env);
const DAY_MS = 24 * 3_600_000;

let owner: TestUser;
let reader: TestUser;
beforeAll(async () => {
  [owner, reader] = await Promise.all([signUp('owner'), signUp('reader')]);
});

/** Views are counted after the answer, so the count is asked until it is there. */
const viewsBecome = (id: string, count: number) =>
  expect.poll(async () => (await readListing(id, owner.token)).views).toBe(count);

describe('views', () => {
  it('count once a day for a user and once for an address, whatever they send', async () => {
    const { id } = await createListing(owner);
    const read = (address: string, token?: string) =>
      request(`/api/v1/listings/${id}`, { token, headers: { 'CF-Connecting-IP': address } });
    await Promise.all(Array.from({ length: 5 }, () => read('192.0.2.1')));
    await viewsBecome(id, 1);
    await Promise.all(Array.from({ length: 5 }, (_, index) => read(`192.0.2.${10 + index}`, reader.token)));
    await viewsBecome(id, 2);
    await read('192.0.2.2');
    await viewsBecome(id, 3);
    await read('192.0.2.1', owner.token);
    await read('192.0.2.1');
    await viewsBecome(id, 3);
  });

  it('are doubled by no other isolate, and begin anew the day after', async () => {
    const { id } = await createListing(owner);
    const viewed = await getListing(deps, id, null);
    const count = (viewer: string, at = deps) => countView(at, viewed, viewer);
    const tomorrow = { ...deps, now: () => Date.now() + DAY_MS };
    await count('192.0.2.1');
    // Another isolate remembers nothing and tries to write it again.
    await deps.db.run(
      sql`insert or ignore into listing_views select * from listing_views where listing_id = ${id}`,
    );
    expect((await readListing(id, owner.token)).views).toBe(1);
    await count('192.0.2.1', tomorrow);
    expect((await readListing(id, owner.token)).views).toBe(2);
    await forgetOldViews(tomorrow);
    const left = await deps.db.select().from(listingViews).where(sql`listing_id = ${id}`);
    expect(left).toHaveLength(1);
    expect((await readListing(id, owner.token)).views).toBe(2);
  });

  it('do not touch the version that an editor goes by', async () => {
    const { id } = await createListing(owner);
    const tag = (await request(`/api/v1/listings/${id}`, { token: owner.token })).headers.get('ETag')!;
    await request(`/api/v1/listings/${id}`);
    await viewsBecome(id, 1);
    const edited = await request(`/api/v1/listings/${id}`, {
      method: 'PATCH',
      token: owner.token,
      json: { title: 'Seen once' },
      headers: { 'If-Match': tag },
    });
    expect(edited.status).toBe(200);
  });
});
