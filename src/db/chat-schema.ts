/**
 * Conversations as lists and search see them. The truth of a conversation's messages and cursors is in its object; the
 * columns that say "projected" follow it, and can be written anew from it at any time.
 */
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { CONTEXT_TYPES, MESSAGE_TYPES, PARTICIPANT_ROLES } from '../domain/chat/conversation.ts';

export const conversations = sqliteTable(
  'conversations',
  {
    id: text().primaryKey(),
    /** Both users in the order of their ids, so that it does not matter who began. */
    pairKey: text().notNull(),
    buyerId: text().notNull(),
    sellerId: text().notNull(),
    /** Who opened it: until something is said, only they see it. */
    openedBy: text().notNull(),
    contextType: text({ enum: CONTEXT_TYPES }).notNull(),
    /** Empty when the conversation is about nothing in particular. */
    contextId: text().notNull(),
    /** Projected: the newest message. */
    lastSeq: integer().notNull().default(0),
    lastMessageAt: integer().notNull(),
    lastMessageType: text({ enum: MESSAGE_TYPES }),
    lastMessagePreview: text().notNull().default(''),
    lastSenderId: text(),
    /** Projected: as of which change. */
    rev: integer().notNull().default(0),
    createdAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('conversations_pair_context').on(t.pairKey, t.contextType, t.contextId),
    index('conversations_context').on(t.contextType, t.contextId),
    index('conversations_buyer').on(t.buyerId),
    index('conversations_seller').on(t.sellerId),
  ],
);

export const conversationParticipants = sqliteTable(
  'conversation_participants',
  {
    conversationId: text()
      .notNull()
      .references(() => conversations.id),
    userId: text().notNull(),
    role: text({ enum: PARTICIPANT_ROLES }).notNull(),
    /** Projected: how far the user's devices have it, and how far the user has read; `rev` says as of which change. */
    deliveredSeq: integer().notNull().default(0),
    readSeq: integer().notNull().default(0),
    rev: integer().notNull().default(0),
    /** Projected: messages of others after `readSeq`, counted anew at each projection. */
    unread: integer().notNull().default(0),
    /** Projected: the newest message when the user put it away; a later message brings it back. Null when it never was. */
    archivedSeq: integer(),
    /** As in `conversations`, so that an inbox is one index. */
    lastSeq: integer().notNull().default(0),
    lastMessageAt: integer().notNull(),
    joinedAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.conversationId, t.userId] }),
    index('conversation_participants_inbox').on(t.userId, t.lastMessageAt, t.conversationId),
    index('conversation_participants_user').on(t.userId, t.conversationId),
    index('conversation_participants_unread').on(t.userId, t.unread, t.lastMessageAt),
  ],
);

export const conversationMessages = sqliteTable(
  'conversation_messages',
  {
    /** The rowid that the full-text index points at. */
    row: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    conversationId: text()
      .notNull()
      .references(() => conversations.id),
    seq: integer().notNull(),
    /** Null when the system speaks. */
    senderId: text(),
    type: text({ enum: MESSAGE_TYPES }).notNull(),
    /** Empty once it is deleted. */
    content: text().notNull(),
    createdAt: integer().notNull(),
    editedAt: integer(),
    deletedAt: integer(),
    /** How long the other side had waited for this answer, in milliseconds; null when it answers nothing. */
    responseMs: integer(),
    rev: integer().notNull(),
  },
  (t) => [
    uniqueIndex('conversation_messages_id').on(t.id),
    uniqueIndex('conversation_messages_seq').on(t.conversationId, t.seq),
    index('conversation_messages_time').on(t.conversationId, t.createdAt),
    index('conversation_messages_sent').on(t.createdAt),
    index('conversation_messages_response').on(t.senderId, t.responseMs),
  ],
);

/** Who wants nothing to do with whom. A lifted block stays as a row, whose version orders the news of it. */
export const blocks = sqliteTable(
  'blocks',
  {
    blockerId: text().notNull(),
    blockedId: text().notNull(),
    isActive: integer({ mode: 'boolean' }).notNull(),
    version: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.blockerId, t.blockedId] }),
    index('blocks_blocked').on(t.blockedId, t.isActive),
  ],
);
