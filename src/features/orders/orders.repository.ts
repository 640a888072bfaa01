import { and, asc, desc, eq, inArray, isNotNull, lte, or, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL, isStale } from '../../db/client.ts';
import { insertMany } from '../../db/insert-many.ts';
import { orderCounters, orderHistory, orderLines, orders, orderTimers } from '../../db/orders-schema.ts';
import type { OrderMoney } from '../../domain/ledger/order-postings.ts';
import type { HistoryEntry, OrderState, OrderStatus, OrderTimer } from '../../domain/orders/order.ts';
import type { TimerChange } from '../../domain/orders/order-machine.ts';
import { orderNumber } from '../../domain/orders/order-number.ts';
import { dayStamp } from '../../domain/time.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type OrderRow = typeof orders.$inferSelect;
export type LineRow = typeof orderLines.$inferSelect;
export type HistoryRow = typeof orderHistory.$inferSelect;
type TimerRow = typeof orderTimers.$inferSelect;

/** An order as it is stored, and as its machine sees it. */
export interface StoredOrder {
  row: OrderRow;
  state: OrderState;
  lines: LineRow[];
}

/** True when another writer changed the order since it was read: read it again. */
export function isOrderStale(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes('order_stale') || cause.message.includes('order_history.order_id'))
      return true;
  }
  return isStale(error);
}

function toTimer({ kind, dueAt, pausedRemainingMs }: TimerRow): OrderTimer {
  return dueAt === null
    ? { kind, state: 'paused', remainingMs: pausedRemainingMs! }
    : { kind, state: 'running', dueAtMs: dueAt };
}

export function stateOf(row: OrderRow, timers: readonly OrderTimer[], lines: readonly LineRow[]): OrderState {
  return {
    id: row.id,
    number: row.number,
    source: row.source,
    supply: row.supply,
    buyerId: row.buyerId,
    sellerId: row.sellerId,
    matchId: row.matchId,
    offerId: row.offerId,
    listingId: row.listingId,
    listingIds: lines.flatMap(({ listingId }) => listingId ?? []),
    swapId: row.swapId,
    currency: row.currency,
    totalCents: row.totalCents,
    requiresVerification: row.requiresVerification,
    status: row.status,
    version: row.version,
    verification: row.verification,
    resumeTo: row.resumeTo,
    timers,
    shipByExtended: row.shipByExtended,
    refundedCents: row.refundedCents,
    shippedAtMs: row.shippedAt,
    completedAtMs: row.completedAt,
  };
}

/** The money side of an order: the snapshot its buyer was charged by. */
export function moneyOf(row: OrderRow): OrderMoney {
  const { subtotalCents, buyerFeeCents, sellerFeeCents, shippingCents, totalCents, payoutCents } = row;
  return {
    orderId: row.id,
    currency: row.currency,
    sellerId: row.sellerId,
    amounts: {
      subtotalCents,
      buyerFeeCents,
      sellerFeeCents,
      shippingCents,
      totalCents,
      payoutCents,
      platformCents: buyerFeeCents + sellerFeeCents,
    } as OrderMoney['amounts'],
  };
}

// ---- Reads ----

/** The orders with these ids, in any order: rows, timers and lines of one moment. */
export async function loadOrders(db: Db, ids: readonly string[]): Promise<StoredOrder[]> {
  if (ids.length === 0) return [];
  const [rows, timers, lines] = await db.batch([
    db
      .select()
      .from(orders)
      .where(inArray(orders.id, [...ids])),
    db
      .select()
      .from(orderTimers)
      .where(inArray(orderTimers.orderId, [...ids])),
    db
      .select()
      .from(orderLines)
      .where(inArray(orderLines.orderId, [...ids]))
      .orderBy(asc(orderLines.orderId), asc(orderLines.line)),
  ]);
  return rows.map((row) => {
    const own = lines.filter(({ orderId }) => orderId === row.id);
    const running = timers.filter(({ orderId }) => orderId === row.id).map(toTimer);
    return { row, state: stateOf(row, running, own), lines: own };
  });
}

export async function loadOrder(db: Db, id: string): Promise<StoredOrder | null> {
  const [stored] = await loadOrders(db, [id]);
  return stored ?? null;
}

export function historyOf(db: Db, orderId: string): Promise<HistoryRow[]> {
  return db
    .select()
    .from(orderHistory)
    .where(eq(orderHistory.orderId, orderId))
    .orderBy(asc(orderHistory.version));
}

/** Keyset position: creation time and id of the last row. */
export type Position = readonly [number, string];

