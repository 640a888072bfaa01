import { expect, test } from 'vitest';
import {
  checkRefund,
  heldCents,
  holdStatus,
  openHold,
  refundHold,
  releaseHold,
  setFrozen,
} from '../../../src/domain/payments/escrow-hold.ts';
import type { Result } from '../../../src/domain/result.ts';

function unwrap<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

test('release and refund exclude each other', () => {
  const hold = openHold(23_100);
  const released = unwrap(releaseHold(hold));
  expect(holdStatus(released)).toBe('released');
  expect(refundHold(released, 1)).toEqual({ ok: false, error: 'hold_closed' });
  const refunded = unwrap(refundHold(hold, 23_100));
  expect(holdStatus(refunded)).toBe('refunded');
  expect(releaseHold(refunded)).toEqual({ ok: false, error: 'hold_closed' });
  expect(setFrozen(refunded, true)).toEqual({ ok: false, error: 'hold_closed' });
});

test('partial refunds and then the rest', () => {
  const part = unwrap(refundHold(unwrap(refundHold(openHold(23_100), 3_000)), 100));
  expect(holdStatus(part)).toBe('held');
  expect(heldCents(part)).toBe(20_000);
  expect(refundHold(part, 20_001)).toEqual({ ok: false, error: 'refund_exceeds_remaining' });
  const split = unwrap(releaseHold(part));
  expect(split).toMatchObject({ releasedCents: 20_000, refundedCents: 3_100 });
  expect(holdStatus(split)).toBe('partially_released');
  expect(holdStatus(unwrap(refundHold(part, 20_000)))).toBe('refunded');
});

test('nothing moves while frozen', () => {
  const frozen = unwrap(setFrozen(openHold(100), true));
  expect(releaseHold(frozen)).toEqual({ ok: false, error: 'hold_frozen' });
  expect(refundHold(frozen, 1)).toEqual({ ok: false, error: 'hold_frozen' });
  expect(unwrap(releaseHold(unwrap(setFrozen(frozen, false)))).releasedCents).toBe(100);
});

test('amounts that are no refund', () => {
  for (const cents of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(checkRefund(cents, 100)).toBe('invalid_amount');
  expect(checkRefund(101, 100)).toBe('refund_exceeds_remaining');
  expect(checkRefund(100, 100)).toBeNull();
});
