/**
 * Plays recorded sales through the public API as a real market would see them:
 *   npm run replay -- --file SALES.csv.gz --url http://127.0.0.1:8787 [--rate N] [--books N] [--limit N] [--run ID]
 * For each sale a seller's ask rests at the recorded price and a buyer's bid meets it, in recorded order within a book,
 * among resting orders on both sides, many books at once. Exits with 1 unless every sale matched at its price and every
 * book ends as it began. The same `--run` resumes an interrupted run; a new one (the default) plays the file again.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type ApiAnswer,
  type ApiClient,
  ApiProblem,
  createApiClient,
  login,
  problemOf,
  registerOrLogin,
  type Session,
  sendExpecting,
} from './support/api-client.ts';
import { ensureProduct, ensureSizes } from './support/catalogue.ts';
import { createPacer, forEachLimited } from './support/concurrency.ts';
import { DEMO_PASSWORD } from './support/demo-accounts.ts';
import { type ProgressStream, startProgress } from './support/progress.ts';
import {
  type BookLevels,
  type BookPlan,
  type PlannedOrder,
  type PlannedSale,
  planBooks,
  withoutOrders,
} from './support/replay-plan.ts';
import {
  createTally,
  formatReport,
  isClean,
  type ReplayReport,
  type ReplayTally,
} from './support/replay-report.ts';
import { DEFAULT_COLUMNS, type RecordedSale, readSales, type SalesColumns } from './support/sales-file.ts';

/** Buyers and sellers each: enough to spread the orders, few enough to register within seconds. */
const TRADERS_PER_SIDE = 12;
const SETUP_CONCURRENCY = 8;
/** Part of every client_id, which the API limits to 64 characters. */
const RUN_ID = /^[\w.-]{1,16}$/;
/** Together longer than any server memoises public market data. */
const SETTLE_TRIES = 20;
const SETTLE_PAUSE_MS = 60;
/** Deep enough to hold every level of a book that is being replayed. */
const BOOK_DEPTH = 100;

export type ReplayOptions = {
  readonly url: string;
  readonly runId: string;
  /** True when an earlier run of this id may have been interrupted. */
  readonly resumed: boolean;
  /** Books driven at once; each has one order in flight. */
  readonly books: number;
  /** Orders per second, or null for as fast as they go. */
  readonly rate: number | null;
  readonly admin: { readonly email: string; readonly password: string };
  readonly output: ProgressStream;
};

type Book = { readonly plan: BookPlan; readonly productId: string; readonly sizeId: string };

type Floor = {
  readonly client: ApiClient;
  readonly buyers: readonly Session[];
  readonly sellers: readonly Session[];
  readonly tally: ReplayTally;
  readonly pace: () => Promise<void>;
  readonly resumed: boolean;
};

type OrderAnswer = { id: string; matches: ReadonlyArray<{ price_cents: number; quantity: number }> };

export async function replay(sales: readonly RecordedSale[], options: ReplayOptions): Promise<ReplayReport> {
  const client = createApiClient(options.url, options.books);
  try {
    const plans = planBooks(sales, options.runId, TRADERS_PER_SIDE);
    const admin = await login(client, options.admin.email, options.admin.password);
    const books = await openBooks(client, admin, sales, plans, options.output);
    const buyers = await openTraders(client, 'buyer', options.admin.password, options.output);
    const sellers = await openTraders(client, 'seller', options.admin.password, options.output);
    const tally = createTally(sales.length, sales.filter((sale) => sale.rounded).length);
    const floor: Floor = {
      client,
      buyers,
      sellers,
      tally,
      pace: createPacer(options.rate),
      resumed: options.resumed,
    };

    const progress = startProgress('sales', sales.length, options.output);
    const startMs = performance.now();
    await forEachLimited(books, options.books, (book) => playBook(floor, book, () => progress.advance()));
    const report = tally.report((performance.now() - startMs) / 1000);
    progress.finish(`${report.matched} matched`);
    return report;
  } finally {
    client.close();
  }
}

