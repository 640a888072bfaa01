/** What it all adds up to, by hour and day (C.11). Every figure is recomputed as a whole, never counted up. */
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { GRAINS } from '../domain/analytics/period.ts';

/** One figure of the house in one hour or day; `key` tells currencies apart. */
export const rollups = sqliteTable(
  'rollups',
  {
    grain: text({ enum: GRAINS }).notNull(),
    /** Epoch milliseconds of its beginning, UTC. */
    startsAt: integer().notNull(),
    metric: text().notNull(),
    key: text().notNull(),
    value: real().notNull(),
  },
  (t) => [primaryKey({ columns: [t.grain, t.startsAt, t.metric, t.key] })],
);

/** The same for one seller and one day. */
export const sellerDays = sqliteTable(
  'seller_days',
  {
    sellerId: text().notNull(),
    startsAt: integer().notNull(),
    metric: text().notNull(),
    key: text().notNull(),
    value: real().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.sellerId, t.startsAt, t.metric, t.key] }),
    index('seller_days_day').on(t.startsAt),
  ],
);

/** Who was signed in on a day (YYYY-MM-DD, UTC): noted while the sessions still tell. */
export const activeDays = sqliteTable(
  'active_days',
  { day: text().notNull(), userId: text().notNull() },
  (t) => [primaryKey({ columns: [t.day, t.userId] })],
);
