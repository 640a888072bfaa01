import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createProduct, createSize, readAll, refusalOf } from '../support/catalog.ts';
import { act, acted, capture, matchedOrder, type Purchase, readOrder } from '../support/purchases.ts';

let buyer: TestUser;
let seller: TestUser;
let stranger: TestUser;
let admin: TestUser;
let support: TestUser;
beforeAll(async () => {
  [buyer, seller, stranger, admin, support] = await Promise.all([
    signUp('buyer'),
    signUp('seller'),
    signUp('stranger'),
    signUpAdmin('orders-admin'),
    signUp('support', 'support'),
  ]);
});

const PARCEL = { carrier: 'DHL', tracking_number: 'T-100' };
const WHY = { reason: 'because' };
let parcels = 0;
const parcel = () => {
  parcels += 1;
  return { carrier: 'DHL', tracking_number: `P-${parcels}` };
};

/** A new order in the state that these steps lead to. */
async function orderAfter(
  ...steps: ('pay' | [action: string, by: TestUser, json?: object])[]
): Promise<Purchase> {
  const { order } = await matchedOrder(buyer, seller);
  for (const step of steps) {
    if (step === 'pay') await capture(order);
    else await acted(order.id, step[0], step[1], { ...step[2] });
  }
  return order;
}
const paid = () => orderAfter('pay');
const shipped = () => orderAfter('pay', ['ship', seller, parcel()]);
const delivered = () => orderAfter('pay', ['ship', seller, parcel()], ['deliver', buyer]);
const disputed = () =>
  orderAfter('pay', ['ship', seller, parcel()], ['deliver', buyer], ['dispute', buyer, WHY]);
const held = () => orderAfter('pay', ['hold', support, WHY]);
const pending = () => orderAfter();

interface ActionCase {
  action: string;
  /** The order in a state that takes the action, and one that does not. */
  right: () => Promise<Purchase>;
  wrong: () => Promise<Purchase>;
  by: () => TestUser;
  /** Somebody of the order who may never do this. */
  notBy: () => TestUser;
  json: Record<string, unknown>;
  to: string;
}
const CASES: ActionCase[] = [
  {
    action: 'confirm',
    right: paid,
    wrong: pending,
    by: () => seller,
    notBy: () => buyer,
    json: {},
    to: 'processing',
  },
  {
    action: 'ship',
    right: paid,
    wrong: pending,
    by: () => seller,
    notBy: () => buyer,
    json: PARCEL,
    to: 'shipped',
  },
  {
    action: 'deliver',
    right: shipped,
    wrong: paid,
    by: () => buyer,
    notBy: () => seller,
    json: {},
    to: 'delivered',
  },
  {
    action: 'complete',
    right: delivered,
    wrong: shipped,
    by: () => buyer,
    notBy: () => seller,
    json: {},
    to: 'completed',
  },
  {
    action: 'cancel',
    right: paid,
    wrong: shipped,
    by: () => buyer,
    notBy: () => support,
    json: WHY,
    to: 'cancelled',
  },
  {
    action: 'dispute',
    right: delivered,
    wrong: paid,
    by: () => buyer,
    notBy: () => seller,
    json: WHY,
    to: 'disputed',
  },
  {
    action: 'extend-ship-by',
    right: paid,
    wrong: shipped,
    by: () => seller,
    notBy: () => buyer,
    json: {},
    to: 'paid',
  },
  {
    action: 'hold',
    right: paid,
    wrong: pending,
    by: () => support,
    notBy: () => buyer,
    json: WHY,
    to: 'on_hold',
  },
  {
    action: 'resume',
    right: held,
    wrong: paid,
    by: () => support,
    notBy: () => seller,
    json: {},
    to: 'paid',
  },
  {
    action: 'refund',
    right: paid,
    wrong: pending,
    by: () => admin,
    notBy: () => buyer,
    json: WHY,
    to: 'refunded',
  },
  {
    action: 'ask-seller',
    right: disputed,
    wrong: paid,
    by: () => support,
    notBy: () => buyer,
    json: {},
    to: 'disputed',
  },
  {
    action: 'resolve',
    right: disputed,
    wrong: paid,
    by: () => support,
    notBy: () => seller,
    json: { outcome: 'refund' },
    to: 'refunded',
  },
];

