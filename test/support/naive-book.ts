/**
 * The rules of the order book written the slow and obvious way: one array, filtered and sorted afresh for every
 * command, tried on a copy and kept only when accepted. It shares types with the engine and no code.
 */
import type {
  AmendPatch,
  BookRules,
  CloseReason,
  Fill,
  OrderState,
  PlaceCommand,
  PreventedMatch,
  RejectionCode,
  Sale,
  Side,
} from '../../src/domain/market/order.ts';

export interface NaiveChange {
  seq: number;
  atMs: number;
  orders: OrderState[];
  fills: Fill[];
  prevented: PreventedMatch[];
}

export type NaiveResult = { change: NaiveChange } | { refused: RejectionCode };

interface Sweep {
  orders: OrderState[];
  taker: OrderState;
  touched: OrderState[];
  fills: Fill[];
  prevented: PreventedMatch[];
}

export class NaiveBook {
  rules: BookRules;
  lastSeq = 0;
  lastSale: Sale | null = null;
  /** Every open order, in no particular order. */
  orders: OrderState[] = [];

  constructor(rules: BookRules) {
    this.rules = { ...rules };
  }

  place(command: PlaceCommand, now: number): NaiveResult {
    const { side, userId, clientId, priceCents, quantity, timeInForce, postOnly, expiresAtMs } = command;
    const live = this.liveAt(now);
    const early = this.refuseByStatus() ?? this.refusePrice(priceCents) ?? refuseQuantity(quantity);
    if (early) return { refused: early };
    const late = refuseExpiry(expiresAtMs, timeInForce === 'gtt', now);
    if (late) return { refused: late };
    if (!command.confirm && this.isOutsideCollar(priceCents, now)) return { refused: 'price_outside_collar' };

    const seq = this.lastSeq + 1;
    const order: OrderState = {
      seq,
      prioritySeq: seq,
      side,
      userId,
      clientId,
      priceCents,
      quantity,
      filled: 0,
      timeInForce,
      postOnly,
      expiresAtMs,
      createdAtMs: now,
      updatedAtMs: now,
      status: 'active',
      closeReason: null,
      version: 1,
    };
    const sweep = this.trySweep(order, live, now);
    const openCount = live.filter((other) => other.userId === userId).length;
    if (sweep.taker.status === 'active' && openCount >= this.rules.maxOpenOrdersPerUser) {
      return { refused: 'open_order_limit' };
    }
    if (timeInForce === 'fok' && sweep.taker.filled < quantity) return { refused: 'fok_unfillable' };
    const refused = this.refuseCross(order, sweep, live);
    return refused ? { refused } : this.commit(sweep, now);
  }

  amend(seq: number, userId: string, patch: AmendPatch, now: number): NaiveResult {
    const byStatus = this.refuseByStatus();
    if (byStatus) return { refused: byStatus };
    const live = this.liveAt(now);
    const current = live.find((order) => order.seq === seq && order.userId === userId);
    if (!current) return { refused: 'not_resting' };
    const wanted = { ...current, ...withoutUndefined(patch) };
    const samePrice = wanted.priceCents === current.priceCents;
    const sameExpiry = wanted.expiresAtMs === current.expiresAtMs;
    if (samePrice && sameExpiry && wanted.quantity === current.quantity)
      return { refused: 'nothing_to_amend' };
    const shape = (samePrice ? null : this.refusePrice(wanted.priceCents)) ?? refuseQuantity(wanted.quantity);
    if (shape) return { refused: shape };
    if (wanted.quantity <= current.filled) return { refused: 'quantity_below_filled' };
    const late = refuseExpiry(wanted.expiresAtMs, wanted.timeInForce === 'gtt', now);
    if (late) return { refused: late };
    if (!samePrice && !patch.confirm && this.isOutsideCollar(wanted.priceCents, now)) {
      return { refused: 'price_outside_collar' };
    }
    const keepsPlace = samePrice && sameExpiry && wanted.quantity < current.quantity;
    const order: OrderState = {
      ...current,
      priceCents: wanted.priceCents,
      quantity: wanted.quantity,
      expiresAtMs: wanted.expiresAtMs,
      updatedAtMs: now,
      version: current.version + 1,
      prioritySeq: keepsPlace ? current.prioritySeq : this.lastSeq + 1,
    };
    const others = live.filter((other) => other !== current);
    const sweep = this.trySweep(order, others, now);
    const refused = this.refuseCross(order, sweep, others);
    return refused ? { refused } : this.commit(sweep, now);
  }

