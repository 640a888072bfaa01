/** Listings of the souk (C.3, SW-07..09): the item, its pictures, its tags, its past, and the tree of categories. */
import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import {
  LISTING_ACTIONS,
  LISTING_CHANNELS,
  LISTING_CONDITIONS,
  LISTING_ROLES,
  LISTING_STATUSES,
  OFFER_FEEDS,
  REMOVABLE_STATUSES,
} from '../domain/listings/listing.ts';

/** A tree: a root has no parent (SW-08). */
export const categories = sqliteTable(
  'categories',
  {
    id: text().primaryKey(),
    parentId: text(),
    /** Unique and readable, for addresses of pages. */
    slug: text().notNull(),
    name: text().notNull(),
    /** Among its siblings. */
    position: integer().notNull(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [uniqueIndex('categories_slug').on(t.slug), index('categories_parent').on(t.parentId, t.position)],
);

export const listings = sqliteTable(
  'listings',
  {
    /** The rowid that the full-text index points at. */
    row: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    sellerId: text().notNull(),
    title: text().notNull(),
    brand: text().notNull(),
    description: text().notNull(),
    /** A JSON array. Triggers keep `listing_tags` in step with it. */
    tags: text().notNull(),
    priceCents: integer().notNull(),
    currency: text().notNull(),
    categoryId: text()
      .notNull()
      .references(() => categories.id),
    condition: text({ enum: LISTING_CONDITIONS }).notNull(),
    channel: text({ enum: LISTING_CHANNELS }).notNull(),
    isNegotiable: integer({ mode: 'boolean' }).notNull(),
    acceptsSwaps: integer({ mode: 'boolean' }).notNull(),
    autoAcceptCents: integer(),
    autoDeclineCents: integer(),
    minOfferPct: integer().notNull(),
    offerFeed: text({ enum: OFFER_FEEDS }).notNull(),
    /** Where it is, for its owner alone. */
    lat: real(),
    lon: real(),
    /** The same to about a kilometre: what searches and strangers go by. */
    publicLat: real(),
    publicLon: real(),
    latBand: integer(),
    neighborhood: text(),
    city: text(),
    views: integer().notNull().default(0),
    status: text({ enum: LISTING_STATUSES }).notNull(),
    /** The offer or order that it is promised or sold to. */
    reservedFor: text(),
    listedAt: integer(),
    expiresAt: integer(),
    soldAt: integer(),
    removedFrom: text({ enum: REMOVABLE_STATUSES }),
    removedReason: text(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('listings_id').on(t.id),
    index('listings_newest').on(t.status, t.listedAt, t.row),
    index('listings_popular').on(t.status, t.views, t.row),
    index('listings_price').on(t.status, t.priceCents, t.row),
    index('listings_channel_newest').on(t.channel, t.status, t.listedAt, t.row),
    index('listings_channel_popular').on(t.channel, t.status, t.views, t.row),
    index('listings_category').on(t.categoryId, t.status, t.listedAt),
    index('listings_near').on(t.latBand, t.publicLon),
    index('listings_around').on(t.status, t.latBand, t.publicLon),
    index('listings_created').on(t.createdAt, t.row),
    index('listings_status_created').on(t.status, t.createdAt, t.row),
    index('listings_channel_created').on(t.channel, t.createdAt, t.row),
    index('listings_seller').on(t.sellerId, t.createdAt, t.row),
    index('listings_seller_status').on(t.sellerId, t.status, t.listedAt, t.row),
    index('listings_due').on(t.status, t.expiresAt),
    index('listings_holder').on(t.reservedFor),
    check('listings_price_amount', sql`${t.priceCents} >= 0`),
    check('listings_place', sql`(${t.lat} is null) = (${t.lon} is null)`),
  ],
);

/** Kept by triggers from `listings.tags`. */
export const listingTags = sqliteTable(
  'listing_tags',
  { tag: text().notNull(), row: integer().notNull() },
  (t) => [primaryKey({ columns: [t.tag, t.row] }), index('listing_tags_row').on(t.row)],
);

export const listingPhotos = sqliteTable(
  'listing_photos',
  {
    id: text().primaryKey(),
    listingId: text().notNull(),
    /** The media keys are `listings/<hash>/<width>`. */
    contentHash: text().notNull(),
    contentType: text().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    alt: text().notNull(),
    position: integer().notNull(),
    isPrimary: integer({ mode: 'boolean' }).notNull(),
    /** JSON array of the widths stored. */
    widths: text().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [index('listing_photos_listing').on(t.listingId, t.position)],
);

/** Every change, one row for each version: the same version written twice is refused, and with it the whole batch. */
export const listingHistory = sqliteTable(
  'listing_history',
  {
    listingId: text().notNull(),
    version: integer().notNull(),
    from: text({ enum: LISTING_STATUSES }),
    to: text({ enum: LISTING_STATUSES }).notNull(),
    action: text({ enum: LISTING_ACTIONS }).notNull(),
    actorType: text({ enum: LISTING_ROLES }).notNull(),
    actorId: text().notNull(),
    reason: text(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.listingId, t.version] })],
);

/** What a listing used to cost: one row for each edit of its price. */
export const listingPriceChanges = sqliteTable(
  'listing_price_changes',
  {
    listingId: text().notNull(),
    /** The version of the listing that the edit made. */
    version: integer().notNull(),
    fromCents: integer().notNull(),
    toCents: integer().notNull(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.listingId, t.version] })],
);

/** Who has seen what on which UTC day, as hashes, so that a viewer counts once a day; forgotten the day after. */
export const listingViews = sqliteTable(
  'listing_views',
  {
    day: text().notNull(),
    listingId: text().notNull(),
    viewerHash: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.day, t.listingId, t.viewerHash] })],
);
