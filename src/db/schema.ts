import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { type Role, USER_STATUSES } from '../domain/accounts/account.ts';
import { INVENTORY_KINDS } from '../domain/catalog/inventory.ts';
import { SELLER_TIERS, STANDARD_TIER } from '../domain/market/fees.ts';
import {
  BOOK_STATUSES,
  CLOSE_REASONS,
  ORDER_STATUSES,
  PRICE_RULES,
  SELF_TRADE_MODES,
  SIDES,
  TIMES_IN_FORCE,
} from '../domain/market/order.ts';

/** Times are epoch milliseconds UTC; amounts are minor units. Rows never reach the wire as they are. */
const createdAt = () => integer().notNull();

export const users = sqliteTable(
  'users',
  {
    id: text().primaryKey(),
    email: text().notNull(),
    /** Lower-cased: what uniqueness and login go by. */
    emailKey: text().notNull(),
    username: text().notNull(),
    usernameKey: text().notNull(),
    displayName: text().notNull(),
    passwordHash: text().notNull(),
    /** The name of a row of `roles`. */
    role: text().$type<Role>().notNull(),
    status: text({ enum: USER_STATUSES }).notNull(),
    /** When a suspension ends by itself. */
    suspendedUntil: integer(),
    emailVerifiedAt: integer(),
    firstName: text(),
    lastName: text(),
    phone: text(),
    bio: text(),
    /** The picture's content hash, and its widths as a JSON array. */
    avatarHash: text(),
    avatarWidths: text(),
    /** When the documents of a seller were approved. */
    verifiedSellerAt: integer(),
    /** Which fees they pay where it counts (SN-43). */
    sellerTier: text({ enum: SELLER_TIERS }).notNull().default(STANDARD_TIER),
    lastLoginAt: integer(),
    /** From then on nothing personal is left here. */
    deletedAt: integer(),
    /** Buyer, seller or both, which is what everybody begins as (C.1). */
    canBuy: integer({ mode: 'boolean' }).notNull().default(true),
    canSell: integer({ mode: 'boolean' }).notNull().default(true),
    createdAt: createdAt(),
    updatedAt: createdAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(t.emailKey),
    uniqueIndex('users_username_key').on(t.usernameKey),
    index('users_suspended').on(t.status, t.suspendedUntil),
    index('users_role').on(t.role, t.createdAt, t.id),
    index('users_deleted').on(t.deletedAt),
    index('users_status').on(t.status, t.createdAt, t.id),
    index('users_created').on(t.createdAt, t.id),
    index('users_limited').on(t.id).where(sql`(can_buy = 0 or can_sell = 0)`),
  ],
);

export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id),
    userAgent: text().notNull(),
    address: text().notNull(),
    createdAt: createdAt(),
    lastUsedAt: createdAt(),
    expiresAt: integer().notNull(),
    revokedAt: integer(),
    revokeReason: text(),
  },
  (t) => [
    index('sessions_user').on(t.userId),
    index('sessions_user_created').on(t.userId, t.createdAt, t.id),
    index('sessions_revoked').on(t.revokedAt),
    index('sessions_expiry').on(t.expiresAt),
    index('sessions_used').on(t.lastUsedAt),
  ],
);

/** A session is one rotation family: every refresh token of it descends from the login. Only hashes are stored. */
export const refreshTokens = sqliteTable(
  'refresh_tokens',
  {
    hash: text().primaryKey(),
    sessionId: text()
      .notNull()
      .references(() => sessions.id),
    createdAt: createdAt(),
    expiresAt: integer().notNull(),
    usedAt: integer(),
  },
  (t) => [index('refresh_tokens_session').on(t.sessionId), index('refresh_tokens_expiry').on(t.expiresAt)],
);

/** Sign-in attempts since the last success, for each pair of account and address or known device; see decision 0002. */
export const loginAttempts = sqliteTable(
  'login_attempts',
  {
    /** SHA-256 of the user's id, or of what was typed when there is no such user. */
    accountHash: text().notNull(),
    address: text().notNull(),
    /** In this window. */
    attempts: integer().notNull(),
    windowStartedAt: integer().notNull(),
    /** Windows before this one that ended locked: each makes the next twice as long. */
    lockouts: integer().notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.accountHash, t.address] }),
    index('login_attempts_window').on(t.windowStartedAt),
  ],
);

