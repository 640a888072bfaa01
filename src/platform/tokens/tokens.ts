export interface AccessClaims {
  userId: string;
  sessionId: string;
  username: string;
  roles: readonly string[];
  expiresAtMs: number;
}

/** Signed access tokens: RFC 9068 (`at+jwt`), EdDSA, `kid` by RFC 7638. */
export interface AccessTokens {
  sign(
    claims: Omit<AccessClaims, 'expiresAtMs'>,
    nowMs: number,
  ): Promise<{ token: string; expiresInSeconds: number }>;
  /**
   * The claims of a genuine, unexpired token of a live session, else null. A token verified before in this isolate is
   * answered without cryptography; then the answer is synchronous, which the hot path relies on.
   */
  verify(token: string, nowMs: number): AccessClaims | null | Promise<AccessClaims | null>;
  /** Public keys as a JWK set (RFC 7517). */
  jwks(): { keys: Record<string, unknown>[] };
}
