import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderPng } from '../../scripts/demo/artwork.ts';
import { drawSoukItem } from '../../scripts/demo/souk-artwork.ts';
import { SOUK_ITEMS } from '../../scripts/demo/souk-items.ts';
import { DEMO_TRADERS } from '../../scripts/demo/traders.ts';
import { type SoukSeedOptions, seedSouk } from '../../scripts/seed-souk.ts';
import { NewListing } from '../../src/features/listings/listings.schemas.ts';

interface StalledListing {
  id: string;
  seller: string;
  status: string;
  title: string;
  photos: { alt: string; bytes: number }[];
  body: Record<string, unknown>;
}
interface Call {
  method: string;
  path: string;
  user: string;
  key: string | undefined;
}

/** The part of the API that sellers use, in memory. */
interface FakeSouk {
  url: string;
  listings: StalledListing[];
  calls: Call[];
  /** Refuses what it is told to. */
  isRefused: (call: Call) => boolean;
  close: () => Promise<unknown>;
}

function startFakeSouk(): Promise<FakeSouk> {
  const users = new Set<string>();
  const listings: StalledListing[] = [];
  const calls: Call[] = [];
  const remembered = new Map<string, [number, unknown]>();
  const tokens = (email: string) => ({ access_token: email, refresh_token: email, expires_in: 900 });

  function answer(call: Call, body: Buffer): [number, unknown] {
    const [noun, first, second] = call.path.split('?')[0]!.split('/').filter(Boolean);
    if (noun === 'auth') {
      const { email } = JSON.parse(body.toString()) as { email: string };
      if (first === 'register' && users.has(email)) return [409, { code: 'email_taken' }];
      users.add(email);
      return [first === 'register' ? 201 : 200, tokens(email)];
    }
    if (noun === 'me')
      return [200, { data: listings.filter(({ seller }) => seller === call.user), next_cursor: null }];
    if (first === undefined) {
      const facts = NewListing.parse(JSON.parse(body.toString()));
      const id = `lst_${listings.length}`;
      const { title, status } = facts;
      listings.push({ id, seller: call.user, status, title, photos: [], body: facts });
      return [201, { id }];
    }
    const listing = listings.find(({ id, seller }) => id === first && seller === call.user);
    if (!listing) return [404, { code: 'listing_not_found' }];
    if (second === undefined) return [200, listing];
    if (second === 'publish') listing.status = 'active';
    else
      listing.photos.push({
        alt: new URLSearchParams(call.path.split('?')[1]).get('alt')!,
        bytes: body.length,
      });
    return [second === 'publish' ? 200 : 201, listing];
  }

  const souk: FakeSouk = { url: '', listings, calls, isRefused: () => false, close: async () => undefined };
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call: Call = {
      method: request.method!,
      path: request.url!.slice('/api/v1'.length),
      user: request.headers.authorization?.slice('Bearer '.length) ?? '',
      key: request.headers['idempotency-key'] as string | undefined,
    };
    calls.push(call);
    const remember = `${call.user} ${call.key}`;
    const [status, body] = souk.isRefused(call)
      ? [403, { code: 'forbidden', detail: 'not now' }]
      : (remembered.get(remember) ?? answer(call, Buffer.concat(chunks)));
    if (call.user !== '' && call.key !== undefined && status < 400) remembered.set(remember, [status, body]);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  souk.close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      souk.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve(souk);
    });
  });
}

describe('the things in the souk', () => {
  it('are about forty, in many categories that exist, on both channels, in several places', () => {
    const migration = readFileSync(
      join(import.meta.dirname, '../../migrations/0016_listing_categories.sql'),
      'utf8',
    );
    const slugs = new Set(
      Array.from(migration.matchAll(/(?:NULL|'cat_\d+'), '([a-z-]+)'/g), ([, slug]) => slug),
    );
    expect(SOUK_ITEMS.length).toBeGreaterThanOrEqual(40);
    for (const { category } of SOUK_ITEMS) expect(slugs).toContain(category);
    expect(new Set(SOUK_ITEMS.map(({ category }) => category)).size).toBeGreaterThan(15);
    expect(new Set(SOUK_ITEMS.map(({ at }) => at)).size).toBeGreaterThan(10);
    expect(new Set(SOUK_ITEMS.map(({ seller }) => seller)).size).toBeGreaterThan(5);
    expect(new Set(SOUK_ITEMS.map(({ title }) => title)).size).toBe(SOUK_ITEMS.length);
    for (const { seller } of SOUK_ITEMS) expect(seller).toBeLessThan(2 + DEMO_TRADERS.length);
  });

  it('have pictures of each kind', async () => {
    for (const kind of new Set(SOUK_ITEMS.map((item) => item.kind))) {
      const { colors } = SOUK_ITEMS.find((item) => item.kind === kind)!;
      const [room, close] = [drawSoukItem(kind, colors, 'room'), drawSoukItem(kind, colors, 'close')];
      expect(room).not.toBe(close);
      expect((await renderPng(room)).length).toBeGreaterThan(5_000);
    }
  });
});

describe('filling the souk', () => {
  let souk: FakeSouk;
  beforeEach(async () => {
    souk = await startFakeSouk();
  });
  afterEach(() => souk.close());
  let told = '';
  const options = (): SoukSeedOptions => ({
    url: souk.url,
    items: 6,
    password: 'demo',
    output: { write: (text) => (told += text) },
  });

  it('puts everything up with its photos, by its seller, and says so', async () => {
    expect(await seedSouk(options())).toEqual({ listings: 6, photos: 12 });
    expect(souk.listings.map(({ title }) => title).sort()).toEqual(
      SOUK_ITEMS.slice(0, 6)
        .map(({ title }) => title)
        .sort(),
    );
    for (const { status, photos, title, seller } of souk.listings) {
      expect(status).toBe('active');
      expect(photos.map(({ alt }) => alt)).toEqual([`${title}, as it stands`, `${title}, from near`]);
      if (title === SOUK_ITEMS[0]!.title) expect(seller).toBe('alice@bourse.example');
    }
    const mutations = souk.calls.filter(({ method, path }) => method === 'POST' && !path.endsWith('/login'));
    expect(mutations.every(({ key }) => /^[\x21-\x7e]{1,128}$/.test(key ?? ''))).toBe(true);
    expect(told).toMatch(/listings: 6\n[\s\S]*6 put up with 12 photos/);
  });

  it('adds nothing the second time', async () => {
    await seedSouk(options());
    expect(await seedSouk(options())).toEqual({ listings: 0, photos: 0 });
    expect(souk.listings).toHaveLength(6);
  });

  it('goes on where it was interrupted', async () => {
    let photos = 0;
    souk.isRefused = ({ path }) => path.includes('/photos') && ++photos > 5;
    await expect(seedSouk(options())).rejects.toThrow('not now');
    souk.isRefused = () => false;
    await seedSouk(options());
    expect(souk.listings).toHaveLength(6);
    for (const listing of souk.listings) {
      expect(listing.photos).toHaveLength(2);
      expect(listing.status).toBe('active');
    }
  });

  it('leaves alone what a seller has paused or sold', async () => {
    await seedSouk(options());
    souk.listings[0]!.status = 'sold';
    souk.listings[1]!.status = 'paused';
    await seedSouk(options());
    expect(souk.listings.map(({ status }) => status).slice(0, 2)).toEqual(['sold', 'paused']);
    expect(souk.listings).toHaveLength(6);
  });
});