  cancel(seq: number, userId: string | null, reason: CloseReason, now: number): NaiveResult {
    const order = this.liveAt(now).find((open) => open.seq === seq);
    if (!order || (userId !== null && order.userId !== userId)) return { refused: 'not_resting' };
    const closed = closedCopy(order, 'cancelled', reason, now);
    const expired = this.dueAt(now);
    this.orders = this.liveAt(now).filter((open) => open !== order);
    return { change: this.next(now, [closed, ...expired]) };
  }

  cancelAll(userId: string | null, reason: CloseReason, now: number): NaiveChange | null {
    const theirs = (order: OrderState) => userId === null || order.userId === userId;
    const expired = this.dueAt(now);
    const listed = userId === null ? this.resting() : this.openOrders(userId);
    const closed = listed
      .filter((order) => !isDue(order, now) && theirs(order))
      .map((order) => closedCopy(order, 'cancelled', reason, now));
    if (closed.length + expired.length === 0) return null;
    this.orders = this.liveAt(now).filter((order) => !theirs(order));
    return this.next(now, [...expired, ...closed]);
  }

  expireDue(now: number, limit: number): NaiveChange | null {
    const expired = this.dueAt(now).slice(0, limit);
    if (expired.length === 0) return null;
    this.orders = this.orders.filter((order) => !expired.some((gone) => gone.seq === order.seq));
    return this.next(now, expired);
  }

  setRules(rules: Partial<BookRules>, now: number): NaiveChange {
    this.rules = { ...this.rules, ...rules };
    return this.next(now, []);
  }

  recordSale(priceCents: number, atMs: number): void {
    if (!this.lastSale || atMs >= this.lastSale.atMs) this.lastSale = { priceCents, atMs };
  }

  /** Bids, then asks, each by price and then by priority. */
  resting(): OrderState[] {
    return [...sortedSide(this.orders, 'bid'), ...sortedSide(this.orders, 'ask')];
  }

  openOrders(userId: string): OrderState[] {
    return this.orders.filter((order) => order.userId === userId).sort((a, b) => a.seq - b.seq);
  }

  depth(): { bids: number[][]; asks: number[][] } {
    return { bids: ladderOf(this.orders, 'bid'), asks: ladderOf(this.orders, 'ask') };
  }

