/**
 * The rules of a conversation (product model C.7): a command and the state it meets become changes, or a refusal. No
 * clock, no storage, no sockets; whoever calls stores a change before anybody hears of it.
 */
import { type Failure, failure } from '../errors.ts';
import { err, ok, type Result } from '../result.ts';
import type {
  AttachedFile,
  CLIENT_MESSAGE_TYPES,
  ConversationContext,
  Message,
  OfferCard,
  Participant,
} from './conversation.ts';
import { warningsOf, withoutLinks } from './screening.ts';

export const EDIT_WINDOW_MS = 15 * 60_000;
export const SEND_WINDOW_MS = 10_000;
/** The most that the settings can allow: as many times are remembered. */
export const MAX_MESSAGES_PER_WINDOW = 100;
/** A longer text is refused whatever the settings say. */
export const HARD_MAX_CHARACTERS = 5_000;
export const MAX_IMAGES_PER_MESSAGE = 10;
/** Kinds of reactions on one message, and people behind one. */
const MAX_EMOJI_PER_MESSAGE = 20;
const MAX_HISTORY = 50;

export interface ChatLimits {
  maxCharacters: number;
  /** Messages of one user in ten seconds; 0 means no limit. */
  messagesPerWindow: number;
}

/** A block between the two, either way, with the version that orders the news of it. */
export interface Block {
  blockerId: string;
  blockedId: string;
  isActive: boolean;
  version: number;
}

/** What a conversation keeps in memory: everything but its messages. */
export interface Thread {
  id: string;
  context: ConversationContext;
  buyerId: string;
  sellerId: string;
  participants: Map<string, Participant>;
  blocks: Map<string, Block>;
  lastSeq: number;
  /** Counts changes, densely: the newest one. */
  rev: number;
  /** Who has said something before. */
  spoken: Set<string>;
  /** The first message that the other side has not answered yet. */
  awaiting: { senderId: string; sinceMs: number } | null;
  /** When each user last sent, oldest first. */
  recentSends: Map<string, number[]>;
}

export interface Draft {
  type: (typeof CLIENT_MESSAGE_TYPES)[number];
  content: string;
  imageUrls: string[];
  file: AttachedFile | null;
  replyTo: number | null;
  clientId: string | null;
}

/** What a participant may ask for. `target` is the message that it is about, as the caller has found it. */
export type ChatCommand =
  | { op: 'send'; draft: Draft }
  | { op: 'edit'; seq: number; content: string }
  | { op: 'delete'; seq: number }
  | { op: 'react'; seq: number; emoji: string; on: boolean }
  | { op: 'read'; seq: number | null; all: boolean }
  | { op: 'deliver'; seq: number }
  | { op: 'archive'; archived: boolean };

/** What the server itself says: nobody can ask for it from outside. */
export interface ServerMessage {
  eventId: string;
  type: 'offer' | 'system';
  text: string;
  offer: OfferCard | null;
}

