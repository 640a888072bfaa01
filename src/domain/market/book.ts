/**
 * The matching engine: one order book in memory, price then time. It is deterministic: the clock is a parameter, time
 * only decides what has expired, and priority is the sequence number. Every accepted command takes the next sequence
 * number and returns a `Change` with all it did; a refused one changes nothing at all. Rules: product model C.2.
 *
 * An order whose expiry has come is gone for every command, even while it still sits in the book: accepted commands
 * remove all such orders first and report them in their change, and refused ones look past them. Reads without a time
 * show the book as the last command left it, so a reader calls `expireDue` first.
 */
import { midpointCents } from '../money.ts';
import { err, ok, type Result } from '../result.ts';
import { ExpiryCalendar } from './expiry-calendar.ts';
import { OpenOrders } from './open-orders.ts';
import {
  type AmendPatch,
  type BookRules,
  type Change,
  type CloseReason,
  isMarketable,
  type LevelChange,
  MAX_RELINKS,
  type OrderState,
  oppositeOf,
  type PlaceCommand,
  type Rejection,
  type RelinkRefusal,
  type Sale,
  type Side,
} from './order.ts';
import { checkCollar, checkExpiry, checkOpen, checkPrice, checkQuantity } from './order-checks.ts';
import { type ClosedStatus, closedBy, revise } from './order-revision.ts';
import { type LevelRow, type LevelView, PriceLadder } from './price-ladder.ts';
import { isDue, type Level, type RestingOrder } from './resting-order.ts';
import { firstLive, type Probe, type ProbedTaker, probeSweep, type Quote } from './sweep-probe.ts';

export class Book {
  private currentRules: BookRules;
  private sequence = 0;
  private latestSale: Sale | null = null;
  private readonly bids = new PriceLadder('bid');
  private readonly asks = new PriceLadder('ask');
  private readonly open = new OpenOrders();
  private readonly expiries = new ExpiryCalendar();
  /** The levels the running command has touched: the first `touchedCount`, the rest is left from earlier commands. */
  private readonly touched: Level[] = [];
  private touchedCount = 0;

  constructor(rules: BookRules) {
    this.currentRules = { ...rules };
  }

  /** The book as it stood: its open orders in any order, the last sequence number given out and the last sale. */
  static rebuild(
    rules: BookRules,
    { lastSeq, lastSale }: { lastSeq: number; lastSale: Sale | null },
    orders: Iterable<OrderState>,
  ): Book {
    const book = new Book(rules);
    for (const order of [...orders].sort((a, b) => a.prioritySeq - b.prioritySeq)) book.restore(order);
    book.sequence = Math.max(book.sequence, lastSeq);
    book.latestSale = lastSale;
    return book;
  }

  // --- Commands ---

  /** Places an order; the change's `seq` is the order's. Checks run in the order of product model C.2. */
  place(command: PlaceCommand, nowMs: number): Result<Change, Rejection> {
    const rejection = this.checkPlace(command, nowMs);
    if (rejection !== null) return err(rejection);
    const seq = this.sequence + 1;
    const order: OrderState = {
      seq,
      prioritySeq: seq,
      side: command.side,
      userId: command.userId,
      clientId: command.clientId,
      priceCents: command.priceCents,
      quantity: command.quantity,
      filled: 0,
      timeInForce: command.timeInForce,
      postOnly: command.postOnly,
      expiresAtMs: command.expiresAtMs,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      status: 'active',
      closeReason: null,
      version: 1,
    };
    const change = this.begin(nowMs, order);
    this.removeDue(change);
    this.sweepAndRest(order, change);
    return ok(this.settle(change));
  }

