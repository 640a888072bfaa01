/** What a user's socket and the feeds beside it tell (SL-27, SN-35). The socket documentation is generated from these. */
import { z } from 'zod';

const Seq = z.int().nonnegative();
const Time = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC' });
const Ref = z.string().optional().meta({ description: 'That of the frame this answers' });
const Currency = z.string().meta({ description: 'ISO 4217' });
const Cents = z.int();

interface Shape<D extends z.ZodType> {
  id: string;
  description: string;
  data: D;
}

/** The answer to one frame, or the word that begins a line. It has no place in the sequence. */
export const answer = <const T extends string, D extends z.ZodType>(
  type: T,
  { id, description, data }: Shape<D>,
) =>
  z
    .object({
      type: z.literal(type),
      seq: Seq.optional().meta({ description: 'The last seq of your line' }),
      id: z
        .string()
        .optional()
        .meta({ description: 'Of the event that follows on every line of yours: one of the two is enough' }),
      data,
      ref: Ref,
    })
    .meta({ id, description });

/** Something that happened. */
export const event = <const T extends string, D extends z.ZodType>(
  type: T,
  { id, description, data }: Shape<D>,
) =>
  z
    .object({
      type: z.literal(type),
      topic: z.string().optional().meta({ description: 'The feed it comes from; absent for your own line' }),
      seq: Seq.optional().meta({ description: 'Dense for each topic; absent for what is not kept' }),
      id: z.string().optional().meta({ description: 'The same event never comes twice under one id' }),
      at: Time,
      data,
    })
    .meta({ id, description });

// ---- Every socket ----

export const ConnectedEvent = answer('connected', {
  id: 'LineConnected',
  description: 'The first frame',
  data: z.object({
    topic: z.string(),
    user_id: z.string().nullable(),
    server_time: Time,
    heartbeat_seconds: z.int(),
  }),
});
export const PongEvent = answer('pong', {
  id: 'LinePong',
  description: 'A seq above yours means that an event was lost: send `resume`',
  data: z.object({ server_time: Time }),
});
export const ResetEvent = answer('reset', {
  id: 'LineReset',
  description: 'What you missed is no longer at hand: read again over REST, and go on from this seq',
  data: z.object({}),
});
export const ResumedEvent = answer('resumed', {
  id: 'LineResumed',
  description: 'You have everything up to this seq',
  data: z.object({}),
});
export const LineError = z
  .object({ type: z.literal('error'), code: z.string(), detail: z.string(), ref: Ref })
  .loose()
  .meta({
    id: 'LineError',
    description: 'A frame was refused, with the code of the problem document of REST',
  });
export const BatchFrame = z
  .object({ type: z.literal('batch'), events: z.array(z.looseObject({ type: z.string() })) })
  .meta({ id: 'Batch', description: 'Several events in one frame, oldest first' });

export const LINE = [ConnectedEvent, PongEvent, ResetEvent, ResumedEvent, LineError, BatchFrame] as const;

// ---- The user's socket ----

const Presence = z.object({ user_id: z.string(), last_seen_at: Time.nullable() });
const Typing = z.looseObject({ conversation_id: z.string(), user_id: z.string() });
const ReadCursor = z.looseObject({
  conversation_id: z.string(),
  user_id: z.string(),
  seq: Seq.meta({ description: 'The newest message it holds for' }),
});
const MessageData = z.looseObject({ conversation_id: z.string() });
const OfferData = z.looseObject({
  offer_id: z.string(),
  chain_id: z.string(),
  listing_id: z.string(),
  listing_title: z.string(),
  buyer_id: z.string(),
  seller_id: z.string(),
  status: z.string(),
  event: z.string().meta({ description: 'What happened, such as `accepted`; `rejected` beside `declined`' }),
  amount_cents: Cents,
  currency: Currency,
  awaiting: z.string().nullable(),
  expires_at: Time.nullable(),
});
const OrderData = z.object({
  order_id: z.string(),
  order_number: z.string(),
  event: z.string().meta({ description: 'What happened, such as `shipped`' }),
  status: z.string(),
  previous_status: z.string().nullable(),
  role: z.enum(['buyer', 'seller']),
  total_cents: Cents,
  currency: Currency,
  reason: z.string().nullable(),
});
const PaymentData = z.looseObject({
  order_id: z.string(),
  event: z.string(),
  role: z.enum(['buyer', 'seller']),
});
const OwnOrder = z.looseObject({ id: z.string(), side: z.enum(['bid', 'ask']), status: z.string() });

