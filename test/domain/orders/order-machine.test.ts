import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILT_IN_ROLES } from '../../../src/domain/accounts/permissions.ts';
import {
  ACTOR_ROLES,
  type Actor,
  actorOn,
  HOLDABLE_STATUSES,
  ORDER_ACTIONS,
  ORDER_SUPPLIES,
  ORDER_TRIGGERS,
  type OrderAction,
  type OrderState,
  SYSTEM,
} from '../../../src/domain/orders/order.ts';
import { orderEvents } from '../../../src/domain/orders/order-events.ts';
import {
  allowedActions,
  dueTransition,
  isFinal,
  overdueTransitions,
  placeOrder,
  refusalFailure,
  type Transition,
  type TransitionInput,
  transition,
} from '../../../src/domain/orders/order-machine.ts';
import type { OrderEffect } from '../../../src/domain/orders/order-row.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/time.ts';
import {
  ADMIN,
  BUYER,
  FINANCE,
  NOON_MS,
  orderFacts,
  orderIn,
  running,
  SELLER,
  SUPPORT,
} from '../../support/orders.ts';

const PAID: TransitionInput = { amountCents: 23_100, currency: 'USD' };
const SHIP: TransitionInput = { carrier: 'DHL', trackingNumber: 'JD0146' };

function take(
  order: OrderState,
  action: OrderAction,
  actor: Actor,
  input: TransitionInput = {},
  nowMs = NOON_MS,
): Transition {
  const result = transition(order, action, actor, input, nowMs);
  if (!result.ok) throw new Error(`${action}: ${result.error.code}`);
  return result.value;
}

function refusal(
  order: OrderState,
  action: OrderAction,
  actor: Actor,
  input: TransitionInput,
  nowMs = NOON_MS,
) {
  const result = transition(order, action, actor, input, nowMs);
  return result.ok ? null : result.error.code;
}

describe('the story of an order', () => {
  test('placed, paid, confirmed, shipped, delivered, completed', () => {
    const placed = placeOrder(orderFacts(), SYSTEM, NOON_MS);
    expect(placed.timers).toEqual([{ op: 'set', kind: 'pay_window', dueAtMs: NOON_MS + HOUR_MS }]);
    expect(placed.events.map((event) => event.type)).toEqual(['order.placed', 'payment.hold_request']);

    const paid = take(placed.order, 'payment_succeeded', SYSTEM, PAID);
    expect(paid.effects).toEqual(['hold_escrow']);
    expect(paid.events.map((event) => event.type)).toEqual(['order.paid', 'payment.held']);
    // Wednesday noon and two working days: Friday noon.
    expect(paid.timers).toEqual([
      { op: 'cancel', kind: 'pay_window' },
      { op: 'set', kind: 'ship_by', dueAtMs: NOON_MS + 2 * DAY_MS },
    ]);

    const processing = take(paid.order, 'confirm', SELLER);
    expect(processing.order.timers).toEqual(paid.order.timers);
    const shipped = take(processing.order, 'ship', SELLER, SHIP);
    expect(shipped.order).toMatchObject({ shippedAtMs: NOON_MS, timers: [], verification: 'not_required' });
    const delivered = take(shipped.order, 'deliver', BUYER);
    expect(delivered.order.timers).toEqual([
      running('inspection_reminder', NOON_MS + 2 * DAY_MS),
      running('inspection', NOON_MS + 3 * DAY_MS),
    ]);
    const completed = take(delivered.order, 'complete', BUYER);
    expect(completed.effects).toEqual(['release_escrow', 'create_payout', 'open_reviews', 'complete_origin']);
    expect(completed.order).toMatchObject({
      status: 'completed',
      version: 6,
      timers: [],
      completedAtMs: NOON_MS,
    });
    expect(completed.history).toEqual({
      orderId: 'ord_1',
      version: 6,
      from: 'delivered',
      to: 'completed',
      action: 'complete',
      actorType: 'buyer',
      actorId: BUYER.id,
      reason: null,
      atMs: NOON_MS,
    });
  });

  test('events have ids of the order and its version, and the fields of the references', () => {
    const paid = take(placeOrder(orderFacts(), SYSTEM, NOON_MS).order, 'payment_succeeded', SYSTEM, PAID);
    const [, held] = orderEvents(paid, 'cor_1');
    expect(held).toMatchObject({
      event_id: 'ord_1:2:1',
      type: 'payment.held',
      aggregate: { type: 'order', id: 'ord_1' },
      seq: 2,
      correlation_id: 'cor_1',
      occurred_at: '2026-03-04T12:00:00.000Z',
      data: {
        order_id: 'ord_1',
        buyer_id: BUYER.id,
        seller_id: SELLER.id,
        amount_cents: 23_100,
        type: 'match',
      },
    });
  });

  test('a book that asks for authentication waits for the item', () => {
    const shipped = take(orderIn('paid', { requiresVerification: true }), 'ship', SELLER, SHIP);
    expect(shipped.order.verification).toBe('awaiting_item');
    expect(shipped.effects).toEqual(['await_verification']);
  });
});

