import { z } from 'zod';

/** Vars and secrets, parsed once per isolate. A bad value stops the Worker at its first request, with its name. */
const whole = z.coerce.number().int().nonnegative();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

const Config = z.object({
  ENVIRONMENT: z.enum(['production', 'local', 'test']),
  /** The address users see, such as https://bourse.example; empty means: as the request says. */
  PUBLIC_ORIGIN: z.string(),
  /** Comma-separated origins allowed by CORS and on sockets, beside the app's own. */
  CORS_ORIGINS: list,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']),
  ACCESS_TOKEN_SECONDS: whole.min(60).max(3600),
  REFRESH_TOKEN_DAYS: whole.min(1).max(90),
  MAX_BODY_BYTES: whole,
  MAX_IMAGE_BYTES: whole,
  RATE_READS_PER_ADDRESS: whole,
  RATE_WRITES_PER_ADDRESS: whole,
  RATE_WRITES_PER_USER: whole,
  RATE_AUTH_PER_ADDRESS: whole,
  MAX_OPEN_ORDERS_PER_BOOK: whole.min(1),
  MARKET_MEMO_MS: whole.max(1000),
  /** Listings that one seller may have on sale at once, without and with the badge; 0 means: any number (SN-43). */
  MAX_LISTINGS_PER_SELLER: whole,
  MAX_LISTINGS_PER_VERIFIED_SELLER: whole,
  CHAT_MAX_CHARACTERS: whole.min(1).max(5_000),
  CHAT_MESSAGES_PER_TEN_SECONDS: whole.max(100),
  CHAT_SOCKETS_PER_USER: whole.min(1),
  /** `demo`: a processor in this Worker, no account needed. `stripe`: the real one, or a mock of it at STRIPE_API_BASE. */
  PAYMENTS_MODE: z.enum(['demo', 'stripe']),
  STRIPE_API_BASE: z.url(),
  STRIPE_SECRET_KEY: z.string().optional(),
  /** Signs the webhooks of the processor; needed in the mode `stripe`, the demo processor has one of its own. */
  STRIPE_WEBHOOK_SECRET: z.string().min(16).optional(),
  /** How the banks behind the demo processor feel (EV-10): see `DemoBankMood`. */
  DEMO_MIN_LATENCY_MS: whole.max(20_000).default(0),
  DEMO_MAX_LATENCY_MS: whole.max(20_000).default(0),
  DEMO_TIMEOUT_MS: whole.min(1).max(10_000).default(4_000),
  DEMO_DECLINE_PERCENT: whole.max(100).default(0),
  DEMO_SEED: whole.default(0),
  /** Ed25519 private key as a JWK, base64url. Rotation: put the old key's JWK into TOKEN_PREVIOUS_KEY until its tokens expire. */
  TOKEN_SIGNING_KEY: z.string().min(40, 'TOKEN_SIGNING_KEY is missing: run `npm run secrets`'),
  /** How long the proceeds of a completed order wait before they can be paid out. */
  PAYOUT_DELAY_HOURS: whole.max(24 * 90),
  /** Shared with carriers, who sign what they report; without it nobody is believed. */
  CARRIER_WEBHOOK_SECRET: z.string().min(32).optional(),
  /** Encrypts what the database must not tell, and signs short addresses: 32 random bytes, base64url. */
  DATA_KEY: z.string().regex(/^[\w-]{43}$/, 'DATA_KEY is missing: 32 random bytes as base64url'),
  /** The key before, for as long as anything sealed with it is left. */
  DATA_PREVIOUS_KEY: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
  TOKEN_PREVIOUS_KEY: z.string().optional(),
  /** `binding`: the platform's mail service. `mailbox`: mails and texts stay here, to be read at /mailbox. */
  MAIL_MODE: z.enum(['binding', 'mailbox']),
  MAIL_FROM: z.email(),
  /** What links in mails begin with while PUBLIC_ORIGIN is empty. */
  MAIL_ORIGIN: z.url(),
  /** Whom push services write to: `mailto:` or https. */
  VAPID_SUBJECT: z.string().min(1),
  /** Hosts of push services, as `host` or `*.host`; whole origins are trusted as they are written. */
  PUSH_HOSTS: list,
  /** An ECDSA P-256 private key as base64url of its JWK; without it there are no web pushes. */
  VAPID_KEY: z.string().min(40).optional(),
  /** Providers of texts and of pushes to apps, each an address and a token; without them none are sent. */
  SMS_URL: z.string(),
  SMS_FROM: z.string(),
  SMS_TOKEN: z.string().optional(),
  DEVICE_PUSH_URL: z.string(),
  DEVICE_PUSH_TOKEN: z.string().optional(),
});
export type Config = z.infer<typeof Config>;

export function parseConfig(env: unknown): Config {
  const config = Config.parse(env);
  if (config.ENVIRONMENT === 'production' && config.MAIL_MODE === 'mailbox')
    throw new Error(
      'MAIL_MODE is mailbox: everybody could read every mail. It is for local development only.',
    );
  return config;
}
