/** `npm run --silent secrets | npx wrangler secret put TOKEN_SIGNING_KEY`: a new key for a deployment. */
import { newSigningKey } from './support/signing-key.mjs';

console.log(newSigningKey());
