import { placeOf } from '../../src/domain/chat/conversation.ts';
import { type ChatCommand, isClosed, type Thread } from '../../src/domain/chat/thread.ts';
import type { ErrorCode, Failure } from '../../src/domain/errors.ts';
import type { ChatAnswer, Reached } from '../../src/platform/conversations/conversations.ts';
import type { RateLimiter } from '../../src/platform/rate/rate-limiter.ts';
import { HEARTBEAT_SECONDS } from '../../src/wire/channels.ts';
import { ChatFrame, MAX_CHAT_FRAME_BYTES, messageView } from '../../src/wire/chat.ts';
import { draftOf } from '../../src/wire/chat-draft.ts';
import {
  acceptSocket,
  answerClose,
  answerPings,
  identityOf,
  isUpgrade,
  readFrame,
} from '../shared/sockets.ts';
import type { Acknowledged } from './object.ts';
import { type Attachment, type ChatEvent, eventText, frameOf, type Room } from './room.ts';
import type { Typing } from './typing.ts';

/** A socket that sends this many frames that cannot be understood is closed. */
const MAX_BAD_FRAMES = 10;
/** Who sends this many times the limit is not waiting, but flooding: the socket is closed. */
const FLOOD_FACTOR = 4;
/** Changes that are sent again one by one to a device that comes back; past it a snapshot is less. */
const MAX_MISSED = 500;

/** What the sockets need of the object around them. */
export interface SocketHost {
  ctx: DurableObjectState;
  now: () => number;
  rate: RateLimiter;
  framesPerMinute: number;
  socketsPerUser: number;
  room: Room;
  typing: Typing;
  hasEnded(attachment: Attachment): boolean;
  current(): { thread: Thread } | null;
  execute(
    userId: string,
    command: ChatCommand,
    acknowledge: Acknowledged | null,
  ): Promise<Reached<ChatAnswer>>;
  settled(): Promise<void>;
  missedSince(rev: number, limit: number): ChatEvent[] | null;
  snapshot(): unknown;
}

/** The devices' end of a conversation: upgrades, frames, and the same commands as over REST. */
export class ConversationSockets {
  private readonly host: SocketHost;

  constructor(host: SocketHost) {
    this.host = host;
    answerPings(host.ctx);
  }

  /** Lets a participant's device in; for anybody else there is no such conversation. */
  accept(request: Request): Response {
    const { ctx, room, now, socketsPerUser, current } = this.host;
    const { thread } = current()!;
    const { userId, ...identity } = identityOf(request);
    const me = userId === null ? undefined : thread.participants.get(userId);
    if (me === undefined) return new Response(null, { status: 404 });
    if (!isUpgrade(request)) return new Response(null, { status: 426 });
    room.makeRoom(me.userId, socketsPerUser);
    // What has been stored and not told yet is part of what the newcomer is told first.
    room.flush();
    const query = new URL(request.url).searchParams;
    const resumeFrom = query.get('resume_from');
    const nowMs = now();
    const { socket, response } = acceptSocket(ctx, request, [me.userId]);
    room.put(socket, {
      ...identity,
      userId: me.userId,
      aliases: query.get('aliases') === 'true',
      connectedAtMs: nowMs,
      heardAtMs: nowMs,
      badFrames: 0,
      typingUntilMs: 0,
    });
    this.send(socket, {
      type: 'connected',
      rev: thread.rev,
      data: {
        conversation_id: thread.id,
        user_id: me.userId,
        rev: thread.rev,
        last_seq: thread.lastSeq,
        read_seq: me.readSeq,
        delivered_seq: me.deliveredSeq,
        server_time: new Date(nowMs).toISOString(),
        heartbeat_seconds: HEARTBEAT_SECONDS,
      },
    });
    if (resumeFrom !== null) this.bringUpToDate(socket, Number(resumeFrom));
    return response;
  }

