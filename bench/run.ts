/**
 * `npm run bench`: everything that Bourse claims to be fast at, measured beside what it is compared with, one table at the
 * end. A benchmark reports and does not gate: it ends with 0 whether or not the thresholds are met.
 *
 *   --only orders,reads    some of the parts
 *   --seconds N            length of a sample (3)
 *   --dir DIR              where the servers store (the system's temporary directory)
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { measureOrders, measureReads } from './http.bench.ts';
import { measureFanOut, measureSocketOrders } from './socket.bench.ts';
import { createBench } from './support/context.ts';
import { type Line, tableOf } from './support/measure.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    dir: { type: 'string', default: tmpdir() },
  },
});

const PARTS = {
  orders: measureOrders,
  reads: measureReads,
  'socket-orders': measureSocketOrders,
  'fan-out': measureFanOut,
};
const wanted = options.only?.split(',') ?? Object.keys(PARTS);

const bench = createBench({ root: options.dir, seconds: Number(options.seconds), pastOrders: 0 });
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