describe.each(CASES)('$action', ({ action, right, wrong, by, notBy, json, to }) => {
  it('is for its role, in its state, and for nobody else', async () => {
    const order = await right();
    const url = `/api/v1/orders/${order.id}/${action}`;
    expect(await refusalOf(await request(url, { json }))).toBe('401 unauthenticated');
    expect(await refusalOf(await act(order.id, action, stranger, json))).toBe('404 order_not_found');
    const isStaffRefused = action === 'cancel';
    expect(await refusalOf(await act(order.id, action, notBy(), json))).toBe(
      isStaffRefused ? '409 invalid_transition' : '403 forbidden',
    );
    expect(await refusalOf(await act(order.id, action, by(), { ...json, status: 'paid' }))).toBe(
      '422 validation_failed',
    );
    const misplaced = await wrong();
    expect(await refusalOf(await act(misplaced.id, action, by(), json))).toBe('409 invalid_transition');

    const before = await readOrder(order.id, by());
    expect(before.allowed_actions).toContain(action);
    const after = await acted(order.id, action, by(), json);
    expect(after.status).toBe(to);
    expect(after.version).toBe(before.version + 1);
    const { history } = await readOrder(order.id, by());
    expect(history!.at(-1)).toMatchObject({ action, to, from: before.status });
  });
});

describe('an action', () => {
  it('says what is missing', async () => {
    const order = await paid();
    expect(await refusalOf(await act(order.id, 'cancel', buyer))).toBe('422 reason_required');
    expect(await refusalOf(await act(order.id, 'cancel', buyer, { reason: '  ' }))).toBe(
      '422 reason_required',
    );
    expect(await refusalOf(await act(order.id, 'ship', seller, { carrier: 'DHL' }))).toBe(
      '422 tracking_required',
    );
    const contested = await disputed();
    for (const json of [{}, { outcome: 'partial' }, { outcome: 'partial', refund_cents: 23_100 }])
      expect(await refusalOf(await act(contested.id, 'resolve', support, json))).toBe('422 invalid_outcome');
    for (const refund_cents of [0, -1, 0.5, 1e300, '5', null])
      expect(
        await refusalOf(await act(contested.id, 'resolve', support, { outcome: 'partial', refund_cents })),
      ).toBe('422 validation_failed');
    expect((await readOrder(contested.id, buyer)).status).toBe('disputed');
  });

  it('repeated under its key has its first answer, and under another body is refused', async () => {
    const order = await paid();
    const confirm = (json: object) =>
      request(`/api/v1/orders/${order.id}/confirm`, {
        token: seller.token,
        json,
        headers: { 'Idempotency-Key': `confirm-${order.id}` },
      });
    const first = await bodyOf<Purchase>(await confirm({}));
    expect(await bodyOf<Purchase>(await confirm({}))).toEqual(first);
    const other = await request(`/api/v1/orders/${order.id}/ship`, {
      token: seller.token,
      json: PARCEL,
      headers: { 'Idempotency-Key': `confirm-${order.id}` },
    });
    expect(await refusalOf(other)).toBe('422 idempotency_key_reused');
    expect(await refusalOf(await act(order.id, 'confirm', seller))).toBe('409 invalid_transition');
  });
});

