import type { Deps } from '../../deps.ts';
import { type Message, placeOf } from '../../domain/chat/conversation.ts';
import type { ChatCommand, MessageAction } from '../../domain/chat/thread.ts';
import { Problem, problem } from '../../http/problem.ts';
import type {
  ChatAnswer,
  ConversationView,
  MessagePage,
} from '../../platform/conversations/conversations.ts';
import type { MessageBody } from '../../wire/chat.ts';
import { draftOf } from '../../wire/chat-draft.ts';
import { conversationNotFound, reach } from './reach.ts';

export interface SentMessage {
  message: Message;
  /** Whether the same request had been made before. */
  replayed: boolean;
  actions: MessageAction[];
}

export const messageNotFound = () =>
  problem('message_not_found', 'There is no such message in this conversation.');

type Done = Extract<ChatAnswer, { ok: true }>;

async function execute(
  deps: Deps,
  userId: string,
  conversationId: string,
  command: ChatCommand,
  retryKey: string | null = null,
): Promise<Done> {
  const answer = await reach(deps, conversationId, () =>
    deps.conversations.execute(conversationId, { userId, command, retryKey }),
  );
  if (!answer.ok) throw refusal(answer.failure);
  if (!answer.replayed) deps.chatWrites.note(userId, conversationId, answer.rev, deps.now());
  return answer;
}

function refusal(failure: Problem['failure']): Problem {
  const wait = failure.extra?.retry_after_seconds;
  return new Problem(failure, wait === undefined ? {} : { 'Retry-After': String(wait) });
}

const toSent = ({ message, replayed, actions }: Done): SentMessage => ({
  message: message!,
  replayed,
  actions,
});

/** The sequence that a message id of this conversation stands for. */
export function seqIn(conversationId: string, id: string): number {
  const place = placeOf(id);
  if (place?.conversationId !== conversationId) throw messageNotFound();
  return place.seq;
}

/**
 * Sends a message (SL-04). A repeat under the same client_id or Idempotency-Key gets the message that there is. No
 * database stands in the way: the object knows who takes part and who has blocked whom.
 */
export async function sendMessage(
  deps: Deps,
  userId: string,
  conversationId: string,
  body: MessageBody,
  retryKey: string | null = null,
): Promise<SentMessage> {
  const draft = draftOf(body, conversationId);
  if (!draft.ok) throw new Problem(draft.error);
  return toSent(await execute(deps, userId, conversationId, { op: 'send', draft: draft.value }, retryKey));
}

export async function editMessage(
  deps: Deps,
  userId: string,
  conversationId: string,
  id: string,
  content: string,
): Promise<SentMessage> {
  const seq = seqIn(conversationId, id);
  return toSent(await execute(deps, userId, conversationId, { op: 'edit', seq, content }));
}

export async function deleteMessage(
  deps: Deps,
  userId: string,
  conversationId: string,
  id: string,
): Promise<void> {
  await execute(deps, userId, conversationId, { op: 'delete', seq: seqIn(conversationId, id) });
}

export async function react(
  deps: Deps,
  userId: string,
  conversationId: string,
  id: string,
  reaction: { emoji: string; on: boolean },
): Promise<SentMessage> {
  const seq = seqIn(conversationId, id);
  return toSent(await execute(deps, userId, conversationId, { op: 'react', seq, ...reaction }));
}

/** Reads up to a message, or all of it; answers the cursor and the change that moved it. */
export async function markRead(
  deps: Deps,
  userId: string,
  conversationId: string,
  upTo: { seq?: number | undefined; messageId?: string | undefined } = {},
): Promise<{ readSeq: number; rev: number }> {
  const seq = upTo.messageId === undefined ? upTo.seq : seqIn(conversationId, upTo.messageId);
  const { participant, rev } = await execute(deps, userId, conversationId, {
    op: 'read',
    seq: seq ?? null,
    all: seq === undefined,
  });
  return { readSeq: participant.readSeq, rev };
}

/** A device of this user has everything up to here. */
export async function markDelivered(
  deps: Deps,
  userId: string,
  conversationId: string,
  seq: number,
): Promise<void> {
  await execute(deps, userId, conversationId, { op: 'deliver', seq });
}

/** Puts a conversation away for this user alone, or brings it back; a new message brings it back by itself. */
export async function setArchived(
  deps: Deps,
  userId: string,
  conversationId: string,
  archived: boolean,
): Promise<void> {
  await execute(deps, userId, conversationId, { op: 'archive', archived });
}

/** Shows the others that this user types, or no longer; it passes after five seconds by itself. */
export async function setTyping(
  deps: Deps,
  userId: string,
  conversationId: string,
  isTyping: boolean,
): Promise<void> {
  const answer = await reach(deps, conversationId, () =>
    deps.conversations.typing(conversationId, userId, isTyping),
  );
  if (answer === 'no_part') throw conversationNotFound();
  if (answer === 'blocked') throw problem('conversation_blocked', 'One of you has blocked the other.');
}

export async function readConversation(
  deps: Deps,
  userId: string,
  conversationId: string,
): Promise<ConversationView> {
  const { view } = await reach(deps, conversationId, () => deps.conversations.view(conversationId, userId));
  if (view === null) throw conversationNotFound();
  return view;
}

/** Messages before one of them, newest first; the newest when none is named (SL-05). */
export async function readMessages(
  deps: Deps,
  userId: string,
  conversationId: string,
  { beforeSeq, limit }: { beforeSeq: number | null; limit: number },
): Promise<MessagePage> {
  const { page } = await reach(deps, conversationId, () =>
    deps.conversations.messages(conversationId, userId, { beforeSeq, limit }),
  );
  if (page === null) throw conversationNotFound();
  return page;
}

/** Takes a message away for both as a moderator has decided; said again, or of one that is gone, it changes nothing. */
export async function removeMessage(deps: Deps, id: string): Promise<void> {
  const place = placeOf(id);
  if (place === null) return;
  const { conversationId, seq } = place;
  await reach(deps, conversationId, () => deps.conversations.remove(conversationId, seq));
}

/** A message by its id alone, with those who may see it; null when there is none. For reports. */
export async function findMessage(
  deps: Deps,
  id: string,
): Promise<{ conversationId: string; message: Message; participantIds: string[] } | null> {
  const place = placeOf(id);
  if (place === null) return null;
  const { conversationId, seq } = place;
  try {
    const { message, participantIds } = await reach(deps, conversationId, () =>
      deps.conversations.message(conversationId, seq),
    );
    return message === null ? null : { conversationId, message, participantIds };
  } catch (error) {
    if (error instanceof Problem && error.failure.code === 'conversation_not_found') return null;
    throw error;
  }
}
