import { hash53 } from '../../src/domain/hash.ts';
import type { OrderState } from '../../src/domain/market/order.ts';
import type { BookRecord, TapeTrade } from '../../src/domain/market/record.ts';
import type { BookConfig } from '../../src/platform/books/books.ts';

/** Named values of the `meta` table. */
interface Meta {
  config: { bookKey: string; config: BookConfig };
  /** The journal up to here is folded into `resting` and `buckets`. */
  checkpoint: { seq: number; lastSale: { priceCents: number; atMs: number } | null; tape: TapeTrade[] };
  /** Every event up to here has reached D1. */
  confirmed: number;
  /** Through where the last rebuild of the projection repeats what D1 has had. */
  rebuildThrough: number;
}

export interface StoredBucket {
  kind: string;
  start: number;
  body: string;
}

export interface Segment {
  firstSeq: number;
  lastSeq: number;
  objectKey: string;
}

type JournalRow = { seq: number; body: string };

/** All the SQL of an order book. Every method is synchronous; the caller groups writes into transactions. */
export class BookStorage {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  readMeta<K extends keyof Meta>(name: K): Meta[K] | null {
    const row = this.sql.exec<{ value: string }>('SELECT value FROM meta WHERE name = ?', name).toArray()[0];
    return row ? (JSON.parse(row.value) as Meta[K]) : null;
  }

  writeMeta<K extends keyof Meta>(name: K, value: Meta[K]): void {
    this.sql.exec(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      JSON.stringify(value),
    );
  }

  appendRecord(record: BookRecord): void {
    const [first, second] = record.request?.keys ?? [];
    this.sql.exec(
      'INSERT INTO journal (seq, request, second_request, body) VALUES (?, ?, ?, ?)',
      record.seq,
      first === undefined ? null : hash53(first),
      second === undefined ? null : hash53(second),
      JSON.stringify(record),
    );
  }

  /** The record that a request key made, if it is still remembered. */
  findRequest(key: string): BookRecord | null {
    const hash = hash53(key);
    const rows = this.sql.exec<JournalRow>(
      'SELECT seq, body FROM journal WHERE request = ?1 OR second_request = ?1',
      hash,
    );
    for (const row of rows) {
      const record = JSON.parse(row.body) as BookRecord;
      if (record.request?.keys.includes(key)) return record;
    }
    return null;
  }

  /** Records after `seq`, oldest first. */
  recordsAfter(seq: number, limit: number): BookRecord[] {
    const rows = this.sql.exec<JournalRow>(
      'SELECT seq, body FROM journal WHERE seq > ? ORDER BY seq LIMIT ?',
      seq,
      limit,
    );
    return Array.from(rows, (row) => JSON.parse(row.body) as BookRecord);
  }

  /** Journal rows as stored, for a segment. */
  rawRecords(limit: number): JournalRow[] {
    return this.sql.exec<JournalRow>('SELECT seq, body FROM journal ORDER BY seq LIMIT ?', limit).toArray();
  }

  oldestJournalSeq(): number | null {
    return this.sql.exec<{ seq: number | null }>('SELECT min(seq) AS seq FROM journal').one().seq;
  }

  deleteJournalThrough(seq: number): void {
    this.sql.exec('DELETE FROM journal WHERE seq <= ?', seq);
  }

  addSegment(segment: Segment): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO segments (first_seq, last_seq, object_key) VALUES (?, ?, ?)',
      segment.firstSeq,
      segment.lastSeq,
      segment.objectKey,
    );
  }

  /** The segment that holds the first record after `seq`. */
  segmentAfter(seq: number): Segment | null {
    const row = this.sql
      .exec<{ first_seq: number; last_seq: number; object_key: string }>(
        'SELECT first_seq, last_seq, object_key FROM segments WHERE last_seq > ? ORDER BY first_seq LIMIT 1',
        seq,
      )
      .toArray()[0];
    return row ? { firstSeq: row.first_seq, lastSeq: row.last_seq, objectKey: row.object_key } : null;
  }

  restingOrders(): OrderState[] {
    return Array.from(
      this.sql.exec<{ body: string }>('SELECT body FROM resting'),
      (row) => JSON.parse(row.body) as OrderState,
    );
  }

  putResting(order: OrderState): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO resting (seq, body) VALUES (?, ?)',
      order.seq,
      JSON.stringify(order),
    );
  }

  deleteResting(seq: number): void {
    this.sql.exec('DELETE FROM resting WHERE seq = ?', seq);
  }

  buckets(): StoredBucket[] {
    return this.sql
      .exec<{ kind: string; start: number; body: string }>('SELECT kind, start, body FROM buckets')
      .toArray();
  }

  deleteHoursBefore(start: number): void {
    this.sql.exec("DELETE FROM buckets WHERE kind = 'h' AND start < ?", start);
  }

  putBucket(bucket: StoredBucket): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO buckets (kind, start, body) VALUES (?, ?, ?)',
      bucket.kind,
      bucket.start,
      bucket.body,
    );
  }
}
