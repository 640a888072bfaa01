/** Proceeds of orders on their way to their sellers' accounts at the processor: one transfer for each order. */
import { and, eq, inArray } from 'drizzle-orm';
import { isStale } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { sellerAccounts, transfers } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { applyPaymentOutcome } from '../orders/apply-payment.ts';
import { findOrder } from '../orders/find-order.ts';
import { runBatch } from '../orders/order-steps.ts';
import {
  findPaymentOfOrder,
  findSellerAccount,
  findSellerByAccount,
  findTransfer,
  guard,
  type SellerAccountRow,
  type TransferRow,
} from './payments.repository.ts';

/** Transfers that wait for one seller's account; a seller with more gets the rest with the next release. */
const TRANSFERS_PER_ACCOUNT = 50;

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

/** The proceeds are in the seller's wallet: now they go to their account. Null while there is none to go to. */
export async function releaseProceeds(
  deps: Deps,
  event: EventEnvelope,
): Promise<{ seller: SellerAccountRow; orderId: string; currency: string } | null> {
  const { order_id: orderId, amount_cents: amountCents } = event.data as {
    order_id: string;
    amount_cents: number;
  };
  const order = await findOrder(deps, orderId);
  if (!order || order.sellerId === null) return null;
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
  if (!transfer || !seller?.canBePaidOut) return null;
  if (transfer.status === 'waiting' || transfer.status === 'intent')
    await sendTransfer(deps, transfer, seller);
  return { seller, orderId, currency };
}

/** The same for every repeat; a new one only after the processor has refused the one before. */
const keyOfTransfer = ({ orderId, attempt }: TransferRow): string =>
  attempt === 1 ? `order:${orderId}:release` : `order:${orderId}:release:${attempt}`;

/** One call under the key of the attempt; what ends in the dark is sent again under the same. */
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
    keyOfTransfer(transfer),
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

/** Finance sends a transfer again that the processor refused. */
export async function retryTransfer(deps: Deps, orderId: string, actor: AuditedActor): Promise<TransferRow> {
  const transfer = await findTransfer(deps.db, orderId);
  if (!transfer) throw problem('transfer_not_found', 'Nothing was transferred for this order.');
  if (transfer.status !== 'failed')
    throw problem('invalid_transition', `This transfer is ${transfer.status}.`);
  const nowMs = deps.now();
  const attempt = transfer.attempt + 1;
  const changes = { status: 'intent', attempt, failureCode: null, updatedAt: nowMs } as const;
  const event: EventEnvelope = {
    event_id: `${orderId}:release:${attempt}`,
    type: 'payment.release_request',
    version: 1,
    aggregate: { type: 'order', id: orderId },
    seq: attempt,
    correlation_id: actor.requestId ?? orderId,
    occurred_at: new Date(nowMs).toISOString(),
    data: { order_id: orderId, amount_cents: transfer.amountCents, currency: transfer.currency },
  };
  try {
    await runBatch(deps, [
      deps.db
        .update(transfers)
        .set(changes)
        .where(
          and(
            eq(transfers.orderId, orderId),
            eq(transfers.status, 'failed'),
            eq(transfers.attempt, transfer.attempt),
          ),
        ),
      guard(deps.db),
      outboxStatement(deps.db, [event], nowMs),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'transfer_retried',
          target: { type: 'transfer', id: orderId },
          before: { status: 'failed', attempt: transfer.attempt, failure_code: transfer.failureCode },
          after: { status: 'intent', attempt },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('invalid_transition', 'Somebody else sends this transfer again.');
    throw error;
  }
  await deps.outbox.drain();
  return { ...transfer, ...changes };
}
