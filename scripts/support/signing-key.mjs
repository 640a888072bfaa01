import { generateKeyPairSync } from 'node:crypto';

const jwkOf = (privateKey) =>
  Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))).toString('base64url');

/** A new Ed25519 private key as base64url of its JWK: the form of TOKEN_SIGNING_KEY. */
export const newSigningKey = () => jwkOf(generateKeyPairSync('ed25519').privateKey);

/** A new ECDSA P-256 private key as base64url of its JWK: the form of VAPID_KEY. */
export const newVapidKey = () => jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
