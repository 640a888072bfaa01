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

  /** Counts one more chat of this minute; false when it is one too many. Somebody who was never here has no say. */
  mayChat(userId: string, minute: number, perMinute: number): boolean {
    return (
      this.sql
        .exec(
          `UPDATE viewers SET chats = CASE WHEN minute = ?2 THEN chats + 1 ELSE 1 END, minute = ?2
           WHERE user_id = ?1 AND (minute <> ?2 OR chats < ?3) RETURNING chats`,
          userId,
          minute,
          perMinute,
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
