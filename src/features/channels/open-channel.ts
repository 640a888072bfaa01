import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppEnv } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { Topic } from '../../platform/channels/channels.ts';
import type { SocketUpgrade } from '../accounts/socket-upgrade.ts';

/** What every socket of a channel takes in its address. */
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

/** Hands an upgrade to the object of a topic; the caller has checked that this user may listen. */
export async function openChannel(
  c: Context<AppEnv>,
  topic: Topic,
  { caller, forwardTo }: SocketUpgrade,
  { aliases, resume_from }: SocketQuery,
  isHost = false,
): Promise<Response> {
  const url = new URL(`https://channel/${topic}`);
  if (caller !== null) url.searchParams.set('username', caller.username);
  if (isHost) url.searchParams.set('host', 'true');
  if (aliases === 'true') url.searchParams.set('aliases', 'true');
  if (resume_from !== undefined) url.searchParams.set('resume_from', String(resume_from));
  const response = await c.get('deps').channels.connect(topic, forwardTo(url.href));
  if (response.status === 410) throw problem('stream_not_live', 'The stream has ended.');
  if (response.status === 503)
    throw problem('unavailable', 'As many listen here as it can take. Try again later.');
  return response;
}
