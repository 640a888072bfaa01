/** Cards kept for later: shown by brand and last four digits; the processor keeps the rest. */
import { eq } from 'drizzle-orm';
import { cardSetups, customers, paymentMethods } from '../../db/payments-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { runBatch } from '../orders/order-steps.ts';
import {
  type CardSetupRow,
  defaultStatements,
  endSetup,
  type KeptOrWaiting,
  SETUP_LIFETIME_MS,
  settleStarted,
  waitingSetupsOf,
} from './card-setups.usecases.ts';
import { methodsOf, type PaymentMethodRow } from './payments.repository.ts';

const MAX_CARDS = 10;
const unavailable = () => problem('unavailable', 'The payment processor does not answer; try again.');
const notFound = () => problem('payment_method_not_found', 'There is no such card, or it is not yours.');

/**
 * Keeps a card for charges without its holder; the first card of a user is the default. When the bank wants to see the
 * holder first, the card waits for them. The setup is a row before the processor is called, so that its webhook finds it.
 */
export async function addCard(
  deps: Deps,
  wanted: { token: string; isDefault: boolean; returnUrl: string },
  caller: Caller,
): Promise<KeptOrWaiting> {
  const { userId } = caller;
  const [known, waiting] = await Promise.all([methodsOf(deps.db, userId), waitingSetupsOf(deps, userId)]);
  if (known.length + waiting.length >= MAX_CARDS)
    throw problem('forbidden', `No more than ${MAX_CARDS} cards can be kept.`);
  const customerId = await customerOf(deps, userId);
  const nowMs = deps.now();
  const setup: CardSetupRow = {
    id: newId('pmt', deps.random),
    userId,
    status: 'started',
    processorSetupId: null,
    processorMethodId: null,
    brand: null,
    last4: null,
    expiryMonth: null,
    expiryYear: null,
    isDefault: wanted.isDefault || known.length === 0,
    clientSecret: null,
    actionUrl: null,
    failureCode: null,
    createdAt: nowMs,
    expiresAt: nowMs + SETUP_LIFETIME_MS,
  };
  await deps.db.insert(cardSetups).values(setup);
  const answer = await deps.payments.saveCard(
    { cardId: setup.id, customerId, token: wanted.token, returnUrl: wanted.returnUrl },
    `card:${setup.id}`,
  );
  return settleStarted(deps, setup, answer);
}

/** Forgets a card, or one that waits for its holder. */
export async function removeCard(deps: Deps, id: string, caller: Caller): Promise<void> {
  const waiting = (await waitingSetupsOf(deps, caller.userId)).find((setup) => setup.id === id);
  if (waiting) {
    await endSetup(deps, waiting, 'cancelled');
    if (!(await methodsOf(deps.db, caller.userId)).some((card) => card.id === id)) return;
  }
  const card = await ownCard(deps, id, caller);
  const forgotten = await deps.payments.forgetCard(card.processorMethodId, `forget:${id}`);
  if (forgotten.kind !== 'succeeded' && forgotten.kind !== 'refused') throw unavailable();
  await deps.db.delete(paymentMethods).where(eq(paymentMethods.id, id));
}

/** Everything that a user keeps: for an account that goes. */
export async function removeCards(deps: Deps, caller: Caller): Promise<void> {
  const [cards, waiting] = await Promise.all([
    methodsOf(deps.db, caller.userId),
    waitingSetupsOf(deps, caller.userId),
  ]);
  for (const { id } of [...waiting, ...cards]) await removeCard(deps, id, caller);
}

export async function makeDefault(deps: Deps, id: string, caller: Caller): Promise<PaymentMethodRow> {
  const card = await ownCard(deps, id, caller);
  await runBatch(deps, defaultStatements(deps, caller.userId, eq(paymentMethods.id, id)));
  return { ...card, isDefault: true };
}

/** A card of the caller that can pay; 404 for somebody else's, 409 for one whose holder has not authenticated. */
export async function ownCard(deps: Deps, id: string, caller: Caller): Promise<PaymentMethodRow> {
  const card = (await methodsOf(deps.db, caller.userId)).find((method) => method.id === id);
  if (card) return card;
  if ((await waitingSetupsOf(deps, caller.userId)).some((setup) => setup.id === id))
    throw problem('invalid_transition', 'This card waits for its holder to authenticate.');
  throw notFound();
}

async function customerOf(deps: Deps, userId: string): Promise<string> {
  const [known] = await deps.db.select().from(customers).where(eq(customers.userId, userId));
  if (known) return known.processorCustomerId;
  const [user] = await deps.db.select({ email: users.email }).from(users).where(eq(users.id, userId));
  if (!user) throw problem('user_not_found', 'There is no such user.');
  const made = await deps.payments.createCustomer({ userId, email: user.email }, `customer:${userId}`);
  if (made.kind !== 'succeeded') throw unavailable();
  await deps.db
    .insert(customers)
    .values({ userId, processorCustomerId: made.value.id, createdAt: deps.now() })
    .onConflictDoNothing();
  return made.value.id;
}
