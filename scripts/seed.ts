/**
 * Fills a server with the demo market through its public API:
 *   node scripts/seed.ts --url http://127.0.0.1:8787 [--models N] [--size-limit N] [--listings N]
 * Product by product, so that the first pages are whole within seconds. A second run, or one that resumes, adds nothing
 * twice: what is there is found by SKU, label and Idempotency-Key. A product gets its picture last, so one that has a
 * picture and all its sizes is whole; within a product, a book that holds orders has its whole history, since orders
 * come after it. The listings of the souk follow the market, see `seed-souk.ts`.
 */
import { parseArgs } from 'node:util';
import { drawArtwork, renderPng } from './demo/artwork.ts';
import { DEMO_MODELS, type DemoModel } from './demo/models.ts';
import { type DemoBook, type DemoOrder, demoMarket } from './demo/simulator.ts';
import { DEMO_TRADERS } from './demo/traders.ts';
import { seedSouk } from './seed-souk.ts';
import {
  type ApiClient,
  createApiClient,
  login,
  registerOrLogin,
  type Session,
  sendExpecting,
} from './support/api-client.ts';
import { type CatalogueProduct, ensureProduct, ensureSizes } from './support/catalogue.ts';
import { forEachLimited } from './support/concurrency.ts';
import { DEMO_PASSWORD } from './support/demo-accounts.ts';
import { type ProgressStream, startProgress } from './support/progress.ts';

const SEED = 'bourse-demo';
/** Requests in flight. */
const CONCURRENCY = 8;
/** Enough to keep the connections busy at the end of a product, few enough that the first is soon whole. */
const PRODUCTS_AT_ONCE = 2;
/** The most trades one import request may carry. */
const IMPORT_TRADES = 500;
/** Products that the front page shows first. */
const FEATURED = 8;
export type SeedOptions = {
  readonly url: string;
  /** How many models, from the front of the catalogue. */
  readonly models: number;
  /** How many sizes of each model. */
  readonly sizeLimit: number;
  readonly admin: { readonly email: string; readonly password: string };
  readonly output: ProgressStream;
};

/** What this run sent; a product that was whole already counts only its books. */
export type SeedReport = {
  readonly products: number;
  readonly books: number;
  readonly trades: number;
  readonly orders: number;
};

type Floor = {
  readonly client: ApiClient;
  readonly admin: Session;
  /** By trader number; each signs in when first needed. */
  readonly trader: (index: number) => Promise<Session>;
};

type OpenBook = {
  readonly productId: string;
  readonly sizeId: string;
  readonly sku: string;
  readonly book: DemoBook;
};

export async function seed(options: SeedOptions): Promise<SeedReport> {
  const client = createApiClient(options.url, CONCURRENCY);
  try {
    const admin = await login(client, options.admin.email, options.admin.password);
    const floor: Floor = { client, admin, trader: traderDesk(client, options.admin.password) };
    const models = DEMO_MODELS.slice(0, options.models);
    const total = models.reduce((sum, model) => sum + Math.min(model.sizes.length, options.sizeLimit), 0);
    const report = { products: 0, books: 0, trades: 0, orders: 0 };

    const progress = startProgress('books', total, options.output);
    const nowMs = await marketMoment(floor, models);
    const market = demoMarket(DEMO_MODELS, SEED, nowMs);
    await forEachLimited(models, PRODUCTS_AT_ONCE, async (model) => {
      const product = await ensureDemoProduct(floor, model);
      const books = market.booksOf(model).slice(0, options.sizeLimit);
      report.books += books.length;
      const labels = new Set(product.sizes.map((size) => size.label));
      if (product.images.length > 0 && books.every((book) => labels.has(book.size))) {
        progress.advance(books.length, model.name);
        return;
      }
      const sizeIds = await ensureSizes(
        client,
        admin,
        product,
        books.map((book) => book.size),
      );
      const fillBooks = forEachLimited(books, CONCURRENCY, async (book) => {
        const open = { productId: product.id, sizeId: sizeIds.get(book.size)!, sku: model.sku, book };
        const trades = await importHistory(floor, open);
        const orders = await placeOrders(floor, open);
        report.trades += trades;
        report.orders += orders;
        progress.advance(1, model.name);
      });
      const [picture] = await Promise.all([renderPng(drawArtwork(model)), fillBooks]);
      await addImage(floor, product, model, picture);
      report.products += 1;
    });
    progress.finish(
      `${report.products} products filled with ${report.trades} trades and ${report.orders} orders, ${models.length - report.products} already whole`,
    );
    return report;
  } finally {
    client.close();
  }
}

/**
 * The moment at which the market is told: when its first product was created. A run that resumes hours later must tell
 * the same market, or its repeated requests would differ from the first ones.
 */
