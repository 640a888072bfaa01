import type { UserCommand } from '../../wire/channels.ts';
import type { ChannelFrame, Topic } from './channels.ts';

/**
 * What the Worker does for the sockets of a channel. A hibernated socket's frames come to the object, which knows no
 * feature: it hands them back to the Worker, where the same use cases answer as over REST (decision 0009).
 */
export interface SocketCommands {
  perform(userId: string, command: UserCommand): Promise<SocketAnswer>;
  /** A user's first device came, or the last one went: tells the contacts who may know. */
  presenceChanged(userId: string, isOnline: boolean): Promise<void>;
}

/** What goes back over the socket that asked, and which other topic it wants to hear from now on. */
export interface SocketAnswer {
  frames: (ChannelFrame | SocketError)[];
  follow?: Topic;
  unfollow?: Topic;
}

export interface SocketError {
  type: 'error';
  code: string;
  detail: string;
}
