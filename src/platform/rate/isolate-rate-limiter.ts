import type { RateLimiter } from './rate-limiter.ts';

const WINDOW_MS = 60_000;
/** Bounds the memory that a crowd of addresses can take; beyond it the oldest windows are forgotten. */
const MAX_KEYS = 20_000;

/** Fixed windows in the memory of one isolate: no I/O on the way of a request. */
export function createIsolateRateLimiter(): RateLimiter {
  const windows = new Map<string, { startMs: number; count: number }>();
  return {
    check(key, perMinute, nowMs, cost = 1) {
      if (perMinute === 0) return 0;
      const window = windows.get(key);
      if (window === undefined || nowMs - window.startMs >= WINDOW_MS) {
        windows.delete(key);
        if (windows.size >= MAX_KEYS) windows.delete(windows.keys().next().value as string);
        windows.set(key, { startMs: nowMs, count: cost });
        return cost <= perMinute ? 0 : Math.ceil(WINDOW_MS / 1000);
      }
      window.count += cost;
      return window.count <= perMinute
        ? 0
        : Math.max(1, Math.ceil((window.startMs + WINDOW_MS - nowMs) / 1000));
    },
  };
}
