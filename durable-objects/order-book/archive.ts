import type { BookRecord } from '../../src/domain/market/record.ts';
import type { BookStorage } from './storage.ts';

/**
 * Records that stay in the object after D1 has them: they answer repeated requests, and a hot book's cost must not grow
 * with its history. Older ones move to object storage in segments, from where the projection can still be rebuilt.
 */
const KEPT_RECORDS = 50_000;
const SEGMENT_RECORDS = 5_000;
/** How soon after the need arises, and after a failure. */
const PAUSE_MS = 5_000;

/** The part of a book's journal that has left the object. */
export class Archive {
  /** Tests archive sooner. */
  keptRecords = KEPT_RECORDS;
  segmentRecords = SEGMENT_RECORDS;
  private readonly durable: DurableObjectStorage;
  private readonly storage: BookStorage;
  private readonly bucket: R2Bucket;
  private readonly bookKey: string;
  private oldestSeq: number;
  private segment: { lastSeq: number; records: BookRecord[] } | null = null;

  constructor(durable: DurableObjectStorage, storage: BookStorage, bucket: R2Bucket, bookKey: string) {
    this.durable = durable;
    this.storage = storage;
    this.bucket = bucket;
    this.bookKey = bookKey;
    this.oldestSeq = storage.oldestJournalSeq() ?? 1;
  }

  /** When there is a whole segment to move; null while there is none. */
  dueAtMs(settledSeq: number, nowMs: number): number | null {
    return this.movable(settledSeq) >= this.segmentRecords ? nowMs + PAUSE_MS : null;
  }

  private movable(settledSeq: number): number {
    return settledSeq - this.keptRecords - this.oldestSeq + 1;
  }

  /**
   * Moves whole segments of records up to `settledSeq`, which D1 has and the checkpoint covers: stored there first,
   * deleted here after.
   */
  async run(settledSeq: number): Promise<void> {
    while (this.movable(settledSeq) >= this.segmentRecords) {
      const rows = this.storage.rawRecords(this.segmentRecords);
      const firstSeq = rows[0]!.seq;
      const lastSeq = rows.at(-1)!.seq;
      const objectKey = `journal/${this.bookKey}/${String(firstSeq).padStart(12, '0')}.ndjson`;
      await this.bucket.put(objectKey, rows.map((row) => row.body).join('\n'));
      this.durable.transactionSync(() => {
        this.storage.addSegment({ firstSeq, lastSeq, objectKey });
        this.storage.deleteJournalThrough(lastSeq);
      });
      this.oldestSeq = lastSeq + 1;
    }
  }

  /** Records after `afterSeq`, from the object or from the segment that holds them. */
  async recordsAfter(afterSeq: number, limit: number): Promise<BookRecord[]> {
    if (afterSeq + 1 >= this.oldestSeq) return this.storage.recordsAfter(afterSeq, limit);
    if (
      this.segment === null ||
      this.segment.lastSeq <= afterSeq ||
      this.segment.records[0]!.seq > afterSeq + 1
    ) {
      const found = this.storage.segmentAfter(afterSeq);
      const object = found && (await this.bucket.get(found.objectKey));
      if (!found || !object) return this.storage.recordsAfter(afterSeq, limit);
      const text = await object.text();
      this.segment = {
        lastSeq: found.lastSeq,
        records: text.split('\n').map((line) => JSON.parse(line) as BookRecord),
      };
    }
    const records = this.segment.records.filter(({ seq }) => seq > afterSeq).slice(0, limit);
    if (records.at(-1)?.seq === this.segment.lastSeq) this.segment = null;
    return records;
  }
}
