import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { sizes } from '../../src/db/schema.ts';
import { loadBookConfigs, syncBooks, syncStaleBooks } from '../../src/features/catalog/book-config.ts';
import type { BookConfig } from '../../src/platform/books/books.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import {
  createProduct,
  createSize,
  readAll,
  refusalOf,
  type TestPage,
  type TestProduct,
  type TestSize,
} from '../support/catalog.ts';

interface Movement {
  kind: string;
  quantity: number;
  quantity_before: number;
  quantity_after: number;
  reserved_before: number;
  reserved_after: number;
  actor_id: string;
}

const { deps } = composeOnce(env);
let admin: TestUser;
let user: TestUser;
let product: TestProduct;
let labels = 0;
beforeAll(async () => {
  admin = await signUpAdmin();
  user = await signUp('reader');
  product = await createProduct(admin.token);
});

const newSize = (facts: Record<string, unknown> = {}): Promise<TestSize> => {
  labels += 1;
  return createSize(admin.token, product.id, { label: `L${labels}`, ...facts });
};
const move = (sizeId: string, kind: string, quantity: unknown, rest: Record<string, unknown> = {}) =>
  request(`/api/v1/sizes/${sizeId}/inventory`, { token: admin.token, json: { kind, quantity, ...rest } });
const patch = (id: string, json: unknown, ifMatch?: string, token = admin.token) =>
  request(`/api/v1/sizes/${id}`, {
    method: 'PATCH',
    token,
    json,
    headers: ifMatch === undefined ? {} : { 'If-Match': ifMatch },
  });
const trail = (sizeId: string, limit = 100) =>
  readAll<Movement>(`/api/v1/sizes/${sizeId}/inventory?limit=${limit}`, admin.token);
const stockOf = async (sizeId: string) => {
  const { quantity, reserved, available } = await bodyOf<TestSize>(await request(`/api/v1/sizes/${sizeId}`));
  return { quantity, reserved, available };
};

describe('a size', () => {
  it('is added with its stock and shown with its product', async () => {
    const { id } = await createProduct(admin.token, { currency: 'EUR' });
    await createSize(admin.token, id, { label: '9', quantity: 2, tick_cents: 500 });
    await createSize(admin.token, id, { label: '8.5' });
    await createSize(admin.token, id, { label: '7', sort_order: -1 });
    const { sizes: shown } = await bodyOf<TestProduct>(await request(`/api/v1/products/${id}`));
    expect(shown.map((size) => [size.label, size.sort_order])).toEqual([
      ['7', -1],
      ['9', 0],
      ['8.5', 1],
    ]);
    expect(shown[1]).toMatchObject({
      quantity: 2,
      reserved: 0,
      available: 2,
      tick_cents: 500,
      currency: 'EUR',
      product_id: id,
    });
  });

  it('is one of its label in its product, whatever the case', async () => {
    await newSize({ label: '10w' });
    const again = await request(`/api/v1/products/${product.id}/sizes`, {
      token: admin.token,
      json: { label: '10W' },
    });
    expect(await refusalOf(again)).toBe('409 size_taken');
  });

  it('needs a product, an admin and sane values', async () => {
    const add = (token: string | undefined, json: unknown, id = product.id) =>
      request(`/api/v1/products/${id}/sizes`, { token, json });
    expect(await refusalOf(await add(admin.token, { label: '1' }, 'prd_0000000000000000'))).toBe(
      '404 product_not_found',
    );
    expect(await refusalOf(await add(undefined, { label: '1' }))).toBe('401 unauthenticated');
    expect(await refusalOf(await add(user.token, { label: '1' }))).toBe('403 forbidden');
    for (const wrong of [
      { label: '' },
      { label: 'x'.repeat(21) },
      { tick_cents: 0 },
      { tick_cents: 1_000_001 },
      { quantity: -1 },
      { quantity: 1.5 },
      { status: 'open' },
    ]) {
      expect(await refusalOf(await add(admin.token, { label: 'bad', ...wrong }))).toBe(
        '422 validation_failed',
      );
    }
  });

  it('is listed as available while a unit of it is not reserved (SN-12)', async () => {
    const { id } = await createProduct(admin.token);
    await createSize(admin.token, id, { label: '1' });
    await createSize(admin.token, id, { label: '2', quantity: 1 });
    const reserved = await createSize(admin.token, id, { label: '3', quantity: 1 });
    await move(reserved.id, 'reservation', 1);
    const listed = async (query: string) =>
      (await bodyOf<TestPage<TestSize>>(await request(`/api/v1/products/${id}/sizes${query}`))).data.map(
        (size) => size.label,
      );
    expect(await listed('')).toEqual(['1', '2', '3']);
    expect(await listed('?available=true')).toEqual(['2']);
  });

  it('is edited against a version; of two editors one wins', async () => {
    const { id } = await newSize();
    const read = await request(`/api/v1/sizes/${id}`);
    const tag = read.headers.get('ETag')!;
    expect((await request(`/api/v1/sizes/${id}`, { headers: { 'If-None-Match': tag } })).status).toBe(304);
    expect(await refusalOf(await patch(id, { tick_cents: 5 }))).toBe('428 precondition_required');
    expect(await refusalOf(await patch(id, {}, tag))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, { tick_cents: 5 }, tag, user.token))).toBe('403 forbidden');
    expect(await refusalOf(await patch('siz_0000000000000000', { tick_cents: 5 }, '*'))).toBe(
      '404 size_not_found',
    );
    const answers = await Promise.all([5, 10].map((tick_cents) => patch(id, { tick_cents }, tag)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412]);
    expect((await patch(id, { sort_order: 7 }, '*')).status).toBe(200);
  });
});

