import { and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { ledgerBalances, ledgerEntries, ledgerTransactions } from '../../db/orders-schema.ts';
import { feeSchedules } from '../../db/schema.ts';
import type { Account } from '../../domain/ledger/accounts.ts';
import type { LedgerReason } from '../../domain/ledger/posting.ts';
import type { FeeRate, SellerTier } from '../../domain/market/fees.ts';

export interface EntryRow {
  seq: number;
  transactionId: string;
  account: string;
  currency: string;
  amountCents: number;
  reason: LedgerReason;
  cause: string;
  orderId: string | null;
  createdAt: number;
}

/** The balances of these accounts, currency by currency; an account that never moved has no row. */
export function balancesOf(
  db: Db,
  accounts: readonly Account[],
): Promise<(typeof ledgerBalances.$inferSelect)[]> {
  return db
    .select()
    .from(ledgerBalances)
    .where(inArray(ledgerBalances.account, [...accounts]))
    .orderBy(asc(ledgerBalances.account), asc(ledgerBalances.currency));
}

/** The balance of one account in one currency, in minor units; 0 when nothing ever moved. */
export async function balanceOf(db: Db, account: Account, currency: string): Promise<number> {
  const [row] = await db
    .select({ balanceCents: ledgerBalances.balanceCents })
    .from(ledgerBalances)
    .where(and(eq(ledgerBalances.account, account), eq(ledgerBalances.currency, currency)));
  return row?.balanceCents ?? 0;
}

/** Up to `limit` entries of an account, newest first, before the entry `beforeSeq`. */
export function entriesOf(
  db: Db,
  account: Account,
  beforeSeq: number | null,
  limit: number,
): Promise<EntryRow[]> {
  return db
    .select({
      seq: ledgerEntries.seq,
      transactionId: ledgerEntries.transactionId,
      account: ledgerEntries.account,
      currency: ledgerEntries.currency,
      amountCents: ledgerEntries.amountCents,
      reason: ledgerTransactions.reason,
      cause: ledgerTransactions.cause,
      orderId: ledgerTransactions.orderId,
      createdAt: ledgerTransactions.createdAt,
    })
    .from(ledgerEntries)
    .innerJoin(ledgerTransactions, eq(ledgerTransactions.id, ledgerEntries.transactionId))
    .where(
      and(
        eq(ledgerEntries.account, account),
        beforeSeq === null ? undefined : lt(ledgerEntries.seq, beforeSeq),
      ),
    )
    .orderBy(desc(ledgerEntries.seq))
    .limit(limit);
}

/** What every account of one kind holds: `user:*:available` and the like are summed over all users. */
export interface TrialLine {
  account: string;
  currency: string;
  balanceCents: number;
}

export interface TrialBalance {
  lines: TrialLine[];
  /** Each currency's sum over all accounts: zero, or money came from nowhere. */
  totals: { currency: string; totalCents: number }[];
  /** Accounts whose balance is not the sum of their entries. */
  drifted: { account: string; currency: string; balanceCents: number; entriesCents: number }[];
}

const KIND = sql<string>`case when account like 'user:%'
  then 'user:*:' || replace(account, rtrim(account, 'abcdefghijklmnopqrstuvwxyz'), '') else account end`;

/** Read in one transaction, so that no posting falls between the lines. */
export async function trialBalance(db: Db): Promise<TrialBalance> {
  const [lines, totals, drifted] = await db.batch([
    db
      .select({
        account: KIND.as('kind'),
        currency: ledgerBalances.currency,
        balanceCents: sql<number>`sum(balance_cents)`,
      })
      .from(ledgerBalances)
      .groupBy(sql`1, 2`)
      .orderBy(sql`1, 2`),
    db
      .select({
        currency: ledgerBalances.currency,
        totalCents: sql<number>`sum(balance_cents)`,
      })
      .from(ledgerBalances)
      .groupBy(ledgerBalances.currency)
      .orderBy(ledgerBalances.currency),
    db
      .select({
        account: ledgerBalances.account,
        currency: ledgerBalances.currency,
        balanceCents: ledgerBalances.balanceCents,
        entriesCents: sql<number>`entries_cents`,
      })
      .from(ledgerBalances)
      .innerJoin(
        sql`(select e.account as entry_account, e.currency as entry_currency, sum(e.amount_cents) as entries_cents
          from ledger_entries e join ledger_transactions t on t.id = e.transaction_id group by 1, 2)`,
        sql`entry_account = ${ledgerBalances.account} and entry_currency = ${ledgerBalances.currency}`,
      )
      .where(sql`entries_cents <> ${ledgerBalances.balanceCents}`),
  ]);
  return { lines, totals, drifted };
}

export type FeeScheduleRow = typeof feeSchedules.$inferSelect;

/** Every row of the fee schedule, those announced for later too. */
export function feeScheduleRows(db: Db): Promise<FeeScheduleRow[]> {
  return db
    .select()
    .from(feeSchedules)
    .orderBy(
      asc(feeSchedules.channel),
      asc(feeSchedules.tier),
      asc(feeSchedules.currency),
      asc(feeSchedules.validFrom),
    );
}

export type TierRate = FeeRate & { tier: SellerTier };

/** The rates of one channel and currency, of every tier, past and announced. */
export async function feeRatesOf(db: Db, channel: string, currency: string): Promise<TierRate[]> {
  const rows = await db
    .select()
    .from(feeSchedules)
    .where(and(eq(feeSchedules.channel, channel), eq(feeSchedules.currency, currency)));
  return rows.map(({ id, tier, buyerBps, sellerBps, minimumCents, validFrom }) => ({
    id,
    tier,
    buyerBps,
    sellerBps,
    minimumCents,
    validFromMs: validFrom,
  }));
}

/** Fees earned from `fromMs` until before `toMs`, by UTC day, currency and what earned or returned them. */
export function feeRevenue(
  db: Db,
  fromMs: number,
  toMs: number,
): Promise<{ day: string; currency: string; reason: LedgerReason; amountCents: number }[]> {
  return db
    .select({
      day: sql<string>`strftime('%Y-%m-%d', ${ledgerTransactions.createdAt} / 1000, 'unixepoch')`.as('day'),
      currency: ledgerEntries.currency,
      reason: ledgerTransactions.reason,
      amountCents: sql<number>`sum(${ledgerEntries.amountCents})`,
    })
    .from(ledgerEntries)
    .innerJoin(ledgerTransactions, eq(ledgerTransactions.id, ledgerEntries.transactionId))
    .where(
      and(
        eq(ledgerEntries.account, 'platform:fees'),
        sql`${ledgerTransactions.createdAt} >= ${fromMs} and ${ledgerTransactions.createdAt} < ${toMs}`,
      ),
    )
    .groupBy(sql`1, 2, 3`)
    .orderBy(sql`1, 2, 3`);
}
