import { z } from 'zod';
import type { LevelChange, OrderState } from '../../src/domain/market/order.ts';
import type { TapeTrade } from '../../src/domain/market/record.ts';
import { CHANNELS, type Channel, CLOSE_CODES } from '../../src/wire/feed.ts';
import { SocketIdentity } from '../shared/sockets.ts';

/** What a socket carries through hibernation. Parsed on every wake: a deploy may find older shapes. */
const Attachment = SocketIdentity.extend({
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

/** A socket and the group of those with the same channels, which share their frames. */
interface Watcher {
  attachment: Attachment;
  group: string;
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
  private readonly sockets = new Map<WebSocket, Watcher>();
  /** How many sockets have each set of channels. */
  private readonly groups = new Map<string, number>();
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
      if (attachment.success) this.watch(socket, attachment.data);
      else socket.close(1012, 'Connect again');
    }
  }

  get watcherCount(): number {
    return this.sockets.size;
  }

  /** A new socket, or new channels of one that is here. */
  put(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
    this.remove(socket);
    this.watch(socket, attachment);
  }

  private watch(socket: WebSocket, attachment: Attachment): void {
    const group = attachment.channels.join();
    this.sockets.set(socket, { attachment, group });
    this.groups.set(group, (this.groups.get(group) ?? 0) + 1);
  }

  remove(socket: WebSocket): void {
    const watcher = this.sockets.get(socket);
    if (watcher === undefined) return;
    this.sockets.delete(socket);
    const left = this.groups.get(watcher.group)! - 1;
    if (left === 0) this.groups.delete(watcher.group);
    else this.groups.set(watcher.group, left);
  }

  attachmentOf(socket: WebSocket): Attachment | null {
    return this.sockets.get(socket)?.attachment ?? null;
  }

  hasSubscribers(channel: Channel): boolean {
    for (const group of this.groups.keys()) if (group.split(',').includes(channel)) return true;
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
    const parts: Record<'book' | 'trades' | 'ticker', () => unknown> = {
      book: () => book,
      trades: () => (trades.length === 0 ? undefined : trades),
      ticker: () => this.views.ticker(),
    };
    const frames = new Map<string, string>();
    for (const group of this.groups.keys()) {
      const channels = group.split(',');
      const wanted = (['book', 'trades', 'ticker'] as const)
        .filter((channel) => channels.includes(channel))
        .map((channel) => [channel, parts[channel]()] as const)
        .filter(([, part]) => part !== undefined);
      if (wanted.length > 0)
        frames.set(group, JSON.stringify({ type: 'update', ...Object.fromEntries(wanted) }));
    }
    const ownOrders = this.ownOrders(items);
    for (const [socket, { attachment, group }] of this.sockets) {
      const frame = frames.get(group);
      if (frame !== undefined) this.send(socket, frame);
      const orders = attachment.userId === null ? undefined : ownOrders.get(attachment.userId);
      if (orders === undefined || !attachment.channels.includes('orders')) continue;
      if (this.views.hasEnded(attachment)) this.endSession(socket);
      else this.send(socket, orders);
    }
  }

  /** The last state of every level that changed after `prevSeq`. */
  private bookUpdate(prevSeq: number, items: readonly { seq: number; levels: readonly LevelChange[] }[]) {
    const changes = new Map<string, LevelChange>();
    for (const { levels } of items)
      for (const change of levels) changes.set(`${change[0]}${change[1]}`, change);
    return {
      prev_seq: prevSeq,
      first_seq: items[0]!.seq,
      last_seq: items.at(-1)!.seq,
      changes: [...changes.values()],
    };
  }

  private ownOrders(items: readonly FeedItem[]): Map<string, string> {
    const frames = new Map<string, string>();
    if (!this.hasSubscribers('orders')) return frames;
    const watching = new Set<string>();
    for (const { attachment } of this.sockets.values()) {
      if (attachment.userId !== null && attachment.channels.includes('orders'))
        watching.add(attachment.userId);
    }
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
    for (const [socket, { attachment }] of this.sockets) {
      if (attachment.channels.includes(channel)) this.send(socket, frame);
    }
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
    this.groups.clear();
  }
}
