import { z } from 'zod';
import {
  CLIENT_FRAMES,
  CLOSE_CODES,
  MAX_COMMANDS_PER_FRAME,
  MAX_FRAME_BYTES,
  SERVER_FRAMES,
} from '../../wire/feed.ts';

/** The rules of a book's feed in the words of docs/realtime.md, which says more. */
const RULES = `
1. The first frame is \`connected\`. Then \`subscribe\` to channels: \`book\`, \`trades\`, \`ticker\`, \`heartbeat\`, and \`orders\` (your own; signed in).
2. \`subscribe\` to \`book\` answers with a \`snapshot\`, which replaces any copy you hold. With \`resume_from\` (the seq of your copy) you get what you missed as one \`update\`, nothing when you missed nothing, or a snapshot when it is too long ago.
3. An \`update\` carries absolute levels: \`[side, price_cents, quantity, order_count]\`, and quantity 0 removes the level. Apply it when \`prev_seq <= seq < last_seq\`, then \`last_seq\` is your seq. Ignore it when \`last_seq <= seq\`. When \`prev_seq > seq\` there is a gap: subscribe again with \`resume_from\`.
4. A \`heartbeat\` or \`pong\` with a seq above yours means that an update was lost: subscribe again with \`resume_from\`. The text frame \`ping\` is answered with \`pong\` without waking the book.
5. Signed in, \`commands\` place, amend and cancel orders: the same schemas, checks and answers as REST, each command answered by itself and in order. A \`client_id\` makes a repeat safe.
`.trim();

type JsonSchema = Record<string, unknown> & { definitions?: Record<string, unknown> };
type Frame = (typeof CLIENT_FRAMES)[number] | (typeof SERVER_FRAMES)[number];

const nameOf = (frame: Frame): string => {
  const id = frame.meta()?.id;
  if (id === undefined) throw new Error('Every frame of the feed has an id');
  return id;
};

/** Schemas of all frames and of what they share, under the place where an AsyncAPI document keeps them. */
function schemasOf(frames: readonly Frame[], io: 'input' | 'output'): Record<string, unknown> {
  const schemas: Record<string, unknown> = {};
  for (const frame of frames) {
    const {
      definitions,
      $schema: _,
      ...schema
    } = z.toJSONSchema(frame, {
      target: 'draft-7',
      io,
      unrepresentable: 'any',
    }) as JsonSchema;
    // A frame with an id is itself among the definitions, or is the schema: both forms occur.
    Object.assign(schemas, { [nameOf(frame)]: schema }, definitions);
  }
  return JSON.parse(JSON.stringify(schemas).replaceAll('"#/definitions/', '"#/components/schemas/'));
}

const messageOf = (frame: Frame) => ({
  name: nameOf(frame),
  title: frame.meta()?.description ?? nameOf(frame),
  contentType: 'application/json',
  payload: { $ref: `#/components/schemas/${nameOf(frame)}` },
});

const byName = <T>(frames: readonly Frame[], value: (frame: Frame) => T): Record<string, T> =>
  Object.fromEntries(frames.map((frame) => [nameOf(frame), value(frame)]));

const channelMessage = (frame: Frame) => ({ $ref: `#/channels/book/messages/${nameOf(frame)}` });

function build() {
  const frames = [...CLIENT_FRAMES, ...SERVER_FRAMES];
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Bourse live feed',
      version: '1.0.0',
      description: `One WebSocket for each order book.\n\n${RULES}`,
    },
    defaultContentType: 'application/json',
    channels: {
      book: {
        address: '/api/v1/market/{product_id}/{size_id}/ws',
        title: 'The book of one product and size',
        description: `Text frames with one JSON object of at most ${MAX_FRAME_BYTES} bytes, and at most ${MAX_COMMANDS_PER_FRAME} commands in one.`,
        parameters: {
          product_id: { description: 'Id of the product' },
          size_id: { description: 'Id of the size' },
        },
        messages: byName(frames, (frame) => ({ $ref: `#/components/messages/${nameOf(frame)}` })),
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                ticket: { type: 'string', description: 'One-time ticket from POST /api/v1/ws-tickets' },
              },
            },
            headers: {
              type: 'object',
              properties: {
                'Sec-WebSocket-Protocol': {
                  type: 'string',
                  description: '`bourse.v1`, and signed in `bearer.<access token>` beside it',
                },
              },
            },
            bindingVersion: '0.1.0',
          },
        },
        'x-close-codes': CLOSE_CODES,
      },
    },
    operations: {
      clientFrames: {
        action: 'receive',
        channel: { $ref: '#/channels/book' },
        summary: 'What a client sends',
        messages: CLIENT_FRAMES.map(channelMessage),
      },
      serverFrames: {
        action: 'send',
        channel: { $ref: '#/channels/book' },
        summary: 'What the book sends',
        messages: SERVER_FRAMES.map(channelMessage),
      },
    },
    components: {
      messages: byName(frames, messageOf),
      schemas: { ...schemasOf(SERVER_FRAMES, 'output'), ...schemasOf(CLIENT_FRAMES, 'input') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer <access token>' },
        ticket: { type: 'httpApiKey', name: 'ticket', in: 'query', description: 'Works once, for seconds' },
      },
    },
  };
}

let built: ReturnType<typeof build> | null = null;

/** The AsyncAPI 3.1 document of the feed, generated from the schemas that check its frames. */
export function asyncApiDocument(origin: string) {
  built ??= build();
  const { protocol, host } = new URL(origin);
  return {
    ...built,
    servers: {
      this: {
        host,
        protocol: protocol === 'https:' ? 'wss' : 'ws',
        description: 'Anonymous, or signed in by one of these',
        security: [
          { $ref: '#/components/securitySchemes/bearer' },
          { $ref: '#/components/securitySchemes/ticket' },
        ],
      },
    },
  };
}
