import { inArray } from 'drizzle-orm';
import { z } from 'zod';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { Account } from '../../domain/ledger/accounts.ts';
import { feeRateOfTier, type SellerTier, STANDARD_TIER, tierIn } from '../../domain/market/fees.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import {
  balanceOf,
  balancesOf,
  type EntryRow,
  entriesOf,
  feeRatesOf,
  type TierRate,
} from './ledger.repository.ts';

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

/** The fee rate of a channel and currency that a seller of this tier has now, or null. */
export async function feeRateInForce(
  deps: Deps,
  channel: string,
  currency: string,
  sellerTier: SellerTier = STANDARD_TIER,
): Promise<TierRate | null> {
  const rates = await feeRatesOf(deps.db, channel, currency);
  return feeRateOfTier(rates, tierIn(channel, sellerTier), deps.now());
}

/** The tiers of sellers by their ids. */
export async function sellerTiersOf(
  deps: Deps,
  userIds: readonly string[],
): Promise<Map<string, SellerTier>> {
  const rows = await deps.db
    .select({ id: users.id, tier: users.sellerTier })
    .from(users)
    .where(inArray(users.id, [...userIds]));
  return new Map(rows.map(({ id, tier }) => [id, tier]));
}
