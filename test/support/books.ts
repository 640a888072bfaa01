import { bodyOf, request, signUpAdmin, type TestUser } from './accounts.ts';

let created = 0;
let admin: Promise<TestUser> | null = null;

export interface TestBook {
  productId: string;
  sizeId: string;
  /** `/api/v1/market/{product}/{size}` */
  market: string;
}

export interface PlacedOrder {
  id: string;
  side: string;
  status: string;
  price_cents: number;
  quantity: number;
  filled_quantity: number;
  remaining_quantity: number;
  close_reason: string | null;
  expires_at: string | null;
  allowed_actions: string[];
}

export interface OrderAnswer {
  bid?: PlacedOrder;
  ask?: PlacedOrder;
  matches: {
    id: string;
    price_cents: number;
    quantity: number;
    buyer_total_cents?: number;
    seller_payout_cents?: number;
  }[];
}

export function adminUser(): Promise<TestUser> {
  admin ??= signUpAdmin('books-admin');
  return admin;
}

/** A new product with one size: a book of its own. `rules` go through the admin route. */
export async function createBook(
  options: { retailCents?: number; tickCents?: number; rules?: Record<string, unknown> } = {},
): Promise<TestBook> {
  const { token } = await adminUser();
  created += 1;
  const product = await bodyOf<{ id: string }>(
    await request('/api/v1/products', {
      token,
      json: {
        name: `Test Runner ${created}`,
        sku: `TEST-${created}`,
        brand: 'Test',
        model: 'Runner',
        category: 'sneakers',
        retail_price_cents: options.retailCents ?? 20_000,
        currency: 'USD',
      },
    }),
  );
  const size = await bodyOf<{ id: string }>(
    await request(`/api/v1/products/${product.id}/sizes`, {
      token,
      json: { label: '10', ...(options.tickCents === undefined ? {} : { tick_cents: options.tickCents }) },
    }),
  );
  const book = { productId: product.id, sizeId: size.id, market: `/api/v1/market/${product.id}/${size.id}` };
  if (options.rules) {
    const answer = await request(`/api/v1/admin/market/${product.id}/${size.id}`, {
      method: 'PATCH',
      token,
      json: options.rules,
    });
    if (answer.status !== 200) throw new Error(`rules refused: ${await answer.text()}`);
  }
  return book;
}

/** Places an order and gives the raw response. */
export function place(
  book: TestBook,
  user: TestUser,
  side: 'bid' | 'ask',
  order: Record<string, unknown>,
  headers: Record<string, string> = {},
) {
  return request(`/api/v1/${side}s`, {
    token: user.token,
    json: { product_id: book.productId, size_id: book.sizeId, ...order },
    headers,
  });
}

/** Places an order that must be accepted. */
export async function placed(
  book: TestBook,
  user: TestUser,
  side: 'bid' | 'ask',
  order: Record<string, unknown>,
): Promise<PlacedOrder & { matches: OrderAnswer['matches'] }> {
  const response = await place(book, user, side, order);
  const answer = await bodyOf<OrderAnswer>(response);
  const view = answer[side];
  if (response.status !== 201 || view === undefined)
    throw new Error(`${side} refused: ${JSON.stringify(answer)}`);
  return { ...view, matches: answer.matches };
}

export async function marketOf(book: TestBook): Promise<Record<string, number | string | null>> {
  return bodyOf(await request(book.market));
}

export async function depthOf(
  book: TestBook,
): Promise<{ seq: number; bids: [number, number, number][]; asks: [number, number, number][] }> {
  return bodyOf(await request(`${book.market}/book?depth=500`));
}
