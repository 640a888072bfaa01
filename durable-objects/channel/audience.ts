import { z } from 'zod';
import type { Topic } from '../../src/platform/channels/channels.ts';
import { ALIASES } from '../../src/wire/channel-events.ts';
import { CHANNEL_CLOSE_CODES, PRESENCE_SECONDS } from '../../src/wire/channels.ts';
import { SocketIdentity } from '../shared/sockets.ts';
import type { StoredEvent } from './storage.ts';

/** What a socket carries through hibernation. Parsed on every wake: a deploy may find older shapes. */
const Attachment = SocketIdentity.extend({
  /** How the user is called; null for a stranger. */
  username: z.string().nullable(),
  /** Whether this is the host of the stream. */
  isHost: z.boolean().default(false),
  /** Whether it gets the names of SN-35. */
  aliases: z.boolean(),
  /** Other topics whose events it gets too. */
  feeds: z.array(z.string()),
  connectedAtMs: z.number(),
  /** When it last sent a frame; the answers to the text `ping` are counted by the platform. */
  heardAtMs: z.number(),
  badFrames: z.number(),
});
export type Attachment = z.infer<typeof Attachment>;

/** An event and the topic it comes from; null for the audience's own. */
export interface Told {
  from: Topic | null;
  event: StoredEvent;
}

interface Listener {
  attachment: Attachment;
  /** Sockets of one group get the same frames. */
  group: string;
  /** Characters sent since the socket was last heard of. */
  unheard: number;
  unheardSinceMs: number;
}

/** A reader that takes this much without a sign of life is too slow: it is dropped and resumes, so that nothing piles up. */
const MAX_UNHEARD_CHARACTERS = 8 * 1024 * 1024;
/** Frames are what costs: a crowd gets fewer and fuller ones. */
const MS_BETWEEN_FRAMES_PER_SOCKET = 0.05;
const LONGEST_BETWEEN_FRAMES_MS = 100;

