/**
 * What a command needs on a machine that has nothing but some node and npm: the packages of this checkout, and the Node
 * they pin. Plain JavaScript for Node 20, since it runs before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BIN = join(ROOT, 'node_modules', '.bin');

/** The environment in which `node` and every tool are the project's own, whatever the system has. */
export const PROJECT_ENV = {
  ...process.env,
  PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}`,
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  // The dev server's own store of traces makes every order cost twice as much; set it to true to look into them.
  X_LOCAL_OBSERVABILITY: process.env.X_LOCAL_OBSERVABILITY ?? 'false',
};

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

/** Whether node_modules holds what package-lock.json asks for. npm writes its own list last, so a broken install shows. */
export function isInstalled(root = ROOT) {
  const installedList = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedList)) return false;
  const installed = packagesOf(installedList);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

/**
 * Installs the locked packages unless they are there, with npm's own progress. Not `npm ci`: that refuses a lock file
 * which leaves out optional packages of other platforms, as one made behind a partial mirror does. The versions are the
 * locked ones all the same, and nothing is written but node_modules.
 */
export async function ensureInstalled() {
  if (isInstalled()) return;
  console.log('Installing the packages of this checkout; the first time takes a minute or two ...');
  const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--progress=true'];
  const code = await run('npm', ['install', ...options], { env: process.env });
  if (code !== 0) throw new Error('npm install failed: see above.');
}

const ORPHAN_CHECK_MS = 1_000;

/**
 * Calls back once when the process that started this one is gone. npm ends without telling what it runs, and the
 * servers would stay; a process that was not started by npm may outlive its shell on purpose.
 */
export function onOrphaned(callback) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, ORPHAN_CHECK_MS);
  timer.unref();
}

/** Runs a command in the checkout and resolves with its exit code. Signals to this process go on to the command. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: PROJECT_ENV, stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    onOrphaned(() => forward('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    });
  });
}

/** Installs what is missing, then runs a script of this project with the project's own Node. */
export async function runWithProjectNode(script, args) {
  await ensureInstalled();
  return run(join(BIN, 'node'), [join(ROOT, script), ...args]);
}
