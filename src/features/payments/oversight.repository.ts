/** Lists of money on its way for finance: every payout, refund and transfer, newest first, a page at a time. */
import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { payouts, refunds, transfers } from '../../db/payments-schema.ts';
import type { PayoutRow, RefundRow, TransferRow } from './payments.repository.ts';

/** Creation time and id of the last row of the page before. */
export type Position = readonly [number, string];

interface Page {
  position: Position | null;
  limit: number;
}

const before = (createdAt: SQL.Aliased | unknown, id: unknown, position: Position | null) =>
  position === null ? undefined : sql`(${createdAt}, ${id}) < (${position[0]}, ${position[1]})`;

export const payoutsOf = (
  db: Db,
  filter: { status?: PayoutRow['status'] | undefined; userId?: string | undefined },
  { position, limit }: Page,
): Promise<PayoutRow[]> =>
  db
    .select()
    .from(payouts)
    .where(
      and(
        filter.status === undefined ? undefined : eq(payouts.status, filter.status),
        filter.userId === undefined ? undefined : eq(payouts.userId, filter.userId),
        before(payouts.createdAt, payouts.id, position),
      ),
    )
    .orderBy(desc(payouts.createdAt), desc(payouts.id))
    .limit(limit);

export const refundsWith = (
  db: Db,
  status: RefundRow['status'] | undefined,
  { position, limit }: Page,
): Promise<RefundRow[]> =>
  db
    .select()
    .from(refunds)
    .where(
      and(
        status === undefined ? undefined : eq(refunds.status, status),
        before(refunds.createdAt, refunds.id, position),
      ),
    )
    .orderBy(desc(refunds.createdAt), desc(refunds.id))
    .limit(limit);

export const transfersWith = (
  db: Db,
  status: TransferRow['status'] | undefined,
  { position, limit }: Page,
): Promise<TransferRow[]> =>
  db
    .select()
    .from(transfers)
    .where(
      and(
        status === undefined ? undefined : eq(transfers.status, status),
        before(transfers.createdAt, transfers.orderId, position),
      ),
    )
    .orderBy(desc(transfers.createdAt), desc(transfers.orderId))
    .limit(limit);
