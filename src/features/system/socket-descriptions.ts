/** Every socket of the marketplace, as /asyncapi.json describes it. */
import type { z } from 'zod';
import { FEED_ANSWERS, FEED_EVENTS, LISTING_EVENTS, USER_EVENTS } from '../../wire/channel-events.ts';
import {
  CHANNEL_CLOSE_CODES,
  ListingFrame,
  MAX_CHANNEL_FRAME_BYTES,
  UserFrame,
} from '../../wire/channels.ts';
import {
  CHAT_CLIENT_FRAMES,
  CHAT_CLOSE_CODES,
  CHAT_SERVER_FRAMES,
  MAX_CHAT_FRAME_BYTES,
} from '../../wire/chat.ts';
import {
  CLIENT_FRAMES,
  CLOSE_CODES,
  MAX_COMMANDS_PER_FRAME,
  MAX_FRAME_BYTES,
  SERVER_FRAMES,
} from '../../wire/feed.ts';
import { STREAM_EVENTS, StreamFrame } from '../../wire/streams.ts';

/** A schema of one frame; its `id` names it. */
export type Frame = z.ZodType;

export interface SocketDescription {
  name: string;
  address: string;
  title: string;
  description: string;
  /** Of the address, each with what it is. */
  parameters: Record<string, string>;
  /** JSON schemas of what the address takes beside the ticket. */
  query: Record<string, { type: string; description: string }>;
  client: readonly Frame[];
  server: readonly Frame[];
  closeCodes: Readonly<Record<number, string>>;
}

/** The rules of a book's feed in the words of docs/realtime.md, which says more. */
const BOOK_RULES = `
1. The first frame is \`connected\`. Then \`subscribe\` to channels: \`book\`, \`trades\`, \`ticker\`, \`heartbeat\`, and \`orders\` (your own; signed in).
2. \`subscribe\` to \`book\` answers with a \`snapshot\`, which replaces any copy you hold. With \`resume_from\` (the seq of your copy) you get what you missed as one \`update\`, nothing when you missed nothing, or a snapshot when it is too long ago.
3. An \`update\` carries absolute levels: \`[side, price_cents, quantity, order_count]\`, and quantity 0 removes the level. Apply it when \`prev_seq <= seq < last_seq\`, then \`last_seq\` is your seq. Ignore it when \`last_seq <= seq\`. When \`prev_seq > seq\` there is a gap: subscribe again with \`resume_from\`.
4. A \`heartbeat\` or \`pong\` with a seq above yours means that an update was lost: subscribe again with \`resume_from\`. The text frame \`ping\` is answered with \`pong\` without waking the book.
5. Signed in, \`commands\` place, amend and cancel orders: the same schemas, checks and answers as REST, each command answered by itself and in order. A \`client_id\` makes a repeat safe.
`.trim();

/** The rules of every other socket. */
const LINE_RULES = `
1. The first frame is \`connected\`, with the \`seq\` of the last event. What is kept has a \`seq\`, dense for the topic, and several events of one moment come as a \`batch\`.
2. After a disconnect connect again with \`resume_from\` (your last seq): you get what you missed, or \`reset\` when it is no longer at hand. \`pong\` carries the last seq: above yours means a gap, to be closed with \`resume\`.
3. Send \`heartbeat\` or the text \`ping\` at least once in 60 seconds: a line that is silent for 120 seconds is closed.
4. A frame that is refused is answered with \`error\` and the line goes on; ten that cannot be understood end it with 4400, a flood with 4429.
`.trim();

