/** Products and sizes through the public API, created once: what is already there is found and kept. */
import {
  type ApiClient,
  ApiProblem,
  type ApiRequest,
  problemOf,
  type Session,
  sendExpecting,
} from './api-client.ts';
import { forEachLimited } from './concurrency.ts';

const SIZES_AT_ONCE = 8;

export type ProductInput = {
  readonly name: string;
  readonly sku: string;
  readonly brand: string;
  readonly model: string;
  readonly category: string;
  readonly colorway?: string;
  readonly retail_price_cents: number;
  readonly currency: string;
  readonly release_date?: string;
  readonly featured?: boolean;
};

export type CatalogueProduct = {
  readonly id: string;
  readonly created_at: string;
  readonly sizes: ReadonlyArray<{ readonly id: string; readonly label: string }>;
  readonly images: ReadonlyArray<{ readonly id: string }>;
};

/** Creates the product, or finds the one that holds its SKU. */
export async function ensureProduct(
  client: ApiClient,
  admin: Session,
  input: ProductInput,
): Promise<CatalogueProduct> {
  const request: ApiRequest = {
    method: 'POST',
    path: '/products',
    token: await admin.token(),
    body: input,
    idempotencyKey: `product:${input.sku}`,
  };
  const answer = await client.send(request);
  if (answer.status === 201) return readProduct(client, admin, (answer.body as { id: string }).id);
  if (problemOf(answer).code !== 'sku_taken') throw new ApiProblem(request, answer);
  const path = `/products?sku=${encodeURIComponent(input.sku)}`;
  const found = await sendExpecting(client, { method: 'GET', path, token: await admin.token() }, [200]);
  const [product] = (found.body as { data: Array<{ id: string }> }).data;
  if (!product) throw new Error(`the SKU ${input.sku} is taken, but no product that you can see has it`);
  return readProduct(client, admin, product.id);
}

/** Adds the sizes the product lacks. Returns the ids by label, for the labels asked for. */
export async function ensureSizes(
  client: ApiClient,
  admin: Session,
  product: CatalogueProduct,
  labels: readonly string[],
): Promise<Map<string, string>> {
  const ids = new Map(product.sizes.map((size) => [size.label, size.id]));
  const missing = labels.filter((label) => !ids.has(label));
  await forEachLimited(missing, SIZES_AT_ONCE, async (label) => {
    const request: ApiRequest = {
      method: 'POST',
      path: `/products/${product.id}/sizes`,
      token: await admin.token(),
      body: { label, sort_order: labels.indexOf(label) },
      idempotencyKey: `size:${product.id}:${label}`,
    };
    const answer = await sendExpecting(client, request, [201]);
    ids.set(label, (answer.body as { id: string }).id);
  });
  return new Map(labels.map((label) => [label, ids.get(label)!]));
}

async function readProduct(client: ApiClient, admin: Session, id: string): Promise<CatalogueProduct> {
  const answer = await sendExpecting(
    client,
    { method: 'GET', path: `/products/${id}`, token: await admin.token() },
    [200],
  );
  return answer.body as CatalogueProduct;
}
