import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { MATCH_GRACE_MS } from '../../src/features/integrity/integrity.checks.ts';
import { type IntegrityRun, reconcile } from '../../src/features/integrity/integrity.usecases.ts';
import { freezePayouts, payoutFreeze } from '../../src/features/integrity/payout-freeze.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps, inside } from '../support/book-object.ts';
import type { TestBook } from '../support/books.ts';
import { allDone } from '../support/domain-events.ts';
import { acted, at, matchedOrder, type Purchase } from '../support/purchases.ts';

let buyer: TestUser;
let seller: TestUser;
let finance: TestUser;
let open: Purchase;
let book: TestBook;

async function posted<T>(path: string, user: TestUser, json: Record<string, unknown> = {}): Promise<T> {
  const response = await request(`/api/v1${path}`, { token: user.token, json });
  const body = await bodyOf<T>(response);
  if (response.status >= 300) throw new Error(`${path} refused: ${JSON.stringify(body)}`);
  return body;
}
const run = (...statements: string[]) => env.DB.batch(statements.map((text) => env.DB.prepare(text)));

/** Later than every grace, earlier than every limit of what waits for a bank. */
const later = (): Deps => at(deps.now() + 2 * MATCH_GRACE_MS);
/** Mismatches are logged as errors, which these tests want. */
async function reconciled(scope: IntegrityRun['scope'] = 'full', on: Deps = later()): Promise<IntegrityRun> {
  return reconcile({ ...on, log: { ...on.log, error: () => {} } }, scope);
}
const findingsOf = (found: IntegrityRun) =>
  found.results.filter(({ findings }) => findings.length > 0).map(({ name }) => name);

beforeAll(async () => {
  buyer = await signUp('integrity-buyer');
  seller = await signUp('integrity-seller');
  finance = await signUp('integrity-finance', 'finance');
  await posted('/seller/account', seller);
  await posted('/demo/seller/onboard', seller);
  await posted('/payment-methods', buyer, { token: 'pm_card_visa' });
  const first = await matchedOrder(buyer, seller);
  book = first.book;
  await allDone();
  await acted(first.order.id, 'ship', seller, { carrier: 'DHL', tracking_number: 'I-1' });
  await acted(first.order.id, 'deliver', buyer);
  await acted(first.order.id, 'complete', buyer);
  await allDone();
  const second = await matchedOrder(buyer, seller, book);
  await allDone();
  await acted(second.order.id, 'cancel', buyer, { reason: 'two are too many' });
  await posted('/wallet/top-up', buyer, {
    amount_cents: 30_000,
    currency: 'USD',
    payment_method_token: 'pm_card_visa',
  });
  const third = await matchedOrder(buyer, seller, book);
  open = third.order;
  await allDone();
});

beforeEach(() => allDone());

describe('a healthy market', () => {
  it('gives no findings, in a minute run and in full', async () => {
    const full = await reconciled();
    expect(findingsOf(full)).toEqual([]);
    expect(full.verdict).toBe('healthy');
    expect(full.results.length).toBeGreaterThan(20);
    expect((await reconciled('minute')).verdict).toBe('healthy');
    expect((await payoutFreeze(deps.db))?.isFrozen ?? false).toBe(false);
  });

  it('is walked by the minute run only where it is new', async () => {
    const first = await reconciled('minute');
    expect(first.ledgerThrough).toBeGreaterThan(5);
    const again = await reconciled('minute');
    expect(again).toMatchObject({ ledgerThrough: first.ledgerThrough, matchesThrough: '' });
  });
});

/** Without the trigger that forbids it, and with it again. */
const untied = (trigger: string) => {
  let text = '';
  return {
    off: async () => {
      const row = await env.DB.prepare('select sql from sqlite_master where name = ?')
        .bind(trigger)
        .first<{ sql: string }>();
      text = row!.sql;
      await env.DB.exec(`drop trigger ${trigger}`);
    },
    on: () => env.DB.prepare(text).run(),
  };
};

interface Planted {
  check: string;
  plant: () => string[];
  repair: () => string[];
  triggers?: string[];
}

