/**
 * Workers under workerd, reached by a socket of their own: neither the dev server nor the entry proxy of miniflare stands
 * between the load and the Worker. What they store goes to a directory on disk, so that durability costs what it costs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, type LegacyWorkerOptions, Log, LogLevel, Miniflare } from 'miniflare';

export const PROJECT = join(import.meta.dirname, '../..');

export interface RunningWorker {
  url: string;
  miniflare: Miniflare;
  stop(): Promise<void>;
}

/** A Worker in one module, in the form that wrangler makes of wrangler.toml. */
export type WorkerOptions = LegacyWorkerOptions & { name: string; script: string };

export async function startWorker(options: WorkerOptions, directory: string): Promise<RunningWorker> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      modules: true,
      resourcePersistencePath: directory,
      cf: false,
      log: new Log(LogLevel.WARN),
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL(options.name);
  return { url: url.origin, miniflare, stop: () => miniflare.dispose() };
}

/** The Worker as a deployment would upload it. */
export function bundleWorker(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bourse-bundle-'));
  const wrangler = fileURLToPath(import.meta.resolve('wrangler')).replace(
    /wrangler-dist.*$/,
    'bin/wrangler.js',
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--outdir', directory],
    { cwd: PROJECT, encoding: 'utf8', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  );
  if (status !== 0) throw new Error(`the Worker could not be bundled:\n${stdout}${stderr}`);
  const script = readFileSync(join(directory, 'index.js'), 'utf8');
  rmSync(directory, { recursive: true });
  return script;
}

const FLOOR = `
import { DurableObject } from 'cloudflare:workers';

export class OneRow extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)');
  }
  insert(body) {
    this.ctx.storage.sql.exec('INSERT INTO rows (body) VALUES (?)', body);
    return this.ctx.storage.sql.exec('SELECT last_insert_rowid() AS id').one().id;
  }
}

export default {
  async fetch(request, env) {
    if (request.method === 'GET') return new Response('{"status":"ok"}', { headers: { 'Content-Type': 'application/json' } });
    const rows = env.ROWS.get(env.ROWS.idFromName('rows'));
    return Response.json({ id: await rows.insert(await request.text()) }, { status: 201 });
  },
};
`;

/** The floor: GET answers a constant, POST has an object insert one row, durable before the answer. */
export function startFloor(directory: string): Promise<RunningWorker> {
  return startWorker(
    {
      name: 'floor',
      script: FLOOR,
      compatibilityDate: '2026-11-01',
      durableObjects: { ROWS: { className: 'OneRow', useSQLite: true } },
    },
    directory,
  );
}
