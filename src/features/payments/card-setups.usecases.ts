/**
 * Cards on their way to be kept. Some banks want to see the holder first; until they have, a card is no means of
 * payment: it is in the table of cards once its setup has succeeded, whoever brings the news of it.
 */
import { and, asc, eq, gt, inArray, lte, type SQL } from 'drizzle-orm';
import { isStale } from '../../db/client.ts';
import { cardSetups, paymentMethods } from '../../db/payments-schema.ts';
import type { Deps } from '../../deps.ts';
import { HOUR_MS } from '../../domain/time.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { CardSetup, Outcome } from '../../platform/payments/gateway.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { guard, methodsOf, type PaymentMethodRow } from './payments.repository.ts';

export type CardSetupRow = typeof cardSetups.$inferSelect;

/** A card that is kept, or one that waits for its holder. */
export type KeptOrWaiting =
  | { kind: 'kept'; card: PaymentMethodRow }
  | { kind: 'waiting'; setup: CardSetupRow };

/** Who has not authenticated by then begins anew. */
export const SETUP_LIFETIME_MS = HOUR_MS;
const WAITING = ['requires_action', 'processing'] as const;
const OPEN = ['started', ...WAITING] as const;
const PER_SWEEP = 50;

const notFound = () => problem('payment_method_not_found', 'There is no such card, or it is not yours.');
const unavailable = () => problem('unavailable', 'The payment processor does not answer; try again.');
const declined = (reason: string | null) =>
  problem('payment_declined', 'The bank does not let this card be kept.', {
    reason: reason ?? 'card_declined',
  });

/** Cards of a user that wait for their holder and still may. */
export const waitingSetupsOf = (deps: Deps, userId: string): Promise<CardSetupRow[]> =>
  deps.db
    .select()
    .from(cardSetups)
    .where(
      and(
        eq(cardSetups.userId, userId),
        inArray(cardSetups.status, WAITING),
        gt(cardSetups.expiresAt, deps.now()),
      ),
    )
    .orderBy(asc(cardSetups.createdAt));

async function findSetup(deps: Deps, id: string): Promise<CardSetupRow | null> {
  const [row] = await deps.db.select().from(cardSetups).where(eq(cardSetups.id, id));
  return row ?? null;
}

/** A setup of the caller; 404 for somebody else's. */
export async function ownSetup(deps: Deps, id: string, caller: Caller): Promise<CardSetupRow> {
  const setup = await findSetup(deps, id);
  if (setup?.userId !== caller.userId) throw notFound();
  return setup;
}

const keptCard = async (
  deps: Deps,
  { id, userId, processorMethodId }: CardSetupRow,
): Promise<PaymentMethodRow | null> =>
  (await methodsOf(deps.db, userId)).find(
    // The same card brought twice is one card.
    (card) => card.id === id || card.processorMethodId === processorMethodId,
  ) ?? null;

/** Goes by what the processor says; news of a setup that has succeeded already change nothing. */
export async function settleSetup(deps: Deps, setup: CardSetupRow, found: CardSetup): Promise<void> {
  if (setup.status === 'succeeded') return;
  const { card } = found;
  const isKept = found.status === 'succeeded' && card !== null;
  const update = deps.db
    .update(cardSetups)
    .set({
      status: isKept || found.status !== 'succeeded' ? found.status : 'failed',
      processorSetupId: found.id,
      ...(card === null
        ? {}
        : {
            processorMethodId: card.id,
            brand: card.brand,
            last4: card.last4,
            expiryMonth: card.expiryMonth,
            expiryYear: card.expiryYear,
          }),
      // What opens the card form has no use once it is over.
      clientSecret: isWaiting(found.status) ? found.clientSecret : null,
      actionUrl: isWaiting(found.status) ? found.actionUrl : null,
      failureCode: found.failureCode,
    })
    .where(and(eq(cardSetups.id, setup.id), eq(cardSetups.status, setup.status)));
  const more: Statement[] = isKept ? keepStatements(deps, setup, card) : [];
  try {
    await deps.db.batch([update, guard(deps.db), ...more]);
  } catch (error) {
    if (!isStale(error)) throw error;
    // Somebody else brought news; a card that is kept is the last of them.
    const now = isKept ? await findSetup(deps, setup.id) : null;
    if (now && now.status !== setup.status) return settleSetup(deps, now, found);
  }
}

const isWaiting = (status: string): boolean => (WAITING as readonly string[]).includes(status);

function keepStatements(
  deps: Deps,
  { id, userId, isDefault }: CardSetupRow,
  card: NonNullable<CardSetup['card']>,
): Statement[] {
  const row: PaymentMethodRow = {
    id,
    userId,
    processorMethodId: card.id,
    brand: card.brand,
    last4: card.last4,
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    isDefault: false,
    createdAt: deps.now(),
  };
  return [
    deps.db.insert(paymentMethods).values(row).onConflictDoNothing(),
    ...(isDefault ? defaultStatements(deps, userId, eq(paymentMethods.processorMethodId, card.id)) : []),
  ];
}

