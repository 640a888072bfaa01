/**
 * The frames of a conversation's socket, both ways (SL-14..22, SL-27), and a message as every client reads it. The
 * socket documentation is generated from these schemas.
 */
import { z } from 'zod';
import {
  CLIENT_MESSAGE_TYPES,
  MESSAGE_TYPES,
  MESSAGE_WARNINGS,
  type Message,
  messageId,
  PARTICIPANT_ROLES,
  type Participant,
} from '../domain/chat/conversation.ts';
import {
  type Change,
  type ChangeKind,
  HARD_MAX_CHARACTERS,
  MAX_IMAGES_PER_MESSAGE,
} from '../domain/chat/thread.ts';

/** A frame larger than this is refused unread. */
export const MAX_CHAT_FRAME_BYTES = 16_384;
/** A device that shows no sign of typing for this long has stopped. */
export const TYPING_SECONDS = 5;
/** Messages in a snapshot; the ones before are read over REST. */
export const SNAPSHOT_MESSAGES = 50;

const Count = z.int().nonnegative();
const Ref = z.string().max(64).optional().meta({ description: 'Echoed in the answer' });
const Id = z.string().max(64);
const Conversation = Id.optional().meta({ description: 'If given, it is the one of this socket' });

// ---- Client to server ----

/** One emoji, also of several code points: no letters, digits, spaces or markup. */
export const Emoji = z
  .string()
  .min(1)
  .max(32)
  .regex(/^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\p{Regional_Indicator})+$/u, 'Use one emoji')
  .refine((text) => /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(text), 'Use one emoji');

export const ClientId = z.string().min(1).max(64).meta({
  description: 'Yours to choose, once for each message: a repeat gets the message that there is',
});

export const MessageBody = z.strictObject({
  message_type: z
    .enum(MESSAGE_TYPES)
    .default('text')
    .meta({
      description: `${CLIENT_MESSAGE_TYPES.join(', ')}; offers and system lines are the server's own`,
    }),
  content: z.string().max(HARD_MAX_CHARACTERS).default(''),
  image_urls: z.array(z.string().max(300)).max(MAX_IMAGES_PER_MESSAGE).default([]),
  file_url: z.string().max(300).optional(),
  reply_to: Id.nullish(),
  client_id: ClientId.optional(),
  offer_data: z.unknown().optional().meta({ description: 'Refused: an offer card is built by the server' }),
});
export type MessageBody = z.infer<typeof MessageBody>;

const frame = <const T extends string, S extends z.core.$ZodLooseShape>(
  type: T,
  id: string,
  description: string,
  shape: S,
) =>
  z
    .strictObject({ type: z.literal(type), conversation_id: Conversation, ref: Ref, ...shape })
    .meta({ id, description });

export const HeartbeatFrame = frame('heartbeat', 'ChatHeartbeat', 'Answered with `pong`', {});
export const ResumeFrame = frame('resume', 'ChatResume', 'Send me what I missed, or `reset`', {
  resume_from: Count.meta({ description: 'The last rev you have' }),
});
export const JoinFrame = frame(
  'conversation:join',
  'ChatJoin',
  'I look at it: all of it counts as read. Answered with `conversation:joined` and the newest messages',
  {},
);
export const LeaveFrame = frame('conversation:leave', 'ChatLeave', 'I look elsewhere', {});
export const SendFrame = frame(
  'message:send',
  'ChatSend',
  'Answered with `message:sent` once it is stored',
  MessageBody.shape,
);
export const EditFrame = frame(
  'message:edit',
  'ChatEdit',
  'Your own text, within 15 minutes; earlier wordings stay to be seen',
  { message_id: Id, content: z.string().max(HARD_MAX_CHARACTERS) },
);
export const DeleteFrame = frame('message:delete', 'ChatDelete', 'Your own; a tombstone stays', {
  message_id: Id,
});
export const ReactFrame = frame('message:react', 'ChatReact', 'Sets or takes back a reaction', {
  message_id: Id,
  emoji: Emoji,
  on: z.boolean().default(true),
});
export const DeliveredFrame = frame('message:delivered', 'ChatDelivered', 'This device has it up to here', {
  seq: Count,
});
export const ReadFrame = frame('message:read', 'ChatRead', 'Read up to here; all of it when left out', {
  seq: Count.optional(),
  message_id: Id.optional(),
});
export const TypingStartFrame = frame(
  'typing:start',
  'ChatTypingStart',
  `Lasts ${TYPING_SECONDS} seconds; at most one in two seconds is passed on`,
  {},
);
export const TypingStopFrame = frame('typing:stop', 'ChatTypingStop', 'I stopped typing', {});

