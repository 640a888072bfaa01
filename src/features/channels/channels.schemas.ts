import { z } from '@hono/zod-openapi';
import { Timestamp } from '../../http/openapi.ts';

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
