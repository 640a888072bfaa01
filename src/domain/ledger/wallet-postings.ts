/** What moves in and out of a user's wallet, as balanced postings. Throws RangeError on amounts that are not positive. */
import { cents } from '../money.ts';
import { availableOf, lockedOf, pendingOf } from './accounts.ts';
import { type LedgerReason, type Posting, post } from './posting.ts';

/** An amount of one user's money. */
export interface WalletMove {
  userId: string;
  currency: string;
  amountCents: number;
}

/** A payout takes `amountCents` from the wallet; the bank gets that less the fee of an instant payout. */
export interface PayoutMove extends WalletMove {
  feeCents: number;
}

function positive(amountCents: number): number {
  if (amountCents === 0) throw new RangeError('nothing to move');
  return cents(amountCents);
}

export function walletToppedUp(move: WalletMove, cause: string): Posting {
  const amountCents = positive(move.amountCents);
  return post('wallet_topped_up', cause, move.currency, [
    ['processor:clearing', -amountCents],
    [availableOf(move.userId), amountCents],
  ]);
}

/** Sets money aside for a bid paid from the wallet. */
export function fundsLocked(move: WalletMove, cause: string): Posting {
  const amountCents = positive(move.amountCents);
  return post('funds_locked', cause, move.currency, [
    [availableOf(move.userId), -amountCents],
    [lockedOf(move.userId), amountCents],
  ]);
}

export function fundsUnlocked(move: WalletMove, cause: string): Posting {
  const amountCents = positive(move.amountCents);
  return post('funds_unlocked', cause, move.currency, [
    [lockedOf(move.userId), -amountCents],
    [availableOf(move.userId), amountCents],
  ]);
}

/** Proceeds whose payout delay is over. */
export function proceedsCleared(move: WalletMove, cause: string): Posting {
  const amountCents = positive(move.amountCents);
  return post('proceeds_cleared', cause, move.currency, [
    [pendingOf(move.userId), -amountCents],
    [availableOf(move.userId), amountCents],
  ]);
}

function payoutOut(move: PayoutMove): { amountCents: number; feeCents: number; netCents: number } {
  const amountCents = positive(move.amountCents);
  const feeCents = cents(move.feeCents);
  return { amountCents, feeCents, netCents: positive(amountCents - feeCents) };
}

/** Before the processor is called: the money leaves the wallet and is in transit, the fee is the platform's. */
export function payoutStarted(move: PayoutMove, cause: string): Posting {
  const { amountCents, feeCents, netCents } = payoutOut(move);
  return post('payout_started', cause, move.currency, [
    [availableOf(move.userId), -amountCents],
    ['payouts:in_transit', netCents],
    ['platform:fees', feeCents],
  ]);
}

/** The bank has it. */
export function payoutPaid(move: PayoutMove, cause: string): Posting {
  const { netCents } = payoutOut(move);
  return post('payout_paid', cause, move.currency, [
    ['payouts:in_transit', -netCents],
    ['processor:clearing', netCents],
  ]);
}

/** It never left: back to the wallet, with its fee. */
export function payoutFailed(move: PayoutMove, cause: string): Posting {
  return payoutBack('payout_failed', 'payouts:in_transit', move, cause);
}

/** The bank sent it back after it was paid: back to the wallet, with its fee. */
export function payoutReversed(move: PayoutMove, cause: string): Posting {
  return payoutBack('payout_reversed', 'processor:clearing', move, cause);
}

function payoutBack(
  reason: LedgerReason,
  from: 'payouts:in_transit' | 'processor:clearing',
  move: PayoutMove,
  cause: string,
): Posting {
  const { amountCents, feeCents, netCents } = payoutOut(move);
  return post(reason, cause, move.currency, [
    [from, -netCents],
    ['platform:fees', -feeCents],
    [availableOf(move.userId), amountCents],
  ]);
}
