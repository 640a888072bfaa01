import { type BookAddress, signToken } from './bourse.ts';
import type { Bench } from './context.ts';
import { perSecond } from './measure.ts';
import type { TradePlan, TradeSample } from './sockets.ts';

export const TRADING_SOCKETS = 4;
export const ORDERS_PER_FRAME = 50;
const FRAMES_IN_FLIGHT = 3;

export function socketUrl(url: string, { productId, sizeId }: BookAddress): string {
  return `${url.replace('http', 'ws')}/api/v1/market/${productId}/${sizeId}/ws`;
}

/** Full frames from a few sockets, several of them in flight. */
export async function tradePlan(bench: Bench, url: string): Promise<TradePlan> {
  const names = Array.from({ length: TRADING_SOCKETS }, (_, index) => `socket${index}`);
  return {
    action: 'trade',
    url,
    tokens: await Promise.all(names.map((name) => signToken(name))),
    ordersPerFrame: ORDERS_PER_FRAME,
    framesInFlight: FRAMES_IN_FLIGHT,
    warmUpSeconds: bench.warmUpSeconds,
    seconds: bench.seconds,
  };
}

export function describeTrade({ perSecond: rate, refused }: TradeSample): string {
  const refusals = Object.keys(refused).length === 0 ? '' : `, refused ${JSON.stringify(refused)}`;
  return `${perSecond(rate)}${refusals}`;
}
