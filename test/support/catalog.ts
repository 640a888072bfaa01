import { bodyOf, request } from './accounts.ts';

export interface TestProduct {
  id: string;
  name: string;
  sku: string;
  retail_price_cents: number;
  release_date: string | null;
  sizes: TestSize[];
  images: { id: string; primary: boolean; position: number; alt: string }[];
}

export interface TestSize {
  id: string;
  label: string;
  quantity: number;
  reserved: number;
  available: number;
  tick_cents: number;
  sort_order: number;
}

export interface TestPage<T> {
  data: T[];
  next_cursor: string | null;
}

let products = 0;

/** A product by an admin, with a SKU of its own unless one is given. */
export async function createProduct(
  token: string,
  facts: Record<string, unknown> = {},
): Promise<TestProduct> {
  products += 1;
  const response = await request('/api/v1/products', {
    token,
    json: {
      name: 'Court Classic',
      sku: `TEST-${products}`,
      brand: 'Bourse',
      model: 'Court',
      category: 'lifestyle',
      retail_price_cents: 16_000,
      currency: 'USD',
      ...facts,
    },
  });
  if (response.status !== 201) throw new Error(`no product: ${await response.text()}`);
  return bodyOf<TestProduct>(response);
}

/** A size by an admin. */
export async function createSize(
  token: string,
  productId: string,
  facts: Record<string, unknown> = {},
): Promise<TestSize> {
  const response = await request(`/api/v1/products/${productId}/sizes`, {
    token,
    json: { label: '10', ...facts },
  });
  if (response.status !== 201) throw new Error(`no size: ${await response.text()}`);
  return bodyOf<TestSize>(response);
}

/** Every item of a list, page by page; fails when a cursor leads round in a circle. */
export async function readAll<T>(path: string, token?: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 100; pages += 1) {
    const next: string = cursor === null ? path : `${path}&cursor=${cursor}`;
    const page: TestPage<T> = await bodyOf<TestPage<T>>(await request(next, { token }));
    items.push(...page.data);
    cursor = page.next_cursor;
    if (cursor === null) return items;
  }
  throw new Error(`the list does not end: ${path}`);
}

/** The `code` of a problem document with its status, such as `404 product_not_found`. */
export async function refusalOf(response: Response): Promise<string> {
  const { status, code } = await bodyOf<{ status?: unknown; code: string }>(response);
  // A fact of a refusal may not stand in the place of what every problem document has.
  if (response.status >= 400 && status !== response.status)
    throw new Error(`${code} of ${response.status} says that it is ${JSON.stringify(status)}`);
  return `${response.status} ${code}`;
}
