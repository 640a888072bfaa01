/** The caller whom the Worker has verified, as headers of the upgrade that it hands to an object. */
export const IDENTITY_HEADERS = {
  userId: 'X-Bourse-User',
  sessionId: 'X-Bourse-Session',
  expiresAtMs: 'X-Bourse-Expires',
  protocol: 'X-Bourse-Protocol',
} as const;
