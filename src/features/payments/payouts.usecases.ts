/** Payouts of what sellers' wallets hold: asked for, automatic, or by schedule; what fails is tried again. */
import { and, asc, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { payouts, transfers } from '../../db/payments-schema.ts';
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
import { attemptName } from '../../domain/payments/attempts.ts';
import {
  advancePayout,
  MINIMUM_PAYOUT_CENTS,
  observePayout,
  payoutAmounts,
  payoutRetryMs,
  periodPayoutId,
} from '../../domain/payments/payout.ts';
import { permissionsOf } from '../../http/auth.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { ProcessorPayout } from '../../platform/payments/gateway.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { assertPayoutsFlow, payoutStop } from '../integrity/payout-freeze.usecases.ts';
import {
  isAlreadyPosted,
  isInsufficientFunds,
  postingStatements,
  type Statement,
} from '../ledger/ledger.statements.ts';
import { availableCentsOf, walletOf } from '../ledger/wallet.usecases.ts';
import { clearProceeds } from '../orders/clear-proceeds.ts';
import { runBatch } from '../orders/order-steps.ts';
import {
  findPayout,
  findSellerAccount,
  type PayoutRow,
  payoutStatements,
  payoutsToRetry,
  type SellerAccountRow,
  sellersDue,
} from './payments.repository.ts';
import { accountRequired, beginNextPeriod } from './sellers.usecases.ts';
import { releaseProceeds } from './transfers.usecases.ts';

export const PAYOUT_REQUESTED = 'payout.send_request';
/** Payouts sent again in one step; the next step follows from it. */
const RESUMED_PER_STEP = 50;
/** Sellers, and failed payouts, of one run; the rest follow in the next minute. */
const SELLERS_PER_SWEEP = 50;
const RETRIES_PER_SWEEP = 50;

const payoutNotFound = () => problem('payout_not_found', 'There is no such payout, or it is not yours.');

/** Handles `payment.release_request`. */
export async function requestRelease(deps: Deps, event: EventEnvelope): Promise<void> {
  const released = await releaseProceeds(deps, event);
  if (released?.seller.payoutSchedule !== 'automatic' || (await payoutStop(deps)) !== null) return;
  const { seller, orderId, currency } = released;
  await payOutAll(deps, seller, `pyo_${keyOf('ord', orderId) ?? ''}`, currency);
}

/** Pays out everything available, when it is as much as the seller wants at least; once for each id. */
async function payOutAll(deps: Deps, seller: SellerAccountRow, id: string, currency: string): Promise<void> {
  const { userId, minimumPayoutCents, isInstant } = seller;
  const amountCents = await availableCentsOf(deps, userId, currency);
  if (amountCents < minimumPayoutCents || (await findPayout(deps.db, id))) return;
  try {
    await writePayout(deps, { id, userId, currency, amountCents, isInstant });
  } catch (error) {
    // Somebody else was at it at the same time, and it is written once.
    if (!isUniqueViolation(error)) throw error;
  }
}

/**
 * Pays out the sellers whose period has ended. A period is swept as often as it takes, and has one payout for each
 * currency; while payouts are stopped it waits.
 */
export async function sweepScheduledPayouts(deps: Deps): Promise<number> {
  if ((await payoutStop(deps)) !== null) return 0;
  const nowMs = deps.now();
  const due = await sellersDue(deps.db, nowMs, SELLERS_PER_SWEEP);
  let swept = 0;
  for (const seller of due) {
    try {
      const userKey = keyOf('usr', seller.userId) ?? '';
      for (const { currency } of await walletOf(deps, seller.userId))
        await payOutAll(
          deps,
          seller,
          periodPayoutId(userKey, seller.nextPayoutAt ?? nowMs, currency),
          currency,
        );
      await beginNextPeriod(deps, seller, nowMs);
      swept += 1;
    } catch (error) {
      deps.log.error('scheduled_payout_failed', { user_id: seller.userId, error: String(error) });
    }
  }
  return swept;
}

/** Tries payouts again that failed and whose time has come. */
export async function retryFailedPayouts(deps: Deps): Promise<number> {
  if ((await payoutStop(deps)) !== null) return 0;
  const due = await payoutsToRetry(deps.db, deps.now(), RETRIES_PER_SWEEP);
  let retried = 0;
  for (const payout of due) {
    try {
      await startAgain(deps, payout);
      retried += 1;
    } catch (error) {
      // Most likely the money was spent meanwhile: it waits for its owner.
      deps.log.warn('payout_not_retried', { payout_id: payout.id, error: String(error) });
      await deps.db.update(payouts).set({ retryAt: null }).where(eq(payouts.id, payout.id));
    }
  }
  return retried;
}

/** A payout for its owner and for finance; 404 for everybody else. */
export async function getPayout(deps: Deps, payoutId: string, caller: Caller): Promise<PayoutRow> {
  const payout = await findPayout(deps.db, payoutId);
  const isOwn = payout?.userId === caller.userId;
  if (!payout || !(isOwn || (await permissionsOf(deps.db, caller.userId)).includes('finance.read')))
    throw payoutNotFound();
  return payout;
}

/** The owner, or finance, tries a payout again that failed: it is the same payout, under a new attempt. */
export async function retryPayout(
  deps: Deps,
  payoutId: string,
  caller: Caller,
  actor: AuditedActor,
): Promise<PayoutRow> {
  const payout = await getPayout(deps, payoutId, caller);
  const isOwn = payout.userId === caller.userId;
  if (!isOwn && !(await permissionsOf(deps.db, caller.userId)).includes('payouts.manage'))
    throw problem('forbidden', 'This needs the permission payouts.manage.');
  await assertPayoutsFlow(deps);
  const again = await startAgain(
    deps,
    payout,
    isOwn
      ? []
      : [
          auditStatement(
            deps.db,
            actor,
            {
              action: 'payout_retried',
              target: { type: 'payout', id: payoutId },
              before: { status: payout.status, attempt: payout.attempt, failure_code: payout.failureCode },
              after: { status: 'pending', attempt: payout.attempt + 1 },
            },
            { id: newId('aud', deps.random), atMs: deps.now() },
          ),
        ],
  );
  await deps.outbox.drain();
  return again;
}

async function startAgain(
  deps: Deps,
  payout: PayoutRow,
  more: readonly Statement[] = [],
): Promise<PayoutRow> {
  const next = advancePayout(payout.status, 'retry', 'system');
  if (!next.ok) throw problem('invalid_transition', `This payout is ${payout.status}.`);
  const { userId, currency, amountCents, feeCents } = payout;
  const nowMs = deps.now();
  const changes = {
    status: next.value,
    attempt: payout.attempt + 1,
    fundingCents: 0,
    processorPayoutId: null,
    failureCode: null,
    retryAt: null,
    updatedAt: nowMs,
  };
  const again: PayoutRow = { ...payout, ...changes, version: payout.version + 1 };
  try {
    await runBatch(deps, [
      ...payoutStatements(deps.db, payout, changes),
      ...postingOf(deps, payoutStarted({ userId, currency, amountCents, feeCents }, causeOf(again))),
      outboxStatement(deps.db, [sendRequest(again, nowMs)], nowMs),
      ...more,
    ]);
  } catch (error) {
    if (isInsufficientFunds(error))
      throw problem('insufficient_funds', 'There is not enough in the wallet for this payout any more.');
    if (isStale(error)) throw problem('invalid_transition', 'This payout is on its way again already.');
    throw error;
  }
  return again;
}

/** The caller withdraws from their wallet to their bank. */
export async function withdraw(
  deps: Deps,
  wanted: { amountCents: number; currency: string; isInstant: boolean },
  caller: Caller,
): Promise<PayoutRow> {
  await assertPayoutsFlow(deps);
  const seller = await findSellerAccount(deps.db, caller.userId);
  if (!seller?.canBePaidOut) throw accountRequired();
  await clearProceeds(deps, caller.userId);
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
    fundingCents: 0,
    processorPayoutId: null,
    failureCode: null,
    retryAt: null,
    version: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  try {
    await runBatch(deps, [
      deps.db.insert(payouts).values(row),
      ...postingOf(deps, payoutStarted({ userId, currency, amountCents, feeCents }, causeOf(row))),
      outboxStatement(deps.db, [sendRequest(row, nowMs)], nowMs),
    ]);
  } catch (error) {
    if (isInsufficientFunds(error))
      throw problem('insufficient_funds', 'There is not enough in your wallet for this payout.');
    throw error;
  }
  return row;
}

/** Asks for one attempt of a payout to be sent. */
const sendRequest = ({ id, attempt }: PayoutRow, nowMs: number): EventEnvelope =>
  payoutEvent(id, `send:${attempt}`, PAYOUT_REQUESTED, attempt, { payout_id: id }, nowMs);

const payoutEvent = (
  id: string,
  suffix: string,
  type: string,
  seq: number,
  data: Record<string, unknown>,
  nowMs: number,
): EventEnvelope => ({
  event_id: `${id}:${suffix}`,
  type,
  version: 1,
  aggregate: { type: 'payout', id },
  seq,
  correlation_id: id,
  occurred_at: new Date(nowMs).toISOString(),
  data,
});

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
      payoutId: attemptName(payout.id, payout.attempt),
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

/**
 * What the seller's account at the processor holds by our books: what was sent there and not taken back or paid out. What
 * a failed payout was funded with is still there.
 */
async function heldAtProcessor(deps: Deps, payout: PayoutRow): Promise<number> {
  const isOwn = and(eq(payouts.userId, payout.userId), eq(payouts.currency, payout.currency));
  const [[sent], [funded], [paid]] = await deps.db.batch([
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
      .select({ cents: sql<number>`coalesce(sum(${payouts.fundedCents}), 0)` })
      .from(payouts)
      .where(isOwn),
    deps.db
      .select({ cents: sql<number>`coalesce(sum(${payouts.amountCents} - ${payouts.feeCents}), 0)` })
      .from(payouts)
      .where(and(isOwn, inArray(payouts.status, ['processing', 'paid']))),
  ]);
  return (sent?.cents ?? 0) + (funded?.cents ?? 0) - (paid?.cents ?? 0);
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
  const amountCents = payout.fundingCents || netCents - (await heldAtProcessor(deps, payout));
  if (amountCents <= 0) return;
  const isOwn = and(eq(payouts.id, payout.id), eq(payouts.attempt, payout.attempt));
  await deps.db.update(payouts).set({ fundingCents: amountCents }).where(isOwn);
  const funded = await deps.payments.transfer(
    {
      accountId: seller.processorAccountId,
      amountCents,
      currency: payout.currency,
      orderId: payout.id,
      chargeId: null,
    },
    `payout:${causeOf(payout)}:fund`,
  );
  if (funded.kind !== 'succeeded') throw new Error(`the payout ${payout.id} is not funded: ${funded.kind}`);
  await deps.db
    .update(payouts)
    .set({ fundedCents: sql`${payouts.fundedCents} + ${amountCents}`, fundingCents: 0 })
    .where(and(isOwn, eq(payouts.fundingCents, amountCents)));
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
  const news = status === payout.status ? [] : payoutNews(payout, status, found.failureCode, deps.now());
  if (status !== payout.status) {
    if (status === 'paid') postings.push(payoutPaid(move, cause));
    if (status === 'failed') postings.push(payoutFailed(move, cause));
    if (status === 'reversed') postings.push(payoutReversed(move, cause));
  }
  const nowMs = deps.now();
  try {
    await runBatch(deps, [
      ...payoutStatements(deps.db, payout, {
        status,
        processorPayoutId,
        failureCode: found.failureCode,
        retryAt: status === 'failed' ? payoutRetryMs(payout.attempt, nowMs) : null,
        updatedAt: nowMs,
      }),
      ...postings.flatMap((posting) => postingOf(deps, posting)),
      ...news.map((event) => outboxStatement(deps.db, [event], nowMs)),
    ]);
    if (news.length > 0) await deps.outbox.drain();
  } catch (error) {
    // Somebody else wrote the same, or further, news: there is nothing left to say.
    if (isAlreadyPosted(error)) return;
    if (!isStale(error) && !isUniqueViolation(error)) throw error;
    const current = await findPayout(deps.db, payout.id);
    if (current) await settlePayout(deps, current, found);
  }
}

/** What a person hears of a payout: `payout.paid`, `payout.failed` or `payout.reversed`. */
function payoutNews(
  payout: PayoutRow,
  status: PayoutRow['status'],
  failureCode: string | null,
  nowMs: number,
): EventEnvelope[] {
  if (status !== 'paid' && status !== 'failed' && status !== 'reversed') return [];
  const { id, userId, amountCents, feeCents, currency, attempt } = payout;
  const data = {
    payout_id: id,
    user_id: userId,
    amount_cents: amountCents,
    fee_cents: feeCents,
    currency,
    attempt,
    failure_code: failureCode,
  };
  return [payoutEvent(id, `${status}:${attempt}`, `payout.${status}`, payout.version + 1, data, nowMs)];
}
