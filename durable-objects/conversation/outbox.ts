import { type Message, messageId } from '../../src/domain/chat/conversation.ts';
import type { Thread } from '../../src/domain/chat/thread.ts';
import type { ConversationState, ProjectedMessage } from '../../src/platform/conversations/projection.ts';
import type { ConversationStorage } from './storage.ts';

/** Messages in one queue message, and their text: a queue takes at most 128 KB in one. */
const MESSAGES_PER_STATE = 400;
const MAX_STATE_CHARACTERS = 24_000;
/** Changes that follow each other closely share a queue message. */
const GATHER_MS = 50;
/** How long a confirmation may take before everything unconfirmed is sent again, doubling up to the longest. */
const RESEND_MS = 5_000;
const LONGEST_RESEND_MS = 300_000;
const PREVIEW_CHARACTERS = 140;

export const previewOf = ({ content }: Pick<Message, 'content'>): string =>
  content.length <= PREVIEW_CHARACTERS ? content : `${content.slice(0, PREVIEW_CHARACTERS - 1)}…`;

/**
 * The way of a conversation to D1. There are no rows that wait: whatever has a revision above the confirmed one has to
 * go. One queue message is on its way at a time and begins where the last confirmation ended, so that a confirmation
 * always means everything before it; what a queue loses is sent again by the alarm.
 */
export class ConversationOutbox {
  private readonly thread: Thread;
  private readonly storage: ConversationStorage;
  private readonly send: (state: ConversationState) => Promise<void>;
  private readonly now: () => number;
  private storedRev: number;
  private confirmed: number;
  private inFlightRev: number | null = null;
  private resendDelayMs = RESEND_MS;
  private resendAtMs: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly barriers: { rev: number; resolve: () => void }[] = [];

  constructor(options: {
    thread: Thread;
    storage: ConversationStorage;
    send: (state: ConversationState) => Promise<void>;
    now: () => number;
    confirmedRev: number;
  }) {
    this.thread = options.thread;
    this.storage = options.storage;
    this.send = options.send;
    this.now = options.now;
    this.confirmed = options.confirmedRev;
    this.storedRev = options.thread.rev;
    if (this.backlog > 0) this.resendAtMs = this.now();
  }

  get confirmedRev(): number {
    return this.confirmed;
  }

  get backlog(): number {
    return this.storedRev - this.confirmed;
  }

  /** When the alarm must look after the outbox; null when there is nothing to look after. */
  get dueAtMs(): number | null {
    return this.backlog > 0 ? this.resendAtMs : null;
  }

  /** Changes have been stored up to here; sending begins shortly. */
  stored(rev: number): void {
    this.storedRev = rev;
    this.resendAtMs ??= this.now() + this.resendDelayMs;
    this.gather();
  }

  /** Sends what is overdue again. For the alarm. */
  async resume(): Promise<void> {
    if (this.dueAtMs === null || this.dueAtMs > this.now()) return;
    this.inFlightRev = null;
    this.resendDelayMs = Math.min(this.resendDelayMs * 2, LONGEST_RESEND_MS);
    this.resendAtMs = this.now() + this.resendDelayMs;
    await this.sendNext();
  }

  /** The consumer has applied everything up to here; true when that is news. */
  confirm(rev: number): boolean {
    if (rev <= this.confirmed || rev > this.storedRev) return false;
    this.confirmed = rev;
    if (this.inFlightRev !== null && this.inFlightRev <= rev) this.inFlightRev = null;
    this.resendDelayMs = RESEND_MS;
    this.resendAtMs = this.backlog > 0 ? this.now() + RESEND_MS : null;
    for (let index = this.barriers.length - 1; index >= 0; index -= 1)
      if (this.barriers[index]!.rev <= rev) this.barriers.splice(index, 1)[0]!.resolve();
    if (this.backlog > 0) this.gather();
    return true;
  }

  /** Resolves when D1 has the change, or after `timeoutMs`. */
  async whenConfirmed(rev: number, timeoutMs: number): Promise<void> {
    if (rev <= this.confirmed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.barriers.push({ rev, resolve: done });
      this.gather();
    });
  }

  private gather(): void {
    if (this.inFlightRev !== null) return;
    if (this.timer !== null) {
      if (this.barriers.length === 0) return;
      clearTimeout(this.timer);
    }
    this.timer = setTimeout(() => void this.sendNext(), this.barriers.length > 0 ? 0 : GATHER_MS);
  }

  private async sendNext(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.backlog === 0 || this.inFlightRev !== null) return;
    const state = this.nextState();
    this.inFlightRev = state.through_rev;
    try {
      await this.send(state);
    } catch {
      // Not lost: it stays unconfirmed, and the alarm sends it again.
    }
  }

  private nextState(): ConversationState {
    const { thread, storage } = this;
    const changed = storage.changedAfter(this.confirmed, MESSAGES_PER_STATE + 1);
    let characters = 0;
    let count = 0;
    for (const { message } of changed) {
      characters += message.content.length;
      if (count > 0 && (count === MESSAGES_PER_STATE || characters > MAX_STATE_CHARACTERS)) break;
      count += 1;
    }
    const sending = changed.slice(0, count);
    const last = storage.message(storage.lastSeq());
    const participants = storage.participants();
    return {
      kind: 'conversation_state',
      conversation_id: thread.id,
      through_rev: count < changed.length ? sending.at(-1)!.message.rev : this.storedRev,
      rev: this.storedRev,
      head:
        last === null
          ? null
          : {
              rev: this.storedRev,
              lastSeq: last.seq,
              lastMessageAt: last.createdAtMs,
              lastMessageType: last.type,
              lastMessagePreview: previewOf(last),
              lastSenderId: last.senderId,
            },
      participants: participants.map((participant) => ({
        userId: participant.userId,
        role: participant.role,
        deliveredSeq: participant.deliveredSeq,
        readSeq: participant.readSeq,
        archivedSeq: participant.archivedSeq,
        unread: storage.unreadOf(participant),
      })),
      messages: sending.map(({ message }) => projectedMessage(thread.id, message)),
      sent: sending
        .filter(({ createdRev }) => createdRev > this.confirmed)
        .map(({ message: { seq, senderId } }) => ({
          id: messageId(thread.id, seq),
          seq,
          recipientIds: participants.map(({ userId }) => userId).filter((userId) => userId !== senderId),
        })),
    };
  }
}

const projectedMessage = (conversationId: string, message: Message): ProjectedMessage => ({
  id: messageId(conversationId, message.seq),
  seq: message.seq,
  senderId: message.senderId,
  type: message.type,
  content: message.content,
  createdAt: message.createdAtMs,
  editedAt: message.editedAtMs,
  deletedAt: message.deletedAtMs,
  responseMs: message.responseMs,
  rev: message.rev,
});
