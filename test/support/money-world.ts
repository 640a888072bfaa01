/**
 * A small marketplace made of the pure functions alone: it carries out what the order machine asks for, as the
 * shells do, and keeps beside it the simplest model of where the money must be.
 */
import { availableOf } from '../../src/domain/ledger/accounts.ts';
import {
  type Chargeback,
  chargebackLost,
  chargebackOpened,
  chargebackRefundCents,
  chargebackWon,
  disputeSplit,
  escrowReleased,
  type OrderMoney,
  type PaymentSource,
  paymentCaptured,
  refundAfterRelease,
  refundFromEscrow,
  refundSettled,
} from '../../src/domain/ledger/order-postings.ts';
import { Balances, balanced, type Posting } from '../../src/domain/ledger/posting.ts';
import {
  type PayoutMove,
  payoutFailed,
  payoutPaid,
  payoutReversed,
  payoutStarted,
  walletToppedUp,
} from '../../src/domain/ledger/wallet-postings.ts';
import {
  ACTOR_ROLES,
  type Actor,
  type OrderAction,
  type OrderState,
  SYSTEM,
} from '../../src/domain/orders/order.ts';
import {
  allowedActions,
  overdueTransitions,
  placeOrder,
  type Transition,
  type TransitionInput,
  transition,
} from '../../src/domain/orders/order-machine.ts';
import {
  checkRefund,
  type EscrowHold,
  heldCents,
  openHold,
  refundHold,
  releaseHold,
  setFrozen,
} from '../../src/domain/payments/escrow-hold.ts';
import {
  captureDisposition,
  observePayment,
  type PaymentStatus,
  statusAfterRefunds,
} from '../../src/domain/payments/payment-state.ts';
import {
  advancePayout,
  MINIMUM_PAYOUT_CENTS,
  observePayout,
  type PayoutStatus,
  payoutAmounts,
} from '../../src/domain/payments/payout.ts';
import { advanceRefund, type RefundStatus } from '../../src/domain/payments/refund-state.ts';
import type { Result } from '../../src/domain/result.ts';
import { orderMoney } from './money.ts';
import { orderFacts } from './orders.ts';

export interface WorldRefund {
  id: string;
  order: WorldOrder;
  amountCents: number;
  status: RefundStatus;
}
export interface WorldPayout {
  id: string;
  move: PayoutMove;
  attempt: number;
  status: PayoutStatus;
}
export interface WorldOrder {
  state: OrderState;
  money: OrderMoney;
  source: PaymentSource;
  payment: PaymentStatus;
  hold: EscrowHold | null;
  chargeback: Chargeback | null;
  /** A network decides once about a charge. */
  isChargebackDecided: boolean;
  history: Transition['history'][];
}

const CURRENCY = 'USD';
/** These come with money of their own: `capture`, `openChargeback` and `closeChargeback` report them. */
const BY_PROCESSOR: ReadonlySet<OrderAction> = new Set([
  'payment_succeeded',
  'chargeback_opened',
  'chargeback_lost',
]);