describe('an order', () => {
  it('is nobody else’s, and shows each party what is theirs', async () => {
    const order = await paid();
    for (const path of ['', '/history'])
      expect(
        await refusalOf(await request(`/api/v1/orders/${order.id}${path}`, { token: stranger.token })),
      ).toBe('404 order_not_found');
    const unknown = await request('/api/v1/orders/ord_0000000000000000', { token: buyer.token });
    expect(await refusalOf(unknown)).toBe('404 order_not_found');
    const asBuyer = await readOrder(order.id, buyer);
    expect(asBuyer).toMatchObject({ role: 'buyer' });
    expect(asBuyer).not.toHaveProperty('payout_cents');
    expect(await readOrder(order.id, seller)).toMatchObject({ role: 'seller', payout_cents: 21_120 });
    expect(await readOrder(order.id, admin)).toMatchObject({ role: 'admin', payout_cents: 21_120 });
  });

  it('is in the lists of its parties, by role and status, page by page', async () => {
    const [ann, ben] = [await signUp('ann'), await signUp('ben')];
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) ids.unshift((await matchedOrder(ann, ben)).order.id);
    await acted(ids[0]!, 'cancel', ann, WHY);
    const idsOf = async (path: string, user: TestUser) =>
      (await readAll<Purchase>(path, user.token)).map(({ id }) => id);
    expect((await idsOf('/api/v1/orders?limit=2', ann)).sort()).toEqual([...ids].sort());
    expect(await idsOf('/api/v1/orders?role=seller', ann)).toEqual([]);
    expect(await idsOf('/api/v1/orders?role=seller&status=canceled', ben)).toEqual([ids[0]]);
    expect(await idsOf(`/api/v1/orders/buyer/${ann.userId}?status=pending`, ann)).toHaveLength(2);
    expect(await idsOf(`/api/v1/orders/seller/${ben.userId}?limit=1`, admin)).toHaveLength(3);
    const foreign = await request(`/api/v1/orders/buyer/${ann.userId}`, { token: ben.token });
    expect(await refusalOf(foreign)).toBe('404 user_not_found');
    const bad = await request('/api/v1/orders?cursor=W10', { token: ann.token });
    expect(await refusalOf(bad)).toBe('422 invalid_cursor');
  });
});

describe('a checkout', () => {
  const order = (json: unknown, token = buyer.token) => request('/api/v1/orders', { token, json });

  it('computes every amount itself and refuses to be told', async () => {
    const product = await createProduct(admin.token, { sku: 'CHECKOUT-1', retail_price_cents: 9_999 });
    const nine = await createSize(admin.token, product.id, { label: '9', quantity: 9 });
    const ten = await createSize(admin.token, product.id, { label: '10', quantity: 9 });
    const response = await order({
      lines: [
        { size_id: nine.id, quantity: 2 },
        { size_id: ten.id, quantity: 1 },
        { size_id: nine.id, quantity: 1 },
      ],
    });
    expect(response.status).toBe(201);
    const placed = await bodyOf<Purchase>(response);
    expect(response.headers.get('Location')).toBe(`/api/v1/orders/${placed.id}`);
    expect(placed).toMatchObject({
      source: 'checkout',
      seller_id: null,
      buyer_fee_cents: 0,
      subtotal_cents: 39_996,
      total_cents: 39_996,
      lines: [
        { size_id: nine.id, quantity: 3, price_cents: 9_999 },
        { size_id: ten.id, quantity: 1, price_cents: 9_999 },
      ],
    });
    const line = { size_id: nine.id, quantity: 1 };
    for (const json of [
      { lines: [{ ...line, price_cents: 1 }] },
      { lines: [line], total_cents: 1 },
      { lines: [] },
      { lines: [{ ...line, quantity: 0 }] },
      { lines: [{ ...line, quantity: 1.5 }] },
    ])
      expect(await refusalOf(await order(json))).toBe('422 validation_failed');
    expect(await refusalOf(await order({ lines: [{ ...line, quantity: 7 }] }))).toBe(
      '409 insufficient_stock',
    );
    expect(await refusalOf(await order({ lines: [{ size_id: 'siz_x', quantity: 1 }] }))).toBe(
      '404 size_not_found',
    );
    expect(await refusalOf(await order({ lines: [line], address_id: 'adr_x' }))).toBe(
      '404 address_not_found',
    );
    expect(await refusalOf(await request('/api/v1/orders', { json: { lines: [line] } }))).toBe(
      '401 unauthenticated',
    );
  });

  it('is of one currency, and of goods that are shown', async () => {
    const add = async (sku: string, facts: Record<string, unknown>) => {
      const product = await createProduct(admin.token, { sku, ...facts });
      return createSize(admin.token, product.id, { label: '9', quantity: 9 });
    };
    const usd = await add('CHECKOUT-2', {});
    const eur = await add('CHECKOUT-3', { currency: 'EUR' });
    const hidden = await add('CHECKOUT-4', { hidden: true });
    const lines = (...sizes: { id: string }[]) => ({
      lines: sizes.map(({ id }) => ({ size_id: id, quantity: 1 })),
    });
    expect(await refusalOf(await order(lines(usd, eur)))).toBe('422 mixed_currencies');
    expect(await refusalOf(await order(lines(hidden)))).toBe('404 size_not_found');
    expect((await bodyOf<{ currency: string }>(await order(lines(eur)))).currency).toBe('EUR');
  });
});