export const CHANGE_KINDS = [
  'sent',
  'edited',
  'deleted',
  'reacted',
  'delivered',
  'read',
  'all_read',
  'archived',
  'joined',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One change: a message or a participant as it is from now on. */
export interface Change {
  kind: ChangeKind;
  rev: number;
  atMs: number;
  by: string | null;
  message: Message | null;
  participant: Participant | null;
}

/** Null when everything is already as asked. */
export type Decided = Result<Change | null, Failure>;

const refuse = (code: Failure['code'], detail: string, extra?: Failure['extra']) =>
  err(failure(code, detail, extra));
const MESSAGE_NOT_FOUND = failure('message_not_found', 'There is no such message in this conversation.');
const NOT_FOUND = failure('conversation_not_found', 'There is no such conversation, or it is not yours.');

export const isArchived = (thread: Pick<Thread, 'lastSeq'>, { archivedSeq }: Participant): boolean =>
  archivedSeq !== null && archivedSeq >= thread.lastSeq;

/**
 * While one of the two has blocked the other, neither may write. With somebody of support in the room both may: then
 * the conversation is about an order that has to be settled.
 */
export function isClosed({ blocks, participants }: Thread): boolean {
  for (const { role } of participants.values()) if (role === 'support') return false;
  for (const { isActive } of blocks.values()) if (isActive) return true;
  return false;
}

export const CONVERSATION_ACTIONS = ['send', 'read', 'archive', 'unarchive'] as const;
export type ConversationAction = (typeof CONVERSATION_ACTIONS)[number];

export function conversationActions(thread: Thread, userId: string): ConversationAction[] {
  const me = thread.participants.get(userId);
  if (me === undefined) return [];
  return [
    ...(isClosed(thread) ? [] : (['send'] as const)),
    ...(me.readSeq < thread.lastSeq ? (['read'] as const) : []),
    isArchived(thread, me) ? 'unarchive' : 'archive',
  ];
}

export const MESSAGE_ACTIONS = ['reply', 'react', 'edit', 'delete', 'report'] as const;
export type MessageAction = (typeof MESSAGE_ACTIONS)[number];

const isOfPeople = ({ type }: Message): boolean => type !== 'offer' && type !== 'system';
const isEditable = (message: Message, userId: string, nowMs: number): boolean =>
  message.senderId === userId &&
  message.type === 'text' &&
  message.deletedAtMs === null &&
  nowMs - message.createdAtMs <= EDIT_WINDOW_MS;

export function messageActions(
  thread: Thread,
  message: Message,
  userId: string,
  nowMs: number,
): MessageAction[] {
  if (message.deletedAtMs !== null) return [];
  const isMine = message.senderId === userId;
  return [
    ...(isClosed(thread) ? [] : (['reply', 'react'] as const)),
    ...(isEditable(message, userId, nowMs) && !isClosed(thread) ? (['edit'] as const) : []),
    ...(isMine && isOfPeople(message) ? (['delete'] as const) : []),
    ...(!isMine && isOfPeople(message) ? (['report'] as const) : []),
  ];
}

export function decide(
  thread: Thread,
  userId: string,
  command: ChatCommand,
  target: Message | null,
  nowMs: number,
  limits: ChatLimits,
): Decided {
  const me = thread.participants.get(userId);
  if (me === undefined) return err(NOT_FOUND);
  const change = (kind: ChangeKind, part: Partial<Change>): Decided =>
    ok({ kind, rev: thread.rev + 1, atMs: nowMs, by: userId, message: null, participant: null, ...part });
  const touched = (message: Message): { message: Message } => ({
    message: { ...message, rev: thread.rev + 1 },
  });
  const moved = (part: Partial<Participant>): { participant: Participant } => ({
    participant: { ...me, ...part, rev: thread.rev + 1 },
  });

  switch (command.op) {
    case 'send': {
      const refused = refuseDraft(thread, userId, command.draft, target, nowMs, limits);
      if (refused !== null) return err(refused);
      return change('sent', touched(messageOf(thread, userId, command.draft, nowMs)));
    }
    case 'edit': {
      if (target === null) return err(MESSAGE_NOT_FOUND);
      if (isClosed(thread)) return err(BLOCKED);
      if (!isEditable(target, userId, nowMs))
        return refuse(
          'message_not_editable',
          'Only a text of your own can be edited, within 15 minutes of sending it.',
        );
      const content = command.content.trim();
      const refused = refuseContent(content, limits);
      if (refused !== null) return err(refused);
      if (content === target.content) return ok(null);
      const writtenAtMs = target.editedAtMs ?? target.createdAtMs;
      // The first message stays without links: an edit is no way around that.
      const hadLinksRemoved = target.warnings.includes('links_removed');
      const shown = hadLinksRemoved ? withoutLinks(content) : content;
      return change(
        'edited',
        touched({
          ...target,
          content: shown,
          warnings: [...warningsOf(content), ...(hadLinksRemoved ? (['links_removed'] as const) : [])],
          editedAtMs: nowMs,
          history: [...target.history, { content: target.content, atMs: writtenAtMs }].slice(-MAX_HISTORY),
        }),
      );
    }
    case 'delete': {
      if (target === null) return err(MESSAGE_NOT_FOUND);
      if (target.senderId !== userId || !isOfPeople(target))
        return refuse('message_not_editable', 'Only a message of your own can be deleted.');
      return target.deletedAtMs === null ? change('deleted', touched(tombstoneOf(target, nowMs))) : ok(null);
    }
    case 'react': {
      if (target === null) return err(MESSAGE_NOT_FOUND);
      if (isClosed(thread)) return err(BLOCKED);
      if (target.deletedAtMs !== null) return refuse('message_not_editable', 'The message has been deleted.');
      const { emoji, on } = command;
      const users = target.reactions[emoji] ?? [];
      if (users.includes(userId) === on) return ok(null);
      if (users.length === 0 && Object.keys(target.reactions).length >= MAX_EMOJI_PER_MESSAGE)
        return refuse('too_many_reactions', `A message takes at most ${MAX_EMOJI_PER_MESSAGE} reactions.`);
      const left = on ? [...users, userId] : users.filter((user) => user !== userId);
      const { [emoji]: _, ...others } = target.reactions;
      return change(
        'reacted',
        touched({ ...target, reactions: left.length === 0 ? others : { ...others, [emoji]: left } }),
      );
    }
    case 'read': {
      const seq = Math.min(command.seq ?? thread.lastSeq, thread.lastSeq);
      if (seq <= me.readSeq) return ok(null);
      return change(
        command.all ? 'all_read' : 'read',
        moved({ readSeq: seq, deliveredSeq: Math.max(seq, me.deliveredSeq) }),
      );
    }
    case 'deliver': {
      const seq = Math.min(command.seq, thread.lastSeq);
      return seq <= me.deliveredSeq ? ok(null) : change('delivered', moved({ deliveredSeq: seq }));
    }
    case 'archive':
      if (isArchived(thread, me) === command.archived) return ok(null);
      return change('archived', moved({ archivedSeq: command.archived ? thread.lastSeq : null }));
  }
}

const BLOCKED = failure('conversation_blocked', 'One of you has blocked the other.');

function refuseContent(content: string, { maxCharacters }: ChatLimits): Failure | null {
  const max = Math.min(maxCharacters, HARD_MAX_CHARACTERS);
  if (content.length > max)
    return failure('message_too_long', `A message has at most ${max} characters.`, {
      max_characters: max,
    });
  return content === '' ? failure('validation_failed', 'A message needs some text.') : null;
}

function refuseDraft(
  thread: Thread,
  userId: string,
  draft: Draft,
  answered: Message | null,
  nowMs: number,
  limits: ChatLimits,
): Failure | null {
  if (isClosed(thread)) return BLOCKED;
  const content = draft.content.trim();
  const hasMore = draft.type === 'image' ? draft.imageUrls.length > 0 : draft.file !== null;
  if (draft.type === 'image' && draft.imageUrls.length === 0)
    return failure('validation_failed', 'An image message needs at least one of image_urls.');
  if (draft.type === 'file' && draft.file === null)
    return failure('validation_failed', 'A file message needs its file.');
  if (draft.type === 'text' && (draft.imageUrls.length > 0 || draft.file !== null))
    return failure('validation_failed', 'A text message carries no images; send it as message_type image.');
  const refused = content === '' && hasMore ? null : refuseContent(content, limits);
  if (refused !== null) return refused;
  if (draft.replyTo !== null && (answered === null || answered.deletedAtMs !== null))
    return MESSAGE_NOT_FOUND;
  return refuseHaste(thread, userId, nowMs, limits);
}

function refuseHaste(
  { recentSends }: Thread,
  userId: string,
  nowMs: number,
  { messagesPerWindow }: ChatLimits,
): Failure | null {
  if (messagesPerWindow === 0) return null;
  const recent = (recentSends.get(userId) ?? []).filter((atMs) => atMs > nowMs - SEND_WINDOW_MS);
  if (recent.length < messagesPerWindow) return null;
  const waitSeconds = Math.max(
    1,
    Math.ceil((recent.at(-messagesPerWindow)! + SEND_WINDOW_MS - nowMs) / 1000),
  );
  return failure('rate_limited', `Too many messages. Try again in ${waitSeconds} s.`, {
    retry_after_seconds: waitSeconds,
  });
}

function messageOf(thread: Thread, userId: string, draft: Draft, nowMs: number): Message {
  const written = draft.content.trim();
  const content = thread.spoken.has(userId) ? written : withoutLinks(written);
  const { awaiting } = thread;
  return {
    seq: thread.lastSeq + 1,
    type: draft.type,
    senderId: userId,
    clientId: draft.clientId,
    content,
    imageUrls: draft.imageUrls,
    file: draft.file,
    offer: null,
    replyTo: draft.replyTo,
    warnings: [...warningsOf(written), ...(content === written ? [] : (['links_removed'] as const))],
    createdAtMs: nowMs,
    editedAtMs: null,
    deletedAtMs: null,
    history: [],
    reactions: {},
    responseMs: awaiting === null || awaiting.senderId === userId ? null : nowMs - awaiting.sinceMs,
    rev: thread.rev + 1,
  };
}

/** Nothing of what was said remains, but that something was. */
export const tombstoneOf = (message: Message, nowMs: number): Message => ({
  ...message,
  content: '',
  imageUrls: [],
  file: null,
  warnings: [],
  history: [],
  reactions: {},
  deletedAtMs: nowMs,
});

/** What the server says: offer cards and lines of its own, which also reach those who have blocked each other. */
export function say(thread: Thread, { eventId, type, text, offer }: ServerMessage, nowMs: number): Change {
  const rev = thread.rev + 1;
  return {
    kind: 'sent',
    rev,
    atMs: nowMs,
    by: null,
    participant: null,
    message: {
      seq: thread.lastSeq + 1,
      type,
      senderId: null,
      clientId: eventId,
      content: text.slice(0, HARD_MAX_CHARACTERS),
      imageUrls: [],
      file: null,
      offer,
      replyTo: null,
      warnings: [],
      createdAtMs: nowMs,
      editedAtMs: null,
      deletedAtMs: null,
      history: [],
      reactions: {},
      responseMs: null,
      rev,
    },
  };
}

/** Somebody of support comes in; null when they are here already. What was said before counts as read. */
export function admit(thread: Thread, userId: string, nowMs: number): Change | null {
  if (thread.participants.has(userId)) return null;
  const rev = thread.rev + 1;
  const { lastSeq } = thread;
  return {
    kind: 'joined',
    rev,
    atMs: nowMs,
    by: userId,
    message: null,
    participant: {
      userId,
      role: 'support',
      deliveredSeq: lastSeq,
      readSeq: lastSeq,
      archivedSeq: null,
      rev,
    },
  };
}

/** A moderator takes a message away for everybody; null when there is nothing of people's words left in it. */
export function removeMessage(thread: Thread, target: Message, nowMs: number): Change | null {
  if (target.deletedAtMs !== null || !isOfPeople(target)) return null;
  const rev = thread.rev + 1;
  const message = { ...tombstoneOf(target, nowMs), rev };
  return { kind: 'deleted', rev, atMs: nowMs, by: null, message, participant: null };
}

/** Takes a change into memory. Changes are taken in the order of their `rev`, each once. */
export function apply(thread: Thread, { kind, rev, message, participant }: Change): void {
  thread.rev = rev;
  if (participant !== null) thread.participants.set(participant.userId, participant);
  if (message === null || kind !== 'sent') return;
  thread.lastSeq = message.seq;
  noteSent(thread, message);
}

/** What follows from a message for the ones after it. */
export function noteSent(thread: Thread, { senderId, createdAtMs }: Message): void {
  if (senderId === null) return;
  thread.spoken.add(senderId);
  if (thread.awaiting?.senderId !== senderId) thread.awaiting = { senderId, sinceMs: createdAtMs };
  const recent = thread.recentSends.get(senderId) ?? [];
  recent.push(createdAtMs);
  if (recent.length > MAX_MESSAGES_PER_WINDOW) recent.shift();
  thread.recentSends.set(senderId, recent);
}

/** Takes the news of a block, unless newer news has come before. */
export function noteBlock(thread: Thread, block: Block): boolean {
  const key = `${block.blockerId} ${block.blockedId}`;
  const known = thread.blocks.get(key);
  if (known !== undefined && known.version >= block.version) return false;
  thread.blocks.set(key, block);
  return true;
}
