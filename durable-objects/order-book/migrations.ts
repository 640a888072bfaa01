/** The book's own schema, one entry a version, append-only. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
  -- One row for each accepted command: state, history, idempotency and outbox in one write.
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY NOT NULL,
    request INTEGER,
    second_request INTEGER,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_request ON journal (request) WHERE request IS NOT NULL;
  CREATE INDEX journal_second_request ON journal (second_request) WHERE second_request IS NOT NULL;
  -- Open orders as of the last checkpoint; the journal after it holds what came since.
  CREATE TABLE resting (seq INTEGER PRIMARY KEY NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE buckets (kind TEXT NOT NULL, start INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, start)) WITHOUT ROWID, STRICT;
  -- Journal segments that were moved to object storage.
  CREATE TABLE segments (first_seq INTEGER PRIMARY KEY NOT NULL, last_seq INTEGER NOT NULL, object_key TEXT NOT NULL) STRICT;
  `,
];
