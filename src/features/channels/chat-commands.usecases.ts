/** What a user's line says in conversations: the commands of the conversation's own socket, by the same use cases. */
import type { Deps } from '../../deps.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import type { UserCommand } from '../../wire/channels.ts';
import { messageView, participantView } from '../../wire/chat.ts';
import {
  markDelivered,
  markRead,
  readConversation,
  readMessages,
  sendMessage,
  setTyping,
} from '../conversations/messages.usecases.ts';

/** What a client that joins begins with; the messages before are read over REST. */
const MESSAGES_AT_JOINING = 20;

export type ChatUserCommand = Extract<UserCommand, { conversation_id: string }>;

export async function performChat(
  deps: Deps,
  userId: string,
  command: ChatUserCommand,
): Promise<ChannelFrame> {
  const { conversation_id } = command;
  const done = (facts = {}): ChannelFrame => ({ type: 'done', data: { conversation_id, ...facts } });
  switch (command.type) {
    case 'conversation:join':
      return join(deps, userId, conversation_id);
    case 'conversation:leave':
      await setTyping(deps, userId, conversation_id, false);
      return { type: 'conversation:left', data: { conversation_id, user_id: userId } };
    case 'typing:start':
    case 'typing:stop':
      await setTyping(deps, userId, conversation_id, command.type === 'typing:start');
      return done();
    case 'message:send': {
      const { type: _, ref: __, conversation_id: ___, ...body } = command;
      const { message } = await sendMessage(deps, userId, conversation_id, body);
      return {
        type: 'message:sent',
        // The other devices of the sender, and this one, hear of it under the same id.
        id: `${conversation_id}:${message.seq}`,
        data: messageView(conversation_id, message),
      };
    }
    case 'message:delivered':
      await markDelivered(deps, userId, conversation_id, command.seq);
      return done({ seq: command.seq });
    case 'message:read': {
      const { readSeq } = await markRead(deps, userId, conversation_id, {
        seq: command.seq,
        messageId: command.message_id,
      });
      return done({ seq: readSeq });
    }
  }
}

/** All of it counts as read, which the others are told as `messages:read` (SL-17). */
async function join(deps: Deps, userId: string, conversation_id: string): Promise<ChannelFrame> {
  await markRead(deps, userId, conversation_id);
  const [view, { messages }] = await Promise.all([
    readConversation(deps, userId, conversation_id),
    readMessages(deps, userId, conversation_id, { beforeSeq: null, limit: MESSAGES_AT_JOINING }),
  ]);
  return {
    type: 'conversation:joined',
    data: {
      conversation_id,
      rev: view.rev,
      last_seq: view.lastSeq,
      participants: view.participants.map(participantView),
      messages: messages.map(({ message }) => messageView(conversation_id, message)).reverse(),
    },
  };
}
