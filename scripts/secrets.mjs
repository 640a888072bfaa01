/**
 * `npm run --silent secrets | npx wrangler secret put TOKEN_SIGNING_KEY`: a new key for a deployment; with `-- data` one
 * for DATA_KEY.
 */
import { randomBytes } from 'node:crypto';
import { newSigningKey } from './support/signing-key.mjs';

console.log(process.argv[2] === 'data' ? randomBytes(32).toString('base64url') : newSigningKey());
