/** Offers of the souk (C.3, SL-08..13): the head of each chain, every move of it, its past, and the listings in it. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  OFFER_ACTIONS,
  OFFER_ROLES,
  OFFER_SIDES,
  OFFER_STATUSES,
  OFFER_TYPES,
} from '../domain/offers/offer.ts';

/** One buyer's haggling over one listing, as it stands. Its id is that of its first move. */
export const offers = sqliteTable(
  'offers',
  {
    id: text().primaryKey(),
    type: text({ enum: OFFER_TYPES }).notNull(),
    listingId: text().notNull(),
    /** As they were when the offer was made. */
    listingTitle: text().notNull(),
    listPriceCents: integer().notNull(),
    currency: text().notNull(),
    buyerId: text().notNull(),
    sellerId: text().notNull(),
    /** Which of this buyer's offers on this listing it is: two made at once cannot both be the last allowed. */
    ordinal: integer().notNull(),
    /** Who made the first move. */
    openedBy: text({ enum: OFFER_SIDES }).notNull().default('buyer'),
    conversationId: text().notNull(),
    /** A JSON array of what the buyer gives; empty unless it is a swap. */
    swapListingIds: text().notNull(),
    status: text({ enum: OFFER_STATUSES }).notNull(),
    version: integer().notNull(),
    awaiting: text({ enum: OFFER_SIDES }),
    round: integer().notNull(),
    /** Of the latest move; in a swap the cash on top, negative when the seller pays it. */
    amountCents: integer().notNull(),
    buyerCents: integer().notNull(),
    sellerCents: integer().notNull(),
    /** Null while it is frozen. */
    expiresAt: integer(),
    frozenRemainingMs: integer(),
    isAuto: integer({ mode: 'boolean' }).notNull(),
    /** The latest move, the one before it, and what was said with the latest. */
    moveId: text().notNull(),
    parentMoveId: text(),
    message: text(),
    /** The order of an accepted offer; of a swap the one that the buyer of the offer buys. */
    orderId: text(),
    /** The other direction of a swap, and what the two share. */
    returnOrderId: text(),
    swapId: text(),
    /** Who opened it, and what their client calls the request: a repeat makes no second offer. */
    clientKey: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('offers_client').on(t.clientKey).where(sql`client_key is not null`),
    // One open offer of a buyer on a listing, whatever is sent twice.
    uniqueIndex('offers_open').on(t.listingId, t.buyerId).where(sql`status in ('pending', 'countered')`),
    uniqueIndex('offers_ordinal').on(t.listingId, t.buyerId, t.ordinal),
    index('offers_listing').on(t.listingId, t.createdAt, t.id),
    index('offers_listing_status').on(t.listingId, t.status, t.createdAt, t.id),
    index('offers_buyer').on(t.buyerId, t.createdAt, t.id),
    index('offers_buyer_status').on(t.buyerId, t.status, t.createdAt, t.id),
    index('offers_seller').on(t.sellerId, t.createdAt, t.id),
    index('offers_seller_status').on(t.sellerId, t.status, t.createdAt, t.id),
    index('offers_due').on(t.status, t.expiresAt),
    index('offers_dead').on(t.status, t.updatedAt),
    index('offers_conversation').on(t.conversationId, t.createdAt),
  ],
);

/** Every move, never changed: a trigger refuses. */
export const offerMoves = sqliteTable(
  'offer_moves',
  {
    id: text().primaryKey(),
    offerId: text().notNull(),
    round: integer().notNull(),
    parentId: text(),
    by: text({ enum: OFFER_SIDES }).notNull(),
    actorId: text().notNull(),
    amountCents: integer().notNull(),
    message: text(),
    /** Until when it asked for an answer. */
    expiresAt: integer().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [uniqueIndex('offer_moves_round').on(t.offerId, t.round)],
);

/** Every change, one row for each version: the same version written twice is refused, and with it the whole batch. */
export const offerHistory = sqliteTable(
  'offer_history',
  {
    offerId: text().notNull(),
    version: integer().notNull(),
    from: text({ enum: OFFER_STATUSES }),
    to: text({ enum: OFFER_STATUSES }).notNull(),
    action: text({ enum: OFFER_ACTIONS }).notNull(),
    actorType: text({ enum: OFFER_ROLES }).notNull(),
    actorId: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.offerId, t.version] }), index('offer_history_at').on(t.at)],
);

/** The listings that would change hands: offers that share one of them are rivals. */
export const offerListings = sqliteTable(
  'offer_listings',
  {
    offerId: text().notNull(),
    listingId: text().notNull(),
    /** By the buyer, in a swap. */
    isGiven: integer({ mode: 'boolean' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.offerId, t.listingId] }),
    index('offer_listings_listing').on(t.listingId, t.offerId),
  ],
);
