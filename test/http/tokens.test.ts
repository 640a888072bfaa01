import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { createJoseTokens } from '../../src/platform/tokens/jose-tokens.ts';

const NOW_MS = Date.UTC(2026, 10, 20);
const CLAIMS = { userId: 'usr_a', sessionId: 'ses_a', username: 'ann', roles: ['user'] };
const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes);

const newKey = () =>
  Buffer.from(JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))).toString(
    'base64url',
  );

const tokensOf = (TOKEN_SIGNING_KEY: string, TOKEN_PREVIOUS_KEY?: string) =>
  createJoseTokens({ TOKEN_SIGNING_KEY, TOKEN_PREVIOUS_KEY, ACCESS_TOKEN_SECONDS: 900 }, random);

describe('access tokens', () => {
  it('are JWTs of RFC 9068 under the thumbprint of their key', async () => {
    const tokens = tokensOf(newKey());
    const { token, expiresInSeconds } = await tokens.sign(CLAIMS, NOW_MS);
    const [key] = tokens.jwks().keys;
    expect(expiresInSeconds).toBe(900);
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: await calculateJwkThumbprint(key as Record<string, string>),
    });
    expect(decodeJwt(token)).toEqual({
      iss: 'bourse',
      aud: 'bourse',
      sub: 'usr_a',
      sid: 'ses_a',
      username: 'ann',
      roles: ['user'],
      jti: expect.stringMatching(/^\w{16}$/),
      iat: NOW_MS / 1000,
      exp: NOW_MS / 1000 + 900,
    });
  });

  it('are verified by whoever holds the key, and at once when seen before', async () => {
    const key = newKey();
    const { token } = await tokensOf(key).sign(CLAIMS, NOW_MS);
    const elsewhere = tokensOf(key);
    const expected = { ...CLAIMS, expiresAtMs: NOW_MS + 900_000 };
    const first = elsewhere.verify(token, NOW_MS);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual(expected);
    expect(elsewhere.verify(token, NOW_MS)).toEqual(expected);
  });

  it('end on time, seen before or not', async () => {
    const key = newKey();
    const tokens = tokensOf(key);
    const { token } = await tokens.sign(CLAIMS, NOW_MS);
    expect(tokens.verify(token, NOW_MS + 899_999)).not.toBeNull();
    expect(tokens.verify(token, NOW_MS + 900_000)).toBeNull();
    expect(await tokensOf(key).verify(token, NOW_MS + 900_000)).toBeNull();
  });

  it('of the key before stay good through a rotation, those of a stranger never are', async () => {
    const [before, after] = [newKey(), newKey()];
    const { token } = await tokensOf(before).sign(CLAIMS, NOW_MS);
    const rotated = tokensOf(after, before);
    expect(await rotated.verify(token, NOW_MS)).toMatchObject(CLAIMS);
    expect(rotated.jwks().keys).toHaveLength(2);
    expect(JSON.stringify(rotated.jwks())).not.toContain('"d"');
    expect(await tokensOf(after).verify(token, NOW_MS)).toBeNull();
  });

  it('need a signing key that is one', () => {
    expect(() => tokensOf(Buffer.from('{"kty":"RSA"}').toString('base64url'))).toThrow('TOKEN_SIGNING_KEY');
  });
});
