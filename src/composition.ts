import { createHmac } from 'node:crypto';
import { type Config, parseConfig } from './config.ts';
import { createDb, type Db } from './db/client.ts';
import type { Deps, Logger } from './deps.ts';
import { receiveWebhook } from './features/payments/webhooks.usecases.ts';
import { type App, createApp } from './http/app.ts';
import { createOutbox } from './jobs/outbox.ts';
import { createOtpauthAuthenticator } from './platform/authenticator/otpauth-authenticator.ts';
import { createMarketMemo } from './platform/books/market-memo.ts';
import { createObjectBooks } from './platform/books/object-books.ts';
import { createRecentWrites } from './platform/books/recent-writes.ts';
import { createObjectChannels } from './platform/channels/object-channels.ts';
import { createObjectConversations } from './platform/conversations/object-conversations.ts';
import { createBindingMailer } from './platform/mail/binding-mailer.ts';
import { createD1Mailbox } from './platform/mail/d1-mailbox.ts';
import { createMailboxMailer } from './platform/mail/mailbox-mailer.ts';

import { createBindingImages } from './platform/media/binding-images.ts';
import { createR2Media } from './platform/media/r2-media.ts';
import { createScryptPasswords } from './platform/passwords/scrypt-passwords.ts';
import { createDemoBank } from './platform/payments/demo-bank.ts';
import { createDemoProcessor } from './platform/payments/demo-processor.ts';
import { createStripeGateway } from './platform/payments/stripe-gateway.ts';
import {
  createMailboxDevicePush,
  createNoDevicePush,
  createRelayedDevicePush,
} from './platform/push/device-push.ts';
import { createWebPush } from './platform/push/web-push.ts';
import { createIsolateRateLimiter } from './platform/rate/isolate-rate-limiter.ts';
import { createHttpSms } from './platform/sms/http-sms.ts';
import { createMailboxSms } from './platform/sms/mailbox-sms.ts';
import { createNoSms } from './platform/sms/no-sms.ts';
import { createExternalIngest } from './platform/streaming/external-ingest.ts';
import { createD1Revocations } from './platform/tokens/d1-revocations.ts';
import { createJoseTokens } from './platform/tokens/jose-tokens.ts';
import { createAesVault } from './platform/vault/aes-vault.ts';

