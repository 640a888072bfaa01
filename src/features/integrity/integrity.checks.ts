/**
 * The checks of reconciliation that a database can answer, each one SELECT of what is wrong: `subject`, `expected`,
 * `found`. `ledger` checks look at a page of transactions and at the orders they touch, `matches` at a page of matches;
 * `whole` checks sum up everything, and `backlog` checks look for what waits too long. All of one page run in one
 * transaction, so that no posting falls between them.
 */
import {
  type CheckKind,
  type CheckResult,
  type Finding,
  MAX_FINDINGS,
} from '../../domain/integrity/findings.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/time.ts';

type Over = 'ledger' | 'matches' | 'whole' | 'backlog';

/** What is after the first and up to the second is looked at. */
export interface CheckBounds {
  /** Rows of the ledger's transactions, in the order in which they came. */
  ledger?: readonly [afterRow: number, throughRow: number];
  /** Ids of matches. */
  matches?: readonly [afterId: string, throughId: string];
}

interface SqlCheck {
  name: string;
  kind: CheckKind;
  over: Over;
  /** Reads its bounds from `bounds`; the findings come in a stable order. */
  sql: string;
}

/** A match becomes an order with its projection; both take seconds. */
export const MATCH_GRACE_MS = 5 * MINUTE_MS;
const SWEEP_GRACE_MS = 5 * MINUTE_MS;
const CALL_LIMIT_MS = 10 * MINUTE_MS;
const OUTBOX_LIMIT_MS = 10 * MINUTE_MS;
const WEBHOOK_LIMIT_MS = 15 * MINUTE_MS;
const DELIVERY_LIMIT_MS = HOUR_MS;
/** What a bank may take. */
const BANK_LIMIT_MS = 7 * DAY_MS;

const BOUNDS = `with bounds(now_ms, ledger_after, ledger_through, matches_after, matches_through) as (select ?, ?, ?, ?, ?),
  touched(order_id) as (
    select distinct order_id from ledger_transactions, bounds
    where ledger_transactions.rowid > ledger_after and ledger_transactions.rowid <= ledger_through and order_id is not null
  )`;

/** What of an order's payment is still in escrow: nothing once it was released, else what was not refunded. */
const OPEN_HOLD = `case when o.payment_id is null or o.released_cents > 0 then 0 else o.total_cents - o.refunded_cents end`;
const CAPTURED = `('succeeded', 'partially_refunded', 'refunded')`;

/** Compares what an account holds with what it should hold, currency by currency. */
const accountIs = (account: string, shouldBe: string): string => `
  select coalesce(b.currency, s.currency) as subject, coalesce(s.cents, 0) as expected, coalesce(b.balance_cents, 0) as found
  from (select currency, balance_cents from ledger_balances where account = '${account}') b
  full join (select currency, sum(cents) as cents from (${shouldBe}) group by currency) s on s.currency = b.currency
  where coalesce(s.cents, 0) <> coalesce(b.balance_cents, 0)
  order by 1`;

/** Rows that should have moved on by now: `since` is the time they wait from. */
const waiting = (table: string, id: string, since: string, limitMs: number, where: string): string => `
  select ${id} as subject, ${limitMs / 1000} as expected, (now_ms - ${since}) / 1000 as found
  from ${table}, bounds where ${where} and ${since} < now_ms - ${limitMs}
  order by ${since}, 1`;

