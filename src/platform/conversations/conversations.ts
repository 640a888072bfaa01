/**
 * Conversations as the rest of the product calls them. Each is an object, the truth of its messages and cursors; D1
 * follows it. What a message needs to know is in the object, so that no database stands in its way.
 */
import type {
  AttachedFile,
  ConversationContext,
  Message,
  Participant,
} from '../../domain/chat/conversation.ts';
import type {
  Block,
  ChatCommand,
  ConversationAction,
  MessageAction,
  ServerMessage,
} from '../../domain/chat/thread.ts';
import type { Failure } from '../../domain/errors.ts';

/** What an object is told when it is first used. */
export interface ConversationConfig {
  conversationId: string;
  context: ConversationContext;
  buyerId: string;
  sellerId: string;
  blocks: Block[];
}

/** `retryKey` is the caller's Idempotency-Key: a repeat gets the first answer, another body under it is refused. */
export interface ChatRequest {
  userId: string;
  command: ChatCommand;
  retryKey: string | null;
}

export type ChatAnswer =
  | {
      ok: true;
      /** The message that the command was about, as it is now; null when it was about none. */
      message: Message | null;
      participant: Participant;
      rev: number;
      replayed: boolean;
      actions: MessageAction[];
    }
  | { ok: false; failure: Failure };

/** A conversation as one of its participants sees it. */
export interface ConversationView {
  conversationId: string;
  context: ConversationContext;
  buyerId: string;
  sellerId: string;
  rev: number;
  lastSeq: number;
  participants: Participant[];
  unread: number;
  isArchived: boolean;
  isBlocked: boolean;
  actions: ConversationAction[];
}

export interface MessagePage {
  /** Newest first. */
  messages: { message: Message; actions: MessageAction[] }[];
  hasMore: boolean;
}

/** Null for an object that was never configured; the caller configures it and asks again. */
export type Reached<T> = T | null;

export interface Conversations {
  configure(config: ConversationConfig): Promise<void>;
  execute(conversationId: string, request: ChatRequest): Promise<Reached<ChatAnswer>>;
  /** Says something as the server; the same event id is said once. */
  say(conversationId: string, message: ServerMessage): Promise<Reached<Message>>;
  /** Lets somebody of support in. */
  admit(conversationId: string, userId: string): Promise<Reached<boolean>>;
  /** Takes what a user said out of the conversation: tombstones stay. */
  erase(conversationId: string, userId: string): Promise<Reached<boolean>>;
  /** Leaves a tombstone of a message, for a moderator; false when there is none. The same again changes nothing. */
  remove(conversationId: string, seq: number): Promise<Reached<boolean>>;
  setBlock(conversationId: string, block: Block): Promise<Reached<boolean>>;
  /** A device that is not on the conversation's own socket types, or stopped. */
  typing(
    conversationId: string,
    userId: string,
    isTyping: boolean,
  ): Promise<Reached<'shown' | 'no_part' | 'blocked'>>;
  /** Notes what a participant has uploaded; only such may be sent. False for who takes no part. */
  addFile(conversationId: string, userId: string, file: AttachedFile): Promise<Reached<boolean>>;
  /** The conversation as this user sees it; the view is null for who takes no part. */
  view(conversationId: string, userId: string): Promise<Reached<{ view: ConversationView | null }>>;
  messages(
    conversationId: string,
    userId: string,
    page: { beforeSeq: number | null; limit: number },
  ): Promise<Reached<{ page: MessagePage | null }>>;
  message(
    conversationId: string,
    seq: number,
  ): Promise<Reached<{ message: Message | null; participantIds: string[] }>>;
  /** The consumer has applied every change up to here. */
  confirm(conversationId: string, rev: number): Promise<void>;
  /** Resolves when D1 has the change, or after `timeoutMs`. */
  whenProjected(conversationId: string, rev: number, timeoutMs: number): Promise<void>;
  /** Hands a WebSocket upgrade, with the identity headers of the caller, to the object. */
  connect(conversationId: string, request: Request): Promise<Response>;
}
