/**
 * (i) Conversations: stored messages delivered a second under a burst, to many devices of one conversation and to many
 * small ones, against Socket.IO on node, which stores nothing; and how long a lone message takes to be acknowledged.
 */
import { type Bourse, startBourse } from './support/bourse.ts';
import { ChatLoad, type ChatRoom, type ChatSample } from './support/chat-load.ts';
import type { Bench } from './support/context.ts';
import { type Line, median, perSecond, takeTurns } from './support/measure.ts';
import { installPeers, startPeer } from './support/peers.ts';

const LONE_MESSAGES = 30;
const IN_FLIGHT = 64;
/** One user may have this many devices here, and write as fast as can be. */
const NO_LIMITS = { CHAT_MESSAGES_PER_TEN_SECONDS: '0', CHAT_SOCKETS_PER_USER: '100000' };

interface Shape {
  name: string;
  rooms: number;
  socketsPerRoom: number;
  sendersPerRoom: number;
  atLeast?: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'one conversation of 100 sockets', rooms: 1, socketsPerRoom: 100, sendersPerRoom: 4, atLeast: 3 },
  {
    name: 'one conversation of 1 000 sockets',
    rooms: 1,
    socketsPerRoom: 1_000,
    sendersPerRoom: 4,
    atLeast: 6,
  },
  { name: '100 conversations of 10 sockets', rooms: 100, socketsPerRoom: 10, sendersPerRoom: 1 },
];

async function openRoom(bourse: Bourse, name: string): Promise<ChatRoom> {
  const tokens = [await bourse.register(`${name}a`), await bourse.register(`${name}b`)];
  const otherId = JSON.parse(Buffer.from(tokens[1]!.split('.')[1]!, 'base64url').toString()) as {
    sub: string;
  };
  const answer = await fetch(`${bourse.url}/api/v1/conversations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokens[0]!}` },
    body: JSON.stringify({ other_user_id: otherId.sub }),
  });
  if (answer.status !== 201) throw new Error(`no conversation: ${answer.status} ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  return { url: `${bourse.url}/api/v1/conversations/${id}/ws`, tokens, name };
}

export async function measureChat(bench: Bench): Promise<Line[]> {
  installPeers();
  const { warmUpSeconds, seconds } = bench;
  const bourse = await startBourse(bench.script, bench.directory('chat'), NO_LIMITS);
  const peer = await startPeer('socket-io-chat', []);
  const load = new ChatLoad();
  const lines: Line[] = [];
  try {
    const run = crypto.randomUUID().slice(0, 6);
    const ours: ChatRoom[] = [];
    for (let index = 0; index < 100; index += 1) ours.push(await openRoom(bourse, `chat${run}${index}`));
    const theirs = ours.map(({ name }) => ({ url: peer.url, tokens: [], name }));
    for (const { name, rooms, atLeast, ...shape } of SHAPES) {
      const plan = { ...shape, action: 'burst', inFlight: IN_FLIGHT, warmUpSeconds, seconds } as const;
      const say = (who: string, { delivered, frames }: ChatSample) =>
        bench.say(`  ${who}, ${name}: ${perSecond(delivered)} messages in ${perSecond(frames)} frames`);
      const samples = await takeTurns({
        ours: async () => {
          const sample = await load.run({ ...plan, kind: 'bourse', rooms: ours.slice(0, rooms) });
          say('bourse', sample);
          return sample.delivered;
        },
        theirs: async () => {
          const sample = await load.run({ ...plan, kind: 'socket.io', rooms: theirs.slice(0, rooms) });
          say('socket.io', sample);
          return sample.delivered;
        },
      });
      const [mine, other] = [median(samples.ours), median(samples.theirs)];
      lines.push({
        what: `(i) stored messages delivered in a burst, ${name}, against Socket.IO, which stores nothing`,
        figures: `${perSecond(mine)} / ${perSecond(other)}`,
        value: mine / other,
        unit: 'x',
        ...(atLeast === undefined ? {} : { threshold: { atLeast } }),
      });
    }
    for (const socketsPerRoom of [1, 10, 1_000]) {
      const plan = { action: 'lone', socketsPerRoom, sendersPerRoom: 1, messages: LONE_MESSAGES } as const;
      const samples = await takeTurns({
        ours: async () => (await load.run({ ...plan, kind: 'bourse', rooms: ours.slice(1, 2) })).p50Ms,
        theirs: async () => (await load.run({ ...plan, kind: 'socket.io', rooms: theirs.slice(1, 2) })).p50Ms,
      });
      for (const [side, name] of [
        ['ours', 'Bourse, stored first'],
        ['theirs', 'Socket.IO, stored nowhere'],
      ] as const)
        lines.push({
          what: `(i) a lone message, from the frame to its acknowledgement, ${socketsPerRoom} sockets: ${name}`,
          figures: `median of ${LONE_MESSAGES}`,
          value: median(samples[side]),
          unit: 'ms',
        });
    }
    return lines;
  } finally {
    await Promise.all([bourse.stop(), peer.stop(), load.stop()]);
  }
}
