import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import {
  createProduct,
  createSize,
  readAll,
  refusalOf,
  type TestPage,
  type TestProduct,
} from '../support/catalog.ts';

const FACTS = {
  name: 'Air Jordan 1 Retro High OG',
  sku: '555088-001',
  brand: 'Jordan',
  model: 'Air Jordan 1 High',
  category: 'basketball',
  retail_price_cents: 16_000,
  currency: 'USD',
};

let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  admin = await signUpAdmin();
  user = await signUp('reader');
});

const patch = (id: string, json: unknown, ifMatch?: string) =>
  request(`/api/v1/products/${id}`, {
    method: 'PATCH',
    token: admin.token,
    json,
    headers: ifMatch === undefined ? {} : { 'If-Match': ifMatch },
  });

describe('a product', () => {
  it('is added by an admin and read by anyone', async () => {
    const created = await request('/api/v1/products', {
      token: admin.token,
      json: { ...FACTS, name: `  ${FACTS.name} `, colorway: 'Bred', release_date: '2016-09-03' },
    });
    expect(created.status).toBe(201);
    const product = await bodyOf<TestProduct>(created.clone());
    expect(created.headers.get('Location')).toBe(`/api/v1/products/${product.id}`);
    expect(product).toMatchObject({
      ...FACTS,
      colorway: 'Bred',
      release_date: '2016-09-03',
      sizes: [],
      images: [],
    });
    expect(product.id).toMatch(/^prd_[0-9a-z]{16}$/);
    expect(await bodyOf(await request(`/api/v1/products/${product.id}`))).toEqual(await bodyOf(created));
  });

  it('has a SKU of its own, whatever the case', async () => {
    await createProduct(admin.token, { sku: 'Bb1234' });
    const again = await request('/api/v1/products', {
      token: admin.token,
      json: { ...FACTS, sku: 'bB1234' },
    });
    expect(await refusalOf(again)).toBe('409 sku_taken');
  });

  it('is written by admins only', async () => {
    expect(await refusalOf(await request('/api/v1/products', { json: FACTS }))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/products', { json: FACTS, token: user.token }))).toBe(
      '403 forbidden',
    );
    const { id } = await createProduct(admin.token);
    const edit = await request(`/api/v1/products/${id}`, {
      method: 'PATCH',
      token: user.token,
      json: { name: 'Mine' },
    });
    expect(await refusalOf(edit)).toBe('403 forbidden');
  });

  it.each([
    ['a blank name', { name: '   ' }, '/name'],
    ['a name of 201 characters', { name: 'x'.repeat(201) }, '/name'],
    ['a name with a control character', { name: 'a\u0000b' }, '/name'],
    ['a SKU of 65 characters', { sku: 'x'.repeat(65) }, '/sku'],
    ['a price of zero', { retail_price_cents: 0 }, '/retail_price_cents'],
    ['a negative price', { retail_price_cents: -1 }, '/retail_price_cents'],
    ['a fractional price', { retail_price_cents: 1.5 }, '/retail_price_cents'],
    ['a price above 10^12', { retail_price_cents: 1_000_000_000_001 }, '/retail_price_cents'],
    ['a price of 2^53', { retail_price_cents: 2 ** 53 }, '/retail_price_cents'],
    ['a price in a string', { retail_price_cents: '16000' }, '/retail_price_cents'],
    ['a currency nobody trades in', { currency: 'XXX' }, '/currency'],
    ['a day that does not exist', { release_date: '2017-02-29' }, '/release_date'],
    ['a field nobody knows', { price: 1 }, '/price'],
  ])('is refused with %s', async (_what, wrong, pointer) => {
    const response = await request('/api/v1/products', {
      token: admin.token,
      json: { ...FACTS, sku: 'BAD', ...wrong },
    });
    expect(response.status).toBe(422);
    const body = await bodyOf<{ code: string; errors: { pointer: string }[] }>(response);
    expect(body.code).toBe('validation_failed');
    expect(body.errors.map((error) => error.pointer)).toContain(pointer);
    const stored = await bodyOf<TestPage<TestProduct>>(await request('/api/v1/products?sku=BAD'));
    expect(stored.data).toEqual([]);
  });

  it.each([
    ['broken JSON', '{"name":', 'application/json', '400 malformed_json'],
    ['a list', '[]', 'application/json', '422 validation_failed'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded', '415 unsupported_media_type'],
    ['a megabyte', `{"name":"${'x'.repeat(1_000_000)}"}`, 'application/json', '413 body_too_large'],
  ])('is refused as %s', async (_what, body, type, refusal) => {
    const response = await request('/api/v1/products', {
      token: admin.token,
      body,
      headers: { 'Content-Type': type },
    });
    expect(await refusalOf(response)).toBe(refusal);
  });

  it('is added once when the request is repeated under one key', async () => {
    const send = (json: unknown) =>
      request('/api/v1/products', { token: admin.token, json, headers: { 'Idempotency-Key': 'add-once' } });
    const first = await send({ ...FACTS, sku: 'ONCE' });
    const second = await send({ ...FACTS, sku: 'ONCE' });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await bodyOf(second)).toEqual(await bodyOf(first));
    expect(await refusalOf(await send({ ...FACTS, sku: 'TWICE' }))).toBe('422 idempotency_key_reused');
  });

  it('that nobody knows is a 404', async () => {
    expect(await refusalOf(await request('/api/v1/products/prd_0000000000000000'))).toBe(
      '404 product_not_found',
    );
    expect(await refusalOf(await patch('prd_0000000000000000', { name: 'x' }, '*'))).toBe(
      '404 product_not_found',
    );
  });
});

