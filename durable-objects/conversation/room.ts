import { z } from 'zod';
import { CHAT_ALIASES, CHAT_CLOSE_CODES } from '../../src/wire/chat.ts';
import { SocketIdentity } from '../shared/sockets.ts';

/** What a socket carries through hibernation. Parsed on every wake: a deploy may find older shapes. */
const Attachment = SocketIdentity.extend({
  userId: z.string(),
  /** Whether it gets the other names of events. */
  aliases: z.boolean(),
  connectedAtMs: z.number(),
  /** When it last sent a frame; the answers to the text `ping` are counted by the platform. */
  heardAtMs: z.number(),
  badFrames: z.number(),
  /** Until when its last sign of typing lasts; 0 when it gave none. */
  typingUntilMs: z.number(),
});
export type Attachment = z.infer<typeof Attachment>;

/** An event with its data as JSON text. */
export interface ChatEvent {
  type: string;
  /** Null for what is only passed on, such as typing. */
  rev: number | null;
  atMs: number;
  data: string;
  /** The one user who is not told. */
  notFor: string | null;
}

/** How the socket that asked for a change is told of it, in the place of what everybody is told. */
export interface OwnEvent {
  socket: WebSocket;
  event: ChatEvent & { ref: string | undefined };
}

interface Listener {
  attachment: Attachment;
  /** Characters sent since the socket was last heard of. */
  unheard: number;
  unheardSinceMs: number;
}

/** A reader that takes this much without a sign of life is too slow: it is dropped and resumes, so that nothing piles up. */
const MAX_UNHEARD_CHARACTERS = 16 * 1024 * 1024;
/** Frames are what costs: a crowd gets fewer and fuller ones. */
const MS_BETWEEN_FRAMES_PER_SOCKET = 0.05;
const LONGEST_BETWEEN_FRAMES_MS = 100;

/** Whose devices are here, and what each of them gets: at most one frame a turn, its shared part serialised once. */
export class Room {
  private readonly listeners = new Map<WebSocket, Listener>();
  private readonly ctx: DurableObjectState;
  private readonly now: () => number;
  private readonly hasEnded: (attachment: Attachment) => boolean;
  private pending: ChatEvent[] = [];
  private own: OwnEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastFrameMs = 0;

  constructor(ctx: DurableObjectState, now: () => number, hasEnded: (attachment: Attachment) => boolean) {
    this.ctx = ctx;
    this.now = now;
    this.hasEnded = hasEnded;
    for (const socket of ctx.getWebSockets()) {
      const attachment = Attachment.safeParse(socket.deserializeAttachment());
      if (attachment.success) this.listen(socket, attachment.data);
      else socket.close(1012, CHAT_CLOSE_CODES[1012]);
    }
  }

  /** A new socket, or a new state of one that is here. */
  put(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
    this.listen(socket, attachment);
  }

  /** A new state that need not outlive a sleep. */
  note(socket: WebSocket, attachment: Attachment): void {
    this.listen(socket, attachment);
  }

  private listen(socket: WebSocket, attachment: Attachment): void {
    const known = this.listeners.get(socket);
    if (known === undefined)
      this.listeners.set(socket, { attachment, unheard: 0, unheardSinceMs: attachment.connectedAtMs });
    else known.attachment = attachment;
  }

  remove(socket: WebSocket): void {
    this.listeners.delete(socket);
  }

  attachmentOf(socket: WebSocket): Attachment | null {
    return this.listeners.get(socket)?.attachment ?? null;
  }

  typists(): { userId: string; untilMs: number }[] {
    return Array.from(this.listeners.values(), ({ attachment: { userId, typingUntilMs } }) => ({
      userId,
      untilMs: typingUntilMs,
    })).filter(({ untilMs }) => untilMs > 0);
  }

