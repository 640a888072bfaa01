import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BookCopy, followBook } from '../../src/web/public/book-feed.js';

type Frame = Record<string, unknown>;

/** A socket without a line: the test says what arrives and reads what was sent. */
class FakeSocket {
  static opened: FakeSocket[] = [];
  readonly url: string;
  readonly protocols: string[];
  readonly sent: Frame[] = [];
  readyState = 0;
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number }) => {};

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.opened.push(this);
  }

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  open() {
    this.readyState = 1;
    this.onopen();
    this.hear({ type: 'subscribed', channels: ['book'] });
  }
  hear(frame: Frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  close(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

const snapshot = (seq: number) => ({ type: 'snapshot', seq, bids: [[20_000, 1, 1]], asks: [[22_000, 2, 1]] });
const update = (prev_seq: number, last_seq: number, ...changes: unknown[]) => ({
  type: 'update',
  book: { prev_seq, first_seq: prev_seq + 1, last_seq, changes },
});

describe('a copy of a book', () => {
  it('takes updates that touch it, once, and tells a gap from a duplicate', () => {
    const copy = new BookCopy();
    expect(copy.apply({ prev_seq: 0, last_seq: 1, changes: [] })).toBe('gap');
    copy.replace(snapshot(10));
    const next = { prev_seq: 10, last_seq: 12, changes: [['bid', 20_500, 3, 2]] };
    expect(copy.apply(next)).toBe('applied');
    expect(copy.apply(next)).toBe('duplicate');
    expect(copy.apply({ prev_seq: 13, last_seq: 14, changes: [] })).toBe('gap');
    expect(copy.seq).toBe(12);
    expect(copy.depth('bid', 5)).toEqual([
      { price: 20_500, quantity: 3, count: 2 },
      { price: 20_000, quantity: 1, count: 1 },
    ]);
  });

  it('drops a level of quantity 0', () => {
    const copy = new BookCopy();
    copy.replace(snapshot(1));
    copy.apply({ prev_seq: 1, last_seq: 2, changes: [['ask', 22_000, 0, 0]] });
    expect(copy.depth('ask', 5)).toEqual([]);
  });
});

describe('the follower of a book', () => {
  const states: string[] = [];
  let depths: unknown[] = [];
  let token: string | null = null;
  let follower: { stop(): void };

  beforeEach(async () => {
    vi.useFakeTimers();
    FakeSocket.opened = [];
    states.length = 0;
    depths = [];
    token = null;
    follower = followBook(
      {
        url: 'ws://bourse.test/ws',
        token: async () => token,
        onBook: (copy: BookCopy) => depths.push(copy.depth('bid', 5)),
        onUpdate: () => {},
        onOrders: () => {},
        onState: (state: string) => states.push(state),
      },
      FakeSocket as unknown as typeof WebSocket,
    );
    await vi.advanceTimersByTimeAsync(0);
  });

  afterEach(() => {
    follower.stop();
    vi.useRealTimers();
  });

  const socket = (index: number) => FakeSocket.opened[index]!;

  it('subscribes without a sequence at first, and shows the snapshot', () => {
    expect(socket(0).protocols).toEqual(['bourse.v1']);
    socket(0).open();
    expect(socket(0).sent).toEqual([
      { type: 'subscribe', channels: ['book', 'trades', 'ticker', 'heartbeat'] },
    ]);
    socket(0).hear(snapshot(10));
    expect(depths).toHaveLength(1);
    expect(states.at(-1)).toBe('live');
  });

  it('asks once for a gap, from where its copy ends, and goes on with the answer', () => {
    socket(0).open();
    socket(0).hear(snapshot(10));
    socket(0).hear(update(12, 13, ['bid', 20_500, 1, 1]));
    socket(0).hear(update(13, 14, ['bid', 20_600, 1, 1]));
    expect(socket(0).sent.slice(1)).toEqual([{ type: 'subscribe', channels: ['book'], resume_from: 10 }]);
    socket(0).hear(update(10, 14, ['bid', 20_500, 1, 1], ['bid', 20_600, 1, 1]));
    expect(depths.at(-1)).toHaveLength(3);
  });

  it('catches up when a heartbeat is ahead of its copy', () => {
    socket(0).open();
    socket(0).hear(snapshot(10));
    socket(0).hear({ type: 'heartbeat', seq: 10 });
    expect(socket(0).sent).toHaveLength(1);
    socket(0).hear({ type: 'heartbeat', seq: 11 });
    expect(socket(0).sent.at(-1)).toEqual({ type: 'subscribe', channels: ['book'], resume_from: 10 });
  });

  it('comes back after a loss with its sequence, and as whoever is signed in by then', async () => {
    socket(0).open();
    socket(0).hear(snapshot(10));
    token = 'header.payload.signature';
    socket(0).close();
    expect(states.at(-1)).toBe('connecting');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket(1).protocols).toEqual(['bourse.v1', 'bearer.header.payload.signature']);
    socket(1).open();
    expect(socket(1).sent).toEqual([
      {
        type: 'subscribe',
        channels: ['book', 'trades', 'ticker', 'heartbeat', 'orders'],
        resume_from: 10,
      },
    ]);
  });

  it('drops a line that has gone silent', async () => {
    socket(0).open();
    socket(0).hear(snapshot(10));
    await vi.advanceTimersByTimeAsync(41_000);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it('stays away from a book that is no longer shown', async () => {
    socket(0).open();
    socket(0).close(4404);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toBe('closed');
    expect(FakeSocket.opened).toHaveLength(1);
  });
});
