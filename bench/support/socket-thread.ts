/** The thread that trades over sockets and watches feeds. */
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { quantile } from './measure.ts';
import { createOrderFlow, type DrawnOrder } from './order-flow.ts';
import { SocketClient } from './socket-client.ts';
import type {
  BurstPlan,
  BurstSample,
  Feed,
  LonePlan,
  LoneSample,
  SocketPlan,
  TradePlan,
  TradeSample,
} from './sockets.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

// ---- Trading ----

/** One flow for all sockets; each takes orders of its own side, so that nobody trades with itself. */
const draw = createOrderFlow(7, 1);
const drawn: Record<DrawnOrder['side'], DrawnOrder[]> = { bid: [], ask: [] };

function nextOrder(side: DrawnOrder['side']): DrawnOrder {
  for (;;) {
    const waiting = drawn[side].pop();
    if (waiting !== undefined) return waiting;
    const order = draw();
    drawn[order.side].push(order);
  }
}

let placed = 0;
const run = crypto.randomUUID().slice(0, 8);

function commandsFrame(side: DrawnOrder['side'], count: number): string {
  const commands = Array.from({ length: count }, () => {
    const { priceCents, quantity } = nextOrder(side);
    return `{"op":"place","side":"${side}","order":{"price_cents":${priceCents},"quantity":${quantity},"client_id":"${run}-${placed++}"}}`;
  });
  return `{"type":"commands","commands":[${commands.join()}]}`;
}

const ACCEPTED = /"ok":true/g;
const REFUSED = /"ok":false,"code":"(\w+)"/g;

/** Starts trading; `stop` ends it once every frame in flight is answered. */
async function startTrading(plan: TradePlan, onAccepted: (count: number) => void) {
  const refused: Record<string, number> = {};
  let isStopping = false;
  let inFlight = 0;
  let lastAnswer = '';
  let allAnswered = () => {};
  const clients: SocketClient[] = [];
  for (const [index, token] of plan.tokens.entries()) {
    const side = index % 2 === 0 ? 'bid' : 'ask';
    const send = () => {
      inFlight += 1;
      client.send(commandsFrame(side, plan.ordersPerFrame));
    };
    const client = await SocketClient.open(plan.url, { Authorization: `Bearer ${token}` }, (payload) => {
      const text = payload.toString('latin1');
      if (!text.startsWith('{"type":"results"')) return;
      inFlight -= 1;
      const accepted = text.match(ACCEPTED)?.length ?? 0;
      if (accepted > 0) lastAnswer = text;
      for (const [, code] of text.matchAll(REFUSED)) refused[code!] = (refused[code!] ?? 0) + 1;
      onAccepted(accepted);
      if (!isStopping) send();
      else if (inFlight === 0) allAnswered();
    });
    clients.push(client);
    for (let frame = 0; frame < plan.framesInFlight; frame += 1) send();
  }
  return {
    refused,
    async stop(): Promise<string> {
      isStopping = true;
      if (inFlight > 0) await new Promise<void>((resolve) => (allAnswered = resolve));
      for (const client of clients) client.close();
      return lastAnswer.slice(lastAnswer.lastIndexOf('{"ok":true'));
    },
  };
}

async function trade(plan: TradePlan): Promise<TradeSample> {
  let accepted = 0;
  let enough = () => {};
  const trading = await startTrading(plan, (count) => {
    accepted += count;
    if (plan.orders !== undefined && accepted >= plan.orders) enough();
  });
  let perSecond = 0;
  if (plan.orders === undefined) {
    await pause(plan.warmUpSeconds * 1_000);
    const before = accepted;
    const startedMs = performance.now();
    await pause(plan.seconds * 1_000);
    perSecond = ((accepted - before) * 1_000) / (performance.now() - startedMs);
  } else await new Promise<void>((resolve) => (enough = resolve));
  return { perSecond, accepted, refused: trading.refused, lastAnswer: await trading.stop() };
}

// ---- Watching ----

interface Seen {
  /** Events that the frame stands for: book changes and trades. */
  events: number;
  /** Level changes and trades spelled out in it. */
  entries: number;
}

const NOTHING: Seen = { events: 0, entries: 0 };

