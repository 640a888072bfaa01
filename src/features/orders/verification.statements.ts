import type { Db } from '../../db/client.ts';
import { verificationHistory } from '../../db/orders-schema.ts';
import type { OrderRow } from './orders.repository.ts';

export type VerificationRow = typeof verificationHistory.$inferSelect;

/** Writes down one step of a verification; two who take the same step at once have one winner. */
export const verificationStep = (
  db: Db,
  order: OrderRow,
  n: number,
  step: Omit<VerificationRow, 'orderId' | 'n' | 'from' | 'at'>,
  atMs: number,
) =>
  db
    .insert(verificationHistory)
    .values({ orderId: order.id, n, from: order.verification, ...step, at: atMs });
