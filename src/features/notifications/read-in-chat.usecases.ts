/** A push for a message that its reader has seen in the conversation is for nobody. */
import type { Deps } from '../../deps.ts';
import type { NotificationRow } from './notices.repository.ts';

/** The pushes of a conversation that wait for one reader; see `groupKey` of a delivery. */
const CANCEL_SQL = `
UPDATE deliveries INDEXED BY deliveries_group SET status = 'cancelled', error = 'it was read in the conversation',
  secrets = NULL, updated_at = ?3
WHERE status = 'pending' AND group_key IS NOT NULL AND group_key = 'new_message:' || ?1
  AND user_id IN (SELECT value ->> 'userId' FROM json_each(?2))
  AND (SELECT data ->> 'seq' FROM notifications WHERE id = deliveries.notification_id)
    <= (SELECT value ->> 'readSeq' FROM json_each(?2) WHERE value ->> 'userId' = deliveries.user_id)`;

/** Cancels what waits for readers who have come that far. */
export async function cancelReadPushes(
  deps: Pick<Deps, 'd1' | 'now'>,
  conversationId: string,
  readers: readonly { userId: string; readSeq: number }[],
): Promise<void> {
  const read = readers.filter(({ readSeq }) => readSeq > 0);
  if (read.length === 0) return;
  await deps.d1.prepare(CANCEL_SQL).bind(conversationId, JSON.stringify(read), deps.now()).run();
}

const UNREAD_SQL = `
SELECT n.id FROM notifications n
WHERE n.id IN (SELECT value FROM json_each(?1)) AND NOT (n.type = 'new_message' AND EXISTS (
  SELECT 1 FROM conversation_participants p
  WHERE p.conversation_id = n.data ->> 'conversation_id' AND p.user_id = n.user_id
    AND p.read_seq >= n.data ->> 'seq'))`;

/** Those of these notices that nobody has read in a conversation: it may have been read before there was a push. */
export async function unreadInChat(
  { d1 }: Pick<Deps, 'd1'>,
  notices: readonly NotificationRow[],
): Promise<NotificationRow[]> {
  if (!notices.some(({ type }) => type === 'new_message')) return [...notices];
  const { results } = await d1
    .prepare(UNREAD_SQL)
    .bind(JSON.stringify(notices.map(({ id }) => id)))
    .all<{ id: string }>();
  const unread = new Set(results.map(({ id }) => id));
  return notices.filter(({ id }) => unread.has(id));
}
