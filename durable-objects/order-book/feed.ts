import { z } from 'zod';
import type { LevelChange, OrderState } from '../../src/domain/market/order.ts';
import type { TapeTrade } from '../../src/domain/market/record.ts';
import { CHANNELS, type Channel, CLOSE_CODES } from '../../src/wire/feed.ts';

/** What a socket carries through hibernation. Parsed on every wake: a deploy may find older shapes. */
const Attachment = z.object({
  userId: z.string().nullable(),
  sessionId: z.string().nullable(),
  /** When the access token behind the socket ends. */
  expiresAtMs: z.number().nullable(),
  channels: z.array(z.enum(CHANNELS)),
  badFrames: z.number(),
});
export type Attachment = z.infer<typeof Attachment>;

/** What the feed shows of one stored command. */
export interface FeedItem {
  seq: number;
  levels: readonly LevelChange[];
  trades: readonly TapeTrade[];
  orders: readonly OrderState[];
}

/** The parts of frames that only the object can make. */
export interface FeedViews {
  trade(trade: TapeTrade): unknown;
  ticker(): unknown;
  order(order: OrderState): unknown;
  snapshot(): string;
  /** True once the token or the session behind a socket has ended. */
  hasEnded(attachment: Attachment): boolean;
}

/** Diffs kept in memory for `resume_from`. */
const REPLAY_LENGTH = 1_000;
/** Frames are what costs: one takes about 12 us a socket, so a crowd of watchers gets fewer and fuller ones. */
const MS_BETWEEN_UPDATES_PER_SOCKET = 0.05;
const LONGEST_BETWEEN_UPDATES_MS = 100;

