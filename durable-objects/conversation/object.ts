import { DurableObject } from 'cloudflare:workers';
import type { AttachedFile, Message } from '../../src/domain/chat/conversation.ts';
import {
  admit,
  apply,
  type Block,
  type Change,
  type ChatCommand,
  type ChatLimits,
  conversationActions,
  decide,
  isArchived,
  isClosed,
  messageActions,
  noteBlock,
  removeMessage,
  type ServerMessage,
  say,
  type Thread,
  tombstoneOf,
} from '../../src/domain/chat/thread.ts';
import { type Failure, failure } from '../../src/domain/errors.ts';
import { hash53 } from '../../src/domain/hash.ts';
import { createObjectChannels } from '../../src/platform/channels/object-channels.ts';
import type {
  ChatAnswer,
  ChatRequest,
  ConversationConfig,
  ConversationView,
  MessagePage,
  Reached,
} from '../../src/platform/conversations/conversations.ts';
import { createIsolateRateLimiter } from '../../src/platform/rate/isolate-rate-limiter.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import {
  changeData,
  EVENT_TYPES,
  messageView,
  participantView,
  SNAPSHOT_MESSAGES,
} from '../../src/wire/chat.ts';
import { GroupCommit } from '../shared/group-commit.ts';
import { isMigrated, migrate } from '../shared/migrate.ts';
import { hasSessionEnded } from '../shared/sockets.ts';
import { Inboxes } from './inboxes.ts';
import { loadThread } from './load-thread.ts';
import { MIGRATIONS } from './migrations.ts';
import { ConversationOutbox } from './outbox.ts';
import { type ChatEvent, Room } from './room.ts';
import { ConversationSockets } from './sockets.ts';
import { ConversationStorage, type RetryKey } from './storage.ts';
import { Typing } from './typing.ts';

const CONFIRMED_SAVE_MS = 1_000;
/** An alarm that should have fired this long ago was lost and is set anew. */
const LOST_AFTER_MS = 10_000;
const ERASED_PER_TURN = 200;

/** Who asked for a change over a socket: there, the event that tells of it carries the reference of the command. */
export interface Acknowledged {
  socket: WebSocket;
  ref: string | undefined;
}

interface Written {
  change: Change;
  retry: RetryKey | null;
  acknowledge: Acknowledged | null;
}

/** Everything that exists once a conversation is configured. */
interface Running {
  thread: Thread;
  outbox: ConversationOutbox;
  inboxes: Inboxes;
}

const NOT_FOUND = failure('conversation_not_found', 'There is no such conversation, or it is not yours.');
const refused = (problem: Failure): ChatAnswer => ({ ok: false, failure: problem });

/**
 * One conversation: the only writer of its messages and cursors. Wiring only: the rules decide, the storage keeps, the
 * room tells, the outbox feeds D1. A command changes memory, is stored with its neighbours in one transaction, and is
 * answered and told after that. No database stands in the way of a message.
 */
