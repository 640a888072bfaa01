import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import type { Account } from '../../domain/ledger/accounts.ts';
import { type FeeRate, feeRateAt } from '../../domain/market/fees.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { balanceOf, balancesOf, type EntryRow, entriesOf, feeRatesOf } from './ledger.repository.ts';

/** What one account holds in one currency, in minor units; a seller's may be negative. */
export function accountBalance(deps: Deps, account: Account, currency: string): Promise<number> {
  return balanceOf(deps.db, account, currency);
}

/** What several accounts hold, currency by currency; an account that never moved is left out. */
export function accountBalances(
  deps: Deps,
  accounts: readonly Account[],
): Promise<{ account: string; currency: string; balanceCents: number }[]> {
  return balancesOf(deps.db, accounts);
}

const EntryCursor = z.tuple([z.number().int()]);

/** A page of what moved on an account, newest first. */
export async function accountEntries(
  deps: Deps,
  account: Account,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ entries: EntryRow[]; nextCursor: string | null }> {
  const after = decodeCursor(page.cursor, EntryCursor);
  const found = await entriesOf(deps.db, account, after?.[0] ?? null, page.limit + 1);
  const entries = found.slice(0, page.limit);
  const last = entries.at(-1);
  return { entries, nextCursor: found.length > page.limit && last ? encodeCursor([last.seq]) : null };
}

/** The fee rate of a channel and currency that is in force now, or null. */
export async function feeRateInForce(deps: Deps, channel: string, currency: string): Promise<FeeRate | null> {
  return feeRateAt(await feeRatesOf(deps.db, channel, currency), deps.now());
}