export const CHAT_CLIENT_FRAMES = [
  HeartbeatFrame,
  ResumeFrame,
  JoinFrame,
  LeaveFrame,
  SendFrame,
  EditFrame,
  DeleteFrame,
  ReactFrame,
  DeliveredFrame,
  ReadFrame,
  TypingStartFrame,
  TypingStopFrame,
] as const;
export const ChatFrame = z.discriminatedUnion('type', CHAT_CLIENT_FRAMES);
export type ChatFrame = z.infer<typeof ChatFrame>;

// ---- Server to client ----

const Timestamp = z.string().meta({ format: 'date-time' });

export const OfferCardView = z
  .object({
    offer_id: z.string(),
    listing_id: z.string().nullable(),
    status: z.string(),
    price_cents: z.int().nullable(),
    currency: z.string().nullable(),
    by: z.string().nullable().meta({ description: 'Who made this move; null when time or the system did' }),
    order_id: z.string().nullable(),
  })
  .meta({ id: 'OfferCard', description: 'The standing of an offer when the card was made' });

export const MessageView = z
  .object({
    id: z.string(),
    conversation_id: z.string(),
    seq: Count.meta({ description: 'Dense: the first message of a conversation is 1' }),
    rev: Count.meta({ description: 'The last change that touched it' }),
    sender_id: z.string().nullable().meta({ description: 'Null when the system speaks' }),
    client_id: z.string().nullable(),
    message_type: z.enum(MESSAGE_TYPES),
    content: z.string(),
    image_urls: z.array(z.string()),
    file: z.object({ url: z.string(), name: z.string(), content_type: z.string(), size: z.int() }).nullable(),
    offer_data: OfferCardView.nullable(),
    reply_to: z.string().nullable().meta({ description: 'Id of the message that this one answers' }),
    warnings: z.array(z.enum(MESSAGE_WARNINGS)),
    reactions: z.record(z.string(), z.array(z.string())).meta({ description: 'Who reacted, by emoji' }),
    created_at: Timestamp,
    edited_at: Timestamp.nullable(),
    deleted_at: Timestamp.nullable(),
    edits: z.array(z.object({ content: z.string(), written_at: Timestamp })),
  })
  .meta({ id: 'Message' });
export type MessageView = z.infer<typeof MessageView>;

export const ParticipantView = z
  .object({
    user_id: z.string(),
    role: z.enum(PARTICIPANT_ROLES),
    delivered_seq: Count.meta({ description: 'A device of theirs has it up to here' }),
    read_seq: Count.meta({ description: 'They have read it up to here' }),
  })
  .meta({ id: 'Participant' });

const iso = (atMs: number): string => new Date(atMs).toISOString();
const isoOrNull = (atMs: number | null): string | null => (atMs === null ? null : iso(atMs));

export const messageView = (conversationId: string, message: Message): MessageView => ({
  id: messageId(conversationId, message.seq),
  conversation_id: conversationId,
  seq: message.seq,
  rev: message.rev,
  sender_id: message.senderId,
  // Of the server's own lines it is the event behind them, which is nobody's business.
  client_id: message.senderId === null ? null : message.clientId,
  message_type: message.type,
  content: message.content,
  image_urls: message.imageUrls,
  file: message.file,
  offer_data: message.offer,
  reply_to: message.replyTo === null ? null : messageId(conversationId, message.replyTo),
  warnings: message.warnings,
  reactions: message.reactions,
  created_at: iso(message.createdAtMs),
  edited_at: isoOrNull(message.editedAtMs),
  deleted_at: isoOrNull(message.deletedAtMs),
  edits: message.history.map(({ content, atMs }) => ({ content, written_at: iso(atMs) })),
});

export const participantView = ({ userId, role, deliveredSeq, readSeq }: Participant) => ({
  user_id: userId,
  role,
  delivered_seq: deliveredSeq,
  read_seq: readSeq,
});

export const EVENT_TYPES = {
  sent: 'message:new',
  edited: 'message:updated',
  deleted: 'message:updated',
  reacted: 'message:updated',
  delivered: 'message:delivered',
  read: 'message:read',
  all_read: 'messages:read',
  archived: 'conversation:updated',
  joined: 'conversation:updated',
} as const satisfies Record<ChangeKind, string>;

/** The other name of an event, for a client that asked for `aliases`. */
export const CHAT_ALIASES: Readonly<Record<string, string>> = { 'message:new': 'message:received' };