export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export class MoneyWorld {
  readonly orders: WorldOrder[] = [];
  readonly refunds: WorldRefund[] = [];
  readonly payouts: WorldPayout[] = [];
  readonly balances = new Balances();
  /** What the processor really has of ours: the ledger must say the same with the sign turned. */
  bankCents = 0;
  nowMs: number;
  private readonly posted = new Map<string, Posting>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** Posts once per reason and cause, as the ledger's unique key does. */
  private post(posting: Posting): void {
    const key = `${posting.reason} ${posting.cause}`;
    if (this.posted.has(key)) throw new Error(`posted twice: ${key}`);
    if (!balanced(posting)) throw new Error(`unbalanced: ${key}`);
    this.posted.set(key, posting);
    this.balances.apply(posting);
  }

  place(priceCents: number, shippingCents: number, hasWallet: boolean, supply: OrderState['supply']): void {
    const id = `ord_${this.orders.length}`;
    const sellerId = supply === 'stock' ? null : `usr_seller${this.orders.length % 2}`;
    const money = { ...orderMoney(priceCents, { shippingCents, sellerId }), orderId: id };
    const facts = orderFacts({ id, supply, sellerId, totalCents: money.amounts.totalCents });
    const buyer = availableOf(facts.buyerId);
    if (hasWallet) {
      const { totalCents } = money.amounts;
      this.post(
        walletToppedUp({ userId: facts.buyerId, currency: CURRENCY, amountCents: totalCents }, `top_${id}`),
      );
      this.bankCents += totalCents;
    }
    const placed = placeOrder(facts, SYSTEM, this.nowMs);
    this.orders.push({
      state: placed.order,
      money,
      source: hasWallet ? buyer : 'processor:clearing',
      payment: 'pending',
      hold: null,
      chargeback: null,
      isChargebackDecided: false,
      history: [placed.history],
    });
  }

  /** The processor says that the charge went through: maybe again, maybe too late. */
  capture(order: WorldOrder): void {
    this.sweep(order);
    const disposition = captureDisposition(order.state.status, order.hold !== null);
    order.payment = observePayment(order.payment, 'succeeded');
    if (disposition === 'already_applied') return;
    if (disposition === 'apply') {
      const { totalCents } = order.money.amounts;
      this.act(order, 'payment_succeeded', SYSTEM, { amountCents: totalCents, currency: CURRENCY });
    } else {
      this.holdEscrow(order);
      this.refundLeft(order);
    }
  }

  /** One action, after whatever was overdue; false when it is refused. */
  act(order: WorldOrder, action: OrderAction, actor: Actor, input: TransitionInput): boolean {
    this.sweep(order);
    const next = transition(order.state, action, actor, input, this.nowMs);
    if (next.ok) this.commit(order, next.value, input);
    return next.ok;
  }

  sweep(order: WorldOrder): void {
    for (const due of overdueTransitions(order.state, this.nowMs)) this.commit(order, due, {});
  }

  /** What somebody could do to the order now, apart from what the processor reports. */
  offers(order: WorldOrder): { action: OrderAction; actor: Actor }[] {
    return ACTOR_ROLES.flatMap((role) => {
      const actor: Actor = { id: role, roles: [role] };
      const actions = allowedActions(order.state, actor, this.nowMs);
      return actions.filter((action) => !BY_PROCESSOR.has(action)).map((action) => ({ action, actor }));
    });
  }

  private commit(order: WorldOrder, step: Transition, input: TransitionInput): void {
    order.history.push(step.history);
    order.state = step.order;
    const splits = step.effects.includes('refund_part');
    for (const effect of step.effects) {
      if (effect === 'hold_escrow') this.holdEscrow(order);
      else if (effect === 'freeze_escrow') order.hold = unwrap(setFrozen(order.hold!, true));
      else if (effect === 'unfreeze_escrow') order.hold = unwrap(setFrozen(order.hold!, false));
      else if (effect === 'refund_all') this.refundLeft(order);
      else if (effect === 'refund_part') this.split(order, input.refundCents!);
      else if (effect === 'release_escrow' && !splits) this.release(order);
      else if (effect === 'claw_back')
        this.clawBack(order, order.state.totalCents - order.state.refundedCents);
      else if (effect === 'settle_chargeback') this.settleChargeback(order);
    }
  }

  private holdEscrow(order: WorldOrder): void {
    this.post(paymentCaptured(order.money, order.source));
    if (order.source === 'processor:clearing') this.bankCents += order.state.totalCents;
    order.hold = openHold(order.state.totalCents);
  }

  private release(order: WorldOrder): void {
    order.hold = unwrap(releaseHold(order.hold!));
    this.post(escrowReleased(order.money, order.state.refundedCents, 'available'));
  }

  private refundLeft(order: WorldOrder): void {
    this.refundPart(order, heldCents(order.hold!));
  }

  /** Records a refund that is on its way. */
  private owe(order: WorldOrder, amountCents: number): string {
    const id = `ref_${this.refunds.length}`;
    const status = unwrap(advanceRefund('requested', 'approve', 'system'));
    this.refunds.push({ id, order, amountCents, status });
    const refundedCents = order.state.refundedCents + amountCents;
    order.state = { ...order.state, refundedCents };
    order.payment = observePayment(order.payment, statusAfterRefunds(order.state.totalCents, refundedCents));
    return id;
  }

  private refundPart(order: WorldOrder, refundCents: number): void {
    const refundedBeforeCents = order.state.refundedCents;
    order.hold = unwrap(refundHold(order.hold!, refundCents));
    const refundId = this.owe(order, refundCents);
    this.post(refundFromEscrow(order.money, { refundId, refundedBeforeCents, refundCents }));
  }

  private clawBack(order: WorldOrder, refundCents: number): void {
    const refundedBeforeCents = order.state.refundedCents;
    const refundId = this.owe(order, refundCents);
    this.post(
      refundAfterRelease(order.money, { refundId, refundedBeforeCents, refundCents, sellerPendingCents: 0 }),
    );
  }

  private split(order: WorldOrder, refundCents: number): void {
    const refundedBeforeCents = order.state.refundedCents;
    order.hold = unwrap(releaseHold(unwrap(refundHold(order.hold!, refundCents))));
    const refundId = this.owe(order, refundCents);
    this.post(disputeSplit(order.money, { refundId, refundedBeforeCents, refundCents, purse: 'available' }));
  }

  /** Finance gives a part back: never the last cent of an open hold, which is a transition of the order. */
  refundSome(order: WorldOrder, refundCents: number): boolean {
    this.sweep(order);
    const { hold } = order;
    if (!hold || order.state.status === 'refunded') return false;
    const leftCents = order.state.totalCents - order.state.refundedCents;
    if (checkRefund(refundCents, leftCents - 1) !== null) return false;
    if (order.state.status === 'completed') this.clawBack(order, refundCents);
    else if (refundHold(hold, refundCents).ok) this.refundPart(order, refundCents);
    else return false;
    return true;
  }

  settleRefund(refund: WorldRefund, succeeds: boolean): void {
    if (refund.status === 'succeeded') return;
    const start = refund.status === 'failed' ? 'retry' : 'process';
    const processing = unwrap(advanceRefund(refund.status, start, 'system'));
    refund.status = unwrap(advanceRefund(processing, succeeds ? 'succeed' : 'fail', 'system'));
    if (!succeeds) return;
    const to = refund.order.source === 'processor:clearing' ? refund.order.source : availableOf('usr_buyer');
    if (to === 'processor:clearing') this.bankCents -= refund.amountCents;
    this.post(
      refundSettled({ refundId: refund.id, currency: CURRENCY, refundCents: refund.amountCents, to }),
    );
  }

  openChargeback(order: WorldOrder, amountCents: number): void {
    this.sweep(order);
    if (!order.hold || order.chargeback || order.isChargebackDecided) return;
    if (order.source !== 'processor:clearing') return;
    order.chargeback = { chargebackId: `dp_${order.state.id}`, amountCents };
    this.post(chargebackOpened(order.money, order.chargeback));
    this.bankCents -= amountCents;
    this.act(order, 'chargeback_opened', SYSTEM, {});
  }

  closeChargeback(order: WorldOrder, isWon: boolean): void {
    const { chargeback } = order;
    if (!chargeback) return;
    order.isChargebackDecided = true;
    if (isWon) {
      this.post(chargebackWon(order.money, chargeback));
      this.bankCents += chargeback.amountCents;
      order.chargeback = null;
      this.act(order, 'resume', SYSTEM, {});
      return;
    }
    this.act(order, 'chargeback_opened', SYSTEM, {});
    if (!this.act(order, 'chargeback_lost', SYSTEM, {})) this.settleChargeback(order);
  }

  private settleChargeback(order: WorldOrder): void {
    const lost = order.chargeback!;
    const { refundedCents } = order.state;
    const isReleased = order.hold!.releasedCents > 0;
    const standing = isReleased
      ? { refundedCents, isReleased, sellerPendingCents: 0 }
      : { refundedCents, isReleased };
    this.post(chargebackLost(order.money, lost, standing));
    const backCents = chargebackRefundCents(order.money, lost, refundedCents);
    if (backCents > 0) this.owe(order, backCents);
    if (!isReleased && heldCents(order.hold!) > 0) {
      const thawed = unwrap(setFrozen(order.hold!, false));
      order.hold = unwrap(refundHold(thawed, heldCents(thawed)));
    }
    order.state = { ...order.state, refundedCents: order.state.totalCents };
    order.chargeback = null;
  }

  startPayout(userId: string, wantedCents: number | null, isInstant: boolean): void {
    const availableCents = this.balances.of(availableOf(userId), CURRENCY);
    const amountCents = wantedCents ?? availableCents;
    const amounts = payoutAmounts(amountCents, availableCents, {
      isInstant,
      minimumCents: MINIMUM_PAYOUT_CENTS,
    });
    if (!amounts.ok) return;
    const move = { userId, currency: CURRENCY, amountCents, feeCents: amounts.value.feeCents };
    const payout: WorldPayout = { id: `pyo_${this.payouts.length}`, move, attempt: 1, status: 'pending' };
    this.payouts.push(payout);
    this.sendPayout(payout);
  }

  private sendPayout(payout: WorldPayout): void {
    payout.status = unwrap(advancePayout(payout.status, 'process', 'system'));
    this.post(payoutStarted(payout.move, `${payout.id}:${payout.attempt}`));
  }

  /** The bank reports on a payout: in any order, and more than once. */
  reportPayout(payout: WorldPayout, reported: 'paid' | 'failed'): void {
    const status = observePayout(payout.status, reported);
    if (status === payout.status) return;
    payout.status = status;
    const cause = `${payout.id}:${payout.attempt}`;
    const netCents = payout.move.amountCents - payout.move.feeCents;
    if (status === 'paid') {
      this.post(payoutPaid(payout.move, cause));
      this.bankCents -= netCents;
    } else if (status === 'reversed') {
      this.post(payoutReversed(payout.move, cause));
      this.bankCents += netCents;
    } else this.post(payoutFailed(payout.move, cause));
  }

  retryPayout(payout: WorldPayout): void {
    const availableCents = this.balances.of(availableOf(payout.move.userId), CURRENCY);
    if (payout.status !== 'failed' || availableCents < payout.move.amountCents) return;
    payout.status = unwrap(advancePayout(payout.status, 'retry', 'system'));
    payout.attempt += 1;
    this.sendPayout(payout);
  }
}