const PLANTED: Planted[] = [
  {
    check: 'pending_purses_are_pending_proceeds',
    plant: () => [
      "insert into pending_proceeds (order_id, seller_id, currency, amount_cents, due_at) values ('ord_x', 'usr_x', 'USD', 5, 9e15)",
    ],
    repair: () => ["delete from pending_proceeds where order_id = 'ord_x'"],
  },
  {
    check: 'balances_are_sums',
    plant: () => [
      "update ledger_balances set balance_cents = balance_cents + 7 where account = 'platform:fees'",
    ],
    repair: () => [
      "update ledger_balances set balance_cents = balance_cents - 7 where account = 'platform:fees'",
    ],
  },
  {
    check: 'escrow_is_the_open_holds',
    plant: () => ["update ledger_balances set balance_cents = balance_cents + 1 where account = 'escrow'"],
    repair: () => ["update ledger_balances set balance_cents = balance_cents - 1 where account = 'escrow'"],
  },
  {
    check: 'ledger_sums_to_zero',
    plant: () => [
      "insert into ledger_entries (transaction_id, account, currency, amount_cents) values ('led_lost', 'escrow', 'USD', 5)",
    ],
    repair: () => ["delete from ledger_entries where transaction_id = 'led_lost'"],
    triggers: ['ledger_entries_are_kept'],
  },
  {
    check: 'transactions_sum_to_zero',
    plant: () => [
      `insert into ledger_entries (transaction_id, account, currency, amount_cents) values ('led_half', 'refunds', 'USD', 5)`,
      `insert into ledger_transactions (id, reason, cause, created_at) values ('led_half', 'funds_locked', 'half', 1)`,
    ],
    repair: () => [
      "delete from ledger_transactions where id = 'led_half'",
      "delete from ledger_entries where transaction_id = 'led_half'",
      "update ledger_balances set balance_cents = balance_cents - 5 where account = 'refunds'",
    ],
    triggers: ['ledger_transactions_balance', 'ledger_transactions_are_kept', 'ledger_entries_are_kept'],
  },
  {
    check: 'orders_hold_their_escrow',
    plant: () => [`update orders set refunded_cents = 100 where id = '${open.id}'`],
    repair: () => [`update orders set refunded_cents = 0 where id = '${open.id}'`],
  },
  {
    check: 'paid_orders_have_one_payment',
    plant: () => [`update payments set amount_cents = amount_cents + 1 where order_id = '${open.id}'`],
    repair: () => [`update payments set amount_cents = amount_cents - 1 where order_id = '${open.id}'`],
  },
  {
    check: 'captured_payments_paid_for_something',
    plant: () => [
      `insert into payments (id, purpose, order_id, user_id, amount_cents, currency, source, status, is_retryable, refunded_cents,
        series, version, created_at, updated_at)
        values ('pay_stray', 'top_up', null, 'usr_x', 500, 'USD', 'wallet', 'succeeded', 0, 0, 1, 1, 1, 1)`,
    ],
    repair: () => ["delete from payments where id = 'pay_stray'"],
  },
  {
    check: 'refunds_on_their_way',
    plant: () => ["update refunds set status = 'processing', updated_at = 9000000000000"],
    repair: () => ["update refunds set status = 'succeeded'"],
  },
  {
    check: 'payouts_in_transit',
    plant: () => ["update payouts set status = 'processing', updated_at = 9000000000000"],
    repair: () => ["update payouts set status = 'paid'"],
  },
  {
    check: 'purses_are_not_overdrawn',
    plant: () => ["insert into ledger_balances values ('user:usr_x:locked', 'USD', -1)"],
    repair: () => ["delete from ledger_balances where account = 'user:usr_x:locked'"],
  },
  {
    check: 'processor_charges_agree',
    plant: () => [
      `update demo_objects set body = json_set(body, '$.amount', 1)
        where type = 'charge' and reference = (select processor_payment_id from payments where order_id = '${open.id}')`,
      `update demo_objects set body = json_set(body, '$.amount', 1)
        where id = (select processor_payment_id from payments where order_id = '${open.id}')`,
    ],
    repair: () => [
      `update demo_objects set body = json_set(body, '$.amount', 23100)
        where type = 'charge' and reference = (select processor_payment_id from payments where order_id = '${open.id}')`,
      `update demo_objects set body = json_set(body, '$.amount', 23100)
        where id = (select processor_payment_id from payments where order_id = '${open.id}')`,
    ],
  },
];