/** What a change means to those who take part. */
export function changeData(conversationId: string, { kind, message, participant, atMs }: Change): unknown {
  if (message !== null) return messageView(conversationId, message);
  // Who has put it away is between them and their inbox.
  if (kind === 'archived') return { conversation_id: conversationId };
  const { userId, role, deliveredSeq, readSeq } = participant!;
  const who = { conversation_id: conversationId, user_id: userId };
  if (kind === 'joined') return { ...who, role };
  const seq = kind === 'delivered' ? deliveredSeq : readSeq;
  return {
    ...who,
    seq,
    message_id: seq === 0 ? null : messageId(conversationId, seq),
    ...(kind === 'delivered' ? { delivered_at: iso(atMs) } : { read_at: iso(atMs) }),
  };
}

const event = <const T extends string, S extends z.ZodType>(
  type: T,
  id: string,
  description: string,
  data: S,
) =>
  z
    .object({
      type: z.literal(type),
      rev: Count.optional().meta({ description: 'Dense: one change of the conversation each' }),
      at: Timestamp.optional(),
      ref: z.string().optional(),
      data,
    })
    .meta({ id, description });

const Subject = z.object({ conversation_id: z.string(), user_id: z.string() });
const Cursor = Subject.extend({ seq: Count, message_id: z.string().nullable() });
export const ChatSnapshot = z
  .object({
    conversation_id: z.string(),
    rev: Count,
    last_seq: Count,
    participants: z.array(ParticipantView),
    messages: z.array(MessageView).meta({ description: 'The newest, oldest first' }),
  })
  .meta({ id: 'ChatSnapshot' });

export const CHAT_SERVER_FRAMES = [
  event(
    'connected',
    'ChatConnected',
    'The first frame',
    Subject.extend({
      rev: Count,
      last_seq: Count,
      read_seq: Count,
      delivered_seq: Count,
      server_time: Timestamp,
      heartbeat_seconds: z.int(),
    }),
  ),
  event('conversation:joined', 'ChatJoined', 'All of it counts as read', ChatSnapshot),
  event('conversation:left', 'ChatLeft', 'Answers `conversation:leave`', Subject),
  event(
    'message:sent',
    'ChatSent',
    'On the socket that sent it, in the place of `message:new`: it is stored. A repeat of its client_id gets this again',
    MessageView,
  ),
  event('message:new', 'ChatMessageNew', 'Also on the devices of whoever sent it', MessageView),
  event('message:updated', 'ChatMessageUpdated', 'Edited, deleted, or reacted to', MessageView),
  event('message:delivered', 'ChatMessageDelivered', 'A device of theirs has it up to seq', Cursor),
  event('message:read', 'ChatMessageRead', 'They have read it up to seq', Cursor),
  event('messages:read', 'ChatMessagesRead', 'They have opened the conversation: all is read', Cursor),
  event('typing:active', 'ChatTypingActive', `Passes after ${TYPING_SECONDS} seconds by itself`, Subject),
  event('typing:inactive', 'ChatTypingInactive', 'They stopped, or left', Subject),
  event(
    'conversation:updated',
    'ChatConversationUpdated',
    'Who takes part, or where it is kept, has changed',
    z.object({ conversation_id: z.string() }).loose(),
  ),
  event(
    'pong',
    'ChatPong',
    'A rev above yours means that a frame was lost: resume',
    z.object({ server_time: Timestamp }),
  ),
  event('resumed', 'ChatResumed', 'You have everything up to rev', z.object({})),
  event('reset', 'ChatReset', 'Too much was missed: replace your copy by this', ChatSnapshot),
  z.object({ type: z.literal('done'), ref: z.string().optional(), data: z.unknown() }).meta({
    id: 'ChatDone',
    description: 'Answers a command that changed nothing; else the event of the change carries its ref',
  }),
  z
    .object({ type: z.literal('batch'), events: z.array(z.object({ type: z.string() }).loose()) })
    .meta({ id: 'ChatBatch', description: 'Events that happened together, in order' }),
  z
    .object({ type: z.literal('error'), code: z.string(), detail: z.string(), ref: z.string().optional() })
    .loose()
    .meta({ id: 'ChatError', description: 'The code of the problem document that REST would answer with' }),
] as const;

/** Close codes beside those of RFC 6455. */
export const CHAT_CLOSE_CODES = {
  1012: 'The service restarts: connect again and resume',
  4400: 'Too many bad frames',
  4401: 'The session ended: connect again with a new token',
  4403: 'You take no part in this conversation',
  4408: 'Too slow to read: connect again and resume',
  4409: 'Too many devices: the newest stay',
  4429: 'Far too many frames',
} as const;
