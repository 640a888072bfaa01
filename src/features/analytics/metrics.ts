/**
 * How each figure is gathered from the tables of the house. Analytics reads them all and writes none: it is the one
 * place that may, and it reads along an index on time.
 */
import { type SQL, sql } from 'drizzle-orm';

interface Window {
  fromMs: number;
  toMs: number;
}
/** Statements that give rows of `metric, key, value`, and for sellers `seller, metric, key, value`. */
type Gather = (window: Window) => SQL;

const within = (column: string, { fromMs, toMs }: Window) =>
  sql`${sql.raw(column)} >= ${fromMs} and ${sql.raw(column)} < ${toMs}`;
const hoursWithin = ({ fromMs, toMs }: Window) => sql`i.at >= ${fromMs} and i.at < ${toMs}`;

/** One row a metric and key, from several sums over the same rows. */
const unpivoted = (rows: SQL, metrics: readonly string[], key: string, lead = sql``): SQL => {
  const values = sql.join(
    metrics.map((metric) => sql`json_array(${metric}, s.${sql.raw(metric)})`),
    sql`, `,
  );
  return sql`select ${lead} value ->> 0, s.${sql.raw(key)}, value ->> 1
    from (${rows}) as s, json_each(json_array(${values})) where value ->> 1 is not null and value ->> 1 <> 0`;
};

export const HOUSE_METRICS: readonly Gather[] = [
  (window) =>
    unpivoted(
      sql`select o.currency as currency, sum(o.subtotal_cents) as gmv_cents,
        sum(o.buyer_fee_cents + o.seller_fee_cents) as fees_cents, count(*) as orders_paid
        from orders o where ${within('o.paid_at', window)} group by o.currency`,
      ['gmv_cents', 'fees_cents', 'orders_paid'],
      'currency',
    ),
  (window) =>
    unpivoted(
      sql`select o.currency as currency, count(*) as orders_completed, sum(o.refunded_cents) as refunded_cents
        from orders o where ${within('o.completed_at', window)} group by o.currency`,
      ['orders_completed', 'refunded_cents'],
      'currency',
    ),
  (window) =>
    sql`select 'users_registered', '', count(*) from users u where ${within('u.created_at', window)}`,
  (window) =>
    sql`select 'listings_published', l.channel, count(*) from listings l
      where l.status in ('active', 'paused', 'reserved', 'sold', 'expired', 'deleted', 'removed') and ${within('l.listed_at', window)}
      group by l.channel`,
  (window) =>
    sql`select b.side || 's_placed', '', count(*) from book_orders b where ${within('b.created_at', window)} group by b.side`,
  (window) =>
    sql`select 'matches', m.currency, count(*) from matches m where ${within('m.created_at', window)} group by m.currency`,
  (window) =>
    unpivoted(
      sql`select '' as none, count(*) as book_orders_closed, sum(b.status = 'matched') as book_orders_filled,
        sum(b.status = 'expired') as book_orders_expired,
        sum(case when b.status = 'matched' then b.updated_at - b.created_at end) as time_to_fill_ms
        from book_orders b where b.status <> 'active' and ${within('b.updated_at', window)}`,
      ['book_orders_closed', 'book_orders_filled', 'book_orders_expired', 'time_to_fill_ms'],
      'none',
    ),
  (window) =>
    unpivoted(
      sql`select '' as none, sum(h."from" is null) as offers_made, sum(h."to" = 'accepted') as offers_accepted,
        sum(h."to" in ('accepted', 'declined', 'withdrawn', 'expired')) as offers_ended,
        sum(case when h."to" = 'accepted' then o.round end) as accepted_rounds
        from offer_history h join offers o on o.id = h.offer_id where ${within('h.at', window)}`,
      ['offers_made', 'offers_accepted', 'offers_ended', 'accepted_rounds'],
      'none',
    ),
  (window) =>
    sql`select 'messages_sent', '', count(*) from conversation_messages m where m.sender_id is not null and ${within('m.created_at', window)}`,
  (window) =>
    sql`select case when i.kind = 'searched' then 'searches' when i.target like 'lst\\_%' escape '\\' then 'listing_views' else 'product_views' end as metric,
      '', count(*) from interactions i where i.kind in ('viewed', 'searched') and ${hoursWithin(window)} group by metric`,
  (window) =>
    sql`select 'disputes_opened', d.currency, count(*) from disputes d where ${within('d.opened_at', window)} group by d.currency`,
];

/** What can only be observed while the period runs. */
export const SAMPLED_METRICS = ['spread_books', 'spread_bps_sum'] as const;
/** The books that have both sides now, and their spread against the middle. */
export const SPREAD: SQL = unpivoted(
  sql`select '' as none, count(*) as spread_books, sum((ask - bid) * 20000.0 / (ask + bid)) as spread_bps_sum from (
        select max(case when b.side = 'bid' then b.price_cents end) as bid, min(case when b.side = 'ask' then b.price_cents end) as ask
        from book_orders b where b.status = 'active' group by b.size_id
      ) where bid is not null and ask is not null`,
  ['spread_books', 'spread_bps_sum'],
  'none',
);

const OF_SELLER = sql`s.seller_id,`;

export const SELLER_METRICS: readonly Gather[] = [
  (window) =>
    unpivoted(
      sql`select o.seller_id, o.currency as currency, count(*) as sales, sum(o.subtotal_cents) as revenue_cents,
        sum(o.listing_id is not null) as listing_sales
        from orders o where o.seller_id is not null and ${within('o.paid_at', window)} group by o.seller_id, o.currency`,
      ['sales', 'revenue_cents', 'listing_sales'],
      'currency',
      OF_SELLER,
    ),
  (window) =>
    sql`select o.seller_id, 'payout_cents', o.currency, sum(o.released_cents) from orders o
      where o.seller_id is not null and ${within('o.completed_at', window)} group by o.seller_id, o.currency`,
  (window) =>
    sql`select l.seller_id, 'views', '', count(*) from interactions i join listings l on l.id = i.target
      where i.kind = 'viewed' and ${hoursWithin(window)} and i.viewer <> l.seller_id group by l.seller_id`,
  (window) =>
    unpivoted(
      sql`select o.seller_id, '' as none, sum(h."from" is null) as offers_received, sum(h."to" = 'accepted') as offers_accepted,
        sum(h."to" in ('accepted', 'declined', 'withdrawn', 'expired')) as offers_ended,
        sum(case when h."to" = 'accepted' then o.round end) as accepted_rounds,
        sum(case when h."to" = 'accepted' and o.type = 'offer' then o.list_price_cents end) as accepted_list_cents,
        sum(case when h."to" = 'accepted' and o.type = 'offer' then max(o.list_price_cents - o.amount_cents, 0) end) as discount_cents,
        sum(case when h.actor_id = o.seller_id then h.at - before.at end) as response_ms,
        sum(h.actor_id = o.seller_id and before.at is not null) as responses
        from offer_history h join offers o on o.id = h.offer_id
        left join offer_history before on before.offer_id = h.offer_id and before.version = h.version - 1
        where ${within('h.at', window)} group by o.seller_id`,
      [
        'offers_received',
        'offers_accepted',
        'offers_ended',
        'accepted_rounds',
        'accepted_list_cents',
        'discount_cents',
        'response_ms',
        'responses',
      ],
      'none',
      OF_SELLER,
    ),
];