/** Who listens to a channel, and what each of them gets: at most one frame a turn, serialised once a group. */
export class Audience {
  private readonly listeners = new Map<WebSocket, Listener>();
  private readonly ctx: DurableObjectState;
  private readonly now: () => number;
  private readonly hasEnded: (attachment: Attachment) => boolean;
  private pending: Told[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastFrameMs = 0;
  /** Grows when somebody comes or goes. */
  changes = 0;

  constructor(ctx: DurableObjectState, now: () => number, hasEnded: (attachment: Attachment) => boolean) {
    this.ctx = ctx;
    this.now = now;
    this.hasEnded = hasEnded;
    for (const socket of ctx.getWebSockets()) {
      const attachment = Attachment.safeParse(socket.deserializeAttachment());
      if (attachment.success) this.listen(socket, attachment.data);
      else socket.close(1012, CHANNEL_CLOSE_CODES[1012]);
    }
  }

  get size(): number {
    return this.listeners.size;
  }

  /** A new socket, or a new state of one that is here. */
  put(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
    this.listen(socket, attachment);
  }

  private listen(socket: WebSocket, attachment: Attachment): void {
    const group = [attachment.aliases ? 'aliases' : '', ...attachment.feeds].join();
    const known = this.listeners.get(socket);
    if (known === undefined) this.changes += 1;
    this.listeners.set(socket, {
      attachment,
      group,
      unheard: known?.unheard ?? 0,
      unheardSinceMs: known?.unheardSinceMs ?? attachment.connectedAtMs,
    });
  }

  remove(socket: WebSocket): void {
    if (this.listeners.delete(socket)) this.changes += 1;
  }

  attachmentOf(socket: WebSocket): Attachment | null {
    return this.listeners.get(socket)?.attachment ?? null;
  }

  attachments(): Attachment[] {
    return Array.from(this.listeners.values(), ({ attachment }) => attachment);
  }

  wants(feed: Topic): boolean {
    for (const { attachment } of this.listeners.values()) if (attachment.feeds.includes(feed)) return true;
    return false;
  }

  /** Takes events in; the sockets get them at once, or together with the next ones when they come fast to many. */
  tell(told: readonly Told[]): void {
    if (this.listeners.size === 0 || told.length === 0) return;
    this.pending.push(...told);
    if (this.timer !== null) return;
    const gapMs = Math.min(LONGEST_BETWEEN_FRAMES_MS, this.listeners.size * MS_BETWEEN_FRAMES_PER_SOCKET);
    const waitMs = this.lastFrameMs + gapMs - this.now();
    if (waitMs <= 0) this.send();
    else
      this.timer = setTimeout(() => {
        this.timer = null;
        this.send();
      }, waitMs);
  }

  private send(): void {
    const told = this.pending;
    this.pending = [];
    this.lastFrameMs = this.now();
    const frames = new Map<string, string | null>();
    for (const [socket, { attachment, group }] of this.listeners) {
      if (this.hasEnded(attachment)) {
        this.close(socket, 4401);
        continue;
      }
      let frame = frames.get(group);
      if (frame === undefined) {
        frame = frameOf(
          told.filter(({ from }) => from === null || attachment.feeds.includes(from)),
          attachment.aliases,
        );
        frames.set(group, frame);
      }
      if (frame !== null) this.sendTo(socket, frame);
    }
  }

  /** A socket that is gone takes no frame; its close event does the rest. */
  sendTo(socket: WebSocket, frame: string): void {
    const listener = this.listeners.get(socket);
    if (listener === undefined) return;
    const heardAtMs = this.heardAtMs(socket, listener);
    if (heardAtMs > listener.unheardSinceMs) {
      listener.unheardSinceMs = heardAtMs;
      listener.unheard = 0;
    }
    listener.unheard += frame.length;
    if (listener.unheard > MAX_UNHEARD_CHARACTERS) {
      this.close(socket, 4408);
      return;
    }
    try {
      socket.send(frame);
    } catch {
      this.remove(socket);
    }
  }

  private heardAtMs(socket: WebSocket, { attachment }: Listener): number {
    return Math.max(attachment.heardAtMs, this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0);
  }

  /** Closes the sockets that nothing was heard of for too long. */
  closeSilent(): void {
    const sinceMs = this.now() - PRESENCE_SECONDS * 1_000;
    for (const [socket, listener] of this.listeners)
      if (this.heardAtMs(socket, listener) <= sinceMs) this.close(socket, 4408);
  }

  /** When the most silent socket will have been silent for too long. */
  nextSilentAtMs(): number | null {
    let earliest: number | null = null;
    for (const [socket, listener] of this.listeners) {
      const atMs = this.heardAtMs(socket, listener) + PRESENCE_SECONDS * 1_000;
      earliest = earliest === null ? atMs : Math.min(earliest, atMs);
    }
    return earliest;
  }

  /** Lets the oldest go until there is room for one more. */
  makeRoom(maxSockets: number): void {
    while (this.listeners.size >= maxSockets) {
      let oldest: [WebSocket, number] | null = null;
      for (const [socket, { attachment }] of this.listeners)
        if (oldest === null || attachment.connectedAtMs < oldest[1])
          oldest = [socket, attachment.connectedAtMs];
      this.close(oldest![0], 4409);
    }
  }

  closeUser(userId: string, code: keyof typeof CHANNEL_CLOSE_CODES): void {
    for (const [socket, { attachment }] of this.listeners)
      if (attachment.userId === userId) this.close(socket, code);
  }

  /** Sends what waits, and lets everybody go. */
  closeAll(code: keyof typeof CHANNEL_CLOSE_CODES): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending.length > 0) this.send();
    for (const socket of [...this.listeners.keys()]) this.close(socket, code);
  }

  close(socket: WebSocket, code: keyof typeof CHANNEL_CLOSE_CODES): void {
    this.remove(socket);
    try {
      socket.close(code, CHANNEL_CLOSE_CODES[code]);
    } catch {
      // It has gone by itself.
    }
  }
}

/** One event as its listeners read it. */
export function eventText({ from, event }: Told, aliases: boolean): string {
  const type = (aliases ? ALIASES[event.type] : undefined) ?? event.type;
  const topic = from === null ? '' : `,"topic":${JSON.stringify(from)}`;
  const seq = event.seq === null ? '' : `,"seq":${event.seq}`;
  const id = event.id === null ? '' : `,"id":${JSON.stringify(event.id)}`;
  return `{"type":${JSON.stringify(type)}${topic}${seq}${id},"at":"${new Date(event.atMs).toISOString()}","data":${event.data}}`;
}

/** A lone event travels as itself, several in a `batch`. */
export function frameOf(told: readonly Told[], aliases: boolean): string | null {
  const [first, ...rest] = told;
  if (first === undefined) return null;
  if (rest.length === 0) return eventText(first, aliases);
  return `{"type":"batch","events":[${told.map((one) => eventText(one, aliases)).join()}]}`;
}
