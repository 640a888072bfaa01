import type { AttachedFile, Message, Participant } from '../../src/domain/chat/conversation.ts';
import type { Block } from '../../src/domain/chat/thread.ts';
import type { ConversationConfig } from '../../src/platform/conversations/conversations.ts';

/** Named values of the `meta` table. */
interface Meta {
  config: Omit<ConversationConfig, 'blocks'>;
  blocks: Block[];
  /** Who has said something. */
  spoken: string[];
  /** Every change up to here has reached D1. */
  confirmed: number;
}

/** How a message can be found again when its request is repeated. */
export interface RetryKey {
  key: string;
  fingerprint: number;
}

export interface ChangedMessage {
  message: Message;
  createdRev: number;
}

type Body = { body: string };
const messageIn = ({ body }: Body): Message => JSON.parse(body) as Message;

/** More unread messages than this are not counted one by one. */
const MAX_COUNTED = 10_000;

/** All the SQL of a conversation. Every method is synchronous; the caller groups writes into transactions. */
export class ConversationStorage {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  readMeta<K extends keyof Meta>(name: K): Meta[K] | null {
    const row = this.sql.exec<{ value: string }>('SELECT value FROM meta WHERE name = ?', name).toArray()[0];
    return row ? (JSON.parse(row.value) as Meta[K]) : null;
  }

  writeMeta<K extends keyof Meta>(name: K, value: Meta[K]): void {
    this.sql.exec(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      JSON.stringify(value),
    );
  }

  insertMessage(message: Message, retry: RetryKey | null): void {
    this.sql.exec(
      'INSERT INTO messages (seq, sender, client_id, retry_key, fingerprint, created_rev, rev, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      message.seq,
      message.senderId,
      message.clientId,
      retry?.key ?? null,
      retry?.fingerprint ?? null,
      message.rev,
      message.rev,
      JSON.stringify(message),
    );
  }

  updateMessage(message: Message): void {
    this.sql.exec(
      'UPDATE messages SET rev = ?, body = ? WHERE seq = ?',
      message.rev,
      JSON.stringify(message),
      message.seq,
    );
  }

  putParticipant(participant: Participant): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO participants (user_id, rev, body) VALUES (?, ?, ?)',
      participant.userId,
      participant.rev,
      JSON.stringify(participant),
    );
  }

  participants(): Participant[] {
    return Array.from(
      this.sql.exec<Body>('SELECT body FROM participants ORDER BY user_id'),
      ({ body }) => JSON.parse(body) as Participant,
    );
  }

  message(seq: number): Message | null {
    const row = this.sql.exec<Body>('SELECT body FROM messages WHERE seq = ?', seq).toArray()[0];
    return row ? messageIn(row) : null;
  }

  /** The message of a sender under an id of their own; of the server, under the id of its event. */
  findByClientId(sender: string | null, clientId: string): Message | null {
    const row = this.sql
      .exec<Body>(
        "SELECT body FROM messages WHERE coalesce(sender, '') = ? AND client_id = ?",
        sender ?? '',
        clientId,
      )
      .toArray()[0];
    return row ? messageIn(row) : null;
  }

  findByRetryKey(sender: string, key: string): { message: Message; fingerprint: number } | null {
    const row = this.sql
      .exec<Body & { fingerprint: number }>(
        "SELECT body, fingerprint FROM messages WHERE coalesce(sender, '') = ? AND retry_key = ?",
        sender,
        key,
      )
      .toArray()[0];
    return row ? { message: messageIn(row), fingerprint: row.fingerprint } : null;
  }

  /** Newest first. */
  messagesBefore(seq: number, limit: number): Message[] {
    return Array.from(
      this.sql.exec<Body>('SELECT body FROM messages WHERE seq < ? ORDER BY seq DESC LIMIT ?', seq, limit),
      messageIn,
    );
  }

  /** Messages that have changed since, in the order of their changes. */
  changedAfter(rev: number, limit: number): ChangedMessage[] {
    return Array.from(
      this.sql.exec<Body & { created_rev: number }>(
        'SELECT body, created_rev FROM messages WHERE rev > ? ORDER BY rev LIMIT ?',
        rev,
        limit,
      ),
      (row) => ({ message: messageIn(row), createdRev: row.created_rev }),
    );
  }

  messagesOf(sender: string, afterSeq: number, limit: number): Message[] {
    return Array.from(
      this.sql.exec<Body>(
        'SELECT body FROM messages WHERE sender = ? AND seq > ? ORDER BY seq LIMIT ?',
        sender,
        afterSeq,
        limit,
      ),
      messageIn,
    );
  }

  lastSeq(): number {
    return this.sql.exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM messages').one().seq ?? 0;
  }

  /** The newest change: it is on whatever it touched. */
  lastRev(): number {
    return this.sql
      .exec<{ rev: number }>(
        'SELECT max(coalesce((SELECT max(rev) FROM messages), 0), coalesce((SELECT max(rev) FROM participants), 0)) AS rev',
      )
      .one().rev;
  }

  /** The first message of the run that the other side has not answered: a run ends where somebody else speaks. */
  firstUnanswered(): Message | null {
    const row = this.sql
      .exec<Body>(
        `WITH last AS (SELECT seq, sender FROM messages WHERE sender IS NOT NULL ORDER BY seq DESC LIMIT 1)
         SELECT body FROM messages WHERE sender = (SELECT sender FROM last) AND seq > coalesce(
           (SELECT seq FROM messages WHERE sender IS NOT NULL AND sender <> (SELECT sender FROM last) ORDER BY seq DESC LIMIT 1), 0)
         ORDER BY seq LIMIT 1`,
      )
      .toArray()[0];
    return row ? messageIn(row) : null;
  }

  /** Messages of others that this user has not read. */
  unreadOf({ userId, readSeq }: Participant): number {
    return this.sql
      .exec<{ unread: number }>(
        'SELECT count(*) AS unread FROM (SELECT 1 FROM messages WHERE seq > ? AND sender IS NOT ? LIMIT ?)',
        readSeq,
        userId,
        MAX_COUNTED,
      )
      .one().unread;
  }

  addFile(userId: string, file: AttachedFile): void {
    this.sql.exec(
      'INSERT OR IGNORE INTO files (url, user_id, body) VALUES (?, ?, ?)',
      file.url,
      userId,
      JSON.stringify(file),
    );
  }

  /** What this user has uploaded under the address; null when it is nothing. */
  findFile(userId: string, url: string): AttachedFile | null {
    const row = this.sql
      .exec<Body>('SELECT body FROM files WHERE url = ? AND user_id = ?', url, userId)
      .toArray()[0];
    return row ? (JSON.parse(row.body) as AttachedFile) : null;
  }
}
