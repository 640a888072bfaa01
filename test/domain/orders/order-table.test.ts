import { describe, expect, test } from 'vitest';
import {
  ACTOR_ROLES,
  FINAL_STATUSES,
  ORDER_ACTIONS,
  ORDER_STATUSES,
  ORDER_TRIGGERS,
  type OrderAction,
  type OrderState,
  type OrderStatus,
  type TimerKind,
} from '../../../src/domain/orders/order.ts';
import {
  allowedActions,
  type TransitionInput,
  transition,
} from '../../../src/domain/orders/order-machine.ts';
import { NOON_MS, orderIn, running } from '../../support/orders.ts';

/** C.4 written out by hand, apart from the table under test: `from action role[,role] -> to`. */
const EXPECTED = `
  pending    payment_succeeded    system                 -> paid
  pending    payment_failed       system                 -> failed
  pending    pay_window_over      system                 -> failed
  pending    cancel               buyer,seller,admin,system -> cancelled
  pending    change-address       buyer                  -> pending

  paid       confirm              seller                 -> processing
  paid       ship                 seller                 -> shipped
  paid       cancel               buyer,seller,admin     -> cancelled
  paid       ship_by_over         system                 -> cancelled
  paid       refund               finance,admin          -> refunded
  paid       extend-ship-by       seller                 -> paid
  paid       change-address       buyer                  -> paid
  paid       hold                 support,admin          -> on_hold
  paid       fraud_flagged        system                 -> on_hold
  paid       verification_failed  system                 -> on_hold
  paid       seller_suspended     system                 -> on_hold
  paid       chargeback_opened    system                 -> on_hold

  processing ship                 seller                 -> shipped
  processing cancel               seller,admin           -> cancelled
  processing ship_by_over         system                 -> cancelled
  processing extend-ship-by       seller                 -> processing
  processing change-address       buyer                  -> processing
  processing hold                 support,admin          -> on_hold
  processing fraud_flagged        system                 -> on_hold
  processing verification_failed  system                 -> on_hold
  processing seller_suspended     system                 -> on_hold
  processing chargeback_opened    system                 -> on_hold

  shipped    deliver              buyer,admin            -> delivered
  shipped    carrier_delivered    system                 -> delivered
  shipped    dispute              buyer                  -> disputed
  shipped    hold                 support,admin          -> on_hold
  shipped    fraud_flagged        system                 -> on_hold
  shipped    verification_failed  system                 -> on_hold
  shipped    seller_suspended     system                 -> on_hold
  shipped    chargeback_opened    system                 -> on_hold

  delivered  complete             buyer,finance,admin    -> completed
  delivered  inspection_over      system                 -> completed
  delivered  inspection_ending    system                 -> delivered
  delivered  dispute              buyer,support,admin    -> disputed
  delivered  hold                 support,admin          -> on_hold
  delivered  fraud_flagged        system                 -> on_hold
  delivered  verification_failed  system                 -> on_hold
  delivered  seller_suspended     system                 -> on_hold
  delivered  chargeback_opened    system                 -> on_hold

  disputed   resolve              support,finance,admin  -> refunded
  disputed   dispute_silence      system                 -> refunded
  disputed   dispute_over_60_days system                 -> refunded
  disputed   chargeback_lost      system                 -> refunded
  disputed   ask-seller           support,admin          -> disputed
  disputed   answer-dispute       seller                 -> disputed

  on_hold    resume               support,admin,system   -> paid
  on_hold    cancel               support,finance,admin  -> cancelled
  on_hold    refund               support,finance,admin  -> refunded
  on_hold    chargeback_lost      system                 -> refunded

  completed  refund               seller,finance,admin   -> refunded
  completed  chargeback_lost      system                 -> refunded
`;

const expected = new Map<string, OrderStatus>();
for (const line of EXPECTED.split('\n').filter((text) => text.trim() !== '')) {
  const [from, action, roles, , to] = line.trim().split(/\s+/);
  for (const role of roles!.split(',')) expected.set(`${from} ${action} ${role}`, to as OrderStatus);
}

const ACTIONS: readonly OrderAction[] = [...ORDER_ACTIONS, ...ORDER_TRIGGERS];
const TIMER_OF: Partial<Record<OrderAction, TimerKind>> = {
  pay_window_over: 'pay_window',
  ship_by_over: 'ship_by',
  inspection_ending: 'inspection_reminder',
  inspection_over: 'inspection',
  dispute_silence: 'dispute_reply',
  dispute_over_60_days: 'dispute_window',
};

