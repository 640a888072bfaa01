import type { RandomSource } from '../../domain/ids.ts';

/** Refresh tokens and tickets: 256 random bits as base64url. Only their hash is ever stored. */
export function newSecret(random: RandomSource): string {
  return Buffer.from(random(new Uint8Array(32))).toString('base64url');
}

/** SHA-256 in hexadecimal. A secret with 256 bits needs no slower hash. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  return Buffer.from(digest).toString('hex');
}
