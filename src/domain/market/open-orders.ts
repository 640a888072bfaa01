/** The resting orders of a book by sequence and by owner. */
import type { OrderState } from './order.ts';
import type { Account, RestingOrder } from './resting-order.ts';

export class OpenOrders {
  private readonly bySeq = new Map<number, RestingOrder>();
  private readonly accounts = new Map<string, Account>();
  /** The account asked for last: an order is counted and then added, and need not be looked up twice. */
  private recent: Account | undefined;

  get(seq: number): RestingOrder | undefined {
    return this.bySeq.get(seq);
  }

  /** A node for the order, listed by sequence and under its owner, in no level yet. */
  add(state: OrderState): RestingOrder {
    const account = this.accountOf(state.userId) ?? this.openAccount(state.userId);
    const order: RestingOrder = {
      state,
      expiresAtMs: state.expiresAtMs,
      account,
      level: null,
      previous: null,
      next: null,
      expiryIndex: -1,
    };
    account.orders.push(order);
    this.bySeq.set(state.seq, order);
    return order;
  }

  remove(order: RestingOrder): void {
    const { userId, orders } = order.account;
    const last = orders.pop()!;
    if (last !== order) orders[orders.indexOf(order)] = last;
    else if (orders.length === 0) this.closeAccount(userId);
    this.bySeq.delete(order.state.seq);
  }

  countOf(userId: string): number {
    return this.accountOf(userId)?.orders.length ?? 0;
  }

  /** The user's orders by sequence. */
  of(userId: string): RestingOrder[] {
    const orders = this.accountOf(userId)?.orders ?? [];
    return [...orders].sort((a, b) => a.state.seq - b.state.seq);
  }

  private accountOf(userId: string): Account | undefined {
    if (this.recent?.userId !== userId) this.recent = this.accounts.get(userId);
    return this.recent;
  }

  private openAccount(userId: string): Account {
    const account: Account = { userId, orders: [] };
    this.accounts.set(userId, account);
    this.recent = account;
    return account;
  }

  private closeAccount(userId: string): void {
    this.accounts.delete(userId);
    this.recent = undefined;
  }
}
