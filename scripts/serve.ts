/**
 * Serves the marketplace on this machine: prepares secrets and tables, adds the demo accounts, starts `wrangler dev`,
 * fills an empty market with the demo once, and stays until Ctrl-C. `npm start` runs it after the install.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DEMO_ACCOUNTS, DEMO_PASSWORD, ensureDemoAccounts } from './support/demo-accounts.ts';
import { startLocalSchedule } from './support/local-schedule.ts';
import { settingsLeftOut } from './support/local-settings.ts';
import { onOrphaned, PROJECT_ENV, ROOT, run } from './support/project.mjs';

const STATE = join(ROOT, '.wrangler/state');
/** Lies in the state that it speaks of: a market that was deleted is filled again, and one from before the souk goes on. */
const SEEDED = join(STATE, 'demo-seeded-with-souk');
const LOG = join(ROOT, '.bourse/server.log');
/** A first start compiles the Worker on a cold disk. */
const START_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 5_000;
const LOG_TAIL_LINES = 30;

const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');

/** The server runs in a process group of its own, so that stopping it takes workerd along. */
function startServer(ip: string, port: number, url: string): ChildProcess {
  mkdirSync(join(ROOT, '.bourse'), { recursive: true });
  const log = openSync(LOG, 'w');
  const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
  const settings = settingsLeftOut(read('.dev.vars'), read('wrangler.toml'));
  const server = spawn(
    process.execPath,
    [
      WRANGLER,
      'dev',
      ...['--ip', ip, '--port', String(port), '--inspector-port', '0'],
      '--show-interactive-dev-session=false',
      ...['--var', `MAIL_ORIGIN:${url}`, ...settings],
    ],
    {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...PROJECT_ENV, BOURSE_PREPARED: '1', CI: 'true' },
    },
  );
  closeSync(log);
  return server;
}

function signalGroup(server: ChildProcess, signal: NodeJS.Signals): void {
  if (server.pid === undefined) return;
  try {
    process.kill(-server.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once('close', resolve));
  if (server.exitCode === null && server.signalCode === null) {
    signalGroup(server, 'SIGTERM');
    await Promise.race([ended, sleep(STOP_GRACE_MS, null, { ref: false })]);
  }
  signalGroup(server, 'SIGKILL');
}

async function isAlive(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok;
  } catch {
    return false;
  }
}

async function waitUntilAlive(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isAlive(url))) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error('wrangler dev ended by itself.');
    if (Date.now() > deadline) throw new Error('wrangler dev did not answer in time.');
    await sleep(200);
  }
}

function isPortFree(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, ip, () => probe.close(() => resolve(true)));
  });
}

function guide(url: string): string {
  const page = (path: string, what: string) => `    ${`${url}${path}`.padEnd(38)} ${what}`;
  return [
    '',
    '  Bourse is open.',
    '',
    page('/', 'the market: products and a live book'),
    page('/souk', 'the souk: things of shops and of neighbours'),
    page('/docs', 'the API, to read and to try'),
    page('/live', 'two demo users side by side: messages, offers, notifications'),
    page('/openapi.json', 'its description (OpenAPI 3.1)'),
    page('/asyncapi.json', 'the live feed (AsyncAPI 3.1)'),
    page('/mailbox', 'every mail and text that would have been sent'),
    page('/health', 'how every part is doing'),
    '',
    `  Demo accounts (password ${DEMO_PASSWORD}):`,
    `    ${DEMO_ACCOUNTS.map(({ email }) => email).join('   ')}`,
    '',
  ].join('\n');
}

/** Fills the market through its public API, unless an earlier start did. Resolves with whether it is whole. */
async function seedOnce(url: string): Promise<boolean> {
  if (existsSync(SEEDED)) return true;
  console.log(
    '  Filling the demo market. The pages above work meanwhile; Ctrl-C is safe, a restart resumes.\n',
  );
  const code = await run(process.execPath, [join(ROOT, 'scripts/seed.ts'), '--url', url]);
  if (code !== 0) return false;
  writeFileSync(SEEDED, `${new Date().toISOString()}\n`);
  console.log(guide(url));
  return true;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8787' },
      ip: { type: 'string', default: '127.0.0.1' },
      'no-seed': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('--port takes a port number.');
  if (!(await isPortFree(values.ip, port)))
    throw new Error(`Port ${port} is taken. Choose another: npm start -- --port 8788`);

  console.log('Preparing secrets, tables and demo accounts ...');
  const prepared = await run(process.execPath, [join(ROOT, 'scripts/prepare.mjs')], {
    env: { ...PROJECT_ENV, WRANGLER_COMMAND: 'dev' },
  });
  if (prepared !== 0) return prepared;
  await ensureDemoAccounts();

  console.log('Starting the server ...');
  const stopped = signalToStop();
  const url = `http://${values.ip === '0.0.0.0' ? '127.0.0.1' : values.ip}:${port}`;
  const server = startServer(values.ip, port, url);
  const ended = new Promise<'ended'>((resolve) => server.once('close', () => resolve('ended')));

  const open = async () => {
    await waitUntilAlive(url, server);
    startLocalSchedule(url);
    console.log(guide(url));
    const isWhole = values['no-seed'] || (await seedOnce(url));
    if (!isWhole) console.error('\n  The demo data is not complete, see above. The next start resumes it.\n');
    console.log('  The log of the server is in .bourse/server.log. Ctrl-C stops it.');
    return ended;
  };
  try {
    const outcome = await Promise.race([open(), ended, stopped]);
    if (outcome === 'stopped') return 0;
    throw new Error('wrangler dev ended by itself.');
  } catch (error) {
    console.error(readFileSync(LOG, 'utf8').split('\n').slice(-LOG_TAIL_LINES).join('\n'));
    throw error;
  } finally {
    await stopServer(server);
  }
}

/** Resolves at the first Ctrl-C, request to end or loss of npm; later ones change nothing, since the end is under way. */
function signalToStop(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => resolve('stopped'));
    onOrphaned(() => resolve('stopped'));
  });
}

process.exit(
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }),
);