describe('addresses (SN-05, SN-06)', () => {
  const HOME = {
    first_name: 'Ann',
    last_name: 'Lee',
    line1: '1 Main Street',
    city: 'Springfield',
    postal_code: '12345',
    country: 'US',
  };
  interface Address {
    id: string;
    is_default: boolean;
    city: string;
    type: string;
  }
  const add = async (user: TestUser, changes: object = {}) =>
    bodyOf<Address>(await request('/api/v1/addresses', { token: user.token, json: { ...HOME, ...changes } }));
  const list = async (user: TestUser) =>
    (await bodyOf<{ data: Address[] }>(await request('/api/v1/addresses', { token: user.token }))).data;
  const patch = (user: TestUser, id: string, json: object) =>
    request(`/api/v1/addresses/${id}`, { method: 'PATCH', token: user.token, json });
  const remove = (user: TestUser, id: string) =>
    request(`/api/v1/addresses/${id}`, { method: 'DELETE', token: user.token });

  it('have one default of each type, which passes on', async () => {
    const owner = await signUp('owner');
    const first = await add(owner);
    const second = await add(owner, { city: 'Shelbyville' });
    const billing = await add(owner, { type: 'billing' });
    expect([first, second, billing].map((address) => address.is_default)).toEqual([true, false, true]);
    expect((await patch(owner, second.id, { is_default: true, phone: '+1 555 0100' })).status).toBe(200);
    const defaults = async () =>
      (await list(owner))
        .filter((address) => address.is_default)
        .map(({ id }) => id)
        .sort();
    expect(await defaults()).toEqual([second.id, billing.id].sort());
    expect((await remove(owner, second.id)).status).toBe(204);
    expect(await defaults()).toEqual([first.id, billing.id].sort());
    expect(await refusalOf(await remove(owner, second.id))).toBe('404 address_not_found');
  });

  it('are their owner’s alone, and must be sane', async () => {
    const owner = await signUp('owner2');
    const { id } = await add(owner);
    expect(await refusalOf(await patch(stranger, id, { city: 'X' }))).toBe('404 address_not_found');
    expect(await refusalOf(await remove(stranger, id))).toBe('404 address_not_found');
    const read = await request(`/api/v1/addresses/${id}`, { token: stranger.token });
    expect(await refusalOf(read)).toBe('404 address_not_found');
    for (const wrong of [{ country: 'usa' }, { city: '' }, { phone: 'call me' }, { user_id: 'x' }])
      expect(
        await refusalOf(
          await request('/api/v1/addresses', { token: owner.token, json: { ...HOME, ...wrong } }),
        ),
      ).toBe('422 validation_failed');
  });

  it('are kept on the order as they were, and shown to the seller once it is paid', async () => {
    const owner = await signUp('owner3');
    const { id } = await add(owner);
    const { order } = await matchedOrder(owner, seller);
    await patch(owner, id, { city: 'Elsewhere' });
    expect((await readOrder(order.id, owner)).shipping.address).toMatchObject({ city: 'Springfield' });
    expect((await readOrder(order.id, seller)).shipping.address).toBeNull();
    await capture(order);
    expect((await readOrder(order.id, seller)).shipping.address).toMatchObject({ city: 'Springfield' });
  });
});

