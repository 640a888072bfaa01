import type { ChannelEvent, Topic } from '../../src/platform/channels/channels.ts';

/** Ids are known again for this many events, long after their data has gone. */
const MAX_KNOWN_EVENTS = 1_000;

/** An event with its data as JSON text, as it is stored and sent. */
export interface StoredEvent {
  /** Null for what is only passed on. */
  seq: number | null;
  id: string | null;
  type: string;
  atMs: number;
  data: string;
}

interface MetaValues {
  topic: Topic;
  /** Whether the contacts have been told that this user is here. */
  announced: boolean;
  /** When the last socket went; null while one is here. */
  leftAtMs: number | null;
  /** Of a stream room: the most viewers at once, and whether it is over. */
  peakViewers: number;
  isOver: boolean;
}

/** All SQL of a channel. */
export class ChannelStorage {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  readMeta<K extends keyof MetaValues>(key: K): MetaValues[K] | null {
    const [row] = this.sql.exec<{ value: string }>('SELECT value FROM meta WHERE key = ?', key).toArray();
    return row === undefined ? null : (JSON.parse(row.value) as MetaValues[K]);
  }

  writeMeta<K extends keyof MetaValues>(key: K, value: MetaValues[K]): void {
    this.sql.exec('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, JSON.stringify(value));
  }

  lastSeq(): number {
    return this.sql.exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM events').one().seq ?? 0;
  }

  /** False when an event of this id has been here before. */
  append(event: StoredEvent & { seq: number }): boolean {
    const { seq, id, type, atMs, data } = event;
    return (
      this.sql
        .exec(
          'INSERT INTO events (seq, id, type, at, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) WHERE id IS NOT NULL DO NOTHING RETURNING seq',
          seq,
          id,
          type,
          atMs,
          data,
        )
        .toArray().length > 0
    );
  }

  /** Takes a place in the sequence that holds nothing: whoever was here before it has missed something. */
  leaveGap(atMs: number): void {
    this.sql.exec(
      "INSERT INTO events (seq, id, type, at, data) VALUES (?, NULL, 'gap', ?, NULL)",
      this.lastSeq() + 1,
      atMs,
    );
  }

  /** Forgets the data of what is too far back or too old, and in the end the ids. The newest row stays: it holds the count. */
  prune(lastSeq: number, kept: number, sinceMs: number): void {
    this.sql.exec(
      'UPDATE events SET data = NULL WHERE data IS NOT NULL AND (seq <= ? OR at <= ?)',
      lastSeq - kept,
      sinceMs,
    );
    this.sql.exec('DELETE FROM events WHERE seq <= ?', lastSeq - MAX_KNOWN_EVENTS);
  }

  /** Empties a line of chat that is still kept; its place and id stay, so that nobody misses anything or says it again. */
  blankLine(seq: number): boolean {
    return (
      this.sql
        .exec(
          `UPDATE events SET data = json_set(data, '$.text', '', '$.is_deleted', json('true'))
           WHERE seq = ? AND type = 'stream:chat' AND data IS NOT NULL RETURNING seq`,
          seq,
        )
        .toArray().length > 0
    );
  }

  /** What is kept after `seq`, oldest first. */
  eventsAfter(seq: number, sinceMs: number): (StoredEvent & { seq: number })[] {
    return this.sql
      .exec<{ seq: number; id: string | null; type: string; at: number; data: string }>(
        'SELECT seq, id, type, at, data FROM events WHERE seq > ? AND at > ? AND data IS NOT NULL ORDER BY seq',
        seq,
        sinceMs,
      )
      .toArray()
      .map(({ at, ...event }) => ({ ...event, atMs: at }));
  }

  /** When the oldest data was published; null when there is none. */
  oldestAtMs(): number | null {
    return this.sql
      .exec<{ at: number | null }>('SELECT min(at) AS at FROM events WHERE data IS NOT NULL')
      .one().at;
  }

  followers(): Topic[] {
    return this.sql
      .exec<{ topic: Topic }>('SELECT topic FROM followers')
      .toArray()
      .map(({ topic }) => topic);
  }

  addFollower(topic: Topic): void {
    this.sql.exec('INSERT OR IGNORE INTO followers (topic) VALUES (?)', topic);
  }

  removeFollower(topic: Topic): void {
    this.sql.exec('DELETE FROM followers WHERE topic = ?', topic);
  }
}

export const toChannelEvent = ({ seq, id, type, atMs, data }: StoredEvent): ChannelEvent => ({
  type,
  ...(id === null ? {} : { id }),
  seq,
  at: new Date(atMs).toISOString(),
  data: JSON.parse(data),
});
