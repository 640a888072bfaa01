import { and, desc, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import {
  conversationMessages,
  conversations,
  conversationParticipants as participants,
} from '../../db/chat-schema.ts';
import type { Db } from '../../db/client.ts';
import { users } from '../../db/schema.ts';

export const INBOX_FILTERS = ['all', 'unread', 'archived'] as const;
export type InboxFilter = (typeof INBOX_FILTERS)[number];

const shownTo = (userId: string): SQL =>
  // Until something is said, a conversation is seen only by who opened it.
  sql`(${participants.lastSeq} > 0 or ${conversations.openedBy} = ${userId})`;

const IS_ARCHIVED = sql`(${participants.archivedSeq} is not null and ${participants.archivedSeq} >= ${participants.lastSeq})`;

const FILTERS: Record<InboxFilter, SQL | undefined> = {
  all: sql`not ${IS_ARCHIVED}`,
  // The plus keeps the order of the inbox, which is an index, before the one by unread.
  unread: sql`+${participants.unread} > 0 and not ${IS_ARCHIVED}`,
  archived: IS_ARCHIVED,
};

const otherId = sql<string>`case when ${conversations.buyerId} = ${participants.userId} then ${conversations.sellerId} else ${conversations.buyerId} end`;

const selection = {
  id: conversations.id,
  buyerId: conversations.buyerId,
  sellerId: conversations.sellerId,
  contextType: conversations.contextType,
  contextId: conversations.contextId,
  lastSeq: participants.lastSeq,
  lastMessageAt: participants.lastMessageAt,
  lastMessageType: conversations.lastMessageType,
  lastMessagePreview: conversations.lastMessagePreview,
  lastSenderId: conversations.lastSenderId,
  createdAt: conversations.createdAt,
  role: participants.role,
  deliveredSeq: participants.deliveredSeq,
  readSeq: participants.readSeq,
  unread: participants.unread,
  isArchived: sql<number>`${IS_ARCHIVED}`,
  otherId,
  otherUsername: users.username,
  otherDisplayName: users.displayName,
};

const rowsOf = (db: Db) =>
  db
    .select(selection)
    .from(participants)
    .innerJoin(conversations, eq(conversations.id, participants.conversationId))
    .leftJoin(users, eq(users.id, otherId));

export type InboxRow = Awaited<ReturnType<typeof listInbox>>[number];

/** One page of a user's conversations, the one with the newest message first. */
export function listInbox(
  db: Db,
  userId: string,
  filter: InboxFilter,
  page: { after: readonly [number, string] | null; offset: number; limit: number },
) {
  const { after, offset, limit } = page;
  return rowsOf(db)
    .where(
      and(
        eq(participants.userId, userId),
        shownTo(userId),
        FILTERS[filter],
        after === null
          ? undefined
          : or(
              lt(participants.lastMessageAt, after[0]),
              and(eq(participants.lastMessageAt, after[0]), lt(participants.conversationId, after[1])),
            ),
      ),
    )
    .orderBy(desc(participants.lastMessageAt), desc(participants.conversationId))
    .limit(limit)
    .offset(offset);
}

export async function findInboxRow(db: Db, userId: string, conversationId: string): Promise<InboxRow | null> {
  const [row] = await rowsOf(db).where(
    and(eq(participants.conversationId, conversationId), eq(participants.userId, userId)),
  );
  return row ?? null;
}

/** Messages that a user has not read, over all conversations. */
export async function countUnread(db: Db, userId: string): Promise<number> {
  const [row] = await db
    .select({ unread: sql<number>`coalesce(sum(${participants.unread}), 0)` })
    .from(participants)
    .where(and(eq(participants.userId, userId), gt(participants.unread, 0)));
  return row?.unread ?? 0;
}

/** Messages in the user's own conversations that hold the words, newest first. */
export function searchMessages(
  db: Db,
  userId: string,
  expression: string,
  page: { beforeRow: number | null; limit: number },
) {
  return db
    .select({
      row: conversationMessages.row,
      id: conversationMessages.id,
      conversationId: conversationMessages.conversationId,
      seq: conversationMessages.seq,
      senderId: conversationMessages.senderId,
      type: conversationMessages.type,
      content: conversationMessages.content,
      createdAt: conversationMessages.createdAt,
    })
    .from(sql`message_search`)
    .innerJoin(conversationMessages, sql`${conversationMessages.row} = message_search.rowid`)
    .innerJoin(
      participants,
      and(
        eq(participants.conversationId, conversationMessages.conversationId),
        eq(participants.userId, userId),
      ),
    )
    .where(
      and(
        sql`message_search match ${expression}`,
        page.beforeRow === null ? undefined : sql`message_search.rowid < ${page.beforeRow}`,
        isNull(conversationMessages.deletedAt),
      ),
    )
    .orderBy(sql`message_search.rowid desc`)
    .limit(page.limit);
}

export interface Person {
  id: string;
  username: string;
  displayName: string;
}

export async function findPeople(db: Db, userIds: readonly string[]): Promise<Map<string, Person>> {
  if (userIds.length === 0) return new Map();
  const rows = await db
    .select({ id: users.id, username: users.username, displayName: users.displayName })
    .from(users)
    .where(inArray(users.id, [...new Set(userIds)]));
  return new Map(rows.map((row) => [row.id, row]));
}