/** One-time tickets that let a browser open a socket without a token in the URL. */
export const socketTickets = sqliteTable('socket_tickets', {
  hash: text().primaryKey(),
  userId: text().notNull(),
  sessionId: text().notNull(),
  expiresAt: integer().notNull(),
  usedAt: integer(),
});

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    userId: text().notNull(),
    key: text().notNull(),
    route: text().notNull(),
    bodyHash: text().notNull(),
    /** Null while the first request is still in flight. */
    status: integer(),
    body: text(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.key] }), index('idempotency_created').on(t.createdAt)],
);

export const products = sqliteTable(
  'products',
  {
    /** The rowid that the full-text index points at. */
    row: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    sku: text().notNull(),
    skuKey: text().notNull(),
    name: text().notNull(),
    brand: text().notNull(),
    brandKey: text().notNull(),
    model: text().notNull(),
    colorway: text().notNull(),
    category: text().notNull(),
    categoryKey: text().notNull(),
    description: text().notNull(),
    /** YYYY-MM-DD */
    releaseDate: text(),
    retailPriceCents: integer().notNull(),
    currency: text().notNull(),
    featured: integer({ mode: 'boolean' }).notNull(),
    /** What is sold of it goes through the hands of an authenticator first. */
    requiresVerification: integer({ mode: 'boolean' }).notNull().default(false),
    hidden: integer({ mode: 'boolean' }).notNull(),
    version: integer().notNull(),
    createdAt: createdAt(),
    updatedAt: createdAt(),
  },
  (t) => [
    uniqueIndex('products_id').on(t.id),
    uniqueIndex('products_sku_key').on(t.skuKey),
    index('products_brand').on(t.brandKey, t.createdAt),
    index('products_category').on(t.categoryKey, t.createdAt),
    index('products_created').on(t.createdAt, t.id),
    index('products_price').on(t.retailPriceCents, t.id),
    index('products_release').on(t.releaseDate, t.id),
    index('products_hidden').on(t.row).where(sql`hidden = 1`),
  ],
);

/** One size of a product is one order book; its book rules live here and are pushed to the object. */
export const sizes = sqliteTable(
  'sizes',
  {
    id: text().primaryKey(),
    productId: text()
      .notNull()
      .references(() => products.id),
    label: text().notNull(),
    labelKey: text().notNull(),
    sortOrder: integer().notNull(),
    quantity: integer().notNull(),
    reserved: integer().notNull(),
    tickCents: integer().notNull(),
    bookStatus: text({ enum: BOOK_STATUSES }).notNull(),
    priceRule: text({ enum: PRICE_RULES }).notNull(),
    selfTrade: text({ enum: SELF_TRADE_MODES }).notNull(),
    /** How many times above or below the reference a price may be unconfirmed; null switches the collar off. */
    collarFactor: integer(),
    /** Raised by every change that the book object must know; `configSynced` follows once the object has it. */
    configVersion: integer().notNull(),
    configSynced: integer().notNull(),
    version: integer().notNull(),
    createdAt: createdAt(),
    updatedAt: createdAt(),
  },
  (t) => [
    uniqueIndex('sizes_product_label').on(t.productId, t.labelKey),
    index('sizes_product_order').on(t.productId, t.sortOrder),
    index('sizes_behind').on(t.updatedAt).where(sql`config_synced < config_version`),
    index('sizes_book_status').on(t.bookStatus, t.id),
  ],
);

export const inventoryTransactions = sqliteTable(
  'inventory_transactions',
  {
    id: text().primaryKey(),
    sizeId: text()
      .notNull()
      .references(() => sizes.id),
    kind: text({ enum: INVENTORY_KINDS }).notNull(),
    quantity: integer().notNull(),
    quantityBefore: integer().notNull(),
    quantityAfter: integer().notNull(),
    reservedBefore: integer().notNull(),
    reservedAfter: integer().notNull(),
    /** What caused it, such as an order id. */
    reference: text(),
    reason: text().notNull(),
    actorId: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('inventory_size').on(t.sizeId, t.createdAt)],
);

export const productImages = sqliteTable(
  'product_images',
  {
    id: text().primaryKey(),
    productId: text()
      .notNull()
      .references(() => products.id),
    /** Content hash: the media keys are `products/<hash>/<width>`. */
    contentHash: text().notNull(),
    contentType: text().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    alt: text().notNull(),
    position: integer().notNull(),
    isPrimary: integer({ mode: 'boolean' }).notNull(),
    /** JSON array of the widths stored. */
    widths: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('product_images_product').on(t.productId, t.position)],
);