describe('an edit', () => {
  it('needs the version it was made against', async () => {
    const { id } = await createProduct(admin.token);
    expect(await refusalOf(await patch(id, { name: 'New' }))).toBe('428 precondition_required');
    expect(await refusalOf(await patch(id, { name: 'New' }, '"v9.0"'))).toBe('412 precondition_failed');
    expect(await refusalOf(await patch(id, {}, '*'))).toBe('422 validation_failed');
    expect(await refusalOf(await patch(id, { currency: 'EUR' }, '*'))).toBe('422 validation_failed');
  });

  it('answers the product as changed, under a new tag', async () => {
    const { id } = await createProduct(admin.token, { colorway: 'Bred', release_date: '2016-09-03' });
    const tag = (await request(`/api/v1/products/${id}`)).headers.get('ETag')!;
    const changed = await patch(id, { name: 'Renamed', release_date: null, featured: true }, tag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('ETag')).not.toBe(tag);
    expect(await bodyOf(changed)).toMatchObject({
      name: 'Renamed',
      colorway: 'Bred',
      release_date: null,
      featured: true,
    });
  });

  it('of two editors is won by one', async () => {
    const { id } = await createProduct(admin.token);
    const tag = (await request(`/api/v1/products/${id}`)).headers.get('ETag')!;
    const answers = await Promise.all(['One', 'Two', 'Three'].map((name) => patch(id, { name }, tag)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412]);
    const winner = await bodyOf<TestProduct>(answers.find((answer) => answer.status === 200)!);
    expect(await bodyOf(await request(`/api/v1/products/${id}`))).toMatchObject({ name: winner.name });
  });

  it('is not refused because stock moved meanwhile', async () => {
    const { id } = await createProduct(admin.token);
    const size = await createSize(admin.token, id, { quantity: 5 });
    const tag = (await request(`/api/v1/products/${id}`)).headers.get('ETag')!;
    await request(`/api/v1/sizes/${size.id}/inventory`, {
      token: admin.token,
      json: { kind: 'reservation', quantity: 1 },
    });
    expect((await patch(id, { featured: true }, tag)).status).toBe(200);
  });

  it('cannot take the SKU of another product', async () => {
    await createProduct(admin.token, { sku: 'TAKEN' });
    const { id } = await createProduct(admin.token);
    expect(await refusalOf(await patch(id, { sku: 'taken' }, '*'))).toBe('409 sku_taken');
  });
});

describe('a copy', () => {
  it('that is current is confirmed, and one that is not is replaced', async () => {
    const { id } = await createProduct(admin.token);
    const path = `/api/v1/products/${id}`;
    const read = (tag: string) => request(path, { headers: { 'If-None-Match': tag } });
    const tag = (await request(path)).headers.get('ETag')!;
    const confirmed = await read(`"other", W/${tag}`);
    expect(confirmed.status).toBe(304);
    expect(confirmed.headers.get('ETag')).toBe(tag);
    expect(await confirmed.text()).toBe('');
    await createSize(admin.token, id, { quantity: 3 });
    expect((await read(tag)).status).toBe(200);
  });
});

