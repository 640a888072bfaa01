/** Sellers: their account at the processor, proceeds on their way to it, and payouts of what their wallet holds. */
import { and, asc, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { payouts, sellerAccounts, transfers } from '../../db/payments-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { keyOf, newId } from '../../domain/ids.ts';
import type { Posting } from '../../domain/ledger/posting.ts';
import {
  payoutFailed,
  payoutPaid,
  payoutReversed,
  payoutStarted,
} from '../../domain/ledger/wallet-postings.ts';
import { MINIMUM_PAYOUT_CENTS, observePayout, payoutAmounts } from '../../domain/payments/payout.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { ProcessorPayout } from '../../platform/payments/gateway.ts';
import { assertPayoutsFlow, payoutStop } from '../integrity/payout-freeze.usecases.ts';
import {
  isAlreadyPosted,
  isInsufficientFunds,
  postingStatements,
  type Statement,
} from '../ledger/ledger.statements.ts';
import { availableCentsOf } from '../ledger/wallet.usecases.ts';
import { applyPaymentOutcome } from '../orders/apply-payment.ts';
import { findOrder } from '../orders/find-order.ts';
import { runBatch } from '../orders/order-steps.ts';
import {
  findPaymentOfOrder,
  findPayout,
  findSellerAccount,
  findSellerByAccount,
  findTransfer,
  type PayoutRow,
  payoutStatements,
  type SellerAccountRow,
  type TransferRow,
} from './payments.repository.ts';

export const PAYOUT_REQUESTED = 'payout.send_request';
/** Payouts sent again in one step; the next step follows from it. */
const RESUMED_PER_STEP = 50;
/** Transfers that wait for one seller's account; a seller with more gets the rest with the next release. */
const TRANSFERS_PER_ACCOUNT = 50;

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
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  await deps.db.insert(sellerAccounts).values(row).onConflictDoNothing();
  return row;
}

/** Takes over what the processor says of a seller's account, and sends what waited for it. */
export async function refreshSeller(deps: Deps, processorAccountId: string): Promise<void> {
  const seller = await findSellerByAccount(deps.db, processorAccountId);
  if (!seller) return;
  const found = await deps.payments.retrieveAccount(processorAccountId);
  if (found.kind !== 'succeeded')
    throw new Error(`the account of ${seller.userId} cannot be read: ${found.kind}`);
  const { canBePaidOut } = found.value;
  await deps.db
    .update(sellerAccounts)
    .set({ canBePaidOut, updatedAt: deps.now() })
    .where(eq(sellerAccounts.userId, seller.userId));
  if (!canBePaidOut) return;
  const waiting = await deps.db
    .select()
    .from(transfers)
    .where(and(eq(transfers.sellerId, seller.userId), inArray(transfers.status, ['waiting', 'intent'])))
    .limit(TRANSFERS_PER_ACCOUNT);
  for (const transfer of waiting) await sendTransfer(deps, transfer, { ...seller, canBePaidOut });
}

/** Handles `payment.release_request`: the proceeds are in the seller's wallet, now they go to their account. */
export async function requestRelease(deps: Deps, event: EventEnvelope): Promise<void> {
  const { order_id: orderId, amount_cents: amountCents } = event.data as {
    order_id: string;
    amount_cents: number;
  };
  const order = await findOrder(deps, orderId);
  if (!order || order.sellerId === null) return;
  const { sellerId, currency } = order;
  const nowMs = deps.now();
  await deps.db
    .insert(transfers)
    .values({
      orderId,
      sellerId,
      amountCents,
      currency,
      status: 'waiting',
      reversedCents: 0,
      createdAt: nowMs,
      updatedAt: nowMs,
    })
    .onConflictDoNothing();
  const transfer = await findTransfer(deps.db, orderId);
  const seller = await findSellerAccount(deps.db, sellerId);
  if (!transfer || !seller?.canBePaidOut) return;
  if (transfer.status !== 'succeeded') await sendTransfer(deps, transfer, seller);
  await payOutAutomatically(deps, seller, orderId, currency);
}

async function sendTransfer(deps: Deps, transfer: TransferRow, seller: SellerAccountRow): Promise<void> {
  const { orderId, amountCents, currency } = transfer;
  const payment = await findPaymentOfOrder(deps.db, orderId);
  await setTransfer(deps, orderId, { status: 'intent' });
  const sent = await deps.payments.transfer(
    {
      accountId: seller.processorAccountId,
      amountCents,
      currency,
      orderId,
      chargeId: payment?.chargeId ?? null,
    },
    `order:${orderId}:release`,
  );
  if (sent.kind === 'succeeded') {
    await applyPaymentOutcome(deps, orderId, {
      kind: 'released',
      statements: [
        deps.db
          .update(transfers)
          .set({ status: 'succeeded', processorTransferId: sent.value.id, updatedAt: deps.now() })
          .where(eq(transfers.orderId, orderId)),
      ],
    });
    return;
  }
  if (sent.kind !== 'refused')
    throw new Error(`the transfer of ${orderId} is not known to be made: ${sent.kind}`);
  deps.log.error('transfer_refused', { order_id: orderId, code: sent.code });
  await setTransfer(deps, orderId, { status: 'failed', failureCode: sent.code });
}