  /**
   * Changes an open order of this user. A smaller quantity alone keeps the order's place; anything else gives the
   * place up and may match at once, as a new order would. An unchanged price is not checked against tick and collar
   * again, and the limit of open orders does not apply, since the order is already counted.
   */
  amend(seq: number, userId: string, patch: AmendPatch, nowMs: number): Result<Change, Rejection> {
    const closed = checkOpen(this.currentRules);
    if (closed !== null) return err(closed);
    const resting = this.open.get(seq);
    if (resting === undefined || resting.state.userId !== userId || isDue(resting, nowMs)) {
      return err({ code: 'not_resting' });
    }
    const before = resting.state;
    const amended = revise(before, nowMs);
    if (patch.priceCents !== undefined) amended.priceCents = patch.priceCents;
    if (patch.quantity !== undefined) amended.quantity = patch.quantity;
    if (patch.expiresAtMs !== undefined) amended.expiresAtMs = patch.expiresAtMs;
    const rejection = this.checkAmend(before, amended, patch.confirm === true, nowMs);
    if (rejection !== null) return err(rejection);

    const change = this.begin(nowMs, amended);
    this.removeDue(change);
    const keepsPlace =
      amended.priceCents === before.priceCents &&
      amended.expiresAtMs === before.expiresAtMs &&
      amended.quantity < before.quantity;
    if (keepsPlace) {
      resting.state = amended;
      resting.level!.quantity -= before.quantity - amended.quantity;
      this.touch(resting.level!, change);
    } else {
      this.unlink(resting, change);
      amended.prioritySeq = change.seq;
      this.sweepAndRest(amended, change);
    }
    return ok(this.settle(change));
  }

  /**
   * Takes an open order out, in every status of the book. `userId` null is the operator, who may cancel any order.
   * An order whose expiry has come can no longer be cancelled: it is `not_resting`, and the next accepted command or
   * `expireDue` reports it as expired.
   */
  cancel(seq: number, userId: string | null, reason: CloseReason, nowMs: number): Result<Change, Rejection> {
    const order = this.open.get(seq);
    const isTheirs = order !== undefined && (userId === null || order.state.userId === userId);
    if (!isTheirs || isDue(order, nowMs)) return err({ code: 'not_resting' });
    const cancelled = closedBy(order.state, 'cancelled', reason, nowMs);
    const change = this.begin(nowMs, cancelled);
    this.unlink(order, change);
    this.removeDue(change);
    return ok(this.settle(change));
  }

  /** Cancels every open order of the user, or of everyone when `userId` is null; null when nothing changed. */
  cancelAll(userId: string | null, reason: CloseReason, nowMs: number): Change | null {
    const orders = userId === null ? [...this.restingOrders()] : this.open.of(userId);
    if (orders.length === 0 && !this.expiries.hasDue(nowMs)) return null;
    const change = this.begin(nowMs, null);
    this.removeDue(change);
    for (const order of orders) if (order.level !== null) this.close(order, 'cancelled', reason, change);
    return this.settle(change);
  }

  /** Removes up to `limit` orders whose expiry has come, earliest first; null when there is none. */
  expireDue(nowMs: number, limit: number): Change | null {
    if (limit < 1 || !this.expiries.hasDue(nowMs)) return null;
    const change = this.begin(nowMs, null);
    this.removeDue(change, limit);
    return this.settle(change);
  }

  /** Changes the rules from the next command on; resting orders stay, off a new tick too. Touches no order. */
  setRules(rules: Partial<BookRules>, nowMs: number): Change {
    this.currentRules = { ...this.currentRules, ...rules };
    return this.begin(nowMs, null);
  }

  /** Notes a sale from outside the book, such as imported history. The latest sale by time is the last sale. */
  recordSale(priceCents: number, atMs: number): void {
    if (this.latestSale === null || atMs >= this.latestSale.atMs) this.latestSale = { priceCents, atMs };
  }

  /**
   * Puts an open order back at its own priority, also in the middle of its level. It matches nothing and takes no
   * sequence number. Throws RangeError for an order that is not active or already rests.
   */
  restore(order: OrderState): void {
    if (order.status !== 'active') throw new RangeError(`order ${order.seq} is ${order.status}`);
    if (this.open.get(order.seq) !== undefined) throw new RangeError(`order ${order.seq} already rests`);
    this.link({ ...order });
    this.sequence = Math.max(this.sequence, order.seq, order.prioritySeq);
  }

