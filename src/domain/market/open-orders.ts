/** The resting orders of a book by sequence and by owner. */
import type { OrderState } from './order.ts';
import { type Account, nodeFor, type RestingOrder } from './resting-order.ts';
import { SeqIndex } from './seq-index.ts';

export class OpenOrders {
  private readonly bySeq = new SeqIndex<RestingOrder>();
  private readonly accounts = new Map<string, Account>();
  /** The account asked for last: an order is counted and then added, and need not be looked up twice. */
  private recent: Account | undefined;

  get(seq: number): RestingOrder | undefined {
    return this.bySeq.get(seq);
  }

  /** A node for the order, listed by sequence and under its owner, in no level yet. */
  add(state: OrderState): RestingOrder {
    const account = this.accountOf(state.userId) ?? this.openAccount(state.userId);
    const order = nodeFor(state, account);
    const { first } = account;
    order.nextOfAccount = first;
    if (first !== null) first.previousOfAccount = order;
    account.first = order;
    account.orderCount += 1;
    this.bySeq.add(state.seq, order);
    return order;
  }

  remove(order: RestingOrder): void {
    const { account, previousOfAccount: previous, nextOfAccount: next } = order;
    if (previous === null) account.first = next;
    else previous.nextOfAccount = next;
    if (next !== null) next.previousOfAccount = previous;
    order.previousOfAccount = null;
    order.nextOfAccount = null;
    account.orderCount -= 1;
    if (account.orderCount === 0) this.closeAccount(account.userId);
    this.bySeq.remove(order.state.seq);
  }

  countOf(userId: string): number {
    return this.accountOf(userId)?.orderCount ?? 0;
  }

  /** The user's orders by sequence. */
  of(userId: string): RestingOrder[] {
    const orders: RestingOrder[] = [];
    let order = this.accountOf(userId)?.first ?? null;
    for (; order !== null; order = order.nextOfAccount) orders.push(order);
    return orders.sort((a, b) => a.state.seq - b.state.seq);
  }

  private accountOf(userId: string): Account | undefined {
    if (this.recent?.userId !== userId) this.recent = this.accounts.get(userId);
    return this.recent;
  }

  private openAccount(userId: string): Account {
    const account: Account = { userId, orderCount: 0, first: null };
    this.accounts.set(userId, account);
    this.recent = account;
    return account;
  }

  private closeAccount(userId: string): void {
    this.accounts.delete(userId);
    this.recent = undefined;
  }
}
