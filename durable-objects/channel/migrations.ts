/** The database of one channel, oldest first; append-only. */
export const MIGRATIONS = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE events (
     seq INTEGER PRIMARY KEY,
     id TEXT,
     type TEXT NOT NULL,
     at INTEGER NOT NULL,
     data TEXT
   ) STRICT;
   CREATE UNIQUE INDEX events_id ON events (id) WHERE id IS NOT NULL;
   CREATE TABLE followers (topic TEXT PRIMARY KEY) STRICT;`,
  // Of a stream room alone.
  `CREATE TABLE viewers (
     user_id TEXT PRIMARY KEY,
     here_since INTEGER,
     watched_ms INTEGER NOT NULL DEFAULT 0,
     minute INTEGER NOT NULL DEFAULT 0,
     chats INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE reactions (emoji TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;`,
  // What was said in a room within the last minute, by whom; it takes the place of the counts of the viewers.
  `CREATE TABLE chats (id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE INDEX chats_user ON chats (user_id, at);`,
] as const;
