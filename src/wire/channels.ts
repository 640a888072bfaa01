/**
 * What clients send over a user's socket and over the feeds beside it (SL-14..26). The socket documentation is generated
 * from these schemas; `channel-events.ts` has the way back.
 */
import { z } from 'zod';

/** A frame larger than this is refused unread. */
export const MAX_CHANNEL_FRAME_BYTES = 16_384;
/** A line that is not heard of for this long is closed, and its user is no longer here. */
export const PRESENCE_SECONDS = 120;
/** How often a client should send `heartbeat` or the text `ping`. */
export const HEARTBEAT_SECONDS = 50;

const Seq = z.int().nonnegative();
const Ref = z.string().max(64).optional().meta({ description: 'Echoed in the answer' });
const Id = z.string().max(64);
const ClientId = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .meta({ description: 'A repeat under the same client_id gets the first answer and happens once' });

// ---- Client to server: every socket ----

export const HeartbeatCommand = z
  .strictObject({ type: z.literal('heartbeat'), ref: Ref })
  .meta({ id: 'IAmHere', description: 'I am here; answered with `pong`' });
export const ResumeCommand = z
  .strictObject({
    type: z.literal('resume'),
    resume_from: Seq.meta({ description: 'The last seq you have' }),
    ref: Ref,
  })
  .meta({ id: 'Resume', description: 'Send me what I missed, or `reset`' });

// ---- Client to server: the user's socket ----

const conversationCommand = <const T extends string>(type: T, id: string, description: string) =>
  z.strictObject({ type: z.literal(type), conversation_id: Id, ref: Ref }).meta({ id, description });

export const JoinCommand = conversationCommand(
  'conversation:join',
  'ConversationJoin',
  'I look at this conversation: what is in it counts as read',
);
export const LeaveCommand = conversationCommand(
  'conversation:leave',
  'ConversationLeave',
  'I look elsewhere',
);
export const TypingStartCommand = conversationCommand('typing:start', 'TypingStart', 'Lasts five seconds');
export const TypingStopCommand = conversationCommand('typing:stop', 'TypingStop', 'I stopped typing');
export const SendCommand = z
  .strictObject({
    type: z.literal('message:send'),
    conversation_id: Id,
    message_type: z.enum(['text', 'image']).default('text'),
    content: z.string().max(5_000).optional(),
    image_urls: z.array(z.string().max(500)).max(10).optional(),
    reply_to: Id.optional(),
    client_id: ClientId,
    ref: Ref,
  })
  .meta({ id: 'MessageSend', description: 'Answered with `message:sent` once it is stored' });
export const ReadCommand = z
  .strictObject({
    type: z.literal('message:read'),
    conversation_id: Id,
    seq: Seq.optional().meta({ description: 'Read up to here; all of it when left out' }),
    ref: Ref,
  })
  .meta({ id: 'MessageRead' });
const FeedSubject = { listing_id: Id, ref: Ref };
export const FeedSubscribeCommand = z
  .strictObject({ type: z.literal('offer:feed:subscribe'), ...FeedSubject })
  .meta({ id: 'OfferFeedSubscribe', description: 'Answered with `offer:feed:history`' });
export const FeedUnsubscribeCommand = z
  .strictObject({ type: z.literal('offer:feed:unsubscribe'), ...FeedSubject })
  .meta({ id: 'OfferFeedUnsubscribe' });

const MarketSubject = {
  product_id: Id.optional().meta({ description: 'Left out: products that are new or edited' }),
  ref: Ref,
};
export const MarketSubscribeCommand = z
  .strictObject({ type: z.literal('market:subscribe'), ...MarketSubject })
  .meta({ id: 'MarketSubscribe', description: 'Prices of a product; answered with `market:history`' });
export const MarketUnsubscribeCommand = z
  .strictObject({ type: z.literal('market:unsubscribe'), ...MarketSubject })
  .meta({ id: 'MarketUnsubscribe' });

/** What the object answers by itself. */
export const LocalCommand = z.discriminatedUnion('type', [HeartbeatCommand, ResumeCommand]);
export type LocalCommand = z.infer<typeof LocalCommand>;

/** What the Worker does, by the same use cases as over REST. */
export const UserCommand = z.discriminatedUnion('type', [
  JoinCommand,
  LeaveCommand,
  TypingStartCommand,
  TypingStopCommand,
  SendCommand,
  ReadCommand,
  FeedSubscribeCommand,
  FeedUnsubscribeCommand,
  MarketSubscribeCommand,
  MarketUnsubscribeCommand,
]);
export type UserCommand = z.infer<typeof UserCommand>;

export const UserFrame = z.discriminatedUnion('type', [...LocalCommand.options, ...UserCommand.options]);
export type UserFrame = z.infer<typeof UserFrame>;
export const ListingFrame = LocalCommand;

// ---- Ends ----

/** Close codes beside those of RFC 6455. */
export const CHANNEL_CLOSE_CODES = {
  1012: 'The service restarts: connect again and resume',
  4400: 'Too many bad frames',
  4401: 'The session ended: connect again with a new token',
  4403: 'You may not be here any longer',
  4408: 'Not heard of for two minutes, or too slow to read: connect again and resume',
  4409: 'Too many devices: the newest stay',
  4410: 'The stream has ended',
  4429: 'Far too many frames',
} as const;