describe('what each action must bring along', () => {
  test.each<[OrderAction, OrderState, Actor, TransitionInput, string]>([
    [
      'payment_succeeded',
      orderIn('pending'),
      SYSTEM,
      { amountCents: 23_099, currency: 'USD' },
      'amount_mismatch',
    ],
    [
      'payment_succeeded',
      orderIn('pending'),
      SYSTEM,
      { amountCents: 23_100, currency: 'AED' },
      'amount_mismatch',
    ],
    ['cancel', orderIn('pending'), BUYER, {}, 'reason_required'],
    ['cancel', orderIn('paid'), SELLER, { reason: '   ' }, 'reason_required'],
    ['refund', orderIn('paid'), FINANCE, {}, 'reason_required'],
    ['hold', orderIn('paid'), SUPPORT, {}, 'reason_required'],
    ['dispute', orderIn('delivered'), BUYER, {}, 'reason_required'],
    ['ship', orderIn('paid'), SELLER, { carrier: 'DHL' }, 'tracking_required'],
    ['ship', orderIn('paid'), SELLER, { trackingNumber: 'JD0146' }, 'tracking_required'],
    ['ship', orderIn('paid'), SELLER, { carrier: ' ', trackingNumber: 'JD0146' }, 'tracking_required'],
    ['resolve', orderIn('disputed'), SUPPORT, {}, 'invalid_outcome'],
    ['resolve', orderIn('disputed'), SUPPORT, { outcome: 'partial' }, 'invalid_outcome'],
    ['resolve', orderIn('disputed'), SUPPORT, { outcome: 'partial', refundCents: 0 }, 'invalid_outcome'],
    ['resolve', orderIn('disputed'), SUPPORT, { outcome: 'partial', refundCents: 0.5 }, 'invalid_outcome'],
    ['resolve', orderIn('disputed'), SUPPORT, { outcome: 'partial', refundCents: 23_100 }, 'invalid_outcome'],
    [
      'resolve',
      orderIn('disputed', { refundedCents: 20_000 }),
      SUPPORT,
      { outcome: 'partial', refundCents: 3_100 },
      'invalid_outcome',
    ],
  ])('%s without it is refused', (action, order, actor, input, code) => {
    expect(refusal(order, action, actor, input)).toBe(code);
  });
});

test('a refusal tells what could be done instead', () => {
  const result = transition(orderIn('shipped'), 'cancel', BUYER, { reason: 'too late' }, NOON_MS);
  expect(result.ok ? null : refusalFailure(result.error)).toEqual({
    code: 'invalid_transition',
    detail: 'cancel is not possible while shipped',
    extra: { order_status: 'shipped', allowed_actions: ['deliver'] },
  });
});

