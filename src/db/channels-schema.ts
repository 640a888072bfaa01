/** Tables of live channels: what people let others see of their presence. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** A user without a row shows their presence and was never here. */
export const userPresence = sqliteTable('user_presence', {
  userId: text().primaryKey(),
  showPresence: integer({ mode: 'boolean' }).notNull().default(true),
  /** When the last device went; epoch milliseconds. */
  lastSeenAt: integer(),
  updatedAt: integer().notNull(),
});
