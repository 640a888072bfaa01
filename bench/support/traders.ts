import { type BookAddress, signTokens } from './bourse.ts';
import type { Requests } from './load.ts';

/** Access tokens of the users who place orders. */
export interface Traders {
  buyers: string[];
  sellers: string[];
}

const SEED = 20_261_121;

export async function signTraders(): Promise<Traders> {
  return { buyers: await signTokens('buyer'), sellers: await signTokens('seller') };
}

/** The same orders wherever they are sent. */
export function orderRequests(url: string, book: BookAddress, traders: Traders): Requests {
  return { kind: 'orders', url, ...book, ...traders, seed: SEED, run: crypto.randomUUID() };
}