  /**
   * Gives an order back what a match that failed had taken, at the place it had in the queue of its price, and matches
   * it again at once where it crosses (product model C.2.6). `order` is its last state, for one that left the book.
   * An order that its owner or its time has ended stays ended.
   */
  relink(order: OrderState, quantity: number, nowMs: number): Result<Change, RelinkRefusal> {
    if (checkOpen(this.currentRules) !== null) return err('not_now');
    const resting = this.open.get(order.seq);
    const before = resting?.state ?? order;
    const isOver = before.expiresAtMs !== null && before.expiresAtMs <= nowMs;
    const isEnded = before.status === 'cancelled' || before.status === 'expired';
    // What was to fill at once and whole cannot any more.
    if (isOver || isEnded || before.timeInForce === 'fok') return err('closed');
    const relinks = (before.relinks ?? 0) + 1;
    if (relinks > MAX_RELINKS) return err('relinked_too_often');
    if (quantity < 1 || quantity > before.filled)
      throw new RangeError(`order ${order.seq} never filled ${quantity}`);
    const restored = revise(before, nowMs);
    restored.filled -= quantity;
    restored.status = 'active';
    restored.closeReason = null;
    restored.relinks = relinks;
    const change = this.begin(nowMs, restored);
    this.removeDue(change);
    if (resting !== undefined) this.unlink(resting, change);
    this.sweepAndRest(restored, change);
    return ok(this.settle(change));
  }

  // --- Reads ---

  get rules(): Readonly<BookRules> {
    return this.currentRules;
  }

  get lastSeq(): number {
    return this.sequence;
  }

  get lastSale(): Readonly<Sale> | null {
    return this.latestSale;
  }

  bestBid(): LevelView | null {
    return this.bids.bestView();
  }

  bestAsk(): LevelView | null {
    return this.asks.bestView();
  }

  openOrderCount(side?: Side): number {
    return side === undefined ? this.bids.orderCount + this.asks.orderCount : this.ladder(side).orderCount;
  }

  /** The open order with this sequence; null once it has left the book. */
  order(seq: number): Readonly<OrderState> | null {
    return this.open.get(seq)?.state ?? null;
  }

  /** The user's open orders by sequence. */
  openOrders(userId: string): Readonly<OrderState>[] {
    return this.open.of(userId).map((order) => order.state);
  }

  /** The best `limit` levels of each side. */
  depth(limit: number): { bids: LevelRow[]; asks: LevelRow[] } {
    return { bids: this.bids.rows(limit), asks: this.asks.rows(limit) };
  }

  /** Every open order: bids, then asks, each in priority order. */
  *resting(): Generator<Readonly<OrderState>> {
    for (const order of this.restingOrders()) yield order.state;
  }

  /** When the next order expires; null when none will. */
  nextExpiryMs(): number | null {
    return this.expiries.earliest()?.state.expiresAtMs ?? null;
  }

  /** The price the collar measures from: the last sale, else the midpoint, else the retail price, else null. */
  referencePrice(nowMs: number): number | null {
    if (this.latestSale !== null) return this.latestSale.priceCents;
    const bid = this.firstLive('bid', nowMs);
    const ask = this.firstLive('ask', nowMs);
    if (bid !== null && ask !== null) return midpointCents(bid.state.priceCents, ask.state.priceCents);
    return this.currentRules.retailCents;
  }

  /**
   * What taking `quantity` now costs at the prices shown, `side` being the taker's. The orders of `excludeUserId` are
   * met as the book would meet them: they end the sweep under `cancel_newest` and are passed under `cancel_oldest`.
   */
  quote(side: Side, quantity: number, nowMs: number, excludeUserId?: string): Quote {
    const taker = { side, limitCents: null, quantity, userId: excludeUserId ?? null };
    const { filled, totalCents, worstPriceCents, fills } = this.probe(taker, nowMs);
    return { filled, totalCents, worstPriceCents, fills };
  }

  // --- Checks: none of them changes the book ---

  private checkPlace(command: PlaceCommand, nowMs: number): Rejection | null {
    const rules = this.currentRules;
    const { side, userId, priceCents, quantity, timeInForce } = command;
    const refused =
      checkOpen(rules) ??
      checkPrice(priceCents, rules) ??
      checkQuantity(quantity) ??
      checkExpiry(command.expiresAtMs, timeInForce, nowMs) ??
      this.checkPriceCollar(priceCents, command.confirm, nowMs);
    if (refused !== null) return refused;

    if (timeInForce === 'fok') {
      const { filled } = this.probe({ side, limitCents: priceCents, quantity, userId }, nowMs);
      if (filled < quantity) return { code: 'fok_unfillable', availableQuantity: filled };
    } else if (timeInForce !== 'ioc' && this.isAtOpenOrderLimit(userId, nowMs)) {
      const { filled, isBlockedByOwn } = this.probe(
        { side, limitCents: priceCents, quantity, userId },
        nowMs,
      );
      const wouldRest = filled < quantity && !isBlockedByOwn;
      if (wouldRest) return { code: 'open_order_limit', limit: rules.maxOpenOrdersPerUser };
    }
    return this.checkFirstMaker(side, priceCents, userId, command.postOnly, nowMs);
  }

