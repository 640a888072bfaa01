import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { sequencedId } from '../domain/ids.ts';
import { type BookEvent, type BookIdentity, matchId, orderId } from '../domain/market/events.ts';
import { tradeNumber } from '../domain/market/record.ts';
import { tellMarketNews } from '../features/channels/market-news.usecases.ts';
import { alertWatchers } from '../features/discovery/watchlist.usecases.ts';
import { type CreatedMatch, placeFromMatches } from '../features/orders/place-orders.ts';
import type { AppliedRange } from '../platform/books/books.ts';
import type { BookMessage } from '../platform/events/events.ts';
import { bookNoticeStatements } from './book-notices.ts';

/** Rows in one statement: D1 takes a bound value of at most 2 MB. */
const ROWS_PER_STATEMENT = 1_000;
const RETRY_SECONDS = 5;

/**
 * The shape that the code below relies on. What the events carry is not checked field by field: the tables refuse a
 * missing or mistyped value, and then the message fails by itself.
 */
const MessageBody = z.object({
  kind: z.literal('book_events'),
  book: z.object({ bookKey: z.string(), sizeId: z.string(), productId: z.string(), currency: z.string() }),
  first_seq: z.int(),
  last_seq: z.int(),
  part: z.int(),
  parts: z.int(),
  events: z.array(z.unknown()),
});

/** Rows of the projection, by table; the newest state of each order wins. */
interface Rows {
  orders: Map<string, unknown[]>;
  orderVersions: Map<string, number>;
  matches: Map<string, unknown[]>;
  trades: Map<string, unknown[]>;
  /** Each match becomes an order of its own. */
  created: CreatedMatch[];
}

const ORDERS_SQL = `
INSERT INTO book_orders (id, size_id, product_id, seq, side, user_id, client_id, price_cents, quantity, filled, time_in_force,
  post_only, status, close_reason, expires_at, created_at, updated_at, version, priority_seq, relinks)
SELECT ${columns(20)} FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET price_cents = excluded.price_cents, quantity = excluded.quantity, filled = excluded.filled,
  status = excluded.status, close_reason = excluded.close_reason, expires_at = excluded.expires_at,
  updated_at = excluded.updated_at, version = excluded.version, priority_seq = excluded.priority_seq,
  relinks = excluded.relinks
WHERE excluded.version > book_orders.version`;

/** A match that is projected anew is as far as the order that it became. */
const MATCHES_SQL = `
INSERT INTO matches (id, size_id, product_id, bid_id, ask_id, buyer_id, seller_id, price_cents, quantity, currency, taker_side,
  fee_schedule_id, buyer_fee_bps, seller_fee_bps, buyer_fee_cents, seller_fee_cents, buyer_total_cents, seller_payout_cents,
  status, created_at)
SELECT ${columns(18)}, coalesce((
    SELECT CASE WHEN completed_at IS NOT NULL THEN 'completed' WHEN status IN ('cancelled', 'failed', 'refunded') THEN 'failed' END
    FROM orders WHERE source = 'match' AND source_id = value ->> 0
  ), value ->> 18), value ->> 19
FROM json_each(?) WHERE true
ON CONFLICT (id) DO NOTHING`;

const TRADES_SQL = `
INSERT INTO trades (id, size_id, price_cents, quantity, at, source)
SELECT ${columns(6)} FROM json_each(?) WHERE true
ON CONFLICT (size_id, at, id) DO NOTHING`;

/** `value ->> 0, value ->> 1, ...`: the cells of one row of a JSON array of rows. */
function columns(count: number): string {
  return Array.from({ length: count }, (_, index) => `value ->> ${index}`).join(', ');
}

function addEvent(
  rows: Rows,
  { bookKey, sizeId, productId, currency }: BookIdentity,
  event: BookEvent,
): void {
  switch (event.type) {
    case 'match.created': {
      const { match } = event.data;
      const atMs = Date.parse(event.occurred_at);
      const id = matchId(bookKey, match.number);
      rows.matches.set(id, [
        id,
        sizeId,
        productId,
        orderId(bookKey, { side: 'bid', seq: match.bidSeq }),
        orderId(bookKey, { side: 'ask', seq: match.askSeq }),
        match.buyerId,
        match.sellerId,
        match.priceCents,
        match.quantity,
        currency,
        match.takerSide,
        match.feeScheduleId,
        match.buyerBps,
        match.sellerBps,
        match.buyerFeeCents,
        match.sellerFeeCents,
        match.buyerTotalCents,
        match.sellerPayoutCents,
        'pending',
        atMs,
      ]);
      rows.created.push({ matchId: id, correlationId: event.correlation_id });
      const tradeId = sequencedId('trd', bookKey, match.number);
      rows.trades.set(tradeId, [tradeId, sizeId, match.priceCents, match.quantity, atMs, 'match']);
      return;
    }
    case 'history.imported': {
      event.data.trades.forEach(([atMs, priceCents, quantity], index) => {
        const id = sequencedId('trd', bookKey, tradeNumber(event.seq, index));
        rows.trades.set(id, [id, sizeId, priceCents, quantity, atMs, 'import']);
      });
      return;
    }
    case 'match.prevented':
    case 'book.rules_changed':
      return;
    default: {
      const { order } = event.data;
      const id = orderId(bookKey, order);
      if ((rows.orderVersions.get(id) ?? 0) >= order.version) return;
      rows.orderVersions.set(id, order.version);
      rows.orders.set(id, [
        id,
        sizeId,
        productId,
        order.seq,
        order.side,
        order.userId,
        order.clientId,
        order.priceCents,
        order.quantity,
        order.filled,
        order.timeInForce,
        order.postOnly ? 1 : 0,
        order.status,
        order.closeReason,
        order.expiresAtMs,
        order.createdAtMs,
        order.updatedAtMs,
        order.version,
        order.prioritySeq,
        order.relinks ?? 0,
      ]);
    }
  }
}