/** What a frame of Bourse's feed stands for: every command since the frame before, and every trade. */
function readUpdate(text: string): Seen {
  if (!text.startsWith('{"type":"update"')) return NOTHING;
  const { book, trades = [] } = JSON.parse(text) as {
    book?: { prev_seq: number; last_seq: number; changes: unknown[] };
    trades?: unknown[];
  };
  return {
    events: (book === undefined ? 0 : book.last_seq - book.prev_seq) + trades.length,
    entries: (book?.changes.length ?? 0) + trades.length,
  };
}

/** Socket.IO: one frame an event. */
const ONE_EVENT: Seen = { events: 1, entries: 1 };

/** Every watcher of a book gets the same frames: one of them is read, the others are compared with it. */
let known: { payload: Buffer; seen: Seen } = { payload: Buffer.alloc(0), seen: NOTHING };

function readShared(payload: Buffer): Seen {
  if (!known.payload.equals(payload))
    known = { payload: Buffer.from(payload), seen: readUpdate(payload.toString('latin1')) };
  return known.seen;
}

async function openWatcher(feed: Feed, onFrame: (seen: Seen) => void): Promise<SocketClient> {
  if (feed.kind === 'bourse') {
    const client = await SocketClient.open(feed.url, {}, (payload) => {
      const seen = readShared(payload);
      if (seen.events > 0) onFrame(seen);
    });
    client.send('{"type":"subscribe","channels":["book","trades"]}');
    return client;
  }
  const url = `${feed.url}/socket.io/?EIO=4&transport=websocket`;
  const client: SocketClient = await SocketClient.open(url, {}, (payload) => {
    const text = payload.toString('latin1');
    if (text.startsWith('0')) client.send('40');
    else if (text === '2') client.send('3');
    else if (text.startsWith('42["update"')) onFrame(ONE_EVENT);
  });
  return client;
}

async function burst(plan: BurstPlan): Promise<BurstSample> {
  let frames = 0;
  let events = 0;
  let entries = 0;
  const watchers: SocketClient[] = [];
  for (let index = 0; index < plan.watchers; index += 1) {
    watchers.push(
      await openWatcher(plan.feed, (seen) => {
        frames += 1;
        events += seen.events;
        entries += seen.entries;
      }),
    );
  }
  await pause(500);
  const trading = plan.trading === null ? null : await startTrading(plan.trading, () => {});
  if (trading === null) watchers[0]!.send('42["start"]');
  await pause(plan.warmUpSeconds * 1_000);
  const before = { frames, events, entries };
  const startedMs = performance.now();
  await pause(plan.seconds * 1_000);
  const seconds = (performance.now() - startedMs) / 1_000;
  const sample = {
    events: (events - before.events) / seconds,
    entries: (entries - before.entries) / seconds,
    frames: (frames - before.frames) / seconds,
  };
  if (trading === null) watchers[0]!.send('42["stop"]');
  const lastAnswer = (await trading?.stop()) ?? '';
  await pause(200);
  for (const watcher of watchers) watcher.close();
  return { ...sample, lastAnswer };
}

async function lone(plan: LonePlan): Promise<LoneSample> {
  let arrived = () => {};
  const watchers: SocketClient[] = [];
  for (let index = 0; index < plan.watchers; index += 1) {
    // The one in the middle stands for all.
    const isTimed = index === plan.watchers >> 1;
    watchers.push(await openWatcher(plan.feed, () => (isTimed ? arrived() : undefined)));
  }
  const sender =
    plan.token === null
      ? watchers[0]!
      : await SocketClient.open(plan.feed.url, { Authorization: `Bearer ${plan.token}` }, () => {});
  await pause(500);
  const latencies: number[] = [];
  for (let index = 0; index < plan.events; index += 1) {
    const startedMs = performance.now();
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    sender.send(plan.token === null ? '42["one"]' : commandsFrame('bid', 1));
    await arrival;
    latencies.push(performance.now() - startedMs);
    await pause(10);
  }
  for (const socket of [...watchers, sender]) socket.close();
  return {
    p50Ms: quantile(
      latencies.sort((a, b) => a - b),
      0.5,
    ),
  };
}

const ACTIONS = { trade, burst, lone } as { [K in SocketPlan['action']]: (plan: never) => Promise<unknown> };

parentPort!.on('message', (plan: SocketPlan) => {
  ACTIONS[plan.action](plan as never).then(
    (sample) => parentPort!.postMessage({ sample }),
    (error: unknown) => parentPort!.postMessage({ error: String(error) }),
  );
});