describe('a mismatch of money', () => {
  it.each(PLANTED)('is found: $check', async ({ check, plant, repair, triggers = [] }) => {
    const ties = triggers.map(untied);
    for (const { off } of ties) await off();
    await run(...plant());
    const found = await reconciled();
    await run(...repair());
    for (const { on } of ties) await on();
    expect(findingsOf(found)).toContain(check);
    expect(found.verdict).toBe('mismatch');
    expect((await payoutFreeze(deps.db))?.isFrozen).toBe(true);
    await posted('/admin/integrity/lift-freeze', finance, { reason: `planted ${check}` });
    await allDone();
    expect(findingsOf(await reconciled())).toEqual([]);
  });

  it('that is new is found by the next minute run', async () => {
    await reconciled('minute');
    const tie = untied('ledger_transactions_balance');
    await tie.off();
    await run(
      `insert into ledger_entries (transaction_id, account, currency, amount_cents) values ('led_new', 'escrow', 'USD', 5)`,
      `insert into ledger_transactions (id, reason, cause, created_at) values ('led_new', 'funds_locked', 'new', 1)`,
    );
    await tie.on();
    expect(findingsOf(await reconciled('minute'))).toEqual(['transactions_sum_to_zero']);
    // Money that came from nowhere goes back there, in a transaction of its own.
    const back = untied('ledger_transactions_balance');
    await back.off();
    await run(
      `insert into ledger_entries (transaction_id, account, currency, amount_cents) values ('led_back', 'escrow', 'USD', -5)`,
      `insert into ledger_transactions (id, reason, cause, created_at) values ('led_back', 'funds_unlocked', 'back', 1)`,
    );
    await back.on();
  });

  it('freezes payouts once: what finance has seen and accepted does not freeze them again', async () => {
    const full = await reconciled();
    expect(findingsOf(full)).toEqual(['transactions_sum_to_zero']);
    expect((await payoutFreeze(deps.db))?.isFrozen).toBe(true);
    await posted('/admin/integrity/lift-freeze', finance, { reason: 'both halves were entered by hand' });
    await allDone();
    expect((await reconciled()).verdict).toBe('mismatch');
    expect((await payoutFreeze(deps.db))?.isFrozen).toBe(false);
    const { results } = await env.DB.prepare(
      "select action, reason from audit_log where target_type = 'payouts' order by rowid desc limit 2",
    ).all<{ action: string; reason: string }>();
    expect(results[0]).toEqual({ action: 'payouts_unfrozen', reason: 'both halves were entered by hand' });
    expect(results[1]).toMatchObject({ action: 'payouts_frozen' });
  });
});

const WAITING: Omit<Planted, 'triggers'>[] = [
  {
    check: 'matches_have_one_order',
    plant: () => [
      `insert into matches select 'mat_alone', size_id, product_id, bid_id, ask_id, buyer_id, seller_id, price_cents, quantity, currency,
        taker_side, fee_schedule_id, buyer_fee_bps, seller_fee_bps, buyer_fee_cents, seller_fee_cents, buyer_total_cents,
        seller_payout_cents, status, created_at from matches limit 1`,
    ],
    repair: () => ["delete from matches where id = 'mat_alone'"],
  },
  {
    check: 'order_timers_are_swept',
    plant: () => [`update order_timers set due_at = due_at - 1000000000 where order_id = '${open.id}'`],
    repair: () => [`update order_timers set due_at = due_at + 1000000000 where order_id = '${open.id}'`],
  },
  {
    check: 'payment_calls_end',
    plant: () => ["update payment_attempts set outcome = 'intent' where n = 1"],
    repair: () => ["update payment_attempts set outcome = 'success' where n = 1"],
  },
  {
    check: 'payments_go_on',
    plant: () => [`update payments set next_call_at = 1 where order_id = '${open.id}'`],
    repair: () => [`update payments set next_call_at = null where order_id = '${open.id}'`],
  },
  {
    check: 'transfers_arrive',
    plant: () => ["update transfers set status = 'intent', updated_at = 1"],
    repair: () => ["update transfers set status = 'succeeded'"],
  },
  {
    check: 'nothing_is_refused',
    plant: () => ["update transfers set status = 'failed', failure_code = 'account_closed'"],
    repair: () => ["update transfers set status = 'succeeded', failure_code = null"],
  },
  {
    check: 'webhooks_are_processed',
    plant: () => [
      "insert into webhook_inbox (event_id, type, subject, received_at, attempts) values ('evt_x', 'x', '{}', 1, 0)",
    ],
    repair: () => ["delete from webhook_inbox where event_id = 'evt_x'"],
  },
  {
    check: 'events_leave_the_outbox',
    plant: () => [
      "insert into outbox (event_id, type, body, created_at, due_at, attempts) values ('old', 'told', '{}', 1, 9000000000000, 1)",
    ],
    repair: () => ["delete from outbox where event_id = 'old'"],
  },
  {
    check: 'no_dead_letters',
    plant: () => [
      "insert into dead_letters (id, queue, body, reason, attempts, created_at) values ('d1', 'bourse-events', '{}', 'test', 5, 1)",
    ],
    repair: () => ["delete from dead_letters where id = 'd1'"],
  },
];