  nextExpiryMs(): number | null {
    const times = this.orders.map((order) => order.expiresAtMs).filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  private liveAt(now: number): OrderState[] {
    return this.orders.filter((order) => !isDue(order, now));
  }

  private dueAt(now: number): OrderState[] {
    return this.orders
      .filter((order) => isDue(order, now))
      .sort((a, b) => a.expiresAtMs! - b.expiresAtMs! || a.seq - b.seq)
      .map((order) => closedCopy(order, 'expired', 'expired', now));
  }

  private next(atMs: number, orders: OrderState[]): NaiveChange {
    this.lastSeq += 1;
    return { seq: this.lastSeq, atMs, orders, fills: [], prevented: [] };
  }

  private trySweep(order: OrderState, live: OrderState[], now: number): Sweep {
    const taker = { ...order };
    const sweep: Sweep = {
      orders: live.map((other) => ({ ...other })),
      taker,
      touched: [],
      fills: [],
      prevented: [],
    };
    const makerSide = taker.side === 'bid' ? 'ask' : 'bid';
    while (taker.filled < taker.quantity && taker.status === 'active') {
      const maker = sortedSide(sweep.orders, makerSide)[0];
      if (!maker || !crosses(taker, maker)) break;
      const quantity = Math.min(taker.quantity - taker.filled, maker.quantity - maker.filled);
      if (maker.userId === taker.userId) {
        const { seq: makerSeq, priceCents } = maker;
        sweep.prevented.push({ makerSeq, takerUserId: taker.userId, priceCents, quantity });
        if (this.rules.selfTrade === 'cancel_newest') {
          taker.status = 'cancelled';
          taker.closeReason = 'self_trade';
        } else {
          sweep.touched.push(closedCopy(maker, 'cancelled', 'self_trade', now));
          sweep.orders = sweep.orders.filter((other) => other !== maker);
        }
        continue;
      }
      const [bid, ask] = taker.side === 'bid' ? [taker, maker] : [maker, taker];
      sweep.fills.push({
        bidSeq: bid.seq,
        askSeq: ask.seq,
        buyerId: bid.userId,
        sellerId: ask.userId,
        priceCents: this.rules.priceRule === 'ask' ? ask.priceCents : maker.priceCents,
        quantity,
        takerSide: taker.side,
      });
      taker.filled += quantity;
      maker.filled += quantity;
      maker.updatedAtMs = now;
      maker.version += 1;
      if (maker.filled === maker.quantity) {
        maker.status = 'matched';
        maker.closeReason = 'filled';
        sweep.orders = sweep.orders.filter((other) => other !== maker);
      }
      sweep.touched.push(maker);
    }
    if (taker.status === 'active' && taker.filled === taker.quantity) {
      taker.status = 'matched';
      taker.closeReason = 'filled';
    } else if (taker.status === 'active' && ['ioc', 'fok'].includes(taker.timeInForce)) {
      taker.status = 'cancelled';
      taker.closeReason = 'remainder';
    }
    if (taker.status === 'active') sweep.orders.push(taker);
    return sweep;
  }

  private commit(sweep: Sweep, now: number): NaiveResult {
    const expired = this.dueAt(now);
    this.orders = sweep.orders;
    for (const fill of sweep.fills) this.recordSale(fill.priceCents, now);
    const change = this.next(now, [
      { ...sweep.taker },
      ...expired,
      ...sweep.touched.map((order) => ({ ...order })),
    ]);
    return { change: { ...change, fills: sweep.fills, prevented: sweep.prevented } };
  }

  private refuseCross(order: OrderState, sweep: Sweep, live: OrderState[]): RejectionCode | null {
    if (order.postOnly && live.some((other) => other.side !== order.side && crosses(order, other))) {
      return 'post_only_would_cross';
    }
    const isSelfTradeAlone = sweep.taker.closeReason === 'self_trade' && sweep.fills.length === 0;
    return isSelfTradeAlone ? 'self_trade_prevented' : null;
  }

  private refuseByStatus(): RejectionCode | null {
    if (this.rules.status === 'halted') return 'book_halted';
    return this.rules.status === 'cancel_only' ? 'book_cancel_only' : null;
  }

  private refusePrice(price: number): RejectionCode | null {
    if (!Number.isSafeInteger(price) || price < 1 || price > 10 ** 12) return 'invalid_price';
    return price % this.rules.tickCents === 0 ? null : 'price_off_tick';
  }

  private isOutsideCollar(price: number, now: number): boolean {
    const { collarFactor, retailCents } = this.rules;
    const live = this.liveAt(now);
    const bid = sortedSide(live, 'bid')[0];
    const ask = sortedSide(live, 'ask')[0];
    const midpoint = bid && ask ? Math.floor((bid.priceCents + ask.priceCents) / 2) : null;
    const reference = this.lastSale?.priceCents ?? midpoint ?? retailCents;
    if (collarFactor === null || reference === null) return false;
    return price > reference * collarFactor || price < reference / collarFactor;
  }
}

export function ladderOf(orders: readonly OrderState[], side: Side): number[][] {
  const levels = new Map<number, number[]>();
  for (const { priceCents, quantity, filled } of sortedSide(orders, side)) {
    const [, total, count] = levels.get(priceCents) ?? [priceCents, 0, 0];
    levels.set(priceCents, [priceCents, total! + quantity - filled, count! + 1]);
  }
  return [...levels.values()];
}

function sortedSide(orders: readonly OrderState[], side: Side): OrderState[] {
  const direction = side === 'bid' ? -1 : 1;
  return orders
    .filter((order) => order.side === side)
    .sort((a, b) => direction * (a.priceCents - b.priceCents) || a.prioritySeq - b.prioritySeq);
}

function crosses(taker: OrderState, maker: OrderState): boolean {
  return taker.side === 'bid' ? taker.priceCents >= maker.priceCents : taker.priceCents <= maker.priceCents;
}

function isDue(order: OrderState, now: number): boolean {
  return order.expiresAtMs !== null && order.expiresAtMs <= now;
}

function closedCopy(
  order: OrderState,
  status: 'cancelled' | 'expired',
  closeReason: CloseReason,
  updatedAtMs: number,
): OrderState {
  return { ...order, status, closeReason, updatedAtMs, version: order.version + 1 };
}

function refuseQuantity(quantity: number): RejectionCode | null {
  return Number.isSafeInteger(quantity) && quantity > 0 && quantity <= 100 ? null : 'invalid_quantity';
}

function refuseExpiry(expiresAtMs: number | null, isRequired: boolean, now: number): RejectionCode | null {
  if (expiresAtMs === null) return isRequired ? 'invalid_expiry' : null;
  return expiresAtMs > now ? null : 'order_expired';
}

function withoutUndefined({ priceCents, quantity, expiresAtMs }: AmendPatch): Partial<OrderState> {
  return {
    ...(priceCents === undefined ? {} : { priceCents }),
    ...(quantity === undefined ? {} : { quantity }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
