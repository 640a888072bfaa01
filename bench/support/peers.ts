/** Peers on node, each a process of its own. What they need is installed beside them when it is not there yet. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const BENCH = join(import.meta.dirname, '..');

export function installPeers(): void {
  if (existsSync(join(BENCH, 'node_modules/.package-lock.json'))) return;
  console.log('Installing what the benchmarks compare with ...');
  const { status } = spawnSync('npm', ['ci'], { cwd: BENCH, stdio: 'inherit' });
  if (status !== 0) throw new Error('the peers could not be installed: run `npm ci` in bench/');
}

export interface Peer {
  url: string;
  stop(): Promise<void>;
}

/** Starts `bench/peers/NAME.mjs` and waits for the port that it prints. */
export function startPeer(name: string, args: string[], env: Record<string, string> = {}): Promise<Peer> {
  const child = spawn(process.execPath, [join(BENCH, 'peers', `${name}.mjs`), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
    child.stdout.once('data', (data: Buffer) => {
      resolve({ url: `http://127.0.0.1:${data.toString().trim()}`, stop: () => stopped(child) });
    });
  });
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}
