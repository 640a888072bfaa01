/** Double entry: a posting moves money between accounts and sums to zero in every currency. Postings never change. */
import type { Account } from './accounts.ts';

export const LEDGER_REASONS = [
  'payment_captured',
  'escrow_released',
  'refund_from_escrow',
  'refund_after_release',
  'refund_settled',
  'dispute_split',
  'chargeback_opened',
  'chargeback_won',
  'chargeback_lost',
  'proceeds_cleared',
  'wallet_topped_up',
  'funds_locked',
  'funds_unlocked',
  'payout_started',
  'payout_paid',
  'payout_failed',
  'payout_reversed',
] as const;
export type LedgerReason = (typeof LEDGER_REASONS)[number];

export interface LedgerEntry {
  account: Account;
  currency: string;
  /** Signed and never zero: positive adds to the account. */
  amountCents: number;
}

/**
 * `cause` names what happened once in the world: an order for its capture and release, a refund, a payout attempt,
 * a chargeback. Reason and cause together are unique, so that the same step posted twice is posted once.
 */
export interface Posting {
  reason: LedgerReason;
  cause: string;
  entries: readonly LedgerEntry[];
}

/** True when every entry is a non-zero safe integer and each currency sums to zero over at least two accounts. */
export function balanced(posting: Pick<Posting, 'entries'>): boolean {
  const sums = new Map<string, number>();
  for (const { currency, amountCents } of posting.entries) {
    if (!Number.isSafeInteger(amountCents) || amountCents === 0) return false;
    sums.set(currency, (sums.get(currency) ?? 0) + amountCents);
  }
  return sums.size > 0 && [...sums.values()].every((sum) => sum === 0);
}

/**
 * A posting of one currency from a list of moves; moves of nothing are left out and an account appears once. Throws
 * RangeError when the moves do not balance: such a posting must never reach the ledger.
 */
export function post(
  reason: LedgerReason,
  cause: string,
  currency: string,
  moves: readonly (readonly [account: Account, amountCents: number])[],
): Posting {
  const sums = new Map<Account, number>();
  for (const [account, amountCents] of moves) sums.set(account, (sums.get(account) ?? 0) + amountCents);
  const entries = [...sums]
    .filter(([, amountCents]) => amountCents !== 0)
    .map(([account, amountCents]) => ({ account, currency, amountCents }));
  const posting = { reason, cause, entries };
  if (!balanced(posting)) throw new RangeError(`${reason} of ${cause} does not balance`);
  return posting;
}

/** Balances by account and currency: a projection of the postings, never stored on its own. */
export class Balances {
  private readonly sums = new Map<string, number>();

  apply(posting: Posting): void {
    for (const { account, currency, amountCents } of posting.entries) {
      const key = `${account} ${currency}`;
      this.sums.set(key, (this.sums.get(key) ?? 0) + amountCents);
    }
  }

  of(account: Account, currency: string): number {
    return this.sums.get(`${account} ${currency}`) ?? 0;
  }

  /** Zero for every currency, whatever was posted. */
  total(currency: string): number {
    let total = 0;
    for (const [key, amountCents] of this.sums) if (key.endsWith(` ${currency}`)) total += amountCents;
    return total;
  }
}
