import { DurableObject } from 'cloudflare:workers';
import type { ChannelEvent, ChannelFrame, Topic } from '../../src/platform/channels/channels.ts';
import { createObjectChannels } from '../../src/platform/channels/object-channels.ts';
import { createIsolateRateLimiter } from '../../src/platform/rate/isolate-rate-limiter.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import { TRANSIENT_TYPES } from '../../src/wire/channel-events.ts';
import { PRESENCE_SECONDS } from '../../src/wire/channels.ts';
import { GroupCommit } from '../shared/group-commit.ts';
import { isMigrated, migrate } from '../shared/migrate.ts';
import { hasSessionEnded } from '../shared/sockets.ts';
import { Audience, type Told } from './audience.ts';
import { MIGRATIONS } from './migrations.ts';
import { Presence } from './presence.ts';
import { ChannelSockets } from './sockets.ts';
import { ChannelStorage, type StoredEvent, toChannelEvent } from './storage.ts';
import { StreamRoom } from './stream-room.ts';
import { parseTopic, rulesOf } from './topics.ts';
import { ViewerStorage } from './viewers.ts';

/** An event whose data is larger than this is told without them: whoever needs it reads it over REST. */
const MAX_DATA_CHARACTERS = 65_536;
/** Others that may be told what this channel publishes, each by a call of its own. */
const MAX_FOLLOWERS = 1_000;

/**
 * Live fan-out with a short replay buffer: a user's devices, a listing's offer feed, a stream room. Wiring only: the
 * storage keeps, the audience tells, the sockets listen. Events of one turn share one transaction and one frame.
 */
