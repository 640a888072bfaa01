import type { Deps } from '../../deps.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import { listeningSince } from './contacts.repository.ts';

/** How long a line keeps what its user missed: who comes back later is told to read everything anew. */
const KEPT_MS = 10 * MINUTE_MS;

/**
 * Tells users over their own lines, those who are here or may come back for what they missed. Nobody else's line is woken,
 * so that a market full of programs that never connect pays one look into the database for it.
 */
export async function tellUsers(
  deps: Deps,
  frames: ReadonlyMap<string, readonly ChannelFrame[]>,
): Promise<void> {
  if (frames.size === 0) return;
  const listening = await listeningSince(deps.db, [...frames.keys()], deps.now() - KEPT_MS);
  await Promise.all(
    Array.from(listening, (userId) => deps.channels.publish(`user:${userId}`, frames.get(userId)!)),
  );
}