const setTransfer = (deps: Deps, orderId: string, changes: Partial<TransferRow>) =>
  deps.db
    .update(transfers)
    .set({ ...changes, updatedAt: deps.now() })
    .where(eq(transfers.orderId, orderId));

/** After a release, everything available is paid out, when it is enough and the seller wants it so. */
async function payOutAutomatically(
  deps: Deps,
  seller: SellerAccountRow,
  orderId: string,
  currency: string,
): Promise<void> {
  if (seller.payoutSchedule !== 'automatic' || (await payoutStop(deps)) !== null) return;
  const availableCents = await availableCentsOf(deps, seller.userId, currency);
  if (availableCents < MINIMUM_PAYOUT_CENTS) return;
  const id = `pyo_${keyOf('ord', orderId) ?? ''}`;
  if (await findPayout(deps.db, id)) return;
  await writePayout(deps, {
    id,
    userId: seller.userId,
    currency,
    amountCents: availableCents,
    isInstant: false,
  });
}

/** The caller withdraws from their wallet to their bank. */
export async function withdraw(
  deps: Deps,
  wanted: { amountCents: number; currency: string; isInstant: boolean },
  caller: Caller,
): Promise<PayoutRow> {
  await assertPayoutsFlow(deps);
  const seller = await findSellerAccount(deps.db, caller.userId);
  if (!seller?.canBePaidOut)
    throw problem(
      'seller_account_required',
      'Tell the payment processor where to pay first: POST /seller/account.',
    );
  const payout = await writePayout(deps, { id: newId('pyo', deps.random), userId: caller.userId, ...wanted });
  await deps.outbox.drain();
  return payout;
}