/** An order for which every guard holds that its state can satisfy, and an input that lacks nothing. */
function readyFor(
  action: OrderAction,
  status: OrderStatus,
  source: OrderState['source'] = 'match',
): OrderState {
  const timer = TIMER_OF[action];
  const asked = running('dispute_reply', NOON_MS + 1);
  return orderIn(status, {
    source,
    timers: timer ? [running(timer, NOON_MS)] : action === 'answer-dispute' ? [asked] : [],
    shippedAtMs: 0,
    completedAtMs: NOON_MS,
  });
}
const input: TransitionInput = {
  reason: 'because',
  carrier: 'DHL',
  trackingNumber: '1Z',
  outcome: 'refund',
  amountCents: 23_100,
  currency: 'USD',
};

/** The same for what only one direction of an exchange knows. */
const EXPECTED_OF_SWAPS = `
  pending    swap_failed   -> cancelled
  paid       swap_failed   -> cancelled
  paid       swap_stopped  -> on_hold
  processing swap_failed   -> cancelled
  processing swap_stopped  -> on_hold
  shipped    swap_failed   -> refunded
  shipped    swap_stopped  -> on_hold
  delivered  swap_arrived  -> delivered
  delivered  swap_failed   -> refunded
  delivered  swap_stopped  -> on_hold
  on_hold    swap_failed   -> cancelled
  disputed   swap_failed   -> refunded
`;

describe('one direction of an exchange', () => {
  test('follows the other by these steps, by the system alone, and no other order does', () => {
    const steps = new Map(
      EXPECTED_OF_SWAPS.trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .map(([from, action, , to]) => [`${from} ${action}`, to]),
    );
    for (const status of ORDER_STATUSES) {
      for (const action of ['swap_arrived', 'swap_stopped', 'swap_failed'] as const) {
        for (const role of ACTOR_ROLES) {
          const actor = { id: 'someone', roles: [role] };
          const swap = transition(readyFor(action, status, 'swap'), action, actor, input, NOON_MS);
          const name = `${status} ${action}`;
          expect(swap.ok ? swap.value.to : null, `${name} ${role}`).toBe(
            role === 'system' ? (steps.get(name) ?? null) : null,
          );
          expect(transition(readyFor(action, status), action, actor, input, NOON_MS).ok).toBe(false);
        }
      }
    }
  });

  test('is not settled before the other has arrived, and is undone wherever a hold found it', () => {
    const actor = { id: 'someone', roles: ['buyer'] as const };
    const arrived = orderIn('delivered', { source: 'swap' });
    expect(transition(arrived, 'complete', actor, {}, NOON_MS).ok).toBe(false);
    const both = orderIn('delivered', { source: 'swap', timers: [running('inspection', NOON_MS + 1)] });
    expect(transition(both, 'complete', actor, {}, NOON_MS).ok).toBe(true);
    const held = orderIn('on_hold', { source: 'swap', resumeTo: 'shipped' });
    const failed = transition(held, 'swap_failed', { id: 'system', roles: ['system'] }, {}, NOON_MS);
    expect(failed).toMatchObject({ ok: true, value: { to: 'refunded' } });
  });
});

describe('the full table of states x actions x roles', () => {
  const reached = new Set<string>();
  for (const status of ORDER_STATUSES) {
    test(`from ${status}`, () => {
      for (const action of ACTIONS) {
        const order = readyFor(action, status);
        for (const role of ACTOR_ROLES) {
          const name = `${status} ${action} ${role}`;
          const actor = { id: 'someone', roles: [role] };
          const result = transition(order, action, actor, input, NOON_MS);
          expect(result.ok ? result.value.to : null, name).toBe(expected.get(name) ?? null);
          expect(allowedActions(order, actor, NOON_MS).includes(action), name).toBe(expected.has(name));
          if (result.ok) reached.add(name);
          else expect(result.error.code, name).toMatch(/^(forbidden|invalid_transition|transition_due)$/);
        }
      }
    });
  }

  test('every expected line was reached', () => {
    expect([...reached].sort()).toEqual([...expected.keys()].sort());
  });

  test('final states are final', () => {
    for (const status of FINAL_STATUSES)
      expect([...expected.keys()].filter((name) => name.startsWith(`${status} `))).toEqual([]);
  });

  test('a role that may never do it is told apart from a moment that is wrong', () => {
    const order = orderIn('shipped');
    const ship = transition(order, 'ship', { id: 'b', roles: ['buyer'] }, input, NOON_MS);
    expect(ship).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    const cancel = transition(order, 'cancel', { id: 'b', roles: ['buyer'] }, input, NOON_MS);
    expect(cancel).toMatchObject({
      ok: false,
      error: { code: 'invalid_transition', status: 'shipped', allowedActions: ['deliver'] },
    });
  });
});
