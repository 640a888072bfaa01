import { and, desc, eq, gt, lt, or } from 'drizzle-orm';
import { blocks, conversationParticipants, conversations } from '../../db/chat-schema.ts';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import type { ConversationContext } from '../../domain/chat/conversation.ts';
import { pairKey } from '../../domain/chat/conversation.ts';
import type { EventEnvelope } from '../../domain/events.ts';

export type ConversationRow = typeof conversations.$inferSelect;

export async function findConversation(db: Db, id: string): Promise<ConversationRow | null> {
  const [row] = await db.select().from(conversations).where(eq(conversations.id, id));
  return row ?? null;
}

/** The conversation of two users about one thing, whoever began it. */
export async function findByPair(
  db: Db,
  userA: string,
  userB: string,
  context: ConversationContext,
): Promise<ConversationRow | null> {
  const [row] = await db
    .select()
    .from(conversations)
    .where(
      and(
        eq(conversations.pairKey, pairKey(userA, userB)),
        eq(conversations.contextType, context.type),
        eq(conversations.contextId, context.id),
      ),
    );
  return row ?? null;
}

export interface NewConversation {
  id: string;
  buyerId: string;
  sellerId: string;
  openedBy: string;
  context: ConversationContext;
  createdAtMs: number;
}

/** Writes a conversation with its two participants. Throws a unique violation when the pair has one about this already. */
export async function insertConversation(db: Db, conversation: NewConversation): Promise<void> {
  const { id, buyerId, sellerId, openedBy, context, createdAtMs } = conversation;
  const participant = (userId: string, role: 'buyer' | 'seller') => ({
    conversationId: id,
    userId,
    role,
    lastMessageAt: createdAtMs,
    joinedAt: createdAtMs,
  });
  await db.batch([
    db.insert(conversations).values({
      id,
      pairKey: pairKey(buyerId, sellerId),
      buyerId,
      sellerId,
      openedBy,
      contextType: context.type,
      contextId: context.id,
      lastMessageAt: createdAtMs,
      createdAt: createdAtMs,
    }),
    db
      .insert(conversationParticipants)
      .values([participant(buyerId, 'buyer'), participant(sellerId, 'seller')]),
  ]);
}

/** Blocks between two users, both ways, lifted ones too. */
export function blocksBetween(db: Db, userA: string, userB: string) {
  return db
    .select()
    .from(blocks)
    .where(
      or(
        and(eq(blocks.blockerId, userA), eq(blocks.blockedId, userB)),
        and(eq(blocks.blockerId, userB), eq(blocks.blockedId, userA)),
      ),
    );
}

export type BlockRow = typeof blocks.$inferSelect;

/**
 * Writes a block as it shall be, with what follows from it, in one batch. Throws a unique violation or is stale when
 * somebody else wrote it since `known` was read.
 */
export async function writeBlock(
  db: Db,
  block: BlockRow,
  known: BlockRow | null,
  events: readonly EventEnvelope[],
): Promise<void> {
  const tell = outboxStatement(db, events, block.updatedAt);
  if (known === null) {
    await db.batch([db.insert(blocks).values(block), tell]);
    return;
  }
  const mine = and(
    eq(blocks.blockerId, block.blockerId),
    eq(blocks.blockedId, block.blockedId),
    eq(blocks.version, known.version),
  );
  await db.batch([db.update(blocks).set(block).where(mine), db.run(GUARD_SQL), tell]);
}

/** Whom a user has blocked, newest first. */
export function listBlocked(db: Db, userId: string, after: readonly [number, string] | null, limit: number) {
  return db
    .select({
      userId: blocks.blockedId,
      blockedAt: blocks.updatedAt,
      username: users.username,
      displayName: users.displayName,
    })
    .from(blocks)
    .innerJoin(users, eq(users.id, blocks.blockedId))
    .where(
      and(
        eq(blocks.blockerId, userId),
        eq(blocks.isActive, true),
        after === null
          ? undefined
          : or(
              lt(blocks.updatedAt, after[0]),
              and(eq(blocks.updatedAt, after[0]), lt(blocks.blockedId, after[1])),
            ),
      ),
    )
    .orderBy(desc(blocks.updatedAt), desc(blocks.blockedId))
    .limit(limit);
}

/** The conversations that two users have with each other. */
export async function conversationsOfPair(db: Db, userA: string, userB: string): Promise<string[]> {
  const rows = await db
    .select({ id: conversations.id })
    .from(conversations)
    .where(eq(conversations.pairKey, pairKey(userA, userB)));
  return rows.map(({ id }) => id);
}

/** The conversations about one thing: of one pair, or of everybody who talks about it. */
export async function conversationsAbout(
  db: Db,
  { type, id }: ConversationContext,
  pair?: readonly [string, string],
): Promise<ConversationRow[]> {
  return db
    .select()
    .from(conversations)
    .where(
      and(
        eq(conversations.contextType, type),
        eq(conversations.contextId, id),
        pair === undefined ? undefined : eq(conversations.pairKey, pairKey(...pair)),
      ),
    );
}

/** A page of the conversations that a user takes part in, by id. */
export async function conversationsOf(
  db: Db,
  userId: string,
  afterId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: conversationParticipants.conversationId })
    .from(conversationParticipants)
    .where(
      and(eq(conversationParticipants.userId, userId), gt(conversationParticipants.conversationId, afterId)),
    )
    .orderBy(conversationParticipants.conversationId)
    .limit(limit);
  return rows.map(({ id }) => id);
}