export class Conversation extends DurableObject<Env> {
  /** The clock, which tests replace. */
  now: () => number = () => Date.now();
  private readonly storage: ConversationStorage;
  private readonly commit: GroupCommit<Written>;
  private readonly room: Room;
  private readonly typing: Typing;
  private readonly sockets: ConversationSockets;
  private readonly limits: ChatLimits;
  private running: Running | null = null;
  private armedAtMs: number | null = null;
  private savingConfirmed: ReturnType<typeof setTimeout> | null = null;
  /** Messages that are decided and not stored yet, as they will be. */
  private readonly unstored = new Map<number, Message>();
  private readonly unstoredByKey = new Map<string, { message: Message; fingerprint: number }>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const now = () => this.now();
    const revocations = createD1Revocations(env.DB, Number(env.ACCESS_TOKEN_SECONDS) * 1000);
    this.limits = {
      maxCharacters: Number(env.CHAT_MAX_CHARACTERS),
      messagesPerWindow: Number(env.CHAT_MESSAGES_PER_TEN_SECONDS),
    };
    this.storage = new ConversationStorage(ctx.storage.sql);
    this.commit = new GroupCommit(
      (written) => this.write(written),
      (error) => ctx.abort(`a commit failed: ${String(error)}`),
    );
    this.room = new Room(ctx, now, (attachment) => hasSessionEnded(ctx, revocations, attachment, this.now()));
    this.typing = new Typing(now, (userId, isTyping) => this.tellTyping(userId, isTyping));
    this.sockets = new ConversationSockets({
      ctx,
      now,
      rate: createIsolateRateLimiter(),
      framesPerMinute: Number(env.RATE_WRITES_PER_USER),
      socketsPerUser: Number(env.CHAT_SOCKETS_PER_USER),
      room: this.room,
      typing: this.typing,
      hasEnded: (attachment) => hasSessionEnded(ctx, revocations, attachment, this.now()),
      current: () => this.running,
      execute: (userId, command, acknowledge) =>
        this.perform({ userId, command, retryKey: null }, acknowledge),
      settled: () => this.commit.settled(),
      missedSince: (rev, limit) => this.missedSince(rev, limit),
      snapshot: () => this.snapshot(),
    });
    ctx.blockConcurrencyWhile(async () => {
      if (!isMigrated(ctx.storage)) return;
      migrate(ctx.storage, MIGRATIONS);
      this.armedAtMs = await ctx.storage.getAlarm();
      this.load();
    });
  }

  // ---- Set-up ----

  private load(): void {
    const config = this.storage.readMeta('config');
    if (config === null) return;
    const thread = loadThread(this.storage, config, this.now());
    const outbox = new ConversationOutbox({
      thread,
      storage: this.storage,
      send: async (state) => {
        await this.env.EVENTS.send(state, { contentType: 'json' });
      },
      now: () => this.now(),
      confirmedRev: this.storage.readMeta('confirmed') ?? 0,
    });
    const inboxes = new Inboxes({
      channels: createObjectChannels(this.env.CHANNELS, {
        warn: (event, fields) => console.warn(JSON.stringify({ level: 'warn', event, ...fields })),
      }),
      keepAlive: (work) => this.ctx.waitUntil(work),
      thread,
      unreadOf: (participant) => this.storage.unreadOf(participant),
    });
    this.running = { thread, outbox, inboxes };
    this.typing.restore(this.room.typists());
    this.arm();
  }

  private async configure({ blocks, ...config }: ConversationConfig): Promise<null> {
    if (this.running === null) {
      migrate(this.ctx.storage, MIGRATIONS);
      this.ctx.storage.transactionSync(() => {
        this.storage.writeMeta('config', config);
        this.storage.writeMeta('blocks', blocks);
        for (const [userId, role] of [
          [config.buyerId, 'buyer'],
          [config.sellerId, 'seller'],
        ] as const)
          this.storage.putParticipant({
            userId,
            role,
            deliveredSeq: 0,
            readSeq: 0,
            archivedSeq: null,
            rev: 0,
          });
      });
      this.load();
    } else for (const block of blocks) await this.setBlock(block);
    return null;
  }

  // ---- Calls ----

  /** Every call but those of the consumer: a method's name and its arguments, as text. */
  async callText(text: string): Promise<string> {
    const [method, args] = JSON.parse(text) as [keyof typeof this.methods, never[]];
    return JSON.stringify(await (this.methods[method] as (...args: never[]) => Promise<unknown>)(...args));
  }

  private readonly methods = {
    configure: (config: ConversationConfig) => this.configure(config),
    execute: (request: ChatRequest) => this.perform(request, null),
    say: (message: ServerMessage) => this.say(message),
    admit: (userId: string) => this.admit(userId),
    erase: (userId: string) => this.erase(userId),
    remove: (seq: number) => this.remove(seq),
    setBlock: (block: Block) => this.setBlock(block),
    typing: (userId: string, isTyping: boolean) => this.type(userId, isTyping),
    addFile: (userId: string, file: AttachedFile) => this.addFile(userId, file),
    view: (userId: string) => this.view(userId),
    messages: (userId: string, page: { beforeSeq: number | null; limit: number }) =>
      this.messages(userId, page),
    message: (seq: number) => this.message(seq),
  };

  private async perform(
    { userId, command, retryKey }: ChatRequest,
    acknowledge: Acknowledged | null,
  ): Promise<Reached<ChatAnswer>> {
    const { running } = this;
    if (running === null) return null;
    const { thread } = running;
    if (!thread.participants.has(userId)) return refused(NOT_FOUND);
    const fingerprint = retryKey === null ? 0 : hash53(JSON.stringify(command));
    if (command.op === 'send') {
      const first = this.sentBefore(userId, command.draft.clientId, retryKey);
      if (first !== null) {
        await this.commit.settled();
        if (first.fingerprint !== null && first.fingerprint !== fingerprint)
          return refused(
            failure(
              'idempotency_key_reused',
              'This Idempotency-Key was used for another message; use a new one.',
            ),
          );
        return this.answer(thread, userId, this.storage.message(first.message.seq), true);
      }
      const missing = this.takeFiles(userId, command);
      if (missing !== null) return refused(missing);
    }
    const seq =
      'draft' in command
        ? command.draft.replyTo
        : 'emoji' in command || command.op === 'edit' || command.op === 'delete'
          ? command.seq
          : null;
    const target = seq === null ? null : this.find(seq);
    const decided = decide(thread, userId, command, target, this.now(), this.limits);
    if (!decided.ok || decided.value === null) {
      // What was asked for may rest on changes that are not stored yet; nobody hears of those before they are.
      await this.commit.settled();
      return decided.ok ? this.answer(thread, userId, target, true) : refused(decided.error);
    }
    const retry = retryKey === null ? null : { key: retryKey, fingerprint };
    await this.take(running, { change: decided.value, retry, acknowledge });
    return this.answer(thread, userId, decided.value.message, false);
  }

  /** The message that the same request has made before; the fingerprint is null when it was found by its client_id. */
  private sentBefore(
    userId: string,
    clientId: string | null,
    retryKey: string | null,
  ): { message: Message; fingerprint: number | null } | null {
    if (retryKey !== null) {
      const first =
        this.unstoredByKey.get(`retry ${userId} ${retryKey}`) ??
        this.storage.findByRetryKey(userId, retryKey);
      if (first !== null) return first;
    }
    if (clientId === null) return null;
    const first =
      this.unstoredByKey.get(`client ${userId} ${clientId}`)?.message ??
      this.storage.findByClientId(userId, clientId);
    return first === null ? null : { message: first, fingerprint: null };
  }

  /** Has a draft name only what its sender has uploaded here, as it was uploaded; the refusal otherwise. */
  private takeFiles(userId: string, { draft }: Extract<ChatCommand, { op: 'send' }>): Failure | null {
    const urls = [...draft.imageUrls, ...(draft.file === null ? [] : [draft.file.url])];
    for (const url of urls)
      if (this.storage.findFile(userId, url) === null)
        return failure('image_not_found', 'Send only what you have uploaded to this conversation.');
    if (draft.file !== null) draft.file = this.storage.findFile(userId, draft.file.url);
    return null;
  }

  private find(seq: number): Message | null {
    return this.unstored.get(seq) ?? this.storage.message(seq);
  }

  private answer(thread: Thread, userId: string, message: Message | null, replayed: boolean): ChatAnswer {
    return {
      ok: true,
      message,
      participant: thread.participants.get(userId)!,
      rev: thread.rev,
      replayed,
      actions: message === null ? [] : messageActions(thread, message, userId, this.now()),
    };
  }

  private async say(message: ServerMessage): Promise<Reached<Message>> {
    const { running } = this;
    if (running === null) return null;
    const said =
      this.unstoredByKey.get(`client  ${message.eventId}`)?.message ??
      this.storage.findByClientId(null, message.eventId);
    if (said !== null && said !== undefined) {
      await this.commit.settled();
      return said;
    }
    const change = say(running.thread, message, this.now());
    await this.take(running, { change, retry: null, acknowledge: null });
    return change.message;
  }

  private async admit(userId: string): Promise<Reached<boolean>> {
    const { running } = this;
    if (running === null) return null;
    const change = admit(running.thread, userId, this.now());
    if (change !== null) await this.take(running, { change, retry: null, acknowledge: null });
    return true;
  }

  private async remove(seq: number): Promise<Reached<boolean>> {
    const { running } = this;
    if (running === null) return null;
    const target = this.find(seq);
    const change = target && removeMessage(running.thread, target, this.now());
    if (change === null) await this.commit.settled();
    else await this.take(running, { change, retry: null, acknowledge: null });
    return target !== null;
  }

  private async erase(userId: string): Promise<Reached<boolean>> {
    const { running } = this;
    if (running === null) return null;
    await this.commit.settled();
    let afterSeq = 0;
    for (;;) {
      const messages = this.storage.messagesOf(userId, afterSeq, ERASED_PER_TURN);
      if (messages.length === 0) break;
      afterSeq = messages.at(-1)!.seq;
      const nowMs = this.now();
      await Promise.all(
        messages
          .filter(({ deletedAtMs, reactions }) => deletedAtMs === null || Object.keys(reactions).length > 0)
          .map((message) => {
            const rev = running.thread.rev + 1;
            const erased = { ...tombstoneOf(message, nowMs), clientId: null, rev };
            return this.take(running, {
              change: { kind: 'deleted', rev, atMs: nowMs, by: null, message: erased, participant: null },
              retry: null,
              acknowledge: null,
            });
          }),
      );
    }
    this.room.closeUser(userId, 4401);
    return true;
  }

  private async setBlock(block: Block): Promise<Reached<boolean>> {
    const { running } = this;
    if (running === null) return null;
    if (!noteBlock(running.thread, block)) return false;
    this.storage.writeMeta('blocks', [...running.thread.blocks.values()]);
    return true;
  }

  private async type(userId: string, isTyping: boolean): Promise<Reached<'shown' | 'no_part' | 'blocked'>> {
    if (this.running === null) return null;
    const { thread } = this.running;
    if (!thread.participants.has(userId)) return 'no_part';
    if (!isTyping) this.typing.stop(userId);
    else if (isClosed(thread)) return 'blocked';
    else this.typing.start(userId);
    return 'shown';
  }

  private async addFile(userId: string, file: AttachedFile): Promise<Reached<boolean>> {
    if (this.running === null) return null;
    if (!this.running.thread.participants.has(userId)) return false;
    this.storage.addFile(userId, file);
    return true;
  }

  // ---- Storing ----

  /** Resolves once the change is stored. */
  private take({ thread }: Running, written: Written): Promise<void> {
    const { change, retry } = written;
    apply(thread, change);
    const { message } = change;
    if (message !== null) {
      this.unstored.set(message.seq, message);
      if (change.kind === 'sent') {
        const known = { message, fingerprint: retry?.fingerprint ?? 0 };
        if (message.clientId !== null)
          this.unstoredByKey.set(`client ${message.senderId ?? ''} ${message.clientId}`, known);
        if (retry !== null) this.unstoredByKey.set(`retry ${message.senderId} ${retry.key}`, known);
      }
    }
    return this.commit.add(written);
  }

  private write(written: readonly Written[]): void {
    const { thread, outbox, inboxes } = this.running!;
    this.ctx.storage.transactionSync(() => {
      for (const { change, retry } of written) {
        if (change.message !== null) {
          if (change.kind === 'sent') this.storage.insertMessage(change.message, retry);
          else this.storage.updateMessage(change.message);
        }
        if (change.participant !== null) this.storage.putParticipant(change.participant);
      }
      const spoken = this.storage.readMeta('spoken') ?? [];
      if (spoken.length < thread.spoken.size) this.storage.writeMeta('spoken', [...thread.spoken]);
    });
    // From here on it is stored, and everybody may know.
    this.unstored.clear();
    this.unstoredByKey.clear();
    const changes = written.map(({ change }) => change);
    this.room.tell(
      changes.map((change) => this.eventOf(change)),
      written.flatMap(({ change, acknowledge }) =>
        acknowledge === null
          ? []
          : [{ ...acknowledge, event: this.acknowledgement(change, acknowledge.ref) }],
      ),
    );
    for (const { kind, by } of changes) if (kind === 'sent' && by !== null) this.typing.stop(by);
    outbox.stored(changes.at(-1)!.rev);
    inboxes.tell(changes);
    this.arm();
  }

  private eventOf(change: Change): ChatEvent {
    return {
      type: EVENT_TYPES[change.kind],
      rev: change.rev,
      atMs: change.atMs,
      data: JSON.stringify(changeData(this.running!.thread.id, change)),
      notFor: null,
    };
  }

  private acknowledgement(change: Change, ref: string | undefined): ChatEvent & { ref: string | undefined } {
    const event = this.eventOf(change);
    return { ...event, type: change.kind === 'sent' ? 'message:sent' : event.type, ref };
  }

  // ---- Reads: only what is stored ----

  private async view(userId: string): Promise<Reached<{ view: ConversationView | null }>> {
    await this.commit.settled();
    if (this.running === null) return null;
    const { thread } = this.running;
    const me = thread.participants.get(userId);
    if (me === undefined) return { view: null };
    return {
      view: {
        conversationId: thread.id,
        context: thread.context,
        buyerId: thread.buyerId,
        sellerId: thread.sellerId,
        rev: thread.rev,
        lastSeq: thread.lastSeq,
        participants: [...thread.participants.values()],
        unread: this.storage.unreadOf(me),
        isArchived: isArchived(thread, me),
        isBlocked: isClosed(thread),
        actions: conversationActions(thread, userId),
      },
    };
  }

  private async messages(
    userId: string,
    { beforeSeq, limit }: { beforeSeq: number | null; limit: number },
  ): Promise<Reached<{ page: MessagePage | null }>> {
    await this.commit.settled();
    if (this.running === null) return null;
    const { thread } = this.running;
    if (!thread.participants.has(userId)) return { page: null };
    const messages = this.storage.messagesBefore(beforeSeq ?? Number.MAX_SAFE_INTEGER, limit + 1);
    const nowMs = this.now();
    return {
      page: {
        messages: messages
          .slice(0, limit)
          .map((message) => ({ message, actions: messageActions(thread, message, userId, nowMs) })),
        hasMore: messages.length > limit,
      },
    };
  }

  private async message(
    seq: number,
  ): Promise<Reached<{ message: Message | null; participantIds: string[] }>> {
    await this.commit.settled();
    if (this.running === null) return null;
    return {
      message: this.storage.message(seq),
      participantIds: [...this.running.thread.participants.keys()],
    };
  }

  private snapshot() {
    const { thread } = this.running!;
    return {
      conversation_id: thread.id,
      rev: thread.rev,
      last_seq: thread.lastSeq,
      participants: Array.from(thread.participants.values(), participantView),
      messages: this.storage
        .messagesBefore(Number.MAX_SAFE_INTEGER, SNAPSHOT_MESSAGES)
        .reverse()
        .map((message) => messageView(thread.id, message)),
    };
  }

  /**
   * What has changed since: each message and each cursor as it is now, once, in the order of the changes. Null when it
   * is more than the limit.
   */
  private missedSince(rev: number, limit: number): ChatEvent[] | null {
    const { thread } = this.running!;
    const messages = this.storage.changedAfter(rev, limit + 1);
    if (messages.length > limit) return null;
    const changes = messages.map(
      ({ message, createdRev }): Change => ({
        kind: createdRev > rev ? 'sent' : 'edited',
        rev: message.rev,
        atMs: message.createdAtMs,
        by: message.senderId,
        message,
        participant: null,
      }),
    );
    for (const participant of thread.participants.values()) {
      if (participant.rev <= rev) continue;
      const cursor = {
        rev: participant.rev,
        atMs: this.now(),
        by: participant.userId,
        message: null,
        participant,
      };
      changes.push({ ...cursor, kind: 'delivered' }, { ...cursor, kind: 'read' });
    }
    return changes.sort((a, b) => a.rev - b.rev).map((change) => this.eventOf(change));
  }

  // ---- Typing ----

  private tellTyping(userId: string, isTyping: boolean): void {
    const { running } = this;
    if (running === null) return;
    const type = isTyping ? 'typing:active' : 'typing:inactive';
    const data = { conversation_id: running.thread.id, user_id: userId };
    this.room.tell([{ type, rev: null, atMs: this.now(), data: JSON.stringify(data), notFor: userId }], []);
    running.inboxes.tellTyping(userId, type, data);
  }

  // ---- Time and the projection ----

  private arm(): void {
    const { running } = this;
    if (running === null) return;
    const due = running.outbox.dueAtMs;
    if (due === null) return;
    const nowMs = this.now();
    const at = Math.max(due, nowMs + 1);
    if (this.armedAtMs !== null && this.armedAtMs <= at && this.armedAtMs > nowMs - LOST_AFTER_MS) return;
    this.armedAtMs = at;
    void this.ctx.storage.setAlarm(at);
  }

  override async alarm(): Promise<void> {
    this.armedAtMs = null;
    await this.running?.outbox.resume();
    this.arm();
  }

  /** What is confirmed is written down within a second: forgotten in a crash, it is merely sent and confirmed again. */
  async confirm(rev: number): Promise<void> {
    const { running } = this;
    if (running === null || !running.outbox.confirm(rev)) return;
    // Nothing is left to wake up for.
    if (running.outbox.dueAtMs === null && this.armedAtMs !== null) {
      this.armedAtMs = null;
      void this.ctx.storage.deleteAlarm();
    }
    this.savingConfirmed ??= setTimeout(() => {
      this.savingConfirmed = null;
      this.storage.writeMeta('confirmed', running.outbox.confirmedRev);
    }, CONFIRMED_SAVE_MS);
  }

  async whenProjected(rev: number, timeoutMs: number): Promise<void> {
    await this.running?.outbox.whenConfirmed(rev, timeoutMs);
  }

  // ---- Sockets ----

  override async fetch(request: Request): Promise<Response> {
    if (this.running === null) return new Response(null, { status: 404 });
    await this.commit.settled();
    return this.sockets.accept(request);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.receive(socket, message);
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    this.sockets.closed(socket, code, reason);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.sockets.gone(socket);
  }
}
