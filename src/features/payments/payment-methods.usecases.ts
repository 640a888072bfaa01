/** Cards kept for later: shown by brand and last four digits; the processor keeps the rest. */
import { and, eq } from 'drizzle-orm';
import { customers, paymentMethods } from '../../db/payments-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { methodsOf, type PaymentMethodRow } from './payments.repository.ts';

const MAX_CARDS = 10;
const unavailable = () => problem('unavailable', 'The payment processor does not answer; try again.');
const notFound = () => problem('payment_method_not_found', 'There is no such card, or it is not yours.');

/** Keeps a card for charges without its holder; the first card of a user is the default. */
export async function addCard(
  deps: Deps,
  wanted: { token: string; isDefault: boolean; returnUrl: string },
  caller: Caller,
): Promise<PaymentMethodRow> {
  const known = await methodsOf(deps.db, caller.userId);
  if (known.length >= MAX_CARDS) throw problem('forbidden', `No more than ${MAX_CARDS} cards can be kept.`);
  const customerId = await customerOf(deps, caller.userId);
  const id = newId('pmt', deps.random);
  const saved = await deps.payments.saveCard(
    { customerId, token: wanted.token, returnUrl: wanted.returnUrl },
    `card:${id}`,
  );
  switch (saved.kind) {
    case 'succeeded':
      break;
    case 'declined':
    case 'refused':
      throw problem('payment_declined', 'The bank does not let this card be kept.', { reason: saved.code });
    case 'requires_action':
      throw problem('payment_declined', 'This card wants its holder first: pay with it once.', {
        reason: 'authentication_required',
      });
    default:
      throw unavailable();
  }
  const { value } = saved;
  const row: PaymentMethodRow = {
    id,
    userId: caller.userId,
    processorMethodId: value.id,
    brand: value.brand,
    last4: value.last4,
    expiryMonth: value.expiryMonth,
    expiryYear: value.expiryYear,
    isDefault: wanted.isDefault || known.length === 0,
    createdAt: deps.now(),
  };
  await deps.db.batch([
    ...(row.isDefault ? ([withoutDefault(deps, caller.userId)] as const) : []),
    deps.db.insert(paymentMethods).values(row),
  ] as Parameters<typeof deps.db.batch>[0]);
  return row;
}

export async function removeCard(deps: Deps, id: string, caller: Caller): Promise<void> {
  const card = await ownCard(deps, id, caller);
  const forgotten = await deps.payments.forgetCard(card.processorMethodId, `forget:${id}`);
  if (forgotten.kind !== 'succeeded' && forgotten.kind !== 'refused') throw unavailable();
  await deps.db.delete(paymentMethods).where(eq(paymentMethods.id, id));
}

export async function makeDefault(deps: Deps, id: string, caller: Caller): Promise<PaymentMethodRow> {
  const card = await ownCard(deps, id, caller);
  await deps.db.batch([
    withoutDefault(deps, caller.userId),
    deps.db.update(paymentMethods).set({ isDefault: true }).where(eq(paymentMethods.id, id)),
  ]);
  return { ...card, isDefault: true };
}

/** A card of the caller; 404 for somebody else's. */
export async function ownCard(deps: Deps, id: string, caller: Caller): Promise<PaymentMethodRow> {
  const card = (await methodsOf(deps.db, caller.userId)).find((method) => method.id === id);
  if (!card) throw notFound();
  return card;
}

const withoutDefault = (deps: Deps, userId: string) =>
  deps.db
    .update(paymentMethods)
    .set({ isDefault: false })
    .where(and(eq(paymentMethods.userId, userId), eq(paymentMethods.isDefault, true)));

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
