/**
 * A small exchange in memory that speaks the part of the HTTP API the scripts use: enough to see that they send the
 * right things in the right order, and that a second run adds nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type FakeOrder = {
  id: string;
  user: string;
  side: 'bid' | 'ask';
  price: number;
  open: boolean;
  clientId: string;
};
export type FakeBook = {
  productId: string;
  label: string;
  orders: FakeOrder[];
  trades: Array<{ at: string; price_cents: number }>;
};
type FakeProduct = {
  id: string;
  sku: string;
  created_at: string;
  sizes: Array<{ id: string; label: string }>;
  images: Array<{ id: string }>;
};

type Answer = { status: number; body: unknown; headers?: Record<string, string> };
type Call = {
  method: string;
  path: string;
  query: URLSearchParams;
  user: string | null;
  body: unknown;
  bytes: number;
  key: string | undefined;
};

export type FakeExchange = {
  readonly url: string;
  readonly products: FakeProduct[];
  readonly books: Map<string, FakeBook>;
  readonly users: Set<string>;
  readonly calls: Call[];
  /** When set, may answer in place of the exchange, which then does and remembers nothing. */
  intercept: ((call: Call) => Answer | null) | null;
  close(): Promise<void>;
};

const CREATED_AT = '2026-11-20T12:34:56.000Z';

