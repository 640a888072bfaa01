/** Streams (SL-40): a host announces one, tags what is for sale, goes live, and ends it; so may a moderator and time. */
import { z } from 'zod';
import { isStale } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { blurred, type Place } from '../../domain/listings/distance.ts';
import {
  endsAtMs,
  hostEndReason,
  isNeighbour,
  type StreamEndReason,
  whyNotLive,
} from '../../domain/streams/stream.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { RoomStats, Topic } from '../../platform/channels/channels.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { visibleProduct } from '../catalog/products.usecases.ts';
import { isBlocked } from '../conversations/blocks.usecases.ts';
import { isFollowing } from '../discovery/follows.usecases.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { loadListings } from '../listings/listing.statements.ts';
import {
  changeStream,
  findStream,
  insertStream,
  listLive,
  listOfHost,
  overdueStreams,
  type StreamRow,
  type StreamTagRow,
  saveRoom,
  tagStatements,
  type WholeStream,
} from './streams.repository.ts';
import type { NewStream, ViewerPlace } from './streams.schemas.ts';

const ATTEMPTS = 3;
/** Streams that one run of the cron ends; the rest follow a minute later. */
const ENDED_PER_RUN = 50;

export const roomOf = (streamId: string): Topic => `stream:${streamId}`;
const streamNotFound = () => problem('stream_not_found', 'There is no such stream.');

/** A stream as somebody may see it; `room` is how it stands there now, for whoever needs it. */
export interface ViewedStream extends WholeStream {
  isHost: boolean;
  room: RoomStats | null;
}

// ---- Reading ----

async function mayEnter(
  deps: Deps,
  { row }: WholeStream,
  viewerId: string,
  place: Place | null,
): Promise<boolean> {
  if (await isBlocked(deps, row.hostId, viewerId)) return false;
  switch (row.audience) {
    case 'everyone':
      return true;
    case 'followers':
      return isFollowing(deps, viewerId, row.hostId);
    case 'neighborhood':
      return place !== null && isNeighbour({ lat: row.lat!, lon: row.lon! }, place);
  }
}

const placeOf = ({ lat, lng }: ViewerPlace): Place | null =>
  lat === undefined || lng === undefined ? null : { lat, lon: lng };

/** A stream for somebody whom it is for; to everybody else it does not exist: 404. */
export async function readStream(
  deps: Deps,
  id: string,
  caller: Caller,
  place: ViewerPlace,
): Promise<ViewedStream> {
  const stream = await findStream(deps.db, id);
  if (stream === null) throw streamNotFound();
  const isHost = stream.row.hostId === caller.userId;
  if (!isHost && !(await mayEnter(deps, stream, caller.userId, placeOf(place)))) throw streamNotFound();
  const room = stream.row.status === 'live' ? await deps.channels.roomStats(roomOf(id)) : null;
  return { ...stream, isHost, room };
}

/** The room of a live stream, for somebody who may come in. */
export async function enterStream(
  deps: Deps,
  id: string,
  caller: Caller,
  place: ViewerPlace,
): Promise<{ topic: Topic; isHost: boolean }> {
  const { row, isHost } = await readStream(deps, id, caller, place);
  if (row.status !== 'live')
    throw problem('stream_not_live', 'The stream is not live.', { status_now: row.status });
  return { topic: roomOf(id), isHost };
}

const StreamCursor = z.tuple([z.number(), z.string()]);
interface Page {
  limit: number;
  cursor?: string | undefined;
}

async function pageOfStreams(
  page: Page,
  list: (after: readonly [number, string] | null, limit: number) => Promise<WholeStream[]>,
  key: (row: StreamRow) => number,
): Promise<{ streams: WholeStream[]; nextCursor: string | null }> {
  const found = await list(decodeCursor(page.cursor, StreamCursor), page.limit + 1);
  const streams = found.slice(0, page.limit);
  const last = streams.at(-1)?.row;
  return {
    streams,
    nextCursor: found.length > page.limit && last ? encodeCursor([key(last), last.id]) : null,
  };
}

export const liveStreams = (deps: Deps, page: Page) =>
  pageOfStreams(
    page,
    (after, limit) => listLive(deps.db, after, limit),
    (row) => row.startedAt!,
  );

export const ownStreams = (deps: Deps, hostId: string, page: Page) =>
  pageOfStreams(
    page,
    (after, limit) => listOfHost(deps.db, hostId, after, limit),
    (row) => row.createdAt,
  );

