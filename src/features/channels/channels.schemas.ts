import { z } from '@hono/zod-openapi';
import { Timestamp } from '../../http/openapi.ts';

export const SocketQuery = z.object({
  ticket: z.string().max(200).optional().meta({ description: 'One-time ticket from POST /ws-tickets' }),
  resume_from: z.coerce
    .number()
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'The last seq you have: what you missed comes first' }),
  aliases: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Events by the upper-case names of SN-35, where they have one' }),
});
export type SocketQuery = z.infer<typeof SocketQuery>;

export const UserId = z.object({ user_id: z.string().max(40) });

export const PresenceSettings = z
  .strictObject({
    show_presence: z.boolean().meta({ description: 'Whether your contacts see if you are here' }),
  })
  .meta({ id: 'PresenceSettings' });

export const PresenceView = z
  .object({
    user_id: z.string(),
    online: z.boolean(),
    last_seen_at: Timestamp.nullable(),
  })
  .meta({ id: 'Presence' });