async function marketMoment(floor: Floor, models: readonly DemoModel[]): Promise<number> {
  const [first] = models;
  if (!first) throw new Error('there is nothing to seed');
  return Date.parse((await ensureDemoProduct(floor, first)).created_at);
}

function ensureDemoProduct({ client, admin }: Floor, model: DemoModel): Promise<CatalogueProduct> {
  return ensureProduct(client, admin, {
    name: model.name,
    sku: model.sku,
    brand: model.brand,
    model: model.model,
    category: model.category,
    colorway: model.colorway,
    retail_price_cents: model.retail_price_cents,
    currency: model.currency,
    release_date: model.release_date,
    featured: DEMO_MODELS.indexOf(model) < FEATURED,
  });
}

async function addImage(
  { client, admin }: Floor,
  product: CatalogueProduct,
  model: DemoModel,
  picture: Uint8Array,
): Promise<void> {
  if (product.images.length > 0) return;
  const query = new URLSearchParams({ alt: `${model.name}, drawn from the side`, primary: 'true' });
  await sendExpecting(
    client,
    {
      method: 'POST',
      path: `/products/${product.id}/images?${query}`,
      token: await admin.token(),
      body: picture,
      contentType: 'image/png',
      idempotencyKey: `seed:${model.sku}:image`,
    },
    [201],
  );
}

async function holdsOrders(client: ApiClient, { productId, sizeId }: OpenBook): Promise<boolean> {
  const answer = await sendExpecting(
    client,
    { method: 'GET', path: `/market/${productId}/${sizeId}` },
    [200],
  );
  const { total_bids, total_asks } = answer.body as { total_bids: number; total_asks: number };
  return total_bids + total_asks > 0;
}

/** Sends the book's trades, unless it has them already. Returns how many were sent. */
async function importHistory({ client, admin }: Floor, open: OpenBook): Promise<number> {
  if (await holdsOrders(client, open)) return 0;
  const { productId, sizeId, sku, book } = open;
  for (let from = 0; from < book.trades.length; from += IMPORT_TRADES) {
    const trades = book.trades.slice(from, from + IMPORT_TRADES).map((trade) => ({
      at: new Date(trade.atMs).toISOString(),
      price_cents: trade.priceCents,
      quantity: trade.quantity,
    }));
    await sendExpecting(
      client,
      {
        method: 'POST',
        path: `/admin/market/${productId}/${sizeId}/history`,
        token: await admin.token(),
        body: { trades },
        idempotencyKey: `seed:${sku}:${book.size}:history:${from}`,
      },
      [200],
    );
  }
  return book.trades.length;
}

/** Sends the book's orders; those that rest there already are answered as the first time. Returns how many were sent. */
async function placeOrders(floor: Floor, open: OpenBook): Promise<number> {
  for (const [index, order] of open.book.orders.entries()) await placeOrder(floor, open, order, index);
  return open.book.orders.length;
}

async function placeOrder(
  floor: Floor,
  { productId, sizeId, sku, book }: OpenBook,
  order: DemoOrder,
  index: number,
): Promise<void> {
  const session = await floor.trader(order.trader);
  const clientId = `seed:${sku}:${book.size}:${index}`;
  await sendExpecting(
    floor.client,
    {
      method: 'POST',
      path: order.side === 'bid' ? '/bids' : '/asks',
      token: await session.token(),
      body: {
        product_id: productId,
        size_id: sizeId,
        price_cents: order.priceCents,
        quantity: order.quantity,
        expires_in_hours: 0,
        client_id: clientId,
        confirm: true,
      },
      idempotencyKey: clientId,
    },
    [201],
  );
}

/** Signs each trader in once, on first use. */
function traderDesk(client: ApiClient, password: string): (index: number) => Promise<Session> {
  const sessions = new Map<number, Promise<Session>>();
  return (index) => {
    const known = sessions.get(index);
    if (known) return known;
    const { email, username, displayName } = DEMO_TRADERS[index]!;
    const session = registerOrLogin(client, { email, username, password, display_name: displayName });
    sessions.set(index, session);
    return session;
  };
}

function whole(name: string, text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number above 0, not "${text}"`);
  return value;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      url: { ...text, default: 'http://127.0.0.1:8787' },
      models: text,
      'size-limit': text,
      listings: text,
      'admin-email': { ...text, default: 'admin@bourse.example' },
      'admin-password': { ...text, default: process.env.BOURSE_ADMIN_PASSWORD ?? DEMO_PASSWORD },
    },
  });
  await seed({
    url: values.url,
    models: whole('models', values.models),
    sizeLimit: whole('size-limit', values['size-limit']),
    admin: { email: values['admin-email'], password: values['admin-password'] },
    output: process.stdout,
  });
  await seedSouk({
    url: values.url,
    items: whole('listings', values.listings),
    password: values['admin-password'],
    output: process.stdout,
  });
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
