import type { ErrorCode } from '../../src/domain/errors.ts';
import type { ChannelFrame, Channels, Topic, TopicKind } from '../../src/platform/channels/channels.ts';
import type {
  SocketAnswer,
  SocketCommands,
  SocketError,
} from '../../src/platform/channels/socket-commands.ts';
import type { RateLimiter } from '../../src/platform/rate/rate-limiter.ts';
import {
  HEARTBEAT_SECONDS,
  ListingFrame,
  MAX_CHANNEL_FRAME_BYTES,
  type UserCommand,
  UserFrame,
} from '../../src/wire/channels.ts';
import { StreamFrame } from '../../src/wire/streams.ts';
import {
  acceptSocket,
  answerClose,
  answerPings,
  identityOf,
  isUpgrade,
  readFrame,
} from '../shared/sockets.ts';
import { type Attachment, type Audience, frameOf } from './audience.ts';
import { type ChannelStorage, type StoredEvent, toChannelEvent } from './storage.ts';
import type { StreamRoom } from './stream-room.ts';
import { parseTopic, rulesOf } from './topics.ts';

/** A socket that sends this many frames that cannot be understood is closed. */
const MAX_BAD_FRAMES = 10;
/** Who sends this many times the limit is not waiting, but flooding: the socket is closed. */
const FLOOD_FACTOR = 4;
/** Feeds that one socket may listen to beside its own topic. */
const MAX_FEEDS = 20;

/** What the sockets need of the object around them. */
export interface SocketHost {
  ctx: DurableObjectState;
  now: () => number;
  rate: RateLimiter;
  framesPerMinute: number;
  storage: ChannelStorage;
  audience: Audience;
  channels: Channels;
  commands: SocketCommands;
  hasEnded(attachment: Attachment): boolean;
  settled(): Promise<void>;
  /** Null unless this is the channel of a stream. */
  room(): StreamRoom | null;
}

/** What the upgrade says beside who is calling, in the address that the Worker made. */
export interface ConnectOptions {
  username: string | null;
  isHost: boolean;
  aliases: boolean;
  resumeFrom: number | null;
}

type ReadFrames = {
  [K in TopicKind]: (message: string | ArrayBuffer) => ReturnType<typeof readFrame<UserFrame | StreamFrame>>;
};

const READ: ReadFrames = {
  user: (message) => readFrame(message, UserFrame, MAX_CHANNEL_FRAME_BYTES),
  market: (message) => readFrame<UserFrame>(message, ListingFrame, MAX_CHANNEL_FRAME_BYTES),
  listing: (message) => readFrame<UserFrame>(message, ListingFrame, MAX_CHANNEL_FRAME_BYTES),
  stream: (message) => readFrame(message, StreamFrame, MAX_CHANNEL_FRAME_BYTES),
};

/** The listeners' end of a channel: upgrades, frames, and the commands that the Worker performs. */
export class ChannelSockets {
  private readonly host: SocketHost;
  /** Commands of one socket are performed one after the other: two messages keep their order. */
  private readonly queues = new WeakMap<WebSocket, Promise<void>>();
  private readonly strangers = new WeakMap<WebSocket, string>();
  private strangersSeen = 0;

  constructor(host: SocketHost) {
    this.host = host;
    answerPings(host.ctx);
  }

