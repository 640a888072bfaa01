import { z } from '@hono/zod-openapi';
import {
  MAX_STREAM_MINUTES,
  MAX_STREAM_TAGS,
  MAX_STREAM_TITLE,
  MIN_STREAM_MINUTES,
  STREAM_AUDIENCES,
  STREAM_END_REASONS,
  STREAM_STATUSES,
  STREAM_TAG_TYPES,
} from '../../domain/streams/stream.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';
import { StreamTag } from '../../wire/streams.ts';

export const StreamId = z.object({ stream_id: z.string().max(40) });
export const ChatLine = StreamId.extend({
  seq: z.coerce.number().int().min(1).meta({ description: 'The `seq` of its `stream:chat`' }),
});
export const ModerationReason = z.object({ reason: z.string().trim().min(1).max(500) });

const Place = z.strictObject({
  lat: z.number().min(-90).max(90),
  lng: z.number().min(-180).max(180),
});
const Tags = z
  .array(z.strictObject({ type: z.enum(STREAM_TAG_TYPES), id: z.string().max(40) }))
  .max(MAX_STREAM_TAGS)
  .meta({ description: 'Products of the catalogue, and listings of your own that are on sale' });
const MediaUrl = z.string().max(500).meta({
  description: 'Where your picture is shown: an https address',
  example: 'https://video.example/live',
});

export const NewStream = z
  .strictObject({
    title: z.string().trim().min(1).max(MAX_STREAM_TITLE),
    description: z.string().trim().max(1_000).default(''),
    audience: z.enum(STREAM_AUDIENCES).default('everyone'),
    planned_minutes: z.int().min(MIN_STREAM_MINUTES).max(MAX_STREAM_MINUTES).default(60),
    tags: Tags.default([]),
    media_url: MediaUrl.optional(),
    location: Place.optional().meta({
      description: 'Needed for an audience of neighbours; kept to a kilometre',
    }),
    starts_at: z.iso
      .datetime()
      .optional()
      .meta({ description: 'When it is meant to begin; a promise, no timer' }),
  })
  .refine(({ audience, location }) => audience !== 'neighborhood' || location !== undefined, {
    path: ['location'],
    message: 'Say where the neighbourhood is',
  })
  .meta({ id: 'NewStream' });
export type NewStream = z.infer<typeof NewStream>;

export const ChangeTags = z.strictObject({ tags: Tags }).meta({ id: 'ChangeStreamTags' });
export const GoLive = z.strictObject({ media_url: MediaUrl.optional() }).meta({ id: 'GoLive', example: {} });
export const EndStream = z
  .strictObject({ reason: z.string().trim().min(1).max(500) })
  .meta({ id: 'EndStreamAsModerator' });

/** Where the viewer is, for a stream of a neighbourhood. */
export const ViewerPlace = z.object({
  lat: z.coerce.number().min(-90).max(90).optional(),
  lng: z.coerce.number().min(-180).max(180).optional(),
});
export type ViewerPlace = z.infer<typeof ViewerPlace>;
export const StreamsQuery = PageQuery;

export const StreamAnswer = z
  .object({
    id: z.string(),
    host: z.object({ id: z.string(), username: z.string(), display_name: z.string() }),
    title: z.string(),
    description: z.string(),
    audience: z.enum(STREAM_AUDIENCES),
    status: z.enum(STREAM_STATUSES),
    planned_minutes: z.int(),
    starts_at: Timestamp.nullable(),
    started_at: Timestamp.nullable(),
    ends_at: Timestamp.nullable().meta({ description: 'When it ends by itself' }),
    ended_at: Timestamp.nullable(),
    end_reason: z.enum(STREAM_END_REASONS).nullable(),
    tags: z.array(StreamTag),
    ingest: z
      .string()
      .meta({ description: 'What carries the picture; `external`: an address of the host’s' }),
    playback_url: z.string().nullable(),
    ingest_url: z.string().nullable().meta({ description: 'For the host alone' }),
    viewers: z.int().nullable().meta({ description: 'Now; null when it is not live' }),
    stats: z
      .object({
        peak_viewers: z.int(),
        unique_viewers: z.int(),
        watch_seconds: z.int().meta({ description: 'Of all viewers together' }),
        reactions: z.record(z.string(), z.int()),
      })
      .nullable()
      .meta({ description: 'For the host alone' }),
    allowed_actions: z.array(z.enum(['edit_tags', 'go_live', 'end', 'watch'])),
    created_at: Timestamp,
    version: z.int(),
  })
  .meta({ id: 'Stream' });
export const StreamPage = pageOf(StreamAnswer).meta({ id: 'StreamPage' });