  async receive(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const { room, now, hasEnded, current } = this.host;
    const attachment = room.attachmentOf(socket);
    const thread = current()?.thread;
    if (attachment === null || thread === undefined) {
      socket.close(1012, 'Connect again');
      return;
    }
    if (hasEnded(attachment)) return room.close(socket, 4401);
    if (!thread.participants.has(attachment.userId)) return room.close(socket, 4403);
    const heard = { ...attachment, heardAtMs: now() };
    room.note(socket, heard);
    if (this.isOverLimit(socket, heard)) return;
    const frame = readFrame(message, ChatFrame, MAX_CHAT_FRAME_BYTES);
    if (!frame.ok) {
      room.put(socket, { ...heard, badFrames: heard.badFrames + 1 });
      this.refuse(socket, frame);
      if (heard.badFrames + 1 >= MAX_BAD_FRAMES) room.close(socket, 4400);
      return;
    }
    const { value } = frame;
    if (value.conversation_id !== undefined && value.conversation_id !== thread.id) {
      this.refuse(
        socket,
        { code: 'conversation_not_found', detail: 'This socket is of another conversation.' },
        value.ref,
      );
      return;
    }
    await this.obey(socket, heard, thread, value);
  }

  private async obey(
    socket: WebSocket,
    attachment: Attachment,
    thread: Thread,
    frame: ChatFrame,
  ): Promise<void> {
    const { room, typing, now, settled, snapshot } = this.host;
    const { userId } = attachment;
    const { ref } = frame;
    switch (frame.type) {
      case 'heartbeat':
        await settled();
        room.flush();
        this.send(
          socket,
          { type: 'pong', rev: thread.rev, data: { server_time: new Date(now()).toISOString() } },
          ref,
        );
        return;
      case 'resume':
        await settled();
        this.bringUpToDate(socket, frame.resume_from, ref);
        return;
      case 'conversation:join':
        await this.command(socket, userId, { op: 'read', seq: null, all: true }, ref, false);
        room.flush();
        this.send(socket, { type: 'conversation:joined', rev: thread.rev, data: snapshot() }, ref);
        return;
      case 'conversation:leave':
        typing.stop(userId);
        this.send(
          socket,
          { type: 'conversation:left', data: { conversation_id: thread.id, user_id: userId } },
          ref,
        );
        return;
      case 'typing:start':
        if (isClosed(thread)) {
          this.refuse(
            socket,
            { code: 'conversation_blocked', detail: 'One of you has blocked the other.' },
            ref,
          );
          return;
        }
        room.put(socket, { ...attachment, typingUntilMs: typing.start(userId) });
        if (ref !== undefined) this.done(socket, ref);
        return;
      case 'typing:stop':
        room.put(socket, { ...attachment, typingUntilMs: 0 });
        typing.stop(userId);
        if (ref !== undefined) this.done(socket, ref);
        return;
      default: {
        const command = commandOf(frame, thread);
        if ('code' in command) this.refuse(socket, command, ref);
        else await this.command(socket, userId, command, ref, true);
      }
    }
  }

  /** Performs a command. What it changes is acknowledged in the frame that tells of it; a repeat or a refusal by itself. */
  private async command(
    socket: WebSocket,
    userId: string,
    command: ChatCommand,
    ref: string | undefined,
    acknowledge: boolean,
  ): Promise<void> {
    const { room, execute, current } = this.host;
    const answer = await execute(userId, command, acknowledge ? { socket, ref } : null);
    if (answer === null) return;
    if (!answer.ok) this.refuse(socket, answer.failure, ref);
    else if (acknowledge && answer.replayed) {
      room.flush();
      const { message } = answer;
      if (command.op === 'send' && message !== null)
        this.send(
          socket,
          { type: 'message:sent', rev: message.rev, data: messageView(current()!.thread.id, message) },
          ref,
        );
      else this.done(socket, ref);
    }
  }

  closed(socket: WebSocket, code: number, reason: string): void {
    this.gone(socket);
    answerClose(socket, code, reason);
  }

