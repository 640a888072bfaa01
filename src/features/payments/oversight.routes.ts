/** What finance sees and does of money on its way: payouts, refunds and transfers of everybody. */
import { createRoute, z } from '@hono/zod-openapi';
import { TRANSFER_STATUSES } from '../../db/payments-schema.ts';
import { PAYOUT_STATUSES } from '../../domain/payments/payout.ts';
import { REFUND_REASONS, REFUND_STATUSES } from '../../domain/payments/refund-state.ts';
import { mutation, permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { type Position, payoutsOf, refundsWith, transfersWith } from './oversight.repository.ts';
import type { RefundRow, TransferRow } from './payments.repository.ts';
import { PayoutAnswer, presentPayout } from './payments.schemas.ts';
import { retryRefund } from './refunds.usecases.ts';
import { retryTransfer } from './transfers.usecases.ts';

const TAGS = ['Finance'];
const Id = z.string().max(80);

const OverseenPayout = PayoutAnswer.extend({ user_id: z.string() }).meta({ id: 'OverseenPayout' });
const OverseenRefund = z
  .object({
    id: z.string(),
    payment_id: z.string(),
    order_id: z.string(),
    amount_cents: z.int(),
    currency: z.string(),
    reason: z.enum(REFUND_REASONS),
    status: z.enum(REFUND_STATUSES),
    failure_code: z.string().nullable(),
    attempt: z.int(),
    allowed_actions: z.array(z.enum(['retry'])),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'OverseenRefund' });
const OverseenTransfer = z
  .object({
    order_id: z.string(),
    seller_id: z.string(),
    amount_cents: z.int(),
    reversed_cents: z.int(),
    currency: z.string(),
    status: z.enum(TRANSFER_STATUSES),
    failure_code: z.string().nullable(),
    attempt: z.int(),
    allowed_actions: z.array(z.enum(['retry'])),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'OverseenTransfer' });

const presentRefund = (row: RefundRow) => ({
  id: row.id,
  payment_id: row.paymentId,
  order_id: row.orderId,
  amount_cents: row.amountCents,
  currency: row.currency,
  reason: row.reason,
  status: row.status,
  failure_code: row.failureCode,
  attempt: row.attempt,
  allowed_actions: row.status === 'failed' ? ['retry' as const] : [],
  created_at: rfc3339(row.createdAt),
  updated_at: rfc3339(row.updatedAt),
});

const presentTransfer = (row: TransferRow) => ({
  order_id: row.orderId,
  seller_id: row.sellerId,
  amount_cents: row.amountCents,
  reversed_cents: row.reversedCents,
  currency: row.currency,
  status: row.status,
  failure_code: row.failureCode,
  attempt: row.attempt,
  allowed_actions: row.status === 'failed' ? ['retry' as const] : [],
  created_at: rfc3339(row.createdAt),
  updated_at: rfc3339(row.updatedAt),
});

const PositionCursor = z.tuple([z.number().int(), z.string()]);

/** Reads one row more than is shown, to know whether there is another page. */
async function pageFrom<Row extends { createdAt: number }, Shown>(
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  find: (page: { position: Position | null; limit: number }) => Promise<Row[]>,
  idOf: (row: Row) => string,
  present: (row: Row) => Shown,
): Promise<{ data: Shown[]; next_cursor: string | null }> {
  const found = await find({ position: decodeCursor(cursor, PositionCursor), limit: limit + 1 });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const next = found.length > limit && last ? encodeCursor([last.createdAt, idOf(last)]) : null;
  return { data: rows.map(present), next_cursor: next };
}

export const oversightRoutes = createRoutes();

oversightRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/admin/payouts',
    operationId: 'overseePayouts',
    tags: TAGS,
    summary: 'The payouts of everybody, newest first',
    request: {
      query: PageQuery.extend({ status: z.enum(PAYOUT_STATUSES).optional(), user_id: Id.optional() }),
    },
    responses: { 200: json(pageOf(OverseenPayout), 'A page of payouts'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, user_id: userId, ...page } = c.req.valid('query');
    const { db } = c.get('deps');
    const answer = await pageFrom(
      page,
      (wanted) => payoutsOf(db, { status, userId }, wanted),
      ({ id }) => id,
      (row) => ({ ...presentPayout(row), user_id: row.userId }),
    );
    return c.json(answer, 200);
  },
);

oversightRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/admin/refunds',
    operationId: 'overseeRefunds',
    tags: TAGS,
    summary: 'Refunds on their way, newest first; those that the processor refused have the status failed',
    request: { query: PageQuery.extend({ status: z.enum(REFUND_STATUSES).optional() }) },
    responses: { 200: json(pageOf(OverseenRefund), 'A page of refunds'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, ...page } = c.req.valid('query');
    const { db } = c.get('deps');
    const answer = await pageFrom(
      page,
      (wanted) => refundsWith(db, status, wanted),
      ({ id }) => id,
      presentRefund,
    );
    return c.json(answer, 200);
  },
);

oversightRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/admin/transfers',
    operationId: 'overseeTransfers',
    tags: TAGS,
    summary: 'Proceeds on their way to sellers, newest first',
    request: { query: PageQuery.extend({ status: z.enum(TRANSFER_STATUSES).optional() }) },
    responses: { 200: json(pageOf(OverseenTransfer), 'A page of transfers'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, ...page } = c.req.valid('query');
    const { db } = c.get('deps');
    const answer = await pageFrom(
      page,
      (wanted) => transfersWith(db, status, wanted),
      ({ orderId }) => orderId,
      presentTransfer,
    );
    return c.json(answer, 200);
  },
);

oversightRoutes.openapi(
  createRoute({
    ...mutation(permitted('refunds.manage')),
    method: 'post',
    path: '/admin/refunds/{refund_id}/retry',
    operationId: 'retryRefund',
    tags: TAGS,
    summary: 'Deliver a refund again that the processor refused',
    request: { params: z.object({ refund_id: Id }) },
    responses: { 200: json(OverseenRefund, 'The refund, on its way again'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const refund = await retryRefund(c.get('deps'), c.req.valid('param').refund_id, auditedActor(c));
    return c.json(presentRefund(refund), 200);
  },
);

oversightRoutes.openapi(
  createRoute({
    ...mutation(permitted('payouts.manage')),
    method: 'post',
    path: '/admin/transfers/{order_id}/retry',
    operationId: 'retryTransfer',
    tags: TAGS,
    summary: 'Send the proceeds of an order again that the processor refused',
    request: { params: z.object({ order_id: Id }) },
    responses: {
      200: json(OverseenTransfer, 'The transfer, on its way again'),
      ...problems(401, 403, 404, 409),
    },
  }),
  async (c) => {
    const transfer = await retryTransfer(c.get('deps'), c.req.valid('param').order_id, auditedActor(c));
    return c.json(presentTransfer(transfer), 200);
  },
);