  accept(
    request: Request,
    topic: Topic,
    { username, isHost, aliases, resumeFrom }: ConnectOptions,
  ): Response {
    const { ctx, audience, storage, now } = this.host;
    if (!isUpgrade(request)) return new Response(null, { status: 426 });
    if (storage.readMeta('isOver') === true) return new Response(null, { status: 410 });
    const rules = rulesOf(topic);
    if (rules.whenFull === 'replace_oldest') audience.makeRoom(rules.maxSockets);
    else if (audience.size >= rules.maxSockets) return new Response(null, { status: 503 });
    const nowMs = now();
    const attachment: Attachment = {
      ...identityOf(request),
      username,
      isHost,
      aliases,
      feeds: [],
      connectedAtMs: nowMs,
      heardAtMs: nowMs,
      badFrames: 0,
    };
    const { socket, response } = acceptSocket(ctx, request);
    audience.put(socket, attachment);
    this.send(socket, {
      type: 'connected',
      seq: storage.lastSeq(),
      data: {
        topic,
        user_id: attachment.userId,
        server_time: new Date(nowMs).toISOString(),
        heartbeat_seconds: HEARTBEAT_SECONDS,
      },
    });
    if (resumeFrom !== null) this.bringUpToDate(socket, topic, resumeFrom);
    else if (rules.historyType !== null)
      this.send(socket, {
        type: rules.historyType,
        data: { topic, events: this.kept(topic).map(toChannelEvent) },
      });
    const room = this.host.room();
    if (room !== null) this.send(socket, { type: 'stream:viewers', data: { viewers: room.viewers } });
    return response;
  }

  async receive(socket: WebSocket, topic: Topic, message: string | ArrayBuffer): Promise<void> {
    const { audience, now, hasEnded } = this.host;
    const attachment = audience.attachmentOf(socket);
    if (attachment === null) {
      socket.close(1012, 'Connect again');
      return;
    }
    if (hasEnded(attachment)) {
      audience.close(socket, 4401);
      return;
    }
    const heard = { ...attachment, heardAtMs: now() };
    audience.put(socket, heard);
    if (this.isOverLimit(socket, heard)) return;
    const frame = READ[parseTopic(topic).kind](message);
    if (!frame.ok) {
      const badFrames = heard.badFrames + 1;
      audience.put(socket, { ...heard, badFrames });
      this.refuse(socket, frame.code, frame.detail);
      if (badFrames >= MAX_BAD_FRAMES) audience.close(socket, 4400);
      return;
    }
    const { value } = frame;
    switch (value.type) {
      case 'heartbeat':
        await this.host.settled();
        this.send(
          socket,
          {
            type: 'pong',
            seq: this.host.storage.lastSeq(),
            data: { server_time: new Date(now()).toISOString() },
          },
          value.ref,
        );
        return;
      case 'resume':
        await this.host.settled();
        this.bringUpToDate(socket, topic, value.resume_from, value.ref);
        return;
      case 'stream:chat':
      case 'stream:react':
        await this.inTurn(socket, () => this.takePart(socket, heard, value));
        return;
      default:
        await this.inTurn(socket, () => this.perform(socket, topic, value));
    }
  }

  private async takePart(
    socket: WebSocket,
    sender: Attachment,
    command: Extract<StreamFrame, { type: `stream:${string}` }>,
  ): Promise<void> {
    const refusal = await this.host.room()?.perform(sender, command);
    if (typeof refusal === 'string') this.refuse(socket, 'rate_limited', refusal, command.ref);
    else if (command.type === 'stream:chat' && command.ref !== undefined)
      this.send(socket, { type: 'stream:chat:sent', data: {} }, command.ref);
  }

  closed(socket: WebSocket, code: number, reason: string): void {
    this.host.audience.remove(socket);
    answerClose(socket, code, reason);
  }

  private inTurn(socket: WebSocket, act: () => Promise<void>): Promise<void> {
    const turn = (this.queues.get(socket) ?? Promise.resolve()).then(act);
    this.queues.set(socket, turn);
    return turn;
  }

  /** Has the Worker do it, and gives its answer to the socket that asked. */
  private async perform(socket: WebSocket, topic: Topic, command: UserCommand): Promise<void> {
    const { audience, commands, channels } = this.host;
    const userId = audience.attachmentOf(socket)?.userId;
    if (userId === undefined || userId === null) return;
    let answer: SocketAnswer;
    try {
      answer = await commands.perform(userId, command);
    } catch (error) {
      console.warn(JSON.stringify({ level: 'warn', event: 'socket_command_failed', error: String(error) }));
      this.refuse(socket, 'unavailable', 'It may not have been done. Try again.', command.ref);
      return;
    }
    for (const frame of answer.frames) this.send(socket, frame, command.ref);
    if (answer.follow !== undefined) await this.follow(socket, topic, answer.follow, command.ref);
    const { unfollow } = answer;
    if (unfollow === undefined) return;
    const attachment = audience.attachmentOf(socket);
    if (attachment !== null)
      audience.put(socket, { ...attachment, feeds: attachment.feeds.filter((feed) => feed !== unfollow) });
    if (!audience.wants(unfollow)) await channels.unfollow(topic, unfollow);
  }