/** The rules of a conversation's socket. */
const CHAT_RULES = `
1. The first frame is \`connected\`, with the \`rev\` of the last change. Every change of the conversation (a message, an edit, a cursor) has a \`rev\`, dense for the conversation, and is told in one event; several of one moment come as a \`batch\`. Beside it each message has a \`seq\`, dense among messages.
2. After a disconnect connect again with \`resume_from\` (your last rev): each message and cursor that has changed comes once, as it is now, and then \`resumed\` with the rev that you have. \`reset\` brings a snapshot instead, which replaces your copy. A rev that skips one, or a \`pong\` with a rev above yours, means a gap: send \`resume\`, and do not look for gaps until \`resumed\` has come.
3. A change that you asked for on this socket is told to it in the same event as to everybody, with your \`ref\`; a message of yours as \`message:sent\`. Give each message a \`client_id\` and send it again until it is answered: it is stored once.
4. Send \`message:delivered\` when a device has stored a message, \`message:read\` when it was seen: unread are the messages of others above the read cursor.
5. \`typing:start\` lasts five seconds. Nothing of it is kept.
6. A frame that is refused is answered with \`error\` and the line goes on; ten that cannot be understood end it with 4400, a flood with 4429. The text \`ping\` is answered with \`pong\` without waking the conversation.
`.trim();

const RESUME = {
  resume_from: { type: 'integer', description: 'The last seq you have: what you missed comes first' },
};
const LINE_LIMIT = `Text frames with one JSON object of at most ${MAX_CHANNEL_FRAME_BYTES} bytes.`;

export const SOCKETS: readonly SocketDescription[] = [
  {
    name: 'book',
    address: '/api/v1/market/{product_id}/{size_id}/ws',
    title: 'The book of one product and size',
    description: `Text frames with one JSON object of at most ${MAX_FRAME_BYTES} bytes, and at most ${MAX_COMMANDS_PER_FRAME} commands in one.\n\n${BOOK_RULES}`,
    parameters: { product_id: 'Id of the product', size_id: 'Id of the size' },
    query: {},
    client: CLIENT_FRAMES,
    server: SERVER_FRAMES,
    closeCodes: CLOSE_CODES,
  },
  {
    name: 'user',
    address: '/api/v1/ws',
    title: 'Your own line, one for each device; also at /ws',
    description: `${LINE_LIMIT}\n\n${LINE_RULES}`,
    parameters: {},
    query: {
      ...RESUME,
      aliases: {
        type: 'string',
        description: '`true`: events by the upper-case names of SN-35, where they have one',
      },
    },
    client: UserFrame.options,
    server: [...USER_EVENTS, ...FEED_EVENTS, ...FEED_ANSWERS],
    closeCodes: CHANNEL_CLOSE_CODES,
  },
  {
    name: 'offerFeed',
    address: '/api/v1/listings/{listing_id}/feed',
    title: 'The offers of the last hour on one listing, for everybody',
    description: `${LINE_LIMIT}\n\n${LINE_RULES}`,
    parameters: { listing_id: 'Id of the listing' },
    query: RESUME,
    client: ListingFrame.options,
    server: LISTING_EVENTS,
    closeCodes: CHANNEL_CLOSE_CODES,
  },
  {
    name: 'stream',
    address: '/api/v1/streams/{stream_id}/ws',
    title: 'The room of a live stream',
    description: `${LINE_LIMIT}\n\n${LINE_RULES}`,
    parameters: { stream_id: 'Id of the stream' },
    query: {
      ...RESUME,
      lat: { type: 'number', description: 'Where you are, for a stream of a neighbourhood' },
      lng: { type: 'number', description: 'Where you are, for a stream of a neighbourhood' },
    },
    client: StreamFrame.options,
    server: STREAM_EVENTS,
    closeCodes: CHANNEL_CLOSE_CODES,
  },
  {
    name: 'conversation',
    address: '/api/v1/conversations/{conversation_id}/ws',
    title: 'One conversation, for each device of those who take part',
    description: `Text frames with one JSON object of at most ${MAX_CHAT_FRAME_BYTES} bytes.\n\n${CHAT_RULES}`,
    parameters: { conversation_id: 'Id of the conversation' },
    query: {
      resume_from: { type: 'integer', description: 'The last rev you have: what you missed comes first' },
      aliases: { type: 'string', description: '`true`: `message:new` by its other name, `message:received`' },
    },
    client: CHAT_CLIENT_FRAMES,
    server: CHAT_SERVER_FRAMES,
    closeCodes: CHAT_CLOSE_CODES,
  },
];
