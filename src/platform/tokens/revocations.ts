/** What an admin can switch off for a user. */
export type TradingSide = 'buy' | 'sell';

/**
 * Sessions ended within the life of an access token. Each isolate keeps the short list in memory and refreshes it in the
 * background, so that a signed-in request reads no database; where the logout happens it applies at once.
 */
export interface Revocations {
  isRevoked(sessionId: string): boolean;
  /** Why a session ended, such as `logout` or `suspended`; null for one that has not, or without a reason. */
  reasonOf(sessionId: string): string | null;
  /** Takes effect in this isolate at once; the database row is the caller's to write. */
  add(sessionId: string, nowMs: number, reason?: string): void;
  /**
   * Whether an admin has switched buying or selling off for this user, as far as this isolate has read: for what must not
   * wait for a database. Whoever asks one anyway reads the user's row.
   */
  isWithheld(userId: string, side: TradingSide): boolean;
  /** What is withheld from a user from now on; in this isolate at once, as for a session. */
  withhold(userId: string, sides: readonly TradingSide[]): void;
  /** Starts a background refresh when the list is older than its period; never awaited by a request. */
  refreshIfStale(nowMs: number): Promise<void> | null;
}
