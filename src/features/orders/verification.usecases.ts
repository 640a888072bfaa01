/** The authentication of goods between their shipment and their delivery: a sub-status of an order (C.4). */
import { and, asc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { isUniqueViolation } from '../../db/client.ts';
import { orders, TO_VERIFY, verificationHistory } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { SYSTEM, type VerificationStatus } from '../../domain/orders/order.ts';
import { transition } from '../../domain/orders/order-machine.ts';
import {
  type VerificationAction,
  type VerificationRole,
  verificationActions,
  verify,
} from '../../domain/orders/verification.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { commitStep, runBatch, withFreshOrder } from './order-steps.ts';
import {
  changeStatements,
  type LineRow,
  loadOrders,
  type OrderRow,
  type StoredOrder,
} from './orders.repository.ts';
import { type VerificationRow, verificationStep } from './verification.statements.ts';

/** A verification as one caller sees it. */
export interface Verification {
  order: OrderRow;
  lines: readonly LineRow[];
  history: readonly VerificationRow[];
  allowedActions: VerificationAction[];
}

const EVENTS: Record<VerificationAction, string> = {
  require: 'verification.required',
  receive: 'verification.received',
  ask_second_review: 'verification.second_review',
  pass: 'verification.passed',
  fail: 'verification.failed',
  appeal: 'verification.appealed',
};

const notFound = () => problem('order_not_found', 'There is no such order to verify, or it is not yours.');

const historyOf = (deps: Deps, orderId: string): Promise<VerificationRow[]> =>
  deps.db
    .select()
    .from(verificationHistory)
    .where(eq(verificationHistory.orderId, orderId))
    .orderBy(asc(verificationHistory.n));

/** What somebody is to a verification; a party is never an authenticator of their own goods. */
async function roleOn(deps: Deps, order: OrderRow, caller: Caller): Promise<VerificationRole | 'buyer'> {
  if (caller.userId === order.sellerId) return 'seller';
  if (caller.userId === order.buyerId) return 'buyer';
  if ((await permissionsOf(deps.db, caller.userId)).includes('verification.review')) return 'authenticator';
  throw notFound();
}

function view(
  { row, lines }: StoredOrder,
  history: readonly VerificationRow[],
  role: VerificationRole | 'buyer',
  callerId: string,
): Verification {
  const actions = role === 'buyer' ? [] : verificationActions(row.verification, role);
  return {
    order: row,
    lines,
    history,
    allowedActions: isOwnSecondLook(row.verification, history, callerId) ? [] : actions,
  };
}

/** A second look is somebody else's: who asked for it has looked already. */
function isOwnSecondLook(
  status: VerificationStatus,
  history: readonly VerificationRow[],
  callerId: string,
): boolean {
  return status === 'second_review' && history.at(-1)?.actorId === callerId;
}

/** A verification for the parties of its order and for authenticators; 404 for everybody else. */
export async function getVerification(deps: Deps, orderId: string, caller: Caller): Promise<Verification> {
  const [stored] = await loadOrders(deps.db, [orderId]);
  if (!stored) throw notFound();
  const role = await roleOn(deps, stored.row, caller);
  return view(stored, await historyOf(deps, orderId), role, caller.userId);
}

const QueueCursor = z.tuple([z.number().int(), z.string()]);

/** What waits for authenticators, shipped first comes first; of one sub-status, or of all. */
export async function verificationQueue(
  deps: Deps,
  status: VerificationStatus | undefined,
  page: { limit: number; cursor?: string | undefined },
  caller: Caller,
): Promise<{ verifications: Verification[]; nextCursor: string | null }> {
  const after = decodeCursor(page.cursor, QueueCursor);
  const ids = await deps.db
    .select({ id: orders.id, shippedAt: orders.shippedAt })
    .from(orders)
    .where(
      and(
        sql.raw(TO_VERIFY),
        status === undefined ? undefined : eq(orders.verification, status),
        after === null ? undefined : sql`(${orders.shippedAt}, ${orders.id}) > (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(asc(orders.shippedAt), asc(orders.id))
    .limit(page.limit + 1);
  const shown = ids.slice(0, page.limit);
  const asked = sql`(select value from json_each(${JSON.stringify(shown.map(({ id }) => id))}))`;
  const [stored, history] = await Promise.all([
    loadOrders(
      deps.db,
      shown.map(({ id }) => id),
    ),
    deps.db
      .select()
      .from(verificationHistory)
      .where(sql`${verificationHistory.orderId} in ${asked}`)
      .orderBy(asc(verificationHistory.orderId), asc(verificationHistory.n)),
  ]);
  const last = shown.at(-1);
  return {
    verifications: shown.flatMap(({ id }) => {
      const order = stored.find(({ row }) => row.id === id);
      if (!order) return [];
      const own = history.filter(({ orderId }) => orderId === id);
      return [view(order, own, 'authenticator', caller.userId)];
    }),
    nextCursor: ids.length > page.limit && last ? encodeCursor([last.shippedAt, last.id]) : null,
  };
}

/**
 * One step of a verification by an authenticator, or an appeal by the seller. A failure stops the order, and an appeal
 * that is granted lets it go on: in the same batch.
 */
export async function actOnVerification(
  deps: Deps,
  orderId: string,
  action: VerificationAction,
  reason: string | null,
  caller: Caller,
  audited: AuditedActor,
): Promise<Verification> {
  const done = await withFreshOrder(deps, orderId, async (stored) => {
    const { row } = stored;
    const role = await roleOn(deps, row, caller);
    const history = await historyOf(deps, orderId);
    if (role === 'buyer') throw problem('forbidden', 'The goods are for others to look at.');
    const step = verify(row.verification, action, role);
    if (!step.ok)
      throw step.error === 'forbidden'
        ? problem('forbidden', 'Your role may not do this.')
        : problem(
            'invalid_transition',
            `This is not possible while the verification is ${row.verification}.`,
          );
    if (isOwnSecondLook(row.verification, history, caller.userId))
      throw problem('forbidden', 'Somebody else gives the second look.');
    const { to, trigger } = step.value;
    const nowMs = deps.now();
    const n = (history.at(-1)?.n ?? 0) + 1;
    const taken = { to, action, actorType: role, actorId: caller.userId, reason };
    const statements: Statement[] = [
      verificationStep(deps.db, row, n, taken, nowMs),
      outboxStatement(deps.db, [eventOf(row, n, taken, nowMs)], nowMs),
      ...(role === 'authenticator'
        ? [
            auditStatement(
              deps.db,
              audited,
              {
                action: `verification_${action}`,
                target: { type: 'order', id: orderId },
                before: { verification: row.verification },
                after: { verification: to },
                reason,
              },
              { id: newId('aud', deps.random), atMs: nowMs },
            ),
          ]
        : []),
    ];
    // An order that is disputed or settled goes its own way: then the verdict is only written down.
    const move = trigger === null ? null : transition(stored.state, trigger, SYSTEM, {}, nowMs);
    if (move?.ok)
      await commitStep(deps, stored, move.value, {}, { changes: { verification: to } }, statements);
    else
      await runBatch(deps, [
        ...changeStatements(deps.db, row, { verification: to, updatedAt: nowMs }),
        ...statements,
      ]);
    return true;
  }).catch((error: unknown) => {
    if (isUniqueViolation(error, 'verification_history'))
      throw problem('invalid_transition', 'Somebody else was faster; look again.');
    throw error;
  });
  if (done === null) throw notFound();
  await deps.outbox.drain();
  return getVerification(deps, orderId, caller);
}

function eventOf(
  row: OrderRow,
  n: number,
  { to, action, reason }: { to: VerificationStatus; action: VerificationAction; reason: string | null },
  nowMs: number,
): EventEnvelope {
  return {
    event_id: `${row.id}:verification:${n}`,
    type: EVENTS[action],
    version: 1,
    aggregate: { type: 'order', id: row.id },
    seq: row.version,
    correlation_id: row.correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      order_id: row.id,
      order_number: row.number,
      buyer_id: row.buyerId,
      seller_id: row.sellerId,
      from: row.verification,
      to,
      reason,
    },
  };
}
