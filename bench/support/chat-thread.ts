/** The thread that talks in rooms: devices that send as fast as they are answered, and devices that only listen. */
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import type { ChatBurst, ChatLone, ChatPlan, ChatSample, LoneChatSample } from './chat-load.ts';
import { quantile } from './measure.ts';
import { SocketClient } from './socket-client.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const CONTENT = 'Is it still available? I could come by tomorrow after six.';
const run = crypto.randomUUID().slice(0, 8);
let written = 0;

interface Seen {
  /** Messages in the frame, of whoever. */
  messages: number;
  /** Of these, the ones that this socket sent. */
  mine: number;
}

const countOf = (text: string, what: string): number => {
  let count = 0;
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length)) count += 1;
  return count;
};

/** Devices that only listen get the same frames: one of them is read, the others are compared with it. */
let known: { payload: Buffer; messages: number } = { payload: Buffer.alloc(0), messages: 0 };

function messagesIn(payload: Buffer): number {
  if (!known.payload.equals(payload)) {
    const text = payload.toString('latin1');
    known = { payload: Buffer.from(payload), messages: countOf(text, '"type":"message:new"') };
  }
  return known.messages;
}

interface Device {
  send(): void;
  close(): void;
}

async function openBourse(
  url: string,
  token: string,
  sends: boolean,
  onSeen: (seen: Seen) => void,
): Promise<Device> {
  const client = await SocketClient.open(url, { Authorization: `Bearer ${token}` }, (payload) => {
    if (!sends) {
      const messages = messagesIn(payload);
      if (messages > 0) onSeen({ messages, mine: 0 });
      return;
    }
    const text = payload.toString('latin1');
    const mine = countOf(text, '"type":"message:sent"');
    const messages = mine + countOf(text, '"type":"message:new"');
    if (messages > 0) onSeen({ messages, mine });
  });
  return {
    send: () =>
      client.send(`{"type":"message:send","content":"${CONTENT}","client_id":"${run}-${written++}"}`),
    close: () => client.close(),
  };
}

/** Socket.IO over the bare protocol: connect, join the room, and a message with an acknowledgement. */
async function openSocketIo(url: string, room: string, onSeen: (seen: Seen) => void): Promise<Device> {
  const address = `${url}/socket.io/?EIO=4&transport=websocket&room=${room}`;
  const client: SocketClient = await SocketClient.open(address, {}, (payload) => {
    const first = payload.toString('latin1', 0, 12);
    if (first.startsWith('0')) client.send('40');
    else if (first === '2') client.send('3');
    else if (first.startsWith('42["message')) onSeen({ messages: 1, mine: 0 });
    else if (first.startsWith('43')) onSeen({ messages: 0, mine: 1 });
  });
  let acks = 0;
  return {
    send: () =>
      client.send(`42${acks++}["message",{"content":"${CONTENT}","client_id":"${run}-${written++}"}]`),
    close: () => client.close(),
  };
}

async function openRooms(
  plan: ChatPlan,
  onSeen: (seen: Seen, device: Device) => void,
): Promise<{ senders: Device[]; all: Device[] }> {
  const senders: Device[] = [];
  const all: Device[] = [];
  for (const { url, tokens, name } of plan.rooms) {
    for (let index = 0; index < plan.socketsPerRoom; index += 1) {
      const sends = index < plan.sendersPerRoom;
      const seen = (what: Seen): void => onSeen(what, device);
      const device: Device =
        plan.kind === 'bourse'
          ? await openBourse(url, tokens[index % tokens.length]!, sends, seen)
          : await openSocketIo(url, name, seen);
      all.push(device);
      if (sends) senders.push(device);
    }
  }
  await pause(500);
  return { senders, all };
}

async function burst(plan: ChatBurst): Promise<ChatSample> {
  let delivered = 0;
  let frames = 0;
  let isStopping = false;
  let inFlight = 0;
  const { senders, all } = await openRooms(plan, ({ messages, mine }, device) => {
    delivered += messages;
    if (messages > 0) frames += 1;
    inFlight -= mine;
    if (isStopping) return;
    for (let n = 0; n < mine; n += 1) {
      inFlight += 1;
      device.send();
    }
  });
  for (const sender of senders)
    for (let n = 0; n < plan.inFlight; n += 1) {
      inFlight += 1;
      sender.send();
    }
  await pause(plan.warmUpSeconds * 1_000);
  const before = { delivered, frames };
  const startedMs = performance.now();
  await pause(plan.seconds * 1_000);
  const seconds = (performance.now() - startedMs) / 1_000;
  const sample = {
    delivered: (delivered - before.delivered) / seconds,
    frames: (frames - before.frames) / seconds,
  };
  isStopping = true;
  for (let waited = 0; inFlight > 0 && waited < 100; waited += 1) await pause(50);
  for (const device of all) device.close();
  return sample;
}

async function lone(plan: ChatLone): Promise<LoneChatSample> {
  let answered = () => {};
  const { senders, all } = await openRooms(plan, ({ mine }) => {
    if (mine > 0) answered();
  });
  const latencies: number[] = [];
  for (let index = 0; index < plan.messages; index += 1) {
    const startedMs = performance.now();
    const answer = new Promise<void>((resolve) => (answered = resolve));
    senders[0]!.send();
    await answer;
    latencies.push(performance.now() - startedMs);
    // A lone message: the frames of the last one have all been taken.
    await pause(100);
  }
  for (const device of all) device.close();
  latencies.sort((a, b) => a - b);
  return { p50Ms: quantile(latencies, 0.5) };
}

parentPort!.on('message', (plan: ChatPlan) => {
  const sample = plan.action === 'burst' ? burst(plan) : lone(plan);
  sample.then(
    (value) => parentPort!.postMessage({ sample: value }),
    (error: unknown) => parentPort!.postMessage({ error: String(error) }),
  );
});
