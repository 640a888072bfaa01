import type { Account } from '../../src/domain/ledger/accounts.ts';
import type { OrderMoney } from '../../src/domain/ledger/order-postings.ts';
import type { Posting } from '../../src/domain/ledger/posting.ts';
import type { FeeRate } from '../../src/domain/market/fees.ts';
import { orderAmounts } from '../../src/domain/orders/order-amounts.ts';

export function feeRate(buyerBps: number, sellerBps: number, minimumCents = 0): FeeRate {
  return { id: 'fee_test', buyerBps, sellerBps, minimumCents, validFromMs: 0 };
}

/** An order of one line at the fees of a sneaker book, unless told otherwise. */
export function orderMoney(
  priceCents: number,
  { shippingCents = 0, rate = feeRate(500, 400), sellerId = 'usr_seller' as string | null } = {},
): OrderMoney {
  const { amounts } = orderAmounts([{ priceCents, quantity: 1 }], shippingCents, rate);
  return { orderId: 'ord_1', currency: 'USD', sellerId, amounts };
}

/** A posting as account -> cents, for comparison. */
export function movesOf(posting: Posting): Partial<Record<Account, number>> {
  return Object.fromEntries(posting.entries.map(({ account, amountCents }) => [account, amountCents]));
}
