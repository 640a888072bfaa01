/**
 * `npm run rebuild-projection -- --url URL --admin-email E --admin-password P`: every book sends its journal to the
 * projection once more, a page of books at a time. Rows that are there stay as they are, so it may run on a live market.
 */
import { parseArgs } from 'node:util';
import { createApiClient, login, sendExpecting } from './support/api-client.ts';

type Page = { books: number; next_after: string | null };

async function rebuild(url: string, email: string, password: string): Promise<number> {
  const client = createApiClient(url, 1);
  try {
    const admin = await login(client, email, password);
    let books = 0;
    let after: string | null = '';
    while (after !== null) {
      const answer = await sendExpecting(
        client,
        { method: 'POST', path: '/admin/projection/rebuild', token: await admin.token(), body: { after } },
        [200],
      );
      const page = answer.body as Page;
      books += page.books;
      after = page.next_after;
      console.log(`${books} books asked`);
    }
    return books;
  } finally {
    client.close();
  }
}

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    url: { ...text, default: 'http://127.0.0.1:8787' },
    'admin-email': { ...text, default: process.env.BOURSE_ADMIN_EMAIL ?? 'admin@bourse.example' },
    'admin-password': { ...text, default: process.env.BOURSE_ADMIN_PASSWORD ?? 'bourse-demo-2026' },
  },
});
const books = await rebuild(values.url, values['admin-email'], values['admin-password']);
console.log(`${books} books send their journals again; the queue works through them in the background.`);
