/** The database of one conversation, oldest first; append-only. */
export const MIGRATIONS = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE messages (
     seq INTEGER PRIMARY KEY NOT NULL,
     -- Null when the server speaks; its client_id is then the id of the event behind the message.
     sender TEXT,
     client_id TEXT,
     -- The Idempotency-Key of the request, and what was asked for under it.
     retry_key TEXT,
     fingerprint INTEGER,
     created_rev INTEGER NOT NULL,
     rev INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX messages_client ON messages (coalesce(sender, ''), client_id) WHERE client_id IS NOT NULL;
   CREATE UNIQUE INDEX messages_retry ON messages (coalesce(sender, ''), retry_key) WHERE retry_key IS NOT NULL;
   CREATE UNIQUE INDEX messages_rev ON messages (rev);
   CREATE TABLE participants (user_id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE files (url TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
];