/** Fee rates by channel, tier of the seller and currency, in force from `validFrom`; the applied row is snapshotted on each match (C.5). */
export const feeSchedules = sqliteTable(
  'fee_schedules',
  {
    id: text().primaryKey(),
    channel: text().notNull(),
    tier: text({ enum: SELLER_TIERS }).notNull().default(STANDARD_TIER),
    currency: text().notNull(),
    buyerBps: integer().notNull(),
    sellerBps: integer().notNull(),
    minimumCents: integer().notNull(),
    validFrom: integer().notNull(),
  },
  (t) => [uniqueIndex('fee_schedules_key').on(t.channel, t.tier, t.currency, t.validFrom)],
);

// ---- The projection of the books: rebuilt from their journals, never the truth for an open order. ----

export const bookOrders = sqliteTable(
  'book_orders',
  {
    id: text().primaryKey(),
    sizeId: text().notNull(),
    productId: text().notNull(),
    seq: integer().notNull(),
    side: text({ enum: SIDES }).notNull(),
    userId: text().notNull(),
    clientId: text(),
    priceCents: integer().notNull(),
    quantity: integer().notNull(),
    filled: integer().notNull(),
    timeInForce: text({ enum: TIMES_IN_FORCE }).notNull(),
    postOnly: integer({ mode: 'boolean' }).notNull(),
    status: text({ enum: ORDER_STATUSES }).notNull(),
    closeReason: text({ enum: CLOSE_REASONS }),
    expiresAt: integer(),
    createdAt: createdAt(),
    updatedAt: createdAt(),
    version: integer().notNull(),
    /** Its place in the queue of its price; null in rows older than the column, where it is `seq`. */
    prioritySeq: integer(),
    /** How often it came back after a match that failed. */
    relinks: integer().notNull().default(0),
  },
  (t) => [
    index('book_orders_mine').on(t.userId, t.side, t.createdAt, t.id),
    index('book_orders_expiring')
      .on(t.expiresAt, t.id)
      .where(sql`status = 'active' and expires_at is not null`),
    index('book_orders_resting').on(t.sizeId, t.side, t.priceCents).where(sql`status = 'active'`),
    index('book_orders_closed').on(t.updatedAt).where(sql`status <> 'active'`),
    index('book_orders_placed').on(t.createdAt),
  ],
);

export const matches = sqliteTable(
  'matches',
  {
    id: text().primaryKey(),
    sizeId: text().notNull(),
    productId: text().notNull(),
    bidId: text().notNull(),
    askId: text().notNull(),
    buyerId: text().notNull(),
    sellerId: text().notNull(),
    priceCents: integer().notNull(),
    quantity: integer().notNull(),
    currency: text().notNull(),
    takerSide: text({ enum: SIDES }).notNull(),
    feeScheduleId: text().notNull(),
    buyerFeeBps: integer().notNull(),
    sellerFeeBps: integer().notNull(),
    buyerFeeCents: integer().notNull(),
    sellerFeeCents: integer().notNull(),
    buyerTotalCents: integer().notNull(),
    sellerPayoutCents: integer().notNull(),
    status: text({ enum: ['pending', 'completed', 'failed'] }).notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('matches_buyer').on(t.buyerId, t.createdAt, t.id),
    index('matches_seller').on(t.sellerId, t.createdAt, t.id),
    index('matches_created').on(t.createdAt),
  ],
);

/** The public tape: live matches and imported history, without parties. */
export const trades = sqliteTable(
  'trades',
  {
    id: text().notNull(),
    sizeId: text().notNull(),
    priceCents: integer().notNull(),
    quantity: integer().notNull(),
    at: integer().notNull(),
    source: text({ enum: ['match', 'import'] }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.sizeId, t.at, t.id] })],
);

/** Messages that could not be processed, kept for a person to read and replay (EV-07). */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    id: text().primaryKey(),
    queue: text().notNull(),
    body: text().notNull(),
    reason: text().notNull(),
    attempts: integer().notNull(),
    createdAt: createdAt(),
    replayedAt: integer(),
    /** When somebody decided that it is not worth sending again. */
    discardedAt: integer(),
  },
  (t) => [
    index('dead_letters_created').on(t.createdAt, t.id),
    index('dead_letters_waiting')
      .on(t.createdAt, t.id)
      .where(sql`replayed_at is null and discarded_at is null`),
  ],
);
