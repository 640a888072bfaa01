import { setTimeout as sleep } from 'node:timers/promises';

/** Works through the items in order, at most `limit` at a time. The first error stops new work and is thrown. */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        await work(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

/** Lets calls through at most `perSecond`, evenly spaced; null lets them all through. */
export function createPacer(
  perSecond: number | null,
  now: () => number = () => performance.now(),
  wait: (ms: number) => Promise<unknown> = sleep,
): () => Promise<void> {
  if (perSecond === null) return async () => {};
  const gapMs = 1000 / perSecond;
  let nextMs = 0;
  return async () => {
    const nowMs = now();
    const slotMs = Math.max(nowMs, nextMs);
    nextMs = slotMs + gapMs;
    if (slotMs > nowMs) await wait(slotMs - nowMs);
  };
}