  /** A device that was typing and is gone has stopped. */
  gone(socket: WebSocket): void {
    const { room, typing, now } = this.host;
    const attachment = room.attachmentOf(socket);
    room.remove(socket);
    if (attachment !== null && attachment.typingUntilMs > now()) typing.stop(attachment.userId);
  }

  /** Sends what came after `rev`, each message and cursor once, as it is now; or a snapshot when that is too much. */
  private bringUpToDate(socket: WebSocket, rev: number, ref?: string): void {
    const { room, missedSince, snapshot, current } = this.host;
    const { thread } = current()!;
    room.flush();
    const missed = rev > thread.rev || !Number.isSafeInteger(rev) ? null : missedSince(rev, MAX_MISSED);
    if (missed === null) {
      this.send(socket, { type: 'reset', rev: thread.rev, data: snapshot() }, ref);
      return;
    }
    const aliases = room.attachmentOf(socket)?.aliases ?? false;
    const frame = frameOf(missed.map((event) => eventText(event, aliases)));
    if (frame !== null) room.sendTo(socket, frame);
    this.send(socket, { type: 'resumed', rev: thread.rev, data: {} }, ref);
  }

  /** Counts a frame; past the limit the sender is told how long to wait, and far past it the line is closed. */
  private isOverLimit(socket: WebSocket, { userId }: Attachment): boolean {
    const { rate, framesPerMinute, now, room } = this.host;
    if (rate.check(`flood ${userId}`, framesPerMinute * FLOOD_FACTOR, now()) > 0) {
      room.close(socket, 4429);
      return true;
    }
    const waitSeconds = rate.check(userId, framesPerMinute, now());
    if (waitSeconds > 0)
      this.refuse(socket, {
        code: 'rate_limited',
        detail: `Too many frames. Try again in ${waitSeconds} s.`,
      });
    return waitSeconds > 0;
  }

  private done(socket: WebSocket, ref: string | undefined): void {
    this.send(socket, { type: 'done', data: {} }, ref);
  }

  private refuse(
    socket: WebSocket,
    { code, detail, extra }: { code: ErrorCode; detail: string; extra?: Failure['extra'] },
    ref?: string,
  ): void {
    this.send(socket, { type: 'error', code, detail, ...extra }, ref);
  }

  private send(socket: WebSocket, frame: Record<string, unknown>, ref?: string): void {
    this.host.room.sendTo(socket, JSON.stringify(ref === undefined ? frame : { ...frame, ref }));
  }
}

type CommandFrame = Exclude<
  ChatFrame,
  {
    type:
      | 'heartbeat'
      | 'resume'
      | 'conversation:join'
      | 'conversation:leave'
      | 'typing:start'
      | 'typing:stop';
  }
>;

const MESSAGE_NOT_FOUND: Failure = {
  code: 'message_not_found',
  detail: 'There is no such message in this conversation.',
};

function commandOf(frame: CommandFrame, { id, lastSeq }: Thread): ChatCommand | Failure {
  if (frame.type === 'message:send') {
    const draft = draftOf(frame, id);
    return draft.ok ? { op: 'send', draft: draft.value } : draft.error;
  }
  if (frame.type === 'message:delivered') return { op: 'deliver', seq: frame.seq };
  if (frame.type === 'message:read') {
    if (frame.message_id === undefined) return { op: 'read', seq: frame.seq ?? lastSeq, all: false };
  }
  const place = placeOf(frame.message_id!);
  if (place === null || place.conversationId !== id) return MESSAGE_NOT_FOUND;
  const { seq } = place;
  switch (frame.type) {
    case 'message:read':
      return { op: 'read', seq, all: false };
    case 'message:edit':
      return { op: 'edit', seq, content: frame.content };
    case 'message:delete':
      return { op: 'delete', seq };
    case 'message:react':
      return { op: 'react', seq, emoji: frame.emoji, on: frame.on };
  }
}
