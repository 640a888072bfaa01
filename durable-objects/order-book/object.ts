import { DurableObject } from 'cloudflare:workers';
import { type Failure, failure } from '../../src/domain/errors.ts';
import { hash53 } from '../../src/domain/hash.ts';
import type { BookIdentity } from '../../src/domain/market/events.ts';
import { feeRateAt } from '../../src/domain/market/fees.ts';
import type { Change, Rejection, Side } from '../../src/domain/market/order.ts';
import {
  type BookRecord,
  type HistoricTrade,
  MAX_HISTORY_PER_RECORD,
  recordOf,
  tradesOf,
} from '../../src/domain/market/record.ts';
import type { Result } from '../../src/domain/result.ts';
import {
  decodeCommand,
  decodeRead,
  encodeAnswer,
  encodeReadAnswer,
} from '../../src/platform/books/book-call.ts';
import type {
  AppliedRange,
  BookCommand,
  BookConfig,
  BookPulse,
  CommandAnswer,
  CommandContext,
  MarketRead,
  OrderRead,
  ReadAnswer,
  RelinkAnswer,
  RelinkRequest,
} from '../../src/platform/books/books.ts';
import { createQueuePublisher } from '../../src/platform/events/queue-publisher.ts';
import { createIsolateRateLimiter } from '../../src/platform/rate/isolate-rate-limiter.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import { bookView, marketView, quoteView, tickerView, tradeView } from '../../src/wire/market.ts';
import { DEFAULT_EXPIRY_HOURS, expiryOf, orderView, takenView } from '../../src/wire/orders.ts';
import { rejectionFailure } from '../../src/wire/rejections.ts';
import { GroupCommit } from '../shared/group-commit.ts';
import { isMigrated, migrate } from '../shared/migrate.ts';
import { Archive } from './archive.ts';
import { Feed, type FeedItem } from './feed.ts';
import { LiveBook, rulesOf } from './live-book.ts';
import { MIGRATIONS } from './migrations.ts';
import { nextAlarm } from './next-alarm.ts';
import { Outbox } from './outbox.ts';
import { BookSockets } from './sockets.ts';
import { BookStorage } from './storage.ts';

/** Records between two checkpoints: what a restart replays at most. */
const CHECKPOINT_RECORDS = 1_000;
/** New orders are refused while D1 is this many records behind; cancels go on. */
const MAX_UNPROJECTED = 100_000;
/** Orders that one expiry pass closes; the rest follow at once in the next. */
const EXPIRIES_PER_PASS = 500;
const CONFIRMED_SAVE_MS = 1_000;
const HOUR_MS = 3_600_000;

interface Written {
  record: BookRecord;
  change: Change | null;
}

/** Everything that exists once a book is configured. */
interface Running {
  bookKey: string;
  config: BookConfig;
  live: LiveBook;
  outbox: Outbox;
  feed: Feed;
  archive: Archive;
}

const SIZE_NOT_FOUND = failure('size_not_found', 'There is no such size, or it is not yours to see.');

/**
 * One order book: the only writer of its orders. Wiring only: the engine decides, the journal stores, the outbox and the
 * feed tell. A command is matched in memory, stored with its neighbours in one transaction, and answered after that.
 */