/** One card of a user is the default: the one of `where`. */
export const defaultStatements = (deps: Deps, userId: string, where: SQL): Statement[] => [
  deps.db
    .update(paymentMethods)
    .set({ isDefault: false })
    .where(and(eq(paymentMethods.userId, userId), eq(paymentMethods.isDefault, true))),
  deps.db
    .update(paymentMethods)
    .set({ isDefault: true })
    .where(and(eq(paymentMethods.userId, userId), where)),
];

/** What became of a setup: the card, the setup that waits, or why it ended. */
export async function outcomeOf(deps: Deps, id: string): Promise<KeptOrWaiting> {
  const setup = await findSetup(deps, id);
  if (!setup) throw notFound();
  switch (setup.status) {
    case 'succeeded': {
      const card = await keptCard(deps, setup);
      // It was kept, and forgotten again.
      if (!card) throw notFound();
      return { kind: 'kept', card };
    }
    case 'requires_action':
    case 'processing':
      return { kind: 'waiting', setup };
    case 'started':
      throw unavailable();
    case 'failed':
      throw declined(setup.failureCode);
    case 'cancelled':
    case 'expired':
      throw declined(`setup_${setup.status}`);
  }
}

/** The answer of the processor when a card is to be kept. */
export async function settleStarted(
  deps: Deps,
  setup: CardSetupRow,
  answer: Outcome<CardSetup>,
): Promise<KeptOrWaiting> {
  switch (answer.kind) {
    case 'succeeded':
    case 'requires_action':
    case 'processing':
      await settleSetup(deps, setup, answer.value);
      return outcomeOf(deps, setup.id);
    case 'declined':
    case 'refused':
      await deps.db
        .update(cardSetups)
        .set({ status: 'failed', failureCode: answer.code })
        .where(and(eq(cardSetups.id, setup.id), eq(cardSetups.status, 'started')));
      throw declined(answer.code);
    // It may have had its effect: a webhook brings the card then.
    default:
      throw unavailable();
  }
}

/** The holder says that the bank is satisfied: the processor is asked. Said again, the answer is the same. */
export async function confirmCard(deps: Deps, id: string, caller: Caller): Promise<KeptOrWaiting> {
  const setup = await ownSetup(deps, id, caller);
  if (isWaiting(setup.status)) await lookUpSetup(deps, setup);
  return outcomeOf(deps, id);
}

/** Asks the processor how far a setup is, and ends one whose time is over. */
async function lookUpSetup(deps: Deps, setup: CardSetupRow): Promise<void> {
  if (setup.processorSetupId === null) return;
  const found = await deps.payments.retrieveCardSetup(setup.processorSetupId);
  if (found.kind !== 'succeeded' && found.kind !== 'requires_action' && found.kind !== 'processing')
    throw unavailable();
  const isOver = setup.expiresAt <= deps.now();
  if (isOver && isWaiting(found.value.status)) return endSetup(deps, setup, 'expired');
  await settleSetup(deps, setup, found.value);
}

/** Ends a setup that waits. One that succeeded at this very moment is kept after all. */
export async function endSetup(
  deps: Deps,
  setup: CardSetupRow,
  status: 'cancelled' | 'expired',
): Promise<void> {
  if (setup.processorSetupId !== null) {
    const ended = await deps.payments.cancelCardSetup(setup.processorSetupId, `cancel:${setup.id}`);
    if (ended.kind === 'refused') {
      const found = await deps.payments.retrieveCardSetup(setup.processorSetupId);
      if (found.kind !== 'succeeded') throw unavailable();
      if (found.value.status !== 'cancelled') return settleSetup(deps, setup, found.value);
    } else if (ended.kind !== 'succeeded') throw unavailable();
  }
  await deps.db
    .update(cardSetups)
    .set({ status, clientSecret: null, actionUrl: null })
    .where(and(eq(cardSetups.id, setup.id), inArray(cardSetups.status, [...OPEN, 'cancelled'])));
}

/** News of the processor about a setup: by its id, or by ours when its answer never reached us. */
export async function followSetup(deps: Deps, processorSetupId: string): Promise<void> {
  const found = await deps.payments.retrieveCardSetup(processorSetupId);
  if (found.kind !== 'succeeded' && found.kind !== 'requires_action' && found.kind !== 'processing')
    throw new Error(`the setup of a card cannot be read: ${found.kind}`);
  const [known] = await deps.db
    .select()
    .from(cardSetups)
    .where(eq(cardSetups.processorSetupId, processorSetupId));
  const setup = known ?? (found.value.cardId === null ? null : await findSetup(deps, found.value.cardId));
  if (setup && setup.status !== 'expired') await settleSetup(deps, setup, found.value);
}

/** Ends the setups whose time is over; answers how many. */
export async function sweepSetups(deps: Deps): Promise<number> {
  const due = await deps.db
    .select()
    .from(cardSetups)
    .where(and(inArray(cardSetups.status, OPEN), lte(cardSetups.expiresAt, deps.now())))
    .limit(PER_SWEEP);
  let ended = 0;
  for (const setup of due) {
    try {
      await endSetup(deps, setup, 'expired');
      ended += 1;
    } catch (error) {
      deps.log.warn('card_setup_not_ended', { card_id: setup.id, error: String(error) });
    }
  }
  return ended;
}
