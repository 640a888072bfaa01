import type { Config } from './config.ts';
import type { Db } from './db/client.ts';
import type { EventEnvelope } from './domain/events.ts';
import type { RandomSource } from './domain/ids.ts';
import type { Authenticator } from './platform/authenticator/authenticator.ts';
import type { Books } from './platform/books/books.ts';
import type { MarketMemo } from './platform/books/market-memo.ts';
import type { RecentWrites } from './platform/books/recent-writes.ts';
import type { Channels } from './platform/channels/channels.ts';
import type { Conversations } from './platform/conversations/conversations.ts';
import type { Outbox } from './platform/events/outbox.ts';
import type { Mailbox, Mailer } from './platform/mail/mail.ts';
import type { ImageTransformer } from './platform/media/images.ts';
import type { MediaStore } from './platform/media/media.ts';
import type { Passwords } from './platform/passwords/passwords.ts';
import type { DemoControls } from './platform/payments/demo-controls.ts';
import type { PaymentGateway } from './platform/payments/gateway.ts';
import type { DevicePush, Push } from './platform/push/push.ts';
import type { RateLimiter } from './platform/rate/rate-limiter.ts';
import type { Sms } from './platform/sms/sms.ts';
import type { MediaIngest } from './platform/streaming/media-ingest.ts';
import type { Revocations } from './platform/tokens/revocations.ts';
import type { AccessTokens } from './platform/tokens/tokens.ts';
import type { Vault } from './platform/vault/vault.ts';

/** Everything a use case may touch. `composition.ts` fills it from the bindings; tests fill it as they like. */
export interface Deps {
  config: Config;
  /** Drizzle over D1; `d1` is the same database for raw batches. */
  db: Db;
  d1: D1Database;
  /** Epoch milliseconds. */
  now: () => number;
  random: RandomSource;
  passwords: Passwords;
  vault: Vault;
  authenticator: Authenticator;
  tokens: AccessTokens;
  revocations: Revocations;
  books: Books;
  writes: RecentWrites;
  /** The same for conversations: by conversation id, the newest change. */
  chatWrites: RecentWrites;
  memo: MarketMemo;
  /** Live fan-out to whoever is connected now. */
  channels: Channels;
  conversations: Conversations;
  media: MediaStore;
  images: ImageTransformer;
  /** What carries the picture of a stream. */
  ingest: MediaIngest;
  rate: RateLimiter;
  /** Events of D1 on their way to the queue; a use case that wrote some drains it, and the cron does. */
  outbox: Outbox;
  /** Sends a message to a queue again, by the queue's name; it arrives after the delay. */
  requeue: (queue: string, body: unknown, delaySeconds?: number) => Promise<void>;
  payments: PaymentGateway;
  /** What the world outside does in demo mode; null when the processor is real. */
  demo: DemoControls | null;
  mailer: Mailer;
  sms: Sms;
  push: Push;
  devicePush: DevicePush;
  /** What mails and texts become in local development; null where they are really sent. */
  mailbox: Mailbox | null;
  log: Logger;
}

/** Does what an event asks for. It may come twice, late and in any order: a handler is idempotent by the event's id. */
export type DomainEventHandler = (deps: Deps, event: EventEnvelope) => Promise<void>;

/** What a feature does about which type of event. */
export type DomainEventHandlers = Readonly<Record<string, DomainEventHandler>>;

export interface Logger {
  /** False when lines of this level go nowhere, so that nobody needs to gather their fields. */
  writes(level: 'debug' | 'info' | 'warn' | 'error'): boolean;
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}
