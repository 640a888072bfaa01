import type { MessageType, ParticipantRole } from '../../domain/chat/conversation.ts';

/** A message as lists and search see it. */
export interface ProjectedMessage {
  id: string;
  seq: number;
  senderId: string | null;
  type: MessageType;
  content: string;
  createdAt: number;
  editedAt: number | null;
  deletedAt: number | null;
  responseMs: number | null;
  rev: number;
}

export interface ProjectedParticipant {
  userId: string;
  role: ParticipantRole;
  deliveredSeq: number;
  readSeq: number;
  archivedSeq: number | null;
  /** Messages of others after `readSeq`. */
  unread: number;
}

/**
 * One queue message: a conversation as it is, and its messages that have changed since what D1 has confirmed. It is all
 * state under revisions, so that it may come twice, late and in any order.
 */
export interface ConversationState {
  kind: 'conversation_state';
  conversation_id: string;
  /** When it has been applied, D1 has every change up to here. */
  through_rev: number;
  head: {
    rev: number;
    lastSeq: number;
    lastMessageAt: number;
    lastMessageType: MessageType;
    lastMessagePreview: string;
    lastSenderId: string | null;
  } | null;
  /** As of this change. */
  rev: number;
  participants: ProjectedParticipant[];
  messages: ProjectedMessage[];
  /** Messages that D1 may not have had before: `message.sent` is told of these. */
  sent: { id: string; seq: number; recipientIds: string[] }[];
}
