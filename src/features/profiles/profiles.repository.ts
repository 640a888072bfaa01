import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import { conversationMessages } from '../../db/chat-schema.ts';
import type { Db } from '../../db/client.ts';
import { accountActivity, userPreferences } from '../../db/identity-schema.ts';
import { users } from '../../db/schema.ts';
import { DEFAULT_PREFERENCES, type Preferences } from '../../domain/accounts/preferences.ts';

export type UserRow = typeof users.$inferSelect;

export async function findUser(db: Db, id: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, id));
  return row ?? null;
}

/** The preferences of any number of users with one query; defaults for those who never chose. */
export async function findPreferences(db: Db, userIds: readonly string[]): Promise<Map<string, Preferences>> {
  const rows = await db
    .select()
    .from(userPreferences)
    .where(
      sql`${userPreferences.userId} in (select value from json_each(${JSON.stringify([...new Set(userIds)])}))`,
    );
  const stored = new Map(rows.map(({ userId, updatedAt: _, ...preferences }) => [userId, preferences]));
  return new Map(userIds.map((id) => [id, stored.get(id) ?? DEFAULT_PREFERENCES]));
}

export const upsertPreferences = (db: Db, userId: string, preferences: Preferences, nowMs: number) =>
  db
    .insert(userPreferences)
    .values({ userId, ...preferences, updatedAt: nowMs })
    .onConflictDoUpdate({ target: userPreferences.userId, set: { ...preferences, updatedAt: nowMs } });

export type ActivityRow = typeof accountActivity.$inferSelect;

export function activityOf(
  db: Db,
  userId: string,
  before: [createdAtMs: number, id: string] | null,
  limit: number,
): Promise<ActivityRow[]> {
  return db
    .select()
    .from(accountActivity)
    .where(
      and(
        eq(accountActivity.userId, userId),
        before === null
          ? undefined
          : sql`(${accountActivity.createdAt}, ${accountActivity.id}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(accountActivity.createdAt), desc(accountActivity.id))
    .limit(limit);
}

/** How long answers of a user let the other side wait, on average over some of them; null without any. */
export async function averageResponseMs(db: Db, userId: string, sample: number): Promise<number | null> {
  const answers = db
    .select({ responseMs: conversationMessages.responseMs })
    .from(conversationMessages)
    .where(and(eq(conversationMessages.senderId, userId), isNotNull(conversationMessages.responseMs)))
    .limit(sample)
    .as('answers');
  const [row] = await db.select({ mean: sql<number | null>`avg(${answers.responseMs})` }).from(answers);
  return row?.mean ?? null;
}