describe('effects by where the goods come from', () => {
  const unpaid = (supply: OrderState['supply']) =>
    take(orderIn('pending', { supply }), 'payment_failed', SYSTEM).effects;
  test('an unpaid order frees its goods', () => {
    expect(unpaid('book')).toEqual(['cancel_payment', 'fail_origin', 'relink_ask']);
    expect(unpaid('stock')).toEqual(['cancel_payment', 'fail_origin', 'release_reservation']);
    expect(unpaid('listing')).toEqual(['cancel_payment', 'fail_origin', 'relist', 'lower_buyer_reliability']);
  });

  test('cancelling a match costs a strike and gives the other side its place back', () => {
    const reason = { reason: 'changed my mind' };
    expect(take(orderIn('pending'), 'cancel', BUYER, reason).effects).toEqual([
      'cancel_payment',
      'fail_origin',
      'relink_ask',
      'strike_buyer',
    ]);
    expect(take(orderIn('pending'), 'cancel', SELLER, reason).effects).toEqual([
      'cancel_payment',
      'fail_origin',
      'relink_bid',
      'strike_seller',
    ]);
    expect(take(orderIn('pending', { supply: 'listing' }), 'cancel', BUYER, reason).effects).toEqual([
      'cancel_payment',
      'fail_origin',
      'relist',
    ]);
  });

  test('a seller who does not ship is struck, the platform is not', () => {
    const late = (supply: OrderState['supply']) =>
      take(orderIn('paid', { supply, timers: [running('ship_by', NOON_MS)] }), 'ship_by_over', SYSTEM)
        .effects;
    expect(late('book')).toEqual(['refund_all', 'fail_origin', 'strike_seller']);
    expect(late('stock')).toEqual(['refund_all', 'fail_origin', 'release_reservation']);
  });

  test('resolutions of a dispute', () => {
    const resolve = (input: TransitionInput) => take(orderIn('disputed'), 'resolve', SUPPORT, input);
    expect(resolve({ outcome: 'release' })).toMatchObject({ to: 'completed' });
    expect(resolve({ outcome: 'partial', refundCents: 5_000 })).toMatchObject({ to: 'completed' });
    expect(resolve({ outcome: 'partial', refundCents: 5_000 }).effects).toContain('refund_part');
    expect(resolve({ outcome: 'refund' })).toMatchObject({ to: 'refunded' });
  });

  test('a lost chargeback settles with the network, it does not pay the buyer again', () => {
    for (const status of ['on_hold', 'disputed', 'completed'] as const) {
      const { effects } = take(orderIn(status), 'chargeback_lost', SYSTEM);
      expect(effects).toEqual(['settle_chargeback', 'fail_origin']);
    }
  });
});

