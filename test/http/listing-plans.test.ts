import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { createDb, type Db } from '../../src/db/client.ts';
import {
  countFacets,
  findListings,
  findOwn,
  type ListingFilter,
} from '../../src/features/listings/listing-search.repository.ts';
import { signUp } from '../support/accounts.ts';
import { createListing } from '../support/listings.ts';

const { deps } = composeOnce(env);
const BASE: ListingFilter = { status: 'active', nowMs: 0 };
const CATEGORIES = ['cat_0000000000000029', 'cat_0000000000000028'];

/** A database that writes down every query and how the planner goes about it. */
function watchedDb(): { db: Db; plans: () => Promise<string[]>; queries: () => number } {
  const seen: { text: string; values: unknown[] }[] = [];
  const watched = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'batch') return (statements: D1PreparedStatement[]) => target.batch(statements);
      if (name !== 'prepare') return Reflect.get(target, name) as unknown;
      return (text: string) => {
        const statement = target.prepare(text);
        const bind = statement.bind.bind(statement);
        return Object.assign(statement, {
          bind: (...values: unknown[]) => {
            seen.push({ text, values });
            return bind(...values);
          },
        });
      };
    },
  });
  return {
    db: createDb(watched),
    queries: () => seen.length,
    plans: async () => {
      const lines: string[] = [];
      for (const { text, values } of seen) {
        const { results } = await env.DB.prepare(`explain query plan ${text}`)
          .bind(...values)
          .all<{ detail: string }>();
        lines.push(...results.map(({ detail }) => detail));
      }
      return lines;
    },
  };
}

/** Reading a whole table that grows without end. */
const SCANS = /SCAN (listings|listing_tags|listing_photos|users)\b/;

beforeAll(async () => {
  const seller = await signUp('seller');
  await createListing(seller);
});

describe('a walk along an order', () => {
  it.each([
    ['newest', {}, 'listings_newest'],
    ['popular', {}, 'listings_popular'],
    ['price_asc', { currency: 'AED', conditions: ['good'] }, 'listings_price'],
    ['price_desc', { channel: 'discover', minPriceCents: 5 }, 'listings_price'],
    ['newest', { channel: 'community' }, 'listings_channel_newest'],
    ['popular', { channel: 'discover' }, 'listings_channel_popular'],
  ] as const)('by %s %o goes by its index and sorts nothing', async (sort, filter, index) => {
    for (const key of [null, [5, 5] as [number, number]]) {
      const { db, plans, queries } = watchedDb();
      await findListings(db, { ...BASE, ...filter }, sort, key, 21);
      const lines = await plans();
      expect(queries()).toBe(1);
      expect(lines.join('\n')).toContain(`USING INDEX ${index}`);
      // The page itself, at most a hundred rows, is put into order once more.
      expect(lines.filter((line) => line.includes('TEMP B-TREE')).length).toBeLessThanOrEqual(1);
      expect(lines.filter((line) => SCANS.test(line))).toEqual([]);
    }
  });
});

describe('a narrowed list', () => {
  it.each([
    ['of a category', { categoryIds: CATEGORIES }, 'listings_category'],
    ['of a seller', { sellerId: 'usr_0' }, 'listings_seller_status'],
    ['of a tag', { tags: ['oak'] }, 'sqlite_autoindex_listing_tags'],
    ['around a place', { near: { centre: { lat: 25, lon: 55 }, radiusM: 5_000 } }, 'listings_around'],
    ['of words', { expression: '"oak" *' }, 'VIRTUAL TABLE INDEX'],
  ] as const)('%s is found by its index, in as many queries whatever there is', async (_, filter, index) => {
    const { db, plans, queries } = watchedDb();
    await findListings(db, { ...BASE, ...filter }, 'newest', null, 21);
    const lines = await plans();
    expect(queries()).toBeLessThanOrEqual(2);
    expect(lines.join('\n')).toContain(index);
    expect(lines.filter((line) => SCANS.test(line))).toEqual([]);
  });

  it('has facets that scan no table', async () => {
    for (const filter of [
      {},
      { categoryIds: CATEGORIES },
      { sellerId: 'usr_0', channel: 'discover' as const },
      { expression: '"oak"' },
    ]) {
      const { db, plans, queries } = watchedDb();
      await countFacets(db, { ...BASE, ...filter });
      expect(queries()).toBeLessThanOrEqual(4);
      expect((await plans()).filter((line) => SCANS.test(line))).toEqual([]);
    }
  });
});

describe('one’s own listings', () => {
  it('go along the index of the seller', async () => {
    for (const status of [null, 'active', 'expired', 'draft'] as const) {
      const { db, plans } = watchedDb();
      await findOwn(db, 'usr_0', status, 0, [5, 5], 21);
      const lines = await plans();
      expect(lines.join('\n')).toContain('USING INDEX listings_seller (');
      expect(lines.filter((line) => line.includes('TEMP B-TREE') || SCANS.test(line))).toEqual([]);
    }
  });
});

it('finds the same whichever way it takes', async () => {
  const seller = await signUp('ways');
  for (let index = 0; index < 12; index += 1)
    await createListing(seller, {
      category_id: 'vinyl-records',
      price_cents: 100 * (index % 5),
      tags: ['jazz'],
    });
  const ids = async (filter: Partial<ListingFilter>, sort: 'newest' | 'price_asc') =>
    (await findListings(deps.db, { ...BASE, nowMs: Date.now(), ...filter }, sort, null, 50)).map(
      ({ listing }) => listing.id,
    );
  for (const sort of ['newest', 'price_asc'] as const) {
    const bySeller = await ids({ sellerId: seller.userId }, sort);
    expect(bySeller).toHaveLength(12);
    expect(await ids({ tags: ['jazz'] }, sort)).toEqual(bySeller);
    expect(await ids({ categoryIds: ['cat_0000000000000049'] }, sort)).toEqual(bySeller);
    expect(await ids({ minPriceCents: 0, maxPriceCents: 400 }, sort)).toEqual(bySeller);
  }
});
