/**
 * What the owners of bids and asks are told when a book has moved: written into the outbox in the batch of the
 * projection itself, so that it costs no turn of its own and nothing is lost in between.
 */
import { orderId } from '../domain/market/events.ts';
import { DAY_MS } from '../domain/time.ts';
import type { BookMessage } from '../platform/events/events.ts';

/** A book that is projected anew tells its whole past; nobody wants to hear of that again. */
const NEWS_MS = DAY_MS;
/** Bids of one batch that are looked at; only those that were the best when they came. */
const MAX_RAISES = 200;

const EXPIRED_SQL = `
INSERT INTO outbox (event_id, type, body, created_at, due_at, attempts)
SELECT value ->> '$.event_id', value ->> '$.type', value, ?2, ?2, 0 FROM json_each(?1) WHERE true
ON CONFLICT (event_id) DO NOTHING`;

/**
 * The bid that was the best until a better one came, if another person's: the highest below it of those that were there
 * before. Cells of a raise: event id, size, product, currency, id, price, place in the queue, user, time, correlation.
 */
const OUTBID_SQL = `
INSERT INTO outbox (event_id, type, body, created_at, due_at, attempts)
SELECT r.value ->> 0, 'bid.outbid', json_object(
    'event_id', r.value ->> 0, 'type', 'bid.outbid', 'version', 1,
    'aggregate', json_object('type', 'book_order', 'id', o.id), 'seq', r.value ->> 6,
    'correlation_id', r.value ->> 9, 'occurred_at', r.value ->> 8,
    'data', json_object('user_id', o.user_id, 'bid_id', o.id, 'size_id', o.size_id, 'product_id', o.product_id,
      'price_cents', o.price_cents, 'top_price_cents', r.value ->> 5, 'currency', r.value ->> 3)
  ), ?2, ?2, 0
FROM json_each(?1) r CROSS JOIN book_orders o ON o.id = (
  SELECT id FROM book_orders
  WHERE size_id = r.value ->> 1 AND side = 'bid' AND status = 'active' AND price_cents < r.value ->> 5
    AND coalesce(priority_seq, seq) < r.value ->> 6
  ORDER BY price_cents DESC, coalesce(priority_seq, seq) LIMIT 1
)
WHERE o.user_id <> r.value ->> 7 AND NOT EXISTS (
  SELECT 1 FROM book_orders
  WHERE size_id = r.value ->> 1 AND side = 'bid' AND status = 'active' AND price_cents >= r.value ->> 5
    AND coalesce(priority_seq, seq) < r.value ->> 6
)
ON CONFLICT (event_id) DO NOTHING`;

type Raise = (string | number)[];

/** Statements that follow the projection of these messages in its batch; none when nobody needs to be told anything. */
export function bookNoticeStatements(
  d1: D1Database,
  messages: readonly BookMessage[],
  nowMs: number,
): D1PreparedStatement[] {
  const expired: unknown[] = [];
  const raises: Raise[] = [];
  const best = new Map<string, number>();
  for (const { book, events } of messages) {
    const { bookKey, sizeId, productId, currency } = book;
    for (const event of events) {
      if (nowMs - Date.parse(event.occurred_at) > NEWS_MS || !('order' in event.data)) continue;
      const { order } = event.data;
      const id = orderId(bookKey, order);
      if (event.type === 'bid.expired' || event.type === 'ask.expired') {
        const data = {
          user_id: order.userId,
          [`${order.side}_id`]: id,
          size_id: sizeId,
          product_id: productId,
          price_cents: order.priceCents,
          quantity: order.quantity - order.filled,
          currency,
          expires_at: order.expiresAtMs,
        };
        expired.push({ ...event, aggregate: { type: 'book_order', id }, data });
      } else if (event.type.startsWith('bid.') && order.status === 'active') {
        if (order.priceCents <= (best.get(sizeId) ?? 0)) continue;
        best.set(sizeId, order.priceCents);
        raises.push([
          `${event.event_id}:outbid`,
          ...[sizeId, productId, currency, id, order.priceCents, order.prioritySeq, order.userId],
          ...[event.occurred_at, event.correlation_id],
        ]);
      }
    }
  }
  const statements: D1PreparedStatement[] = [];
  if (expired.length > 0) statements.push(d1.prepare(EXPIRED_SQL).bind(JSON.stringify(expired), nowMs));
  if (raises.length > 0)
    statements.push(d1.prepare(OUTBID_SQL).bind(JSON.stringify(raises.slice(-MAX_RAISES)), nowMs));
  return statements;
}
