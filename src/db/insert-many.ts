import { getTableColumns, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { Db } from './client.ts';

/**
 * Inserts any number of rows with one bound parameter (D1 takes at most 100 in a statement, and 2 MB in one). Rows must
 * be plain JSON; a key that is missing is NULL. An integer key that the database gives out is left out of the rows.
 */
export function insertMany<Table extends SQLiteTable>(
  db: Db,
  table: Table,
  rows: readonly Table['$inferInsert'][],
) {
  const cells = Object.keys(getTableColumns(table)).map((name) => sql.raw(`value ->> '$.${name}'`));
  return db
    .insert(table)
    .select(sql`select ${sql.join(cells, sql.raw(', '))} from json_each(${JSON.stringify(rows)}) where true`);
}
