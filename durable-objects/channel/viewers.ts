/** All SQL about the viewers of a stream room. */
export class ViewerStorage {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  /** Who was here when the room was last awake. */
  here(): string[] {
    return this.sql
      .exec<{ user_id: string }>('SELECT user_id FROM viewers WHERE here_since IS NOT NULL')
      .toArray()
      .map(({ user_id }) => user_id);
  }

  enter(userId: string, atMs: number): void {
    this.sql.exec(
      'INSERT INTO viewers (user_id, here_since) VALUES (?1, ?2) ON CONFLICT (user_id) DO UPDATE SET here_since = coalesce(here_since, ?2)',
      userId,
      atMs,
    );
  }

  leave(userId: string, atMs: number): void {
    this.sql.exec(
      'UPDATE viewers SET watched_ms = watched_ms + max(0, ?2 - here_since), here_since = NULL WHERE user_id = ?1 AND here_since IS NOT NULL',
      userId,
      atMs,
    );
  }

  /** Counts one more line of chat; false when it is one too many within the time that ends now. */
  mayChat(userId: string, nowMs: number, withinMs: number, limit: number): boolean {
    this.sql.exec('DELETE FROM chats WHERE user_id = ? AND at <= ?', userId, nowMs - withinMs);
    return (
      this.sql
        .exec(
          `INSERT INTO chats (user_id, at) SELECT ?1, ?2
           WHERE (SELECT count(*) FROM chats WHERE user_id = ?1) < ?3 RETURNING id`,
          userId,
          nowMs,
          limit,
        )
        .toArray().length > 0
    );
  }

  addReactions(counts: ReadonlyMap<string, number>): void {
    for (const [emoji, count] of counts)
      this.sql.exec(
        'INSERT INTO reactions (emoji, count) VALUES (?1, ?2) ON CONFLICT (emoji) DO UPDATE SET count = count + ?2',
        emoji,
        count,
      );
  }

  reactions(): Record<string, number> {
    const rows = this.sql.exec<{ emoji: string; count: number }>('SELECT emoji, count FROM reactions');
    return Object.fromEntries(rows.toArray().map(({ emoji, count }) => [emoji, count]));
  }

  /** How many were ever here, and how long all of them together, as of now. */
  totals(nowMs: number): { unique: number; watchedMs: number } {
    return this.sql
      .exec<{ unique: number; watchedMs: number }>(
        `SELECT count(*) AS "unique", coalesce(sum(watched_ms + CASE WHEN here_since IS NULL THEN 0 ELSE max(0, ? - here_since) END), 0) AS watchedMs FROM viewers`,
        nowMs,
      )
      .one();
  }
}
