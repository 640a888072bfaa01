import type { Letter, Mailbox } from './mail.ts';

interface Row {
  id: string;
  channel: Letter['channel'];
  recipient: string;
  subject: string;
  text: string;
  html: string | null;
  created_at: number;
}

const toLetter = ({ created_at: createdAtMs, ...letter }: Row): Letter => ({ ...letter, createdAtMs });

/** The mailbox of local development, in the local database: it outlives a restart. */
export function createD1Mailbox(d1: D1Database): Mailbox {
  return {
    async keep({ id, channel, recipient, subject, text, html, createdAtMs }) {
      await d1
        .prepare(
          'INSERT INTO local_letters (id, channel, recipient, subject, text, html, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
        )
        .bind(id, channel, recipient.toLowerCase(), subject, text, html, createdAtMs)
        .run();
    },
    async list({ recipient, after, limit }) {
      const conditions = ['1 = 1'];
      const bound: unknown[] = [];
      if (recipient !== null) {
        conditions.push('recipient = ?');
        bound.push(recipient.toLowerCase());
      }
      if (after !== null) {
        conditions.push('(created_at, id) < (?, ?)');
        bound.push(...after);
      }
      const { results } = await d1
        .prepare(
          `SELECT * FROM local_letters WHERE ${conditions.join(' AND ')} ORDER BY created_at DESC, id DESC LIMIT ?`,
        )
        .bind(...bound, limit)
        .all<Row>();
      return results.map(toLetter);
    },
    async find(id) {
      const row = await d1.prepare('SELECT * FROM local_letters WHERE id = ?').bind(id).first<Row>();
      return row === null ? null : toLetter(row);
    },
    async clear() {
      await d1.prepare('DELETE FROM local_letters').run();
    },
    async forget(beforeMs) {
      await d1.prepare('DELETE FROM local_letters WHERE created_at < ?').bind(beforeMs).run();
    },
  };
}
