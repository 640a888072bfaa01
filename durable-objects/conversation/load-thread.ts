import { noteSent, SEND_WINDOW_MS, type Thread } from '../../src/domain/chat/thread.ts';
import type { ConversationConfig } from '../../src/platform/conversations/conversations.ts';
import type { ConversationStorage } from './storage.ts';

/** Messages that may have been sent within the window of the rate limit. */
const RECENT_MESSAGES = 100;

/** What a conversation keeps in memory, made anew from what is stored. */
export function loadThread(
  storage: ConversationStorage,
  config: Omit<ConversationConfig, 'blocks'>,
  nowMs: number,
): Thread {
  const thread: Thread = {
    id: config.conversationId,
    context: config.context,
    buyerId: config.buyerId,
    sellerId: config.sellerId,
    participants: new Map(storage.participants().map((participant) => [participant.userId, participant])),
    blocks: new Map(
      (storage.readMeta('blocks') ?? []).map((block) => [`${block.blockerId} ${block.blockedId}`, block]),
    ),
    lastSeq: storage.lastSeq(),
    rev: storage.lastRev(),
    spoken: new Set(storage.readMeta('spoken') ?? []),
    awaiting: null,
    recentSends: new Map(),
  };
  for (const message of storage.messagesBefore(Number.MAX_SAFE_INTEGER, RECENT_MESSAGES).reverse())
    if (message.createdAtMs > nowMs - SEND_WINDOW_MS) noteSent(thread, message);
  const waiting = storage.firstUnanswered();
  thread.awaiting = waiting === null ? null : { senderId: waiting.senderId!, sinceMs: waiting.createdAtMs };
  return thread;
}
