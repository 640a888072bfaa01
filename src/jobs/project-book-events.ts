import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { sequencedId } from '../domain/ids.ts';
import type { BookEvent } from '../domain/market/events.ts';
import { tradeNumber } from '../domain/market/record.ts';
import type { BookMessage } from '../platform/events/events.ts';

/** Rows in one statement: D1 takes a bound value of at most 2 MB. */
const ROWS_PER_STATEMENT = 1_000;
const RETRY_SECONDS = 5;

/** What a message must be before anything of it is applied; the events' data is checked by type. */
const OrderData = z.object({
  id: z.string(),
  sizeId: z.string(),
  productId: z.string(),
  order: z.object({
    seq: z.int(),
    side: z.string(),
    userId: z.string(),
    priceCents: z.int(),
    quantity: z.int(),
    filled: z.int(),
    status: z.string(),
    version: z.int(),
  }),
});
const MatchData = z.object({
  id: z.string(),
  bidId: z.string(),
  askId: z.string(),
  match: z.object({
    number: z.int(),
    priceCents: z.int(),
    quantity: z.int(),
    buyerTotalCents: z.int(),
    sellerPayoutCents: z.int(),
  }),
});
const HistoryData = z.object({
  sizeId: z.string(),
  trades: z.array(z.tuple([z.number(), z.int(), z.int()])),
});
const Event = z.object({
  event_id: z.string(),
  type: z.string(),
  seq: z.int(),
  occurred_at: z.string(),
  data: z.unknown(),
});
const MessageBody = z.object({
  kind: z.literal('book_events'),
  book_key: z.string(),
  first_seq: z.int(),
  last_seq: z.int(),
  part: z.int(),
  parts: z.int(),
  events: z.array(Event),
});

function isWellFormed(body: unknown): body is BookMessage {
  const parsed = MessageBody.safeParse(body);
  if (!parsed.success) return false;
  return parsed.data.events.every(({ type, data }) => {
    if (/^(bid|ask)\./.test(type)) return OrderData.safeParse(data).success;
    if (type === 'match.created') return MatchData.safeParse(data).success;
    if (type === 'history.imported') return HistoryData.safeParse(data).success;
    return type === 'match.prevented' || type === 'book.rules_changed';
  });
}

/** Rows of the projection, by table; the newest state of each order wins. */
interface Rows {
  orders: Map<string, unknown[]>;
  orderVersions: Map<string, number>;
  matches: Map<string, unknown[]>;
  trades: Map<string, unknown[]>;
}

const ORDERS_SQL = `
INSERT INTO book_orders (id, size_id, product_id, seq, side, user_id, client_id, price_cents, quantity, filled, time_in_force,
  post_only, status, close_reason, expires_at, created_at, updated_at, version)
SELECT ${columns(18)} FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET price_cents = excluded.price_cents, quantity = excluded.quantity, filled = excluded.filled,
  status = excluded.status, close_reason = excluded.close_reason, expires_at = excluded.expires_at,
  updated_at = excluded.updated_at, version = excluded.version
WHERE excluded.version > book_orders.version`;

const MATCHES_SQL = `
INSERT INTO matches (id, size_id, product_id, bid_id, ask_id, buyer_id, seller_id, price_cents, quantity, currency, taker_side,
  fee_schedule_id, buyer_fee_bps, seller_fee_bps, buyer_fee_cents, seller_fee_cents, buyer_total_cents, seller_payout_cents,
  status, created_at)
SELECT ${columns(20)} FROM json_each(?) WHERE true
ON CONFLICT (id) DO NOTHING`;

const TRADES_SQL = `
INSERT INTO trades (id, size_id, price_cents, quantity, at, source)
SELECT ${columns(6)} FROM json_each(?) WHERE true
ON CONFLICT (id) DO NOTHING`;

/** `value ->> 0, value ->> 1, ...`: the cells of one row of a JSON array of rows. */
function columns(count: number): string {
  return Array.from({ length: count }, (_, index) => `value ->> ${index}`).join(', ');
}

function addEvent(rows: Rows, event: BookEvent): void {
  const atMs = Date.parse(event.occurred_at);
  switch (event.type) {
    case 'match.created': {
      const { id, sizeId, productId, currency, bidId, askId, match, bookKey } = event.data;
      rows.matches.set(id, [
        id,
        sizeId,
        productId,
        bidId,
        askId,
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
      const tradeId = sequencedId('trd', bookKey, match.number);
      rows.trades.set(tradeId, [tradeId, sizeId, match.priceCents, match.quantity, atMs, 'match']);
      return;
    }
    case 'history.imported': {
      const { bookKey, sizeId, trades } = event.data;
      trades.forEach(([tradeAtMs, priceCents, quantity], index) => {
        const id = sequencedId('trd', bookKey, tradeNumber(event.seq, index));
        rows.trades.set(id, [id, sizeId, priceCents, quantity, tradeAtMs, 'import']);
      });
      return;
    }
    case 'match.prevented':
    case 'book.rules_changed':
      return;
    default: {
      const { id, sizeId, productId, order } = event.data;
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

async function apply(deps: Deps, messages: readonly BookMessage[]): Promise<void> {
  const rows: Rows = { orders: new Map(), orderVersions: new Map(), matches: new Map(), trades: new Map() };
  for (const message of messages) for (const event of message.events) addEvent(rows, event);
  const batch = [
    ...statements(deps.d1, ORDERS_SQL, rows.orders),
    ...statements(deps.d1, MATCHES_SQL, rows.matches),
    ...statements(deps.d1, TRADES_SQL, rows.trades),
  ];
  if (batch.length > 0) await deps.d1.batch(batch);
  for (const { book_key, first_seq, last_seq, part, parts } of messages) {
    await deps.books.confirm(book_key, first_seq, last_seq, part, parts);
  }
}

/**
 * Projects the events of the books into D1: my orders, my matches, the tape. Every row is an absolute state under a
 * version or an insert under a derived id, so messages may come twice, late and in any order. A book is told only after
 * the D1 batch; a message that fails by itself is retried by itself and ends as a dead letter.
 */
export async function projectBookEvents(deps: Deps, batch: MessageBatch): Promise<void> {
  const messages: Message<BookMessage>[] = [];
  for (const message of batch.messages) {
    if (isWellFormed(message.body)) messages.push(message as Message<BookMessage>);
    else {
      deps.log.warn('poison_message', {
        queue: batch.queue,
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
