import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Conversation } from '../../durable-objects/conversation/object.ts';
import type { ConversationContext } from '../../src/domain/chat/conversation.ts';
import type { ChatLimits } from '../../src/domain/chat/thread.ts';
import { openConversation } from '../../src/features/conversations/open-conversation.ts';
import type { ConversationState } from '../../src/platform/conversations/projection.ts';
import type { MessageView } from '../../src/wire/chat.ts';
import { bodyOf, request, signUp, type TestUser } from './accounts.ts';
import { deps } from './book-object.ts';
import { connectTo, eventsOf } from './channels.ts';
import type { Frame, TestSocket } from './sockets.ts';

/** The parts of a conversation that tests replace; its own code sees them as private. */
export interface ConversationInnards {
  now: () => number;
  limits: ChatLimits;
  armedAtMs: number | null;
  commit: { settled(): Promise<void> };
  running: {
    outbox: {
      send(state: ConversationState): Promise<void>;
      backlog: number;
      confirmedRev: number;
    };
    thread: { rev: number; lastSeq: number };
  };
  storage: { insertMessage(...args: unknown[]): void };
  sockets: { host: { framesPerMinute: number; socketsPerUser: number } };
}

const stubOf = (id: string): DurableObjectStub<Conversation> =>
  env.CONVERSATIONS.get(env.CONVERSATIONS.idFromName(id));

export const insideConversation = <T>(
  id: string,
  act: (innards: ConversationInnards, state: DurableObjectState) => T | Promise<T>,
): Promise<T> =>
  runInDurableObject(stubOf(id), (instance: Conversation, state) =>
    act(instance as unknown as ConversationInnards, state),
  );

export const evictConversation = (id: string): Promise<void> => evictDurableObject(stubOf(id));
export const ringConversation = (id: string): Promise<boolean> => runDurableObjectAlarm(stubOf(id));

let pairs = 0;

export interface Pair {
  ann: TestUser;
  ben: TestUser;
  id: string;
  /** `/api/v1/conversations/<id>` */
  path: string;
}

/** Two new users and their conversation; Ann opened it, and buys. */
export async function newPair(context: ConversationContext = { type: 'none', id: '' }): Promise<Pair> {
  pairs += 1;
  const [ann, ben] = await Promise.all([signUp(`ann-${pairs}`), signUp(`ben-${pairs}`)]);
  const { conversation } = await openConversation(deps, {
    callerId: ann.userId,
    otherUserId: ben.userId,
    context,
  });
  return { ann, ben, id: conversation.id, path: `/api/v1/conversations/${conversation.id}` };
}

export const sendOver = (
  pair: Pair,
  user: TestUser,
  json: Record<string, unknown> | string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  request(`${pair.path}/messages`, {
    token: user.token,
    json: typeof json === 'string' ? { content: json } : json,
    headers,
  });

/** Sends a text over REST, which must succeed. */
export async function say(pair: Pair, user: TestUser, content: string): Promise<MessageView> {
  const answer = await sendOver(pair, user, content);
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return bodyOf<MessageView>(answer);
}

/** A device of a user in the conversation. `query` begins with `?`. */
export const chatDevice = (pair: Pair, user: TestUser, query = ''): Promise<TestSocket> =>
  connectTo(`${pair.path}/ws${query}`, user.token);

/** Resolves when everything that was sent before has arrived; gives every event so far, batches opened. */
export const chatHeard = async (socket: TestSocket): Promise<Frame[]> => {
  await socket.ask({ type: 'heartbeat' });
  return eventsOf(socket);
};

export const dataOf = <T = Record<string, unknown>>(frame: Frame): T => frame.data as T;

export const contentsOf = (frames: readonly Frame[]): string[] =>
  frames
    .filter(({ type }) => type === 'message:new' || type === 'message:sent')
    .map((frame) => dataOf<MessageView>(frame).content);

/** Has D1 hold everything that the conversation has stored. */
export async function projected(id: string): Promise<void> {
  const rev = await insideConversation(id, ({ running }) => running.thread.rev);
  await deps.conversations.whenProjected(id, rev, 10_000);
}

/** From now on this instance of the object loses every queue message that it sends, as a queue may. */
export async function loseStates(id: string): Promise<ConversationState[]> {
  const lost: ConversationState[] = [];
  await insideConversation(id, ({ running }) => {
    running.outbox.send = async (state) => {
      lost.push(state);
    };
  });
  return lost;
}

/** Lets this instance of the object take any number of messages. */
export const withoutHaste = (id: string): Promise<void> =>
  insideConversation(id, ({ limits }) => {
    limits.messagesPerWindow = 0;
  });