export class Channel extends DurableObject<Env> {
  /** The clock, which tests replace. */
  now: () => number = () => Date.now();
  private readonly storage: ChannelStorage;
  private readonly audience: Audience;
  private readonly sockets: ChannelSockets;
  private readonly presence: Presence;
  private readonly commit: GroupCommit<StoredEvent>;
  private readonly channels;
  private topic: Topic | null = null;
  private room: StreamRoom | null = null;
  private followers: Set<Topic> = new Set();
  private armedAtMs: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const now = () => this.now();
    const revocations = createD1Revocations(env.DB, Number(env.ACCESS_TOKEN_SECONDS) * 1000);
    this.storage = new ChannelStorage(ctx.storage.sql);
    this.channels = createObjectChannels(env.CHANNELS, {
      warn: (event, fields) => console.warn(JSON.stringify({ level: 'warn', event, ...fields })),
    });
    this.audience = new Audience(ctx, now, (attachment) =>
      hasSessionEnded(ctx, revocations, attachment, this.now()),
    );
    const commands = ctx.exports.SocketCommands;
    this.sockets = new ChannelSockets({
      ctx,
      now,
      rate: createIsolateRateLimiter(),
      framesPerMinute: Number(env.RATE_WRITES_PER_USER),
      storage: this.storage,
      audience: this.audience,
      channels: this.channels,
      commands,
      hasEnded: (attachment) => hasSessionEnded(ctx, revocations, attachment, this.now()),
      settled: () => this.commit.settled(),
      room: () => this.room,
    });
    this.presence = new Presence({
      now,
      announced: () => this.storage.readMeta('announced') ?? false,
      setAnnounced: (isOnline) => this.storage.writeMeta('announced', isOnline),
      isOnline: () => this.audience.size > 0,
      tell: (isOnline) => commands.presenceChanged(parseTopic(this.topic!).key, isOnline),
    });
    this.commit = new GroupCommit(
      (events) => this.write(events),
      (error) => ctx.abort(`a commit failed: ${String(error)}`),
    );
    ctx.blockConcurrencyWhile(async () => {
      if (!isMigrated(ctx.storage)) return;
      migrate(ctx.storage, MIGRATIONS);
      this.topic = this.storage.readMeta('topic');
      this.openRoom();
      this.followers = new Set(this.storage.followers());
      this.armedAtMs = await ctx.storage.getAlarm();
    });
  }

  /** Sets the channel up at its first use: asking alone leaves no trace. */
  private open(topic: Topic): void {
    if (this.topic !== null) return;
    migrate(this.ctx.storage, MIGRATIONS);
    this.storage.writeMeta('topic', topic);
    this.topic = topic;
    this.openRoom();
  }

  private openRoom(): void {
    if (this.topic === null || parseTopic(this.topic).kind !== 'stream') return;
    const topic = this.topic;
    this.room = new StreamRoom({
      now: () => this.now(),
      audience: this.audience,
      storage: this.storage,
      viewers: new ViewerStorage(this.ctx.storage.sql),
      rate: createIsolateRateLimiter(),
      publish: async (frames) => {
        await this.publishFrames(topic, frames);
      },
      armBy: (atMs) => this.armBy(atMs),
    });
  }

  // ---- Publishing ----

  async publishText(topic: Topic, text: string): Promise<number> {
    return this.publishFrames(topic, JSON.parse(text) as ChannelFrame[]);
  }

  private async publishFrames(topic: Topic, frames: readonly ChannelFrame[]): Promise<number> {
    this.open(topic);
    await Promise.all(frames.map((frame) => this.commit.add(this.toEvent(frame))));
    return this.audience.size + this.followers.size;
  }

  private toEvent({ type, id, data }: ChannelFrame): StoredEvent {
    const text = JSON.stringify(data ?? null);
    return {
      seq: null,
      id: id ?? null,
      type,
      atMs: this.now(),
      data: text.length <= MAX_DATA_CHARACTERS ? text : 'null',
    };
  }

  private write(events: readonly StoredEvent[]): void {
    const rules = rulesOf(this.topic!);
    const told: Told[] = [];
    this.ctx.storage.transactionSync(() => {
      let lastSeq = this.storage.lastSeq();
      for (const event of events) {
        if (TRANSIENT_TYPES.has(event.type)) told.push({ from: null, event });
        else {
          const kept = { ...event, seq: lastSeq + 1 };
          if (!this.storage.append(kept)) continue;
          lastSeq += 1;
          told.push({ from: null, event: kept });
        }
      }
      this.storage.prune(lastSeq, rules.kept, this.now() - rules.keptMs);
    });
    // From here on it is stored, and everybody may know.
    this.audience.tell(told);
    if (told.length > 0 && this.followers.size > 0) this.ctx.waitUntil(this.tellFollowers(told));
    this.armBy(this.now() + rules.keptMs);
  }

  async recentText(): Promise<string> {
    return JSON.stringify(this.recent());
  }

  private recent(): ChannelEvent[] {
    if (this.topic === null) return [];
    return this.storage.eventsAfter(0, this.now() - rulesOf(this.topic).keptMs).map(toChannelEvent);
  }

  async forget(): Promise<void> {
    if (this.topic === null) return;
    await this.commit.settled();
    this.storage.prune(this.storage.lastSeq(), 0, this.now());
  }

  // ---- Following: one channel tells another ----

  async followText(topic: Topic, follower: Topic): Promise<string> {
    this.open(topic);
    await this.commit.settled();
    if (this.followers.size < MAX_FOLLOWERS) {
      this.followers.add(follower);
      this.storage.addFollower(follower);
    }
    return JSON.stringify(this.recent());
  }

  async unfollow(follower: Topic): Promise<void> {
    if (this.followers.delete(follower)) this.storage.removeFollower(follower);
  }

  private async tellFollowers(told: readonly Told[]): Promise<void> {
    const events = told.map(({ event }) => toChannelEvent(event));
    await Promise.all(
      Array.from(this.followers, async (follower) => {
        if (!(await this.channels.relay(follower, this.topic!, events))) await this.unfollow(follower);
      }),
    );
  }

  async relayText(leader: Topic, text: string): Promise<boolean> {
    if (!this.audience.wants(leader)) return false;
    this.audience.tell(
      (JSON.parse(text) as ChannelEvent[]).map(({ type, id, seq, at, data }) => ({
        from: leader,
        event: { seq, id: id ?? null, type, atMs: Date.parse(at), data: JSON.stringify(data) },
      })),
    );
    return true;
  }

  // ---- Stream rooms ----

  async roomStatsText(topic: Topic): Promise<string> {
    this.open(topic);
    this.room!.reconcile();
    return JSON.stringify(this.room!.stats());
  }

  async endRoomText(topic: Topic, last: string): Promise<string> {
    this.open(topic);
    return JSON.stringify(await this.room!.end(JSON.parse(last) as ChannelFrame));
  }

  async removeLine(seq: number): Promise<boolean> {
    await this.commit.settled();
    return (await this.room?.removeLine(seq)) ?? false;
  }

  async expel(userId: string): Promise<void> {
    this.audience.closeUser(userId, 4403);
    this.audienceChanged();
  }

  // ---- Sockets ----

  async isOnline(): Promise<boolean> {
    return this.audience.size > 0;
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const topic = url.pathname.slice(1) as Topic;
    const resumeFrom = url.searchParams.get('resume_from');
    this.open(topic);
    await this.commit.settled();
    this.noteReturn();
    const response = this.sockets.accept(request, topic, {
      username: url.searchParams.get('username'),
      isHost: url.searchParams.get('host') === 'true',
      aliases: url.searchParams.get('aliases') === 'true',
      resumeFrom: resumeFrom === null ? null : Number(resumeFrom),
    });
    this.audienceChanged();
    return response;
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (this.topic !== null) await this.sockets.receive(socket, this.topic, message);
    this.audienceChanged();
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    this.sockets.closed(socket, code, reason);
    this.audienceChanged();
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.audience.remove(socket);
    this.audienceChanged();
  }

  private audienceChanged(): void {
    if (this.topic === null) return;
    if (parseTopic(this.topic).kind === 'user') {
      this.noteLeaving();
      this.ctx.waitUntil(this.tellPresence());
    }
    this.room?.reconcile();
    this.armBy(this.audience.size === 0 ? null : this.now() + PRESENCE_SECONDS * 1_000);
  }

  private noteLeaving(): void {
    const isLeft = (this.storage.readMeta('leftAtMs') ?? null) !== null;
    if (isLeft !== (this.audience.size === 0))
      this.storage.writeMeta('leftAtMs', this.audience.size === 0 ? this.now() : null);
  }

  /** To a user who is away longer than events are kept nothing is told any more, so the sequence must show a gap. */
  private noteReturn(): void {
    const leftAtMs = this.storage.readMeta('leftAtMs') ?? null;
    if (leftAtMs !== null && leftAtMs + rulesOf(this.topic!).keptMs <= this.now())
      this.storage.leaveGap(this.now());
  }

  private async tellPresence(): Promise<void> {
    await this.presence.reconcile();
    this.armBy(this.presence.retryAtMs);
  }

  // ---- Time ----

  /** Sees to it that the alarm rings by then; one that is due earlier stays, and arms the next. */
  private armBy(atMs: number | null): void {
    if (atMs === null || (this.armedAtMs !== null && this.armedAtMs <= atMs)) return;
    this.armedAtMs = atMs;
    void this.ctx.storage.setAlarm(atMs);
  }

  override async alarm(): Promise<void> {
    this.armedAtMs = null;
    if (this.topic === null) return;
    const { kept, keptMs } = rulesOf(this.topic);
    this.audience.closeSilent();
    this.storage.prune(this.storage.lastSeq(), kept, this.now() - keptMs);
    const oldestAtMs = this.storage.oldestAtMs();
    if (oldestAtMs !== null) this.armBy(oldestAtMs + keptMs);
    this.armBy(this.audience.nextSilentAtMs());
    this.room?.tick();
    this.audienceChanged();
  }
}