  private async follow(
    socket: WebSocket,
    topic: Topic,
    leader: Topic,
    ref: string | undefined,
  ): Promise<void> {
    const { audience, channels } = this.host;
    const attachment = audience.attachmentOf(socket);
    if (attachment === null) return;
    const feeds = [...new Set([...attachment.feeds, leader])].sort();
    if (feeds.length > MAX_FEEDS) {
      this.refuse(socket, 'rate_limited', `One socket follows at most ${MAX_FEEDS} feeds.`, ref);
      return;
    }
    // Before the question: what is published meanwhile must find the socket, and what is told twice has its seq.
    audience.put(socket, { ...attachment, feeds });
    const events = await channels.follow(topic, leader);
    this.send(socket, { type: rulesOf(leader).historyType!, data: { topic: leader, events } }, ref);
  }

  private kept(topic: Topic, afterSeq = 0): (StoredEvent & { seq: number })[] {
    return this.host.storage.eventsAfter(afterSeq, this.host.now() - rulesOf(topic).keptMs);
  }

  /** Sends what came after `seq` when all of it is still at hand; else `reset`: read again over REST. */
  private bringUpToDate(socket: WebSocket, topic: Topic, seq: number, ref?: string): void {
    const { audience, storage } = this.host;
    const lastSeq = storage.lastSeq();
    const missed = this.kept(topic, seq);
    if (seq > lastSeq || missed.length < lastSeq - seq) {
      this.send(socket, { type: 'reset', seq: lastSeq, data: {} }, ref);
      return;
    }
    const aliases = audience.attachmentOf(socket)?.aliases ?? false;
    const frame = frameOf(
      missed.map((event) => ({ from: null, event })),
      aliases,
    );
    if (frame !== null) audience.sendTo(socket, frame);
    if (ref !== undefined) this.send(socket, { type: 'resumed', seq: lastSeq, data: {} }, ref);
  }

  /** Counts a frame; past the limit the sender is told how long to wait, and far past it the line is closed. */
  private isOverLimit(socket: WebSocket, { userId }: Attachment): boolean {
    const { rate, framesPerMinute, now, audience } = this.host;
    const sender = userId ?? this.nameOf(socket);
    if (rate.check(`flood ${sender}`, framesPerMinute * FLOOD_FACTOR, now()) > 0) {
      audience.close(socket, 4429);
      return true;
    }
    const waitSeconds = rate.check(sender, framesPerMinute, now());
    if (waitSeconds > 0)
      this.refuse(socket, 'rate_limited', `Too many frames. Try again in ${waitSeconds} s.`);
    return waitSeconds > 0;
  }

  /** Strangers are counted socket by socket, so that one who floods costs the others nothing. */
  private nameOf(socket: WebSocket): string {
    const known = this.strangers.get(socket);
    if (known !== undefined) return known;
    this.strangersSeen += 1;
    const name = `stranger ${this.strangersSeen}`;
    this.strangers.set(socket, name);
    return name;
  }

  private refuse(socket: WebSocket, code: ErrorCode, detail: string, ref?: string): void {
    this.send(socket, { type: 'error', code, detail }, ref);
  }

  private send(
    socket: WebSocket,
    frame: (ChannelFrame & { seq?: number }) | SocketError,
    ref?: string,
  ): void {
    this.host.audience.sendTo(socket, JSON.stringify(ref === undefined ? frame : { ...frame, ref }));
  }
}
