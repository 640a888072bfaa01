import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { createProduct, readAll, refusalOf, type TestPage, type TestProduct } from '../support/catalog.ts';

interface SearchAnswer extends TestPage<TestProduct> {
  facets: Record<'brands' | 'categories', { value: string; count: number }[]>;
}

const MODELS = [
  {
    name: 'Jordan 1 Retro High',
    model: 'One',
    brand: 'Nike',
    sku: '555088-001',
    colorway: 'Bred',
    category: 'basketball',
  },
  {
    name: 'Retro High',
    model: 'Jordan 1',
    brand: 'Nike',
    sku: '555088-134',
    colorway: 'Blue',
    category: 'basketball',
  },
  {
    name: 'Flight',
    model: 'Legacy',
    brand: 'Jordan',
    sku: 'BQ4212-100',
    colorway: 'White',
    category: 'basketball',
  },
  {
    name: 'Flight',
    model: 'Legacy',
    brand: 'Nike',
    sku: 'JORDAN-9',
    colorway: 'White',
    category: 'lifestyle',
  },
  {
    name: 'Flight',
    model: 'Legacy',
    brand: 'Nike',
    sku: 'BQ4212-300',
    colorway: 'Jordan Green',
    category: 'lifestyle',
  },
  {
    name: 'Crème Brûlée',
    model: 'Café',
    brand: 'Söhne',
    sku: 'SO-1',
    colorway: 'Ñandú',
    category: 'lifestyle',
  },
];

let admin: TestUser;
let ids: string[];
beforeAll(async () => {
  admin = await signUpAdmin();
  ids = [];
  for (const model of MODELS) ids.push((await createProduct(admin.token, model)).id);
});

const search = async (query: string): Promise<SearchAnswer> =>
  bodyOf<SearchAnswer>(await request(`/api/v1/products/search?${query}`));
const find = async (q: string, rest = ''): Promise<number[]> =>
  (await search(`q=${encodeURIComponent(q)}${rest}`)).data.map((product) => ids.indexOf(product.id));

const wordsIn = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

describe('search', () => {
  it('ranks by where the word is: name, model, brand, SKU, colourway', async () => {
    expect(await find('jordan')).toEqual([0, 1, 2, 3, 4]);
  });

  it('needs every word, in any order and any field', async () => {
    expect((await find('high nike jordan')).sort()).toEqual([0, 1]);
    expect(await find('flight green')).toEqual([4]);
    expect(await find('flight bred')).toEqual([]);
  });

  it('takes the last word as unfinished, and only the last', async () => {
    expect((await find('ret')).sort()).toEqual([0, 1]);
    expect((await find('r')).sort()).toEqual([0, 1]);
    expect(await find('bre')).toEqual([0]);
    expect(await find('bre retro')).toEqual([]);
  });

  it('looks past case and diacritics, both ways', async () => {
    for (const q of ['creme brulee', 'CRÈME', 'cafe', 'Sohne', 'nandu', 'cre\u0300me'])
      expect(await find(q)).toEqual([5]);
  });

  it('finds a SKU written with or without its dash', async () => {
    expect(await find('555088-001')).toEqual([0]);
    expect(await find('bq4212 300')).toEqual([4]);
    expect((await find('5550')).sort()).toEqual([0, 1]);
  });

  it.each([
    'jordan" OR "flight',
    'jordan OR bred',
    'jordan NOT bred',
    'NEAR(jordan retro)',
    'name:bred',
    'colorway : bred*',
    '^jordan',
    '{name model}: jordan',
    "jordan'; DROP TABLE products; --",
    '*',
  ])('reads %j as words, not as an expression', async (q) => {
    const words = wordsIn(q);
    const response = await request(`/api/v1/products/search?q=${encodeURIComponent(q)}`);
    if (words.length === 0) {
      expect(await refusalOf(response)).toBe('422 validation_failed');
      return;
    }
    const hasAll = (index: number) => {
      const tokens = wordsIn(Object.values(MODELS[index]!).join(' '));
      const last = words.at(-1)!;
      return (
        words.slice(0, -1).every((word) => tokens.includes(word)) &&
        tokens.some((token) => token.startsWith(last))
      );
    };
    const found = (await bodyOf<SearchAnswer>(response)).data.map((product) => ids.indexOf(product.id));
    expect(found.sort()).toEqual(MODELS.map((_, index) => index).filter(hasAll));
  });

  it.each(['', '%20%20', '%22%22', '---', 'x'.repeat(101)])('refuses %j', async (q) => {
    expect(await refusalOf(await request(`/api/v1/products/search?q=${q}`))).toBe('422 validation_failed');
  });

  it('answers a script that the index does not know with no hits', async () => {
    expect(await find('\u{1e900}\u{1e901}')).toEqual([]);
  });

  it('counts hits by brand and category, each as if it were not chosen', async () => {
    const { facets } = await search('q=jordan');
    expect(facets.brands).toEqual([
      { value: 'Nike', count: 4 },
      { value: 'Jordan', count: 1 },
    ]);
    expect(facets.categories).toEqual([
      { value: 'basketball', count: 3 },
      { value: 'lifestyle', count: 2 },
    ]);
    const chosen = await search('q=jordan&brand=nike&category=lifestyle');
    expect(chosen.data.map((product) => ids.indexOf(product.id))).toEqual([3, 4]);
    expect(chosen.facets.brands).toEqual([{ value: 'Nike', count: 2 }]);
    expect(chosen.facets.categories).toEqual([
      { value: 'basketball', count: 2 },
      { value: 'lifestyle', count: 2 },
    ]);
  });

  it('gives the same hits in pages of any size', async () => {
    const whole = (await search('q=jordan')).data.map((product) => product.id);
    for (const limit of [1, 2, 3]) {
      const paged = await readAll<TestProduct>(`/api/v1/products/search?q=jordan&limit=${limit}`);
      expect(paged.map((product) => product.id)).toEqual(whole);
    }
    expect(await refusalOf(await request('/api/v1/products/search?q=jordan&cursor=abc'))).toBe(
      '422 invalid_cursor',
    );
  });

  it('follows a change, and a hidden product leaves', async () => {
    const { id } = await createProduct(admin.token, { name: 'Quokka' });
    const change = (json: unknown) =>
      request(`/api/v1/products/${id}`, {
        method: 'PATCH',
        token: admin.token,
        json,
        headers: { 'If-Match': '*' },
      });
    const hits = async (q: string) => (await search(`q=${q}`)).data.map((product) => product.id);
    expect(await hits('quokka')).toEqual([id]);
    await change({ name: 'Wombat' });
    expect([await hits('quokka'), await hits('wombat')]).toEqual([[], [id]]);
    await change({ hidden: true });
    expect(await hits('wombat')).toEqual([]);
  });
});
