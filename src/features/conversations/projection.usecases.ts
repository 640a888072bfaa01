import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { ConversationState } from '../../platform/conversations/projection.ts';
import { cancelReadPushes } from '../notifications/read-in-chat.usecases.ts';

/** What a notification shows of a message. */
const PREVIEW_CHARACTERS = 140;

const CONVERSATION_SQL = `
UPDATE conversations SET last_seq = ?2, last_message_at = ?3, last_message_type = ?4, last_message_preview = ?5,
  last_sender_id = ?6, rev = ?7
WHERE id = ?1 AND rev < ?7`;

const PARTICIPANTS_SQL = `
INSERT INTO conversation_participants (conversation_id, user_id, role, delivered_seq, read_seq, archived_seq, unread, rev,
  last_seq, last_message_at, joined_at)
SELECT c.id, value ->> 'userId', value ->> 'role', value ->> 'deliveredSeq', value ->> 'readSeq', value ->> 'archivedSeq',
  value ->> 'unread', ?3, c.last_seq, c.last_message_at, ?4
FROM conversations c, json_each(?2) WHERE c.id = ?1
ON CONFLICT (conversation_id, user_id) DO UPDATE SET delivered_seq = excluded.delivered_seq, read_seq = excluded.read_seq,
  archived_seq = excluded.archived_seq, unread = excluded.unread, rev = excluded.rev, last_seq = excluded.last_seq,
  last_message_at = excluded.last_message_at
WHERE excluded.rev > conversation_participants.rev`;

const MESSAGES_SQL = `
INSERT INTO conversation_messages (id, conversation_id, seq, sender_id, type, content, created_at, edited_at, deleted_at,
  response_ms, rev)
SELECT value ->> 'id', c.id, value ->> 'seq', value ->> 'senderId', value ->> 'type', value ->> 'content',
  value ->> 'createdAt', value ->> 'editedAt', value ->> 'deletedAt', value ->> 'responseMs', value ->> 'rev'
FROM conversations c, json_each(?2) WHERE c.id = ?1
ON CONFLICT (id) DO UPDATE SET content = excluded.content, edited_at = excluded.edited_at,
  deleted_at = excluded.deleted_at, rev = excluded.rev
WHERE excluded.rev > conversation_messages.rev`;

/** Only for messages that D1 has never had: what comes twice is told once. Stands before the messages in the batch. */
const OUTBOX_SQL = `
INSERT INTO outbox (event_id, type, body, created_at, due_at, attempts)
SELECT value ->> 'event_id', value ->> 'type', value, ?3, ?3, 0 FROM json_each(?2)
WHERE EXISTS (SELECT 1 FROM conversations WHERE id = ?1)
  AND NOT EXISTS (SELECT 1 FROM conversation_messages WHERE id = value ->> '$.data.message_id')
ON CONFLICT DO NOTHING`;

/**
 * Brings D1 as far as a conversation has come: the inbox of its people, the index of its messages, and `message.sent` of
 * each new one, in one batch. Only then is the object told. It may come twice, late and in any order.
 */
export async function projectConversation(deps: Deps, state: ConversationState): Promise<void> {
  const { conversation_id: id, head, participants, messages, rev, through_rev } = state;
  const nowMs = deps.now();
  const statement = (sql: string, ...values: (string | number | null)[]) =>
    deps.d1.prepare(sql).bind(id, ...values);
  await deps.d1.batch([
    ...(head === null
      ? []
      : [
          statement(
            CONVERSATION_SQL,
            head.lastSeq,
            head.lastMessageAt,
            head.lastMessageType,
            head.lastMessagePreview,
            head.lastSenderId,
            head.rev,
          ),
        ]),
    statement(PARTICIPANTS_SQL, JSON.stringify(participants), rev, nowMs),
    statement(OUTBOX_SQL, JSON.stringify(sentEvents(state)), nowMs),
    statement(MESSAGES_SQL, JSON.stringify(messages)),
  ]);
  await cancelReadPushes(deps, id, participants);
  await deps.conversations.confirm(id, through_rev);
  await deps.outbox.drain();
}

function sentEvents({ conversation_id, messages, sent }: ConversationState): EventEnvelope[] {
  const recipients = new Map(sent.map(({ id, recipientIds }) => [id, recipientIds]));
  return messages
    .filter(({ id }) => recipients.has(id))
    .map(({ id, seq, senderId, type, content, createdAt }) => ({
      event_id: `message.sent:${id}`,
      type: 'message.sent',
      version: 1,
      aggregate: { type: 'conversation', id: conversation_id },
      seq,
      correlation_id: id,
      occurred_at: new Date(createdAt).toISOString(),
      data: {
        message_id: id,
        conversation_id,
        seq,
        sender_id: senderId,
        recipient_ids: recipients.get(id),
        type,
        preview: content.slice(0, PREVIEW_CHARACTERS),
      },
    }));
}
