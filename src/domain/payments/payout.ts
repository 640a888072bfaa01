/** Payouts to sellers (product model C.6): their states, schedules, minimum and fee. */
import type { ProceedsPurse } from '../ledger/order-postings.ts';
import { type Cents, cents, feeCents } from '../money.ts';
import { err, ok, type Result } from '../result.ts';
import { type MachineRefusal, type MachineRow, step } from '../state-machine.ts';
import { DAY_MS, HOUR_MS } from '../time.ts';

export const PAYOUT_STATUSES = ['pending', 'processing', 'paid', 'failed', 'reversed'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];
export const PAYOUT_ACTIONS = ['process', 'pay', 'fail', 'retry', 'reverse'] as const;
export type PayoutAction = (typeof PAYOUT_ACTIONS)[number];
export const PAYOUT_ROLES = ['system', 'seller', 'finance', 'admin'] as const;
export type PayoutRole = (typeof PAYOUT_ROLES)[number];

export const PAYOUT_TRANSITIONS: readonly MachineRow<PayoutStatus, PayoutAction, PayoutRole>[] = [
  { from: ['pending'], to: 'processing', action: 'process', by: ['system'] },
  { from: ['processing'], to: 'paid', action: 'pay', by: ['system'] },
  { from: ['processing'], to: 'failed', action: 'fail', by: ['system'] },
  { from: ['failed'], to: 'pending', action: 'retry', by: PAYOUT_ROLES },
  { from: ['paid'], to: 'reversed', action: 'reverse', by: ['system'] },
];

export function advancePayout(
  status: PayoutStatus,
  action: PayoutAction,
  role: PayoutRole,
): Result<PayoutStatus, MachineRefusal> {
  const row = step(PAYOUT_TRANSITIONS, status, action, role);
  return row.ok ? ok(row.value.to) : row;
}

const FORWARD: readonly PayoutStatus[] = ['pending', 'processing', 'paid'];

/**
 * The status after the processor reported one, in any order. A failure ends a payout, and after `paid` it is the bank
 * sending the money back; a `paid` that arrives after either is old news.
 */
export function observePayout(current: PayoutStatus, reported: PayoutStatus): PayoutStatus {
  if (current === 'failed' || current === 'reversed') return current;
  if (reported === 'failed' || reported === 'reversed') return current === 'paid' ? 'reversed' : 'failed';
  return FORWARD.indexOf(reported) > FORWARD.indexOf(current) ? reported : current;
}

/** Where the proceeds of an order completed then land, and from when on they can be paid out. */
export function proceedsClearing(
  completedAtMs: number,
  payoutDelayMs: number,
): { purse: ProceedsPurse; clearsAtMs: number } {
  return {
    purse: payoutDelayMs > 0 ? 'pending' : 'available',
    clearsAtMs: completedAtMs + payoutDelayMs,
  };
}

/** The event that payouts were held back and go out again. */
export const PAYOUTS_RESUMED = 'payouts.resumed';

/** How long after each failure a payout is tried again by itself; then it waits for its owner or for finance. */
const RETRY_DELAYS_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS] as const;

/** When a payout whose attempt (from 1) failed now is tried again, or null. */
export function payoutRetryMs(attempt: number, nowMs: number): number | null {
  const delayMs = RETRY_DELAYS_MS[attempt - 1];
  return delayMs === undefined ? null : nowMs + delayMs;
}

/** The payout of one seller, period and currency: a period that is swept twice has one. */
export function periodPayoutId(userKey: string, dueAtMs: number, currency: string): string {
  return `pyo_${userKey}${(dueAtMs / HOUR_MS).toString(36)}${currency.toLowerCase()}`;
}

/** 50.00 in any currency of two decimals. */
export const MINIMUM_PAYOUT_CENTS = 5_000;
/** An instant payout costs 2 % of it. */
export const INSTANT_PAYOUT_BPS = 200;

export interface PayoutAmounts {
  /** Taken from the wallet. */
  amountCents: Cents;
  feeCents: Cents;
  /** What the bank gets. */
  netCents: Cents;
}
export type PayoutRefusal = 'invalid_amount' | 'below_payout_minimum' | 'insufficient_funds';

/** A payout of `amountCents` out of what is available. A negative balance pays nothing out. */
export function payoutAmounts(
  amountCents: number,
  availableCents: number,
  { isInstant, minimumCents }: { isInstant: boolean; minimumCents: number },
): Result<PayoutAmounts, PayoutRefusal> {
  if (!Number.isSafeInteger(amountCents) || amountCents < 1) return err('invalid_amount');
  if (amountCents < minimumCents) return err('below_payout_minimum');
  if (amountCents > availableCents) return err('insufficient_funds');
  const fee = isInstant ? feeCents(amountCents, INSTANT_PAYOUT_BPS) : cents(0);
  return ok({ amountCents: cents(amountCents), feeCents: fee, netCents: cents(amountCents - fee) });
}

export const PAYOUT_SCHEDULES = ['automatic', 'daily', 'weekly', 'monthly', 'manual'] as const;
export type PayoutSchedule = (typeof PAYOUT_SCHEDULES)[number];

/** The epoch was a Thursday: this many days later the first Monday began. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

function nextMultiple(nowMs: number, periodMs: number, offsetMs: number): number {
  return (Math.floor((nowMs - offsetMs) / periodMs) + 1) * periodMs + offsetMs;
}

/**
 * When the next payout of a schedule is due, strictly after now for periods: midnight UTC every day, on Mondays or on
 * the first of the month. `automatic` is due at once, `manual` never (null).
 */
export function nextPayoutMs(schedule: PayoutSchedule, nowMs: number): number | null {
  switch (schedule) {
    case 'automatic':
      return nowMs;
    case 'daily':
      return nextMultiple(nowMs, DAY_MS, 0);
    case 'weekly':
      return nextMultiple(nowMs, 7 * DAY_MS, FIRST_MONDAY_MS);
    case 'monthly': {
      const now = new Date(nowMs);
      return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    }
    case 'manual':
      return null;
  }
}