  /** Takes events in; the sockets get them at once, or together with the next ones when they come fast to many. */
  tell(events: readonly ChatEvent[], own: readonly OwnEvent[]): void {
    if (this.listeners.size === 0) return;
    this.pending.push(...events);
    this.own.push(...own);
    if (this.timer !== null) return;
    const gapMs = Math.min(LONGEST_BETWEEN_FRAMES_MS, this.listeners.size * MS_BETWEEN_FRAMES_PER_SOCKET);
    const waitMs = this.lastFrameMs + gapMs - this.now();
    if (waitMs <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), waitMs);
  }

  /** Sends what has been taken in: before a socket is told anything else, so that it hears all in order. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending.length === 0 && this.own.length === 0) return;
    const { pending, own } = this;
    this.pending = [];
    this.own = [];
    this.lastFrameMs = this.now();
    const ownTexts = new Map<WebSocket, Map<number | null, string>>();
    for (const { socket, event } of own) {
      const texts = ownTexts.get(socket) ?? new Map<number | null, string>();
      ownTexts.set(socket, texts.set(event.rev, eventText(event, false)));
    }
    const everybodys = pending.every(({ notFor }) => notFor === null);
    const shared = new Map<string, { events: ChatEvent[]; texts: string[]; frame: string | null }>();
    for (const [socket, { attachment }] of this.listeners) {
      const { aliases, userId } = attachment;
      if (this.hasEnded(attachment)) {
        this.close(socket, 4401);
        continue;
      }
      const group = `${aliases} ${everybodys ? '' : userId}`;
      let told = shared.get(group);
      if (told === undefined) {
        const events = pending.filter(({ notFor }) => notFor !== userId);
        const texts = events.map((event) => eventText(event, aliases));
        told = { events, texts, frame: frameOf(texts) };
        shared.set(group, told);
      }
      const mine = ownTexts.get(socket);
      const { events, texts } = told;
      const frame =
        mine === undefined ? told.frame : frameOf(texts.map((text, at) => mine.get(events[at]!.rev) ?? text));
      if (frame !== null) this.sendTo(socket, frame);
    }
  }

  /** A socket that is gone takes no frame; its close event does the rest. */
  sendTo(socket: WebSocket, frame: string): void {
    const listener = this.listeners.get(socket);
    if (listener === undefined) return;
    listener.unheard += frame.length;
    if (listener.unheard > MAX_UNHEARD_CHARACTERS) {
      const heardAtMs = this.heardAtMs(socket, listener);
      if (heardAtMs <= listener.unheardSinceMs) {
        this.close(socket, 4408);
        return;
      }
      listener.unheardSinceMs = heardAtMs;
      listener.unheard = frame.length;
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

  /** Lets the oldest devices of a user go until there is room for one more. */
  makeRoom(userId: string, maxSockets: number): void {
    const mine = [...this.listeners].filter(([, { attachment }]) => attachment.userId === userId);
    mine.sort(([, a], [, b]) => a.attachment.connectedAtMs - b.attachment.connectedAtMs);
    for (const [socket] of mine.slice(0, Math.max(0, mine.length - maxSockets + 1))) this.close(socket, 4409);
  }

  closeUser(userId: string, code: keyof typeof CHAT_CLOSE_CODES): void {
    for (const [socket, { attachment }] of this.listeners)
      if (attachment.userId === userId) this.close(socket, code);
  }

  close(socket: WebSocket, code: keyof typeof CHAT_CLOSE_CODES): void {
    this.remove(socket);
    try {
      socket.close(code, CHAT_CLOSE_CODES[code]);
    } catch {
      // It has gone by itself.
    }
  }
}

/** One event as its listeners read it. */
export function eventText(
  { type, rev, atMs, data, ref }: ChatEvent & { ref?: string | undefined },
  aliases: boolean,
): string {
  const name = (aliases ? CHAT_ALIASES[type] : undefined) ?? type;
  const place = rev === null ? '' : `,"rev":${rev}`;
  const answers = ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;
  return `{"type":"${name}"${place}${answers},"at":"${new Date(atMs).toISOString()}","data":${data}}`;
}

/** A lone event travels as itself, several in a `batch`. */
export function frameOf(texts: readonly string[]): string | null {
  if (texts.length < 2) return texts[0] ?? null;
  return `{"type":"batch","events":[${texts.join()}]}`;
}
