/** Tables of live channels: who is here, what they let others see of it, and which markets somebody listens to. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** A user without a row shows their presence and was never here. */
export const userPresence = sqliteTable('user_presence', {
  userId: text().primaryKey(),
  showPresence: integer({ mode: 'boolean' }).notNull().default(true),
  /** When the last device went; epoch milliseconds. */
  lastSeenAt: integer(),
  /** Since when a device is connected; null while none is. A hint for who is worth telling, not the truth. */
  onlineSince: integer(),
  updatedAt: integer().notNull(),
});

/** Market feeds that somebody asked for: the others are never told anything, so that trading costs them nothing. */
export const followedMarkets = sqliteTable('followed_markets', {
  /** A product id, or `catalogue`. */
  feed: text().primaryKey(),
  askedAt: integer().notNull(),
});
