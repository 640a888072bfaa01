import { createRoute } from '@hono/zod-openapi';
import { mutation, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339 } from '../../http/openapi.ts';
import { BlockAnswer, BlockedUsers, BlockTarget } from './blocks.schemas.ts';
import { blockedUsers, setBlock } from './blocks.usecases.ts';

const TAGS = ['Conversations'];

export const blocksRoutes = createRoutes();

blocksRoutes.openapi(
  createRoute({
    method: 'put',
    path: '/users/{user_id}/block',
    operationId: 'blockUser',
    tags: TAGS,
    summary: 'Block a user: no messages and no offers, either way',
    ...mutation(signedIn),
    request: { params: BlockTarget },
    responses: { 200: json(BlockAnswer, 'The user is blocked'), ...problems(401, 404) },
  }),
  async (c) => {
    const { user_id } = c.req.valid('param');
    await setBlock(c.get('deps'), callerIn(c).userId, user_id, true, c.get('requestId'));
    return c.json({ user_id, blocked: true }, 200);
  },
);

blocksRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/users/{user_id}/block',
    operationId: 'unblockUser',
    tags: TAGS,
    summary: 'Lift a block of yours',
    ...mutation(signedIn),
    request: { params: BlockTarget },
    responses: { 200: json(BlockAnswer, 'The user is not blocked by you'), ...problems(401, 404) },
  }),
  async (c) => {
    const { user_id } = c.req.valid('param');
    await setBlock(c.get('deps'), callerIn(c).userId, user_id, false, c.get('requestId'));
    return c.json({ user_id, blocked: false }, 200);
  },
);

blocksRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/me/blocks',
    operationId: 'listBlocks',
    tags: TAGS,
    summary: 'Whom you have blocked, newest first',
    ...signedIn,
    request: { query: PageQuery },
    responses: { 200: json(BlockedUsers, 'Users you have blocked'), ...problems(401) },
  }),
  async (c) => {
    const { blocked, nextCursor } = await blockedUsers(
      c.get('deps'),
      callerIn(c).userId,
      c.req.valid('query'),
    );
    return c.json(
      {
        data: blocked.map(({ userId, username, displayName, blockedAt }) => ({
          user_id: userId,
          username,
          display_name: displayName,
          blocked_at: rfc3339(blockedAt),
        })),
        next_cursor: nextCursor,
      },
      200,
    );
  },
);