// ---- Changing ----

type TagInput = { type: 'product' | 'listing'; id: string }[];

/** The tags with their titles; refused unless all of them are there, and listings are the host's own and on sale. */
async function checkedTags(deps: Deps, hostId: string, tags: TagInput): Promise<StreamTagRow[]> {
  const unique = [...new Map(tags.map((tag) => [`${tag.type} ${tag.id}`, tag])).values()];
  const listings = await loadListings(
    deps.db,
    unique.filter(({ type }) => type === 'listing').map(({ id }) => id),
  );
  return Promise.all(
    unique.map(async ({ type, id }) => {
      if (type === 'product') return { type, refId: id, title: (await visibleProduct(deps, id, null)).name };
      const listing = listings.find((row) => row.id === id);
      if (listing === undefined || listing.sellerId !== hostId || listing.status !== 'active')
        throw problem('listing_not_found', 'You have no such listing on sale.', { listing_id: id });
      return { type, refId: id, title: listing.title };
    }),
  );
}

async function checkedMedia(deps: Deps, streamId: string, sourceUrl: string | undefined) {
  const media = await deps.ingest.prepare(streamId, sourceUrl ?? null);
  if (media === null)
    throw problem('validation_failed', 'media_url must be an https address that everybody can open.');
  return { ingest: deps.ingest.kind, ...media };
}

export async function createStream(deps: Deps, host: Caller, input: NewStream): Promise<string> {
  const nowMs = deps.now();
  const id = newId('str', deps.random);
  const place =
    input.location === undefined ? null : blurred({ lat: input.location.lat, lon: input.location.lng });
  const tags = await checkedTags(deps, host.userId, input.tags);
  await insertStream(
    deps.db,
    {
      id,
      hostId: host.userId,
      title: input.title,
      description: input.description,
      audience: input.audience,
      plannedMinutes: input.planned_minutes,
      status: 'scheduled',
      ...(await checkedMedia(deps, id, input.media_url)),
      lat: place?.lat ?? null,
      lon: place?.lon ?? null,
      startsAt: input.starts_at === undefined ? null : Date.parse(input.starts_at),
      startedAt: null,
      endsAt: null,
      endedAt: null,
      endReason: null,
      peakViewers: 0,
      uniqueViewers: 0,
      watchSeconds: 0,
      reactions: '{}',
      roomClosedAt: null,
      version: 1,
      createdAt: nowMs,
      updatedAt: nowMs,
    },
    tags,
  );
  return id;
}