export interface Composition {
  app: App;
  deps: Deps;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** One JSON object a line, with a stable event name; ids only, never tokens or bodies. */
export function createLogger(level: Config['LOG_LEVEL']): Logger {
  const lowest = LEVELS.indexOf(level);
  const writes = (at: (typeof LEVELS)[number]) => LEVELS.indexOf(at) >= lowest;
  const writer =
    (at: (typeof LEVELS)[number]) =>
    (event: string, fields: Record<string, unknown> = {}) => {
      if (writes(at))
        console.log(JSON.stringify({ level: at, event, at: new Date().toISOString(), ...fields }));
    };
  return {
    writes,
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
}

/** What the demo processor signs with: the same in every isolate, and known to nobody outside. */
const demoWebhookSecret = (signingKey: string): string =>
  createHmac('sha256', signingKey).update('webhooks of the demo processor').digest('hex');

/** The gateway to the payment processor, and in demo mode the processor itself: its webhooks come in like any other. */
function createPayments(
  config: Config,
  db: Db,
  now: () => number,
  receive: (rawBody: string, signature: string) => Promise<unknown>,
): Pick<Deps, 'payments' | 'demo'> {
  if (config.PAYMENTS_MODE === 'stripe') {
    const { STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_SECRET_KEY: secretKey } = config;
    if (!secretKey) throw new Error('PAYMENTS_MODE is stripe, and the secret STRIPE_SECRET_KEY is missing.');
    if (!webhookSecret)
      throw new Error('PAYMENTS_MODE is stripe, and the secret STRIPE_WEBHOOK_SECRET is missing.');
    const apiBase = config.STRIPE_API_BASE;
    const fetchFn: typeof fetch = (input, init) => fetch(input, init);
    return { payments: createStripeGateway({ secretKey, webhookSecret, apiBase, fetchFn }), demo: null };
  }
  const webhookSecret = config.STRIPE_WEBHOOK_SECRET ?? demoWebhookSecret(config.TOKEN_SIGNING_KEY);
  const { fetch: fetchFn, controls } = createDemoProcessor({
    db,
    now,
    webhookSecret,
    bank: createDemoBank(
      {
        minLatencyMs: config.DEMO_MIN_LATENCY_MS,
        maxLatencyMs: config.DEMO_MAX_LATENCY_MS,
        timeoutMs: config.DEMO_TIMEOUT_MS,
        declinePercent: config.DEMO_DECLINE_PERCENT,
        seed: config.DEMO_SEED,
      },
      (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    ),
    deliver: async (rawBody, signature) => {
      await receive(rawBody, signature);
    },
  });
  const apiBase = 'https://demo-processor.invalid';
  return {
    payments: createStripeGateway({ secretKey: 'sk_demo', webhookSecret, apiBase, fetchFn }),
    demo: controls,
  };
}

/** The ways out of the house: providers, or in local development the mailbox where everything can be read. */
function createWaysOut(
  env: Env,
  config: Config,
  now: () => number,
): Pick<Deps, 'mailer' | 'sms' | 'push' | 'devicePush' | 'mailbox'> {
  const fetchFn: typeof fetch = (input, init) => fetch(input, init);
  const push = createWebPush({
    vapidKey: config.VAPID_KEY,
    subject: config.VAPID_SUBJECT,
    hosts: config.PUSH_HOSTS,
    fetchFn,
  });
  const mailbox = config.MAIL_MODE === 'mailbox' ? createD1Mailbox(env.DB) : null;
  const mailer = mailbox
    ? createMailboxMailer(mailbox, now)
    : createBindingMailer(env.EMAIL, config.MAIL_FROM);
  const smsToken = config.SMS_TOKEN ?? '';
  const sms =
    config.SMS_URL !== ''
      ? createHttpSms({ url: config.SMS_URL, token: smsToken, fetchFn }, config.SMS_FROM)
      : mailbox
        ? createMailboxSms(mailbox, now)
        : createNoSms();
  const deviceToken = config.DEVICE_PUSH_TOKEN ?? '';
  const devicePush =
    config.DEVICE_PUSH_URL !== ''
      ? createRelayedDevicePush({ url: config.DEVICE_PUSH_URL, token: deviceToken, fetchFn })
      : mailbox
        ? createMailboxDevicePush(mailbox, now)
        : createNoDevicePush();
  return { mailer, sms, push, devicePush, mailbox };
}

/** Fills the dependencies from the bindings: the only Worker-side reader of them. */
export function compose(env: Env): Composition {
  const config = parseConfig(env);
  const now = () => Date.now();
  const db = createDb(env.DB);
  const log = createLogger(config.LOG_LEVEL);
  const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes);
  const { payments, demo } = createPayments(config, db, now, (rawBody, signature) =>
    receiveWebhook(deps, rawBody, signature),
  );
  const deps: Deps = {
    config,
    db,
    d1: env.DB,
    now,
    random,
    passwords: createScryptPasswords(),
    vault: createAesVault(config.DATA_KEY, config.DATA_PREVIOUS_KEY, random),
    authenticator: createOtpauthAuthenticator(random),
    tokens: createJoseTokens(config, random),
    revocations: createD1Revocations(env.DB, config.ACCESS_TOKEN_SECONDS * 1000),
    books: createObjectBooks(env.ORDER_BOOKS),
    writes: createRecentWrites(),
    chatWrites: createRecentWrites(),
    memo: createMarketMemo(config.MARKET_MEMO_MS),
    channels: createObjectChannels(env.CHANNELS, log),
    conversations: createObjectConversations(env.CONVERSATIONS),
    media: createR2Media(env.MEDIA),
    images: createBindingImages(env.IMAGES),
    ingest: createExternalIngest(),
    rate: createIsolateRateLimiter(),
    outbox: createOutbox({ db, queue: env.EVENTS, now, log }),
    requeue: async (queue, body, delaySeconds = 0) => {
      await (queue.endsWith('notifications') ? env.NOTIFICATIONS : env.EVENTS).send(body, {
        contentType: 'json',
        delaySeconds,
      });
    },
    payments,
    demo,
    ...createWaysOut(env, config, now),
    log,
  };
  return { app: createApp(deps), deps };
}

const composed = new WeakMap<Env, Composition>();

/** The composition of this isolate: built at its first event. */
export function composeOnce(env: Env): Composition {
  let composition = composed.get(env);
  if (!composition) {
    composition = compose(env);
    composed.set(env, composition);
  }
  return composition;
}
