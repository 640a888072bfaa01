/** A conversation: who takes part, about what, and what a message is (product model C.7). */
import { keyOf, parseSequencedId, sequencedId } from '../ids.ts';

export const CONTEXT_TYPES = ['none', 'listing', 'product', 'order', 'offer'] as const;
export type ContextType = (typeof CONTEXT_TYPES)[number];

/** What a conversation is about; `id` is empty for `none`. */
export interface ConversationContext {
  type: ContextType;
  id: string;
}

export const PARTICIPANT_ROLES = ['buyer', 'seller', 'support'] as const;
export type ParticipantRole = (typeof PARTICIPANT_ROLES)[number];

export const MESSAGE_TYPES = ['text', 'image', 'file', 'offer', 'system'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What a person may send; offers and system lines are built by the server alone. */
export const CLIENT_MESSAGE_TYPES = ['text', 'image', 'file'] as const;

/** A participant's cursors: they only ever rise, and unread counts follow from them. */
export interface Participant {
  userId: string;
  role: ParticipantRole;
  deliveredSeq: number;
  readSeq: number;
  /** The newest message when the user put the conversation away; a later one brings it back. */
  archivedSeq: number | null;
  /** The change that wrote this state. */
  rev: number;
}

/** Hints about what a message asks for; it is shown to the recipient and sent all the same. */
export const MESSAGE_WARNINGS = ['off_platform_payment', 'contact_details', 'links_removed'] as const;
export type MessageWarning = (typeof MESSAGE_WARNINGS)[number];

/** The standing of an offer when the card was made. */
export interface OfferCard {
  offer_id: string;
  listing_id: string | null;
  status: string;
  price_cents: number | null;
  currency: string | null;
  /** Who made this move; null when time or the system did. */
  by: string | null;
  order_id: string | null;
}

export interface AttachedFile {
  url: string;
  name: string;
  content_type: string;
  size: number;
}

export interface Message {
  /** Dense: the first message of a conversation is 1. */
  seq: number;
  type: MessageType;
  /** Null when the system speaks. */
  senderId: string | null;
  clientId: string | null;
  content: string;
  imageUrls: string[];
  file: AttachedFile | null;
  offer: OfferCard | null;
  /** The seq of the message that this one answers. */
  replyTo: number | null;
  warnings: MessageWarning[];
  createdAtMs: number;
  editedAtMs: number | null;
  deletedAtMs: number | null;
  /** Earlier wordings, oldest first, with the time at which each was written. */
  history: { content: string; atMs: number }[];
  /** Who reacted, by emoji. */
  reactions: Record<string, string[]>;
  /** How long the other side had waited for this; null when it answers nothing. */
  responseMs: number | null;
  /** The last change that touched it: what a device resumes by. */
  rev: number;
}

export const messageId = (conversationId: string, seq: number): string =>
  sequencedId('msg', keyOf('cnv', conversationId) ?? '', seq);

/** Where a message is, by its id alone; null when the text is no such id. */
export function placeOf(id: string): { conversationId: string; seq: number } | null {
  const parsed = parseSequencedId('msg', id);
  return parsed === null ? null : { conversationId: `cnv_${parsed.bookKey}`, seq: parsed.sequence };
}

/** Both users in the order of their ids, so that it does not matter who is named first. */
export const pairKey = (userA: string, userB: string): string =>
  userA < userB ? `${userA} ${userB}` : `${userB} ${userA}`;
