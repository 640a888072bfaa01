import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
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
  linkStatements,
  outdateLinksStatement,
  spendLinkStatements,
} from './links.ts';

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
 * Follows the link of a verification mail. It proves the address that it was sent to: an account that has moved to
 * another one since gets nothing from it. Refused with `invalid_link`.
 */
export async function verifyEmail(
  deps: Deps,
  token: string,
  client: Client,
): Promise<{ email: string; verifiedAtMs: number }> {
  const link = await findLink(deps, token, 'verify_email');
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
