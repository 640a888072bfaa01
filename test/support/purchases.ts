import type { Deps } from '../../src/deps.ts';
import { applyPaymentOutcome, type PaymentOutcome } from '../../src/features/orders/apply-payment.ts';
import type { Caller } from '../../src/http/factory.ts';
import { bodyOf, request, type TestUser } from './accounts.ts';
import { deps, projected } from './book-object.ts';
import { createBook, placed, type TestBook } from './books.ts';

/** The parts of an order's answer that tests look at. */
export interface Purchase {
  id: string;
  number: string;
  source: string;
  status: string;
  payment_status: string;
  role: string;
  buyer_id: string;
  seller_id: string | null;
  match_id: string | null;
  lines: { size_id: string; price_cents: number; quantity: number; product_name: string }[];
  subtotal_cents: number;
  buyer_fee_cents: number;
  total_cents: number;
  refunded_cents: number;
  seller_fee_cents?: number;
  payout_cents?: number;
  shipping: { address: { city: string } | null; carrier: string | null; tracking_number: string | null };
  timers: { kind: string; due_at: string | null; remaining_ms: number | null }[];
  allowed_actions: string[];
  version: number;
  history?: { version: number; from: string | null; to: string; actor_type: string; action: string }[];
}

/** A match of one pair at 220.00, and the order it became, as its buyer sees it. */
export async function matchedOrder(
  buyer: TestUser,
  seller: TestUser,
  book?: TestBook,
): Promise<{ order: Purchase; book: TestBook }> {
  const market = book ?? (await createBook());
  await placed(market, seller, 'ask', { price_cents: 22_000 });
  const bid = await placed(market, buyer, 'bid', { price_cents: 22_000 });
  await projected(market);
  return { order: await orderOfMatch(bid.matches[0]!.id, buyer), book: market };
}

/** The order of a match, as this party sees it. */
export async function orderOfMatch(matchId: string, party: TestUser): Promise<Purchase> {
  const page = await bodyOf<{ data: Purchase[] }>(
    await request('/api/v1/orders?limit=100', { token: party.token }),
  );
  const found = page.data.find((order) => order.match_id === matchId);
  if (!found) throw new Error(`no order of ${matchId}`);
  return found;
}

export const readOrder = async (id: string, user: TestUser): Promise<Purchase> =>
  bodyOf<Purchase>(await request(`/api/v1/orders/${id}`, { token: user.token }));

/** One action over HTTP. */
export const act = (id: string, action: string, user: TestUser, json: Record<string, unknown> = {}) =>
  request(`/api/v1/orders/${id}/${action}`, { token: user.token, json });

/** One action over HTTP that must be taken. */
export async function acted(
  id: string,
  action: string,
  user: TestUser,
  json: Record<string, unknown> = {},
): Promise<Purchase> {
  const response = await act(id, action, user, json);
  const body = await bodyOf<Purchase>(response);
  if (response.status !== 200) throw new Error(`${action} refused: ${JSON.stringify(body)}`);
  return body;
}

/** The processor says that the buyer's card was charged the whole total. */
export function capture(
  order: Pick<Purchase, 'id' | 'total_cents'>,
  changes: Partial<Extract<PaymentOutcome, { kind: 'captured' }>> = {},
  at: Deps = deps,
) {
  return applyPaymentOutcome(at, order.id, {
    kind: 'captured',
    paymentId: `pay_${order.id}`,
    from: 'card',
    amountCents: order.total_cents,
    currency: 'USD',
    statements: [],
    ...changes,
  });
}

export const callerOf = (user: TestUser): Caller => ({
  userId: user.userId,
  sessionId: user.sessionId,
  username: user.username,
  roles: ['user'],
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});

/** The same dependencies at another time. */
export const at = (nowMs: number): Deps => ({ ...deps, now: () => nowMs });
