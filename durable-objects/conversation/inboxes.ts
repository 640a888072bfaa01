import type { Participant } from '../../src/domain/chat/conversation.ts';
import type { Change, Thread } from '../../src/domain/chat/thread.ts';
import type { ChannelFrame, Channels } from '../../src/platform/channels/channels.ts';
import { changeData, EVENT_TYPES } from '../../src/wire/chat.ts';

/** Changes that are told one by one; of a longer run only the outcome is told, and who needs more reads it. */
const MAX_TOLD = 20;

/**
 * Tells the devices that are not in the conversation, over the channels of its people: what happened, and what their
 * inbox shows now. A courtesy: what does not arrive is found in the inbox. One call to a channel is under way at a
 * time, and what happens meanwhile shares the next.
 */
export class Inboxes {
  private readonly channels: Channels;
  private readonly keepAlive: (work: Promise<unknown>) => void;
  private readonly thread: Thread;
  private readonly unreadOf: (participant: Participant) => number;
  private changes: Change[] = [];
  private telling: Promise<void> | null = null;

  constructor(options: {
    channels: Channels;
    keepAlive: (work: Promise<unknown>) => void;
    thread: Thread;
    unreadOf: (participant: Participant) => number;
  }) {
    this.channels = options.channels;
    this.keepAlive = options.keepAlive;
    this.thread = options.thread;
    this.unreadOf = options.unreadOf;
  }

  tell(changes: readonly Change[]): void {
    this.changes.push(...changes);
    if (this.telling !== null) return;
    this.telling = this.run().finally(() => {
      this.telling = null;
    });
    this.keepAlive(this.telling);
  }

  tellTyping(typistId: string, type: string, data: unknown): void {
    for (const userId of this.thread.participants.keys())
      if (userId !== typistId) this.keepAlive(this.channels.publish(`user:${userId}`, [{ type, data }]));
  }

  private async run(): Promise<void> {
    while (this.changes.length > 0) {
      const { changes } = this;
      this.changes = [];
      const { id } = this.thread;
      const told = changes
        .filter(({ kind }) => kind !== 'archived')
        .map((change): ChannelFrame => {
          const { kind, rev, message } = change;
          return {
            type: EVENT_TYPES[kind],
            // A message that comes by two ways is known by its id, any other change by its place.
            id: kind === 'sent' ? `${id}:${message!.seq}` : `${id}:rev:${rev}`,
            data: changeData(id, change),
          };
        });
      const frames = told.length <= MAX_TOLD ? told : [];
      await Promise.all(
        Array.from(this.thread.participants.values(), (participant) =>
          this.channels.publish(`user:${participant.userId}`, [...frames, this.inboxOf(participant)]),
        ),
      );
    }
  }

  private inboxOf(participant: Participant): ChannelFrame {
    const { id, rev, lastSeq } = this.thread;
    return {
      type: 'inbox:updated',
      id: `${id}:inbox:${rev}`,
      data: {
        conversation_id: id,
        rev,
        last_seq: lastSeq,
        read_seq: participant.readSeq,
        unread_count: this.unreadOf(participant),
      },
    };
  }
}
