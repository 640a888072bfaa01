import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import type { Channel } from '../../durable-objects/channel/object.ts';
import type { Topic } from '../../src/platform/channels/channels.ts';
import type { TestUser } from './accounts.ts';
import { type Frame, TestSocket } from './sockets.ts';

/** The parts of a channel that tests replace; its own code sees them as private. */
export interface ChannelInnards {
  now: () => number;
  presence: { reconcile(): Promise<void>; retryAtMs: number | null };
  sockets: {
    host: {
      framesPerMinute: number;
      commands: { perform(userId: string, command: unknown): Promise<unknown> };
    };
  };
}

const stubOf = (topic: Topic): DurableObjectStub<Channel> => env.CHANNELS.get(env.CHANNELS.idFromName(topic));

export const insideChannel = <T>(
  topic: Topic,
  act: (innards: ChannelInnards, state: DurableObjectState) => T | Promise<T>,
): Promise<T> =>
  runInDurableObject(stubOf(topic), (instance: Channel, state) =>
    act(instance as unknown as ChannelInnards, state),
  );

export const evictChannel = (topic: Topic): Promise<void> => evictDurableObject(stubOf(topic));
export const ringChannel = (topic: Topic): Promise<boolean> => runDurableObjectAlarm(stubOf(topic));

/** The upgrade as a client sends it. */
export const upgradeTo = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  exports.default.fetch(
    new Request(`https://bourse.test${path}`, { headers: { Upgrade: 'websocket', ...headers } }),
  );

export async function connectTo(path: string, token?: string): Promise<TestSocket> {
  const response = await upgradeTo(path, token === undefined ? {} : { Authorization: `Bearer ${token}` });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new TestSocket(response.webSocket);
}

export const topicOf = (user: TestUser): Topic => `user:${user.userId}`;

/** A device of a user. `query` begins with `?`. */
export const device = (user: TestUser, query = ''): Promise<TestSocket> =>
  connectTo(`/api/v1/ws${query}`, user.token);

/** Every event that came, batches opened, in the order of arrival. */
export const eventsOf = (socket: TestSocket): Frame[] =>
  socket.frames.flatMap((frame) => (frame.type === 'batch' ? (frame.events as Frame[]) : [frame]));

export const seqsOf = (socket: TestSocket, type: string): number[] =>
  eventsOf(socket)
    .filter((event) => event.type === type)
    .map(({ seq }) => seq as number);

/** Resolves when everything that was sent before has arrived. */
export const heard = async (socket: TestSocket): Promise<Frame[]> => {
  await socket.ask({ type: 'heartbeat' });
  return eventsOf(socket);
};

/** Resolves when the contacts of a user know whether the user is here. */
export const presenceTold = (user: TestUser): Promise<void> =>
  insideChannel(topicOf(user), ({ presence }) => presence.reconcile());
