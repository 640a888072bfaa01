/** Bourse itself under load: as wrangler.toml says, with rate limits off and keys made on the spot. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from 'wrangler';
import { newId, type RandomSource } from '../../src/domain/ids.ts';
import { createJoseTokens } from '../../src/platform/tokens/jose-tokens.ts';
import { RETAIL_CENTS, TICK_CENTS } from './order-flow.ts';
import { PROJECT, type RunningWorker, startWorker, type WorkerOptions } from './workerd.ts';

/** The longest life the configuration allows: a run must not outlive its tokens. */
const ACCESS_TOKEN_SECONDS = 3_600;
const USERS_PER_SIDE = 500;

/** Nothing pays in a benchmark, but the Worker does not start without one. */
const WEBHOOK_SECRET = `whsec_${crypto.randomUUID()}`;
const DATA_KEY: string = randomBytes(32).toString('base64url');

export const SIGNING_KEY: string = Buffer.from(
  JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
).toString('base64url');

const random: RandomSource = (bytes) => crypto.getRandomValues(bytes);
const tokens = createJoseTokens({ TOKEN_SIGNING_KEY: SIGNING_KEY, ACCESS_TOKEN_SECONDS }, random);

/** An access token as a login would give it. Nothing is stored: tokens are verified by signature. */
export async function signToken(username: string, roles: string[] = ['user']): Promise<string> {
  const claims = { userId: newId('usr', random), sessionId: newId('ses', random), username, roles };
  return (await tokens.sign(claims, Date.now())).token;
}

export async function signTokens(role: string, count: number = USERS_PER_SIDE): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => signToken(`${role}${index}`)));
}

export interface BookAddress {
  productId: string;
  sizeId: string;
}

export interface Bourse extends RunningWorker {
  openBook(): Promise<BookAddress>;
  /** Creates an account and answers its access token. */
  register(username: string): Promise<string>;
  /** Resolves when D1 has everything up to the order that this answer is about. */
  whenProjected(answer: string): Promise<void>;
}

/** `vars` replace those of wrangler.toml. A directory that was used before is taken up again. */
export async function startBourse(
  script: string,
  directory: string,
  vars: Record<string, string> = {},
): Promise<Bourse> {
  process.env.TOKEN_SIGNING_KEY = SIGNING_KEY;
  process.env.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET;
  process.env.DATA_KEY = DATA_KEY;
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(PROJECT, 'wrangler.toml'));
  const {
    bindings,
    assets: _,
    modulesRules: __,
    ...worker
  } = workerOptions as Partial<WorkerOptions> & {
    modulesRules?: unknown;
  };
  const running = await startWorker(
    {
      ...worker,
      name: 'bourse',
      script,
      bindings: {
        ...bindings,
        ENVIRONMENT: 'local',
        LOG_LEVEL: 'warn',
        TOKEN_SIGNING_KEY: SIGNING_KEY,
        DATA_KEY,
        STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        ACCESS_TOKEN_SECONDS: String(ACCESS_TOKEN_SECONDS),
        RATE_READS_PER_ADDRESS: '0',
        RATE_WRITES_PER_ADDRESS: '0',
        RATE_WRITES_PER_USER: '0',
        RATE_AUTH_PER_ADDRESS: '0',
        MAX_OPEN_ORDERS_PER_BOOK: '1000000',
        ...vars,
      },
    },
    directory,
  );
  await applyMigrations(running);
  return {
    ...running,
    openBook: () => openBook(running.url),
    register: (username) => register(running.url, username),
    whenProjected: (answer) => whenProjected(running, answer),
  };
}

async function applyMigrations({ miniflare }: RunningWorker): Promise<void> {
  const database = await miniflare.getD1Database('DB');
  const { results } = await database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'users'").all();
  if (results.length > 0) return;
  const directory = join(PROJECT, 'migrations');
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(join(directory, file), 'utf8'));
    await database.batch(statements.map((statement) => database.prepare(statement)));
  }
}

async function create<T>(url: string, facts: Record<string, unknown>, token?: string): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': crypto.randomUUID(),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(facts),
  });
  if (response.status !== 201) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function register(url: string, username: string): Promise<string> {
  const account = { email: `${username}@bourse.example`, username, password: `${username}-bench-2026` };
  return (await create<{ access_token: string }>(`${url}/api/v1/auth/register`, account)).access_token;
}

async function openBook(url: string): Promise<BookAddress> {
  const token = await signToken('admin', ['user', 'admin']);
  const createIn = async (path: string, facts: Record<string, unknown>) =>
    (await create<{ id: string }>(`${url}/api/v1${path}`, facts, token)).id;
  const productId = await createIn('/products', {
    name: 'Bench Runner',
    sku: `BENCH-${crypto.randomUUID().slice(0, 8)}`,
    brand: 'Bourse',
    model: 'Runner',
    category: 'lifestyle',
    retail_price_cents: RETAIL_CENTS,
    currency: 'USD',
  });
  const sizeId = await createIn(`/products/${productId}/sizes`, { label: '10', tick_cents: TICK_CENTS });
  return { productId, sizeId };
}

const PROJECTION_TIMEOUT_MS = 120_000;

async function whenProjected({ miniflare }: RunningWorker, answer: string): Promise<void> {
  const found = /"(?:bid|ask)_([0-9a-z]{16})([0-9a-z]+)"/.exec(answer);
  if (found === null) throw new Error(`no order in this answer: ${answer}`);
  const books = await miniflare.getDurableObjectNamespace('ORDER_BOOKS');
  const book = books.get(books.idFromName(found[1]!)) as unknown as {
    whenProjected(seq: number, timeoutMs: number): Promise<void>;
  };
  await book.whenProjected(Number.parseInt(found[2]!, 36), PROJECTION_TIMEOUT_MS);
}
