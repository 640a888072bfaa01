import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ORDER_STATUSES, ORDER_SUPPLIES, type OrderAction } from '../../../src/domain/orders/order.ts';
import { heldCents } from '../../../src/domain/payments/escrow-hold.ts';
import { PAYMENT_RANKS } from '../../../src/domain/payments/payment-state.ts';
import { DAY_MS, MINUTE_MS } from '../../../src/domain/time.ts';
import { MoneyWorld, type WorldOrder } from '../../support/money-world.ts';
import { NOON_MS } from '../../support/orders.ts';

const SEQUENCES = 4000;
const WITH_EVERYTHING = { reason: 'because', carrier: 'DHL', trackingNumber: '1Z' };

const pick = fc.nat(1000);
const cents = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 60_000 }));
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      priceCents: fc.oneof(
        { weight: 1, arbitrary: cents },
        { weight: 3, arbitrary: fc.integer({ min: 6_000, max: 60_000 }) },
      ),
      shippingCents: fc.oneof(fc.constant(0), fc.nat(2_000)),
      hasWallet: fc.boolean(),
      supply: fc.constantFrom(...ORDER_SUPPLIES),
    }),
  },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('advance' as const), pick }) },
  // Reports of the same capture come again and again, and after the order has ended.
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('capture' as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      pick,
      which: pick,
      outcome: fc.constantFrom('release' as const, 'refund' as const, 'partial' as const),
      refundCents: cents,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      forMs: fc.oneof(
        { weight: 3, arbitrary: fc.constant(MINUTE_MS) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 * DAY_MS }) },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('refund' as const), pick, refundCents: cents }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('settle_refund' as const), pick, succeeds: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('open_chargeback' as const),
      pick,
      amountCents: fc.option(cents, { nil: null }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('close_chargeback' as const), pick, isWon: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pay_out' as const),
      seller: fc.constantFrom('usr_seller0', 'usr_seller1'),
      // Null is all there is.
      amountCents: fc.option(fc.integer({ min: 5_000, max: 9_000 }), { nil: null }),
      isInstant: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('report_payout' as const),
      pick,
      reported: fc.constantFrom('paid' as const, 'failed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retry_payout' as const), pick }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The way of an order that goes well: walks that only wander rarely get there. */
const FORWARD: readonly OrderAction[] = ['ship', 'deliver', 'complete', 'resolve', 'resume'];

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(list.length, 1)];

function run(world: MoneyWorld, move: Step): void {
  if (move.kind === 'place') world.place(move.priceCents, move.shippingCents, move.hasWallet, move.supply);
  else if (move.kind === 'wait') world.nowMs += move.forMs;
  else if (move.kind === 'pay_out') world.startPayout(move.seller, move.amountCents, move.isInstant);
  else if (move.kind === 'settle_refund') {
    const refund = at(world.refunds, move.pick);
    if (refund) world.settleRefund(refund, move.succeeds);
  } else if (move.kind === 'report_payout' || move.kind === 'retry_payout') {
    const payout = at(world.payouts, move.pick);
    if (payout && move.kind === 'report_payout') world.reportPayout(payout, move.reported);
    else if (payout) world.retryPayout(payout);
  } else {
    const order = at(world.orders, move.pick);
    if (order) runOnOrder(world, order, move);
  }
}

