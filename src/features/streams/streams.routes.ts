import { createRoute } from '@hono/zod-openapi';
import { mutation, party, permitted, signedIn, signedInSocket } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { readSignedInUpgrade } from '../accounts/socket-upgrade.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { openChannel, SocketQuery } from '../channels/open-channel.ts';
import { deleteChatLine, deleteChatLineAsModerator } from './chat-moderation.usecases.ts';
import { presentStream } from './streams.presenter.ts';
import {
  ChangeTags,
  ChatLine,
  EndStream,
  GoLive,
  ModerationReason,
  NewStream,
  StreamAnswer,
  StreamId,
  StreamPage,
  StreamsQuery,
  ViewerPlace,
} from './streams.schemas.ts';
import {
  changeTags,
  createStream,
  endStream,
  endStreamAsModerator,
  enterStream,
  goLive,
  liveStreams,
  ownStreams,
  readStream,
} from './streams.usecases.ts';

const TAGS = ['Live'];

export const streamsRoutes = createRoutes();

streamsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/streams',
    operationId: 'createStream',
    tags: TAGS,
    summary: 'Announce a stream: its audience, its length, and what it will show for sale (SL-40)',
    request: { body: jsonBody(NewStream) },
    responses: { 201: json(StreamAnswer, 'The stream'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const [deps, caller] = [c.get('deps'), callerIn(c)];
    const id = await createStream(deps, caller, c.req.valid('json'));
    return c.json(presentStream(await readStream(deps, id, caller, {})), 201, {
      Location: `/api/v1/streams/${id}`,
    });
  },
);

streamsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/streams',
    operationId: 'listStreams',
    tags: TAGS,
    summary: 'Streams that are live for everyone, the latest first',
    request: { query: StreamsQuery },
    responses: { 200: json(StreamPage, 'A page of streams'), ...problems(401) },
  }),
  async (c) => {
    const { streams, nextCursor } = await liveStreams(c.get('deps'), c.req.valid('query'));
    const { userId } = callerIn(c);
    const data = streams.map((stream) =>
      presentStream({ ...stream, isHost: stream.row.hostId === userId, room: null }),
    );
    return c.json({ data, next_cursor: nextCursor }, 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/streams',
    operationId: 'listOwnStreams',
    tags: TAGS,
    summary: 'Your own streams with what they came to, newest first',
    request: { query: StreamsQuery },
    responses: { 200: json(StreamPage, 'A page of streams'), ...problems(401) },
  }),
  async (c) => {
    const { streams, nextCursor } = await ownStreams(c.get('deps'), callerIn(c).userId, c.req.valid('query'));
    const data = streams.map((stream) => presentStream({ ...stream, isHost: true, room: null }));
    return c.json({ data, next_cursor: nextCursor }, 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/streams/{stream_id}',
    operationId: 'getStream',
    tags: TAGS,
    summary: 'A stream that is for you; one for neighbours needs to know where you are',
    request: { params: StreamId, query: ViewerPlace },
    responses: { 200: json(StreamAnswer, 'The stream'), ...problems(401, 404) },
  }),
  async (c) => {
    const { stream_id } = c.req.valid('param');
    const stream = await readStream(c.get('deps'), stream_id, callerIn(c), c.req.valid('query'));
    return c.json(presentStream(stream), 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'put',
    path: '/streams/{stream_id}/tags',
    operationId: 'changeStreamTags',
    tags: TAGS,
    summary: 'What your stream shows for sale from now on; viewers see it at once',
    request: { params: StreamId, body: jsonBody(ChangeTags) },
    responses: { 200: json(StreamAnswer, 'The stream'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const [deps, caller, { stream_id }] = [c.get('deps'), callerIn(c), c.req.valid('param')];
    await changeTags(deps, stream_id, caller, c.req.valid('json').tags);
    return c.json(presentStream(await readStream(deps, stream_id, caller, {})), 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/streams/{stream_id}/go-live',
    operationId: 'goLive',
    tags: TAGS,
    summary: 'Open the room; something must be for sale',
    request: { params: StreamId, body: jsonBody(GoLive) },
    responses: { 200: json(StreamAnswer, 'It is live'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const [deps, caller, { stream_id }] = [c.get('deps'), callerIn(c), c.req.valid('param')];
    await goLive(deps, stream_id, caller, c.req.valid('json').media_url, c.get('requestId'));
    return c.json(presentStream(await readStream(deps, stream_id, caller, {})), 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/streams/{stream_id}/end',
    operationId: 'endStream',
    tags: TAGS,
    summary: 'End your stream, or call it off',
    request: { params: StreamId },
    responses: { 200: json(StreamAnswer, 'It has ended'), ...problems(401, 404, 409) },
  }),
  async (c) => {
    const [deps, caller, { stream_id }] = [c.get('deps'), callerIn(c), c.req.valid('param')];
    await endStream(deps, stream_id, caller, c.get('requestId'));
    return c.json(presentStream(await readStream(deps, stream_id, caller, {})), 200);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(permitted('content.moderate')),
    method: 'post',
    path: '/admin/streams/{stream_id}/end',
    operationId: 'endStreamAsModerator',
    tags: ['Administration'],
    summary: 'End a stream that breaks the rules; audited',
    request: { params: StreamId, body: jsonBody(EndStream) },
    responses: {
      204: { description: 'It has ended' },
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { reason } = c.req.valid('json');
    await endStreamAsModerator(c.get('deps'), c.req.valid('param').stream_id, reason, auditedActor(c));
    return c.body(null, 204);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/streams/{stream_id}/chat/{seq}',
    operationId: 'deleteChatLine',
    tags: TAGS,
    summary: 'Take a line out of the chat of your stream; viewers see it go at once',
    request: { params: ChatLine },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 503) },
  }),
  async (c) => {
    const { stream_id, seq } = c.req.valid('param');
    await deleteChatLine(c.get('deps'), stream_id, callerIn(c), seq);
    return c.body(null, 204);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...mutation(permitted('content.moderate')),
    method: 'delete',
    path: '/admin/streams/{stream_id}/chat/{seq}',
    operationId: 'deleteChatLineAsModerator',
    tags: ['Administration'],
    summary: 'Take a line out of the chat of any stream; audited',
    request: { params: ChatLine, query: ModerationReason },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 403, 404, 503) },
  }),
  async (c) => {
    const { stream_id, seq } = c.req.valid('param');
    const { reason } = c.req.valid('query');
    await deleteChatLineAsModerator(c.get('deps'), stream_id, seq, reason, auditedActor(c));
    return c.body(null, 204);
  },
);

streamsRoutes.openapi(
  createRoute({
    ...signedInSocket,
    method: 'get',
    path: '/streams/{stream_id}/ws',
    operationId: 'enterStream',
    tags: TAGS,
    summary: 'The room of a live stream: chat, reactions, viewers, live offers; described in /asyncapi.json',
    description: 'Signed in as for /ws.',
    request: { params: StreamId, query: SocketQuery.extend(ViewerPlace.shape) },
    responses: { 101: { description: 'The socket is open' }, ...problems(401, 403, 404, 409, 426, 503) },
  }),
  async (c) => {
    const query = c.req.valid('query');
    const upgrade = await readSignedInUpgrade(c, query.ticket);
    const { topic, isHost } = await enterStream(
      c.get('deps'),
      c.req.valid('param').stream_id,
      upgrade.caller,
      query,
    );
    return (await openChannel(c, topic, upgrade, query, isHost)) as never;
  },
);
