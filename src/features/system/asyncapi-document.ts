import { z } from 'zod';
import { type Frame, SOCKETS, type SocketDescription } from './socket-descriptions.ts';

type JsonSchema = Record<string, unknown> & { definitions?: Record<string, unknown> };

const nameOf = (frame: Frame): string => {
  const id = frame.meta()?.id;
  if (id === undefined) throw new Error('Every frame of a socket has an id');
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

/** A frame of several sockets is described once. */
const distinct = (frames: readonly Frame[]): Frame[] => [
  ...new Map(frames.map((frame) => [nameOf(frame), frame])).values(),
];

const capitalised = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

const channelOf = ({
  address,
  title,
  description,
  parameters,
  query,
  client,
  server,
  closeCodes,
}: SocketDescription) => ({
  address,
  title,
  description,
  parameters: Object.fromEntries(
    Object.entries(parameters).map(([name, text]) => [name, { description: text }]),
  ),
  messages: byName([...client, ...server], (frame) => ({ $ref: `#/components/messages/${nameOf(frame)}` })),
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          ticket: { type: 'string', description: 'One-time ticket from POST /api/v1/ws-tickets' },
          ...query,
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
  'x-close-codes': closeCodes,
});

function operationsOf({ name, client, server }: SocketDescription) {
  const operation = (action: 'receive' | 'send', summary: string, frames: readonly Frame[]) => ({
    action,
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: frames.map((frame) => ({ $ref: `#/channels/${name}/messages/${nameOf(frame)}` })),
  });
  return {
    [`clientTo${capitalised(name)}`]: operation('receive', 'What a client sends', client),
    [`serverOf${capitalised(name)}`]: operation('send', 'What the server sends', server),
  };
}

function build() {
  const client = distinct(SOCKETS.flatMap((socket) => socket.client));
  const server = distinct(SOCKETS.flatMap((socket) => socket.server));
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Bourse live',
      version: '1.0.0',
      description:
        'Sockets of the marketplace. Each channel says how it is kept in step; docs/realtime.md says more.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(SOCKETS.map((socket) => [socket.name, channelOf(socket)])),
    operations: Object.assign({}, ...SOCKETS.map(operationsOf)) as ReturnType<typeof operationsOf>,
    components: {
      messages: byName([...client, ...server], messageOf),
      schemas: { ...schemasOf(server, 'output'), ...schemasOf(client, 'input') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer <access token>' },
        ticket: { type: 'httpApiKey', name: 'ticket', in: 'query', description: 'Works once, for seconds' },
      },
    },
  };
}

let built: ReturnType<typeof build> | null = null;

/** The AsyncAPI 3.1 document of every socket, generated from the schemas that check its frames. */
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
