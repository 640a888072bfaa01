/** The resting orders of a book by sequence and by owner. */
import type { OrderState } from './order.ts';
import type { Account, RestingOrder } from './resting-order.ts';

export class OpenOrders {
  private readonly bySeq = new Map<number, RestingOrder>();
  private readonly accounts = new Map<string, Account>();

  get(seq: number): RestingOrder | undefined {
    return this.bySeq.get(seq);
  }

  /** A node for the order, listed by sequence and under its owner, in no level yet. */
  add(state: OrderState): RestingOrder {
    let account = this.accounts.get(state.userId);
    if (account === undefined) {
      account = { userId: state.userId, openCount: 0, newest: null };
      this.accounts.set(state.userId, account);
    }
    const order: RestingOrder = {
      state,
      expiresAtMs: state.expiresAtMs,
      account,
      level: null,
      previous: null,
      next: null,
      previousOwn: null,
      nextOwn: account.newest,
    };
    if (account.newest !== null) account.newest.previousOwn = order;
    account.newest = order;
    account.openCount += 1;
    this.bySeq.set(state.seq, order);
    return order;
  }

  remove(order: RestingOrder): void {
    const { account, previousOwn, nextOwn } = order;
    if (previousOwn === null) account.newest = nextOwn;
    else previousOwn.nextOwn = nextOwn;
    if (nextOwn !== null) nextOwn.previousOwn = previousOwn;
    order.previousOwn = null;
    order.nextOwn = null;
    account.openCount -= 1;
    if (account.openCount === 0) this.accounts.delete(account.userId);
    this.bySeq.delete(order.state.seq);
  }

  countOf(userId: string): number {
    return this.accounts.get(userId)?.openCount ?? 0;
  }

  /** The user's orders by sequence. */
  of(userId: string): RestingOrder[] {
    const orders: RestingOrder[] = [];
    let order = this.accounts.get(userId)?.newest ?? null;
    for (; order !== null; order = order.nextOwn) orders.push(order);
    return orders.sort((a, b) => a.state.seq - b.state.seq);
  }
}