  private checkAmend(
    before: OrderState,
    amended: OrderState,
    isConfirmed: boolean,
    nowMs: number,
  ): Rejection | null {
    const { side, userId, priceCents, quantity, expiresAtMs } = amended;
    const isNewPrice = priceCents !== before.priceCents;
    const isNewExpiry = expiresAtMs !== before.expiresAtMs;
    if (!isNewPrice && !isNewExpiry && quantity === before.quantity) return { code: 'nothing_to_amend' };
    const refused =
      (isNewPrice ? checkPrice(priceCents, this.currentRules) : null) ??
      checkQuantity(quantity) ??
      (quantity <= before.filled
        ? { code: 'quantity_below_filled' as const, filled: before.filled }
        : null) ??
      checkExpiry(expiresAtMs, amended.timeInForce, nowMs) ??
      (isNewPrice ? this.checkPriceCollar(priceCents, isConfirmed, nowMs) : null);
    return refused ?? this.checkFirstMaker(side, priceCents, userId, amended.postOnly, nowMs);
  }

  private checkPriceCollar(priceCents: number, isConfirmed: boolean, nowMs: number): Rejection | null {
    if (isConfirmed) return null;
    return checkCollar(priceCents, this.referencePrice(nowMs), this.currentRules);
  }

  /** The refusals that depend on the first order that would be met: post-only, and a self-trade before any fill. */
  private checkFirstMaker(
    side: Side,
    priceCents: number,
    userId: string,
    postOnly: boolean,
    nowMs: number,
  ): Rejection | null {
    const maker = this.firstLive(oppositeOf(side), nowMs);
    if (maker === null || !isMarketable(side, priceCents, maker.state.priceCents)) return null;
    if (postOnly) return { code: 'post_only_would_cross', bestPriceCents: maker.state.priceCents };
    const isRefusedOwn = maker.state.userId === userId && this.currentRules.selfTrade === 'cancel_newest';
    return isRefusedOwn ? { code: 'self_trade_prevented', makerSeq: maker.state.seq } : null;
  }

  private isAtOpenOrderLimit(userId: string, nowMs: number): boolean {
    const limit = this.currentRules.maxOpenOrdersPerUser;
    if (this.open.countOf(userId) < limit) return false;
    return this.open.of(userId).filter((order) => !isDue(order, nowMs)).length >= limit;
  }

  private probe(taker: ProbedTaker, nowMs: number): Probe {
    return probeSweep(this.ladder(oppositeOf(taker.side)), taker, this.currentRules.selfTrade, nowMs);
  }

  private firstLive(side: Side, nowMs: number): RestingOrder | null {
    const ladder = this.ladder(side);
    if (this.expiries.hasDue(nowMs)) return firstLive(ladder, nowMs);
    return ladder.best === null ? null : ladder.best.head;
  }

  // --- Effects: reached only by a command that has been accepted ---

  /** Takes the next sequence number for a command about `subject`, if it is about one order. */
  private begin(nowMs: number, subject: OrderState | null): Change {
    this.sequence += 1;
    this.touchedCount = 0;
    const orders = subject === null ? NONE : [subject];
    return { seq: this.sequence, atMs: nowMs, orders, fills: NONE, levels: NONE, prevented: NONE };
  }

  private touch(level: Level, change: Change): void {
    if (level.touchedSeq === change.seq) return;
    level.touchedSeq = change.seq;
    this.touched[this.touchedCount] = level;
    this.touchedCount += 1;
  }

  private settle(change: Change): Change {
    // Most commands touch one level, and a literal array of one is far smaller than one that was pushed to.
    if (this.touchedCount === 1) change.levels = [rowOf(this.touched[0]!)];
    else for (let index = 0; index < this.touchedCount; index += 1) this.report(this.touched[index]!, change);
    return change;
  }

  private report(level: Level, change: Change): void {
    const { side, priceCents, orderCount } = level;
    // An emptied level may have been opened anew by the same command; then only the new one is reported.
    if (orderCount === 0 && this.ladder(side).levelAt(priceCents) !== undefined) return;
    change.levels = appended(change.levels, rowOf(level));
  }

