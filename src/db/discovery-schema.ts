/** Tables of discovery: what people look at, and what they want to hear of (C.11). */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { FEED_KINDS } from '../domain/discovery/feed.ts';
import { INTERACTION_KINDS } from '../domain/discovery/interaction.ts';
import { FAVOURITE_STATES } from '../domain/discovery/watch.ts';

/** Who looked at or took what, once an hour at most; forgotten after a few months. */
export const interactions = sqliteTable(
  'interactions',
  {
    /** A user's id, or a hash of the address and the day for somebody who is not signed in. */
    viewer: text().notNull(),
    kind: text({ enum: INTERACTION_KINDS }).notNull(),
    /** The id of a product or of a listing, or the key of what was searched for. */
    target: text().notNull(),
    /** Hours since 1970. */
    hour: integer().notNull(),
    at: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.viewer, t.kind, t.target, t.hour] }),
    index('interactions_recent').on(t.at),
    index('interactions_viewer').on(t.viewer, t.at),
    index('interactions_target').on(t.target, t.kind, t.hour),
  ],
);

/** What the interest model said when it was last asked: replaced as a whole, a generation at a time. */
export const interestItems = sqliteTable(
  'interest_items',
  { generation: integer().notNull(), item: text().notNull(), popularity: real().notNull() },
  (t) => [
    primaryKey({ columns: [t.generation, t.item] }),
    index('interest_items_popular').on(t.generation, t.popularity),
  ],
);

export const interestLifts = sqliteTable(
  'interest_lifts',
  {
    generation: integer().notNull(),
    evidence: text().notNull(),
    item: text().notNull(),
    lift: real().notNull(),
  },
  (t) => [primaryKey({ columns: [t.generation, t.evidence, t.item] })],
);

/** Jobs that run now and then remember here how far they came. */
export const discoveryJobs = sqliteTable('discovery_jobs', {
  name: text().primaryKey(),
  generation: integer().notNull(),
  doneAt: integer().notNull(),
});

/** How many people searched for it on a day, and found something. */
export const searchCounts = sqliteTable(
  'search_counts',
  {
    /** YYYY-MM-DD, UTC. */
    day: text().notNull(),
    queryKey: text().notNull(),
    query: text().notNull(),
    searchers: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.day, t.queryKey] }), index('search_counts_key').on(t.queryKey, t.day)],
);

export const searchHistory = sqliteTable(
  'search_history',
  {
    userId: text().notNull(),
    queryKey: text().notNull(),
    query: text().notNull(),
    hits: integer().notNull(),
    at: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.queryKey] }),
    index('search_history_recent').on(t.userId, t.at, t.queryKey),
  ],
);

export const savedSearches = sqliteTable(
  'saved_searches',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    name: text().notNull(),
    /** JSON: what `SavedSearchCriteria` says. */
    criteria: text().notNull(),
    /** Null while its owner wants no alerts. */
    nextCheckAt: integer(),
    /** Rows of products and listings up to here have been told of. */
    seenProductRow: integer().notNull(),
    seenListedAt: integer().notNull(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('saved_searches_user').on(t.userId, t.createdAt, t.id),
    index('saved_searches_due').on(t.nextCheckAt),
  ],
);

/** Sizes that somebody follows, with the lowest ask at which to wake them. */
export const watchlist = sqliteTable(
  'watchlist',
  {
    userId: text().notNull(),
    sizeId: text().notNull(),
    productId: text().notNull(),
    /** Null: no alert. */
    thresholdCents: integer(),
    /** True until an ask at or below the threshold has been told of; again once there is none. */
    armed: integer({ mode: 'boolean' }).notNull(),
    /** How many alerts there were: it names each of them. */
    alerts: integer().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.sizeId] }),
    index('watchlist_recent').on(t.userId, t.createdAt, t.sizeId),
    index('watchlist_armed')
      .on(t.sizeId, t.thresholdCents)
      .where(sql`armed = 1 and threshold_cents is not null`),
    index('watchlist_disarmed').on(t.sizeId).where(sql`armed = 0 and threshold_cents is not null`),
  ],
);

export const favourites = sqliteTable(
  'favourites',
  {
    userId: text().notNull(),
    listingId: text().notNull(),
    /** What the one who likes it was last told: that it is gone, or that it is there. */
    told: text({ enum: FAVOURITE_STATES }).notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.listingId] }),
    index('favourites_listing').on(t.listingId, t.userId),
    index('favourites_recent').on(t.userId, t.createdAt, t.listingId),
  ],
);

export const follows = sqliteTable(
  'follows',
  {
    followerId: text().notNull(),
    followeeId: text().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.followerId, t.followeeId] }),
    index('follows_followers').on(t.followeeId, t.followerId),
    index('follows_followers_recent').on(t.followeeId, t.createdAt, t.followerId),
    index('follows_following_recent').on(t.followerId, t.createdAt, t.followeeId),
  ],
);

/** The activity feed of each follower, written when it happens (SL-41). */
export const feedItems = sqliteTable(
  'feed_items',
  {
    userId: text().notNull(),
    /** The id of the event that it tells of. */
    eventId: text().notNull(),
    kind: text({ enum: FEED_KINDS }).notNull(),
    actorId: text().notNull(),
    targetId: text().notNull(),
    /** JSON: what it was when it happened. */
    data: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.eventId] }),
    index('feed_items_recent').on(t.userId, t.at, t.eventId),
    index('feed_items_old').on(t.at),
  ],
);