const ownOrder = <const T extends string>(type: T, id: string, description: string) =>
  event(type, { id, description, data: OwnOrder });

export const USER_EVENTS = [
  ...LINE,
  event('notification', {
    id: 'NotificationEvent',
    description: 'As in GET /notifications',
    data: z.looseObject({ type: z.string() }),
  }),
  event('inbox:updated', {
    id: 'InboxUpdated',
    description: 'A conversation of yours as your inbox shows it now',
    data: MessageData,
  }),
  answer('conversation:joined', {
    id: 'ConversationJoined',
    description: 'You look at it now',
    data: MessageData,
  }),
  answer('conversation:left', {
    id: 'ConversationLeft',
    description: 'You look elsewhere',
    data: MessageData,
  }),
  answer('done', {
    id: 'Done',
    description: 'Answers a command that says nothing by itself, such as `typing:start`, when it has a ref',
    data: z.looseObject({ conversation_id: z.string() }),
  }),
  answer('message:sent', {
    id: 'MessageSentAnswer',
    description: 'It is stored, with its seq in the conversation',
    data: MessageData,
  }),
  event('message:new', {
    id: 'MessageNew',
    description: 'A message in a conversation of yours',
    data: MessageData,
  }),
  event('message:updated', {
    id: 'MessageUpdated',
    description: 'A message was edited, deleted or reacted to',
    data: MessageData,
  }),
  event('conversation:updated', {
    id: 'ConversationUpdated',
    description: 'Somebody of support came into a conversation of yours',
    data: MessageData,
  }),
  event('message:updated', {
    id: 'MessageUpdated',
    description: 'A message was edited, deleted, or reacted to',
    data: MessageData,
  }),
  event('conversation:updated', {
    id: 'ConversationUpdated',
    description: 'Who takes part in a conversation of yours has changed',
    data: MessageData,
  }),
  event('message:delivered', {
    id: 'MessageDelivered',
    description: 'A device of the other has your messages up to this one',
    data: ReadCursor,
  }),
  event('message:read', {
    id: 'MessageReadEvent',
    description: 'The other has read your messages up to this one',
    data: ReadCursor,
  }),
  event('messages:read', {
    id: 'MessagesRead',
    description: 'A conversation was opened: all of it counts as read',
    data: ReadCursor,
  }),
  event('typing:active', {
    id: 'TypingActive',
    description: 'Somebody types; lasts five seconds',
    data: Typing,
  }),
  event('typing:inactive', { id: 'TypingInactive', description: 'Somebody stopped typing', data: Typing }),
  event('user:online', { id: 'UserOnline', description: 'A contact is here', data: Presence }),
  event('user:offline', { id: 'UserOffline', description: 'A contact went', data: Presence }),
  event('offer:new', { id: 'OfferNew', description: 'For the seller: an offer came in', data: OfferData }),
  event('offer:created', {
    id: 'OfferCreatedEvent',
    description: 'For the buyer: your offer stands',
    data: OfferData,
  }),
  event('offer:updated', { id: 'OfferUpdated', description: 'An offer of yours moved on', data: OfferData }),
  event('offer:responded', {
    id: 'OfferResponded',
    description: 'For whoever answered an offer: the answer stands',
    data: OfferData,
  }),
  event('order:updated', {
    id: 'OrderUpdated',
    description: 'A purchase or sale of yours moved on (ORDER_STATUS_UPDATED)',
    data: OrderData,
  }),
  event('payment:updated', {
    id: 'PaymentUpdated',
    description: 'Money of an order moved',
    data: PaymentData,
  }),
  ownOrder('bid:placed', 'OwnBidPlaced', 'A bid of yours is in its book (BID_PLACED)'),
  ownOrder('bid:updated', 'OwnBidUpdated', 'A bid of yours changed (BID_UPDATED)'),
  ownOrder('ask:placed', 'OwnAskPlaced', 'An ask of yours is in its book (ASK_PLACED)'),
  ownOrder('ask:updated', 'OwnAskUpdated', 'An ask of yours changed (ASK_UPDATED)'),
  event('match:created', {
    id: 'OwnMatch',
    description: 'An order of yours was matched (MATCH_CREATED)',
    data: z.looseObject({
      match_id: z.string(),
      product_id: z.string(),
      size_id: z.string(),
      side: z.enum(['bid', 'ask']),
      price_cents: Cents,
      quantity: z.int(),
      currency: Currency,
    }),
  }),
  event('market:price_updated', {
    id: 'MarketPriceUpdated',
    description: 'After `market:subscribe`: the prices of a size (MARKET_PRICE_UPDATED)',
    data: z.looseObject({ product_id: z.string(), size_id: z.string() }),
  }),
  event('product:created', {
    id: 'ProductCreated',
    description: 'After `market:subscribe` without a product (NEW_PRODUCT)',
    data: z.looseObject({ product_id: z.string(), name: z.string() }),
  }),
  event('product:updated', {
    id: 'ProductUpdated',
    description: 'After `market:subscribe` without a product, or with this one (PRODUCT_UPDATED)',
    data: z.looseObject({ product_id: z.string(), name: z.string() }),
  }),
  answer('market:history', {
    id: 'MarketHistory',
    description: 'What the subscription still keeps of the last minutes',
    data: z.object({ topic: z.string(), events: z.array(z.looseObject({ type: z.string() })) }),
  }),
  answer('market:unsubscribed', {
    id: 'MarketUnsubscribed',
    description: 'No more of it from now on',
    data: z.object({ product_id: z.string().nullable() }),
  }),
] as const;