/** The money leaves the wallet before the processor is called: it cannot be spent twice. */
async function writePayout(
  deps: Deps,
  wanted: { id: string; userId: string; currency: string; amountCents: number; isInstant: boolean },
): Promise<PayoutRow> {
  const { id, userId, currency, isInstant } = wanted;
  const availableCents = await availableCentsOf(deps, userId, currency);
  const amounts = payoutAmounts(wanted.amountCents, availableCents, {
    isInstant,
    minimumCents: MINIMUM_PAYOUT_CENTS,
  });
  if (!amounts.ok)
    throw problem(amounts.error, 'This much cannot be paid out.', {
      available_cents: availableCents,
      minimum_cents: MINIMUM_PAYOUT_CENTS,
    });
  const { amountCents, feeCents } = amounts.value;
  const nowMs = deps.now();
  const row: PayoutRow = {
    id,
    userId,
    amountCents,
    feeCents,
    currency,
    isInstant,
    status: 'pending',
    attempt: 1,
    fundedCents: 0,
    processorPayoutId: null,
    failureCode: null,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  const event: EventEnvelope = {
    event_id: `${id}:send:1`,
    type: PAYOUT_REQUESTED,
    version: 1,
    aggregate: { type: 'payout', id },
    seq: 1,
    correlation_id: id,
    occurred_at: new Date(nowMs).toISOString(),
    data: { payout_id: id },
  };
  try {
    await runBatch(deps, [
      deps.db.insert(payouts).values(row),
      ...postingOf(deps, payoutStarted({ userId, currency, amountCents, feeCents }, causeOf(row))),
      outboxStatement(deps.db, [event], nowMs),
    ]);
  } catch (error) {
    if (isInsufficientFunds(error))
      throw problem('insufficient_funds', 'There is not enough in your wallet for this payout.');
    throw error;
  }
  return row;
}

const causeOf = (payout: PayoutRow): string => `${payout.id}:${payout.attempt}`;

const postingOf = (deps: Deps, posting: Posting): Statement[] =>
  postingStatements(deps.db, posting, { id: newId('led', deps.random), orderId: null, atMs: deps.now() });

/** Handles `payout.send_request`. */
export async function sendPayout(deps: Deps, event: EventEnvelope): Promise<void> {
  const { payout_id: payoutId } = event.data as { payout_id: string };
  const payout = await findPayout(deps.db, payoutId);
  if (
    !payout ||
    payout.processorPayoutId !== null ||
    (payout.status !== 'pending' && payout.status !== 'processing')
  )
    return;
  // It stays as it is until payouts go out again: see `resumePayouts`.
  if ((await payoutStop(deps)) !== null) return;
  const seller = await findSellerAccount(deps.db, payout.userId);
  if (!seller) throw new Error(`the payout ${payoutId} has no account to go to`);
  const netCents = payout.amountCents - payout.feeCents;
  await fundAccount(deps, payout, seller, netCents);
  const sent = await deps.payments.payout(
    {
      accountId: seller.processorAccountId,
      amountCents: netCents,
      currency: payout.currency,
      isInstant: payout.isInstant,
      payoutId: payout.id,
    },
    `payout:${causeOf(payout)}`,
  );
  if (sent.kind === 'succeeded') return settlePayout(deps, payout, sent.value);
  if (sent.kind === 'refused' || sent.kind === 'declined')
    return settlePayout(deps, payout, { id: '', status: 'failed', failureCode: sent.code, payoutId });
  throw new Error(`the payout ${payoutId} is not known to be on its way: ${sent.kind}`);
}

/** Handles `payouts.resumed`: what was held back is sent, some at a time. */
export async function resumePayouts(deps: Deps, event: EventEnvelope): Promise<void> {
  const { after = '' } = event.data as { after?: string };
  const held = await deps.db
    .select({ id: payouts.id })
    .from(payouts)
    .where(
      and(
        eq(payouts.status, 'pending'),
        isNull(payouts.processorPayoutId),
        after === '' ? undefined : gt(payouts.id, after),
      ),
    )
    .orderBy(asc(payouts.id))
    .limit(RESUMED_PER_STEP);
  const nowMs = deps.now();
  const occurred_at = new Date(nowMs).toISOString();
  const sends: EventEnvelope[] = held.map(({ id }) => ({
    ...event,
    event_id: `${id}:${event.event_id}`,
    type: PAYOUT_REQUESTED,
    aggregate: { type: 'payout', id },
    occurred_at,
    data: { payout_id: id },
  }));
  const last = held.at(-1);
  if (last && held.length === RESUMED_PER_STEP)
    sends.push({ ...event, event_id: `${event.event_id}:${last.id}`, occurred_at, data: { after: last.id } });
  if (sends.length > 0) await outboxStatement(deps.db, sends, nowMs).onConflictDoNothing();
}

/** What the seller's account at the processor holds by our books: what was sent there and not taken or paid out. */
async function heldAtProcessor(deps: Deps, payout: PayoutRow): Promise<number> {
  const [[sent], [paid]] = await deps.db.batch([
    deps.db
      .select({ cents: sql<number>`coalesce(sum(${transfers.amountCents} - ${transfers.reversedCents}), 0)` })
      .from(transfers)
      .where(
        and(
          eq(transfers.sellerId, payout.userId),
          eq(transfers.currency, payout.currency),
          eq(transfers.status, 'succeeded'),
        ),
      ),
    deps.db
      .select({
        cents: sql<number>`coalesce(sum(${payouts.amountCents} - ${payouts.feeCents} - ${payouts.fundedCents}), 0)`,
      })
      .from(payouts)
      .where(
        and(
          eq(payouts.userId, payout.userId),
          eq(payouts.currency, payout.currency),
          inArray(payouts.status, ['processing', 'paid']),
        ),
      ),
  ]);
  return (sent?.cents ?? 0) - (paid?.cents ?? 0);
}

/**
 * Money of the wallet that came from elsewhere than a sale follows to the account first. How much is written down
 * before the call: a repeat must ask for the same.
 */
async function fundAccount(
  deps: Deps,
  payout: PayoutRow,
  seller: SellerAccountRow,
  netCents: number,
): Promise<void> {
  const amountCents = payout.fundedCents || netCents - (await heldAtProcessor(deps, payout));
  if (amountCents <= 0) return;
  await deps.db.update(payouts).set({ fundedCents: amountCents }).where(eq(payouts.id, payout.id));
  const funded = await deps.payments.transfer(
    {
      accountId: seller.processorAccountId,
      amountCents,
      currency: payout.currency,
      orderId: payout.id,
      chargeId: null,
    },
    `payout:${payout.id}:fund`,
  );
  if (funded.kind !== 'succeeded') throw new Error(`the payout ${payout.id} is not funded: ${funded.kind}`);
}

/** Applies what the processor says of a payout, whoever heard it; in any order. */
export async function settlePayout(deps: Deps, payout: PayoutRow, found: ProcessorPayout): Promise<void> {
  const status = observePayout(payout.status, found.status);
  const processorPayoutId = found.id === '' ? payout.processorPayoutId : found.id;
  if (status === payout.status && processorPayoutId === payout.processorPayoutId) return;
  const { userId, currency, amountCents, feeCents } = payout;
  const move = { userId, currency, amountCents, feeCents };
  const cause = causeOf(payout);
  const postings: Posting[] = [];
  if (status !== payout.status) {
    if (status === 'paid') postings.push(payoutPaid(move, cause));
    if (status === 'failed') postings.push(payoutFailed(move, cause));
    if (status === 'reversed') postings.push(payoutReversed(move, cause));
  }
  try {
    await runBatch(deps, [
      ...payoutStatements(deps.db, payout, {
        status,
        processorPayoutId,
        failureCode: found.failureCode,
        updatedAt: deps.now(),
      }),
      ...postings.flatMap((posting) => postingOf(deps, posting)),
    ]);
  } catch (error) {
    // Somebody else wrote the same, or further, news: there is nothing left to say.
    if (isAlreadyPosted(error)) return;
    if (!isStale(error) && !isUniqueViolation(error)) throw error;
    const current = await findPayout(deps.db, payout.id);
    if (current) await settlePayout(deps, current, found);
  }
}