describe('time', () => {
  test('nothing slips in between a deadline and the sweep', () => {
    const order = orderIn('paid', { timers: [running('ship_by', NOON_MS)] });
    expect(refusal(order, 'ship', SELLER, SHIP, NOON_MS - 1)).toBeNull();
    expect(refusal(order, 'ship', SELLER, SHIP)).toBe('transition_due');
    expect(allowedActions(order, SELLER, NOON_MS)).toEqual([]);
    expect(allowedActions(order, SYSTEM, NOON_MS)).toEqual(['ship_by_over']);
    expect(refusal(order, 'ship_by_over', SYSTEM, {}, NOON_MS - 1)).toBe('invalid_transition');
  });

  test('a payment after the window is late, whoever sweeps first', () => {
    const { order } = placeOrder(orderFacts({ source: 'buy_now' }), SYSTEM, NOON_MS);
    const lateMs = NOON_MS + 15 * MINUTE_MS;
    expect(refusal(order, 'payment_succeeded', SYSTEM, PAID, lateMs - 1)).toBeNull();
    expect(refusal(order, 'payment_succeeded', SYSTEM, PAID, lateMs)).toBe('transition_due');
  });

  test('what is overdue takes effect when it fell due, in order', () => {
    const delivered = take(orderIn('shipped'), 'carrier_delivered', SYSTEM);
    expect(dueTransition(delivered.order, NOON_MS + 2 * DAY_MS - 1)).toBeNull();
    const late = overdueTransitions(delivered.order, NOON_MS + 30 * DAY_MS);
    expect(late.map(({ history }) => [history.action, history.atMs - NOON_MS])).toEqual([
      ['inspection_ending', 2 * DAY_MS],
      ['inspection_over', 3 * DAY_MS],
    ]);
    expect(late.at(-1)?.order).toMatchObject({
      status: 'completed',
      timers: [],
      completedAtMs: NOON_MS + 3 * DAY_MS,
    });
    expect(overdueTransitions(late.at(-1)!.order, NOON_MS + 90 * DAY_MS)).toEqual([]);
  });

  test('pay windows and ship-by by source and supply', () => {
    const payWindow = (source: OrderState['source']) =>
      placeOrder(orderFacts({ source }), SYSTEM, 0).order.timers;
    expect(payWindow('match')).toEqual([running('pay_window', HOUR_MS)]);
    expect(payWindow('checkout')).toEqual([running('pay_window', 15 * MINUTE_MS)]);
    expect(payWindow('offer')).toEqual([running('pay_window', 24 * HOUR_MS)]);
    // Friday noon: two working days end on Tuesday, five days of any kind on Wednesday.
    const fridayMs = Date.UTC(2026, 2, 6, 12);
    const shipBy = (supply: OrderState['supply']) =>
      take(orderIn('pending', { supply }), 'payment_succeeded', SYSTEM, PAID, fridayMs).order.timers;
    expect(shipBy('book')).toEqual([running('ship_by', Date.UTC(2026, 2, 10, 12))]);
    expect(shipBy('listing')).toEqual([running('ship_by', Date.UTC(2026, 2, 11, 12))]);
  });

  test('one extension of a day, before the deadline', () => {
    const order = orderIn('processing', { timers: [running('ship_by', NOON_MS + HOUR_MS)] });
    const extended = take(order, 'extend-ship-by', SELLER);
    expect(extended).toMatchObject({ to: 'processing', version: 8 });
    expect(extended.timers).toEqual([{ op: 'set', kind: 'ship_by', dueAtMs: NOON_MS + 25 * HOUR_MS }]);
    expect(refusal(extended.order, 'extend-ship-by', SELLER, {})).toBe('invalid_transition');
    expect(refusal(order, 'extend-ship-by', SELLER, {}, NOON_MS + HOUR_MS)).toBe('transition_due');
  });

  test('a hold stops the clock and gives back what was left', () => {
    for (const status of HOLDABLE_STATUSES) {
      const order = orderIn(status, { timers: [running('ship_by', NOON_MS + HOUR_MS)] });
      const held = take(order, 'hold', SUPPORT, { reason: 'looking into it' });
      expect(held.timers).toEqual([{ op: 'pause', kind: 'ship_by', remainingMs: HOUR_MS }]);
      expect(held.order.resumeTo).toBe(status);
      expect(dueTransition(held.order, NOON_MS + 400 * DAY_MS)).toBeNull();
      const resumed = take(held.order, 'resume', SUPPORT, {}, NOON_MS + 9 * DAY_MS);
      expect(resumed).toMatchObject({ to: status, order: { resumeTo: null } });
      expect(resumed.timers).toEqual([
        { op: 'resume', kind: 'ship_by', dueAtMs: NOON_MS + 9 * DAY_MS + HOUR_MS },
      ]);
    }
  });

  test('a held order is cancelled only unshipped, and refunding it frees goods that never left', () => {
    const reason = { reason: 'fraud' };
    const heldFrom = (resumeTo: OrderState['resumeTo']) => orderIn('on_hold', { resumeTo, supply: 'stock' });
    expect(take(heldFrom('processing'), 'cancel', SUPPORT, reason).to).toBe('cancelled');
    expect(refusal(heldFrom('shipped'), 'cancel', SUPPORT, reason)).toBe('invalid_transition');
    expect(take(heldFrom('paid'), 'refund', FINANCE, reason).effects).toContain('release_reservation');
    expect(take(heldFrom('shipped'), 'refund', FINANCE, reason).effects).not.toContain('release_reservation');
  });

  test('a parcel is late after ten days, a refund after thirty', () => {
    const reason = { reason: 'never came' };
    const shipped = orderIn('shipped', { shippedAtMs: NOON_MS });
    expect(refusal(shipped, 'dispute', BUYER, reason, NOON_MS + 10 * DAY_MS - 1)).toBe('invalid_transition');
    expect(refusal(shipped, 'dispute', BUYER, reason, NOON_MS + 10 * DAY_MS)).toBeNull();
    const completed = orderIn('completed', { completedAtMs: NOON_MS });
    expect(refusal(completed, 'refund', SELLER, reason, NOON_MS + 30 * DAY_MS)).toBeNull();
    expect(refusal(completed, 'refund', SELLER, reason, NOON_MS + 30 * DAY_MS + 1)).toBe(
      'invalid_transition',
    );
    expect(refusal(completed, 'chargeback_lost', SYSTEM, {}, NOON_MS + 80 * DAY_MS)).toBeNull();
  });

  test('a silent seller loses after three days, one who answers does not', () => {
    const disputed = take(orderIn('delivered'), 'dispute', BUYER, { reason: 'not as described' });
    expect(refusal(disputed.order, 'answer-dispute', SELLER, {})).toBe('invalid_transition');
    const asked = take(disputed.order, 'ask-seller', SUPPORT);
    expect(dueTransition(asked.order, NOON_MS + 3 * DAY_MS)).toEqual({
      action: 'dispute_silence',
      atMs: NOON_MS + 3 * DAY_MS,
    });
    const answered = take(asked.order, 'answer-dispute', SELLER);
    expect(
      overdueTransitions(answered.order, NOON_MS + 61 * DAY_MS).map(({ history }) => history.action),
    ).toEqual(['dispute_over_60_days']);
  });
});