export const SQL_CHECKS: readonly SqlCheck[] = [
  {
    name: 'transactions_sum_to_zero',
    kind: 'money',
    over: 'ledger',
    sql: `select t.id as subject, 0 as expected, sum(e.amount_cents) as found
      from bounds join ledger_transactions t on t.rowid > ledger_after and t.rowid <= ledger_through
      join ledger_entries e on e.transaction_id = t.id
      group by t.id, e.currency having sum(e.amount_cents) <> 0 order by t.id`,
  },
  {
    name: 'user_balances_are_sums',
    kind: 'money',
    over: 'ledger',
    sql: `select b.account || ' ' || b.currency as subject,
        (select coalesce(sum(e.amount_cents), 0) from ledger_entries e where e.account = b.account and e.currency = b.currency)
          as expected,
        b.balance_cents as found
      from ledger_balances b
      where (b.account, b.currency) in (
          select e.account, e.currency from bounds
          join ledger_transactions t on t.rowid > ledger_after and t.rowid <= ledger_through
          join ledger_entries e on e.transaction_id = t.id where e.account like 'user:%'
        ) and found <> expected
      order by 1`,
  },
  {
    name: 'orders_hold_their_escrow',
    kind: 'money',
    over: 'ledger',
    sql: `select o.id as subject, ${OPEN_HOLD} as expected,
        (select coalesce(sum(e.amount_cents), 0) from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
          where t.order_id = o.id and e.account = 'escrow') as found
      from orders o where o.id in (select order_id from touched) and found <> expected order by o.id`,
  },
  {
    name: 'paid_orders_have_one_payment',
    kind: 'money',
    over: 'ledger',
    sql: `select o.id as subject, o.total_cents || ' ' || o.currency as expected,
        (select coalesce(sum(p.amount_cents), 0) || ' ' || coalesce(max(p.currency), '') from payments p
          where p.order_id = o.id and p.id = o.payment_id and p.status in ${CAPTURED}) as found
      from orders o where o.id in (select order_id from touched) and o.payment_id is not null and found <> expected
      order by o.id`,
  },
  {
    name: 'matches_have_one_order',
    kind: 'flow',
    over: 'matches',
    sql: `select m.id as subject, 1 as expected,
        (select count(*) from orders o where o.source = 'match' and o.source_id = m.id) as found
      from bounds join matches m on m.id > matches_after and m.id <= matches_through
      where m.created_at < now_ms - ${MATCH_GRACE_MS} and found <> 1 order by m.id`,
  },
  {
    name: 'ledger_sums_to_zero',
    kind: 'money',
    over: 'whole',
    sql: `select currency as subject, 0 as expected, sum(amount_cents) as found from ledger_entries
      group by currency having sum(amount_cents) <> 0 order by currency`,
  },
  {
    name: 'balances_are_sums',
    kind: 'money',
    over: 'whole',
    sql: `select coalesce(b.account, s.account) || ' ' || coalesce(b.currency, s.currency) as subject,
        coalesce(s.cents, 0) as expected, coalesce(b.balance_cents, 0) as found
      from ledger_balances b full join (
        select account, currency, sum(amount_cents) as cents from ledger_entries group by account, currency
      ) s on s.account = b.account and s.currency = b.currency
      where coalesce(s.cents, 0) <> coalesce(b.balance_cents, 0) order by 1`,
  },
  {
    name: 'escrow_is_the_open_holds',
    kind: 'money',
    over: 'whole',
    sql: accountIs(
      'escrow',
      `select o.currency, ${OPEN_HOLD} as cents from orders o where o.payment_id is not null`,
    ),
  },
  {
    name: 'paid_orders_are_in_the_ledger',
    kind: 'money',
    over: 'whole',
    sql: `select o.id as subject, o.total_cents as expected,
        (select coalesce(sum(e.amount_cents), 0) from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
          where t.reason = 'payment_captured' and t.cause = o.id and e.account = 'escrow') as found
      from orders o where (o.payment_id is not null or o.paid_at is not null) and found <> expected order by o.id`,
  },
  {
    name: 'captured_payments_paid_for_something',
    kind: 'money',
    over: 'whole',
    sql: `select p.id as subject, p.amount_cents as expected,
        (select coalesce(-sum(e.amount_cents), 0) from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
          where e.amount_cents < 0 and (
            (t.reason = 'payment_captured' and (t.cause = p.order_id or t.cause = p.order_id || '/' || p.id))
            or (t.reason = 'wallet_topped_up' and t.cause = p.id))) as found
      from payments p where p.status in ${CAPTURED} and found <> expected order by p.id`,
  },
  {
    name: 'refunds_on_their_way',
    kind: 'money',
    over: 'whole',
    sql: accountIs(
      'refunds',
      `select currency, amount_cents as cents from refunds where status <> 'succeeded'
        union all
        select body ->> '$.data.currency', body ->> '$.data.amount_cents' from outbox
        where type = 'payment.refund_request' and body ->> '$.data.refund_id' not in (select id from refunds)`,
    ),
  },
  {
    name: 'payouts_in_transit',
    kind: 'money',
    over: 'whole',
    sql: accountIs(
      'payouts:in_transit',
      `select currency, amount_cents - fee_cents as cents from payouts where status in ('pending', 'processing')`,
    ),
  },
  {
    name: 'pending_purses_are_pending_proceeds',
    kind: 'money',
    over: 'whole',
    sql: `select coalesce(b.account, p.account) || ' ' || coalesce(b.currency, p.currency) as subject,
        coalesce(p.cents, 0) as expected, coalesce(b.balance_cents, 0) as found
      from (select account, currency, balance_cents from ledger_balances where account like 'user:%:pending') b
      full join (select 'user:' || seller_id || ':pending' as account, currency, sum(amount_cents) as cents
        from pending_proceeds group by 1, 2) p on p.account = b.account and p.currency = b.currency
      where coalesce(p.cents, 0) <> coalesce(b.balance_cents, 0) order by 1`,
  },
  {
    name: 'proceeds_clear',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('pending_proceeds', 'order_id', 'due_at', SWEEP_GRACE_MS, 'true'),
  },
  {
    name: 'purses_are_not_overdrawn',
    kind: 'money',
    over: 'whole',
    sql: `select account || ' ' || currency as subject, 0 as expected, balance_cents as found from ledger_balances
      where balance_cents < 0 and (account in ('escrow', 'refunds') or account like 'user:%:pending' or account like 'user:%:locked')
      order by 1`,
  },
  {
    name: 'orders_of_matches_have_their_match',
    kind: 'flow',
    over: 'whole',
    sql: `select o.id as subject, o.source_id as expected, o.match_id as found from orders o
      where o.source = 'match' and (o.match_id is not o.source_id or not exists (select 1 from matches m where m.id = o.match_id))
      order by o.id`,
  },
  {
    name: 'order_timers_are_swept',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('order_timers', 'order_id', 'due_at', SWEEP_GRACE_MS, 'due_at is not null'),
  },
  {
    name: 'payment_calls_end',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('payment_attempts', 'payment_id', 'started_at', CALL_LIMIT_MS, "outcome = 'intent'"),
  },
  {
    name: 'payments_go_on',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('payments', 'id', 'next_call_at', CALL_LIMIT_MS, 'next_call_at is not null'),
  },
  {
    name: 'refunds_arrive',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting(
      'refunds',
      'id',
      'updated_at',
      DELIVERY_LIMIT_MS,
      `status in ('requested', 'approved', 'processing')
        and (processor_refund_id is null or updated_at < now_ms - ${BANK_LIMIT_MS})`,
    ),
  },
  {
    name: 'transfers_arrive',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('transfers', 'order_id', 'updated_at', DELIVERY_LIMIT_MS, "status = 'intent'"),
  },
  {
    name: 'payouts_arrive',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('payouts', 'id', 'updated_at', BANK_LIMIT_MS, "status in ('pending', 'processing')"),
  },
  {
    name: 'nothing_is_refused',
    kind: 'flow',
    over: 'backlog',
    sql: `select id as subject, 'succeeded' as expected, failure_code as found from refunds where status = 'failed'
      union all
      select order_id, 'succeeded', failure_code from transfers where status = 'failed' order by 1`,
  },
  {
    name: 'webhooks_are_processed',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('webhook_inbox', 'event_id', 'received_at', WEBHOOK_LIMIT_MS, 'processed_at is null'),
  },
  {
    name: 'events_leave_the_outbox',
    kind: 'backlog',
    over: 'backlog',
    sql: waiting('outbox', 'event_id', 'created_at', OUTBOX_LIMIT_MS, 'true'),
  },
  {
    name: 'no_dead_letters',
    kind: 'backlog',
    over: 'backlog',
    sql: `select queue as subject, 0 as expected, count(*) as found from dead_letters where replayed_at is null
      group by queue order by queue`,
  },
];

