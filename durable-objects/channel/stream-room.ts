import {
  CHATS_PER_MINUTE,
  REACTIONS_PER_MINUTE,
  type STREAM_REACTIONS,
  VIEWERS_EVERY_MS,
} from '../../src/domain/streams/stream.ts';
import type { ChannelFrame, RoomStats } from '../../src/platform/channels/channels.ts';
import type { RateLimiter } from '../../src/platform/rate/rate-limiter.ts';
import type { StreamFrame } from '../../src/wire/streams.ts';
import type { Attachment, Audience } from './audience.ts';
import type { ChannelStorage } from './storage.ts';
import type { ViewerStorage } from './viewers.ts';

const MINUTE_MS = 60_000;
/** Reactions of this long travel together. */
const REACTIONS_EVERY_MS = 1_000;

type RoomCommand = Extract<StreamFrame, { type: 'stream:chat' | 'stream:react' }>;
/** A refusal that the sender is told, or null. */
type Refusal = string | null;

export interface RoomHost {
  now: () => number;
  audience: Audience;
  storage: ChannelStorage;
  viewers: ViewerStorage;
  rate: RateLimiter;
  /** Stores and tells; resolves once it is stored. */
  publish(frames: ChannelFrame[]): Promise<void>;
  armBy(atMs: number): void;
}

/**
 * What a stream room does beyond fan-out: it counts who watches and for how long, takes chat and reactions, and tells how
 * many are here. The host is no viewer. Nothing here asks a database: whoever is connected was let in by the Worker.
 */
export class StreamRoom {
  private readonly host: RoomHost;
  private here: Set<string>;
  private seenChanges = -1;
  private toldViewers: number | null = null;
  private viewersDueAtMs: number | null = null;
  private viewersToldAtMs = Number.NEGATIVE_INFINITY;
  private felt = new Map<string, number>();
  private reactionsTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(host: RoomHost) {
    this.host = host;
    this.here = new Set(host.viewers.here());
  }

  get viewers(): number {
    return this.here.size;
  }

  /** Takes note of who came and who went. */
  reconcile(): void {
    const { audience, viewers, storage, now } = this.host;
    if (audience.changes === this.seenChanges) return;
    this.seenChanges = audience.changes;
    const present = new Set<string>();
    for (const { userId, isHost } of audience.attachments())
      if (userId !== null && !isHost) present.add(userId);
    for (const userId of present) if (!this.here.has(userId)) viewers.enter(userId, now());
    for (const userId of this.here) if (!present.has(userId)) viewers.leave(userId, now());
    this.here = present;
    if (present.size > (storage.readMeta('peakViewers') ?? 0)) storage.writeMeta('peakViewers', present.size);
    if (present.size === this.toldViewers || this.viewersDueAtMs !== null) return;
    this.viewersDueAtMs = Math.max(now(), this.viewersToldAtMs + VIEWERS_EVERY_MS);
    if (this.viewersDueAtMs <= now()) this.tellViewers();
    else this.host.armBy(this.viewersDueAtMs);
  }

  /** At the alarm: tells the count when that is due. */
  tick(): void {
    if (this.viewersDueAtMs === null) return;
    if (this.viewersDueAtMs <= this.host.now()) this.tellViewers();
    else this.host.armBy(this.viewersDueAtMs);
  }

  private tellViewers(): void {
    this.viewersDueAtMs = null;
    if (this.viewers === this.toldViewers) return;
    this.viewersToldAtMs = this.host.now();
    this.toldViewers = this.viewers;
    void this.host.publish([{ type: 'stream:viewers', data: { viewers: this.viewers } }]);
  }

  async perform({ userId, username, isHost }: Attachment, command: RoomCommand): Promise<Refusal> {
    if (userId === null) return 'Sign in to take part.';
    return command.type === 'stream:chat'
      ? this.chat({ user_id: userId, username: username ?? '', is_host: isHost }, command)
      : this.react(userId, command.emoji);
  }

  private async chat(
    sender: { user_id: string; username: string; is_host: boolean },
    { text, client_id }: Extract<RoomCommand, { type: 'stream:chat' }>,
  ): Promise<Refusal> {
    const { viewers, now } = this.host;
    if (!viewers.mayChat(sender.user_id, now(), MINUTE_MS, CHATS_PER_MINUTE))
      return `You may say ${CHATS_PER_MINUTE} things in a minute.`;
    await this.host.publish([
      {
        type: 'stream:chat',
        ...(client_id === undefined ? {} : { id: `${sender.user_id}:${client_id}` }),
        data: { ...sender, text },
      },
    ]);
    return null;
  }

  /** Takes a line of chat out of what is kept and tells whoever is here; false when it is not there (any more). */
  async removeLine(seq: number): Promise<boolean> {
    if (!this.host.storage.blankLine(seq)) return false;
    await this.host.publish([{ type: 'stream:chat:deleted', id: `deleted:${seq}`, data: { seq } }]);
    return true;
  }

  private react(userId: string, emoji: (typeof STREAM_REACTIONS)[number]): Refusal {
    const { rate, now } = this.host;
    if (rate.check(`react ${userId}`, REACTIONS_PER_MINUTE, now()) > 0)
      return `You may react ${REACTIONS_PER_MINUTE} times in a minute.`;
    this.felt.set(emoji, (this.felt.get(emoji) ?? 0) + 1);
    this.reactionsTimer ??= setTimeout(() => this.tellReactions(), REACTIONS_EVERY_MS);
    return null;
  }

  private tellReactions(): void {
    if (this.reactionsTimer !== null) clearTimeout(this.reactionsTimer);
    this.reactionsTimer = null;
    if (this.felt.size === 0) return;
    const counts = this.felt;
    this.felt = new Map();
    this.host.viewers.addReactions(counts);
    void this.host.publish([{ type: 'stream:reactions', data: { counts: Object.fromEntries(counts) } }]);
  }

  stats(): RoomStats {
    const { viewers, storage, now } = this.host;
    const { unique, watchedMs } = viewers.totals(now());
    return {
      viewers: this.viewers,
      peakViewers: storage.readMeta('peakViewers') ?? 0,
      uniqueViewers: unique,
      watchedMs,
      reactions: viewers.reactions(),
    };
  }

  /** Says the last word once, and lets everybody go; nobody comes in any more. */
  async end(last: ChannelFrame): Promise<RoomStats> {
    const { storage, audience } = this.host;
    if (storage.readMeta('isOver') !== true) {
      this.tellReactions();
      await this.host.publish([last]);
      storage.writeMeta('isOver', true);
    }
    audience.closeAll(4410);
    this.reconcile();
    return this.stats();
  }
}
