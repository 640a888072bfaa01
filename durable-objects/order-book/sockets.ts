import { type ErrorCode, failure } from '../../src/domain/errors.ts';
import { parseSequencedId } from '../../src/domain/ids.ts';
import { SIDES } from '../../src/domain/market/order.ts';
import type {
  BookCommand,
  BookConfig,
  CommandAnswer,
  CommandContext,
} from '../../src/platform/books/books.ts';
import type { RateLimiter } from '../../src/platform/rate/rate-limiter.ts';
import type { Revocations } from '../../src/platform/tokens/revocations.ts';
import { ClientFrame, Command, MAX_FRAME_BYTES } from '../../src/wire/feed.ts';
import {
  acceptSocket,
  answerClose,
  answerPings,
  hasSessionEnded,
  identityOf,
  isUpgrade,
  readFrame,
} from '../shared/sockets.ts';
import type { Attachment, Feed } from './feed.ts';

/** A socket that sends this many frames that cannot be understood is closed. */
const MAX_BAD_FRAMES = 10;
/** Sockets of one book; past it the platform's own limit would be near. */
const MAX_SOCKETS = 20_000;

/** What the sockets need of the object around them. */
export interface SocketHost {
  ctx: DurableObjectState;
  now: () => number;
  revocations: Revocations;
  rate: RateLimiter;
  commandsPerMinute: number;
  execute(command: BookCommand, context: CommandContext): Promise<CommandAnswer>;
  settled(): Promise<void>;
  current(): { bookKey: string; config: BookConfig; feed: Feed; live: { book: { lastSeq: number } } } | null;
}

type Current = NonNullable<ReturnType<SocketHost['current']>>;

/** The watchers' end of a book: upgrades, frames, and commands over the socket. */
export class BookSockets {
  private readonly host: SocketHost;
  private readonly strangers = new WeakMap<WebSocket, string>();
  private strangersSeen = 0;

  constructor(host: SocketHost) {
    this.host = host;
    answerPings(host.ctx);
  }

  accept(request: Request, { config, feed, live }: Current): Response {
    if (!isUpgrade(request)) return new Response(null, { status: 426 });
    if (feed.watcherCount >= MAX_SOCKETS) return new Response(null, { status: 503 });
    const attachment: Attachment = { ...identityOf(request), channels: [], badFrames: 0 };
    const { socket, response } = acceptSocket(this.host.ctx, request);
    feed.put(socket, attachment);
    feed.send(
      socket,
      JSON.stringify({
        type: 'connected',
        product_id: config.productId,
        size_id: config.sizeId,
        currency: config.currency,
        book_status: config.status,
        user_id: attachment.userId,
        seq: live.book.lastSeq,
        server_time: this.time(),
      }),
    );
    return response;
  }

  async receive(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const current = this.host.current();
    const attachment = current?.feed.attachmentOf(socket) ?? null;
    if (current === null || attachment === null) {
      socket.close(1012, 'Connect again');
      return;
    }
    const { feed } = current;
    if (this.hasEnded(attachment)) {
      feed.endSession(socket);
      return;
    }
    const sender = attachment.userId ?? this.nameOf(socket);
    if (this.isOverLimit(socket, feed, sender, 1)) return;
    const frame = readFrame(message, ClientFrame, MAX_FRAME_BYTES);
    if (!frame.ok) {
      const badFrames = attachment.badFrames + 1;
      feed.put(socket, { ...attachment, badFrames });
      this.refuse(socket, feed, frame.code, frame.detail);
      if (badFrames >= MAX_BAD_FRAMES) {
        socket.close(4400, 'Too many bad frames');
        feed.remove(socket);
      }
      return;
    }
    const { value } = frame;
    const ref = value.ref === undefined ? {} : { ref: value.ref };
    switch (value.type) {
      case 'ping':
        await this.host.settled();
        feed.send(
          socket,
          JSON.stringify({ type: 'pong', server_time: this.time(), seq: current.live.book.lastSeq, ...ref }),
        );
        return;
      case 'subscribe': {
        if (value.channels.includes('orders') && attachment.userId === null) {
          this.refuse(socket, feed, 'unauthenticated', 'Sign in to watch your own orders.', value.ref);
          return;
        }
        await this.host.settled();
        const channels = [...new Set([...attachment.channels, ...value.channels])].sort();
        feed.put(socket, { ...attachment, channels });
        feed.send(socket, JSON.stringify({ type: 'subscribed', channels, ...ref }));
        if (value.channels.includes('book'))
          feed.bringUpToDate(socket, value.resume_from, current.live.book.lastSeq);
        return;
      }
      case 'unsubscribe': {
        const channels = attachment.channels.filter((channel) => !value.channels.includes(channel));
        feed.put(socket, { ...attachment, channels });
        feed.send(socket, JSON.stringify({ type: 'subscribed', channels, ...ref }));
        return;
      }
      case 'commands': {
        const { userId } = attachment;
        if (userId === null) {
          this.refuse(socket, feed, 'unauthenticated', 'Sign in to trade.', value.ref);
          return;
        }
        // The frame itself has been counted as one.
        if (this.isOverLimit(socket, feed, sender, value.commands.length - 1, value.ref)) return;
        const results = await Promise.all(
          value.commands.map((command) => this.run(command, userId, current)),
        );
        feed.send(
          socket,
          `{"type":"results",${value.ref === undefined ? '' : `"ref":${JSON.stringify(value.ref)},`}"results":[${results.join()}]}`,
        );
      }
    }
  }

