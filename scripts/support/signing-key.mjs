import { generateKeyPairSync } from 'node:crypto';

/** A new Ed25519 private key as base64url of its JWK: the form of TOKEN_SIGNING_KEY. */
export function newSigningKey() {
  const { privateKey } = generateKeyPairSync('ed25519');
  return Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))).toString('base64url');
}
