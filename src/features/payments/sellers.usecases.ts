/** Sellers at the processor: their account there, and how they want to be paid out. */
import { and, eq } from 'drizzle-orm';
import { sellerAccounts } from '../../db/payments-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { MINIMUM_PAYOUT_CENTS, nextPayoutMs, type PayoutSchedule } from '../../domain/payments/payout.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { findSellerAccount, type SellerAccountRow } from './payments.repository.ts';

/** Without an account at the processor there is nowhere to pay to. */
export const accountRequired = () =>
  problem('seller_account_required', 'Tell the payment processor where to pay first: POST /seller/account.');

/** The caller's account at the processor with a link to its onboarding form; made at the first call. */
export async function onboardSeller(
  deps: Deps,
  caller: Caller,
  returnUrl: string,
): Promise<{ account: SellerAccountRow; url: string; expiresAtMs: number }> {
  const account = (await findSellerAccount(deps.db, caller.userId)) ?? (await createAccount(deps, caller));
  const link = await deps.payments.onboardingLink(
    { accountId: account.processorAccountId, returnUrl, refreshUrl: returnUrl },
    `onboarding:${caller.userId}:${newId('req', deps.random)}`,
  );
  if (link.kind !== 'succeeded')
    throw problem('unavailable', 'The payment processor does not answer; try again.');
  return { account, ...link.value };
}

async function createAccount(deps: Deps, caller: Caller): Promise<SellerAccountRow> {
  const [user] = await deps.db.select({ email: users.email }).from(users).where(eq(users.id, caller.userId));
  if (!user) throw problem('user_not_found', 'There is no such user.');
  const made = await deps.payments.createAccount(
    { userId: caller.userId, email: user.email },
    `account:${caller.userId}`,
  );
  if (made.kind !== 'succeeded')
    throw problem('unavailable', 'The payment processor does not answer; try again.');
  const nowMs = deps.now();
  const row: SellerAccountRow = {
    userId: caller.userId,
    processorAccountId: made.value.id,
    canBePaidOut: made.value.canBePaidOut,
    payoutSchedule: 'automatic',
    minimumPayoutCents: MINIMUM_PAYOUT_CENTS,
    isInstant: false,
    nextPayoutAt: null,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  await deps.db.insert(sellerAccounts).values(row).onConflictDoNothing();
  return row;
}

/** How a seller wants to be paid out: what the house does by itself until they say otherwise. */
export interface PayoutSettings {
  schedule: PayoutSchedule;
  minimumCents: number;
  isInstant: boolean;
  nextPayoutAtMs: number | null;
  hasAccount: boolean;
}

export async function payoutSettingsOf(deps: Deps, userId: string): Promise<PayoutSettings> {
  return settingsIn(await findSellerAccount(deps.db, userId));
}

const settingsIn = (account: SellerAccountRow | null): PayoutSettings => ({
  schedule: account?.payoutSchedule ?? 'automatic',
  minimumCents: account?.minimumPayoutCents ?? MINIMUM_PAYOUT_CENTS,
  isInstant: account?.isInstant ?? false,
  nextPayoutAtMs: account?.nextPayoutAt ?? null,
  hasAccount: account !== null,
});

/** Another schedule begins with its next period; the same one goes on as it runs. */
export async function changePayoutSettings(
  deps: Deps,
  wanted: { schedule: PayoutSchedule; minimumCents: number; isInstant: boolean },
  caller: Caller,
): Promise<PayoutSettings> {
  const account = await findSellerAccount(deps.db, caller.userId);
  if (!account) throw accountRequired();
  const { schedule, minimumCents, isInstant } = wanted;
  const nowMs = deps.now();
  const hasPeriods = schedule !== 'automatic' && schedule !== 'manual';
  const runsOn = schedule === account.payoutSchedule && account.nextPayoutAt !== null;
  const changes = {
    payoutSchedule: schedule,
    minimumPayoutCents: minimumCents,
    isInstant,
    nextPayoutAt: runsOn ? account.nextPayoutAt : hasPeriods ? nextPayoutMs(schedule, nowMs) : null,
    updatedAt: nowMs,
  };
  await deps.db.update(sellerAccounts).set(changes).where(eq(sellerAccounts.userId, caller.userId));
  return settingsIn({ ...account, ...changes });
}

/** The period is over: the next one of the schedule as it was read begins. */
export async function beginNextPeriod(deps: Deps, seller: SellerAccountRow, nowMs: number): Promise<void> {
  const { userId, payoutSchedule, nextPayoutAt } = seller;
  await deps.db
    .update(sellerAccounts)
    .set({ nextPayoutAt: nextPayoutMs(payoutSchedule, nowMs), updatedAt: nowMs })
    .where(
      and(
        eq(sellerAccounts.userId, userId),
        eq(sellerAccounts.payoutSchedule, payoutSchedule),
        eq(sellerAccounts.nextPayoutAt, nextPayoutAt ?? 0),
      ),
    );
}