describe('a hidden product', () => {
  it('does not exist for anyone but admins', async () => {
    const { id, sku } = await createProduct(admin.token, { name: 'Zephyrine', hidden: true });
    const size = await createSize(admin.token, id);
    for (const token of [undefined, user.token]) {
      expect(await refusalOf(await request(`/api/v1/products/${id}`, { token }))).toBe(
        '404 product_not_found',
      );
      expect(await refusalOf(await request(`/api/v1/products/${id}/sizes`, { token }))).toBe(
        '404 product_not_found',
      );
      expect(await refusalOf(await request(`/api/v1/sizes/${size.id}`, { token }))).toBe(
        '404 size_not_found',
      );
      expect(await refusalOf(await request('/api/v1/products?hidden=true', { token }))).toBe('403 forbidden');
    }
    const listed = async (path: string, token?: string) =>
      (await bodyOf<TestPage<TestProduct>>(await request(path, { token }))).data.map((product) => product.id);
    expect(await listed(`/api/v1/products?sku=${sku}`, admin.token)).toEqual([]);
    expect(await listed('/api/v1/products/search?q=zephyrine', admin.token)).toEqual([]);
    expect(await listed(`/api/v1/products?sku=${sku}&hidden=true`, admin.token)).toEqual([id]);
    expect((await request(`/api/v1/products/${id}`, { token: admin.token })).status).toBe(200);
  });
});

describe('the list', () => {
  const BRAND = 'Lister';
  const DAYS = ['2017-01-01', '2017-03-04', null, '2018-07-07', '2017-03-04', null, '2016-12-31'];
  let listed: TestProduct[];
  beforeAll(async () => {
    listed = [];
    for (const [index, release_date] of DAYS.entries()) {
      listed.push(
        await createProduct(admin.token, {
          brand: BRAND,
          name: ['delta', 'Alpha', 'charlie', 'Bravo', 'alpha', 'Echo', 'foxtrot'][index],
          category: index % 2 === 0 ? 'even' : 'Odd',
          retail_price_cents: [300, 100, 200, 100, 300, 100, 200][index],
          release_date,
          featured: index === 3,
        }),
      );
    }
    await createSize(admin.token, listed[2]!.id, { label: '10.5 W' });
  });

  const orders: Record<string, (a: TestProduct, b: TestProduct) => number> = {
    price_asc: (a, b) => a.retail_price_cents - b.retail_price_cents,
    price_desc: (a, b) => b.retail_price_cents - a.retail_price_cents,
    release_desc: (a, b) => (b.release_date ?? '').localeCompare(a.release_date ?? ''),
    name: (a, b) => a.name.toLowerCase().localeCompare(b.name.toLowerCase()),
    newest: () => 0,
    oldest: () => 0,
  };

  it.each(Object.keys(orders))('by %s is whole and the same whatever the page size', async (sort) => {
    const path = `/api/v1/products?brand=${BRAND}&sort=${sort}`;
    const whole = await readAll<TestProduct>(`${path}&limit=100`);
    const ids = whole.map((product) => product.id);
    expect(new Set(ids)).toEqual(new Set(listed.map((product) => product.id)));
    for (const limit of [1, 2, 3]) {
      const paged = await readAll<TestProduct>(`${path}&limit=${limit}`);
      expect(paged.map((product) => product.id)).toEqual(ids);
    }
    for (const [index, product] of whole.entries()) {
      if (index > 0) expect(orders[sort]!(whole[index - 1]!, product)).toBeLessThanOrEqual(0);
    }
  });

  it('by age is in the order of creation, and the other way round', async () => {
    const ids = async (sort: string) =>
      (await readAll<TestProduct>(`/api/v1/products?brand=${BRAND}&sort=${sort}`)).map(
        (product) => product.id,
      );
    expect(await ids('newest')).toEqual((await ids('oldest')).reverse());
  });

  it.each([
    ['category=EVEN', [0, 2, 4, 6]],
    ['min_price_cents=200&max_price_cents=299', [2, 6]],
    ['released_after=2017-01-01&released_before=2017-03-04', [0, 1, 4]],
    ['featured=true', [3]],
    ['featured=false&category=odd', [1, 5]],
    ['size=10.5%20w', [2]],
    ['size=11', []],
    ['category=none', []],
  ])('filtered by %s', async (filter, expected) => {
    const found = await readAll<TestProduct>(`/api/v1/products?brand=lister&${filter}`);
    expect(found.map((product) => product.id).sort()).toEqual(
      expected.map((index) => listed[index]!.id).sort(),
    );
  });

  it.each([
    ['limit=0', '422 validation_failed'],
    ['limit=101', '422 validation_failed'],
    ['sort=random', '422 validation_failed'],
    ['released_after=yesterday', '422 validation_failed'],
    ['min_price_cents=-1', '422 validation_failed'],
    ['cursor=abc', '422 invalid_cursor'],
    [`cursor=${btoa('["price_asc",100,"prd_x"]').replaceAll('=', '')}`, '422 invalid_cursor'],
  ])('refuses %s', async (query, refusal) => {
    expect(await refusalOf(await request(`/api/v1/products?${query}`))).toBe(refusal);
  });
});