describe('the carrier webhook', () => {
  const sign = async (seconds: number, body: string, secret = deps.config.CARRIER_WEBHOOK_SECRET!) => {
    const encoder = new TextEncoder();
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign']);
    const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(`${seconds}.${body}`)));
    return `t=${seconds},v1=${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  };
  const send = (body: string, signature: string | null) =>
    request('/api/v1/webhooks/carrier', {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        ...(signature === null ? {} : { 'Carrier-Signature': signature }),
      },
    });
  const nowSeconds = () => Math.floor(deps.now() / 1000);
  const report = (sent: { carrier: string; tracking_number: string }, changes: object = {}) =>
    JSON.stringify({ event_id: crypto.randomUUID(), type: 'delivered', ...sent, ...changes });

  it('delivers a parcel once', async () => {
    const sent = parcel();
    const order = await orderAfter('pay', ['ship', seller, sent]);
    const body = report(sent, { carrier: 'dhl' });
    const said: unknown[] = [];
    for (let time = 0; time < 2; time += 1)
      said.push(await bodyOf(await send(body, await sign(nowSeconds(), body))));
    expect(said).toEqual([{ outcome: 'applied' }, { outcome: 'duplicate' }]);
    const again = report(sent);
    expect(await bodyOf(await send(again, await sign(nowSeconds(), again)))).toEqual({ outcome: 'ignored' });
    const { status, history } = await readOrder(order.id, buyer);
    expect(status).toBe('delivered');
    expect(history!.filter(({ to }) => to === 'delivered')).toHaveLength(1);
  });

  it('believes nobody without a fresh signature of the very body', async () => {
    const sent = parcel();
    const order = await orderAfter('pay', ['ship', seller, sent]);
    const body = report(sent);
    const seconds = nowSeconds();
    const good = await sign(seconds, body);
    const forged: [string, string | null][] = [
      [body, null],
      [body, ''],
      [body, 'v1=00'],
      [body, good.replace('v1=', 'v0=')],
      [body, `t=${seconds},v1=${'0'.repeat(64)}`],
      [body, await sign(seconds, body, 'another secret that is long enough')],
      [body, await sign(seconds - 301, body)],
      // More than the tolerance also when the test takes its time.
      [body, await sign(seconds + 400, body)],
      [body, good.replace(`t=${seconds}`, `t=${seconds - 1}`)],
      [`${body} `, good],
      [report(sent), good],
    ];
    for (const [text, signature] of forged)
      expect(await refusalOf(await send(text, signature)), String(signature)).toBe('400 invalid_signature');
    expect((await readOrder(order.id, buyer)).status).toBe('shipped');
    const stored = await env.DB.prepare('select count(*) as n from carrier_events where order_id = ?')
      .bind(order.id)
      .first<{ n: number }>();
    expect(stored).toEqual({ n: 0 });
  });

  it('says what it cannot use', async () => {
    const sendSigned = async (body: string) => send(body, await sign(nowSeconds(), body));
    expect(await refusalOf(await sendSigned('{'))).toBe('400 malformed_json');
    expect(await refusalOf(await sendSigned('{}'))).toBe('422 validation_failed');
    const unknown = report({ carrier: 'DHL', tracking_number: 'nobody knows' });
    expect(await refusalOf(await sendSigned(unknown))).toBe('404 order_not_found');
    const moved = report(PARCEL, { type: 'in_transit' });
    expect(await bodyOf(await sendSigned(moved))).toEqual({ outcome: 'ignored' });
  });
});

describe('the ledger and the fees', () => {
  it('are for admins: every currency sums to zero, and the fees are what the orders earned', async () => {
    const order = await delivered();
    const revenue = async () => {
      const answer = await bodyOf<{ totals: { currency: string; amount_cents: number }[] }>(
        await request('/api/v1/fees/revenue', { token: admin.token }),
      );
      return answer.totals.find(({ currency }) => currency === 'USD')?.amount_cents ?? 0;
    };
    const before = await revenue();
    await acted(order.id, 'complete', buyer);
    expect((await revenue()) - before).toBe(1_980);
    const trial = await bodyOf<{ balanced: boolean; totals: unknown[] }>(
      await request('/api/v1/admin/ledger/trial-balance', { token: admin.token }),
    );
    expect(trial).toMatchObject({ balanced: true, totals: [{ currency: 'USD', total_cents: 0 }] });
    for (const path of ['/api/v1/admin/ledger/trial-balance', '/api/v1/fees/revenue']) {
      expect(await refusalOf(await request(path, { token: buyer.token }))).toBe('403 forbidden');
      expect(await refusalOf(await request(path))).toBe('401 unauthenticated');
    }
    const wrong = await request('/api/v1/fees/revenue?from=2026-13-01', { token: admin.token });
    expect(await refusalOf(wrong)).toBe('422 validation_failed');
  });

  it('have a schedule that everybody may read', async () => {
    const { data } = await bodyOf<{ data: Record<string, unknown>[] }>(await request('/api/v1/fees/configs'));
    const match = data.find(({ channel, currency }) => channel === 'match' && currency === 'USD');
    expect(match).toMatchObject({ buyer_fee_bps: 500, seller_fee_bps: 400, in_force: true });
    expect(data).toHaveLength(16);
  });
});
