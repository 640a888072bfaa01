import type { Deps } from '../../deps.ts';
import { conversationsOf } from './conversations.repository.ts';
import { reach } from './reach.ts';

const CONVERSATIONS_PER_PAGE = 50;

/**
 * Takes what a user has said out of every conversation, when the account is gone: the others keep their own words and a
 * tombstone for each of the user's. Done again, it changes nothing.
 */
export async function eraseUser(deps: Deps, userId: string): Promise<void> {
  for (let afterId = ''; ; ) {
    const ids = await conversationsOf(deps.db, userId, afterId, CONVERSATIONS_PER_PAGE);
    for (const id of ids) await reach(deps, id, () => deps.conversations.erase(id, userId));
    if (ids.length < CONVERSATIONS_PER_PAGE) return;
    afterId = ids.at(-1)!;
  }
}