/** Ids of a user's orders, newest first. */
export async function listOrderIds(
  db: Db,
  filter: { userId: string; role: 'buyer' | 'seller' | undefined; status: OrderStatus | undefined },
  position: Position | null,
  limit: number,
): Promise<string[]> {
  const { userId, role, status } = filter;
  const isBuyer = eq(orders.buyerId, userId);
  const isSeller = eq(orders.sellerId, userId);
  const rows = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        role === 'buyer' ? isBuyer : role === 'seller' ? isSeller : or(isBuyer, isSeller),
        status === undefined ? undefined : eq(orders.status, status),
        position === null
          ? undefined
          : sql`(${orders.createdAt}, ${orders.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Orders that a timer waits for, longest overdue first. */
export async function overdueOrderIds(db: Db, nowMs: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: orderTimers.orderId })
    .from(orderTimers)
    .where(and(isNotNull(orderTimers.dueAt), lte(orderTimers.dueAt, nowMs)))
    .groupBy(orderTimers.orderId)
    .orderBy(sql`min(${orderTimers.dueAt})`)
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The order that one source made, if it has. */
export async function findBySource(
  db: Db,
  source: OrderRow['source'],
  sourceId: string,
): Promise<string | null> {
  const [row] = await db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.source, source), eq(orders.sourceId, sourceId)));
  return row?.id ?? null;
}

/** Both directions of an exchange. */
export async function ordersOfSwap(db: Db, swapId: string): Promise<string[]> {
  const rows = await db.select({ id: orders.id }).from(orders).where(eq(orders.swapId, swapId));
  return rows.map(({ id }) => id);
}

/** The shipped order of a parcel. */
export async function findByTracking(
  db: Db,
  carrier: string,
  trackingNumber: string,
): Promise<string | null> {
  const [row] = await db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.trackingNumber, trackingNumber), sql`lower(${orders.carrier}) = lower(${carrier})`))
    .orderBy(desc(orders.shippedAt))
    .limit(1);
  return row?.id ?? null;
}

// ---- Writes ----

/** The next `count` order numbers of the day (SN-22): nobody else gets them, and those not used are skipped. */
export async function nextOrderNumbers(db: Db, nowMs: number, count: number): Promise<string[]> {
  const [row] = await db
    .insert(orderCounters)
    .values({ day: dayStamp(nowMs), last: count })
    .onConflictDoUpdate({ target: orderCounters.day, set: { last: sql`${orderCounters.last} + ${count}` } })
    .returning({ last: orderCounters.last });
  const first = row!.last - count + 1;
  return Array.from({ length: count }, (_, index) => orderNumber(nowMs, first + index));
}

export interface Placement {
  row: OrderRow;
  lines: readonly LineRow[];
  history: HistoryEntry;
  timers: readonly OrderTimer[];
}

const historyRow = ({ atMs, ...entry }: HistoryEntry): HistoryRow => ({ ...entry, at: atMs });

/** New orders with all that belongs to them. The batch fails on a source that has its order already. */
export function placementStatements(db: Db, placements: readonly Placement[]): Statement[] {
  return [
    insertMany(
      db,
      orders,
      placements.map(({ row }) => row),
    ),
    insertMany(
      db,
      orderLines,
      placements.flatMap(({ lines }) => lines),
    ),
    insertMany(
      db,
      orderHistory,
      placements.map(({ history }) => historyRow(history)),
    ),
    insertMany(
      db,
      orderTimers,
      placements.flatMap(({ row, timers }) => timers.map((timer) => timerRow(row.id, timer))),
    ),
  ];
}

function timerRow(orderId: string, timer: OrderTimer): TimerRow {
  return timer.state === 'running'
    ? { orderId, kind: timer.kind, dueAt: timer.dueAtMs, pausedRemainingMs: null }
    : { orderId, kind: timer.kind, dueAt: null, pausedRemainingMs: timer.remainingMs };
}

/** Columns that change with an order. Its terms are not among them: a trigger refuses to change those. */
export type OrderChanges = Partial<
  Pick<
    OrderRow,
    | 'status'
    | 'version'
    | 'paymentStatus'
    | 'verification'
    | 'resumeTo'
    | 'refundedCents'
    | 'releasedCents'
    | 'paymentId'
    | 'paidFrom'
    | 'chargebackId'
    | 'chargebackCents'
    | 'shipTo'
    | 'carrier'
    | 'trackingNumber'
    | 'shipByExtended'
    | 'paidAt'
    | 'shippedAt'
    | 'deliveredAt'
    | 'completedAt'
    | 'updatedAt'
  >
>;

/** Changes the order that was read, or fails as stale (`isOrderStale`) and undoes the batch. */
export function changeStatements(db: Db, read: OrderRow, changes: OrderChanges): Statement[] {
  return [
    db
      .update(orders)
      .set(changes)
      .where(
        and(
          eq(orders.id, read.id),
          eq(orders.version, read.version),
          eq(orders.refundedCents, read.refundedCents),
          sql`${orders.paymentId} is ${read.paymentId}`,
          sql`${orders.chargebackId} is ${read.chargebackId}`,
        ),
      ),
    db.run(sql.raw(GUARD_SQL)),
  ];
}

/** The history row, the order and its timers, in the order in which the triggers want them. */
export function transitionStatements(
  db: Db,
  read: OrderRow,
  { history, timers }: { history: HistoryEntry; timers: readonly TimerChange[] },
  changes: OrderChanges,
): Statement[] {
  return [
    db.insert(orderHistory).values(historyRow(history)),
    ...changeStatements(db, read, changes),
    ...timers.map((change) => timerStatement(db, read.id, change)),
  ];
}

function timerStatement(db: Db, orderId: string, change: TimerChange): Statement {
  const { kind } = change;
  if (change.op === 'cancel')
    return db.delete(orderTimers).where(and(eq(orderTimers.orderId, orderId), eq(orderTimers.kind, kind)));
  const values =
    change.op === 'pause'
      ? { dueAt: null, pausedRemainingMs: change.remainingMs }
      : { dueAt: change.dueAtMs, pausedRemainingMs: null };
  return db
    .insert(orderTimers)
    .values({ orderId, kind, ...values })
    .onConflictDoUpdate({ target: [orderTimers.orderId, orderTimers.kind], set: values });
}
