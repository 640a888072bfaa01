/**
 * `npm run bench`: everything that Bourse claims to be fast at, measured beside what it is compared with, one table at the
 * end. A benchmark reports and does not gate: it ends with 0 whether or not the thresholds are met.
 *
 *   --only orders,reads    some of the parts: engine, orders, reads, socket-orders, fan-out, chat, history,
 *                          recommendations, search
 *   --seconds N            length of a sample (3)
 *   --past N               past orders of the book that has a history (100 000); --full makes it a million
 *   --dir DIR              where the servers store (the system's temporary directory)
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { measureChat } from './chat.bench.ts';
import { measureEngines } from './engine.bench.ts';
import { measureHistory } from './history.bench.ts';
import { measureOrders, measureReads } from './http.bench.ts';
import { measureGuesses } from './recommendations.bench.ts';
import { measureSearch } from './search.bench.ts';
import { measureFanOut, measureSocketOrders } from './socket.bench.ts';
import { type Bench, createBench } from './support/context.ts';
import { type Line, tableOf } from './support/measure.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    past: { type: 'string', default: '100000' },
    full: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3' },
    dir: { type: 'string', default: tmpdir() },
  },
});

const PARTS: Record<string, (bench: Bench) => Line[] | Promise<Line[]>> = {
  engine: ({ say }) => measureEngines(say),
  orders: measureOrders,
  reads: measureReads,
  'socket-orders': measureSocketOrders,
  'fan-out': measureFanOut,
  chat: measureChat,
  history: measureHistory,
  recommendations: measureGuesses,
  search: measureSearch,
};
const names = Object.keys(PARTS);
const wanted = options.only?.split(',') ?? names;
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no such part: ${unknown.join()}; there are ${names.join()}`);

const bench = createBench({
  root: options.dir,
  seconds: Number(options.seconds),
  pastOrders: options.full ? 1_000_000 : Number(options.past),
});
const lines: Line[] = [];
try {
  for (const [name, measure] of Object.entries(PARTS)) {
    if (!wanted.includes(name)) continue;
    bench.say(`Measuring ${name} ...`);
    lines.push(...(await measure(bench)));
  }
} finally {
  await bench.stop();
}
console.log(`\n${tableOf(lines)}`);
