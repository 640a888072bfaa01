import { createRoute } from '@hono/zod-openapi';
import { mutation, party } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { IDEMPOTENCY_KEY, json, jsonBody, problems } from '../../http/openapi.ts';
import { MessageBody } from '../../wire/chat.ts';
import { storedView } from './conversations.presenter.ts';
import {
  ConversationId,
  DeliveredBody,
  EditBody,
  MessageId,
  Messages,
  MessagesQuery,
  ReactionBody,
  StoredMessage,
  TypingBody,
} from './conversations.schemas.ts';
import { pageOfMessages } from './message-page.ts';
import {
  deleteMessage,
  editMessage,
  markDelivered,
  react,
  sendMessage,
  setTyping,
} from './messages.usecases.ts';

const TAGS = ['Conversations'];

export const messagesRoutes = createRoutes();

messagesRoutes.openapi(
  createRoute({
    ...party,
    method: 'post',
    path: '/conversations/{conversation_id}/messages',
    operationId: 'sendMessage',
    tags: TAGS,
    summary: 'Send a message; it is stored and told to every device at once',
    description:
      'A repeat under the same client_id or Idempotency-Key gets the message that there is. At most 10 in 10 seconds.',
    parameters: [IDEMPOTENCY_KEY],
    request: { params: ConversationId, body: jsonBody(MessageBody) },
    responses: {
      201: json(StoredMessage, 'The message'),
      ...problems(400, 401, 403, 404, 413, 415, 503),
    },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    const sent = await sendMessage(
      c.get('deps'),
      callerIn(c).userId,
      id,
      c.req.valid('json'),
      readIdempotencyKey(c.req.header('Idempotency-Key')),
    );
    if (sent.replayed) c.header('Idempotency-Replayed', 'true');
    return c.json(storedView(id, sent), 201);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/conversations/{conversation_id}/messages',
    operationId: 'listMessages',
    tags: TAGS,
    summary: 'Messages, newest first',
    request: { params: ConversationId, query: MessagesQuery },
    responses: { 200: json(Messages, 'A page of them'), ...problems(401, 404) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    return c.json(await pageOfMessages(c.get('deps'), callerIn(c).userId, id, c.req.valid('query')), 200);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/conversations/{conversation_id}/messages/{message_id}',
    operationId: 'editMessage',
    tags: TAGS,
    summary: 'Edit a text of your own, within 15 minutes; earlier wordings stay to be seen',
    request: { params: MessageId, body: jsonBody(EditBody) },
    responses: { 200: json(StoredMessage, 'The message'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id, message_id } = c.req.valid('param');
    const { content } = c.req.valid('json');
    const edited = await editMessage(c.get('deps'), callerIn(c).userId, id, message_id, content);
    return c.json(storedView(id, edited), 200);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/conversations/{conversation_id}/messages/{message_id}',
    operationId: 'deleteMessage',
    tags: TAGS,
    summary: 'Delete a message of your own; a tombstone stays',
    request: { params: MessageId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    const { conversation_id: id, message_id } = c.req.valid('param');
    await deleteMessage(c.get('deps'), callerIn(c).userId, id, message_id);
    return c.body(null, 204);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'put',
    path: '/conversations/{conversation_id}/messages/{message_id}/reactions',
    operationId: 'reactToMessage',
    tags: TAGS,
    summary: 'Set a reaction to a message, or take it back',
    request: { params: MessageId, body: jsonBody(ReactionBody) },
    responses: { 200: json(StoredMessage, 'The message'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id, message_id } = c.req.valid('param');
    const reacted = await react(c.get('deps'), callerIn(c).userId, id, message_id, c.req.valid('json'));
    return c.json(storedView(id, reacted), 200);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'put',
    path: '/conversations/{conversation_id}/delivered',
    operationId: 'acknowledgeMessages',
    tags: TAGS,
    summary: 'A device of yours has the messages up to here',
    request: { params: ConversationId, body: jsonBody(DeliveredBody) },
    responses: { 204: { description: 'It is noted' }, ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    await markDelivered(c.get('deps'), callerIn(c).userId, id, c.req.valid('json').seq);
    return c.body(null, 204);
  },
);

messagesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'put',
    path: '/conversations/{conversation_id}/typing',
    operationId: 'showTyping',
    tags: TAGS,
    summary: 'Show that you type, or no longer; it passes after five seconds',
    request: { params: ConversationId, body: jsonBody(TypingBody) },
    responses: { 204: { description: 'It is shown' }, ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    await setTyping(c.get('deps'), callerIn(c).userId, id, c.req.valid('json').is_typing);
    return c.body(null, 204);
  },
);
