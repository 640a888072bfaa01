import type { Channel } from '../../../durable-objects/channel/object.ts';
import type { Logger } from '../../deps.ts';
import type { Channels, Topic } from './channels.ts';

/** Channels as Durable Objects, one per topic. */
export function createObjectChannels(
  namespace: DurableObjectNamespace<Channel>,
  log: Pick<Logger, 'warn'>,
): Channels {
  const channel = (topic: Topic) => namespace.get(namespace.idFromName(topic));

  /** What the topic's object answers, or the fallback when it cannot be reached. */
  const attempt = async <T>(topic: Topic, call: () => Promise<T>, fallback: T): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      log.warn('channel_unreachable', { topic, error: String(error) });
      return fallback;
    }
  };

  return {
    publish: (topic, frames) =>
      attempt(topic, () => channel(topic).publishText(topic, JSON.stringify(frames)), 0),
    online: async (userIds) => {
      const unique = [...new Set(userIds)];
      const answers = await Promise.all(
        unique.map((userId) => attempt(`user:${userId}`, () => channel(`user:${userId}`).isOnline(), false)),
      );
      return new Set(unique.filter((_, index) => answers[index]));
    },
    connect: (topic, request) => channel(topic).fetch(request),
    recent: (topic) => attempt(topic, async () => JSON.parse(await channel(topic).recentText()), []),
    forget: (topic) => attempt(topic, () => channel(topic).forget(), undefined),
    roomStats: (room) => attempt(room, async () => JSON.parse(await channel(room).roomStatsText(room)), null),
    endRoom: (room, last) =>
      attempt(
        room,
        async () => JSON.parse(await channel(room).endRoomText(room, JSON.stringify(last))),
        null,
      ),
    removeLine: (room, seq) => attempt<boolean | null>(room, () => channel(room).removeLine(seq), null),
    expel: (topic, userId) => attempt(topic, () => channel(topic).expel(userId), undefined),
    follow: (follower, leader) =>
      attempt(leader, async () => JSON.parse(await channel(leader).followText(leader, follower)), []),
    unfollow: (follower, leader) => attempt(leader, () => channel(leader).unfollow(follower), undefined),
    relay: (follower, leader, events) =>
      // A follower that cannot be reached keeps its place: it may only be restarting.
      attempt(follower, () => channel(follower).relayText(leader, JSON.stringify(events)), true),
  };
}