function statements(d1: D1Database, sql: string, rows: Map<string, unknown[]>): D1PreparedStatement[] {
  const all = [...rows.values()];
  const prepared: D1PreparedStatement[] = [];
  for (let index = 0; index < all.length; index += ROWS_PER_STATEMENT) {
    prepared.push(d1.prepare(sql).bind(JSON.stringify(all.slice(index, index + ROWS_PER_STATEMENT))));
  }
  return prepared;
}

/** Sizes in which an ask rests at a price that it did not rest at before, or may. */
function sizesWithNewAsks(rows: Rows): string[] {
  const [SIZE, SIDE, STATUS] = [1, 4, 12];
  const resting = [...rows.orders.values()].filter((row) => row[SIDE] === 'ask' && row[STATUS] === 'active');
  return [...new Set(resting.map((row) => row[SIZE] as string))];
}

async function apply(deps: Deps, messages: readonly BookMessage[]): Promise<void> {
  const rows: Rows = {
    orders: new Map(),
    orderVersions: new Map(),
    matches: new Map(),
    trades: new Map(),
    created: [],
  };
  for (const { book, events } of messages) for (const event of events) addEvent(rows, book, event);
  const batch = [
    ...statements(deps.d1, ORDERS_SQL, rows.orders),
    ...statements(deps.d1, MATCHES_SQL, rows.matches),
    ...statements(deps.d1, TRADES_SQL, rows.trades),
    ...bookNoticeStatements(deps.d1, messages, deps.now()),
  ];
  if (batch.length > 0) await deps.d1.batch(batch);
  await alertWatchers(deps, sizesWithNewAsks(rows));
  // Before the books are told: a crash from here on brings the same matches again.
  await placeFromMatches(deps, rows.created);

  const applied = new Map<string, AppliedRange[]>();
  for (const { book, first_seq, last_seq, part, parts } of messages) {
    const ranges = applied.get(book.bookKey) ?? [];
    ranges.push({ firstSeq: first_seq, lastSeq: last_seq, part, parts });
    applied.set(book.bookKey, ranges);
  }
  await Promise.all(Array.from(applied, ([bookKey, ranges]) => deps.books.confirm(bookKey, ranges)));
  await tellMarketNews(deps, messages);
}

/**
 * Projects the events of the books into D1: my orders, my matches, the tape. Every row is an absolute state under a
 * version or an insert under a derived id, so messages may come twice, late and in any order. A book is told only after
 * the D1 batch; a message that fails by itself is retried by itself and ends as a dead letter.
 */
export async function projectBookEvents(
  deps: Deps,
  queue: string,
  received: readonly Message[],
): Promise<void> {
  const messages: Message<BookMessage>[] = [];
  for (const message of received) {
    if (MessageBody.safeParse(message.body).success) messages.push(message as Message<BookMessage>);
    else {
      deps.log.warn('poison_message', {
        queue,
        message_id: message.id,
        attempts: message.attempts,
      });
      message.retry({ delaySeconds: 1 });
    }
  }
  try {
    await apply(
      deps,
      messages.map(({ body }) => body),
    );
    for (const message of messages) message.ack();
  } catch (error) {
    deps.log.warn('projection_batch_failed', { messages: messages.length, error: String(error) });
    await applyOneByOne(deps, messages);
  }
}

async function applyOneByOne(deps: Deps, messages: readonly Message<BookMessage>[]): Promise<void> {
  for (const message of messages) {
    try {
      await apply(deps, [message.body]);
      message.ack();
    } catch (error) {
      deps.log.warn('projection_failed', {
        message_id: message.id,
        attempts: message.attempts,
        error: String(error),
      });
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
}
