import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LoadGenerator, type LoadPlan, type LoadSample } from './load.ts';
import { perSecond } from './measure.ts';
import { bundleWorker } from './workerd.ts';

/** What the parts of one run share. */
export interface Bench {
  /** The bundled Worker. */
  script: string;
  /** A new empty directory of that name, on the disk under test. */
  directory(name: string): string;
  load(plan: Omit<LoadPlan, 'warmUpSeconds' | 'seconds'>): Promise<LoadSample>;
  warmUpSeconds: number;
  seconds: number;
  /** Past orders of the book that has a history. */
  pastOrders: number;
  say(text: string): void;
  stop(): Promise<void>;
}

export interface BenchOptions {
  /** Where the servers store; durability costs what this disk makes it cost. */
  root: string;
  seconds: number;
  pastOrders: number;
}

const WARM_UP_SECONDS = 1;

export function createBench({ root, seconds, pastOrders }: BenchOptions): Bench {
  mkdirSync(root, { recursive: true });
  const base = mkdtempSync(join(root, 'bourse-bench-'));
  const generator = new LoadGenerator();
  const say = (text: string) => console.log(text);
  say(
    `Storing in ${root}, which makes ${Math.round(syncsPerSecond(base)).toLocaleString('en')} fsyncs a second.`,
  );
  return {
    script: bundleWorker(),
    directory(name) {
      const path = join(base, name);
      mkdirSync(path);
      return path;
    },
    async load(plan) {
      const sample = await generator.run({ ...plan, warmUpSeconds: WARM_UP_SECONDS, seconds });
      const { p50Ms, p99Ms, failures } = sample;
      const refused = Object.keys(failures).length === 0 ? '' : `, refused ${JSON.stringify(failures)}`;
      const times = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
      say(
        `  ${plan.name}, ${plan.connections} connections: ${perSecond(sample.perSecond)}, ${times}${refused}`,
      );
      return sample;
    },
    warmUpSeconds: WARM_UP_SECONDS,
    seconds,
    pastOrders,
    say,
    async stop() {
      await generator.stop();
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** How often a file in this directory can be made durable: the price of a commit, and what every ratio hangs on. */
function syncsPerSecond(directory: string): number {
  const path = join(directory, 'syncs');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4_096);
  const startedMs = performance.now();
  let syncs = 0;
  while (performance.now() - startedMs < 500) {
    writeSync(file, block);
    fdatasyncSync(file);
    syncs += 1;
  }
  closeSync(file);
  rmSync(path);
  return (syncs * 1_000) / (performance.now() - startedMs);
}
