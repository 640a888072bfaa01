import { sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { Db } from '../../db/client.ts';
import { ledgerEntries, ledgerTransactions } from '../../db/orders-schema.ts';
import { balanced, type Posting } from '../../domain/ledger/posting.ts';

/** A statement for somebody's `db.batch`. */
export type Statement = BatchItem<'sqlite'>;

/**
 * Statements that post to the ledger as a part of the caller's batch. `id` is the transaction's (`led_...`), derived
 * or new. The batch fails as a whole when reason and cause were posted before (`isAlreadyPosted`), or when the posting
 * takes more from a purse than is in it (`isInsufficientFunds`). Throws RangeError for a posting that does not balance.
 */
export function postingStatements(
  db: Db,
  posting: Posting,
  at: { id: string; orderId: string | null; atMs: number },
): Statement[] {
  if (!balanced(posting)) throw new RangeError(`${posting.reason} of ${posting.cause} does not balance`);
  const { id, orderId, atMs } = at;
  const entries = JSON.stringify(
    posting.entries.map(({ account, currency, amountCents }) => [account, currency, amountCents]),
  );
  return [
    db
      .insert(ledgerEntries)
      .select(sql`select null, ${id}, value ->> 0, value ->> 1, value ->> 2 from json_each(${entries})`),
    db
      .insert(ledgerTransactions)
      .values({ id, reason: posting.reason, cause: posting.cause, orderId, createdAt: atMs }),
  ];
}

function mentions(error: unknown, text: string): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes(text)) return true;
  }
  return false;
}

/** True when a batch failed because its posting is in the ledger already. */
export const isAlreadyPosted = (error: unknown): boolean =>
  mentions(error, 'UNIQUE constraint failed: ledger_transactions.reason');

/** True when a batch failed because a purse would have fallen below zero. */
export const isInsufficientFunds = (error: unknown): boolean => mentions(error, 'insufficient_funds');
