/**
 * What clients send over a user's socket and over the feeds beside it (SL-14..26). The socket documentation is generated
 * from these schemas; `channel-events.ts` has the way back.
 */
import { z } from 'zod';
import { MAX_CENTS } from '../domain/money.ts';
import { OFFER_TYPES } from '../domain/offers/offer.ts';
import { MessageBody } from './chat.ts';

/** A frame larger than this is refused unread. */
export const MAX_CHANNEL_FRAME_BYTES = 16_384;
/** A line that is not heard of for this long is closed, and its user is no longer here. */
export const PRESENCE_SECONDS = 120;
/** How often a client should send `heartbeat` or the text `ping`. */
export const HEARTBEAT_SECONDS = 50;

const Seq = z.int().nonnegative();
const Ref = z.string().max(64).optional().meta({ description: 'Echoed in the answer' });
const Id = z.string().max(64);

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
    ...MessageBody.shape,
    ref: Ref,
  })
  .meta({ id: 'MessageSend', description: 'Answered with `message:sent` once it is stored' });
export const DeliveredCommand = z
  .strictObject({ type: z.literal('message:delivered'), conversation_id: Id, seq: Seq, ref: Ref })
  .meta({ id: 'MessageDeliveredHere', description: 'This device has the messages up to here' });
export const ReadCommand = z
  .strictObject({
    type: z.literal('message:read'),
    conversation_id: Id,
    seq: Seq.optional().meta({ description: 'Read up to here; all of it when left out' }),
    message_id: Id.optional().meta({ description: 'The same by the id of the message' }),
    ref: Ref,
  })
  .meta({ id: 'MessageRead', description: 'Answered with `done`' });

const Cents = z.int().min(-MAX_CENTS).max(MAX_CENTS);
const Note = z.string().max(500).optional().meta({ description: 'Goes with the offer' });
const Hours = z
  .number()
  .min(1)
  .max(72)
  .optional()
  .meta({ description: 'How long it waits for an answer; 24 when left out' });
export const OfferCreateCommand = z
  .strictObject({
    type: z.literal('offer:create'),
    listing_id: Id,
    offer_type: z
      .enum(OFFER_TYPES)
      .optional()
      .meta({ description: '`swap` when listings are given, else `offer`, when left out' }),
    amount_cents: Cents.positive().optional(),
    swap_listing_ids: z.array(Id).max(20).optional(),
    cash_adjust_cents: Cents.optional().meta({
      description: 'Of a swap: cash on top, positive when you pay it, negative when you ask for it',
    }),
    message: Note,
    expires_in_hours: Hours,
    client_id: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'A repeat under the same client_id gets the offer that the first one made' }),
    ref: Ref,
  })
  .meta({ id: 'OfferCreate', description: 'Answered with `offer:created`; you are the buyer' });
export const OFFER_RESPONSES = ['accept', 'decline', 'reject', 'counter', 'withdraw', 'cancel'] as const;
export const OfferRespondCommand = z
  .strictObject({
    type: z.literal('offer:respond'),
    offer_id: Id,
    action: z.enum(OFFER_RESPONSES),
    amount_cents: Cents.optional().meta({ description: 'Of a counter; in a swap the cash on top' }),
    message: Note,
    expires_in_hours: Hours,
    ref: Ref,
  })
  .meta({ id: 'OfferRespond', description: 'Answered with `offer:responded`' });
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
  DeliveredCommand,
  ReadCommand,
  OfferCreateCommand,
  OfferRespondCommand,
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
