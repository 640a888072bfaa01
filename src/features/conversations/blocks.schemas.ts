import { z } from '@hono/zod-openapi';
import { pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

export const BlockTarget = z.object({ user_id: z.string().max(64) });

export const BlockAnswer = z.object({ user_id: z.string(), blocked: z.boolean() }).meta({
  id: 'Block',
  description: 'While it stands, neither of the two can write to the other or make offers',
});

export const BlockedUser = z
  .object({ user_id: z.string(), username: z.string(), display_name: z.string(), blocked_at: Timestamp })
  .meta({ id: 'BlockedUser' });

export const BlockedUsers = pageOf(BlockedUser);
