import type { Participant } from '../../domain/chat/conversation.ts';
import type { MessageAction } from '../../domain/chat/thread.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { ConversationView, MessagePage } from '../../platform/conversations/conversations.ts';
import { messageView } from '../../wire/chat.ts';
import type { InboxRow, Person } from './inbox.repository.ts';
import type { FoundMessage } from './inbox.usecases.ts';
import type { SentMessage } from './messages.usecases.ts';

const personView = (id: string, person: Pick<Person, 'username' | 'displayName'> | undefined) => ({
  id,
  username: person?.username ?? null,
  display_name: person?.displayName ?? null,
});

export const summaryView = (row: InboxRow) => ({
  id: row.id,
  other_user: {
    id: row.otherId,
    username: row.otherUsername,
    display_name: row.otherDisplayName,
  },
  role: row.role,
  buyer_id: row.buyerId,
  seller_id: row.sellerId,
  context: { type: row.contextType, id: row.contextId === '' ? null : row.contextId },
  last_message:
    row.lastSeq === 0 || row.lastMessageType === null
      ? null
      : {
          seq: row.lastSeq,
          message_type: row.lastMessageType,
          preview: row.lastMessagePreview,
          sender_id: row.lastSenderId,
        },
  last_message_at: rfc3339(row.lastMessageAt),
  unread_count: row.unread,
  is_archived: row.isArchived !== 0,
  created_at: rfc3339(row.createdAt),
});

/** How far a message has come with those it was sent to: with the one who is least far. */
function statusOf(
  { seq, senderId }: { seq: number; senderId: string | null },
  participants: readonly Participant[],
): 'sent' | 'delivered' | 'read' {
  const others = participants.filter(({ userId, role }) => userId !== senderId && role !== 'support');
  if (others.every(({ readSeq }) => readSeq >= seq)) return 'read';
  return others.every(({ deliveredSeq }) => deliveredSeq >= seq) ? 'delivered' : 'sent';
}

export function messagesView(
  { messages }: MessagePage,
  { conversationId, participants }: ConversationView,
  people: ReadonlyMap<string, Person>,
) {
  return messages.map(({ message, actions }) => ({
    ...messageView(conversationId, message),
    sender: message.senderId === null ? null : personView(message.senderId, people.get(message.senderId)),
    status: statusOf(message, participants),
    allowed_actions: actions,
  }));
}

export const storedView = (conversationId: string, { message, actions }: SentMessage) => ({
  ...messageView(conversationId, message),
  allowed_actions: [...actions] as MessageAction[],
});

export const otherUserOf = ({ buyerId, sellerId }: ConversationView, userId: string): string =>
  buyerId === userId ? sellerId : buyerId;

export const otherUserView = (
  view: ConversationView,
  userId: string,
  people: ReadonlyMap<string, Person>,
) => {
  const id = otherUserOf(view, userId);
  return personView(id, people.get(id));
};

export const foundView = ({ id, conversationId, seq, senderId, type, content, createdAt }: FoundMessage) => ({
  id,
  conversation_id: conversationId,
  seq,
  sender_id: senderId,
  message_type: type,
  content,
  created_at: rfc3339(createdAt),
});
