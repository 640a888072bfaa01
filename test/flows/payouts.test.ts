import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { DAY_MS, HOUR_MS } from '../../src/domain/time.ts';
import { reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { clearProceeds } from '../../src/features/orders/clear-proceeds.ts';
import { act as actAs } from '../../src/features/orders/orders.usecases.ts';
import { retryFailedPayouts, sweepScheduledPayouts } from '../../src/features/payments/payouts.usecases.ts';
import { MONEY_JOBS } from '../../src/jobs/money.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import type { TestBook } from '../support/books.ts';
import { allDone } from '../support/domain-events.ts';
import { acted, at, callerOf, matchedOrder, type Purchase } from '../support/purchases.ts';

interface Payout {
  id: string;
  amount_cents: number;
  fee_cents: number;
  status: string;
  attempt: number;
  retry_at: string | null;
  allowed_actions: string[];
}

let finance: TestUser;
let support: TestUser;
let book: TestBook | undefined;
let people = 0;

const call = (path: string, user: TestUser, json?: Record<string, unknown>, method?: string) =>
  request(`/api/v1${path}`, {
    token: user.token,
    ...(json === undefined ? {} : { json }),
    ...(method === undefined ? {} : { method }),
  });
async function posted<T>(path: string, user: TestUser, json: Record<string, unknown> = {}): Promise<T> {
  const response = await call(path, user, json);
  const body = await bodyOf<T>(response);
  if (response.status >= 300) throw new Error(`${path} refused: ${JSON.stringify(body)}`);
  return body;
}
const put = (user: TestUser, settings: Record<string, unknown>) =>
  call('/payouts/settings', user, settings, 'PUT');

/** A buyer who pays by card at once, and a seller who can be paid out. */
async function pair(): Promise<{ buyer: TestUser; seller: TestUser }> {
  people += 1;
  const buyer = await signUp(`payout-buyer-${people}`);
  const seller = await signUp(`payout-seller-${people}`);
  await posted('/seller/account', seller);
  await posted('/demo/seller/onboard', seller);
  await posted('/payment-methods', buyer, { token: 'pm_card_visa' });
  await allDone();
  return { buyer, seller };
}

/** An order whose parcel has arrived. */
async function delivered(buyer: TestUser, seller: TestUser): Promise<Purchase> {
  const made = await matchedOrder(buyer, seller, book);
  book = made.book;
  await allDone();
  await acted(made.order.id, 'ship', seller, { carrier: 'DHL', tracking_number: made.order.id });
  return acted(made.order.id, 'deliver', buyer);
}

async function sold(buyer: TestUser, seller: TestUser, on: Deps = deps): Promise<Purchase> {
  const order = await delivered(buyer, seller);
  await actAs(on, order.id, 'complete', callerOf(buyer), {});
  await allDone(on);
  return order;
}

const payoutsOf = async (user: TestUser): Promise<Payout[]> =>
  (await bodyOf<{ data: Payout[] }>(await call('/payouts', user))).data;
async function purses(user: TestUser): Promise<{ available: number; pending: number }> {
  const { balances } = await bodyOf<{
    balances: { currency: string; available_cents: number; pending_cents: number }[];
  }>(await call('/wallet', user));
  const usd = balances.find(({ currency }) => currency === 'USD');
  return { available: usd?.available_cents ?? 0, pending: usd?.pending_cents ?? 0 };
}
const delayed: Deps = { ...deps, config: { ...deps.config, PAYOUT_DELAY_HOURS: 48 } };
const PAYOUT_CENTS = 21_120;

async function expectSound(): Promise<void> {
  const { results } = await reconcile(
    { ...at(deps.now() + 1000), log: { ...deps.log, error: () => {} } },
    'full',
  );
  expect(results.filter(({ kind, findings }) => kind === 'money' && findings.length > 0)).toEqual([]);
}

beforeAll(async () => {
  finance = await signUp('payout-finance', 'finance');
  support = await signUp('payout-support', 'support');
});

describe('the settings of payouts', () => {
  it('are automatic from 50.00 until the seller says otherwise', async () => {
    const { seller } = await pair();
    const stranger = await signUp('payout-stranger');
    expect(await bodyOf(await call('/payouts/settings', seller))).toEqual({
      schedule: 'automatic',
      minimum_cents: 5_000,
      is_instant: false,
      instant_fee_bps: 200,
      next_payout_at: null,
      has_account: true,
    });
    expect(await bodyOf(await call('/payouts/settings', stranger))).toMatchObject({ has_account: false });
    expect((await put(stranger, { schedule: 'daily' })).status).toBe(409);
    expect((await request('/api/v1/payouts/settings')).status).toBe(401);
    for (const bad of [
      { schedule: 'hourly' },
      { schedule: 'daily', minimum_cents: 4_999 },
      { schedule: 'daily', minimum_cents: 1e300 },
      { schedule: 'daily', user_id: 'usr_other' },
      {},
    ])
      expect((await put(seller, bad)).status).toBe(422);
    const weekly = await bodyOf<{ next_payout_at: string }>(
      await put(seller, { schedule: 'weekly', minimum_cents: 10_000, is_instant: true }),
    );
    expect(new Date(weekly.next_payout_at).getUTCDay()).toBe(1);
    const again = await bodyOf(await put(seller, { schedule: 'weekly', minimum_cents: 9_000 }));
    expect(again).toMatchObject({ minimum_cents: 9_000, next_payout_at: weekly.next_payout_at });
    expect(await bodyOf(await put(seller, { schedule: 'manual' }))).toMatchObject({ next_payout_at: null });
  });

  it('automatic pays out after each sale; a higher minimum waits for the next', async () => {
    const { buyer, seller } = await pair();
    await put(seller, { schedule: 'automatic', minimum_cents: 30_000 });
    await sold(buyer, seller);
    expect(await payoutsOf(seller)).toEqual([]);
    await sold(buyer, seller);
    expect(await payoutsOf(seller)).toMatchObject([{ amount_cents: 2 * PAYOUT_CENTS, status: 'paid' }]);
    await expectSound();
  });

  it.each(['daily', 'weekly', 'monthly'] as const)(
    '%s pays out once at the end of each period',
    async (schedule) => {
      const { buyer, seller } = await pair();
      await put(seller, { schedule, is_instant: schedule === 'daily' });
      await sold(buyer, seller);
      await sweepScheduledPayouts(deps);
      expect(await payoutsOf(seller)).toEqual([]);
      const due = at(deps.now() + 32 * DAY_MS);
      await Promise.all([sweepScheduledPayouts(due), sweepScheduledPayouts(due)]);
      await sweepScheduledPayouts(due);
      await allDone();
      const fee = schedule === 'daily' ? 422 : 0;
      expect(await payoutsOf(seller)).toMatchObject([
        { amount_cents: PAYOUT_CENTS, fee_cents: fee, status: 'paid' },
      ]);
      await sold(buyer, seller);
      await sweepScheduledPayouts(at(deps.now() + 64 * DAY_MS));
      await allDone();
      expect(await payoutsOf(seller)).toHaveLength(2);
      await expectSound();
    },
  );

  it('of a period that was swept half is paid once when the sweep comes again', async () => {
    const { buyer, seller } = await pair();
    await put(seller, { schedule: 'daily' });
    await sold(buyer, seller);
    const before = await env.DB.prepare('select next_payout_at from seller_accounts where user_id = ?')
      .bind(seller.userId)
      .first<number>('next_payout_at');
    const due = at(deps.now() + 2 * DAY_MS);
    await sweepScheduledPayouts(due);
    await env.DB.prepare('update seller_accounts set next_payout_at = ? where user_id = ?')
      .bind(before, seller.userId)
      .run();
    await posted('/wallet/top-up', seller, {
      amount_cents: 20_000,
      currency: 'USD',
      payment_method_token: 'pm_card_visa',
    });
    await sweepScheduledPayouts(due);
    await allDone();
    expect(await payoutsOf(seller)).toHaveLength(1);
  });

  it('manual waits to be asked', async () => {
    const { buyer, seller } = await pair();
    await put(seller, { schedule: 'manual' });
    await sold(buyer, seller);
    const later = at(deps.now() + 40 * DAY_MS);
    for (const job of Object.values(MONEY_JOBS)) await job(later, later.now());
    expect(await payoutsOf(seller)).toEqual([]);
    const asked = await posted<Payout>('/payouts', seller, { amount_cents: 10_000, currency: 'USD' });
    await allDone();
    expect(await payoutsOf(seller)).toMatchObject([{ id: asked.id, status: 'paid' }]);
  });
});

describe('the payout delay', () => {
  it('keeps proceeds pending until it is over, and pays them out then', async () => {
    const { buyer, seller } = await pair();
    const order = await sold(buyer, seller, delayed);
    expect(await purses(seller)).toEqual({ available: 0, pending: PAYOUT_CENTS });
    expect(await clearProceeds(at(deps.now() + 47 * HOUR_MS), seller.userId)).toBe(0);
    const over = at(deps.now() + 49 * HOUR_MS);
    const { results } = await reconcile({ ...over, log: { ...deps.log, error: () => {} } }, 'minute');
    expect(results.find(({ name }) => name === 'proceeds_clear')?.findings).toMatchObject([
      { subject: order.id },
    ]);
    const cleared = await Promise.all([
      clearProceeds(over, seller.userId),
      clearProceeds(over, seller.userId),
    ]);
    expect(cleared.sort()).toEqual([0, 1]);
    await allDone();
    expect(await payoutsOf(seller)).toMatchObject([{ amount_cents: PAYOUT_CENTS, status: 'paid' }]);
    const reasons = await env.DB.prepare(
      'select group_concat(reason) as all_of_it from ledger_transactions where order_id = ? order by created_at',
    )
      .bind(order.id)
      .first<string>('all_of_it');
    expect(reasons?.split(',')).toEqual(['payment_captured', 'escrow_released', 'proceeds_cleared']);
    await expectSound();
  });

  it('lets refunds take what is pending first, in part and in whole', async () => {
    const { buyer, seller } = await pair();
    const order = await sold(buyer, seller, delayed);
    const { data } = await bodyOf<{ data: { id: string }[] }>(
      await call(`/payments?order_id=${order.id}`, buyer),
    );
    await posted(`/payments/${data[0]!.id}/refunds`, finance, { amount_cents: 11_550, reason: 'half' });
    await allDone();
    expect(await purses(seller)).toEqual({ available: 0, pending: PAYOUT_CENTS / 2 });
    await posted(`/payments/${data[0]!.id}/refunds`, finance, { reason: 'the rest' });
    await allDone();
    expect(await purses(seller)).toEqual({ available: 0, pending: 0 });
    expect(await clearProceeds(at(deps.now() + 49 * HOUR_MS), seller.userId)).toBe(0);
    await expectSound();
  });
});

describe('a payout that failed', () => {
  /** A bank that refuses payouts, and nothing else. */
  const refusing: Deps = {
    ...deps,
    payments: {
      ...deps.payments,
      payout: async () => ({ kind: 'refused', code: 'account_closed', detail: 'closed' }),
    },
  };

  it('is tried again by itself after an hour, six hours and a day, and then waits', async () => {
    const { buyer, seller } = await pair();
    await sold(buyer, seller, refusing);
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const [payout] = await payoutsOf(seller);
      expect(payout).toMatchObject({ status: 'failed', attempt: round + 1, allowed_actions: ['retry'] });
      expect(await purses(seller)).toMatchObject({ available: PAYOUT_CENTS });
      const dueMs = Date.parse(payout!.retry_at!);
      const now = at(dueMs);
      waits.push(Math.round((dueMs - deps.now()) / HOUR_MS));
      expect(await retryFailedPayouts(at(dueMs - 1))).toBe(0);
      await retryFailedPayouts(now);
      await allDone(refusing);
    }
    expect(waits).toEqual([1, 6, 24]);
    const [last] = await payoutsOf(seller);
    expect(last).toMatchObject({ status: 'failed', attempt: 4, retry_at: null });
    await posted(`/payouts/${last!.id}/retry`, seller);
    await allDone();
    expect(await payoutsOf(seller)).toMatchObject([{ id: last!.id, status: 'paid', attempt: 5 }]);
    await expectSound();
  });

  it('is tried again by its owner or by finance, once by many, and by nobody else', async () => {
    const { buyer, seller } = await pair();
    await sold(buyer, seller, refusing);
    const [payout] = await payoutsOf(seller);
    const path = `/payouts/${payout!.id}/retry`;
    expect((await call(path, buyer, {})).status).toBe(404);
    expect((await call(path, support, {})).status).toBe(404);
    expect((await call(`/payouts/${payout!.id}`, finance)).status).toBe(200);
    const answers = await Promise.all([1, 2, 3].map(() => call(path, finance, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    await allDone();
    expect(await payoutsOf(seller)).toMatchObject([{ status: 'paid', attempt: 2 }]);
    expect((await call(path, seller, {})).status).toBe(409);
    const audited = await env.DB.prepare(
      "select count(*) as n from audit_log where action = 'payout_retried'",
    ).first<number>('n');
    expect(audited).toBe(1);
    await expectSound();
  });

  it('is not tried again with money that was spent meanwhile', async () => {
    const { buyer, seller } = await pair();
    await sold(buyer, seller, refusing);
    await put(seller, { schedule: 'manual' });
    await posted('/payouts', seller, { amount_cents: 20_000, currency: 'USD' });
    const failed = (await payoutsOf(seller)).find(({ status }) => status === 'failed')!;
    expect(await bodyOf(await call(`/payouts/${failed.id}/retry`, seller, {}))).toMatchObject({
      code: 'insufficient_funds',
    });
    await retryFailedPayouts(at(deps.now() + 2 * HOUR_MS));
    await allDone();
    expect((await payoutsOf(seller)).find(({ id }) => id === failed.id)).toMatchObject({
      status: 'failed',
      retry_at: null,
    });
  });

  it('keeps what its account was funded with: the next attempt does not fund it twice', async () => {
    const { seller } = await pair();
    await posted('/wallet/top-up', seller, {
      amount_cents: 40_000,
      currency: 'USD',
      payment_method_token: 'pm_card_visa',
    });
    const payout = await posted<Payout>('/payouts', seller, { amount_cents: 40_000, currency: 'USD' });
    await allDone();
    expect(await posted(`/demo/payouts/${payout.id}/fail`, finance)).toEqual({ done: true });
    await allDone();
    const [reversed] = await payoutsOf(seller);
    expect(reversed).toMatchObject({ status: 'reversed', allowed_actions: [] });
    const again = await posted<Payout>('/payouts', seller, { amount_cents: 40_000, currency: 'USD' });
    await allDone();
    const rows = await env.DB.prepare('select id, funded_cents, status from payouts where user_id = ?')
      .bind(seller.userId)
      .all<{ id: string; funded_cents: number; status: string }>();
    expect(rows.results.find(({ id }) => id === payout.id)).toMatchObject({ funded_cents: 40_000 });
    expect(rows.results.find(({ id }) => id === again.id)).toMatchObject({ funded_cents: 0, status: 'paid' });
  });
});

describe('what the processor refused', () => {
  const refusing: Deps = {
    ...deps,
    payments: {
      ...deps.payments,
      refund: async () => ({ kind: 'refused', code: 'charge_disputed', detail: 'disputed' }),
      transfer: async () => ({ kind: 'refused', code: 'balance_insufficient', detail: 'no money' }),
    },
    log: { ...deps.log, error: () => {} },
  };

  it('of a refund is sent again by finance, once, and written down', async () => {
    const { buyer, seller } = await pair();
    const { order } = await matchedOrder(buyer, seller, book);
    await allDone();
    await acted(order.id, 'cancel', seller, { reason: 'it broke' });
    await allDone(refusing);
    const failed = await bodyOf<{ data: { id: string; order_id: string; allowed_actions: string[] }[] }>(
      await call('/admin/refunds?status=failed', finance),
    );
    const refund = failed.data.find((row) => row.order_id === order.id)!;
    expect(refund).toMatchObject({ failure_code: 'charge_disputed', allowed_actions: ['retry'] });
    const path = `/admin/refunds/${refund.id}/retry`;
    expect((await call(path, support, {})).status).toBe(403);
    expect((await call(path, buyer, {})).status).toBe(403);
    expect((await call('/admin/refunds/ref_unknown/retry', finance, {})).status).toBe(404);
    const answers = await Promise.all([1, 2].map(() => call(path, finance, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await allDone();
    expect((await call(path, finance, {})).status).toBe(409);
    const { data } = await bodyOf<{ data: { refunds: { status: string }[] }[] }>(
      await call(`/payments?order_id=${order.id}`, buyer),
    );
    expect(data[0]!.refunds).toMatchObject([{ status: 'succeeded' }]);
    const audited = await env.DB.prepare(
      "select count(*) as n from audit_log where action = 'refund_retried' and target_id = ?",
    )
      .bind(refund.id)
      .first<number>('n');
    expect(audited).toBe(1);
    await expectSound();
  });

  it('of a transfer is sent again by finance', async () => {
    const { buyer, seller } = await pair();
    await put(seller, { schedule: 'manual' });
    const order = await sold(buyer, seller, refusing);
    const path = `/admin/transfers/${order.id}/retry`;
    expect((await call(path, seller, {})).status).toBe(403);
    const listed = await bodyOf<{ data: { order_id: string }[] }>(
      await call('/admin/transfers?status=failed', finance),
    );
    expect(listed.data).toContainEqual(expect.objectContaining({ order_id: order.id }));
    expect(await posted(path, finance)).toMatchObject({ status: 'intent', attempt: 2 });
    await allDone();
    const after = await bodyOf<{ data: { order_id: string }[] }>(
      await call('/admin/transfers?status=succeeded', finance),
    );
    expect(after.data).toContainEqual(expect.objectContaining({ order_id: order.id }));
    expect((await call(path, finance, {})).status).toBe(409);
  });
});

describe('the oversight of payouts', () => {
  it('is for finance, by status and by seller, page by page', async () => {
    for (const path of ['/admin/payouts', '/admin/refunds', '/admin/transfers']) {
      expect((await request(`/api/v1${path}`)).status).toBe(401);
      expect((await call(path, support)).status).toBe(403);
      expect((await call(path, finance)).status).toBe(200);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { data: { id: string }[]; next_cursor: string | null } = await bodyOf(
        await call(`/admin/payouts?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`, finance),
      );
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    const { n } = (await env.DB.prepare('select count(*) as n from payouts').first<{ n: number }>())!;
    expect(seen).toHaveLength(n);
    expect(new Set(seen).size).toBe(n);
    const one = await bodyOf<{ data: { user_id: string; status: string }[] }>(
      await call('/admin/payouts?status=paid', finance),
    );
    expect(new Set(one.data.map(({ status }) => status))).toEqual(new Set(['paid']));
    const { user_id: userId } = one.data[0]!;
    const own = await bodyOf<{ data: { user_id: string }[] }>(
      await call(`/admin/payouts?user_id=${userId}`, finance),
    );
    expect(new Set(own.data.map((row) => row.user_id))).toEqual(new Set([userId]));
    expect((await call('/admin/payouts?status=gone', finance)).status).toBe(422);
    expect((await call('/admin/payouts?cursor=x', finance)).status).toBe(422);
  });
});
