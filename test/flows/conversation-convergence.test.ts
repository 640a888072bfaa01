/**
 * Two people with two devices each, over lines that break, with frames that are lost or come twice, calls over REST in
 * between, and an object that is put to sleep again and again: in the end every copy is the server's.
 */
import { expect, it } from 'vitest';
import type { MessageView } from '../../src/wire/chat.ts';
import { bodyOf, request, type TestUser } from '../support/accounts.ts';
import { eventsOf } from '../support/channels.ts';
import {
  chatDevice,
  evictConversation,
  newPair,
  type Pair,
  projected,
  sendOver,
  withoutHaste,
} from '../support/conversations.ts';
import { randomFrom } from '../support/random.ts';
import type { Frame, TestSocket } from '../support/sockets.ts';

const STEPS = 160;
const SEEDS = [20_261_121, 7];

/** A client as docs/realtime.md describes it: it keeps a copy, applies what is newer, and resumes at a gap. */
class Device {
  readonly user: TestUser;
  readonly messages = new Map<number, MessageView>();
  readonly readSeq = new Map<string, number>();
  /** Messages that nobody has confirmed yet: they are sent again until they are in the copy. */
  readonly unconfirmed = new Map<string, string>();
  rev = 0;
  private socket: TestSocket | null = null;
  private seen = 0;
  /** The resume that is under way: until it is answered, what arrives is taken, but the copy is not complete. */
  private resuming: string | null = null;
  private resumes = 0;
  private hasLost = false;
  private readonly pair: Pair;

  constructor(pair: Pair, user: TestUser) {
    this.pair = pair;
    this.user = user;
  }

  async connect(): Promise<void> {
    this.disconnect();
    this.seen = 0;
    this.resuming = 'connect';
    this.hasLost = false;
    this.socket = await chatDevice(this.pair, this.user, `?resume_from=${this.rev}`);
  }

  /** What has arrived and was not looked at yet is lost with the line. */
  disconnect(): void {
    this.socket?.close();
    this.socket = null;
  }

  send(frame: Record<string, unknown>): void {
    this.socket?.send(frame);
  }

  /** Looks at what has arrived; `lose` says which frames got lost on the way. */
  take(lose: () => boolean = () => false): void {
    if (this.socket === null) return;
    const events = eventsOf(this.socket);
    for (; this.seen < events.length; this.seen += 1) {
      if (lose()) this.hasLost = true;
      else this.apply(events[this.seen]!);
    }
  }

  private apply(frame: Frame): void {
    const rev = frame.rev as number | undefined;
    if (frame.type === 'reset') {
      const data = frame.data as {
        rev: number;
        messages: MessageView[];
        participants: { user_id: string; read_seq: number }[];
      };
      this.messages.clear();
      for (const message of data.messages) this.messages.set(message.seq, message);
      for (const { user_id, read_seq } of data.participants) this.readSeq.set(user_id, read_seq);
      this.rev = data.rev;
      this.resuming = null;
    } else if (frame.type === 'resumed') {
      if ((frame.ref ?? 'connect') !== this.resuming) return;
      if (this.hasLost) this.resume();
      else {
        this.rev = Math.max(this.rev, rev!);
        this.resuming = null;
      }
    } else if (frame.type === 'pong') {
      if (rev! > this.rev) this.resume();
    } else if (/^message:(new|sent|updated)$/.test(frame.type)) {
      const message = frame.data as MessageView;
      const known = this.messages.get(message.seq);
      if (known === undefined || known.rev < message.rev) this.messages.set(message.seq, message);
      if (message.client_id !== null) this.unconfirmed.delete(message.client_id);
      this.follow(rev!);
    } else if (/^messages?:read$/.test(frame.type)) {
      const { user_id, seq } = frame.data as { user_id: string; seq: number };
      this.readSeq.set(user_id, Math.max(seq, this.readSeq.get(user_id) ?? 0));
      this.follow(rev!);
    } else if (frame.type === 'message:delivered' || frame.type === 'conversation:updated') this.follow(rev!);
  }

  /** A change that follows the last one is taken; after a gap the copy stays where it is until it has resumed. */
  private follow(rev: number): void {
    if (this.resuming !== null || rev <= this.rev) return;
    if (rev === this.rev + 1) this.rev = rev;
    else this.resume();
  }

  private resume(): void {
    this.resumes += 1;
    this.resuming = `resume-${this.resumes}`;
    this.hasLost = false;
    this.send({ type: 'resume', resume_from: this.rev, ref: this.resuming });
  }

