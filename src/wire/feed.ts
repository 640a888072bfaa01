/**
 * The frames of a book's socket, both ways. The socket documentation is generated from these schemas, and
 * `domain/market/replica.ts` is a client that follows the rules stated here.
 */
import { z } from 'zod';
import { BOOK_STATUSES, SIDES } from '../domain/market/order.ts';
import { AmendTerms, OrderTerms, OrderView, TakenMatch } from './orders.ts';

export const CHANNELS = ['book', 'trades', 'ticker', 'heartbeat', 'orders'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A frame larger than this is refused unread. */
export const MAX_FRAME_BYTES = 65_536;
export const MAX_COMMANDS_PER_FRAME = 100;

const Seq = z.int().nonnegative();
const Channels = z.array(z.enum(CHANNELS)).min(1).max(CHANNELS.length);
const Ref = z.string().max(64).optional().meta({ description: 'Echoed in the answer' });

// ---- Client to server ----

export const SubscribeFrame = z
  .strictObject({
    type: z.literal('subscribe'),
    channels: Channels,
    resume_from: Seq.optional().meta({
      description: 'The last seq of the copy you hold; what you missed is replayed, or a snapshot sent',
    }),
    ref: Ref,
  })
  .meta({ id: 'Subscribe' });
export const UnsubscribeFrame = z
  .strictObject({ type: z.literal('unsubscribe'), channels: Channels, ref: Ref })
  .meta({ id: 'Unsubscribe' });
export const PingFrame = z.strictObject({ type: z.literal('ping'), ref: Ref }).meta({ id: 'Ping' });

export const Command = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('place'), side: z.enum(SIDES), order: OrderTerms }),
  z.strictObject({
    op: z.literal('amend'),
    id: z.string().max(64),
    changes: AmendTerms,
    client_id: z.string().max(64).optional(),
  }),
  z.strictObject({
    op: z.literal('cancel'),
    id: z.string().max(64),
    client_id: z.string().max(64).optional(),
  }),
]);
export type Command = z.infer<typeof Command>;

export const CommandsFrame = z
  .strictObject({
    type: z.literal('commands'),
    commands: z.array(Command).min(1).max(MAX_COMMANDS_PER_FRAME),
    ref: Ref,
  })
  .meta({ id: 'Commands', description: 'Each command is checked and answered by itself, in order' });
/** The frame as it is first read: one bad command must not cost its neighbours their answers. */
const UncheckedCommandsFrame = CommandsFrame.extend({
  commands: z.array(z.unknown()).min(1).max(MAX_COMMANDS_PER_FRAME),
});

export const ClientFrame = z.discriminatedUnion('type', [
  SubscribeFrame,
  UnsubscribeFrame,
  PingFrame,
  UncheckedCommandsFrame,
]);
export type ClientFrame = z.infer<typeof ClientFrame>;

// ---- Server to client ----

/** `[side, price_cents, quantity, order_count]`: absolute; quantity 0 means that the level is gone. */
const LevelDiff = z.tuple([z.enum(SIDES), z.int(), z.int(), z.int()]);
const Level = z
  .tuple([z.int(), z.int(), z.int()])
  .meta({ description: '[price_cents, quantity, order_count]' });

export const Trade = z
  .object({
    id: z.string(),
    price_cents: z.int(),
    quantity: z.int(),
    at: z.string(),
    source: z.enum(['match', 'import']),
  })
  .meta({ id: 'Trade' });

export const Ticker = z
  .object({
    highest_bid_cents: z.int().nullable(),
    lowest_ask_cents: z.int().nullable(),
    spread_cents: z.int().nullable(),
    last_sale_cents: z.int().nullable(),
    last_sale_at: z.string().nullable(),
    total_bids: z.int(),
    total_asks: z.int(),
  })
  .meta({ id: 'Ticker' });

export const ConnectedFrame = z
  .object({
    type: z.literal('connected'),
    product_id: z.string(),
    size_id: z.string(),
    currency: z.string(),
    book_status: z.enum(BOOK_STATUSES),
    user_id: z.string().nullable(),
    seq: Seq,
    server_time: z.string(),
  })
  .meta({ id: 'Connected' });
export const SubscribedFrame = z
  .object({ type: z.literal('subscribed'), channels: z.array(z.enum(CHANNELS)), ref: z.string().optional() })
  .meta({ id: 'Subscribed' });
export const SnapshotFrame = z
  .object({ type: z.literal('snapshot'), seq: Seq, bids: z.array(Level), asks: z.array(Level) })
  .meta({ id: 'Snapshot', description: 'The whole book, best level first. Replaces any copy you hold.' });
export const UpdateFrame = z
  .object({
    type: z.literal('update'),
    book: z
      .object({ prev_seq: Seq, first_seq: Seq, last_seq: Seq, changes: z.array(LevelDiff) })
      .optional()
      .meta({
        description:
          'Apply when prev_seq <= your seq < last_seq, then take last_seq as yours. Ignore when last_seq <= your seq. A prev_seq above your seq is a gap: subscribe again with resume_from.',
      }),
    trades: z.array(Trade).optional(),
    ticker: Ticker.optional(),
  })
  .meta({
    id: 'Update',
    description: 'What happened since the last update, one frame for all your channels',
  });
export const HeartbeatFrame = z
  .object({ type: z.literal('heartbeat'), server_time: z.string(), seq: Seq })
  .meta({ id: 'Heartbeat' });
export const PongFrame = z
  .object({ type: z.literal('pong'), server_time: z.string(), seq: Seq, ref: z.string().optional() })
  .meta({ id: 'Pong' });
export const OrdersFrame = z
  .object({ type: z.literal('orders'), orders: z.array(OrderView) })
  .meta({ id: 'OwnOrders', description: 'Your own orders that changed' });
const CommandResult = z.union([
  z.object({
    ok: z.literal(true),
    bid: OrderView.optional(),
    ask: OrderView.optional(),
    matches: z.array(TakenMatch),
  }),
  z.object({ ok: z.literal(false), code: z.string(), detail: z.string() }).loose(),
]);
export const ResultsFrame = z
  .object({ type: z.literal('results'), ref: z.string().optional(), results: z.array(CommandResult) })
  .meta({ id: 'Results', description: 'One entry for each command of the frame, in its order' });
export const ErrorFrame = z
  .object({ type: z.literal('error'), code: z.string(), detail: z.string(), ref: z.string().optional() })
  .meta({ id: 'Error' });

export const SERVER_FRAMES = [
  ConnectedFrame,
  SubscribedFrame,
  SnapshotFrame,
  UpdateFrame,
  HeartbeatFrame,
  PongFrame,
  OrdersFrame,
  ResultsFrame,
  ErrorFrame,
] as const;
export const CLIENT_FRAMES = [SubscribeFrame, UnsubscribeFrame, PingFrame, CommandsFrame] as const;

/** Close codes beside those of RFC 6455. */
export const CLOSE_CODES = {
  4400: 'Too many bad frames',
  4401: 'The session ended: connect again with a new token',
  4404: 'The book is no longer shown',
} as const;