describe('what waits too long, or is missing', () => {
  it.each(WAITING)('is found, and freezes nothing: $check', async ({ check, plant, repair }) => {
    await run(...plant());
    const found = await reconciled();
    await run(...repair());
    const new_ = findingsOf(found).filter((name) => name !== 'transactions_sum_to_zero');
    expect(new_).toEqual([check]);
    expect((await payoutFreeze(deps.db))?.isFrozen).toBe(false);
  });

  it('is found in the books: a projection that is behind, an alarm that is late, an object that does not answer', async () => {
    const pulse = { unprojected: 3, projectionLateMs: 600_000, alarmLateMs: 120_000 };
    const poked: string[] = [];
    const ill = (books: Partial<Deps['books']>): Deps => ({
      ...later(),
      books: { ...deps.books, poke: async (key) => void poked.push(key), ...books },
    });
    const behind = await reconciled('minute', ill({ pulse: async () => pulse }));
    const findings = behind.results.find(({ name }) => name === 'books_are_projected_in_time')?.findings;
    expect(findings).toEqual([
      { subject: `${book.sizeId} projection`, expected: 300, found: 600 },
      { subject: `${book.sizeId} alarm`, expected: 60, found: 120 },
    ]);
    expect(poked).toHaveLength(1);
    const quiet = ill({ pulse: async () => Promise.reject(new Error('gone')) });
    const gone = await reconciled('minute', { ...quiet, log: { ...deps.log, warn: () => {} } });
    expect(findingsOf(gone)).toContain('books_are_projected_in_time');
  });

  it('is told by a book itself', async () => {
    expect(await deps.books.pulse(book.sizeId.slice(4))).toEqual({
      unprojected: 0,
      projectionLateMs: 0,
      alarmLateMs: 0,
    });
    expect(await deps.books.pulse('0000000000000000')).toBeNull();
    await inside(book, (innards) => {
      innards.armedAtMs = 1;
    });
    const { alarmLateMs } = (await deps.books.pulse(book.sizeId.slice(4)))!;
    expect(alarmLateMs).toBeGreaterThan(1_000_000);
    await inside(book, (innards) => {
      innards.armedAtMs = null;
    });
  });
});

describe('the freeze of payouts', () => {
  const available = { amount_cents: 6_000, currency: 'USD' };
  const asked = (path: string, user: TestUser, json?: Record<string, unknown>) =>
    request(`/api/v1${path}`, { token: user.token, ...(json === undefined ? {} : { json }) });

  it('is read and lifted by finance alone', async () => {
    for (const user of [buyer, await signUp('integrity-support', 'support')]) {
      expect((await asked('/admin/integrity', user)).status).toBe(403);
      expect((await asked('/admin/integrity/run', user, {})).status).toBe(403);
      expect((await asked('/admin/integrity/lift-freeze', user, { reason: 'x' })).status).toBe(403);
    }
    expect((await request('/api/v1/admin/integrity')).status).toBe(401);
    expect((await asked('/admin/integrity/lift-freeze', finance, { reason: 'nothing to lift' })).status).toBe(
      409,
    );
    expect((await asked('/admin/integrity/lift-freeze', finance, {})).status).toBe(422);
    expect(await bodyOf(await asked('/admin/integrity', finance))).toMatchObject({
      runs: [{ scope: 'full' }, { scope: 'minute' }],
      payouts: { is_frozen: false, allowed_actions: [] },
    });
    expect(await posted('/admin/integrity/run', finance, { scope: 'minute' })).toMatchObject({
      scope: 'minute',
      checks: expect.arrayContaining([expect.objectContaining({ name: 'no_dead_letters', ok: true })]),
    });
  });

  it('refuses payouts, keeps those on their way, and lets them go when it is lifted', async () => {
    await posted('/seller/account', buyer);
    await posted('/demo/seller/onboard', buyer);
    await allDone();
    const started = await posted<{ id: string }>('/payouts', buyer, available);
    await freezePayouts(deps, 'a test', ['planted']);
    await allDone();
    const refused = await asked('/payouts', buyer, available);
    expect(refused.status).toBe(409);
    expect(await bodyOf(refused)).toMatchObject({ code: 'payouts_frozen' });
    expect(await bodyOf(await asked('/admin/integrity', finance))).toMatchObject({
      payouts: { is_frozen: true, reason: 'a test', allowed_actions: ['lift'] },
    });
    expect(await bodyOf(await asked(`/payouts/${started.id}`, buyer))).toMatchObject({ status: 'pending' });
    await posted('/admin/integrity/lift-freeze', finance, { reason: 'over' });
    await allDone();
    expect(await bodyOf(await asked(`/payouts/${started.id}`, buyer))).toMatchObject({ status: 'paid' });
  });
});
