/** Live streams (SL-40). Chat, reactions and viewers are in the room of the stream; what it all came to is written here. */
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import {
  STREAM_AUDIENCES,
  STREAM_END_REASONS,
  STREAM_STATUSES,
  STREAM_TAG_TYPES,
} from '../domain/streams/stream.ts';

export const streams = sqliteTable(
  'streams',
  {
    id: text().primaryKey(),
    hostId: text().notNull(),
    title: text().notNull(),
    description: text().notNull(),
    audience: text({ enum: STREAM_AUDIENCES }).notNull(),
    plannedMinutes: integer().notNull(),
    status: text({ enum: STREAM_STATUSES }).notNull(),
    /** Which ingest carries the picture, where viewers find it, and where the host sends it. */
    ingest: text().notNull(),
    playbackUrl: text(),
    ingestUrl: text(),
    /** To about a kilometre, and only for an audience of neighbours. */
    lat: real(),
    lon: real(),
    startsAt: integer(),
    startedAt: integer(),
    /** When it ends by itself; null before it is live. */
    endsAt: integer(),
    endedAt: integer(),
    endReason: text({ enum: STREAM_END_REASONS }),
    /** Final once it has ended and its room is closed. */
    peakViewers: integer().notNull().default(0),
    uniqueViewers: integer().notNull().default(0),
    watchSeconds: integer().notNull().default(0),
    reactions: text().notNull().default('{}'),
    roomClosedAt: integer(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    index('streams_newest').on(t.status, t.audience, t.startedAt, t.id),
    index('streams_due').on(t.status, t.endsAt),
    index('streams_host').on(t.hostId, t.createdAt, t.id),
  ],
);

/** What a stream shows for sale. */
export const streamTags = sqliteTable(
  'stream_tags',
  {
    streamId: text()
      .notNull()
      .references(() => streams.id),
    type: text({ enum: STREAM_TAG_TYPES }).notNull(),
    refId: text().notNull(),
    /** As it was called when it was tagged. */
    title: text().notNull(),
    position: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.streamId, t.type, t.refId] }),
    index('stream_tags_ref').on(t.type, t.refId),
  ],
);
