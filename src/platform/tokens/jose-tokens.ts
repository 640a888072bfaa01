import { createHash } from 'node:crypto';
import { errors, importJWK, type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type RandomSource, randomKey } from '../../domain/ids.ts';
import type { AccessClaims, AccessTokens } from './tokens.ts';

const ISSUER = 'bourse';
const AUDIENCE = 'bourse';
const ALGORITHM = 'EdDSA';
const TYPE = 'at+jwt';

/** Bounds the memory of verified tokens; beyond it the oldest are verified again. */
const MAX_CACHED = 5_000;

const PrivateJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
  d: z.base64url().length(43),
});
type PrivateJwk = z.infer<typeof PrivateJwk>;

const Payload = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  username: z.string().min(1),
  roles: z.array(z.string()),
  exp: z.number(),
});

interface TokenConfig {
  TOKEN_SIGNING_KEY: string;
  TOKEN_PREVIOUS_KEY?: string | undefined;
  ACCESS_TOKEN_SECONDS: number;
}

/** Reads base64url of a private JWK. The error names the setting, never its value. */
function parseKey(name: string, encoded: string): PrivateJwk {
  try {
    return PrivateJwk.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
  } catch {
    throw new Error(`${name} is not base64url of a private Ed25519 JWK`);
  }
}

/** RFC 7638: the SHA-256 of the required members in lexical order. */
const thumbprint = ({ crv, kty, x }: PrivateJwk): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');

/** A key that is imported when it is first needed; the promise is kept, so the import happens once. */
function importedOnce(jwk: Record<string, string>): () => ReturnType<typeof importJWK> {
  let imported: ReturnType<typeof importJWK> | undefined;
  return () => {
    imported ??= importJWK(jwk, ALGORITHM);
    return imported;
  };
}

/**
 * Access tokens signed with the one configured key and verified with it or the one before. The algorithm, issuer,
 * audience and type are pinned here and the key is picked by `kid` from these two alone: whatever a token's header says
 * about keys (`jwk`, `jku`, `x5u`) is never looked at (RFC 8725).
 */
export function createJoseTokens(config: TokenConfig, random: RandomSource): AccessTokens {
  const signing = parseKey('TOKEN_SIGNING_KEY', config.TOKEN_SIGNING_KEY);
  const trusted = config.TOKEN_PREVIOUS_KEY
    ? [signing, parseKey('TOKEN_PREVIOUS_KEY', config.TOKEN_PREVIOUS_KEY)]
    : [signing];
  const kid = thumbprint(signing);
  const privateKey = importedOnce(signing);
  const publicJwks = trusted.map((key) => ({
    kty: key.kty,
    crv: key.crv,
    x: key.x,
    kid: thumbprint(key),
    alg: ALGORITHM,
    use: 'sig',
  }));
  const publicKeys = new Map(publicJwks.map((jwk) => [jwk.kid, importedOnce(jwk)]));

  const cache = new Map<string, AccessClaims>();
  const remember = (token: string, claims: AccessClaims) => {
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string);
    cache.set(token, claims);
  };

  const publicKey = (header: JWTHeaderParameters) => {
    const key = publicKeys.get(header.kid ?? '');
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key();
  };

  async function verifyUnseen(token: string, nowMs: number): Promise<AccessClaims | null> {
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: ['sub', 'sid', 'iat', 'exp', 'jti'],
        currentDate: new Date(nowMs),
      });
      const { sub, sid, username, roles, exp } = Payload.parse(payload);
      const claims = { userId: sub, sessionId: sid, username, roles, expiresAtMs: exp * 1000 };
      remember(token, claims);
      return claims;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return null;
      throw error;
    }
  }

  return {
    async sign(claims, nowMs) {
      const issuedAt = Math.floor(nowMs / 1000);
      const expiresAt = issuedAt + config.ACCESS_TOKEN_SECONDS;
      const token = await new SignJWT({
        sid: claims.sessionId,
        username: claims.username,
        roles: [...claims.roles],
      })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(claims.userId)
        .setJti(randomKey(random))
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(await privateKey());
      remember(token, {
        userId: claims.userId,
        sessionId: claims.sessionId,
        username: claims.username,
        roles: [...claims.roles],
        expiresAtMs: expiresAt * 1000,
      });
      return { token, expiresInSeconds: config.ACCESS_TOKEN_SECONDS };
    },

    verify(token, nowMs) {
      const known = cache.get(token);
      if (known === undefined) return verifyUnseen(token, nowMs);
      if (known.expiresAtMs > nowMs) return known;
      cache.delete(token);
      return null;
    },

    jwks: () => ({ keys: publicJwks }),
  };
}
