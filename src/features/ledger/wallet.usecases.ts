/** What one user has, as the ledger says: a projection, never stored on its own. */
import { and, eq, like, sql } from 'drizzle-orm';
import { ledgerEntries, ledgerTransactions } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { availableOf, lockedOf, pendingOf } from '../../domain/ledger/accounts.ts';
import type { LedgerReason } from '../../domain/ledger/posting.ts';
import { balanceOf, balancesOf, type EntryRow, entriesOf } from './ledger.repository.ts';

export interface WalletBalance {
  currency: string;
  availableCents: number;
  pendingCents: number;
  lockedCents: number;
}

/** Currency by currency; one that never moved is left out. */
export async function walletOf(deps: Deps, userId: string): Promise<WalletBalance[]> {
  const accounts = [availableOf(userId), pendingOf(userId), lockedOf(userId)] as const;
  const rows = await balancesOf(deps.db, accounts);
  return [...new Set(rows.map(({ currency }) => currency))].map((currency) => {
    const [availableCents, pendingCents, lockedCents] = accounts.map(
      (account) =>
        rows.find((row) => row.currency === currency && row.account === account)?.balanceCents ?? 0,
    ) as [number, number, number];
    return { currency, availableCents, pendingCents, lockedCents };
  });
}

/** What the user can spend or withdraw; negative after refunds of what was paid out. */
export const availableCentsOf = (deps: Deps, userId: string, currency: string): Promise<number> =>
  balanceOf(deps.db, availableOf(userId), currency);

/** What moved in the purse of available money, newest first, before the entry `beforeSeq`. */
export const walletEntries = (
  deps: Deps,
  userId: string,
  beforeSeq: number | null,
  limit: number,
): Promise<EntryRow[]> => entriesOf(deps.db, availableOf(userId), beforeSeq, limit);

/** How much one step took from a user's purses; 0 when it took nothing. */
export async function takenFrom(
  deps: Deps,
  userId: string,
  step: { reason: LedgerReason; cause: string },
): Promise<number> {
  const [taken] = await deps.db
    .select({ cents: sql<number | null>`-sum(${ledgerEntries.amountCents})` })
    .from(ledgerEntries)
    .innerJoin(ledgerTransactions, eq(ledgerTransactions.id, ledgerEntries.transactionId))
    .where(
      and(
        eq(ledgerTransactions.reason, step.reason),
        eq(ledgerTransactions.cause, step.cause),
        like(ledgerEntries.account, `user:${userId}:%`),
      ),
    );
  return Math.max(0, taken?.cents ?? 0);
}
