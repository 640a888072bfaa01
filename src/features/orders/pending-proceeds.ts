/** Proceeds that wait for the payout delay: they become available when it is over, and refunds take from them first. */
import { and, eq, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { pendingProceeds } from '../../db/payments-schema.ts';
import { userAccountParts } from '../../domain/ledger/accounts.ts';
import type { Posting } from '../../domain/ledger/posting.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { OrderRow } from './orders.repository.ts';

export type PendingProceeds = typeof pendingProceeds.$inferSelect;

/** What the seller has pending of an order; null when nothing is, or not any more. */
export async function pendingOf(db: Db, order: OrderRow): Promise<PendingProceeds | null> {
  if (order.releasedCents === 0) return null;
  const [row] = await db.select().from(pendingProceeds).where(eq(pendingProceeds.orderId, order.id));
  return row ?? null;
}

/** The row as it was read, and no other. */
export const asRead = ({ orderId, amountCents }: PendingProceeds) =>
  and(eq(pendingProceeds.orderId, orderId), eq(pendingProceeds.amountCents, amountCents));

/** What a posting took out of the seller's pending purse; fails the batch as stale when it has changed since. */
export function takenFromPending(db: Db, pending: PendingProceeds | null, posting: Posting): Statement[] {
  if (pending === null) return [];
  const taken = posting.entries.find(({ account }) => userAccountParts(account)?.purse === 'pending');
  const leftCents = pending.amountCents + (taken?.amountCents ?? 0);
  return [
    leftCents === 0
      ? db.delete(pendingProceeds).where(asRead(pending))
      : db.update(pendingProceeds).set({ amountCents: leftCents }).where(asRead(pending)),
    db.run(sql.raw(GUARD_SQL)),
  ];
}
