import { createRoute, z } from '@hono/zod-openapi';
import { mutation, open, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339 } from '../../http/openapi.ts';
import { Feed, FollowAnswer, Followers, UserId } from './discovery.schemas.ts';
import { follow, listFollows, readFeed, unfollow } from './follows.usecases.ts';

const TAGS = ['Discovery'];
const Position = z.tuple([z.number().int(), z.string()]);

export const followsRoutes = createRoutes();

followsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'put',
    path: '/users/{user_id}/follow',
    operationId: 'followUser',
    tags: TAGS,
    summary: 'Follow a user, and see what they do in your feed',
    request: { params: UserId },
    responses: { 200: json(FollowAnswer, 'Followed'), ...problems(401, 404, 409) },
  }),
  async (c) => {
    const { user_id } = c.req.valid('param');
    await follow(c.get('deps'), callerIn(c).userId, user_id, c.get('requestId'));
    return c.json({ user_id, following: true }, 200);
  },
);

followsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/users/{user_id}/follow',
    operationId: 'unfollowUser',
    tags: TAGS,
    summary: 'Follow a user no longer',
    request: { params: UserId },
    responses: { 200: json(FollowAnswer, 'Not followed, whether they were or not'), ...problems(401) },
  }),
  async (c) => {
    const { user_id } = c.req.valid('param');
    await unfollow(c.get('deps'), callerIn(c).userId, user_id);
    return c.json({ user_id, following: false }, 200);
  },
);

for (const direction of ['followers', 'following'] as const)
  followsRoutes.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: `/users/{user_id}/${direction}`,
      operationId: direction === 'followers' ? 'listFollowers' : 'listFollowing',
      tags: TAGS,
      summary:
        direction === 'followers' ? 'Who follows a user, newest first' : 'Whom a user follows, newest first',
      request: { params: UserId, query: PageQuery },
      responses: { 200: json(Followers, 'A page; empty for an unknown user'), ...problems() },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const position = decodeCursor(cursor, Position);
      const rows = await listFollows(
        c.get('deps'),
        c.req.valid('param').user_id,
        direction,
        position,
        limit + 1,
      );
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return c.json(
        {
          data: page.map(({ userId, username, displayName, createdAt }) => ({
            user_id: userId,
            username,
            display_name: displayName,
            since: rfc3339(createdAt),
          })),
          next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.userId]) : null,
        },
        200,
      );
    },
  );

followsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/feed',
    operationId: 'readFeed',
    tags: TAGS,
    summary: 'What the people you follow have done, newest first',
    request: { query: PageQuery },
    responses: { 200: json(Feed, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await readFeed(c.get('deps'), callerIn(c).userId, decodeCursor(cursor, Position), limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(({ actorId, username, displayName, targetId, data, at, ...item }) => ({
          ...item,
          actor: { user_id: actorId, username, display_name: displayName },
          target_id: targetId,
          data: JSON.parse(data) as Record<string, unknown>,
          at: rfc3339(at),
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.at, last.id]) : null,
      },
      200,
    );
  },
);
