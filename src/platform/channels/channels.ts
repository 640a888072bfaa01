/**
 * Live fan-out: a user's devices, a listing's offer feed, a market, a stream room. What is published reaches whoever is connected
 * now, and for a short while whoever comes back; the truth of it lies elsewhere, so nothing is lost when nobody listens.
 */
export const TOPIC_KINDS = ['user', 'listing', 'market', 'stream'] as const;
export type TopicKind = (typeof TOPIC_KINDS)[number];
export type Topic = `${TopicKind}:${string}`;

/** One frame as the sockets get it: `type` is an event name of SL-27 or SN-35. */
export interface ChannelFrame {
  type: string;
  /** A frame with an id that was published before is not sent again. */
  id?: string;
  data: unknown;
}

/** A frame in its place in the topic: `seq` is dense, and null for what is not kept, such as typing. */
export interface ChannelEvent extends ChannelFrame {
  seq: number | null;
  /** RFC 3339, UTC. */
  at: string;
}

/** Who watched a stream so far. */
export interface RoomStats {
  /** Now, devices of one user counted once, without the host. */
  viewers: number;
  peakViewers: number;
  uniqueViewers: number;
  /** Of all viewers together. */
  watchedMs: number;
  /** By emoji. */
  reactions: Record<string, number>;
}

export interface Channels {
  /** Resolves with how many listen, sockets and following channels. Never throws: live frames are a courtesy. */
  publish(topic: Topic, frames: readonly ChannelFrame[]): Promise<number>;
  /** Which of these users have a device connected now. */
  online(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Hands a WebSocket upgrade, with the identity headers of the caller, to the topic's object. */
  connect(topic: Topic, request: Request): Promise<Response>;
  /** What the topic still keeps, oldest first. */
  recent(topic: Topic): Promise<ChannelEvent[]>;
  /** Forgets what the topic still keeps: nobody is told of it any more. */
  forget(topic: Topic): Promise<void>;
  /** Null when the room cannot be reached. */
  roomStats(room: Topic): Promise<RoomStats | null>;
  /** Says the last word in a room, closes its sockets and lets nobody in again; null when it cannot be reached. */
  endRoom(room: Topic, last: ChannelFrame): Promise<RoomStats | null>;
  /** Takes a line out of a room's chat; false when it is not there any more, null when the room cannot be reached. */
  removeLine(room: Topic, seq: number): Promise<boolean | null>;
  /** Closes the sockets of one user. */
  expel(topic: Topic, userId: string): Promise<void>;
  /** From now on `follower` is told what `leader` publishes, until it no longer wants it. What is kept is the answer. */
  follow(follower: Topic, leader: Topic): Promise<ChannelEvent[]>;
  unfollow(follower: Topic, leader: Topic): Promise<void>;
  /** Tells a follower; false when it no longer wants to hear of this leader. */
  relay(follower: Topic, leader: Topic, events: readonly ChannelEvent[]): Promise<boolean>;
}
