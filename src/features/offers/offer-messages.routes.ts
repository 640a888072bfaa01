/** The conversation of an offer, by the addresses of SW-12. */
import { createRoute, z } from '@hono/zod-openapi';
import { party } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { IDEMPOTENCY_KEY, json, jsonBody, problems } from '../../http/openapi.ts';
import { MessageView, messageView } from '../../wire/chat.ts';
import { readMessages, sendMessage } from '../conversations/messages.usecases.ts';
import { OfferId } from './offers.schemas.ts';
import { getOffer } from './offers.usecases.ts';

const TAGS = ['Offers'];
const MAX_TEXT = 1_000;
const MessagesCursor = z.tuple([z.number().int().positive()]);

const Text = z.string().trim().min(1).max(MAX_TEXT);
const OfferMessageBody = z
  .strictObject({
    message: Text.optional(),
    content: Text.optional().meta({ description: 'Another name of message' }),
    sender_id: z
      .unknown()
      .optional()
      .meta({ deprecated: true, description: 'Ignored: the token says who you are' }),
  })
  .refine(({ message, content }) => (message ?? content) !== undefined, {
    path: ['message'],
    message: 'Required',
  })
  .meta({ id: 'NewOfferMessage' });
const OfferMessage = MessageView.extend({
  offer_id: z.string(),
  message: z.string().meta({ description: 'The content, by the name of SW-12' }),
}).meta({ id: 'OfferMessage' });

export const offerMessagesRoutes = createRoutes();

for (const [slash, suffix] of [
  ['', ''],
  ['/', 'WithSlash'],
] as const) {
  offerMessagesRoutes.openapi(
    createRoute({
      ...party,
      method: 'post',
      path: `/offers/{offer_id}/messages${slash}`,
      operationId: `sendOfferMessage${suffix}`,
      tags: TAGS,
      summary: 'Write to the other party of an offer, in the conversation about its listing',
      parameters: [IDEMPOTENCY_KEY],
      request: { params: OfferId, body: jsonBody(OfferMessageBody) },
      responses: { 201: json(OfferMessage, 'The message'), ...problems(400, 401, 403, 404, 413, 415, 503) },
    }),
    async (c) => {
      const deps = c.get('deps');
      const caller = callerIn(c);
      const { message, content } = c.req.valid('json');
      const { row } = await getOffer(deps, c.req.valid('param').offer_id, caller);
      const sent = await sendMessage(
        deps,
        caller.userId,
        row.conversationId,
        { message_type: 'text', content: (message ?? content)!, image_urls: [] },
        readIdempotencyKey(c.req.header('Idempotency-Key')),
      );
      const view = messageView(row.conversationId, sent.message);
      return c.json({ ...view, offer_id: row.id, message: view.content }, 201);
    },
  );

  offerMessagesRoutes.openapi(
    createRoute({
      ...party,
      method: 'get',
      path: `/offers/{offer_id}/messages${slash}`,
      operationId: `listOfferMessages${suffix}`,
      tags: TAGS,
      summary: 'The conversation about the listing of an offer, newest first, with the cards of its moves',
      request: { params: OfferId, query: PageQuery },
      responses: { 200: json(pageOf(OfferMessage), 'A page of messages'), ...problems(401, 404) },
    }),
    async (c) => {
      const deps = c.get('deps');
      const caller = callerIn(c);
      const { limit, cursor } = c.req.valid('query');
      const { row } = await getOffer(deps, c.req.valid('param').offer_id, caller);
      const page = await readMessages(deps, caller.userId, row.conversationId, {
        beforeSeq: decodeCursor(cursor, MessagesCursor)?.[0] ?? null,
        limit,
      });
      const oldest = page.messages.at(-1)?.message.seq;
      const data = page.messages.map(({ message }) => {
        const view = messageView(row.conversationId, message);
        return { ...view, offer_id: row.id, message: view.content };
      });
      const nextCursor = page.hasMore && oldest !== undefined ? encodeCursor([oldest]) : null;
      return c.json({ data, next_cursor: nextCursor }, 200);
    },
  );
}
