import { and, desc, eq, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { bookOrders, matches, products, sizes, trades } from '../../db/schema.ts';
import type { BookStatus, OrderStatus, PriceRule, SelfTradeMode, Side } from '../../domain/market/order.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

/** The market's reads of D1: the projection of the books, and the fee schedule. Nothing here is on the way of an order. */
export type OrderRow = typeof bookOrders.$inferSelect & { currency: string };
export type MatchRow = typeof matches.$inferSelect;
export type TradeRow = typeof trades.$inferSelect;

/** Keyset position: creation time and id of the last row. */
export type Position = readonly [number, string] | null;

const before = (
  position: Position,
  time: SQL | typeof bookOrders.createdAt,
  id: SQL | typeof bookOrders.id,
): SQL | undefined =>
  position === null ? undefined : sql`(${time}, ${id}) < (${position[0]}, ${position[1]})`;

export async function listOrders(
  db: Db,
  filter: {
    userId: string;
    side: Side;
    status?: OrderStatus | 'open' | 'closed' | undefined;
    productId?: string | undefined;
  },
  position: Position,
  limit: number,
): Promise<OrderRow[]> {
  const { userId, side, status, productId } = filter;
  const byStatus =
    status === undefined
      ? undefined
      : status === 'closed'
        ? ne(bookOrders.status, 'active')
        : eq(bookOrders.status, status === 'open' ? 'active' : status);
  const rows = await db
    .select({ order: bookOrders, currency: products.currency })
    .from(bookOrders)
    .innerJoin(products, eq(products.id, bookOrders.productId))
    .where(
      and(
        eq(bookOrders.userId, userId),
        eq(bookOrders.side, side),
        byStatus,
        productId === undefined ? undefined : eq(bookOrders.productId, productId),
        before(position, bookOrders.createdAt, bookOrders.id),
      ),
    )
    .orderBy(desc(bookOrders.createdAt), desc(bookOrders.id))
    .limit(limit);
  return rows.map(({ order, currency }) => ({ ...order, currency }));
}

/** A projected order of this user; null when there is none. */
export async function findOrder(db: Db, id: string, userId: string): Promise<OrderRow | null> {
  const [row] = await db
    .select({ order: bookOrders, currency: products.currency })
    .from(bookOrders)
    .innerJoin(products, eq(products.id, bookOrders.productId))
    .where(and(eq(bookOrders.id, id), eq(bookOrders.userId, userId)));
  return row ? { ...row.order, currency: row.currency } : null;
}

export async function listMatches(
  db: Db,
  userId: string,
  role: 'buyer' | 'seller' | undefined,
  position: Position,
  limit: number,
): Promise<MatchRow[]> {
  const party =
    role === 'buyer'
      ? eq(matches.buyerId, userId)
      : role === 'seller'
        ? eq(matches.sellerId, userId)
        : or(eq(matches.buyerId, userId), eq(matches.sellerId, userId));
  return db
    .select()
    .from(matches)
    .where(
      and(
        party,
        position === null
          ? undefined
          : sql`(${matches.createdAt}, ${matches.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(matches.createdAt), desc(matches.id))
    .limit(limit);
}

export async function findMatch(db: Db, id: string, userId: string): Promise<MatchRow | null> {
  const [row] = await db
    .select()
    .from(matches)
    .where(and(eq(matches.id, id), or(eq(matches.buyerId, userId), eq(matches.sellerId, userId))));
  return row ?? null;
}

/**
 * Sales of a book, newest first. Sales of one instant go by their number, as on the book's own tape: ids of one book
 * differ only in it, and it is written without leading zeros, so the longer id is the later one.
 */
export function listTrades(db: Db, sizeId: string, position: Position, limit: number): Promise<TradeRow[]> {
  return db
    .select()
    .from(trades)
    .where(
      and(
        eq(trades.sizeId, sizeId),
        position === null
          ? undefined
          : sql`(${trades.at}, length(${trades.id}), ${trades.id}) < (${position[0]}, length(${position[1]}), ${position[1]})`,
      ),
    )
    .orderBy(desc(trades.at), desc(sql`length(${trades.id})`), desc(trades.id))
    .limit(limit);
}

/** The sizes of a product that is shown, in their order; empty when there is no such product. */
export function listSizes(
  db: Db,
  productId: string,
): Promise<{ id: string; label: string; currency: string }[]> {
  return db
    .select({ id: sizes.id, label: sizes.label, currency: products.currency })
    .from(sizes)
    .innerJoin(products, eq(products.id, sizes.productId))
    .where(and(eq(sizes.productId, productId), eq(products.hidden, false)))
    .orderBy(sizes.sortOrder, sizes.label);
}

export async function isProductShown(db: Db, productId: string): Promise<{ currency: string } | null> {
  const [row] = await db
    .select({ currency: products.currency })
    .from(products)
    .where(and(eq(products.id, productId), eq(products.hidden, false)));
  return row ?? null;
}

export interface BookRulesRow {
  bookStatus: BookStatus;
  priceRule: PriceRule;
  selfTrade: SelfTradeMode;
  collarFactor: number | null;
}

const RULES = {
  bookStatus: sizes.bookStatus,
  priceRule: sizes.priceRule,
  selfTrade: sizes.selfTrade,
  collarFactor: sizes.collarFactor,
};

/** The rules of a book; null when there is no such size of this product. */
export async function findBookRules(db: Db, productId: string, sizeId: string): Promise<BookRulesRow | null> {
  const [row] = await db
    .select(RULES)
    .from(sizes)
    .where(and(eq(sizes.id, sizeId), eq(sizes.productId, productId)));
  return row ?? null;
}

/** Changes the rules of a book that is there and marks its configuration as changed, together with more. */
export async function updateBookRules(
  db: Db,
  productId: string,
  sizeId: string,
  rules: Partial<BookRulesRow>,
  nowMs: number,
  more: readonly Statement[],
): Promise<BookRulesRow> {
  const update = db
    .update(sizes)
    .set({ ...rules, configVersion: sql`${sizes.configVersion} + 1`, updatedAt: nowMs })
    .where(and(eq(sizes.id, sizeId), eq(sizes.productId, productId)))
    .returning(RULES);
  const [[row]] = await db.batch([update, ...more]);
  return row!;
}

/** Ids of all sizes after `afterId`, for walks over every book. */
export async function listSizeIds(db: Db, afterId: string, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: sizes.id })
    .from(sizes)
    .where(sql`${sizes.id} > ${afterId}`)
    .orderBy(sizes.id)
    .limit(limit);
  return rows.map(({ id }) => id);
}