describe('who somebody is to an order', () => {
  const order = orderFacts();
  const of = (role: string): readonly string[] =>
    BUILT_IN_ROLES.find(({ name }) => name === role)!.permissions;
  const ADMINS = of('admin');
  test('parties act as parties only, staff by their permissions, strangers not at all', () => {
    expect(actorOn(order, { id: BUYER.id, permissions: ADMINS })).toEqual(BUYER);
    expect(actorOn(order, { id: SELLER.id, permissions: [] })).toEqual(SELLER);
    expect(actorOn(order, { id: 'usr_x', permissions: of('moderator') })).toBeNull();
    expect(actorOn(order, { id: 'usr_x', permissions: of('support') })?.roles).toEqual(['support']);
    expect(actorOn(order, { id: 'usr_x', permissions: of('finance') })?.roles).toEqual(['finance']);
    expect(actorOn(order, { id: 'usr_x', permissions: ['orders.read'] })?.roles).toEqual([]);
    expect(actorOn(order, { id: ADMIN.id, permissions: ADMINS })).toEqual(ADMIN);
  });
  test('for the platform’s own stock an admin is the seller', () => {
    const stock = { ...order, sellerId: null };
    expect(actorOn(stock, { id: 'usr_x', permissions: ADMINS })?.roles).toEqual(['seller', 'admin']);
    expect(actorOn(stock, { id: 'usr_x', permissions: of('support') })?.roles).toEqual(['support']);
  });
});

describe('random walks', () => {
  const STOCK_EFFECTS: OrderEffect[] = ['release_reservation', 'consume_reservation'];
  const actions: OrderAction[] = [...ORDER_ACTIONS, ...ORDER_TRIGGERS];
  const walkStep = fc.record({
    pick: fc.nat(100),
    isWild: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    action: fc.constantFrom(...actions),
    role: fc.constantFrom(...ACTOR_ROLES),
    outcome: fc.constantFrom('release' as const, 'refund' as const, 'partial' as const),
    waitMs: fc.oneof(
      { weight: 8, arbitrary: fc.constant(MINUTE_MS) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 * DAY_MS }) },
    ),
  });

  test('history is a chain, versions are dense, timers and holds fit the state', () => {
    const ends = new Set<string>();
    fc.assert(
      fc.property(
        fc.constantFrom(...ORDER_SUPPLIES),
        fc.array(walkStep, { minLength: 5, maxLength: 40 }),
        (supply, steps) => {
          const taken = [placeOrder(orderFacts({ supply }), SYSTEM, NOON_MS)];
          let nowMs = NOON_MS;
          for (const { pick, isWild, outcome, waitMs, ...step } of steps) {
            nowMs += waitMs;
            taken.push(...overdueTransitions(taken.at(-1)!.order, nowMs));
            const { order } = taken.at(-1)!;
            const offers = ACTOR_ROLES.flatMap((role) => {
              const actor: Actor = { id: role, roles: [role] };
              return allowedActions(order, actor, nowMs).map((action) => ({ action, actor }));
            });
            const wild = { action: step.action, actor: { id: step.role, roles: [step.role] } };
            const { action, actor } = isWild ? wild : (offers[pick % Math.max(offers.length, 1)] ?? wild);
            const input = { ...PAID, ...SHIP, reason: 'why not', outcome, refundCents: 100 };
            const next = transition(order, action, actor, input, nowMs);
            expect(next.ok).toBe(allowedActions(order, actor, nowMs).includes(action));
            if (next.ok) taken.push(next.value);
          }
          // The platform's stock is sent or back on the shelf, once, when the order has got that far.
          const effects = taken.flatMap((step) => step.effects);
          const moved = effects.filter((effect) => STOCK_EFFECTS.includes(effect));
          const { order: end } = taken.at(-1)!;
          const isSettled = isFinal(end.status) || end.shippedAtMs !== null;
          expect(moved).toHaveLength(supply === 'stock' && isSettled ? 1 : 0);
          taken.forEach(({ history, order, version }, index) => {
            expect(history.from).toBe(index === 0 ? null : taken[index - 1]!.to);
            expect(version).toBe(index + 1);
            expect(order.status === 'on_hold').toBe(order.resumeTo !== null);
            const isStill =
              isFinal(order.status) || order.status === 'completed' || order.status === 'shipped';
            if (isStill) expect(order.timers).toEqual([]);
            else if (order.status !== 'on_hold') expect(order.timers.length).toBeGreaterThan(0);
            expect(
              order.timers.every((timer) => (timer.state === 'paused') === (order.status === 'on_hold')),
            ).toBe(true);
            ends.add(order.status);
          });
        },
      ),
      { numRuns: 2000 },
    );
    expect(ends.size).toBe(11);
  });
});