// ---- The offer feed of a listing ----

export const FeedOffer = z.object({
  listing_id: z.string(),
  buyer_name: z
    .string()
    .nullable()
    .meta({ description: 'As the lister chose: a first name and an initial, or null', example: 'Ali M.' }),
  amount_cents: Cents,
  currency: Currency,
  offer_type: z.string(),
  at: Time,
});
export type FeedOffer = z.infer<typeof FeedOffer>;

export const FEED_EVENTS = [
  event('offer:feed:new', {
    id: 'OfferFeedNew',
    description: 'Somebody makes an offer: "Ali M. AED 450"',
    data: FeedOffer,
  }),
  answer('offer:feed:history', {
    id: 'OfferFeedHistory',
    description: 'The last 20 offers of the last hour, oldest first',
    data: z.object({ topic: z.string(), events: z.array(z.looseObject({ type: z.string() })) }),
  }),
] as const;
export const FEED_ANSWERS = [
  answer('offer:feed:unsubscribed', {
    id: 'OfferFeedUnsubscribed',
    description: 'No more of it from now on',
    data: z.object({ listing_id: z.string() }),
  }),
] as const;
export const LISTING_EVENTS = [...LINE, ...FEED_EVENTS] as const;

/** Passed on to who is connected now, and never kept. */
export const TRANSIENT_TYPES: ReadonlySet<string> = new Set([
  'typing:active',
  'typing:inactive',
  'user:online',
  'user:offline',
  'stream:viewers',
  'stream:reactions',
]);

/** SN-35's name of an event, for a client that asked for `aliases`. */
export const ALIASES: Readonly<Record<string, string>> = {
  'bid:placed': 'BID_PLACED',
  'bid:updated': 'BID_UPDATED',
  'ask:placed': 'ASK_PLACED',
  'ask:updated': 'ASK_UPDATED',
  'match:created': 'MATCH_CREATED',
  'market:price_updated': 'MARKET_PRICE_UPDATED',
  'order:updated': 'ORDER_STATUS_UPDATED',
  'product:created': 'NEW_PRODUCT',
  'product:updated': 'PRODUCT_UPDATED',
};
