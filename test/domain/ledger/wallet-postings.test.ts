import { describe, expect, test } from 'vitest';
import {
  fundsLocked,
  fundsUnlocked,
  payoutFailed,
  payoutPaid,
  payoutReversed,
  payoutStarted,
  proceedsCleared,
  walletToppedUp,
} from '../../../src/domain/ledger/wallet-postings.ts';
import { movesOf } from '../../support/money.ts';

const move = { userId: 'usr_1', currency: 'USD', amountCents: 10_000 };
const AVAILABLE = 'user:usr_1:available';

describe('the wallet', () => {
  test('top-up, lock, unlock and clearing', () => {
    expect(movesOf(walletToppedUp(move, 'pay_1'))).toEqual({
      'processor:clearing': -10_000,
      [AVAILABLE]: 10_000,
    });
    expect(movesOf(fundsLocked(move, 'bid_1'))).toEqual({
      [AVAILABLE]: -10_000,
      'user:usr_1:locked': 10_000,
    });
    expect(movesOf(fundsUnlocked(move, 'bid_1'))).toEqual({
      [AVAILABLE]: 10_000,
      'user:usr_1:locked': -10_000,
    });
    expect(movesOf(proceedsCleared(move, 'ord_1'))).toEqual({
      'user:usr_1:pending': -10_000,
      [AVAILABLE]: 10_000,
    });
  });

  test('a payout that arrives', () => {
    const payout = { ...move, feeCents: 200 };
    expect(movesOf(payoutStarted(payout, 'pyo_1'))).toEqual({
      [AVAILABLE]: -10_000,
      'payouts:in_transit': 9_800,
      'platform:fees': 200,
    });
    expect(movesOf(payoutPaid(payout, 'pyo_1'))).toEqual({
      'payouts:in_transit': -9_800,
      'processor:clearing': 9_800,
    });
  });

  test('one that fails or comes back returns all of it, fee included', () => {
    const payout = { ...move, feeCents: 200 };
    const back = { [AVAILABLE]: 10_000, 'platform:fees': -200 };
    expect(movesOf(payoutFailed(payout, 'pyo_1'))).toEqual({ ...back, 'payouts:in_transit': -9_800 });
    expect(movesOf(payoutReversed(payout, 'pyo_1'))).toEqual({ ...back, 'processor:clearing': -9_800 });
  });

  test('nothing, less than nothing and broken cents are not moved', () => {
    for (const amountCents of [0, -1, 0.5, Number.NaN])
      expect(() => walletToppedUp({ ...move, amountCents }, 'pay_1')).toThrow(RangeError);
    expect(() => payoutStarted({ ...move, feeCents: 10_000 }, 'pyo_1')).toThrow(RangeError);
  });
});
