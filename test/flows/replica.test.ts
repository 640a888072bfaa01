import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/demo/random.ts';
import { BookReplica, type BookSnapshot, type BookUpdate } from '../../src/domain/market/replica.ts';
import { evict, execute, placeCommand } from '../support/book-object.ts';
import { createBook, depthOf, type TestBook } from '../support/books.ts';
import { connect, type Frame, type TestSocket } from '../support/sockets.ts';

/**
 * A watcher that follows the documented rules over a line that loses frames, repeats them and breaks. It knows of the
 * book only what its replica was told.
 */
class Watcher {
  readonly replica = new BookReplica();
  gaps = 0;
  private readonly book: TestBook;
  private readonly chance: (probability: number) => boolean;
  private socket: TestSocket | null = null;
  private read = 0;

  constructor(book: TestBook, chance: (probability: number) => boolean) {
    this.book = book;
    this.chance = chance;
  }

  async reconnect(): Promise<void> {
    this.socket?.close();
    this.socket = await connect(this.book);
    this.read = 0;
    await this.subscribe(this.replica.seq);
  }

  private async subscribe(resumeFrom: number | null): Promise<void> {
    await this.socket!.ask({
      type: 'subscribe',
      channels: ['book'],
      ...(resumeFrom === null ? {} : { resume_from: resumeFrom }),
    });
  }

  /** Reads what has arrived; on a `faulty` line some of it is lost and some of it comes twice. */
  async catchUp(isFaulty: boolean): Promise<void> {
    await this.socket!.settle();
    for (; this.read < this.socket!.frames.length; this.read += 1) {
      const frame = this.socket!.frames[this.read]!;
      if (isFaulty && this.chance(0.15)) continue;
      let isGap = this.take(frame);
      if (isFaulty && this.chance(0.15)) isGap = this.take(frame) || isGap;
      if (!isGap) continue;
      this.gaps += 1;
      await this.subscribe(this.chance(0.5) ? this.replica.seq : null);
      await this.socket!.settle();
    }
  }

  private take(frame: Frame): boolean {
    if (frame.type === 'snapshot') this.replica.replace(frame as unknown as BookSnapshot);
    if (frame.type !== 'update' || frame.book === undefined) return false;
    return this.replica.apply(frame.book as BookUpdate) === 'gap';
  }
}

const seed = `watchers ${Date.now()}`;

describe('a client that follows the rules of the feed', () => {
  it(`holds the same book as the server after drops, repeats, reconnects and restarts (${seed})`, async () => {
    const random = seededRandom(seed);
    const upTo = (limit: number) => Math.floor(random.uniform() * limit);
    const book = await createBook();
    const watchers = Array.from({ length: 4 }, () => new Watcher(book, (p) => random.uniform() < p));
    await Promise.all(watchers.map((watcher) => watcher.reconnect()));
    let last = 0;
    for (let round = 0; round < 40; round += 1) {
      const commands = Array.from({ length: 1 + upTo(12) }, () => {
        const user = `user-${upTo(5)}`;
        const side = random.uniform() < 0.5 ? 'bid' : 'ask';
        const seq = 1 + upTo(last + 1);
        return random.uniform() < 0.3
          ? execute(book, { op: 'cancel', side, seq }, user)
          : execute(book, placeCommand(book, side, 100 + upTo(15), { quantity: 1 + upTo(5) }), user);
      });
      for (const answer of await Promise.all(commands)) if (answer.ok) last = Math.max(last, answer.seq);
      for (const watcher of watchers) {
        if (random.uniform() < 0.15) await watcher.reconnect();
        else if (random.uniform() < 0.6) await watcher.catchUp(true);
      }
      if (random.uniform() < 0.1) await evict(book);
      if (round % 8 !== 7) continue;
      const truth = await depthOf(book);
      for (const watcher of watchers) {
        await watcher.catchUp(false);
        // What was lost last of all is noticed by nobody but the heartbeat: its seq is ahead of the copy.
        if (watcher.replica.seq !== truth.seq) {
          await watcher.reconnect();
          await watcher.catchUp(false);
        }
        expect(watcher.replica.seq).toBe(truth.seq);
        expect(watcher.replica.depth()).toEqual({ bids: truth.bids, asks: truth.asks });
      }
    }
    expect(watchers.reduce((sum, { gaps }) => sum + gaps, 0)).toBeGreaterThan(0);
  });
});
