/**
 * What a fresh checkout needs before it serves: local secrets, the documentation page's files, and the tables of the
 * local database. Wrangler runs it as its build step; it is safe to run any number of times.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newSigningKey, newVapidKey } from './support/signing-key.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEV_VARS = join(ROOT, '.dev.vars');
const VENDOR = join(ROOT, 'src/web/public/vendor');
const { resolve: resolvePackage } = createRequire(import.meta.url);

/** Local defaults: one address may run a load test, and secrets are random for each checkout. */
const LOCAL_DEFAULTS = {
  ENVIRONMENT: 'local',
  RATE_READS_PER_ADDRESS: '0',
  RATE_WRITES_PER_ADDRESS: '0',
  RATE_WRITES_PER_USER: '0',
  RATE_AUTH_PER_ADDRESS: '0',
  MAIL_MODE: 'mailbox',
};

const DOCS_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];

const newDataKey = () => randomBytes(32).toString('base64url');
const newSharedSecret = () => randomBytes(32).toString('hex');

function prepareSecrets() {
  const present = existsSync(DEV_VARS) ? readFileSync(DEV_VARS, 'utf8') : '';
  const secrets = {
    TOKEN_SIGNING_KEY: newSigningKey,
    DATA_KEY: newDataKey,
    CARRIER_WEBHOOK_SECRET: newSharedSecret,
    VAPID_KEY: newVapidKey,
    STRIPE_WEBHOOK_SECRET: () => `whsec_${newSharedSecret()}`,
  };
  const missing = Object.entries({ ...LOCAL_DEFAULTS, ...secrets })
    .filter(([name]) => !new RegExp(`^${name}=`, 'm').test(present))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : value()}`);
  if (missing.length === 0) return;
  const separator = present === '' || present.endsWith('\n') ? '' : '\n';
  writeFileSync(DEV_VARS, `${present}${separator}${missing.join('\n')}\n`, { mode: 0o600 });
}

/** The documentation page is served from here, so that no page of ours asks another host for anything. */
function copyDocsFiles() {
  const from = dirname(resolvePackage('swagger-ui-dist/package.json'));
  mkdirSync(VENDOR, { recursive: true });
  for (const name of DOCS_FILES) copyFileSync(join(from, name), join(VENDOR, name));
}

function migrateLocalDatabase() {
  const wrangler = join(dirname(resolvePackage('wrangler/package.json')), 'bin/wrangler.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, 'd1', 'migrations', 'apply', 'DB', '--local'],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', env: { ...process.env, CI: 'true' } },
  );
  if (status !== 0) throw new Error(`The migrations of the local database failed:\n${stdout}${stderr}`);
}

// A deployment has its own secrets (`wrangler secret put`) and its own database (`npm run deploy`).
const isDeployment = process.env.WRANGLER_COMMAND === 'deploy';
copyDocsFiles();
if (!isDeployment) prepareSecrets();
if (process.env.WRANGLER_COMMAND === 'dev' && process.env.BOURSE_PREPARED !== '1') migrateLocalDatabase();
