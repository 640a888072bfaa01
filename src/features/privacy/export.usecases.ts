/**
 * Everything the product holds about one person, for themselves. It reads the rows of every feature as they are, which
 * nothing else may, one page after the other along an index, so that neither memory nor a query grows with what they did.
 */
import type { Deps } from '../../deps.ts';
import { rateLimited } from '../../http/auth.ts';
import type { Caller } from '../../http/factory.ts';
import { activityStatement, type Client } from '../accounts/account.statements.ts';

/** Reading everything is costly, and nobody needs it more often. */
const EXPORTS_PER_MINUTE = 3;
const PAGE = 200;

interface Section {
  name: string;
  columns: string;
  table: string;
  /** `?1` is the user's id. */
  where: string;
  /** The sort key: follows `where` in an index. */
  keys: readonly string[];
}

const ORDER_COLUMNS =
  'id, number, source, status, payment_status, currency, subtotal_cents, buyer_fee_cents, seller_fee_cents, shipping_cents, total_cents, payout_cents, refunded_cents, created_at, paid_at, shipped_at, delivered_at, completed_at';
const OFFER_COLUMNS =
  'id, type, listing_id, listing_title, currency, amount_cents, status, message, created_at, updated_at';
const BOOK_COLUMNS =
  'id, product_id, size_id, side, price_cents, quantity, filled, status, close_reason, expires_at, created_at, updated_at';
const MESSAGE_COLUMNS = 'id, conversation_id, type, content, created_at, edited_at, deleted_at';

const byTime = (name: string, table: string, owner: string, columns: string, id = 'id'): Section => ({
  name,
  table,
  columns,
  where: `${owner} = ?1`,
  keys: ['created_at', id],
});

const bookSide = (name: string, side: 'bid' | 'ask'): Section => ({
  ...byTime(name, 'book_orders', 'user_id', BOOK_COLUMNS),
  where: `user_id = ?1 and side = '${side}'`,
});

const disputes = (name: string, party: 'buyer_id' | 'seller_id'): Section => ({
  name,
  table: 'disputes',
  columns:
    'id, order_id, reason, status, amount_cents, refund_cents, currency, outcome, opened_at, resolved_at, closed_at',
  where: `${party} = ?1`,
  keys: ['opened_at', 'id'],
});

/** No secret, no hash, and nothing that others wrote to somebody else or decided about them. */
const SECTIONS: readonly Section[] = [
  byTime(
    'sessions',
    'sessions',
    'user_id',
    'id, user_agent, address, created_at, last_used_at, expires_at, revoked_at',
  ),
  byTime('activity', 'account_activity', 'user_id', 'action, address, user_agent, created_at'),
  byTime(
    'addresses',
    'addresses',
    'user_id',
    'id, kind, first_name, last_name, phone, line1, line2, city, region, postal_code, country, is_default, created_at',
  ),
  bookSide('bids', 'bid'),
  bookSide('asks', 'ask'),
  byTime('purchases', 'orders', 'buyer_id', `${ORDER_COLUMNS}, ship_to`),
  byTime('sales', 'orders', 'seller_id', ORDER_COLUMNS),
  {
    ...byTime(
      'listings',
      'listings',
      'seller_id',
      'id, title, brand, description, price_cents, currency, condition, channel, neighborhood, city, status, listed_at, sold_at, created_at',
    ),
    keys: ['created_at', 'row'],
  },
  byTime('offers_made', 'offers', 'buyer_id', OFFER_COLUMNS),
  byTime('offers_received', 'offers', 'seller_id', OFFER_COLUMNS),
  // The index of answers by their delay holds both, in two stretches.
  {
    name: 'messages',
    table: 'conversation_messages',
    columns: MESSAGE_COLUMNS,
    where: 'sender_id = ?1 and response_ms is null',
    keys: ['row'],
  },
  {
    name: 'answers',
    table: 'conversation_messages',
    columns: MESSAGE_COLUMNS,
    where: 'sender_id = ?1 and response_ms is not null',
    keys: ['response_ms', 'row'],
  },
  {
    name: 'messages_received',
    table:
      'conversation_participants p cross join conversation_messages m on m.conversation_id = p.conversation_id',
    columns:
      'm.id, m.conversation_id, m.sender_id, m.type, m.content, m.created_at, m.edited_at, m.deleted_at',
    where: 'p.user_id = ?1 and m.sender_id is not ?1',
    keys: ['p.conversation_id', 'm.seq'],
  },
  {
    ...byTime(
      'notifications',
      'notifications',
      'user_id',
      'id, type, title, body, link, read_at, created_at',
    ),
    where: 'user_id = ?1 and is_listed = 1 and deleted_at is null',
  },
  {
    name: 'blocks',
    table: 'blocks',
    columns: 'blocked_id, updated_at',
    where: 'blocker_id = ?1 and is_active = 1',
    keys: ['blocked_id'],
  },
  disputes('disputes_opened', 'buyer_id'),
  disputes('disputes_answered', 'seller_id'),
  byTime('reviews_written', 'reviews', 'author_id', 'id, order_id, rating, comment, created_at, updated_at'),
  byTime(
    'reports_made',
    'reports',
    'reporter_id',
    'id, target_type, target_id, reason, details, status, created_at',
  ),
  byTime('payouts', 'payouts', 'user_id', 'id, amount_cents, fee_cents, currency, status, created_at'),
  {
    ...byTime(
      'cards',
      'payment_methods',
      'user_id',
      'id, brand, last4, expiry_month, expiry_year, created_at',
    ),
    keys: ['created_at', 'rowid'],
  },
  {
    name: 'wallet_entries',
    table: 'ledger_entries',
    columns: 'transaction_id, currency, amount_cents',
    where: "account = 'user:' || ?1 || ':available'",
    keys: ['seq'],
  },
  byTime('watchlist', 'watchlist', 'user_id', 'product_id, size_id, threshold_cents, created_at', 'size_id'),
  byTime('favourites', 'favourites', 'user_id', 'listing_id, created_at', 'listing_id'),
  byTime('saved_searches', 'saved_searches', 'user_id', 'id, name, criteria, created_at'),
  byTime('following', 'follows', 'follower_id', 'followee_id, created_at', 'followee_id'),
  byTime(
    'moderation',
    'moderation_actions',
    'user_id',
    'id, kind, severity, reason, expires_at, lifted_at, created_at',
  ),
  {
    name: 'verifications',
    table: 'kyc_verifications',
    columns: 'id, status, country, reason, submitted_at, decided_at',
    where: 'user_id = ?1',
    keys: ['submitted_at', 'id'],
  },
];

