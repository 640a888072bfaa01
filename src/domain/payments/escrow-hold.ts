/** The hold of an order's payment in escrow (product model C.6): what is left of it is owed to somebody. */
import { type Cents, cents } from '../money.ts';
import { err, ok, type Result } from '../result.ts';

export const HOLD_STATUSES = ['held', 'released', 'refunded', 'partially_released'] as const;
export type HoldStatus = (typeof HOLD_STATUSES)[number];

export interface EscrowHold {
  amountCents: Cents;
  releasedCents: Cents;
  refundedCents: Cents;
  /** While disputed or on hold nothing moves. */
  isFrozen: boolean;
}

export type HoldRefusal = 'hold_frozen' | 'hold_closed' | 'invalid_amount' | 'refund_exceeds_remaining';

export function openHold(amountCents: number): EscrowHold {
  return {
    amountCents: cents(amountCents),
    releasedCents: cents(0),
    refundedCents: cents(0),
    isFrozen: false,
  };
}

/** What is still in escrow; the escrow account is the sum of this over all holds. */
export function heldCents(hold: EscrowHold): Cents {
  return cents(hold.amountCents - hold.releasedCents - hold.refundedCents);
}

/** `partially_released` is a hold that ended with something for both sides; partial refunds alone leave it `held`. */
export function holdStatus(hold: EscrowHold): HoldStatus {
  if (heldCents(hold) > 0) return 'held';
  if (hold.releasedCents === 0) return 'refunded';
  return hold.refundedCents === 0 ? 'released' : 'partially_released';
}

function checkMovable(hold: EscrowHold): HoldRefusal | null {
  if (heldCents(hold) === 0) return 'hold_closed';
  return hold.isFrozen ? 'hold_frozen' : null;
}

/** Freezing what is frozen changes nothing; a closed hold has nothing to freeze. */
export function setFrozen(hold: EscrowHold, isFrozen: boolean): Result<EscrowHold, HoldRefusal> {
  return heldCents(hold) === 0 ? err('hold_closed') : ok({ ...hold, isFrozen });
}

/** Releases all that is left. Release and refund exclude each other: whoever comes second finds the hold closed. */
export function releaseHold(hold: EscrowHold): Result<EscrowHold, HoldRefusal> {
  const refusal = checkMovable(hold);
  if (refusal) return err(refusal);
  return ok({ ...hold, releasedCents: cents(hold.releasedCents + heldCents(hold)) });
}

/** Refunds a part, or all that is left. */
export function refundHold(hold: EscrowHold, refundCents: number): Result<EscrowHold, HoldRefusal> {
  const refusal = checkMovable(hold) ?? checkRefund(refundCents, heldCents(hold));
  if (refusal) return err(refusal);
  return ok({ ...hold, refundedCents: cents(hold.refundedCents + refundCents) });
}

/** Any refund is at least a cent and at most what remains of the payment. */
export function checkRefund(
  refundCents: number,
  remainingCents: number,
): 'invalid_amount' | 'refund_exceeds_remaining' | null {
  if (!Number.isSafeInteger(refundCents) || refundCents < 1) return 'invalid_amount';
  return refundCents > remainingCents ? 'refund_exceeds_remaining' : null;
}