export class OrderBook extends DurableObject<Env> {
  /** The clock, which tests replace. */
  now: () => number = () => Date.now();
  private readonly storage: BookStorage;
  private readonly commit: GroupCommit<Written>;
  private readonly sockets: BookSockets;
  private running: Running | null = null;
  private armedAtMs: number | null = null;
  private savingConfirmed: ReturnType<typeof setTimeout> | null = null;
  /** Answers of commands whose record is not stored yet, by request key. */
  private readonly unstored = new Map<string, BookRecord>();
  private readonly rendered = new Map<string, { seq: number; untilMs: number; body: string }>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.storage = new BookStorage(ctx.storage.sql);
    this.commit = new GroupCommit(
      (written) => this.write(written),
      (error) => ctx.abort(`a commit failed: ${String(error)}`),
    );
    const revocations = createD1Revocations(env.DB, Number(env.ACCESS_TOKEN_SECONDS) * 1000);
    this.sockets = new BookSockets({
      ctx,
      now: () => this.now(),
      revocations,
      rate: createIsolateRateLimiter(),
      commandsPerMinute: Number(env.RATE_WRITES_PER_USER),
      execute: (command, context) => this.execute(command, context),
      settled: () => this.settled(),
      current: () => this.running,
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
    const stored = this.storage.readMeta('config');
    if (stored === null) return;
    const { bookKey, config } = stored;
    const confirmedSeq = this.storage.readMeta('confirmed') ?? 0;
    const live = LiveBook.load(this.storage, config, confirmedSeq);
    const archive = new Archive(this.ctx.storage, this.storage, this.env.MEDIA, bookKey);
    const outbox = new Outbox({
      publisher: createQueuePublisher(this.env.EVENTS),
      read: (afterSeq, limit) => archive.recordsAfter(afterSeq, limit),
      identity: () => this.identity(),
      now: () => this.now(),
      confirmedSeq,
      rebuildThroughSeq: this.storage.readMeta('rebuildThrough') ?? 0,
      committedSeq: live.book.lastSeq,
    });
    const feed = new Feed(
      this.ctx.getWebSockets(),
      {
        trade: (trade) => tradeView(trade, bookKey),
        ticker: () => tickerView(live.book),
        order: (order) => orderView(order, this.facts()),
        snapshot: () =>
          JSON.stringify({
            type: 'snapshot',
            seq: live.book.lastSeq,
            ...live.book.depth(Number.MAX_SAFE_INTEGER),
          }),
        hasEnded: (attachment) => this.sockets.hasEnded(attachment),
      },
      () => this.now(),
      live.book.lastSeq,
    );
    this.running = { bookKey, config, live, outbox, feed, archive };
    this.arm();
  }

  /** Takes the catalogue's configuration when it is newer than the one at hand. The first one opens the book. */
  async configure(bookKey: string, config: BookConfig): Promise<void> {
    if (this.running === null) {
      migrate(this.ctx.storage, MIGRATIONS);
      this.storage.writeMeta('config', { bookKey, config });
      this.load();
      return;
    }
    const { running } = this;
    await this.commit.settled();
    // Asked after the wait, in which a newer configuration may have come.
    if (config.version <= running.config.version) return;
    const rules = rulesOf(config);
    this.storage.writeMeta('config', { bookKey, config });
    running.config = config;
    const change = running.live.book.setRules(rules, this.now());
    await this.store(recordOf('rules', change, config.fees, 'configure'), change, { rules });
    this.rendered.clear();
    if (config.hidden) running.feed.closeAll(4404, 'The book is no longer shown');
  }

  private identity(): BookIdentity {
    const { bookKey, config } = this.running!;
    return { bookKey, sizeId: config.sizeId, productId: config.productId, currency: config.currency };
  }

  private facts() {
    return this.identity();
  }

  // ---- Commands ----

  async executeText(text: string): Promise<string> {
    return encodeAnswer(await this.execute(...decodeCommand(text)));
  }

  async execute(command: BookCommand, context: CommandContext): Promise<CommandAnswer> {
    const { running } = this;
    if (running === null) return { ok: false, failure: SIZE_NOT_FOUND };
    const keys = context.keys.map((key) => `${context.userId} ${key}`);
    const fingerprint = keys.length === 0 ? 0 : hash53(JSON.stringify(command));
    for (const key of keys) {
      const first = this.unstored.get(key) ?? this.storage.findRequest(key);
      if (first === null) continue;
      if (first.request!.fingerprint !== fingerprint) {
        return {
          ok: false,
          failure: failure(
            'idempotency_key_reused',
            'This key or client_id was used for a different request; use a new one.',
          ),
        };
      }
      await this.commit.settled();
      return this.answer(command, first, true);
    }

    const refused = this.refuse(running, command);
    if (refused !== null) return { ok: false, failure: refused };
    const decided = this.decide(running, command, context.userId);
    if (!decided.ok) {
      // The refusal may rest on commands that are not stored yet; nobody hears of those before they are.
      await this.commit.settled();
      return { ok: false, failure: decided.error };
    }
    const record = recordOf(
      command.op === 'take' ? 'place' : command.op,
      decided.value,
      running.config.fees,
      context.correlationId,
    );
    if (keys.length > 0) record.request = { keys, fingerprint };
    await this.store(record, decided.value);
    return this.answer(command, record, false);
  }

  private refuse({ config, outbox }: Running, command: BookCommand): Failure | null {
    if ('productId' in command) {
      if (command.productId !== config.productId) return SIZE_NOT_FOUND;
      if (config.hidden) return failure('product_not_found', 'There is no such product, or it is not shown.');
      if (feeRateAt(config.fees, this.now()) === null)
        return failure('unavailable', 'No fee rate is in force for this book.');
    }
    if (command.op !== 'cancel' && outbox.unprojected > MAX_UNPROJECTED) {
      return failure(
        'book_overloaded',
        'This book is catching up. Try again in a few seconds; cancels still work.',
      );
    }
    return null;
  }

  private decide({ live, bookKey }: Running, command: BookCommand, userId: string): Result<Change, Failure> {
    const { book } = live;
    const nowMs = this.now();
    const explained = (result: Result<Change, Rejection>, side: Side): Result<Change, Failure> =>
      result.ok ? result : { ok: false, error: rejectionFailure(result.error, side, bookKey) };
    switch (command.op) {
      case 'place': {
        const { terms, side } = command;
        const said = expiryOf(terms, nowMs);
        const rests = terms.time_in_force === 'gtc';
        return explained(
          book.place(
            {
              side,
              userId,
              clientId: terms.client_id ?? null,
              priceCents: terms.price_cents,
              quantity: terms.quantity,
              timeInForce: terms.time_in_force,
              postOnly: terms.post_only,
              expiresAtMs: said !== undefined ? said : rests ? nowMs + DEFAULT_EXPIRY_HOURS * HOUR_MS : null,
              confirm: terms.confirm,
            },
            nowMs,
          ),
          side,
        );
      }
      case 'take': {
        const { side, quantity, limitCents, clientId } = command;
        const priceCents = book.quote(side, 1, nowMs).worstPriceCents;
        const isTooFar =
          priceCents !== null &&
          limitCents !== null &&
          (side === 'bid' ? priceCents > limitCents : priceCents < limitCents);
        if (priceCents === null || isTooFar) {
          return {
            ok: false,
            error: failure(
              'no_liquidity',
              priceCents === null
                ? 'Nobody is on the other side of this book right now.'
                : 'The best price has moved past your limit.',
              {
                best_price_cents: priceCents,
              },
            ),
          };
        }
        return explained(
          book.place(
            {
              side,
              userId,
              clientId,
              priceCents,
              quantity,
              timeInForce: 'ioc',
              postOnly: false,
              expiresAtMs: null,
              confirm: true,
            },
            nowMs,
          ),
          side,
        );
      }
      case 'amend': {
        const { terms, side, seq } = command;
        if (book.order(seq)?.side !== side)
          return explained({ ok: false, error: { code: 'not_resting' } }, side);
        return explained(
          book.amend(
            seq,
            userId,
            {
              priceCents: terms.price_cents,
              quantity: terms.quantity,
              expiresAtMs: expiryOf(terms, nowMs),
              confirm: terms.confirm,
            },
            nowMs,
          ),
          side,
        );
      }
      case 'cancel': {
        if (book.order(command.seq)?.side !== command.side)
          return explained({ ok: false, error: { code: 'not_resting' } }, command.side);
        const cancelled = command.byOperator
          ? book.cancel(command.seq, null, 'admin', nowMs)
          : book.cancel(command.seq, userId, 'user', nowMs);
        return explained(cancelled, command.side);
      }
    }
  }

  private answer(command: BookCommand, record: BookRecord, replayed: boolean): CommandAnswer {
    const facts = this.facts();
    const view = command.op === 'cancel' ? orderView(record.orders[0]!, facts) : takenView(record, facts);
    return { ok: true, body: JSON.stringify(view), replayed, seq: record.seq };
  }

  async importHistory(
    productId: string,
    trades: HistoricTrade[],
    context: CommandContext,
  ): Promise<CommandAnswer> {
    const { running } = this;
    if (running === null || productId !== running.config.productId)
      return { ok: false, failure: SIZE_NOT_FOUND };
    const keys = context.keys.map((key) => `${context.userId} ${key}`);
    const fingerprint = hash53(JSON.stringify(trades));
    const body = JSON.stringify({ imported: trades.length });
    for (const key of keys) {
      const first = this.unstored.get(key) ?? this.storage.findRequest(key);
      if (first === null) continue;
      if (first.request!.fingerprint !== fingerprint) {
        return {
          ok: false,
          failure: failure('idempotency_key_reused', 'This key was used for other trades; use a new one.'),
        };
      }
      await this.commit.settled();
      return { ok: true, body, replayed: true, seq: first.seq };
    }
    const { book } = running.live;
    const change = book.setRules({}, this.now());
    for (const [atMs, priceCents] of trades) book.recordSale(priceCents, atMs);
    const record = recordOf('history', change, running.config.fees, context.correlationId);
    if (keys.length > 0) record.request = { keys, fingerprint };
    await this.store(record, change, { history: trades.slice(0, MAX_HISTORY_PER_RECORD) });
    return { ok: true, body, replayed: false, seq: record.seq };
  }

  /** Gives an order back what a failed match took from it; a match does so once, whatever comes twice. */
  async relink({ matchNumber, order, quantity, correlationId }: RelinkRequest): Promise<RelinkAnswer> {
    const { running } = this;
    if (running === null || feeRateAt(running.config.fees, this.now()) === null) return 'not_now';
    const key = `relink ${order.side} ${matchNumber}`;
    if (this.unstored.has(key) || this.storage.findRequest(key) !== null) {
      await this.commit.settled();
      return 'relinked';
    }
    const { live, config } = running;
    const change = live.book.relink(live.order(order.seq) ?? order, quantity, this.now());
    if (!change.ok) {
      await this.commit.settled();
      return change.error;
    }
    const record = recordOf('relink', change.value, config.fees, correlationId);
    record.request = { keys: [key], fingerprint: 0 };
    await this.store(record, change.value);
    return 'relinked';
  }

  // ---- Storing ----

  /** Resolves once the record is stored. */
  private store(record: BookRecord, change: Change | null, more: Partial<BookRecord> = {}): Promise<void> {
    Object.assign(record, more);
    this.running!.live.note(record);
    for (const key of record.request?.keys ?? []) this.unstored.set(key, record);
    return this.commit.add({ record, change });
  }

  private write(written: readonly Written[]): void {
    const { live, outbox, feed } = this.running!;
    this.ctx.storage.transactionSync(() => {
      for (const { record } of written) this.storage.appendRecord(record);
      if (live.uncheckpointed >= CHECKPOINT_RECORDS) live.checkpoint(this.storage);
    });
    // From here on it is stored, and everybody may know.
    const items: FeedItem[] = [];
    for (const { record, change } of written) {
      for (const key of record.request?.keys ?? []) this.unstored.delete(key);
      items.push({
        seq: record.seq,
        levels: change?.levels ?? [],
        trades: record.history ? [] : tradesOf(record),
        orders: record.orders,
      });
    }
    outbox.committed(written.map(({ record }) => record));
    feed.push(items);
    this.arm();
  }

  private settled(): Promise<void> {
    return this.commit.settled();
  }

  // ---- Reads: from memory, and only what is stored ----

  private async upToDate(): Promise<Running | null> {
    await this.expireDue();
    if (this.commit.isDirty) await this.commit.settled();
    return this.running;
  }

  async readOrder(side: Side, seq: number, userId: string): Promise<OrderRead> {
    const running = await this.upToDate();
    const order = running?.live.order(seq) ?? null;
    if (order === null || order.side !== side) return { ok: false, reason: 'not_here' };
    if (order.userId !== userId) return { ok: false, reason: 'not_yours' };
    return { ok: true, body: JSON.stringify(orderView(order, this.facts())) };
  }

  async readText(productId: string, text: string): Promise<string> {
    const running = await this.upToDate();
    if (running === null || productId !== running.config.productId || running.config.hidden)
      return encodeReadAnswer({ ok: false, failure: SIZE_NOT_FOUND });
    const read = decodeRead(text);
    if (read.view === 'quote') return encodeReadAnswer(this.quote(running, read));
    return this.render(text, running, read);
  }

  /** Serialises a view once a change; the statistics also move with the clock, so nothing is kept for over a second. */
  private render(key: string, running: Running, read: Exclude<MarketRead, { view: 'quote' }>): string {
    const nowMs = this.now();
    const seq = running.live.book.lastSeq;
    const kept = this.rendered.get(key);
    if (kept !== undefined && kept.seq === seq && kept.untilMs > nowMs) return kept.body;
    const body = JSON.stringify(this.view(running, read, nowMs));
    if (this.rendered.size >= 64) this.rendered.clear();
    this.rendered.set(key, { seq, untilMs: nowMs + 1_000, body });
    return body;
  }

  private view(
    { live, bookKey, config }: Running,
    read: Exclude<MarketRead, { view: 'quote' }>,
    nowMs: number,
  ): unknown {
    const facts = this.facts();
    switch (read.view) {
      case 'market':
        return marketView(live.book, live.stats, facts, nowMs);
      case 'book':
        return bookView(live.book, facts, read.depth);
      case 'trades':
        return live.recentTrades(read.limit).map((trade) => tradeView(trade, bookKey));
      case 'candles': {
        const candles = live.stats.candles(read.interval, read.fromMs ?? 0, read.toMs ?? nowMs, read.limit);
        return {
          interval: read.interval,
          currency: config.currency,
          data: candles.map(({ start, open, high, low, close, volume }) => ({
            start: new Date(start).toISOString(),
            open_cents: open,
            high_cents: high,
            low_cents: low,
            close_cents: close,
            volume,
          })),
        };
      }
      case 'orders': {
        const orders = [];
        for (const order of live.book.resting()) {
          if (order.side !== read.side) continue;
          orders.push({
            side: order.side,
            size_id: config.sizeId,
            price_cents: order.priceCents,
            currency: config.currency,
            quantity: order.quantity - order.filled,
            created_at: new Date(order.createdAtMs).toISOString(),
            expires_at: order.expiresAtMs === null ? null : new Date(order.expiresAtMs).toISOString(),
          });
          if (orders.length === read.limit) break;
        }
        return orders;
      }
    }
  }

  private quote(
    { live, config }: Running,
    { side, quantity, userId }: Extract<MarketRead, { view: 'quote' }>,
  ): ReadAnswer {
    const nowMs = this.now();
    const rate = feeRateAt(config.fees, nowMs);
    if (rate === null)
      return { ok: false, failure: failure('unavailable', 'No fee rate is in force for this book.') };
    return {
      ok: true,
      body: JSON.stringify(quoteView(live.book, side, quantity, userId, rate, config.currency, nowMs)),
    };
  }

  // ---- Time ----

  private async expireDue(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    for (;;) {
      const change = running.live.book.expireDue(this.now(), EXPIRIES_PER_PASS);
      if (change === null) return;
      await this.store(recordOf('expire', change, running.config.fees, 'expiry'), change);
    }
  }

  private arm(): void {
    const { running } = this;
    if (running === null) return;
    const at = nextAlarm({
      nowMs: this.now(),
      expiryAtMs: running.live.book.nextExpiryMs(),
      outboxAtMs: running.outbox.dueAtMs,
      heartbeat: running.feed.hasSubscribers('heartbeat'),
      archiveAtMs: running.archive.dueAtMs(settledSeq(running), this.now()),
      armedAtMs: this.armedAtMs,
    });
    if (at === null) return;
    this.armedAtMs = at;
    void this.ctx.storage.setAlarm(at);
  }

  override async alarm(): Promise<void> {
    this.armedAtMs = null;
    const { running } = this;
    if (running === null) return;
    try {
      await this.expireDue();
      running.feed.broadcast(
        'heartbeat',
        JSON.stringify({
          type: 'heartbeat',
          server_time: new Date(this.now()).toISOString(),
          seq: running.live.book.lastSeq,
        }),
      );
      await running.outbox.resume();
      await running.archive.run(settledSeq(running));
    } catch (error) {
      // The platform gives up after six failed alarms; this one re-arms itself instead.
      console.log(
        JSON.stringify({
          level: 'error',
          event: 'book_alarm_failed',
          book: running.bookKey,
          error: String(error),
        }),
      );
    }
    this.arm();
  }

  // ---- The projection ----

  /** What is confirmed is written down within a second: forgotten in a crash, it is merely sent and confirmed again. */
  async confirm(ranges: readonly AppliedRange[]): Promise<void> {
    const { running } = this;
    if (running === null || !running.outbox.confirm(ranges)) return;
    running.live.forgetThrough(running.outbox.confirmedSeq);
    this.savingConfirmed ??= setTimeout(() => {
      this.savingConfirmed = null;
      this.storage.writeMeta('confirmed', running.outbox.confirmedSeq);
    }, CONFIRMED_SAVE_MS);
  }

  async whenProjected(seq: number, timeoutMs: number): Promise<void> {
    await this.running?.outbox.whenConfirmed(seq, timeoutMs);
  }

  async replayJournal(): Promise<void> {
    if (this.running === null) return;
    this.storage.writeMeta('rebuildThrough', this.running.outbox.restart());
    this.storage.writeMeta('confirmed', 0);
    this.arm();
  }

  async poke(): Promise<void> {
    await this.alarm();
  }

  /** How far the projection and the alarm are behind, for reconciliation; null for a book that was never opened. */
  async pulse(): Promise<BookPulse | null> {
    const { running } = this;
    if (running === null) return null;
    const { outbox, archive } = running;
    const [oldest] = outbox.unprojected > 0 ? await archive.recordsAfter(outbox.projectedSeq, 1) : [];
    return {
      unprojected: outbox.unprojected,
      projectionLateMs: oldest === undefined ? 0 : this.now() - oldest.atMs,
      alarmLateMs: this.armedAtMs === null ? 0 : Math.max(0, this.now() - this.armedAtMs),
    };
  }

  async ping(): Promise<'pong'> {
    return 'pong';
  }

  // ---- Sockets ----

  override async fetch(request: Request): Promise<Response> {
    const productId = new URL(request.url).pathname.slice(1);
    if (this.running === null || this.running.config.hidden || this.running.config.productId !== productId) {
      return new Response(null, { status: 404 });
    }
    await this.settled();
    const response = this.sockets.accept(request, this.running);
    this.arm();
    return response;
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.receive(socket, message);
    this.arm();
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    this.sockets.closed(socket, code, reason);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.running?.feed.remove(socket);
  }
}

/** The command up to which the journal is needed neither for a restart nor for the projection. */
function settledSeq({ live, outbox }: Running): number {
  return Math.min(live.checkpointSeq, outbox.confirmedSeq);
}