/** The watchers of one book, and what each of them gets: at most one update frame a turn, serialised once a channel set. */
export class Feed {
  private readonly sockets = new Map<WebSocket, Attachment>();
  private readonly views: FeedViews;
  private readonly now: () => number;
  private readonly replay: { seq: number; levels: readonly LevelChange[] }[] = [];
  private pending: FeedItem[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastUpdateMs = 0;
  private publishedSeq: number;

  constructor(sockets: Iterable<WebSocket>, views: FeedViews, now: () => number, seq: number) {
    this.views = views;
    this.now = now;
    this.publishedSeq = seq;
    for (const socket of sockets) {
      const attachment = Attachment.safeParse(socket.deserializeAttachment());
      if (attachment.success) this.sockets.set(socket, attachment.data);
      else socket.close(1012, 'Connect again');
    }
  }

  get watcherCount(): number {
    return this.sockets.size;
  }

  add(socket: WebSocket, attachment: Attachment): void {
    this.sockets.set(socket, attachment);
    socket.serializeAttachment(attachment);
  }

  remove(socket: WebSocket): void {
    this.sockets.delete(socket);
  }

  attachmentOf(socket: WebSocket): Attachment | null {
    return this.sockets.get(socket) ?? null;
  }

  update(socket: WebSocket, attachment: Attachment): void {
    this.add(socket, attachment);
  }

  hasSubscribers(channel: Channel): boolean {
    for (const { channels } of this.sockets.values()) if (channels.includes(channel)) return true;
    return false;
  }

  /** Takes stored commands in; watchers hear of them at once, or together with the next ones when they come fast. */
  push(items: readonly FeedItem[]): void {
    for (const { seq, levels } of items) this.replay.push({ seq, levels });
    if (this.replay.length > 2 * REPLAY_LENGTH) this.replay.splice(0, this.replay.length - REPLAY_LENGTH);
    if (this.sockets.size === 0) {
      this.publishedSeq = items.at(-1)?.seq ?? this.publishedSeq;
      return;
    }
    this.pending.push(...items);
    if (this.timer !== null) return;
    const gapMs = Math.min(LONGEST_BETWEEN_UPDATES_MS, this.sockets.size * MS_BETWEEN_UPDATES_PER_SOCKET);
    const waitMs = this.lastUpdateMs + gapMs - this.now();
    if (waitMs <= 0) this.publish();
    else {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.publish();
      }, waitMs);
    }
  }

  private publish(): void {
    const items = this.pending;
    if (items.length === 0) return;
    this.pending = [];
    this.lastUpdateMs = this.now();
    const book = this.bookUpdate(this.publishedSeq, items);
    this.publishedSeq = items.at(-1)!.seq;
    const trades = items.flatMap((item) => item.trades.map((trade) => this.views.trade(trade)));
    const parts = {
      book: book === null ? '' : `"book":${JSON.stringify(book)}`,
      trades: trades.length === 0 ? '' : `"trades":${JSON.stringify(trades)}`,
      ticker: '',
    };
    const frames = new Map<string, string>();
    const ownOrders = this.ownOrders(items);
    for (const [socket, attachment] of this.sockets) {
      const { channels, userId } = attachment;
      const set = channels.join();
      let frame = frames.get(set);
      if (frame === undefined) {
        if (channels.includes('ticker') && parts.ticker === '')
          parts.ticker = `"ticker":${JSON.stringify(this.views.ticker())}`;
        const body = (['book', 'trades', 'ticker'] as const)
          .filter((channel) => channels.includes(channel) && parts[channel] !== '')
          .map((channel) => parts[channel])
          .join();
        frame = body === '' ? '' : `{"type":"update",${body}}`;
        frames.set(set, frame);
      }
      if (frame !== '') this.send(socket, frame);
      if (userId !== null && channels.includes('orders')) {
        const orders = ownOrders.get(userId);
        if (orders === undefined) continue;
        if (this.views.hasEnded(attachment)) this.endSession(socket);
        else this.send(socket, orders);
      }
    }
  }

  /** The last state of every level that changed after `prevSeq`; null when none did. */
  private bookUpdate(prevSeq: number, items: readonly { seq: number; levels: readonly LevelChange[] }[]) {
    const changes = new Map<string, LevelChange>();
    for (const { levels } of items)
      for (const change of levels) changes.set(`${change[0]}${change[1]}`, change);
    if (changes.size === 0 && items.length === 0) return null;
    return {
      prev_seq: prevSeq,
      first_seq: items[0]!.seq,
      last_seq: items.at(-1)!.seq,
      changes: [...changes.values()],
    };
  }

  private ownOrders(items: readonly FeedItem[]): Map<string, string> {
    const watching = new Set<string>();
    for (const { userId, channels } of this.sockets.values()) {
      if (userId !== null && channels.includes('orders')) watching.add(userId);
    }
    const frames = new Map<string, string>();
    if (watching.size === 0) return frames;
    const latest = new Map<string, Map<number, OrderState>>();
    for (const { orders } of items) {
      for (const order of orders) {
        if (!watching.has(order.userId)) continue;
        const mine = latest.get(order.userId) ?? new Map<number, OrderState>();
        mine.set(order.seq, order);
        latest.set(order.userId, mine);
      }
    }
    for (const [userId, orders] of latest) {
      frames.set(
        userId,
        JSON.stringify({
          type: 'orders',
          orders: Array.from(orders.values(), (order) => this.views.order(order)),
        }),
      );
    }
    return frames;
  }

  /** Brings a subscriber of `book` up to date: what it missed when that is still at hand, else the whole book. */
  bringUpToDate(socket: WebSocket, resumeFrom: number | undefined, committedSeq: number): void {
    if (resumeFrom === committedSeq) return;
    const oldest = this.replay[0]?.seq;
    if (
      resumeFrom === undefined ||
      resumeFrom > committedSeq ||
      oldest === undefined ||
      oldest > resumeFrom + 1
    ) {
      this.send(socket, this.views.snapshot());
      return;
    }
    const missed = this.replay.filter(({ seq }) => seq > resumeFrom);
    this.send(socket, JSON.stringify({ type: 'update', book: this.bookUpdate(resumeFrom, missed) }));
  }

  broadcast(channel: Channel, frame: string): void {
    for (const [socket, { channels }] of this.sockets)
      if (channels.includes(channel)) this.send(socket, frame);
  }

  /** A socket that is gone takes no frame; its close event does the rest. */
  send(socket: WebSocket, frame: string): void {
    try {
      socket.send(frame);
    } catch {
      this.remove(socket);
    }
  }

  endSession(socket: WebSocket): void {
    socket.close(4401, CLOSE_CODES[4401]);
    this.remove(socket);
  }

  closeAll(code: number, reason: string): void {
    for (const socket of this.sockets.keys()) socket.close(code, reason);
    this.sockets.clear();
  }
}