async function openBooks(
  client: ApiClient,
  admin: Session,
  sales: readonly RecordedSale[],
  plans: readonly BookPlan[],
  output: ProgressStream,
): Promise<Book[]> {
  const firstOf = new Map<string, RecordedSale>();
  for (const sale of sales) if (!firstOf.has(sale.product)) firstOf.set(sale.product, sale);
  const sizesOf = Map.groupBy(plans, (plan) => plan.product);
  const idsOf = new Map<string, { productId: string; sizes: Map<string, string> }>();
  const progress = startProgress('books', plans.length, output);
  await forEachLimited([...sizesOf], SETUP_CONCURRENCY, async ([name, ofProduct]) => {
    const first = firstOf.get(name)!;
    const product = await ensureProduct(client, admin, {
      name,
      sku: replaySku(name),
      brand: first.brand ?? 'Recorded',
      model: name,
      category: 'replay',
      retail_price_cents: first.retailCents ?? first.priceCents,
      currency: 'USD',
      ...(first.released ? { release_date: first.released } : {}),
    });
    const labels = ofProduct.map((plan) => plan.size).sort((a, b) => Number(a) - Number(b));
    idsOf.set(name, { productId: product.id, sizes: await ensureSizes(client, admin, product, labels) });
    progress.advance(labels.length);
  });
  progress.finish(`${plans.length} open`);
  return plans.map((plan) => {
    const { productId, sizes } = idsOf.get(plan.product)!;
    return { plan, productId, sizeId: sizes.get(plan.size)! };
  });
}

/** Recorded names may be longer than a SKU, so the SKU is a digest of the name. */
function replaySku(name: string): string {
  return `REPLAY-${createHash('sha256').update(name).digest('hex').slice(0, 12).toUpperCase()}`;
}

async function openTraders(
  client: ApiClient,
  role: 'buyer' | 'seller',
  password: string,
  output: ProgressStream,
): Promise<Session[]> {
  const progress = startProgress(`${role}s`, TRADERS_PER_SIDE, output);
  const sessions = new Array<Session>(TRADERS_PER_SIDE);
  await forEachLimited(sessions.fill(undefined as never), 2, async (_, index) => {
    const number = String(index + 1).padStart(2, '0');
    sessions[index] = await registerOrLogin(client, {
      email: `replay-${role}-${number}@bourse.example`,
      username: `replay_${role}_${number}`,
      password,
      display_name: `Replay ${role} ${number}`,
    });
    progress.advance();
  });
  progress.finish('signed in');
  return sessions;
}

async function playBook(floor: Floor, book: Book, saleDone: () => void): Promise<void> {
  const before = await readBook(floor.client, book);
  const surrounding: Array<{ order: PlannedOrder; id: string }> = [];
  for (const order of book.plan.surrounding) {
    const answer = await placeOrder(floor, book, order);
    if (answer.status !== 201)
      throw new Error(`a surrounding ${order.side} was refused: ${problemOf(answer).code}`);
    surrounding.push({ order, id: readOrder(answer, order.side).id });
  }
  const surrounded = await readBook(floor.client, book);
  for (const sale of book.plan.sales) {
    const failure = await playSale(floor, book, sale);
    if (failure === null) floor.tally.saleMatched();
    else floor.tally.saleRejected(failure);
    saleDone();
  }
  for (const { order, id } of surrounding) await cancelOrder(floor, order, id);
  // A run that resumes may find orders of the interrupted one already there; the book began without them.
  const own = [...book.plan.surrounding, ...book.plan.sales.map((sale) => sale.ask)];
  const began = floor.resumed ? withoutOrders(surrounded, own) : before;
  const unchanged = await endsAs(floor.client, book, [before, began]);
  floor.tally.bookChecked(`${book.plan.product} / ${book.plan.size}`, unchanged);
}

/** Null when the two orders met at the recorded price, else what went wrong. */
async function playSale(floor: Floor, book: Book, sale: PlannedSale): Promise<string | null> {
  const asked = await placeOrder(floor, book, sale.ask);
  if (asked.status !== 201) return `ask refused: ${problemOf(asked).code}`;
  const ask = readOrder(asked, 'ask');
  if (ask.matches.length > 0) return 'the ask met a bid it should not have met';
  const answered = await placeOrder(floor, book, sale.bid);
  if (answered.status !== 201) {
    await cancelOrder(floor, sale.ask, ask.id);
    return `bid refused: ${problemOf(answered).code}`;
  }
  const bid = readOrder(answered, 'bid');
  const [match, ...others] = bid.matches;
  if (!match) {
    await cancelOrder(floor, sale.bid, bid.id);
    await cancelOrder(floor, sale.ask, ask.id);
    return 'the bid met no ask';
  }
  if (others.length > 0 || match.quantity !== 1 || match.price_cents !== sale.priceCents)
    return 'matched at another price';
  return null;
}