/** Runs the checks of one kind, in one transaction. */
export async function runSqlChecks(
  d1: D1Database,
  over: Over,
  nowMs: number,
  { ledger = [0, 0], matches = ['', ''] }: CheckBounds = {},
): Promise<CheckResult[]> {
  const checks = SQL_CHECKS.filter((check) => check.over === over);
  const answers = await d1.batch<Finding>(
    checks.map(({ sql }) =>
      d1.prepare(`${BOUNDS} select * from (${sql}) limit ${MAX_FINDINGS}`).bind(nowMs, ...ledger, ...matches),
    ),
  );
  return checks.map(({ name, kind }, index) => ({ name, kind, findings: answers[index]!.results }));
}

/** The last transaction of the ledger: transactions are never deleted, so that their rows only grow. */
export async function lastLedgerRow(d1: D1Database): Promise<number> {
  const row = await d1
    .prepare('select coalesce(max(rowid), 0) as last from ledger_transactions')
    .first<{ last: number }>();
  return row!.last;
}

/** The id that ends a page of matches, or null when there are fewer left. */
export async function endOfMatches(d1: D1Database, afterId: string, limit: number): Promise<string | null> {
  const row = await d1
    .prepare('select id from matches where id > ? order by id limit 1 offset ?')
    .bind(afterId, limit - 1)
    .first<{ id: string }>();
  return row?.id ?? null;
}