type Row = Record<string, unknown>;

/** Times of rows are epoch milliseconds; on the wire they are RFC 3339. */
const readable = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !name.startsWith('key_'))
      .map(([name, value]) => [
        name,
        name.endsWith('_at') && typeof value === 'number' ? new Date(value).toISOString() : value,
      ]),
  );

async function* rowsOf(deps: Deps, { columns, table, where, keys }: Section, userId: string) {
  const named = keys.map((key, at) => `${key} as key_${at}`).join(', ');
  const order = keys.join(', ');
  const places = keys.map((_, at) => `?${at + 2}`).join(', ');
  for (let after: unknown[] = []; ; ) {
    const further = after.length === 0 ? '' : `and (${order}) > (${places})`;
    const { results } = await deps.d1
      .prepare(
        `select ${columns}, ${named} from ${table} where ${where} ${further} order by ${order} limit ${PAGE}`,
      )
      .bind(userId, ...after)
      .all<Row>();
    for (const row of results) yield readable(row);
    const last = results.at(-1);
    if (results.length < PAGE || last === undefined) return;
    after = keys.map((_, at) => last[`key_${at}`]);
  }
}

async function accountOf(deps: Deps, userId: string): Promise<Row> {
  const account = await deps.d1
    .prepare(
      `select id, email, username, display_name, first_name, last_name, phone, bio, role, status, can_buy, can_sell,
         email_verified_at, verified_seller_at, last_login_at, created_at from users where id = ?1`,
    )
    .bind(userId)
    .first<Row>();
  const preferences = await deps.d1
    .prepare(
      `select language, timezone, theme, date_format, time_format, show_name, show_ratings, is_listed_in_search
         from user_preferences where user_id = ?1`,
    )
    .bind(userId)
    .first<Row>();
  return { ...readable(account ?? {}), preferences };
}

/** The document as it is written, piece by piece. */
async function* exportText(deps: Deps, userId: string): AsyncGenerator<string> {
  yield `{"exported_at":${JSON.stringify(new Date(deps.now()).toISOString())},"account":${JSON.stringify(await accountOf(deps, userId))}`;
  for (const section of SECTIONS) {
    yield `,${JSON.stringify(section.name)}:[`;
    let isFirst = true;
    for await (const row of rowsOf(deps, section, userId)) {
      yield `${isFirst ? '' : ','}${JSON.stringify(row)}`;
      isFirst = false;
    }
    yield ']';
  }
  yield '}';
}

/** Everything about the caller as one JSON document, read as fast as it is taken. Refused with `rate_limited`. */
export async function exportOwnData(
  deps: Deps,
  caller: Caller,
  client: Client,
): Promise<ReadableStream<Uint8Array>> {
  const waitSeconds = deps.rate.check(`export:${caller.userId}`, EXPORTS_PER_MINUTE, deps.now());
  if (waitSeconds > 0) throw rateLimited(waitSeconds);
  await activityStatement(deps, caller.userId, 'data_exported', client, caller.sessionId);
  const text = exportText(deps, caller.userId);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await text.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
