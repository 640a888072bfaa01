import type { Deps } from '../../deps.ts';
import type { SocketUpgrade } from '../accounts/socket-upgrade.ts';
import { conversationNotFound, reach } from './reach.ts';

/** Hands an upgrade to the object of a conversation, which lets in only who takes part. */
export async function openChatSocket(
  deps: Deps,
  conversationId: string,
  { caller, forwardTo }: SocketUpgrade,
  { aliases, resume_from }: { aliases?: string | undefined; resume_from?: number | undefined },
): Promise<Response> {
  const url = new URL('https://conversation/');
  if (aliases === 'true') url.searchParams.set('aliases', 'true');
  if (resume_from !== undefined) url.searchParams.set('resume_from', String(resume_from));
  // Asked first: an object that was never used is told what it is about, and a stranger finds nothing.
  const { view } = await reach(deps, conversationId, () =>
    deps.conversations.view(conversationId, caller!.userId),
  );
  if (view === null) throw conversationNotFound();
  const response = await deps.conversations.connect(conversationId, forwardTo(url.href));
  if (response.status === 404) throw conversationNotFound();
  return response;
}
