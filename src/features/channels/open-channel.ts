import type { Context } from 'hono';
import type { AppEnv } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { Topic } from '../../platform/channels/channels.ts';
import type { SocketUpgrade } from '../accounts/socket-upgrade.ts';
import type { SocketQuery } from './channels.schemas.ts';

/** Hands an upgrade to the object of a topic; the caller has checked that this user may listen. */
export async function openChannel(
  c: Context<AppEnv>,
  topic: Topic,
  { caller, forwardTo }: SocketUpgrade,
  { aliases, resume_from }: SocketQuery,
): Promise<Response> {
  const url = new URL(`https://channel/${topic}`);
  if (caller !== null) url.searchParams.set('username', caller.username);
  if (aliases === 'true') url.searchParams.set('aliases', 'true');
  if (resume_from !== undefined) url.searchParams.set('resume_from', String(resume_from));
  const response = await c.get('deps').channels.connect(topic, forwardTo(url.href));
  if (response.status === 503)
    throw problem('unavailable', 'As many listen here as it can take. Try again later.');
  return response;
}