  closed(socket: WebSocket, code: number, reason: string): void {
    this.host.current()?.feed.remove(socket);
    answerClose(socket, code, reason);
  }

  /** Counts what a frame asks for; past the limit the sender is told how long to wait, and nothing is done. */
  private isOverLimit(socket: WebSocket, feed: Feed, sender: string, cost: number, ref?: string): boolean {
    const { rate, commandsPerMinute, now } = this.host;
    const waitSeconds = cost === 0 ? 0 : rate.check(sender, commandsPerMinute, now(), cost);
    if (waitSeconds > 0) {
      this.refuse(socket, feed, 'rate_limited', `Too many commands. Try again in ${waitSeconds} s.`, ref);
    }
    return waitSeconds > 0;
  }

  hasEnded(attachment: Attachment): boolean {
    const { ctx, revocations, now } = this.host;
    return hasSessionEnded(ctx, revocations, attachment, now());
  }

  /** One command of a frame, answered as JSON: the same schema, checks and answers as over REST. */
  private async run(input: unknown, userId: string, { bookKey, config }: Current): Promise<string> {
    const parsed = Command.safeParse(input);
    if (!parsed.success) {
      return JSON.stringify({
        ok: false,
        code: 'validation_failed',
        detail: 'The command does not match what this socket accepts; see errors.',
        errors: parsed.error.issues.map(({ path, message }) => ({
          pointer: `/${path.map(String).join('/')}`,
          detail: message,
        })),
      });
    }
    const command = toBookCommand(parsed.data, bookKey, config.productId);
    if (command === null) {
      return JSON.stringify({
        ok: false,
        ...failure('order_not_found', 'There is no such order in this book.'),
      });
    }
    const clientId = parsed.data.op === 'place' ? parsed.data.order.client_id : parsed.data.client_id;
    const answer = await this.host.execute(command, {
      userId,
      keys: clientId === undefined ? [] : [`${command.op} ${clientId}`],
      correlationId: 'socket',
    });
    if (answer.ok)
      return `{"ok":true,${command.op === 'cancel' ? `"${command.side}":${answer.body},"matches":[]}` : answer.body.slice(1)}`;
    const { extra, ...problem } = answer.failure;
    return JSON.stringify({ ok: false, ...problem, ...extra });
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

  private refuse(socket: WebSocket, feed: Feed, code: ErrorCode, detail: string, ref?: string): void {
    feed.send(socket, JSON.stringify({ type: 'error', code, detail, ...(ref === undefined ? {} : { ref }) }));
  }

  private time(): string {
    return new Date(this.host.now()).toISOString();
  }
}

function toBookCommand(command: Command, bookKey: string, productId: string): BookCommand | null {
  if (command.op === 'place') return { op: 'place', side: command.side, productId, terms: command.order };
  for (const side of SIDES) {
    const named = parseSequencedId(side, command.id);
    if (named === null || named.bookKey !== bookKey) continue;
    return command.op === 'cancel'
      ? { op: 'cancel', side, seq: named.sequence }
      : { op: 'amend', side, seq: named.sequence, terms: command.changes };
  }
  return null;
}
