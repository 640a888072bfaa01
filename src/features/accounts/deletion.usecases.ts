/** Leaving: nothing personal stays, while orders and the ledger keep their numbers (C.12, 30). */
import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import {
  accountActivity,
  accountTokens,
  kycDocuments,
  kycVerifications,
  userPreferences,
} from '../../db/identity-schema.ts';
import { addresses } from '../../db/orders-schema.ts';
import { idempotencyKeys, sessions, users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { availableOf, lockedOf, pendingOf } from '../../domain/ledger/accounts.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { pauseListingsOf } from '../listings/seller-listings.usecases.ts';
import { cancelOrdersOf } from '../market/operator.usecases.ts';
import { awaitOwnWrites } from '../market/orders.usecases.ts';
import { removeCards } from '../payments/payment-methods.usecases.ts';
import {
  accountEventStatement,
  anotherSuperadmin,
  type Client,
  endSessionsStatement,
  noteEndedSessions,
} from './account.statements.ts';
import { forgetAccount } from './accounts.repository.ts';
import { forgetDevicesStatement } from './devices.repository.ts';
import { kycObjectKey } from './kyc-object.ts';
import { checkOwnPassword } from './login-attempts.ts';
import { checkProof, invalidProof, type Proof, proofPlace } from './second-step.ts';
import { findTwoFactor } from './two-factor.repository.ts';
import { forgetChallengesStatement, removeTwoFactorStatements } from './two-factor.statements.ts';

const openOrdersOf = (userId: string) => sql`(
  select 1 from orders where (buyer_id = ${userId} or seller_id = ${userId})
    and status not in ('completed', 'cancelled', 'refunded', 'failed') limit 1)`;

const moneyOf = (userId: string) => sql`(
  select 1 from ledger_balances
    where account in (${availableOf(userId)}, ${pendingOf(userId)}, ${lockedOf(userId)}) and balance_cents <> 0
  union all
  select 1 from payouts where user_id = ${userId} and status in ('pending', 'processing') limit 1)`;

/** Refused while orders are open or money is on its way. */
async function assertSettled(deps: Deps, userId: string): Promise<void> {
  const [found] = await deps.db
    .select({
      orders: sql<number>`exists ${openOrdersOf(userId)}`,
      money: sql<number>`exists ${moneyOf(userId)}`,
    })
    .from(users)
    .where(eq(users.id, userId));
  if (found?.orders)
    throw problem('account_has_open_orders', 'Orders are still open; finish or cancel them first.');
  if (found?.money)
    throw problem('account_has_money', 'The wallet is not empty, or a payout is under way. Settle it first.');
}

/** What is personal and in tables of identity, or belongs to the user alone. */
const eraseStatements = (deps: Deps, userId: string): Statement[] => {
  const { db } = deps;
  return [
    forgetDevicesStatement(db, userId),
    forgetChallengesStatement(db, userId),
    ...removeTwoFactorStatements(db, userId),
    db.delete(accountTokens).where(eq(accountTokens.userId, userId)),
    db.delete(accountActivity).where(eq(accountActivity.userId, userId)),
    db.delete(userPreferences).where(eq(userPreferences.userId, userId)),
    db.delete(addresses).where(eq(addresses.userId, userId)),
    db.delete(idempotencyKeys).where(eq(idempotencyKeys.userId, userId)),
    db.update(sessions).set({ userAgent: '', address: '' }).where(eq(sessions.userId, userId)),
  ];
};

/**
 * Deletes an account by making it nobody's. Resting orders and listings go first, so that nothing new can come of them;
 * the statement itself sees that no order is open, no money is left and a superadmin remains. `audit` is written with it.
 * Refused with `user_not_found`, `account_has_open_orders`, `account_has_money` or `last_superadmin`.
 */
export async function eraseAccount(
  deps: Deps,
  userId: string,
  correlationId: string,
  audit: readonly Statement[] = [],
): Promise<void> {
  const [user] = await deps.db
    .select()
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.deletedAt)));
  if (!user) throw problem('user_not_found', 'There is no such user.');
  await assertSettled(deps, userId);
  await awaitOwnWrites(deps, userId);
  await cancelOrdersOf(deps, userId, correlationId);
  await pauseListingsOf(deps, userId, correlationId);

  const nowMs = deps.now();
  const name = `deleted-${userId.slice(4)}`;
  const email = `${name}@deleted.invalid`;
  const anonymous = {
    email,
    emailKey: email,
    username: name,
    usernameKey: name,
    displayName: 'Deleted user',
    passwordHash: 'none',
    role: 'user',
    emailVerifiedAt: null,
    firstName: null,
    lastName: null,
    phone: null,
    bio: null,
    avatarHash: null,
    avatarWidths: null,
    verifiedSellerAt: null,
    lastLoginAt: null,
    deletedAt: nowMs,
    updatedAt: nowMs,
  };
  try {
    await deps.db.batch([
      deps.db
        .update(users)
        .set(anonymous)
        .where(
          and(
            eq(users.id, userId),
            eq(users.role, user.role),
            isNull(users.deletedAt),
            sql`not exists ${openOrdersOf(userId)}`,
            sql`not exists ${moneyOf(userId)}`,
            anotherSuperadmin(userId, user.role),
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      ...eraseStatements(deps, userId),
      endSessionsStatement(deps.db, userId, null, 'account_deleted', nowMs),
      accountEventStatement(
        deps,
        'account.deleted',
        userId,
        { email: user.email, display_name: user.displayName },
        { correlationId, eventId: `${userId}:deleted` },
      ),
      ...audit,
    ]);
  } catch (error) {
    if (!isStale(error)) throw error;
    await assertSettled(deps, userId);
    throw user.role === 'superadmin'
      ? problem('last_superadmin', 'Somebody has to be superadmin; make another one first.')
      : problem('precondition_failed', 'This account was changed a moment ago. Try again.');
  }
  forgetAccount(userId);
  await noteEndedSessions(deps, userId, nowMs);
  await deps.outbox.drain();
  deps.log.info('account_deleted', { user_id: userId });
}

/** The owner's own wish, with the password and, where signing in needs one, a second step. */
export async function deleteOwnAccount(
  deps: Deps,
  caller: Caller,
  { password, proof }: { password: string; proof: Proof | null },
  client: Client,
): Promise<void> {
  await checkOwnPassword(deps, caller, password);
  const factor = await findTwoFactor(deps.db, caller.userId);
  if (factor?.confirmedAt != null) {
    if (proof === null) throw problem('two_factor_invalid', 'Send a code of your app as well.');
    const place = await proofPlace(caller.userId, `session:${caller.sessionId}`);
    const [first, ...rest] = await checkProof(deps, caller.userId, place, proof);
    try {
      await deps.db.batch([first!, ...rest]);
    } catch (error) {
      if (isStale(error)) throw invalidProof();
      throw error;
    }
  }
  await eraseAccount(deps, caller.userId, client.requestId);
}

/** Behind the queue: what lies outside the database, and orders that were under way at that moment. */
export async function clearAway(deps: Deps, event: EventEnvelope): Promise<void> {
  const { user_id: userId } = event.data as { user_id: string };
  await cancelOrdersOf(deps, userId, event.correlation_id);
  await pauseListingsOf(deps, userId, event.correlation_id);
  const nobody = { userId, sessionId: '', username: '', roles: [], expiresAtMs: 0 };
  await removeCards(deps, nobody);
  const documents = await deps.db
    .select({ id: kycDocuments.id })
    .from(kycDocuments)
    .where(eq(kycDocuments.userId, userId));
  if (documents.length > 0) await deps.media.delete(documents.map(({ id }) => kycObjectKey(id)));
  await deps.db.batch([
    deps.db.delete(kycDocuments).where(eq(kycDocuments.userId, userId)),
    deps.db.delete(kycVerifications).where(eq(kycVerifications.userId, userId)),
  ]);
}

/** A request that was under way when its account went has ended, and a book's news has arrived, within this. */
const ECHO_MS = 10 * MINUTE_MS;
const DELETED_PER_RUN = 50;

/** Takes out of the market what somebody still put there while their account was being deleted. */
export async function clearRecentlyDeleted(deps: Deps, nowMs: number): Promise<number> {
  const gone = await deps.db
    .select({ id: users.id })
    .from(users)
    .where(gt(users.deletedAt, nowMs - ECHO_MS))
    .limit(DELETED_PER_RUN);
  for (const { id } of gone) {
    await cancelOrdersOf(deps, id, `${id}:deleted`);
    await pauseListingsOf(deps, id, `${id}:deleted`);
  }
  return gone.length;
}
