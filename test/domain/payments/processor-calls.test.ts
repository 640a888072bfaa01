import { describe, expect, test } from 'vitest';
import { type AttemptOutcome, attemptKey, retryPlan } from '../../../src/domain/payments/attempts.ts';
import { admitCall, type Breaker, CLOSED, recordCall } from '../../../src/domain/payments/circuit-breaker.ts';
import { nextPayoutMs, payoutAmounts, proceedsClearing } from '../../../src/domain/payments/payout.ts';

describe('retries', () => {
  test('timeouts three times, after 1, 2 and 4 seconds', () => {
    const plans = [1, 2, 3, 4].map((count) => retryPlan(Array(count).fill('timeout')));
    expect(plans).toEqual([
      { kind: 'retry', afterMs: 1000 },
      { kind: 'retry', afterMs: 2000 },
      { kind: 'retry', afterMs: 4000 },
      { kind: 'give_up', because: 'timeouts' },
    ]);
  });
  test.each<[AttemptOutcome[], ReturnType<typeof retryPlan>]>([
    [[], { kind: 'retry', afterMs: 0 }],
    [['success'], { kind: 'done' }],
    [['timeout', 'success'], { kind: 'done' }],
    [['declined'], { kind: 'give_up', because: 'declined' }],
    [['timeout', 'declined'], { kind: 'give_up', because: 'declined' }],
    [['error'], { kind: 'give_up', because: 'error' }],
    [['intent'], { kind: 'look_up' }],
    [['timeout', 'unknown'], { kind: 'look_up' }],
    [['unknown', 'timeout'], { kind: 'retry', afterMs: 1000 }],
  ])('%j', (attempts, plan) => {
    expect(retryPlan(attempts)).toEqual(plan);
  });
  test('keys come from the order and the attempt', () => {
    expect(attemptKey('ord_1', 2)).toBe('order:ord_1:attempt:2');
  });
});

describe('the circuit breaker', () => {
  const run = (outcomes: AttemptOutcome[], from: Breaker = CLOSED, nowMs = 0) =>
    outcomes.reduce((breaker, outcome) => recordCall(breaker, outcome, nowMs), from);

  test('five failures in a row open it for thirty seconds', () => {
    expect(run(['timeout', 'error', 'unknown', 'timeout'])).toEqual({ state: 'closed', failures: 4 });
    const open = run(['timeout', 'error', 'unknown', 'timeout', 'error'], CLOSED, 500);
    expect(open).toEqual({ state: 'open', untilMs: 30_500 });
    expect(admitCall(open, 500)).toEqual({ breaker: open, retryAfterMs: 30_000 });
    expect(admitCall(open, 30_499).retryAfterMs).toBe(1);
    expect(admitCall(open, 30_500)).toEqual({
      breaker: { state: 'half_open', successes: 0 },
      retryAfterMs: null,
    });
  });
  test('a success starts the count again, a decline does not count', () => {
    expect(run(['timeout', 'timeout', 'success', 'timeout'])).toEqual({ state: 'closed', failures: 1 });
    expect(run(Array(50).fill('declined'))).toEqual(CLOSED);
    expect(run(['timeout', 'declined', 'timeout'])).toEqual({ state: 'closed', failures: 2 });
  });
  test('two successes close it, one failure opens it again', () => {
    const half: Breaker = { state: 'half_open', successes: 0 };
    expect(run(['success'], half)).toEqual({ state: 'half_open', successes: 1 });
    expect(run(['success', 'declined', 'success'], half)).toEqual(CLOSED);
    expect(run(['success', 'timeout'], half, 7)).toEqual({ state: 'open', untilMs: 30_007 });
  });
  test('answers to calls from before it opened change nothing', () => {
    const open: Breaker = { state: 'open', untilMs: 30_000 };
    expect(run(['success', 'timeout', 'success'], open, 10)).toEqual(open);
  });
});

describe('payouts', () => {
  const standard = { isInstant: false, minimumCents: 5_000 };
  test('standard and instant', () => {
    expect(payoutAmounts(21_120, 21_120, standard)).toEqual({
      ok: true,
      value: { amountCents: 21_120, feeCents: 0, netCents: 21_120 },
    });
    expect(payoutAmounts(21_120, 50_000, { ...standard, isInstant: true })).toEqual({
      ok: true,
      value: { amountCents: 21_120, feeCents: 422, netCents: 20_698 },
    });
  });
  test.each([
    [4_999, 10_000, 'below_payout_minimum'],
    [5_000, 4_999, 'insufficient_funds'],
    [5_000, -1, 'insufficient_funds'],
    [0, 10_000, 'invalid_amount'],
    [0.5, 10_000, 'invalid_amount'],
  ])('%d of %d: %s', (amountCents, availableCents, error) => {
    expect(payoutAmounts(amountCents, availableCents, standard)).toEqual({ ok: false, error });
  });
  test('proceeds wait for the payout delay, if there is one', () => {
    expect(proceedsClearing(1_000, 0)).toEqual({ purse: 'available', clearsAtMs: 1_000 });
    expect(proceedsClearing(1_000, 500)).toEqual({ purse: 'pending', clearsAtMs: 1_500 });
  });
  test('schedules', () => {
    // A Wednesday, and the Monday after it.
    const wednesdayMs = Date.UTC(2026, 11, 30, 8);
    const mondayMs = Date.UTC(2027, 0, 4);
    expect(nextPayoutMs('automatic', wednesdayMs)).toBe(wednesdayMs);
    expect(nextPayoutMs('daily', wednesdayMs)).toBe(Date.UTC(2026, 11, 31));
    expect(nextPayoutMs('weekly', wednesdayMs)).toBe(mondayMs);
    expect(nextPayoutMs('weekly', mondayMs)).toBe(Date.UTC(2027, 0, 11));
    expect(nextPayoutMs('weekly', mondayMs - 1)).toBe(mondayMs);
    expect(nextPayoutMs('monthly', wednesdayMs)).toBe(Date.UTC(2027, 0, 1));
    expect(nextPayoutMs('manual', wednesdayMs)).toBeNull();
  });
});
