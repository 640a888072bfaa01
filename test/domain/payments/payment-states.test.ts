import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ORDER_STATUSES } from '../../../src/domain/orders/order.ts';
import {
  advancePayment,
  captureDisposition,
  observePayment,
  PAYMENT_ACTIONS,
  PAYMENT_RANKS,
  PAYMENT_STATUSES,
  statusAfterRefunds,
} from '../../../src/domain/payments/payment-state.ts';
import {
  advancePayout,
  observePayout,
  PAYOUT_ACTIONS,
  type PAYOUT_ROLES,
  PAYOUT_STATUSES,
} from '../../../src/domain/payments/payout.ts';
import {
  advanceRefund,
  observeRefund,
  REFUND_ACTIONS,
  REFUND_ROLES,
  REFUND_STATUSES,
  refundableCents,
} from '../../../src/domain/payments/refund-state.ts';
import type { Result } from '../../../src/domain/result.ts';

/** Every possible step of a machine as `from action -> to`. */
function stepsOf<State extends string, Action extends string>(
  states: readonly State[],
  actions: readonly Action[],
  advance: (from: State, action: Action) => Result<State, string>,
): string[] {
  return states.flatMap((from) =>
    actions.flatMap((action) => {
      const next = advance(from, action);
      return next.ok ? [`${from} ${action} -> ${next.value}`] : [];
    }),
  );
}
const lines = (text: string) => text.trim().split(/\s*\n\s*/);

describe('a payment', () => {
  test('takes exactly these steps', () => {
    expect(stepsOf(PAYMENT_STATUSES, PAYMENT_ACTIONS, advancePayment).sort()).toEqual(
      lines(`
        pending require_action -> requires_action
        pending process -> processing
        pending succeed -> succeeded
        pending fail -> failed
        pending cancel -> cancelled
        requires_action process -> processing
        requires_action succeed -> succeeded
        requires_action fail -> failed
        requires_action cancel -> cancelled
        processing require_action -> requires_action
        processing succeed -> succeeded
        processing fail -> failed
        processing cancel -> cancelled
        failed succeed -> succeeded
        failed retry -> pending
        failed cancel -> cancelled
        cancelled succeed -> succeeded
        succeeded refund_part -> partially_refunded
        succeeded refund_rest -> refunded
        partially_refunded refund_part -> partially_refunded
        partially_refunded refund_rest -> refunded
      `).sort(),
    );
  });

  test('ends the same whatever order its webhooks arrive in, each twice', () => {
    const reports = fc.shuffledSubarray([...PAYMENT_STATUSES, ...PAYMENT_STATUSES], { minLength: 1 });
    fc.assert(
      fc.property(reports, (reported) => {
        const end = reported.reduce(observePayment, 'pending');
        const furthest = Math.max(...reported.map((status) => PAYMENT_RANKS[status]));
        expect(PAYMENT_RANKS[end]).toBe(furthest);
      }),
    );
  });

  test('is never regressed by a late report', () => {
    expect(observePayment('succeeded', 'processing')).toBe('succeeded');
    expect(observePayment('succeeded', 'failed')).toBe('succeeded');
    expect(observePayment('refunded', 'partially_refunded')).toBe('refunded');
    expect(observePayment('failed', 'succeeded')).toBe('succeeded');
    expect(observePayment('cancelled', 'succeeded')).toBe('succeeded');
  });

  test('follows its refunds', () => {
    expect(statusAfterRefunds(100, 0)).toBe('succeeded');
    expect(statusAfterRefunds(100, 99)).toBe('partially_refunded');
    expect(statusAfterRefunds(100, 100)).toBe('refunded');
  });

  test('that arrives late is given back', () => {
    for (const status of ORDER_STATUSES) {
      expect(captureDisposition(status, true)).toBe('already_applied');
      expect(captureDisposition(status, false)).toBe(status === 'pending' ? 'apply' : 'refund');
    }
  });
});

describe('a refund', () => {
  test('takes exactly these steps, each by these roles', () => {
    const steps = REFUND_ROLES.map((role) => ({
      role,
      steps: stepsOf(REFUND_STATUSES, REFUND_ACTIONS, (from, action) => advanceRefund(from, action, role)),
    }));
    const byStaff = lines(`
      requested approve -> approved
      failed retry -> processing
    `);
    expect(steps).toEqual([
      {
        role: 'system',
        steps: lines(`
          requested approve -> approved
          approved process -> processing
          processing succeed -> succeeded
          processing fail -> failed
          failed retry -> processing
        `),
      },
      { role: 'finance', steps: byStaff },
      { role: 'admin', steps: byStaff },
    ]);
  });

  test('only moves forward by report', () => {
    expect(observeRefund('processing', 'succeeded')).toBe('succeeded');
    expect(observeRefund('succeeded', 'processing')).toBe('succeeded');
    expect(observeRefund('succeeded', 'failed')).toBe('succeeded');
    expect(observeRefund('failed', 'succeeded')).toBe('succeeded');
  });

  test('counts from its approval, and still when it failed', () => {
    const amountCents = 30;
    const refunds = REFUND_STATUSES.map((status) => ({ status, amountCents }));
    expect(refundableCents(200, refunds)).toBe(80);
    expect(refundableCents(200, [{ status: 'requested', amountCents }])).toBe(200);
  });
});

describe('a payout', () => {
  test('takes exactly these steps, each by these roles', () => {
    const stepsBy = (role: (typeof PAYOUT_ROLES)[number]) =>
      stepsOf(PAYOUT_STATUSES, PAYOUT_ACTIONS, (from, action) => advancePayout(from, action, role));
    expect(stepsBy('system')).toEqual(
      lines(`
        pending process -> processing
        processing pay -> paid
        processing fail -> failed
        paid reverse -> reversed
        failed retry -> pending
      `),
    );
    for (const role of ['seller', 'finance', 'admin'] as const)
      expect(stepsBy(role)).toEqual(['failed retry -> pending']);
  });

  test('ends returned whatever order `paid` and `failed` arrive in', () => {
    expect((['paid', 'failed', 'paid'] as const).reduce(observePayout, 'processing')).toBe('reversed');
    expect((['failed', 'paid', 'failed'] as const).reduce(observePayout, 'processing')).toBe('failed');
    expect(observePayout('paid', 'processing')).toBe('paid');
    expect(observePayout('pending', 'processing')).toBe('processing');
    expect(observePayout('reversed', 'failed')).toBe('reversed');
  });
});
