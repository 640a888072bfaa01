import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import type { ConversationContext } from '../../domain/chat/conversation.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { problem } from '../../http/problem.ts';
import type { MessageBody } from '../../wire/chat.ts';
import { getOffer } from '../offers/offers.usecases.ts';
import {
  countUnread,
  findInboxRow,
  findPeople,
  type InboxFilter,
  type InboxRow,
  listInbox,
  type Person,
  searchMessages,
} from './inbox.repository.ts';
import { type SentMessage, sendMessage } from './messages.usecases.ts';
import { openConversation } from './open-conversation.ts';
import { conversationNotFound } from './reach.ts';
import { findSubject, type Subject } from './subjects.repository.ts';

/** How long a list waits for the caller's own last writes. */
const READ_BARRIER_MS = 2_000;
const InboxCursor = z.tuple([z.number(), z.string()]);
const SearchCursor = z.tuple([z.number()]);

/** Lists come from D1, which follows the conversations; a list waits until it holds what the caller has just done. */
async function caughtUp(deps: Deps, userId: string): Promise<void> {
  await Promise.all(
    deps.chatWrites
      .of(userId, deps.now())
      .map(({ bookKey, seq }) => deps.conversations.whenProjected(bookKey, seq, READ_BARRIER_MS)),
  );
}

export interface NewConversation {
  otherUserId: string;
  context: ConversationContext;
  initialMessage: MessageBody | null;
  retryKey: string | null;
}

/** Finds or begins a conversation, and says the first thing in it (SL-01). */
export async function startConversation(
  deps: Deps,
  callerId: string,
  { otherUserId, context, initialMessage, retryKey }: NewConversation,
): Promise<{ row: InboxRow; isNew: boolean; sent: SentMessage | null }> {
  const subject = await subjectOf(deps, callerId, otherUserId, context);
  const sellerId = await sellerOf(deps, callerId, otherUserId, subject);
  const { conversation, isNew } = await openConversation(deps, {
    callerId,
    otherUserId,
    context: subject,
    ...(sellerId === null ? {} : { sellerId }),
  });
  const sent =
    initialMessage === null
      ? null
      : await sendMessage(deps, callerId, conversation.id, initialMessage, retryKey);
  if (sent !== null) await caughtUp(deps, callerId);
  const row = await findInboxRow(deps.db, callerId, conversation.id);
  if (row === null) throw conversationNotFound();
  return { row, isNew, sent };
}

/** An offer is talked about where it was made: in the conversation about its listing. */
async function subjectOf(
  deps: Deps,
  callerId: string,
  otherUserId: string,
  context: ConversationContext,
): Promise<ConversationContext> {
  if (context.type !== 'offer') return context;
  const { row } = await getOffer(deps, context.id, { userId: callerId });
  if (row.buyerId !== otherUserId && row.sellerId !== otherUserId)
    throw problem('offer_not_found', 'There is no such offer between the two of you.');
  return { type: 'listing', id: row.listingId };
}

/** Sees to it that the two have a part in what they talk about; answers who of them sells. */
async function sellerOf(
  deps: Deps,
  callerId: string,
  otherUserId: string,
  context: ConversationContext,
): Promise<string | null> {
  if (context.type === 'none') return null;
  const missing = () => {
    const code =
      context.type === 'listing'
        ? 'listing_not_found'
        : context.type === 'product'
          ? 'product_not_found'
          : 'order_not_found';
    return problem(code, `There is no such ${context.type}, or the two of you have no part in it.`);
  };
  const subject = await findSubject(deps.db, context);
  if (subject === null) throw missing();
  const pair = [callerId, otherUserId];
  const { sellerId, buyerId } = subject;
  if (sellerId !== null && !pair.includes(sellerId)) throw missing();
  if (buyerId !== null && !pair.includes(buyerId)) throw missing();
  return sellerId;
}

export async function readInbox(
  deps: Deps,
  userId: string,
  query: { filter: InboxFilter; limit: number; cursor?: string | undefined; page?: number | undefined },
): Promise<{ rows: InboxRow[]; nextCursor: string | null; unread: number }> {
  const { filter, limit, cursor, page } = query;
  const after = decodeCursor(cursor, InboxCursor);
  await caughtUp(deps, userId);
  const [rows, unread] = await Promise.all([
    listInbox(deps.db, userId, filter, {
      after,
      offset: page === undefined ? 0 : (page - 1) * limit,
      limit: limit + 1,
    }),
    countUnread(deps.db, userId),
  ]);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown,
    nextCursor: rows.length > limit && last ? encodeCursor([last.lastMessageAt, last.id]) : null,
    unread,
  };
}

/** The row of one conversation in the caller's inbox. */
export async function readInboxRow(deps: Deps, userId: string, conversationId: string): Promise<InboxRow> {
  await caughtUp(deps, userId);
  const row = await findInboxRow(deps.db, userId, conversationId);
  if (row === null) throw conversationNotFound();
  return row;
}

export type FoundMessage = Awaited<ReturnType<typeof searchMessages>>[number];

/** Searches the caller's own conversations, newest first (C.7). */
export async function searchOwnMessages(
  deps: Deps,
  userId: string,
  query: { q: string; limit: number; cursor?: string | undefined },
): Promise<{ found: FoundMessage[]; nextCursor: string | null }> {
  const cursor = decodeCursor(query.cursor, SearchCursor);
  const expression = searchExpression(query.q);
  if (expression === null) return { found: [], nextCursor: null };
  await caughtUp(deps, userId);
  const rows = await searchMessages(deps.db, userId, expression, {
    beforeRow: cursor?.[0] ?? null,
    limit: query.limit + 1,
  });
  const found = rows.slice(0, query.limit);
  const last = found.at(-1);
  return { found, nextCursor: rows.length > query.limit && last ? encodeCursor([last.row]) : null };
}

export const readPeople = (deps: Deps, userIds: readonly string[]): Promise<Map<string, Person>> =>
  findPeople(deps.db, userIds);

export const readSubject = (deps: Deps, context: ConversationContext): Promise<Subject | null> =>
  findSubject(deps.db, context);
