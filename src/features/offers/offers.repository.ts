import { and, asc, desc, eq, inArray, lt, lte, type SQL, sql } from 'drizzle-orm';
import { conversations } from '../../db/chat-schema.ts';
import type { Db } from '../../db/client.ts';
import { offerHistory, offerListings, offerMoves, offers } from '../../db/offers-schema.ts';
import { orders } from '../../db/orders-schema.ts';
import { users } from '../../db/schema.ts';
import { DEAD_STATUSES, type OfferSide, type OfferStatus, OPEN_STATUSES } from '../../domain/offers/offer.ts';
import { isHaggle } from '../../domain/offers/offer-opening.ts';
import type { OrderStatus } from '../../domain/orders/order.ts';
import type { MoveRow, OfferHistoryRow, OfferRow } from './offer.statements.ts';

/** Keyset position: creation time and id of the last row. */
export type Position = readonly [number, string];

/** An offer by its own id or by that of any of its moves. */
export async function findOffer(db: Db, id: string): Promise<OfferRow | null> {
  const [row] = await db.select().from(offers).where(eq(offers.id, id));
  if (row) return row;
  const [byMove] = await db
    .select({ offer: offers })
    .from(offerMoves)
    .innerJoin(offers, eq(offers.id, offerMoves.offerId))
    .where(eq(offerMoves.id, id));
  return byMove?.offer ?? null;
}

/** What has been tried between a buyer and the lister of a listing so far. */
export interface EarlierOffers {
  /** By the buyer. */
  haggles: number;
  directBuys: number;
  /** By the lister. */
  proposals: number;
  lastOrdinal: number;
  open: OfferRow | null;
}

export async function earlierOffers(db: Db, listingId: string, buyerId: string): Promise<EarlierOffers> {
  const rows = await db
    .select()
    .from(offers)
    .where(and(eq(offers.listingId, listingId), eq(offers.buyerId, buyerId)))
    .orderBy(desc(offers.ordinal));
  const mine = rows.filter(({ openedBy }) => openedBy === 'buyer');
  const haggles = mine.filter(({ type }) => isHaggle(type)).length;
  return {
    haggles,
    directBuys: mine.length - haggles,
    proposals: rows.length - mine.length,
    lastOrdinal: rows[0]?.ordinal ?? 0,
    open: rows.find(({ status }) => OPEN_STATUSES.some((open) => open === status)) ?? null,
  };
}

export function movesOf(db: Db, offerId: string): Promise<MoveRow[]> {
  return db.select().from(offerMoves).where(eq(offerMoves.offerId, offerId)).orderBy(asc(offerMoves.round));
}

/** The moves of at most a page of offers, each in order. */
export function movesOfMany(db: Db, offerIds: readonly string[]): Promise<MoveRow[]> {
  return db
    .select()
    .from(offerMoves)
    .where(sql`${offerMoves.offerId} in (select value from json_each(${JSON.stringify(offerIds)}))`)
    .orderBy(asc(offerMoves.offerId), asc(offerMoves.round));
}

export function historyOf(db: Db, offerId: string): Promise<OfferHistoryRow[]> {
  return db
    .select()
    .from(offerHistory)
    .where(eq(offerHistory.offerId, offerId))
    .orderBy(asc(offerHistory.version));
}

export interface OfferFilter {
  listingId?: string;
  side?: { userId: string; as: OfferSide };
  statuses: readonly OfferStatus[] | null;
}

const SIDE_COLUMNS = { buyer: offers.buyerId, seller: offers.sellerId } as const;

/** Offers of one side or on one listing, newest first: each status is a walk along one index. */
export async function listOffers(
  db: Db,
  { listingId, side, statuses }: OfferFilter,
  position: Position | null,
  limit: number,
): Promise<OfferRow[]> {
  const walk = (status: OfferStatus | null) =>
    db
      .select()
      .from(offers)
      .where(
        and(
          listingId === undefined ? undefined : eq(offers.listingId, listingId),
          side === undefined ? undefined : eq(SIDE_COLUMNS[side.as], side.userId),
          status === null ? undefined : eq(offers.status, status),
          position === null
            ? undefined
            : sql`(${offers.createdAt}, ${offers.id}) < (${position[0]}, ${position[1]})`,
        ),
      )
      .orderBy(desc(offers.createdAt), desc(offers.id))
      .limit(limit);
  const pages = await Promise.all((statuses ?? [null]).map(walk));
  return pages.flat().sort(newestFirst).slice(0, limit);
}

