import { isStale } from '../../db/client.ts';
import { problem } from '../../http/problem.ts';

/** Every loss means that another writer won, so a crowd on one row drains; this bounds how long the last one waits. */
const ATTEMPTS = 16;

/**
 * Repeats a read-check-write whose guarded batch found the row changed since it was read. The attempt reads again, so an
 * edit against a given version is refused by its own check, and one that takes any version goes through.
 */
export async function retryStale<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'Too many edits of this product at once; try again.');
}
