/** Brings an object's database to the newest version. Call it inside `blockConcurrencyWhile`. */
export function migrate(storage: DurableObjectStorage, migrations: readonly string[]): void {
  const { sql } = storage;
  sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT');
  const applied =
    sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]?.version ?? 0;
  if (applied >= migrations.length) return;
  storage.transactionSync(() => {
    for (const migration of migrations.slice(applied)) sql.exec(migration);
    sql.exec('DELETE FROM schema_version');
    sql.exec('INSERT INTO schema_version (version) VALUES (?)', migrations.length);
  });
}

/** True when the object has ever been set up; asking creates nothing, so a stranger's id leaves no trace. */
export function isMigrated(storage: DurableObjectStorage): boolean {
  return storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").toArray().length > 0;
}
