import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { userAccountParts } from '../../../src/domain/ledger/accounts.ts';
import {
  chargebackLost,
  chargebackOpened,
  chargebackWon,
  disputeSplit,
  escrowReleased,
  type OrderMoney,
  paymentCaptured,
  refundAfterRelease,
  refundFromEscrow,
  refundSettled,
} from '../../../src/domain/ledger/order-postings.ts';
import { Balances, balanced, type Posting, post } from '../../../src/domain/ledger/posting.ts';
import { refundedShares, remainingShares } from '../../../src/domain/ledger/shares.ts';
import { feeRate, movesOf, orderMoney } from '../../support/money.ts';

const AVAILABLE = 'user:usr_seller:available';
const PENDING = 'user:usr_seller:pending';

/** Orders of any price and fees, some with shipping, some sold by the platform. */
const anyOrder: fc.Arbitrary<OrderMoney> = fc
  .record({
    priceCents: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10 ** 8 })),
    shippingCents: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 })),
    rate: fc
      .tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), fc.nat(600))
      .map(([buyerBps, sellerBps, minimum]) => feeRate(buyerBps, sellerBps, minimum)),
    sellerId: fc.constantFrom('usr_seller', null),
  })
  .map(({ priceCents, ...options }) => orderMoney(priceCents, options));

/** Cuts a total into positive parts. */
function partsOf(totalCents: number, cuts: readonly number[]): number[] {
  const points = [...new Set([0, ...cuts.map((cut) => cut % (totalCents + 1)), totalCents])].sort(
    (a, b) => a - b,
  );
  return points.slice(1).map((point, index) => point - points[index]!);
}

/** `fee x refunded / total`, rounded half up as C.5 says, by long division. */
function halfUp(feeCents: number, refundedCents: number, totalCents: number): number {
  const product = BigInt(feeCents) * BigInt(refundedCents);
  const whole = product / BigInt(totalCents);
  return Number(whole) + ((product % BigInt(totalCents)) * 2n >= BigInt(totalCents) ? 1 : 0);
}

function balancesOf(postings: readonly Posting[]): Balances {
  const balances = new Balances();
  for (const posting of postings) {
    expect(balanced(posting)).toBe(true);
    balances.apply(posting);
    expect(balances.total('USD')).toBe(0);
  }
  return balances;
}

describe('the example of C.5 to the cent', () => {
  const order = orderMoney(22_000);
  test('231.00 in, 211.20 to the seller, 19.80 to the platform', () => {
    expect(movesOf(paymentCaptured(order, 'processor:clearing'))).toEqual({
      'processor:clearing': -23_100,
      escrow: 23_100,
    });
    expect(movesOf(escrowReleased(order, 0, 'available'))).toEqual({
      escrow: -23_100,
      [AVAILABLE]: 21_120,
      'platform:fees': 1_980,
    });
  });

  test.each([
    ['community', 45_000, feeRate(0, 500), 42_750, 2_250],
    ['discover', 29_900, feeRate(0, 1500), 25_415, 4_485],
  ])('%s', (_, priceCents, rate, payoutCents, feesCents) => {
    expect(movesOf(escrowReleased(orderMoney(priceCents, { rate }), 0, 'pending'))).toEqual({
      escrow: -priceCents,
      [PENDING]: payoutCents,
      'platform:fees': feesCents,
    });
  });

  test('the platform’s own sale, with shipping', () => {
    const sale = orderMoney(19_999, { rate: feeRate(0, 0), sellerId: null, shippingCents: 500 });
    expect(movesOf(escrowReleased(sale, 0, 'available'))).toEqual({
      escrow: -20_499,
      'platform:sales': 19_999,
      'platform:shipping': 500,
    });
  });

  test('a wallet pays from what is available or locked', () => {
    expect(movesOf(paymentCaptured(order, 'user:usr_buyer:locked'))).toEqual({
      'user:usr_buyer:locked': -23_100,
      escrow: 23_100,
    });
  });
});

