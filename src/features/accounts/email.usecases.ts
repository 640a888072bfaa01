import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { accountEventStatement, activityStatement, type Client } from './account.statements.ts';
import { forgetAccount } from './accounts.repository.ts';
import {
  findLink,
  invalidLink,
  isSentEnough,
  type Link,
  linkStatements,
  outdateLinksStatement,
  spendLinkStatements,
} from './links.ts';
import { checkOwnPassword } from './login-attempts.ts';
import { forgetChallengesStatement } from './two-factor.statements.ts';

/** Sends the caller another verification mail; nothing happens when the address is verified already. */
export async function resendVerification(deps: Deps, caller: Caller, client: Client): Promise<void> {
  const [owner] = await deps.db.select().from(users).where(eq(users.id, caller.userId));
  if (!owner || owner.deletedAt !== null)
    throw problem('invalid_token', 'The account of this token is gone.');
  if (owner.emailVerifiedAt !== null) return;
  if (await isSentEnough(deps, owner.id, 'verify_email'))
    throw problem('rate_limited', 'You were sent several mails in the last hour. Look for them, or wait.');
  const [first, ...rest] = await linkStatements(deps, 'verify_email', owner, {
    cause: newId('evt', deps.random),
    correlationId: client.requestId,
  });
  await deps.db.batch([first!, ...rest]);
  await deps.outbox.drain();
}

/**
 * A followed verification link proves the address that it was sent to: an account that has moved to another one since
 * gets nothing from it. Refused with `invalid_link`.
 */
async function verifyAddress(
  deps: Deps,
  link: Link,
  client: Client,
): Promise<{ email: string; verifiedAtMs: number }> {
  const nowMs = deps.now();
  const [spend, guard] = spendLinkStatements(deps, link.hash);
  try {
    await deps.db.batch([
      spend!,
      guard!,
      deps.db
        .update(users)
        .set({ emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${nowMs})` })
        .where(and(eq(users.id, link.userId), eq(users.emailKey, link.emailKey), isNull(users.deletedAt))),
      deps.db.run(sql.raw(GUARD_SQL)),
      outdateLinksStatement(deps, link.userId, 'verify_email'),
      activityStatement(deps, link.userId, 'email_verified', client),
      accountEventStatement(
        deps,
        'account.email_verified',
        link.userId,
        { email: link.emailKey },
        { correlationId: client.requestId },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw invalidLink();
    throw error;
  }
  forgetAccount(link.userId);
  await deps.outbox.drain();
  return { email: link.emailKey, verifiedAtMs: nowMs };
}

const emailTaken = () => problem('email_taken', 'There is an account with this e-mail address already.');

/**
 * Mails a link to the address that the caller wants for their account; nothing changes until it is followed. Refused with
 * `wrong_password`, `email_taken`, and `rate_limited` after several mails in an hour.
 */
export async function requestEmailChange(
  deps: Deps,
  caller: Caller,
  input: { password: string; email: string },
  client: Client,
): Promise<void> {
  await checkOwnPassword(deps, caller, input.password);
  const [owner] = await deps.db.select().from(users).where(eq(users.id, caller.userId));
  if (!owner || owner.deletedAt !== null)
    throw problem('invalid_token', 'The account of this token is gone.');
  const [holder] = await deps.db.select({ id: users.id }).from(users).where(eq(users.emailKey, input.email));
  if (holder) throw emailTaken();
  if (await isSentEnough(deps, owner.id, 'change_email'))
    throw problem('rate_limited', 'You were sent several mails in the last hour. Look for them, or wait.');
  const [first, ...rest] = await linkStatements(
    deps,
    'change_email',
    { ...owner, email: input.email },
    { cause: newId('evt', deps.random), correlationId: client.requestId },
  );
  await deps.db.batch([first!, ...rest]);
  await deps.outbox.drain();
}

/**
 * Follows the link to a new address: from then on it is the account's, and confirmed. Links that went to the old address
 * work no more, and the old address is told. Of two accounts that want one address the second gets `email_taken`; of two
 * requests with one link one gets through, and the other hears `invalid_link`.
 */
async function moveToAddress(
  deps: Deps,
  link: Link,
  client: Client,
): Promise<{ email: string; verifiedAtMs: number }> {
  const nowMs = deps.now();
  const [owner] = await deps.db.select().from(users).where(eq(users.id, link.userId));
  if (!owner) throw invalidLink();
  const [spend, guard] = spendLinkStatements(deps, link.hash);
  try {
    await deps.db.batch([
      spend!,
      guard!,
      deps.db
        .update(users)
        .set({ email: link.emailKey, emailKey: link.emailKey, emailVerifiedAt: nowMs, updatedAt: nowMs })
        .where(and(eq(users.id, owner.id), eq(users.emailKey, owner.emailKey), isNull(users.deletedAt))),
      deps.db.run(sql.raw(GUARD_SQL)),
      outdateLinksStatement(deps, owner.id, 'verify_email'),
      outdateLinksStatement(deps, owner.id, 'reset_password'),
      forgetChallengesStatement(deps.db, owner.id),
      activityStatement(deps, owner.id, 'email_changed', client),
      accountEventStatement(
        deps,
        'account.email_changed',
        owner.id,
        { email: owner.email, display_name: owner.displayName },
        { correlationId: client.requestId },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw invalidLink();
    if (isUniqueViolation(error)) throw emailTaken();
    throw error;
  }
  forgetAccount(owner.id);
  await deps.outbox.drain();
  return { email: link.emailKey, verifiedAtMs: nowMs };
}

/** Follows the link of a mail to an address: the account's own, or the one that it is to have. */
export async function followEmailLink(
  deps: Deps,
  token: string,
  client: Client,
): Promise<{ email: string; verifiedAtMs: number }> {
  const link = await findLink(deps, token, ['verify_email', 'change_email']);
  return link.purpose === 'change_email'
    ? moveToAddress(deps, link, client)
    : verifyAddress(deps, link, client);
}