export async function startFakeExchange(): Promise<FakeExchange> {
  const products: FakeProduct[] = [];
  const books = new Map<string, FakeBook>();
  const users = new Set<string>(['admin@bourse.example']);
  const calls: Call[] = [];
  const remembered = new Map<string, Answer>();
  let serial = 0;
  const id = (prefix: string): string => `${prefix}_${++serial}`;

  const tokens = (email: string): unknown => ({
    access_token: email,
    refresh_token: email,
    token_type: 'Bearer',
    expires_in: 900,
  });
  const refusal = (status: number, code: string): Answer => ({ status, body: { code, detail: code } });

  function handle(call: Call): Answer {
    const parts = call.path.split('/').filter(Boolean);
    const [noun, first, second, third] = parts;
    const { body } = call;
    if (noun === 'auth') return authenticate(first, body as { email: string; refresh_token: string });
    if (call.method === 'GET' && noun === 'products' && !first) {
      return {
        status: 200,
        body: {
          data: products.filter((product) => product.sku === call.query.get('sku')),
          next_cursor: null,
        },
      };
    }
    if (call.method === 'GET' && noun === 'products') {
      return { status: 200, body: products.find((product) => product.id === first) };
    }
    if (noun === 'products' && !first) return createProduct(body as { sku: string });
    if (noun === 'products' && second === 'sizes') return createSize(first!, body as { label: string });
    if (noun === 'products' && second === 'images') {
      const image = { id: id('img') };
      products.find((product) => product.id === first)!.images.push(image);
      return { status: 201, body: image };
    }
    if (noun === 'admin') {
      const trades = (body as { trades: FakeBook['trades'] }).trades;
      books.get(parts[3]!)!.trades.push(...trades);
      return { status: 200, body: { imported: trades.length } };
    }
    if (noun === 'market') return readMarket(second!, third === 'book');
    if (call.method === 'DELETE') return cancel(first!, call.user!);
    return place(noun === 'bids' ? 'bid' : 'ask', body as never, call.user!);
  }

  function authenticate(
    action: string | undefined,
    { email, refresh_token }: { email: string; refresh_token: string },
  ): Answer {
    if (action === 'refresh') return { status: 200, body: tokens(refresh_token) };
    if (action === 'login')
      return users.has(email) ? { status: 200, body: tokens(email) } : refusal(401, 'invalid_credentials');
    if (users.has(email)) return refusal(409, 'email_taken');
    users.add(email);
    return { status: 201, body: tokens(email) };
  }

  function createProduct({ sku }: { sku: string }): Answer {
    if (products.some((product) => product.sku === sku)) return refusal(409, 'sku_taken');
    const product = { id: id('prd'), sku, created_at: CREATED_AT, sizes: [], images: [] };
    products.push(product);
    return { status: 201, body: product };
  }

  function createSize(productId: string, { label }: { label: string }): Answer {
    const product = products.find((candidate) => candidate.id === productId)!;
    if (product.sizes.some((size) => size.label === label)) return refusal(409, 'size_taken');
    const size = { id: id('siz'), label };
    product.sizes.push(size);
    books.set(size.id, { productId, label, orders: [], trades: [] });
    return { status: 201, body: size };
  }

  function place(
    side: 'bid' | 'ask',
    order: { size_id: string; price_cents: number; quantity: number; client_id: string },
    user: string,
  ): Answer {
    const remember = `${user} ${order.client_id}`;
    const known = remembered.get(remember);
    if (known) return known;
    const book = books.get(order.size_id)!;
    const placed = {
      id: id(side),
      user,
      side,
      price: order.price_cents,
      open: true,
      clientId: order.client_id,
    };
    const [best] = levelsOf(book, side === 'bid' ? 'ask' : 'bid');
    const crosses =
      best !== undefined && (side === 'bid' ? best[0] <= placed.price : best[0] >= placed.price);
    const matches = [];
    if (crosses) {
      const other = book.orders.find(
        (candidate) => candidate.open && candidate.side !== side && candidate.price === best[0],
      )!;
      other.open = false;
      placed.open = false;
      matches.push({ id: id('mat'), price_cents: other.price, quantity: 1 });
    }
    book.orders.push(placed);
    const answer = {
      status: 201,
      body: { [side]: { id: placed.id, side, status: placed.open ? 'active' : 'matched' }, matches },
    };
    remembered.set(remember, answer);
    return answer;
  }

  function cancel(orderId: string, user: string): Answer {
    const order = [...books.values()]
      .flatMap((book) => book.orders)
      .find((candidate) => candidate.id === orderId);
    if (!order || order.user !== user) return refusal(404, 'order_not_found');
    if (!order.open) return refusal(409, 'not_resting');
    order.open = false;
    return { status: 200, body: { id: orderId, status: 'cancelled' } };
  }

  function readMarket(sizeId: string, depth: boolean): Answer {
    const book = books.get(sizeId)!;
    const [bids, asks] = [levelsOf(book, 'bid'), levelsOf(book, 'ask')];
    if (depth) return { status: 200, body: { bids, asks, seq: book.orders.length } };
    const resting = (levels: typeof bids): number => levels.reduce((sum, [, quantity]) => sum + quantity, 0);
    return { status: 200, body: { total_bids: resting(bids), total_asks: resting(asks) } };
  }

  const exchange: { -readonly [K in keyof FakeExchange]: FakeExchange[K] } = {
    url: '',
    products,
    books,
    users,
    calls,
    intercept: null,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  const server: Server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const remember = `${call.user} ${call.key}`;
    const forced = exchange.intercept?.(call);
    const answer = forced ?? (call.key ? remembered.get(remember) : undefined) ?? handle(call);
    if (call.key && !forced) remembered.set(remember, answer);
    write(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  exchange.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return exchange;
}

export function levelsOf(book: FakeBook, side: 'bid' | 'ask'): Array<[number, number, number]> {
  const open = book.orders.filter((order) => order.open && order.side === side);
  const prices = [...new Set(open.map((order) => order.price))].sort((a, b) =>
    side === 'bid' ? b - a : a - b,
  );
  return prices.map((price) => {
    const count = open.filter((order) => order.price === price).length;
    return [price, count, count];
  });
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const { pathname, searchParams } = new URL(request.url!, 'http://fake');
  const json = request.headers['content-type'] === 'application/json';
  return {
    method: request.method!,
    path: pathname.replace('/api/v1', ''),
    query: searchParams,
    user: request.headers.authorization?.slice('Bearer '.length) ?? null,
    body: json ? JSON.parse(bytes.toString()) : null,
    bytes: bytes.length,
    key: request.headers['idempotency-key'] as string | undefined,
  };
}

function write(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    ...headers,
  });
  response.end(JSON.stringify(body));
}
