import { and, asc, desc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import { streams, streamTags } from '../../db/streams-schema.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type StreamRow = typeof streams.$inferSelect;
export type StreamTagRow = Pick<typeof streamTags.$inferSelect, 'type' | 'refId' | 'title'>;

export interface WholeStream {
  row: StreamRow;
  host: { id: string; username: string; displayName: string };
  tags: StreamTagRow[];
}

const withHost = {
  row: streams,
  host: { id: users.id, username: users.username, displayName: users.displayName },
};

async function withTags(db: Db, found: Omit<WholeStream, 'tags'>[]): Promise<WholeStream[]> {
  if (found.length === 0) return [];
  const tags = await db
    .select()
    .from(streamTags)
    .where(
      sql`${streamTags.streamId} in (select value from json_each(${JSON.stringify(found.map(({ row }) => row.id))}))`,
    )
    .orderBy(asc(streamTags.position));
  return found.map((stream) => ({ ...stream, tags: tags.filter((tag) => tag.streamId === stream.row.id) }));
}

export async function findStream(db: Db, id: string): Promise<WholeStream | null> {
  const found = await db
    .select(withHost)
    .from(streams)
    .innerJoin(users, eq(users.id, streams.hostId))
    .where(eq(streams.id, id));
  return (await withTags(db, found))[0] ?? null;
}

type Position = readonly [number, string] | null;

/** Live streams for everyone, the latest first. */
export async function listLive(db: Db, after: Position, limit: number): Promise<WholeStream[]> {
  const found = await db
    .select(withHost)
    .from(streams)
    .innerJoin(users, eq(users.id, streams.hostId))
    .where(
      and(
        eq(streams.status, 'live'),
        eq(streams.audience, 'everyone'),
        after === null ? undefined : sql`(${streams.startedAt}, ${streams.id}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(streams.startedAt), desc(streams.id))
    .limit(limit);
  return withTags(db, found);
}

export async function listOfHost(
  db: Db,
  hostId: string,
  after: Position,
  limit: number,
): Promise<WholeStream[]> {
  const found = await db
    .select(withHost)
    .from(streams)
    .innerJoin(users, eq(users.id, streams.hostId))
    .where(
      and(
        eq(streams.hostId, hostId),
        after === null ? undefined : sql`(${streams.createdAt}, ${streams.id}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(streams.createdAt), desc(streams.id))
    .limit(limit);
  return withTags(db, found);
}

export const tagStatements = (db: Db, streamId: string, tags: readonly StreamTagRow[]): Statement[] => [
  db.delete(streamTags).where(eq(streamTags.streamId, streamId)),
  ...tags.map((tag, position) => db.insert(streamTags).values({ streamId, ...tag, position })),
];

export async function insertStream(db: Db, row: StreamRow, tags: readonly StreamTagRow[]): Promise<void> {
  await db.batch([db.insert(streams).values(row), ...tagStatements(db, row.id, tags)]);
}

/** Changes a stream that is still as it was read, with what goes along; stale when it is not. */
export async function changeStream(
  db: Db,
  { id, version }: StreamRow,
  changes: Partial<StreamRow> & { updatedAt: number },
  events: readonly EventEnvelope[],
  others: readonly Statement[] = [],
): Promise<void> {
  await db.batch([
    db
      .update(streams)
      .set({ ...changes, version: version + 1 })
      .where(and(eq(streams.id, id), eq(streams.version, version))),
    db.run(sql.raw(GUARD_SQL)),
    ...(events.length === 0 ? [] : [outboxStatement(db, events, changes.updatedAt)]),
    ...others,
  ]);
}

/** What it came to, written once its room is closed; the same however often. */
export async function saveRoom(
  db: Db,
  id: string,
  room: Pick<StreamRow, 'peakViewers' | 'uniqueViewers' | 'watchSeconds' | 'reactions' | 'roomClosedAt'>,
): Promise<void> {
  await db
    .update(streams)
    .set(room)
    .where(and(eq(streams.id, id), isNull(streams.roomClosedAt)));
}

export function overdueStreams(db: Db, nowMs: number, limit: number): Promise<StreamRow[]> {
  return db
    .select()
    .from(streams)
    .where(and(eq(streams.status, 'live'), lte(streams.endsAt, nowMs)))
    .orderBy(asc(streams.endsAt))
    .limit(limit);
}

/** Live streams that show this listing. */
export async function liveStreamsShowing(db: Db, listingId: string, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: streams.id })
    .from(streamTags)
    .innerJoin(streams, eq(streams.id, streamTags.streamId))
    .where(and(eq(streamTags.type, 'listing'), eq(streamTags.refId, listingId), eq(streams.status, 'live')))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The latest streams of a host that are live. */
export async function liveStreamsOf(db: Db, hostId: string): Promise<string[]> {
  const rows = await db
    .select({ id: streams.id })
    .from(streams)
    .where(and(eq(streams.hostId, hostId), inArray(streams.status, ['live'])))
    .orderBy(desc(streams.createdAt))
    .limit(20);
  return rows.map(({ id }) => id);
}
