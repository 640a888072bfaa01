import { drizzle } from 'drizzle-orm/d1';
import * as analyticsSchema from './analytics-schema.ts';
import * as channelsSchema from './channels-schema.ts';
import * as chatSchema from './chat-schema.ts';
import * as discoverySchema from './discovery-schema.ts';
import * as houseSchema from './house-schema.ts';
import * as identitySchema from './identity-schema.ts';
import * as integritySchema from './integrity-schema.ts';
import * as listingsSchema from './listings-schema.ts';
import * as notificationsSchema from './notifications-schema.ts';
import * as offersSchema from './offers-schema.ts';
import * as ordersSchema from './orders-schema.ts';
import * as paymentsSchema from './payments-schema.ts';
import * as schema from './schema.ts';
import * as streamsSchema from './streams-schema.ts';
import * as trustSchema from './trust-schema.ts';

export function createDb(d1: D1Database) {
  return drizzle(d1, {
    schema: {
      ...schema,
      ...ordersSchema,
      ...paymentsSchema,
      ...houseSchema,
      ...identitySchema,
      ...trustSchema,
      ...integritySchema,
      ...chatSchema,
      ...listingsSchema,
      ...offersSchema,
      ...channelsSchema,
      ...streamsSchema,
      ...discoverySchema,
      ...notificationsSchema,
      ...analyticsSchema,
    },
    casing: 'snake_case',
  });
}
export type Db = ReturnType<typeof createDb>;

/** True when a statement failed on a UNIQUE constraint; `column` narrows it to one, as `table.column`. */
export function isUniqueViolation(error: unknown, column?: string): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes('UNIQUE constraint failed') && (!column || cause.message.includes(column)))
      return true;
  }
  return false;
}

/** True when the batch was rolled back by {@link guardStatement}. */
export function isStale(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes('malformed JSON')) return true;
  }
  return false;
}

/** D1 cannot branch inside a batch: this aborts the whole batch when the statement before it changed no row. */
export const GUARD_SQL = "select case when changes() <> 1 then json('stale') end";
