import { and, desc, eq, gt, inArray, isNotNull, notInArray, or, sql } from 'drizzle-orm';
import { userPresence } from '../../db/channels-schema.ts';
import { blocks, conversationParticipants, conversations } from '../../db/chat-schema.ts';
import type { Db } from '../../db/client.ts';
import { orders } from '../../db/orders-schema.ts';
import { pairKey } from '../../domain/chat/conversation.ts';
import { FINAL_STATUSES, type OrderStatus } from '../../domain/orders/order.ts';

/** Whoever has more contacts than this is seen by the latest of them. */
export const MAX_CONTACTS = 80;

export interface PresenceRow {
  showPresence: boolean;
  lastSeenAt: number | null;
}

const CLOSED: OrderStatus[] = [...FINAL_STATUSES, 'completed'];

/**
 * The people whom a user talks with, the latest first, and those with whom there is an open order; nobody of whom one has
 * blocked the other.
 */
export async function contactsOf(db: Db, userId: string): Promise<string[]> {
  const [talks, deals, blocked] = await db.batch([
    db
      .select({ buyerId: conversations.buyerId, sellerId: conversations.sellerId })
      .from(conversationParticipants)
      .innerJoin(conversations, eq(conversations.id, conversationParticipants.conversationId))
      .where(and(eq(conversationParticipants.userId, userId), gt(conversations.lastSeq, 0)))
      .orderBy(desc(conversationParticipants.lastMessageAt))
      .limit(MAX_CONTACTS),
    db
      .select({ buyerId: orders.buyerId, sellerId: orders.sellerId })
      .from(orders)
      .where(
        and(
          or(eq(orders.buyerId, userId), eq(orders.sellerId, userId)),
          isNotNull(orders.sellerId),
          notInArray(orders.status, CLOSED),
        ),
      )
      .orderBy(desc(orders.createdAt))
      .limit(MAX_CONTACTS),
    db
      .select({ blockerId: blocks.blockerId, blockedId: blocks.blockedId })
      .from(blocks)
      .where(and(or(eq(blocks.blockerId, userId), eq(blocks.blockedId, userId)), eq(blocks.isActive, true))),
  ]);
  const hidden = new Set(blocked.flatMap(({ blockerId, blockedId }) => [blockerId, blockedId]));
  const others = [...talks, ...deals].map(({ buyerId, sellerId }) =>
    buyerId === userId ? sellerId! : buyerId,
  );
  // Support takes part in conversations of others, and is nobody's contact.
  return [...new Set(others)].filter((id) => !hidden.has(id) && id !== userId).slice(0, MAX_CONTACTS);
}

export async function areContacts(db: Db, userId: string, otherId: string): Promise<boolean> {
  const [talks, deals, blocked] = await db.batch([
    db
      .select({ id: conversations.id })
      .from(conversations)
      .where(and(eq(conversations.pairKey, pairKey(userId, otherId)), gt(conversations.lastSeq, 0)))
      .limit(1),
    db
      .select({ id: orders.id })
      .from(orders)
      .where(
        and(
          or(
            and(eq(orders.buyerId, userId), eq(orders.sellerId, otherId)),
            and(eq(orders.buyerId, otherId), eq(orders.sellerId, userId)),
          ),
          notInArray(orders.status, CLOSED),
        ),
      )
      .limit(1),
    db
      .select({ blockerId: blocks.blockerId })
      .from(blocks)
      .where(
        and(
          or(
            and(eq(blocks.blockerId, userId), eq(blocks.blockedId, otherId)),
            and(eq(blocks.blockerId, otherId), eq(blocks.blockedId, userId)),
          ),
          eq(blocks.isActive, true),
        ),
      )
      .limit(1),
  ]);
  return blocked.length === 0 && (talks.length > 0 || deals.length > 0);
}

export async function findPresence(db: Db, userId: string): Promise<PresenceRow> {
  const [row] = await db
    .select({ showPresence: userPresence.showPresence, lastSeenAt: userPresence.lastSeenAt })
    .from(userPresence)
    .where(eq(userPresence.userId, userId));
  return row ?? { showPresence: true, lastSeenAt: null };
}

/** Which of these contacts, of whom there are not too many for one statement, let their contacts see whether they are here. */
export async function visibleUsers(db: Db, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return [];
  const hidden = await db
    .select({ userId: userPresence.userId })
    .from(userPresence)
    .where(and(inArray(userPresence.userId, [...userIds]), eq(userPresence.showPresence, false)));
  const hiddenIds = new Set(hidden.map(({ userId }) => userId));
  return userIds.filter((userId) => !hiddenIds.has(userId));
}

export async function saveOnline(db: Db, userId: string, atMs: number): Promise<void> {
  await db
    .insert(userPresence)
    .values({ userId, onlineSince: atMs, updatedAt: atMs })
    .onConflictDoUpdate({ target: userPresence.userId, set: { onlineSince: atMs } });
}

export async function saveLastSeen(db: Db, userId: string, atMs: number): Promise<void> {
  const seen = { lastSeenAt: atMs, onlineSince: null };
  await db
    .insert(userPresence)
    .values({ userId, ...seen, updatedAt: atMs })
    .onConflictDoUpdate({ target: userPresence.userId, set: seen });
}

/** Which of these users are here, or went so lately that they may come back for what they missed. */
export async function listeningSince(
  db: Db,
  userIds: readonly string[],
  sinceMs: number,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ userId: userPresence.userId })
    .from(userPresence)
    .where(
      and(
        sql`${userPresence.userId} in (select value from json_each(${JSON.stringify(userIds)}))`,
        or(isNotNull(userPresence.onlineSince), gt(userPresence.lastSeenAt, sinceMs)),
      ),
    );
  return new Set(rows.map(({ userId }) => userId));
}

export async function saveShowPresence(
  db: Db,
  userId: string,
  showPresence: boolean,
  nowMs: number,
): Promise<void> {
  await db
    .insert(userPresence)
    .values({ userId, showPresence, updatedAt: nowMs })
    .onConflictDoUpdate({ target: userPresence.userId, set: { showPresence, updatedAt: nowMs } });
}
