/**
 * The accounts of the ledger (product model C.5). A positive balance is money held for somebody; the processor's
 * account is the counterpart outside, so it is as negative as the others are positive and all of them sum to zero.
 */
export const USER_PURSES = ['available', 'pending', 'locked'] as const;
export type UserPurse = (typeof USER_PURSES)[number];
export type UserAccount<Purse extends UserPurse = UserPurse> = `user:${string}:${Purse}`;

export const HOUSE_ACCOUNTS = [
  /** What buyers paid for orders that are not settled: the sum of all open holds. */
  'escrow',
  'platform:fees',
  /** Proceeds of the catalogue checkout, where the platform sells. */
  'platform:sales',
  /** Shipping that buyers paid, to be spent on carriers. */
  'platform:shipping',
  /** What a lost chargeback cost beyond what could be taken back. */
  'platform:losses',
  /** Money at the payment processor, seen from inside: minus what it holds for us. */
  'processor:clearing',
  /** On its way back to buyers. */
  'refunds',
  /** Taken by card networks while a chargeback is open: negative until it is won or lost. */
  'chargebacks',
  'payouts:in_transit',
] as const;
export type HouseAccount = (typeof HOUSE_ACCOUNTS)[number];
export type Account = HouseAccount | UserAccount;

/** Can be spent or paid out; refunds after a release may leave it negative. */
export const availableOf = (userId: string): UserAccount<'available'> => `user:${userId}:available`;
/** Earned, and not yet past the payout delay. */
export const pendingOf = (userId: string): UserAccount<'pending'> => `user:${userId}:pending`;
/** Set aside for bids paid from the wallet. */
export const lockedOf = (userId: string): UserAccount<'locked'> => `user:${userId}:locked`;

const USER_ACCOUNT = /^user:([^:]+):(available|pending|locked)$/;

/** The owner and purse of a user's account, or null for an account of the house. */
export function userAccountParts(account: Account): { userId: string; purse: UserPurse } | null {
  const match = USER_ACCOUNT.exec(account);
  return match ? { userId: match[1]!, purse: match[2] as UserPurse } : null;
}
