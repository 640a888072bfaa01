import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { CHANNELS } from '../../domain/notifications/notice.ts';
import { anyone, mutation } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import type { Letter, Mailbox } from '../../platform/mail/mail.ts';

const LetterSchema = z
  .object({
    id: z.string(),
    channel: z.enum(CHANNELS),
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    has_html: z.boolean(),
    sent_at: Timestamp,
  })
  .meta({ id: 'Letter' });

const present = ({ id, channel, recipient, subject, text, html, createdAtMs }: Letter) => ({
  id,
  channel,
  to: recipient,
  subject,
  text,
  has_html: html !== null,
  sent_at: rfc3339(createdAtMs),
});

/** The mailbox exists in local development only; elsewhere there is no such thing. */
function mailboxIn(c: Context<AppEnv>): Mailbox {
  const { mailbox } = c.get('deps');
  if (mailbox === null) throw problem('letter_not_found', 'There is no mailbox here: mails are really sent.');
  return mailbox;
}

/** What somebody wrote into a mail must not run here, and the page may load nothing from elsewhere. */
const HTML_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

export const mailboxRoutes = createRoutes();

mailboxRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/mailbox/letters',
    operationId: 'listLetters',
    tags: ['Demo'],
    summary: 'Every mail and text that would have been sent, newest first; local development only',
    request: { query: PageQuery.extend({ to: z.string().max(254).optional() }) },
    responses: { 200: json(pageOf(LetterSchema), 'A page'), ...problems(404) },
  }),
  async (c) => {
    const { limit, cursor, to } = c.req.valid('query');
    const letters = await mailboxIn(c).list({
      recipient: to ?? null,
      after: decodeCursor(cursor, z.tuple([z.number().int(), z.string()])),
      limit: limit + 1,
    });
    const page = letters.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(present),
        next_cursor: letters.length > limit && last ? encodeCursor([last.createdAtMs, last.id]) : null,
      },
      200,
    );
  },
);

mailboxRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/mailbox/letters/{id}/html',
    operationId: 'showLetter',
    tags: ['Demo'],
    summary: 'A mail as its reader sees it; local development only',
    request: { params: z.object({ id: z.string().max(200) }) },
    responses: {
      200: { content: { 'text/html': { schema: z.string() } }, description: 'The page' },
      ...problems(404),
    },
  }),
  async (c) => {
    const letter = await mailboxIn(c).find(c.req.valid('param').id);
    if (letter === null || letter.html === null) throw problem('letter_not_found', 'There is no such mail.');
    return c.body(letter.html, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': HTML_POLICY,
      'X-Frame-Options': 'SAMEORIGIN',
    }) as never;
  },
);

mailboxRoutes.openapi(
  createRoute({
    ...mutation(anyone),
    method: 'delete',
    path: '/mailbox/letters',
    operationId: 'clearLetters',
    tags: ['Demo'],
    summary: 'Empty the mailbox; local development only',
    responses: { 204: { description: 'It is empty' }, ...problems(404) },
  }),
  async (c) => {
    await mailboxIn(c).clear();
    return c.body(null, 204);
  },
);

/** The page itself is an asset; where there is no mailbox there is no page. */
export const mailboxPage = createRoutes();
mailboxPage.get('/mailbox', (c) => {
  mailboxIn(c);
  return c.env.ASSETS.fetch(c.req.raw);
});
