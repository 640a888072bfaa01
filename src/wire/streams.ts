/** The frames of a stream room, both ways (SL-40). The socket documentation is generated from these schemas. */
import { z } from 'zod';
import { MAX_CHAT_CHARACTERS, STREAM_REACTIONS } from '../domain/streams/stream.ts';
import { answer, event, FeedOffer, LINE } from './channel-events.ts';
import { LocalCommand } from './channels.ts';

const Ref = z.string().max(64).optional().meta({ description: 'Echoed in the answer' });

export const ChatCommand = z
  .strictObject({
    type: z.literal('stream:chat'),
    text: z.string().trim().min(1).max(MAX_CHAT_CHARACTERS),
    client_id: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'A repeat under the same client_id is said once' }),
    ref: Ref,
  })
  .meta({
    id: 'StreamChat',
    description: 'Ten a minute; answered with `stream:chat:sent` once it is stored',
  });
export const ReactCommand = z
  .strictObject({ type: z.literal('stream:react'), emoji: z.enum(STREAM_REACTIONS), ref: Ref })
  .meta({ id: 'StreamReact', description: 'Sixty a minute' });

export const StreamFrame = z.discriminatedUnion('type', [...LocalCommand.options, ChatCommand, ReactCommand]);
export type StreamFrame = z.infer<typeof StreamFrame>;

export const StreamTag = z
  .object({ type: z.enum(['product', 'listing']), id: z.string(), title: z.string() })
  .meta({ id: 'StreamTag' });

export const STREAM_EVENTS = [
  ...LINE,
  answer('stream:history', {
    id: 'StreamHistory',
    description: 'What the room still keeps, oldest first',
    data: z.object({ topic: z.string(), events: z.array(z.looseObject({ type: z.string() })) }),
  }),
  event('stream:viewers', {
    id: 'StreamViewers',
    description:
      'How many watch now: at once for you, then every ten seconds at most and only when it changed',
    data: z.object({ viewers: z.int() }),
  }),
  event('stream:chat', {
    id: 'StreamChatEvent',
    description: 'Somebody said something',
    data: z.object({
      user_id: z.string(),
      username: z.string(),
      is_host: z.boolean(),
      text: z.string(),
      is_deleted: z.literal(true).optional().meta({
        description: 'In what is told again: the host or a moderator took it out, and the text is empty',
      }),
    }),
  }),
  event('stream:chat:deleted', {
    id: 'StreamChatDeleted',
    description: 'The host or a moderator took a line out',
    data: z.object({ seq: z.int().meta({ description: 'The `seq` of its `stream:chat`' }) }),
  }),
  answer('stream:chat:sent', { id: 'StreamChatSent', description: 'It is stored', data: z.object({}) }),
  event('stream:reactions', {
    id: 'StreamReactions',
    description: 'What was felt within the last second, by emoji',
    data: z.object({ counts: z.record(z.string(), z.int()) }),
  }),
  event('stream:tags', {
    id: 'StreamTags',
    description: 'What is shown for sale now',
    data: z.object({ tags: z.array(StreamTag) }),
  }),
  event('offer:feed:new', {
    id: 'StreamOffer',
    description: 'Somebody makes an offer on a tagged listing, named as its lister chose',
    data: FeedOffer,
  }),
  event('stream:ended', {
    id: 'StreamEnded',
    description: 'The last frame; the socket is closed with 4410',
    data: z.object({ stream_id: z.string(), reason: z.string() }),
  }),
] as const;