/** The order of every list of offers. */
export const newestFirst = (a: OfferRow, b: OfferRow): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

/** Open offers whose time is over, longest overdue first in each state. */
export async function dueOfferIds(db: Db, nowMs: number, limit: number): Promise<string[]> {
  const pages = await Promise.all(
    OPEN_STATUSES.map((status) =>
      db
        .select({ id: offers.id })
        .from(offers)
        .where(and(eq(offers.status, status), lte(offers.expiresAt, nowMs)))
        .orderBy(asc(offers.expiresAt))
        .limit(limit),
    ),
  );
  return pages.flat().map(({ id }) => id);
}

/** Forgets offers that came to nothing before this moment, some at a time. Answers how many. */
export async function deleteDeadOffers(db: Db, beforeMs: number, limit: number): Promise<number> {
  let deleted = 0;
  for (const status of DEAD_STATUSES) {
    const dead = await db
      .select({ id: offers.id })
      .from(offers)
      .where(and(eq(offers.status, status), lt(offers.updatedAt, beforeMs)))
      .orderBy(asc(offers.updatedAt))
      .limit(limit);
    if (dead.length === 0) continue;
    const ids = sql`(select value from json_each(${JSON.stringify(dead.map(({ id }) => id))}))`;
    // The head goes last: a process that dies in between leaves it to be found again.
    await db.batch([
      db.delete(offerMoves).where(sql`${offerMoves.offerId} in ${ids}`),
      db.delete(offerHistory).where(sql`${offerHistory.offerId} in ${ids}`),
      db.delete(offerListings).where(sql`${offerListings.offerId} in ${ids}`),
      db.delete(offers).where(sql`${offers.id} in ${ids}`),
    ]);
    deleted += dead.length;
  }
  return deleted;
}

export interface PersonRow {
  id: string;
  username: string;
  displayName: string;
}

/** Who talks about which listing in a conversation; null unless it is about one. */
export async function findTalk(
  db: Db,
  conversationId: string,
): Promise<{ listingId: string; userIds: readonly string[] } | null> {
  const [row] = await db.select().from(conversations).where(eq(conversations.id, conversationId));
  if (row?.contextType !== 'listing') return null;
  return { listingId: row.contextId, userIds: [row.buyerId, row.sellerId] };
}

/** The names of at most 90 users. */
export function loadPeople(db: Db, ids: readonly string[]): Promise<PersonRow[]> {
  return db
    .select({ id: users.id, username: users.username, displayName: users.displayName })
    .from(users)
    .where(sql`${users.id} in (select value from json_each(${JSON.stringify(ids)}))`);
}

/** How an order of an offer stands. */
export interface OrderStanding {
  id: string;
  status: OrderStatus;
  wasPaid: boolean;
}

/** How these orders stand; those that do not exist are left out. */
export async function orderStandings(db: Db, orderIds: readonly string[]): Promise<OrderStanding[]> {
  const rows = await db
    .select({ id: orders.id, status: orders.status, paidAt: orders.paidAt })
    .from(orders)
    .where(inArray(orders.id, [...orderIds]));
  return rows.map(({ id, status, paidAt }) => ({ id, status, wasPaid: paidAt !== null }));
}

/** A condition that names offers by id. */
export const offersNamed = (ids: readonly string[]): SQL =>
  sql`${offers.id} in (select value from json_each(${JSON.stringify(ids)}))`;

/** The offer that a request of a client has made, with the amount of its first move. */
export async function findByClientKey(
  db: Db,
  clientKey: string,
): Promise<{ id: string; amountCents: number } | null> {
  const [found] = await db
    .select({ id: offers.id, amountCents: offerMoves.amountCents })
    .from(offers)
    .innerJoin(offerMoves, eq(offerMoves.id, offers.id))
    .where(eq(offers.clientKey, clientKey));
  return found ?? null;
}