/** Reads a stream and changes it, again when somebody else was faster. */
async function withFreshStream(
  deps: Deps,
  id: string,
  hostId: string | null,
  change: (stream: WholeStream) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const stream = await findStream(deps.db, id);
    if (stream === null || (hostId !== null && stream.row.hostId !== hostId)) throw streamNotFound();
    try {
      await change(stream);
      return;
    } catch (error) {
      if (!isStale(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

const hasEnded = () => problem('invalid_transition', 'The stream has ended.');

export async function changeTags(deps: Deps, id: string, host: Caller, input: TagInput): Promise<void> {
  const tags = await checkedTags(deps, host.userId, input);
  await withFreshStream(deps, id, host.userId, async ({ row }) => {
    if (row.status === 'ended') throw hasEnded();
    if (row.status === 'live' && tags.length === 0)
      throw problem('stream_not_ready', 'A live stream shows at least one product or listing.');
    await changeStream(deps.db, row, { updatedAt: deps.now() }, [], tagStatements(deps.db, id, tags));
    if (row.status === 'live')
      await deps.channels.publish(roomOf(id), [
        {
          type: 'stream:tags',
          id: `${id}:${row.version + 1}`,
          data: { tags: tags.map(({ type, refId, title }) => ({ type, id: refId, title })) },
        },
      ]);
  });
}

function streamEvent(
  { row, host }: Pick<WholeStream, 'row' | 'host'>,
  type: 'stream.started' | 'stream.ended',
  nowMs: number,
  correlationId: string,
  reason: StreamEndReason | null = null,
): EventEnvelope {
  return {
    event_id: `${row.id}:${row.version + 1}`,
    type,
    version: 1,
    aggregate: { type: 'stream', id: row.id },
    seq: row.version + 1,
    correlation_id: correlationId,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      stream_id: row.id,
      host_id: row.hostId,
      host_name: host.displayName,
      title: row.title,
      audience: row.audience,
      reason,
    },
  };
}

/** Opens the doors. At least one product or listing must be for sale (SL-40). */
export async function goLive(
  deps: Deps,
  id: string,
  host: Caller,
  mediaUrl: string | undefined,
  correlationId: string,
): Promise<void> {
  await withFreshStream(deps, id, host.userId, async (stream) => {
    const { row, tags } = stream;
    const refusal = whyNotLive({ status: row.status, plannedMinutes: row.plannedMinutes, tags: tags.length });
    if (refusal === 'no_tags')
      throw problem('stream_not_ready', 'Tag at least one product or listing before you go live.');
    if (refusal !== null) throw problem('invalid_transition', `The stream is ${row.status}.`);
    const nowMs = deps.now();
    await changeStream(
      deps.db,
      row,
      {
        status: 'live',
        ...(mediaUrl === undefined ? {} : await checkedMedia(deps, id, mediaUrl)),
        startedAt: nowMs,
        endsAt: endsAtMs(nowMs, row.plannedMinutes),
        updatedAt: nowMs,
      },
      [streamEvent(stream, 'stream.started', nowMs, correlationId)],
    );
  });
  await deps.outbox.drain();
}

/** Ends a stream that has not ended, in one batch with its event; the room is closed at once, and by the event again. */
async function end(
  deps: Deps,
  id: string,
  hostId: string | null,
  reasonOf: (row: StreamRow) => StreamEndReason,
  correlationId: string,
  traces: (row: StreamRow, nowMs: number) => Statement[] = () => [],
): Promise<void> {
  await withFreshStream(deps, id, hostId, async (stream) => {
    const { row } = stream;
    if (row.status === 'ended') throw hasEnded();
    const nowMs = deps.now();
    const endReason = reasonOf(row);
    const event = streamEvent(stream, 'stream.ended', nowMs, correlationId, endReason);
    await changeStream(
      deps.db,
      row,
      { status: 'ended', endedAt: nowMs, endReason, updatedAt: nowMs },
      [event],
      traces(row, nowMs),
    );
  });
  await deps.outbox.drain();
  await closeRoom(deps, id);
}

export const endStream = (deps: Deps, id: string, host: Caller, correlationId: string): Promise<void> =>
  end(deps, id, host.userId, ({ status }) => hostEndReason(status), correlationId);

export const endStreamAsModerator = (
  deps: Deps,
  id: string,
  reason: string,
  actor: AuditedActor,
): Promise<void> =>
  end(
    deps,
    id,
    null,
    () => 'moderator',
    actor.requestId ?? id,
    (row, nowMs) => [
      auditStatement(
        deps.db,
        actor,
        {
          action: 'stream_ended',
          target: { type: 'stream', id },
          before: { status: row.status, title: row.title },
          after: { status: 'ended' },
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ],
  );

/** Ends streams whose time is over. */
export async function endOverdueStreams(deps: Deps): Promise<number> {
  const overdue = await overdueStreams(deps.db, deps.now(), ENDED_PER_RUN);
  let ended = 0;
  for (const { id } of overdue)
    try {
      await end(deps, id, null, () => 'time', id);
      ended += 1;
    } catch (error) {
      deps.log.warn('stream_not_ended', { stream_id: id, error: String(error) });
    }
  return ended;
}

/** Lets everybody out of the room of an ended stream and writes down what it came to. Throws when it must be tried again. */
export async function closeRoom(deps: Deps, id: string): Promise<void> {
  const stream = await findStream(deps.db, id);
  if (stream === null || stream.row.status !== 'ended' || stream.row.roomClosedAt !== null) return;
  const { endReason } = stream.row;
  const stats = await deps.channels.endRoom(roomOf(id), {
    type: 'stream:ended',
    id: `${id}:ended`,
    data: { stream_id: id, reason: endReason },
  });
  if (stats === null) throw problem('unavailable', 'The room could not be closed yet.');
  await deps.ingest.release(id);
  await saveRoom(deps.db, id, {
    peakViewers: stats.peakViewers,
    uniqueViewers: stats.uniqueViewers,
    watchSeconds: Math.round(stats.watchedMs / 1000),
    reactions: JSON.stringify(stats.reactions),
    roomClosedAt: deps.now(),
  });
}