async function placeOrder(floor: Floor, book: Book, order: PlannedOrder): Promise<ApiAnswer> {
  await floor.pace();
  const body = {
    product_id: book.productId,
    size_id: book.sizeId,
    price_cents: order.priceCents,
    quantity: 1,
    client_id: order.clientId,
  };
  const token = await sessionFor(floor, order).token();
  const path = order.side === 'bid' ? '/bids' : '/asks';
  const startMs = performance.now();
  let answer = await floor.client.send({ method: 'POST', path, token, body });
  const needsConfirm = problemOf(answer).code === 'price_outside_collar';
  if (needsConfirm) {
    const confirmed = { ...body, client_id: `${order.clientId}:confirmed`, confirm: true };
    answer = await floor.client.send({ method: 'POST', path, token, body: confirmed });
  }
  floor.tally.orderAnswered(performance.now() - startMs, needsConfirm);
  return answer;
}

/** Takes an order off its book; one that is no longer there needs no more. */
async function cancelOrder(floor: Floor, order: PlannedOrder, id: string): Promise<void> {
  await floor.pace();
  const request = {
    method: 'DELETE',
    path: `/${order.side}s/${id}`,
    token: await sessionFor(floor, order).token(),
    idempotencyKey: `cancel:${id}`,
  } as const;
  const answer = await floor.client.send(request);
  if (answer.status >= 400 && problemOf(answer).code !== 'not_resting') throw new ApiProblem(request, answer);
}

function sessionFor(floor: Floor, order: PlannedOrder): Session {
  return (order.side === 'bid' ? floor.buyers : floor.sellers)[order.trader]!;
}

function readOrder(answer: ApiAnswer, side: PlannedOrder['side']): OrderAnswer {
  const body = answer.body as Record<'bid' | 'ask', { id: string }> & { matches: OrderAnswer['matches'] };
  return { id: body[side].id, matches: body.matches };
}

/** Whether the book shows one of these states; public market data may lag the book by a moment, so it asks again. */
async function endsAs(client: ApiClient, book: Book, states: readonly BookLevels[]): Promise<boolean> {
  const expected = new Set(states.map((state) => JSON.stringify(state)));
  for (let tries = 1; ; tries++) {
    if (expected.has(JSON.stringify(await readBook(client, book)))) return true;
    if (tries === SETTLE_TRIES) return false;
    await sleep(SETTLE_PAUSE_MS);
  }
}

async function readBook(client: ApiClient, { productId, sizeId }: Book): Promise<BookLevels> {
  const path = `/market/${productId}/${sizeId}/book?depth=${BOOK_DEPTH}`;
  const { bids, asks } = (await sendExpecting(client, { method: 'GET', path }, [200])).body as BookLevels;
  return { bids, asks };
}

function positive(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}"`);
  return value;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      file: text,
      url: { ...text, default: 'http://127.0.0.1:8787' },
      rate: text,
      books: { ...text, default: '32' },
      limit: text,
      run: text,
      'admin-email': { ...text, default: 'admin@bourse.example' },
      'admin-password': { ...text, default: process.env.BOURSE_ADMIN_PASSWORD ?? DEMO_PASSWORD },
      ...Object.fromEntries(Object.keys(DEFAULT_COLUMNS).map((column) => [`col-${column}`, text])),
    },
  });
  const given = values as Record<string, string | undefined>;
  if (!given.file)
    throw new Error(
      'usage: npm run replay -- --file SALES.csv.gz --url URL [--rate N] [--books N] [--limit N] [--run ID] [--col-price NAME ...]',
    );
  const columns = Object.fromEntries(
    Object.entries(DEFAULT_COLUMNS).map(([column, name]) => [column, given[`col-${column}`] ?? name]),
  ) as SalesColumns;
  const sales = await readSales(given.file, columns);
  const runId = given.run ?? Date.now().toString(36);
  if (!RUN_ID.test(runId))
    throw new Error(`--run takes up to 16 letters, digits, dots, dashes or underscores, not "${runId}"`);
  console.log(`run ${runId}: ${sales.length} sales in ${given.file}`);
  const report = await replay(sales.slice(0, positive('limit', given.limit) ?? sales.length), {
    url: given.url!,
    runId,
    resumed: given.run !== undefined,
    books: Math.floor(positive('books', given.books)!),
    rate: positive('rate', given.rate),
    admin: { email: given['admin-email']!, password: given['admin-password']! },
    output: process.stdout,
  });
  console.log(formatReport(report));
  process.exitCode = isClean(report) ? 0 : 1;
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
