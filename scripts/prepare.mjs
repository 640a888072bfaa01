/** What a fresh checkout needs before `wrangler dev` or a test run: local secrets. Safe to run any number of times. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const devVars = fileURLToPath(new URL('../.dev.vars', import.meta.url));

/** A new Ed25519 private key as base64url of its JWK: the form of TOKEN_SIGNING_KEY. */
export function newSigningKey() {
  const { privateKey } = generateKeyPairSync('ed25519');
  return Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))).toString('base64url');
}

/** Local defaults: one address may run a load test, and secrets are random for each checkout. */
const LOCAL_DEFAULTS = {
  ENVIRONMENT: 'local',
  RATE_READS_PER_ADDRESS: '0',
  RATE_WRITES_PER_ADDRESS: '0',
  RATE_WRITES_PER_USER: '0',
  RATE_AUTH_PER_ADDRESS: '0',
};

export function prepareSecrets() {
  const present = existsSync(devVars) ? readFileSync(devVars, 'utf8') : '';
  const missing = Object.entries({ ...LOCAL_DEFAULTS, TOKEN_SIGNING_KEY: undefined })
    .filter(([name]) => !new RegExp(`^${name}=`, 'm').test(present))
    .map(([name, value]) => `${name}=${value ?? newSigningKey()}`);
  if (missing.length === 0) return;
  const separator = present === '' || present.endsWith('\n') ? '' : '\n';
  writeFileSync(devVars, `${present}${separator}${missing.join('\n')}\n`, { mode: 0o600 });
}

// `wrangler deploy` runs the same build step: secrets of a deployment are set with `wrangler secret put`.
if (process.env.WRANGLER_COMMAND !== 'deploy') prepareSecrets();