describe('refunds', () => {
  const order = orderMoney(22_000);
  test('half before the release: the seller gets half, the fees are halved', () => {
    expect(
      movesOf(refundFromEscrow(order, { refundId: 'ref_1', refundedBeforeCents: 0, refundCents: 11_550 })),
    ).toEqual({
      escrow: -11_550,
      refunds: 11_550,
    });
    expect(movesOf(escrowReleased(order, 11_550, 'available'))).toEqual({
      escrow: -11_550,
      [AVAILABLE]: 10_560,
      'platform:fees': 990,
    });
  });

  test('after the release the seller gives back, first what is still pending', () => {
    const refund = { refundId: 'ref_1', refundedBeforeCents: 0, refundCents: 23_100 };
    expect(movesOf(refundAfterRelease(order, { ...refund, sellerPendingCents: 20_000 }))).toEqual({
      [PENDING]: -20_000,
      [AVAILABLE]: -1_120,
      'platform:fees': -1_980,
      refunds: 23_100,
    });
    expect(movesOf(refundAfterRelease(order, { ...refund, sellerPendingCents: 0 }))).toEqual({
      [AVAILABLE]: -21_120,
      'platform:fees': -1_980,
      refunds: 23_100,
    });
  });

  test('no more than what is left', () => {
    for (const refundCents of [0, -1, 0.5, 101, Number.NaN]) {
      const refund = { refundId: 'ref_1', refundedBeforeCents: 23_000, refundCents };
      expect(() => refundFromEscrow(order, refund)).toThrow(RangeError);
      expect(() => refundAfterRelease(order, { ...refund, sellerPendingCents: 0 })).toThrow(RangeError);
    }
    expect(() => escrowReleased(order, 23_101, 'available')).toThrow(RangeError);
    expect(() => escrowReleased(order, 23_100, 'available')).toThrow(RangeError);
  });

  test('any partial refunds in a row equal one full refund, whenever the release falls', () => {
    fc.assert(
      fc.property(
        anyOrder,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.nat(9),
        fc.boolean(),
        (money, cuts, releaseBefore, isPending) => {
          const purse = isPending ? 'pending' : 'available';
          const postings = [paymentCaptured(money, 'processor:clearing')];
          let refundedCents = 0;
          let isReleased = false;
          partsOf(money.amounts.totalCents, cuts).forEach((refundCents, index) => {
            if (index === releaseBefore) {
              postings.push(escrowReleased(money, refundedCents, purse));
              isReleased = true;
            }
            const soFar = balancesOf(postings).of(PENDING, 'USD');
            const refund = { refundId: `ref_${index}`, refundedBeforeCents: refundedCents, refundCents };
            postings.push(
              isReleased
                ? refundAfterRelease(money, { ...refund, sellerPendingCents: soFar })
                : refundFromEscrow(money, refund),
              refundSettled({ ...refund, currency: 'USD', to: 'processor:clearing' }),
            );
            refundedCents += refundCents;
          });
          const balances = balancesOf(postings);
          const all = ['escrow', 'refunds', 'processor:clearing', 'platform:fees', 'platform:sales'] as const;
          for (const account of [...all, 'platform:shipping'] as const)
            expect(balances.of(account, 'USD'), account).toBe(0);
          expect(balances.of(AVAILABLE, 'USD') + balances.of(PENDING, 'USD')).toBe(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('shares are cumulative, never leave their bounds and sum to the refund', () => {
    fc.assert(
      fc.property(anyOrder, fc.nat(), ({ amounts }, nat) => {
        const refundedCents = nat % (amounts.totalCents + 1);
        const refunded = refundedShares(amounts, refundedCents);
        const rest = remainingShares(amounts, refundedCents);
        const sum = (shares: typeof rest) => Object.values(shares).reduce<number>((a, b) => a + b, 0);
        expect(sum(refunded)).toBe(refundedCents);
        expect(sum(rest)).toBe(amounts.totalCents - refundedCents);
        const rounded = halfUp(amounts.buyerFeeCents, refundedCents, amounts.totalCents);
        expect(refunded.buyerFeeCents).toBe(rounded);
      }),
      { numRuns: 2000 },
    );
    expect(() => refundedShares(order.amounts, 23_101)).toThrow(RangeError);
  });

  test('with the fees of C.5 the seller fee follows the same formula', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 7 }), fc.nat(), (priceCents, nat) => {
        const { amounts } = orderMoney(priceCents);
        const refundedCents = nat % (amounts.totalCents + 1);
        const rounded = halfUp(amounts.sellerFeeCents, refundedCents, amounts.totalCents);
        expect(refundedShares(amounts, refundedCents).sellerFeeCents).toBe(rounded);
      }),
    );
  });
});

describe('disputes and chargebacks', () => {
  const order = orderMoney(22_000);
  test('a split is a refund and a release in one posting', () => {
    const split = {
      refundId: 'ref_1',
      refundedBeforeCents: 1_000,
      refundCents: 5_000,
      purse: 'available',
    } as const;
    const apart = balancesOf([refundFromEscrow(order, split), escrowReleased(order, 6_000, 'available')]);
    const together = balancesOf([disputeSplit(order, split)]);
    for (const account of ['escrow', 'refunds', AVAILABLE, 'platform:fees'] as const)
      expect(together.of(account, 'USD')).toBe(apart.of(account, 'USD'));
    expect(together.of('escrow', 'USD')).toBe(-22_100);
  });

  const chargeback = { chargebackId: 'dp_1', amountCents: 23_100 };
  test('won: as if it had never been', () => {
    const balances = balancesOf([chargebackOpened(order, chargeback), chargebackWon(order, chargeback)]);
    expect(balances.of('chargebacks', 'USD')).toBe(0);
    expect(balances.of('processor:clearing', 'USD')).toBe(0);
  });

  test('lost before the release: escrow pays', () => {
    expect(movesOf(chargebackLost(order, chargeback, { refundedCents: 0, isReleased: false }))).toEqual({
      escrow: -23_100,
      chargebacks: 23_100,
    });
  });

  test('lost after the release: the seller and the platform pay', () => {
    const standing = { refundedCents: 0, isReleased: true, sellerPendingCents: 0 } as const;
    expect(movesOf(chargebackLost(order, chargeback, standing))).toEqual({
      [AVAILABLE]: -21_120,
      'platform:fees': -1_980,
      chargebacks: 23_100,
    });
  });

  test('larger than what is left is a loss, smaller leaves the buyer a refund', () => {
    expect(movesOf(chargebackLost(order, chargeback, { refundedCents: 3_100, isReleased: false }))).toEqual({
      escrow: -20_000,
      chargebacks: 23_100,
      'platform:losses': -3_100,
    });
    const smaller = { chargebackId: 'dp_1', amountCents: 20_000 };
    expect(movesOf(chargebackLost(order, smaller, { refundedCents: 0, isReleased: false }))).toEqual({
      escrow: -23_100,
      chargebacks: 20_000,
      refunds: 3_100,
    });
  });

  test('for any order, refunds so far and chargeback the network’s account is settled', () => {
    fc.assert(
      fc.property(
        anyOrder,
        fc.nat(),
        fc.integer({ min: 1, max: 10 ** 8 }),
        fc.boolean(),
        (money, nat, amountCents, isReleased) => {
          const refundedCents = nat % money.amounts.totalCents;
          const refund = { refundId: 'ref_1', refundedBeforeCents: 0, refundCents: refundedCents };
          const lost = { chargebackId: 'dp_1', amountCents };
          const standing = isReleased
            ? { refundedCents, isReleased, sellerPendingCents: 0 }
            : { refundedCents, isReleased };
          const balances = balancesOf([
            paymentCaptured(money, 'processor:clearing'),
            ...(refundedCents > 0 ? [refundFromEscrow(money, refund)] : []),
            ...(isReleased ? [escrowReleased(money, refundedCents, 'available')] : []),
            chargebackOpened(money, lost),
            chargebackLost(money, lost, standing),
          ]);
          for (const account of [
            'escrow',
            'chargebacks',
            AVAILABLE,
            'platform:fees',
            'platform:sales',
          ] as const)
            expect(balances.of(account, 'USD'), account).toBe(0);
        },
      ),
    );
  });
});

describe('postings', () => {
  test('balance per currency, without entries of nothing', () => {
    const entry = (currency: string, amountCents: number) => ({
      account: 'escrow' as const,
      currency,
      amountCents,
    });
    expect(balanced({ entries: [entry('USD', 5), entry('USD', -5)] })).toBe(true);
    expect(balanced({ entries: [entry('USD', 5), entry('AED', -5)] })).toBe(false);
    expect(balanced({ entries: [entry('USD', 5), entry('USD', -4)] })).toBe(false);
    expect(balanced({ entries: [entry('USD', 0), entry('USD', 0)] })).toBe(false);
    expect(balanced({ entries: [entry('USD', 0.5), entry('USD', -0.5)] })).toBe(false);
    expect(balanced({ entries: [] })).toBe(false);
  });
  test('what does not balance is not made', () => {
    expect(() => post('payment_captured', 'x', 'USD', [['escrow', 1]])).toThrow(RangeError);
    expect(() =>
      post('payment_captured', 'x', 'USD', [
        ['escrow', 1],
        ['escrow', -1],
      ]),
    ).toThrow(RangeError);
  });
  test('accounts of users tell their owner', () => {
    expect(userAccountParts('user:usr_1:locked')).toEqual({ userId: 'usr_1', purse: 'locked' });
    expect(userAccountParts('escrow')).toBeNull();
  });
});
