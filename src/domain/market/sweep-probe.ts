/** What a sweep would find, without making it. Orders whose expiry has come are looked past. */
import { lineTotal } from '../money.ts';
import { isMarketable, type SelfTradeMode, type Side } from './order.ts';
import type { PriceLadder } from './price-ladder.ts';
import { isDue, type RestingOrder } from './resting-order.ts';

/** What taking a quantity now costs; `fills` is `[priceCents, quantity]` per order met, each a match of its own. */
export interface Quote {
  filled: number;
  totalCents: number;
  worstPriceCents: number | null;
  fills: [number, number][];
}

export interface Probe extends Quote {
  /** True when the taker's own order ends the sweep before the quantity is filled. */
  isBlockedByOwn: boolean;
}

export interface ProbedTaker {
  side: Side;
  /** Null takes any price. */
  limitCents: number | null;
  quantity: number;
  userId: string | null;
}

export function probeSweep(
  makers: PriceLadder,
  taker: ProbedTaker,
  selfTrade: SelfTradeMode,
  nowMs: number,
): Probe {
  const { side, limitCents, quantity, userId } = taker;
  const probe: Probe = { filled: 0, totalCents: 0, worstPriceCents: null, fills: [], isBlockedByOwn: false };
  for (const maker of makers.orders()) {
    const { priceCents, userId: makerId, quantity: total, filled } = maker.state;
    if (probe.filled === quantity) break;
    if (limitCents !== null && !isMarketable(side, limitCents, priceCents)) break;
    if (isDue(maker, nowMs)) continue;
    if (makerId === userId) {
      if (selfTrade === 'cancel_oldest') continue;
      probe.isBlockedByOwn = true;
      break;
    }
    const taken = Math.min(quantity - probe.filled, total - filled);
    probe.fills.push([priceCents, taken]);
    probe.filled += taken;
    probe.totalCents += lineTotal(priceCents, taken);
    probe.worstPriceCents = priceCents;
  }
  return probe;
}

/** The first order of the side that can still trade. */
export function firstLive(makers: PriceLadder, nowMs: number): RestingOrder | null {
  for (const order of makers.orders()) if (!isDue(order, nowMs)) return order;
  return null;
}