  get unread(): number {
    const readSeq = this.readSeq.get(this.user.userId) ?? 0;
    return [...this.messages.values()].filter(
      ({ seq, sender_id }) => seq > readSeq && sender_id !== this.user.userId,
    ).length;
  }

  /** Sends again what is not confirmed, and waits until the copy is up to date. */
  async settle(): Promise<void> {
    await this.connect();
    for (const [client_id, content] of this.unconfirmed)
      await this.socket!.ask({ type: 'message:send', content, client_id });
    for (;;) {
      const { rev } = await this.socket!.ask({ type: 'heartbeat' });
      this.take();
      if (this.rev === rev && this.resuming === null) return;
    }
  }
}

interface Listed {
  data: (MessageView & { sender: unknown; status: unknown; allowed_actions: unknown })[];
  next_cursor: string | null;
}

async function serversMessages(pair: Pair): Promise<MessageView[]> {
  const all: MessageView[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: Listed = await bodyOf<Listed>(
      await request(`${pair.path}/messages${query}`, { token: pair.ann.token }),
    );
    for (const { sender: _, status: __, allowed_actions: ___, ...message } of page.data) all.unshift(message);
    cursor = page.next_cursor;
  }
  return all;
}

it.each(SEEDS)(
  'every copy converges to the server’s (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const pair = await newPair();
    await request(pair.path, { token: pair.ann.token });
    await withoutHaste(pair.id);
    const devices = [pair.ann, pair.ann, pair.ben, pair.ben].map((user) => new Device(pair, user));
    for (const device of devices) await device.connect();
    let written = 0;

    for (let step = 0; step < STEPS; step += 1) {
      const device = pick(devices);
      const chance = random();
      const mine = [...device.messages.values()].filter(({ sender_id }) => sender_id === device.user.userId);
      if (chance < 0.4) {
        written += 1;
        const client_id = `m-${written}`;
        const content = `message ${written}`;
        device.unconfirmed.set(client_id, content);
        // Lost before it left, sent once, or sent twice.
        const times = pick([0, 1, 1, 1, 2]);
        for (let time = 0; time < times; time += 1) device.send({ type: 'message:send', content, client_id });
      } else if (chance < 0.5) {
        written += 1;
        const body = { content: `message ${written}`, client_id: `m-${written}` };
        device.unconfirmed.set(body.client_id, body.content);
        await Promise.all([1, 2].slice(0, pick([1, 2])).map(() => sendOver(pair, device.user, body)));
      } else if (chance < 0.6) device.disconnect();
      else if (chance < 0.7) await device.connect();
      else if (chance < 0.76) {
        await evictConversation(pair.id);
        await withoutHaste(pair.id);
      } else if (chance < 0.84) {
        const last = Math.max(0, ...device.messages.keys());
        device.send({ type: 'message:delivered', seq: last });
        if (random() < 0.6) device.send({ type: 'message:read', seq: Math.floor(random() * (last + 1)) });
      } else if (chance < 0.9 && mine.length > 0) {
        const { id } = pick(mine);
        device.send({ type: 'message:edit', message_id: id, content: `edited at ${step}` });
        if (random() < 0.3) device.send({ type: 'message:delete', message_id: id });
      } else if (device.messages.size > 0) {
        const { id } = pick([...device.messages.values()]);
        device.send({ type: 'message:react', message_id: id, emoji: pick(['👍', '🎉']), on: random() < 0.7 });
      }
      for (const other of devices) if (random() < 0.7) other.take(() => random() < 0.1);
    }

    for (const device of devices) await device.settle();
    // What the last of them sent again reaches the first as well.
    for (const device of devices) await device.settle();
    const server = await serversMessages(pair);
    expect(server.map(({ seq }) => seq)).toEqual(Array.from({ length: server.length }, (_, at) => at + 1));
    expect(new Set(server.map(({ client_id }) => client_id)).size, 'sent once each').toBe(written);
    expect(server).toHaveLength(written);
    await projected(pair.id);
    for (const [at, device] of devices.entries()) {
      const name = `device ${at}, seed ${seed}`;
      expect(
        [...device.messages.values()].sort((a, b) => a.seq - b.seq),
        name,
      ).toEqual(server);
      const inbox = await bodyOf<{ data: { id: string; unread_count: number }[] }>(
        await request('/api/v1/conversations', { token: device.user.token }),
      );
      expect(inbox.data.find(({ id }) => id === pair.id)!.unread_count, name).toBe(device.unread);
    }
  },
  120_000,
);
