import { createRoute } from '@hono/zod-openapi';
import { mutation, party, signedIn, signedInSocket } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { encodeCursor } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { participantView } from '../../wire/chat.ts';
import { readSignedInUpgrade } from '../accounts/socket-upgrade.ts';
import {
  foundView,
  messagesView,
  otherUserOf,
  otherUserView,
  storedView,
  summaryView,
} from './conversations.presenter.ts';
import {
  ChatSocketQuery,
  ConversationDetail,
  ConversationId,
  ConversationSummary,
  FoundMessages,
  Inbox,
  InboxQuery,
  NewConversationBody,
  ReadAnswer,
  ReadBody,
  SearchQuery,
  StartedConversation,
} from './conversations.schemas.ts';
import {
  readInbox,
  readInboxRow,
  readPeople,
  readSubject,
  searchOwnMessages,
  startConversation,
} from './inbox.usecases.ts';
import { markRead, readConversation, readMessages, setArchived } from './messages.usecases.ts';
import { openChatSocket } from './open-chat-socket.ts';
import { contextOf } from './open-conversation.ts';

const TAGS = ['Conversations'];
/** Messages that come with a conversation. */
const MESSAGES_SHOWN = 50;

export const conversationsRoutes = createRoutes();

conversationsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/conversations',
    operationId: 'startConversation',
    tags: TAGS,
    summary: 'Talk to somebody: the conversation that there is, or a new one',
    description: 'There is one for each pair of users and thing they talk about, whoever asks first.',
    request: { body: jsonBody(NewConversationBody) },
    responses: {
      200: json(StartedConversation, 'The one that there is'),
      201: json(StartedConversation, 'A new one'),
      ...problems(400, 401, 403, 404, 413, 415, 503),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const { row, isNew, sent } = await startConversation(c.get('deps'), callerIn(c).userId, {
      otherUserId: body.other_user_id,
      context: contextOf(body),
      initialMessage:
        body.initial_message === undefined
          ? null
          : {
              message_type: 'text',
              content: body.initial_message,
              image_urls: [],
              client_id: body.client_id,
            },
      retryKey: readIdempotencyKey(c.req.header('Idempotency-Key')),
    });
    const answer = { ...summaryView(row), message: sent === null ? null : storedView(row.id, sent) };
    return isNew ? c.json(answer, 201) : c.json(answer, 200);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/conversations',
    operationId: 'listConversations',
    tags: TAGS,
    summary: 'Your inbox, the newest message first',
    request: { query: InboxQuery },
    responses: { 200: json(Inbox, 'A page of it'), ...problems(401) },
  }),
  async (c) => {
    const { filter, limit, per_page, page, cursor } = c.req.valid('query');
    const { rows, nextCursor, unread } = await readInbox(c.get('deps'), callerIn(c).userId, {
      filter,
      limit: per_page ?? limit,
      cursor,
      page,
    });
    return c.json({ data: rows.map(summaryView), next_cursor: nextCursor, unread_count: unread }, 200);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/conversations/search',
    operationId: 'searchConversations',
    tags: TAGS,
    summary: 'Messages in your own conversations that hold these words, newest first',
    request: { query: SearchQuery },
    responses: { 200: json(FoundMessages, 'A page of them'), ...problems(401) },
  }),
  async (c) => {
    const { found, nextCursor } = await searchOwnMessages(
      c.get('deps'),
      callerIn(c).userId,
      c.req.valid('query'),
    );
    return c.json({ data: found.map(foundView), next_cursor: nextCursor }, 200);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/conversations/{conversation_id}',
    operationId: 'getConversation',
    tags: TAGS,
    summary: 'A conversation with its newest messages; it counts as read from now on',
    request: { params: ConversationId },
    responses: { 200: json(ConversationDetail, 'The conversation'), ...problems(401, 404) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    await markRead(deps, userId, id);
    const [view, page] = await Promise.all([
      readConversation(deps, userId, id),
      readMessages(deps, userId, id, { beforeSeq: null, limit: MESSAGES_SHOWN }),
    ]);
    const [people, subject] = await Promise.all([
      readPeople(deps, [otherUserOf(view, userId), ...view.participants.map((one) => one.userId)]),
      readSubject(deps, view.context),
    ]);
    const { context } = view;
    const oldest = page.messages.at(-1)?.message.seq;
    return c.json(
      {
        id,
        other_user: otherUserView(view, userId, people),
        role: view.participants.find((one) => one.userId === userId)!.role,
        buyer_id: view.buyerId,
        seller_id: view.sellerId,
        context: {
          type: context.type,
          id: context.id === '' ? null : context.id,
          title: subject?.title ?? null,
          status: subject?.status ?? null,
          price_cents: subject?.priceCents ?? null,
          currency: subject?.currency ?? null,
        },
        rev: view.rev,
        last_seq: view.lastSeq,
        unread_count: view.unread,
        is_archived: view.isArchived,
        is_blocked: view.isBlocked,
        participants: view.participants.map(participantView),
        messages: messagesView(page, view, people),
        next_cursor: page.hasMore && oldest !== undefined ? encodeCursor([oldest]) : null,
        allowed_actions: view.actions,
      },
      200,
    );
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/conversations/{conversation_id}/read',
    operationId: 'markConversationRead',
    tags: TAGS,
    summary: 'Read up to a message, or all of it',
    request: { params: ConversationId, body: { ...jsonBody(ReadBody), required: false } },
    responses: { 200: json(ReadAnswer, 'How far you have read'), ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    const body = c.req.valid('json') ?? {};
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    const { readSeq } = await markRead(deps, userId, id, { seq: body.seq, messageId: body.message_id });
    const { unread } = await readConversation(deps, userId, id);
    return c.json({ conversation_id: id, read_seq: readSeq, unread_count: unread }, 200);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/conversations/{conversation_id}',
    operationId: 'archiveConversation',
    tags: TAGS,
    summary: 'Put it away, for yourself alone; a new message brings it back',
    request: { params: ConversationId },
    responses: { 204: { description: 'It is archived' }, ...problems(401, 404) },
  }),
  async (c) => {
    await setArchived(c.get('deps'), callerIn(c).userId, c.req.valid('param').conversation_id, true);
    return c.body(null, 204);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/conversations/{conversation_id}/unarchive',
    operationId: 'unarchiveConversation',
    tags: TAGS,
    summary: 'Bring an archived conversation back',
    request: { params: ConversationId },
    responses: { 200: json(ConversationSummary, 'The conversation'), ...problems(401, 404) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    await setArchived(deps, userId, id, false);
    return c.json(summaryView(await readInboxRow(deps, userId, id)), 200);
  },
);

conversationsRoutes.openapi(
  createRoute({
    ...signedInSocket,
    method: 'get',
    path: '/conversations/{conversation_id}/ws',
    operationId: 'openConversationSocket',
    tags: TAGS,
    summary: 'A conversation live, one line for each device',
    description:
      'Signed in by Authorization, by the subprotocols `bourse.v1, bearer.<token>`, or by `?ticket=` from POST /ws-tickets. Frames are described in /asyncapi.json.',
    request: { params: ConversationId, query: ChatSocketQuery },
    responses: { 101: { description: 'The socket is open' }, ...problems(401, 403, 404, 426) },
  }),
  async (c) => {
    const query = c.req.valid('query');
    const upgrade = await readSignedInUpgrade(c, query.ticket);
    return openChatSocket(c.get('deps'), c.req.valid('param').conversation_id, upgrade, query) as never;
  },
);