describe('stock', () => {
  it('moves with an audit row for each movement (SN-10)', async () => {
    const { id } = await newSize({ quantity: 10 });
    const answer = await move(id, 'reservation', 4, { reference: 'ord_1', reason: 'a sale' });
    expect(answer.status).toBe(201);
    expect(await bodyOf(answer)).toMatchObject({
      size_id: id,
      kind: 'reservation',
      quantity: 4,
      quantity_before: 10,
      quantity_after: 10,
      reserved_before: 0,
      reserved_after: 4,
      reference: 'ord_1',
      reason: 'a sale',
      actor_id: admin.userId,
    });
    await move(id, 'removal', 6);
    await move(id, 'release', 1);
    await move(id, 'addition', 3);
    expect(await stockOf(id)).toEqual({ quantity: 7, reserved: 3, available: 4 });
    const rows = await trail(id);
    expect(rows.map((row) => row.kind)).toEqual([
      'addition',
      'release',
      'removal',
      'reservation',
      'addition',
    ]);
    expect(await trail(id, 2)).toEqual(rows);
    for (const [index, row] of rows.slice(0, -1).entries()) {
      const before = rows[index + 1]!;
      expect([row.quantity_before, row.reserved_before]).toEqual([
        before.quantity_after,
        before.reserved_after,
      ]);
    }
    expect(rows.at(-1)).toMatchObject({ quantity_before: 0, quantity_after: 10 });
  });

  it.each([
    ['removal', 4, 'insufficient_stock'],
    ['reservation', 4, 'insufficient_stock'],
    ['release', 3, 'insufficient_reservation'],
  ])('refuses a %s that does not fit (SN-09)', async (kind, quantity, code) => {
    const { id } = await newSize({ quantity: 5 });
    await move(id, 'reservation', 2);
    expect(await refusalOf(await move(id, kind, quantity))).toBe(`409 ${code}`);
    expect(await stockOf(id)).toEqual({ quantity: 5, reserved: 2, available: 3 });
    expect(await trail(id)).toHaveLength(2);
    expect((await move(id, kind, quantity - 1)).status).toBe(201);
  });

  it('of 10 units goes to exactly 10 of 50 reservations at once', async () => {
    const { id } = await newSize({ quantity: 10 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => move(id, 'reservation', 1)));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(10);
    expect(statuses.filter((status) => status === 409)).toHaveLength(40);
    expect(await stockOf(id)).toEqual({ quantity: 10, reserved: 10, available: 0 });
    const reserved = (await trail(id))
      .filter((row) => row.kind === 'reservation')
      .map((row) => row.reserved_after);
    expect(reserved).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it.each([
    ['addition', 0],
    ['addition', 1_000_001],
    ['addition', 1.5],
    ['addition', '1'],
    ['sale', 1],
    ['theft', 1],
  ])('refuses %s of %j', async (kind, quantity) => {
    const { id } = await newSize();
    expect(await refusalOf(await move(id, kind, quantity))).toBe('422 validation_failed');
    expect(await trail(id)).toEqual([]);
  });

  it('is moved and audited by admins only', async () => {
    const { id } = await newSize({ quantity: 1 });
    const path = `/api/v1/sizes/${id}/inventory`;
    const json = { kind: 'removal', quantity: 1 };
    expect(await refusalOf(await request(path, { json }))).toBe('401 unauthenticated');
    expect(await refusalOf(await request(path, { json, token: user.token }))).toBe('403 forbidden');
    expect(await refusalOf(await request(path))).toBe('401 unauthenticated');
    expect(await refusalOf(await request(path, { token: user.token }))).toBe('403 forbidden');
    expect(await refusalOf(await move('siz_0000000000000000', 'addition', 1))).toBe('404 size_not_found');
    expect(await stockOf(id)).toMatchObject({ quantity: 1 });
  });

  it('moves once when the request is repeated under one key', async () => {
    const { id } = await newSize({ quantity: 1 });
    const send = () =>
      request(`/api/v1/sizes/${id}/inventory`, {
        token: admin.token,
        json: { kind: 'addition', quantity: 2 },
        headers: { 'Idempotency-Key': 'move-once' },
      });
    const first = await bodyOf(await send());
    expect(await bodyOf(await send())).toEqual(first);
    expect(await stockOf(id)).toMatchObject({ quantity: 3 });
  });
});

describe('the configuration of a book', () => {
  const versions = async (id: string) => {
    const [row] = await deps.db.select().from(sizes).where(eq(sizes.id, id));
    return { version: row!.configVersion, synced: row!.configSynced };
  };
  /** Books that remember what they were told, or cannot be reached. */
  const withBooks = (configure: (config: BookConfig) => Promise<void>) => ({
    ...deps,
    books: { ...deps.books, configure },
  });

  it('says what the book must know, with the fees of its currency', async () => {
    const { id: productId } = await createProduct(admin.token, {
      name: 'Euro',
      currency: 'EUR',
      retail_price_cents: 9_900,
    });
    const { id } = await createSize(admin.token, productId, { label: '42', tick_cents: 100 });
    expect(await loadBookConfigs(deps, [id, 'siz_0000000000000000'])).toEqual([
      {
        version: 1,
        sizeId: id,
        productId,
        productName: 'Euro',
        sizeLabel: '42',
        currency: 'EUR',
        retailCents: 9_900,
        hidden: false,
        tickCents: 100,
        status: 'open',
        priceRule: 'ask',
        selfTrade: 'cancel_newest',
        collarFactor: 5,
        maxOpenOrdersPerUser: deps.config.MAX_OPEN_ORDERS_PER_BOOK,
        fees: [{ id: 'fee_match_eur', buyerBps: 500, sellerBps: 400, minimumCents: 0, validFromMs: 0 }],
      },
    ]);
  });

  it('is pushed when a size is added and when what the book must know changes, and only then', async () => {
    const { id: productId } = await createProduct(admin.token);
    const { id } = await createSize(admin.token, productId);
    expect(await versions(id)).toEqual({ version: 1, synced: 1 });
    const edit = (json: unknown) =>
      request(`/api/v1/products/${productId}`, {
        method: 'PATCH',
        token: admin.token,
        json,
        headers: { 'If-Match': '*' },
      });
    await edit({ description: 'A shoe', featured: true, name: 'Court Classic' });
    await patch(id, { sort_order: 3 }, '*');
    expect(await versions(id)).toEqual({ version: 1, synced: 1 });
    await patch(id, { tick_cents: 10 }, '*');
    await edit({ name: 'Other' });
    await edit({ retail_price_cents: 1 });
    await edit({ hidden: true });
    expect(await versions(id)).toEqual({ version: 5, synced: 5 });
  });

  it('that a book missed is brought to it by the sweep', async () => {
    const { id } = await newSize();
    await deps.db.update(sizes).set({ configVersion: 2 }).where(eq(sizes.id, id));
    const unreachable = withBooks(() => Promise.reject(new Error('out of reach')));
    expect(await syncBooks({ ...unreachable, log: { ...deps.log, warn: () => {} } }, [id])).toBe(0);
    expect(await versions(id)).toEqual({ version: 2, synced: 1 });
    const told: BookConfig[] = [];
    const reachable = withBooks(async (config) => {
      told.push(config);
    });
    expect(await syncStaleBooks(reachable, 100)).toBe(1);
    expect(told.map((config) => [config.sizeId, config.version])).toEqual([[id, 2]]);
    expect(await versions(id)).toEqual({ version: 2, synced: 2 });
    expect(await syncStaleBooks(reachable, 100)).toBe(0);
  });

  it('that was pushed late does not hide a newer one', async () => {
    const { id } = await newSize();
    const slow = withBooks(async () => {
      await deps.db.update(sizes).set({ configVersion: 3 }).where(eq(sizes.id, id));
    });
    await syncBooks(slow, [id]);
    expect(await versions(id)).toEqual({ version: 3, synced: 1 });
  });
});