function runOnOrder(world: MoneyWorld, order: WorldOrder, move: Step): void {
  if (move.kind === 'capture') world.capture(order);
  else if (move.kind === 'advance' && order.state.status === 'pending') world.capture(order);
  else if (move.kind === 'advance') {
    const offer = world.offers(order).find(({ action }) => FORWARD.includes(action));
    if (offer) world.act(order, offer.action, offer.actor, { ...WITH_EVERYTHING, outcome: 'release' });
  } else if (move.kind === 'refund') world.refundSome(order, move.refundCents);
  else if (move.kind === 'open_chargeback')
    world.openChargeback(order, move.amountCents ?? order.state.totalCents);
  else if (move.kind === 'close_chargeback') world.closeChargeback(order, move.isWon);
  else if (move.kind === 'act') {
    const offer = at(world.offers(order), move.which);
    if (!offer) return;
    const { outcome, refundCents } = move;
    world.act(order, offer.action, offer.actor, { ...WITH_EVERYTHING, outcome, refundCents });
  }
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
const half = (amountCents: number, partCents: number, wholeCents: number) =>
  Math.floor((amountCents * partCents) / wholeCents + 0.5);

/** What the platform keeps of an order, straight from C.5: fees once released, less what refunds reverse. */
function keptFees({ money, hold, state }: WorldOrder): number {
  if (!hold || hold.releasedCents === 0) return 0;
  const { buyerFeeCents, sellerFeeCents, totalCents } = money.amounts;
  const { refundedCents } = state;
  const reversed =
    half(buyerFeeCents, refundedCents, totalCents) + half(sellerFeeCents, refundedCents, totalCents);
  return buyerFeeCents + sellerFeeCents - reversed;
}

function checkOrder(order: WorldOrder): void {
  const { state, hold, history } = order;
  const { status, totalCents, refundedCents } = state;
  const leftCents = hold ? heldCents(hold) : 0;
  assert.ok(refundedCents <= totalCents);
  if (['paid', 'processing', 'shipped', 'delivered', 'disputed', 'on_hold'].includes(status)) {
    assert.equal(leftCents, totalCents - refundedCents);
    assert.equal(hold!.isFrozen, status === 'disputed' || status === 'on_hold');
  } else assert.equal(leftCents, 0);
  if (status === 'completed') assert.ok(hold!.releasedCents > 0);
  if (status === 'refunded') assert.equal(refundedCents, totalCents);
  // Never released and refunded both: a cancelled or failed order that was paid has given everything back.
  if (hold && (status === 'cancelled' || status === 'failed'))
    assert.deepEqual([hold.releasedCents, hold.refundedCents], [0, totalCents]);
  if (hold) assert.equal(hold.releasedCents + hold.refundedCents + leftCents, totalCents);
  if (hold) assert.ok(PAYMENT_RANKS[order.payment] >= PAYMENT_RANKS.succeeded);
  history.forEach((entry, index) => {
    assert.equal(entry.version, index + 1);
    assert.equal(entry.from, history[index - 1]?.to ?? null);
  });
}

function check(world: MoneyWorld): void {
  const { balances, orders, refunds, payouts } = world;
  const balance = (account: Parameters<typeof balances.of>[0]) => balances.of(account, 'USD');
  const standing = payouts.filter(({ status }) => status === 'processing' || status === 'paid');
  orders.forEach(checkOrder);
  assert.equal(balances.total('USD'), 0);
  assert.equal(0 - balance('processor:clearing'), world.bankCents);
  assert.equal(balance('escrow'), sum(orders.map(({ hold }) => (hold ? heldCents(hold) : 0))));
  assert.equal(
    balance('refunds'),
    sum(refunds.filter(({ status }) => status !== 'succeeded').map(({ amountCents }) => amountCents)),
  );
  assert.equal(
    balance('payouts:in_transit'),
    sum(
      payouts
        .filter(({ status }) => status === 'processing')
        .map(({ move }) => move.amountCents - move.feeCents),
    ),
  );
  assert.equal(balance('chargebacks'), 0 - sum(orders.map(({ chargeback }) => chargeback?.amountCents ?? 0)));
  assert.equal(
    balance('platform:fees'),
    sum(orders.map(keptFees)) + sum(standing.map(({ move }) => move.feeCents)),
  );
}

test('money is conserved over random orders, payments, refunds, payouts, disputes and late reports', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
      const world = new MoneyWorld(NOON_MS);
      for (const move of steps) {
        run(world, move);
        check(world);
      }
      for (const { history } of world.orders) for (const { to } of history) seen.add(to);
      for (const { status } of world.payouts) seen.add(`payout ${status}`);
      if (world.balances.of('platform:losses', 'USD') < 0) seen.add('losses');
    }),
    { numRuns: SEQUENCES },
  );
  // The walks went everywhere: all 11 states, payouts that came back, and chargebacks beyond what was left.
  const payouts = ['processing', 'paid', 'failed', 'reversed'].map((status) => `payout ${status}`);
  expect([...seen].sort()).toEqual([...ORDER_STATUSES, ...payouts, 'losses'].sort());
});
