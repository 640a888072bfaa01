/** Counts requests by key in windows of one minute. */
export interface RateLimiter {
  /** Seconds to wait when `key` is over `perMinute`, else 0; `cost` is how much this one counts, 1 by default. A limit of 0 means no limit. */
  check(key: string, perMinute: number, nowMs: number, cost?: number): number;
}