  /** Matches the order against the other side and lets what remains of it rest, or closes it. */
  private sweepAndRest(order: OrderState, change: Change): void {
    this.sweep(order, change);
    const lastFill = change.fills.at(-1);
    if (lastFill !== undefined) this.recordSale(lastFill.priceCents, change.atMs);
    if (order.status !== 'active') return;
    if (order.filled === order.quantity) {
      order.status = 'matched';
      order.closeReason = 'filled';
    } else if (order.timeInForce === 'ioc') {
      order.status = 'cancelled';
      order.closeReason = 'remainder';
    } else {
      this.touch(this.link(order), change);
    }
  }

  private sweep(taker: OrderState, change: Change): void {
    const makers = this.ladder(oppositeOf(taker.side));
    while (taker.filled < taker.quantity) {
      const level = makers.best;
      if (level === null || !isMarketable(taker.side, taker.priceCents, level.priceCents)) return;
      const maker = level.head!;
      const wanted = taker.quantity - taker.filled;
      const quantity = Math.min(wanted, maker.state.quantity - maker.state.filled);
      if (maker.state.userId !== taker.userId) {
        this.fill(taker, maker, quantity, change);
        continue;
      }
      const { priceCents } = level;
      const prevented = { makerSeq: maker.state.seq, takerUserId: taker.userId, priceCents, quantity };
      change.prevented = appended(change.prevented, prevented);
      if (this.currentRules.selfTrade === 'cancel_newest') {
        taker.status = 'cancelled';
        taker.closeReason = 'self_trade';
        return;
      }
      this.close(maker, 'cancelled', 'self_trade', change);
    }
  }

  private fill(taker: OrderState, maker: RestingOrder, quantity: number, change: Change): void {
    const isBuyer = taker.side === 'bid';
    const resting = maker.state;
    const bid = isBuyer ? taker : resting;
    const ask = isBuyer ? resting : taker;
    const priceCents = this.currentRules.priceRule === 'ask' ? ask.priceCents : resting.priceCents;
    change.fills = appended(change.fills, {
      bidSeq: bid.seq,
      askSeq: ask.seq,
      buyerId: bid.userId,
      sellerId: ask.userId,
      priceCents,
      quantity,
      takerSide: taker.side,
    });
    taker.filled += quantity;

    const revised = revise(resting, change.atMs);
    revised.filled += quantity;
    change.orders = appended(change.orders, revised);
    if (revised.filled < revised.quantity) {
      maker.state = revised;
      maker.level!.quantity -= quantity;
      this.touch(maker.level!, change);
    } else {
      revised.status = 'matched';
      revised.closeReason = 'filled';
      this.unlink(maker, change);
    }
  }

  private removeDue(change: Change, limit = Number.POSITIVE_INFINITY): void {
    for (let removed = 0; removed < limit; removed += 1) {
      const order = this.expiries.earliest();
      if (order === null || !isDue(order, change.atMs)) return;
      this.close(order, 'expired', 'expired', change);
    }
  }

  /** Takes an order that is not filled out of the book and reports it closed. */
  private close(order: RestingOrder, status: ClosedStatus, closeReason: CloseReason, change: Change): void {
    this.unlink(order, change);
    change.orders = appended(change.orders, closedBy(order.state, status, closeReason, change.atMs));
  }

  private link(state: OrderState): Level {
    const order = this.open.add(state);
    const level = this.ladder(state.side).insert(order);
    if (order.state.expiresAtMs !== null) this.expiries.add(order);
    return level;
  }

  private unlink(order: RestingOrder, change: Change): void {
    this.open.remove(order);
    this.touch(this.ladder(order.state.side).remove(order), change);
    if (order.state.expiresAtMs !== null) this.expiries.remove(order);
  }

  private ladder(side: Side): PriceLadder {
    return side === 'bid' ? this.bids : this.asks;
  }

  private *restingOrders(): Generator<RestingOrder> {
    yield* this.bids.orders();
    yield* this.asks.orders();
  }
}

/** Most lists of most changes are empty, and those share this one. */
const NONE: readonly never[] = Object.freeze([]);

/** The list of a change in the making with the item added: the list itself, unless it was the shared empty one. */
function appended<T>(list: readonly T[], item: T): readonly T[] {
  if (list.length === 0) return [item];
  (list as T[]).push(item);
  return list;
}

function rowOf({ side, priceCents, quantity, orderCount }: Level): LevelChange {
  return [side, priceCents, quantity, orderCount];
}
