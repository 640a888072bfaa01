/**
 * New keys for a deployment: `npm run --silent secrets | npx wrangler secret put TOKEN_SIGNING_KEY`; with `-- data` one
 * for DATA_KEY, with `-- vapid` one for VAPID_KEY.
 */
import { randomBytes } from 'node:crypto';
import { newSigningKey, newVapidKey } from './support/signing-key.mjs';

const KINDS = {
  signing: newSigningKey,
  data: () => randomBytes(32).toString('base64url'),
  vapid: newVapidKey,
};

console.log((KINDS[process.argv[2] ?? 'signing'] ?? newSigningKey)());
