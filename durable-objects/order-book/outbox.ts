import type { BookIdentity } from '../../src/domain/market/events.ts';
import { bundleEvents } from '../../src/domain/market/messages.ts';
import type { BookRecord } from '../../src/domain/market/record.ts';
import { Watermark } from '../../src/domain/market/watermark.ts';
import type { AppliedRange } from '../../src/platform/books/books.ts';
import type { EventPublisher } from '../../src/platform/events/events.ts';

/** Records read and packed at a time. */
const RECORDS_PER_READ = 400;
/** Records kept in memory for sending; when there are more, they are read from the journal. */
const MAX_UNSENT = 2_000;
/** Records that may be on their way unconfirmed; more would only wait in the queue. */
const WINDOW = 4_000;
/**
 * Commands that follow each other closely share messages and the consumer's batches, where the states of one order
 * become one row. Somebody who waits for a record ends the gathering.
 */
const GATHER_MS = 250;
/** How long a confirmation may take before everything unconfirmed is sent again, doubling up to the longest. */
const RESEND_MS = 5_000;
const LONGEST_RESEND_MS = 300_000;

/** Where the outbox finds the journal: in the object, or in the segments that have left it. */
export type ReadRecords = (afterSeq: number, limit: number) => Promise<BookRecord[]>;

/**
 * The way of the journal to the queue. A record is done only when the consumer has confirmed it after its D1 batch:
 * `publish` is no proof, because a queue may lose what it accepted. What stays unconfirmed is sent again, from the
 * watermark on; consumers are idempotent.
 */
export class Outbox {
  private readonly publisher: EventPublisher;
  private readonly read: ReadRecords;
  private readonly identity: () => BookIdentity;
  private readonly now: () => number;
  private readonly watermark: Watermark;
  private committedSeq: number;
  /** Records up to here are only being sent once more, for a rebuild of the projection. */
  private rebuildThroughSeq: number;
  private sentSeq: number;
  private resendDelayMs = RESEND_MS;
  /** When to send again, while anything is unconfirmed. */
  private resendAtMs: number | null = null;
  /** The records right after `sentSeq`, as far as memory still has them; the journal has them all. */
  private unsent: BookRecord[] = [];
  private sending: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly barriers: { seq: number; resolve: () => void }[] = [];

  constructor(options: {
    publisher: EventPublisher;
    read: ReadRecords;
    identity: () => BookIdentity;
    now: () => number;
    confirmedSeq: number;
    rebuildThroughSeq: number;
    committedSeq: number;
  }) {
    this.publisher = options.publisher;
    this.read = options.read;
    this.identity = options.identity;
    this.now = options.now;
    this.watermark = new Watermark(options.confirmedSeq);
    this.sentSeq = options.confirmedSeq;
    this.rebuildThroughSeq = options.rebuildThroughSeq;
    this.committedSeq = options.committedSeq;
    if (this.backlog > 0) this.resendAtMs = this.now();
  }

  get confirmedSeq(): number {
    return this.watermark.value;
  }

  private get backlog(): number {
    return this.committedSeq - this.watermark.value;
  }

  /** The record up to which D1 has had everything at least once. */
  get projectedSeq(): number {
    return Math.max(this.watermark.value, this.rebuildThroughSeq);
  }

  /** Records that D1 has never had. */
  get unprojected(): number {
    return this.committedSeq - this.projectedSeq;
  }

  /** When the alarm must look after the outbox; null when there is nothing to look after. */
  get dueAtMs(): number | null {
    return this.backlog > 0 ? this.resendAtMs : null;
  }

  /** The journal has grown by consecutive records; sending begins shortly. */
  committed(records: readonly BookRecord[]): void {
    const first = records[0]!.seq;
    const isNext = (this.unsent.at(-1)?.seq ?? this.sentSeq) === first - 1;
    if (isNext && this.unsent.length < MAX_UNSENT) this.unsent.push(...records);
    this.committedSeq = records.at(-1)!.seq;
    this.resendAtMs ??= this.now() + this.resendDelayMs;
    this.gather();
  }

  /** Sends what has not been sent, and all that is overdue again. For the alarm. */
  async resume(): Promise<void> {
    if (this.dueAtMs !== null && this.dueAtMs <= this.now()) {
      this.sentSeq = this.watermark.value;
      this.resendDelayMs = Math.min(this.resendDelayMs * 2, LONGEST_RESEND_MS);
      this.resendAtMs = this.now() + this.resendDelayMs;
    }
    this.drainNow();
    await this.sending;
  }

  /** The consumer has applied these records; true when the watermark rose. */
  confirm(ranges: readonly AppliedRange[]): boolean {
    let rose = false;
    for (const { firstSeq, lastSeq, part, parts } of ranges) {
      if (this.watermark.confirm(firstSeq, lastSeq, part, parts)) rose = true;
    }
    if (!rose) return false;
    this.resendDelayMs = RESEND_MS;
    this.resendAtMs = this.backlog > 0 ? this.now() + RESEND_MS : null;
    if (this.sentSeq < this.watermark.value) this.sentSeq = this.watermark.value;
    for (let index = this.barriers.length - 1; index >= 0; index -= 1) {
      if (this.barriers[index]!.seq <= this.watermark.value) this.barriers.splice(index, 1)[0]!.resolve();
    }
    if (this.sentSeq < this.committedSeq) this.gather();
    return true;
  }

  /** Resolves when D1 has the record, or after `timeoutMs`. */
  async whenConfirmed(seq: number, timeoutMs: number): Promise<void> {
    if (seq <= this.watermark.value) return;
    this.drainNow();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.barriers.push({
        seq,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }

  /** Sends the whole journal again, from the first record on; answers through where it is a repetition. */
  restart(): number {
    this.rebuildThroughSeq = Math.max(this.rebuildThroughSeq, this.watermark.value);
    this.watermark.reset(0);
    this.sentSeq = 0;
    this.resendDelayMs = RESEND_MS;
    this.resendAtMs = this.now() + RESEND_MS;
    this.drainNow();
    return this.rebuildThroughSeq;
  }

  private gather(): void {
    if (this.timer !== null || this.sending !== null) return;
    const delayMs = this.barriers.length > 0 ? 0 : GATHER_MS;
    this.timer = setTimeout(() => this.drainNow(), delayMs);
  }

  private drainNow(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    // A failed send is not lost: the records stay unconfirmed, and the alarm sends them again.
    this.sending ??= this.send()
      .catch(() => undefined)
      .then(() => {
        this.sending = null;
      });
  }

  private async next(from: number): Promise<readonly BookRecord[]> {
    if (this.unsent[0]?.seq === from + 1) return this.unsent.splice(0, RECORDS_PER_READ);
    this.unsent = [];
    return this.read(from, RECORDS_PER_READ);
  }

  private async send(): Promise<void> {
    while (this.sentSeq < this.committedSeq && this.sentSeq - this.watermark.value < WINDOW) {
      const from = this.sentSeq;
      const records = await this.next(from);
      if (records.length === 0) return;
      const book = this.identity();
      await this.publisher.publish(
        bundleEvents(records, book).map((bundle) => ({
          kind: 'book_events' as const,
          book,
          first_seq: bundle.firstSeq,
          last_seq: bundle.lastSeq,
          part: bundle.part,
          parts: bundle.parts,
          events: bundle.events,
        })),
      );
      // Moved in the meantime, by a confirmation, a resend or a restart: that position stands.
      if (this.sentSeq === from) this.sentSeq = records.at(-1)!.seq;
    }
  }
}
