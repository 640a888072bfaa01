import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { isGuessable } from '../../domain/accounts/password-policy.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import {
  accountEvent,
  accountEventStatement,
  activityStatement,
  type Client,
  endSessionsStatement,
  noteEndedSessions,
} from './account.statements.ts';
import { findByLoginName } from './accounts.repository.ts';
import { forgetDevicesStatement } from './devices.repository.ts';
import {
  findLink,
  invalidLink,
  isSentEnough,
  linkStatements,
  outdateLinksStatement,
  spendLinkStatements,
} from './links.ts';
import { checkOwnPassword, hashing } from './login-attempts.ts';
import { hashSecret } from './secret.ts';
import { forgetChallengesStatement } from './two-factor.statements.ts';

type Owner = typeof users.$inferSelect;

async function ownerOf(deps: Deps, userId: string): Promise<Owner> {
  const [row] = await deps.db
    .select()
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.deletedAt)));
  if (!row) throw problem('invalid_token', 'The account of this token is gone.');
  return row;
}

/** Refuses a password that a guesser tries first; `pointer` names the field. */
export function refuseGuessable(
  password: string,
  account: { email: string; username: string },
  pointer: string,
): void {
  if (!isGuessable(password, account)) return;
  const detail = 'This password is among the first that a guesser tries. Choose another.';
  throw new Problem({ code: 'weak_password', detail, errors: [{ pointer, detail }] });
}

/** The new hash, with what every change of a password brings: no older link works, and the owner hears of it. */
const passwordStatements = (
  deps: Deps,
  owner: Owner,
  passwordHash: string,
  by: 'change' | 'reset',
  client: Client,
): Statement[] => [
  deps.db
    .update(users)
    .set({ passwordHash, updatedAt: deps.now() })
    .where(and(eq(users.id, owner.id), eq(users.passwordHash, owner.passwordHash))),
  deps.db.run(sql.raw(GUARD_SQL)),
  outdateLinksStatement(deps, owner.id, 'reset_password'),
  forgetChallengesStatement(deps.db, owner.id),
  accountEventStatement(
    deps,
    'account.password_changed',
    owner.id,
    { email: owner.email, display_name: owner.displayName, by, address: client.address },
    { correlationId: client.requestId },
  ),
];

/**
 * Changes the password of whoever knows the old one. The session that asked goes on, all others end. Refused with
 * `wrong_password`, `weak_password`, or `precondition_failed` when the password was changed at the same moment.
 */
export async function changePassword(
  deps: Deps,
  caller: Caller,
  passwords: { current: string; next: string },
  client: Client,
): Promise<void> {
  const checkedHash = await checkOwnPassword(deps, caller, passwords.current);
  const owner = { ...(await ownerOf(deps, caller.userId)), passwordHash: checkedHash };
  refuseGuessable(passwords.next, owner, '/new_password');
  const passwordHash = await hashing(deps.passwords.hash(passwords.next));
  const nowMs = deps.now();
  const [first, ...rest] = [
    ...passwordStatements(deps, owner, passwordHash, 'change', client),
    endSessionsStatement(deps.db, owner.id, caller.sessionId, 'password_changed', nowMs),
    activityStatement(deps, owner.id, 'password_changed', client, caller.sessionId),
  ];
  try {
    await deps.db.batch([first!, ...rest]);
  } catch (error) {
    if (isStale(error)) throw problem('precondition_failed', 'The password was changed a moment ago.');
    throw error;
  }
  await noteEndedSessions(deps, owner.id, nowMs);
  await deps.outbox.drain();
}

/**
 * Takes note that somebody forgot the password of an address. Whether there is such an account is looked up behind the
 * queue, so that neither the answer nor its time can tell.
 */
export async function askForReset(deps: Deps, email: string, client: Client): Promise<void> {
  const subject = `email:${await hashSecret(email)}`;
  const asked = accountEvent(
    deps,
    'account.password_reset_asked',
    subject,
    { email_key: email, address: client.address },
    { correlationId: client.requestId },
  );
  await outboxStatement(deps.db, [asked], deps.now());
  await deps.outbox.drain();
}

/** Behind the queue: makes the link for an account that there is, as often as it may be mailed. */
export async function answerReset(deps: Deps, event: EventEnvelope): Promise<void> {
  const { email_key } = event.data as { email_key: string };
  const found = await findByLoginName(deps.db, email_key);
  if (!found || !email_key.includes('@')) return;
  const { account } = found;
  if (await isSentEnough(deps, account.id, 'reset_password')) return;
  const [first, ...rest] = await linkStatements(deps, 'reset_password', account, {
    cause: event.event_id,
    correlationId: event.correlation_id,
  });
  try {
    await deps.db.batch([first!, ...rest]);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
}

/**
 * Sets a new password with a mailed link. Every session ends, and no device counts as known any more. Refused with
 * `invalid_link` or `weak_password`; of any number of requests with one link, one gets through.
 */
export async function resetPassword(
  deps: Deps,
  input: { token: string; password: string },
  client: Client,
): Promise<void> {
  const link = await findLink(deps, input.token, ['reset_password']);
  const owner = await ownerOf(deps, link.userId);
  if (owner.emailKey !== link.emailKey) throw invalidLink();
  refuseGuessable(input.password, owner, '/new_password');
  const passwordHash = await hashing(deps.passwords.hash(input.password));
  const nowMs = deps.now();
  const [first, ...rest] = [
    ...spendLinkStatements(deps, link.hash),
    ...passwordStatements(deps, owner, passwordHash, 'reset', client),
    // Whoever reads the mailbox has shown that it is theirs.
    deps.db
      .update(users)
      .set({ emailVerifiedAt: nowMs })
      .where(and(eq(users.id, owner.id), isNull(users.emailVerifiedAt))),
    endSessionsStatement(deps.db, owner.id, null, 'password_reset', nowMs),
    forgetDevicesStatement(deps.db, owner.id),
    activityStatement(deps, owner.id, 'password_reset', client),
  ];
  try {
    await deps.db.batch([first!, ...rest]);
  } catch (error) {
    if (isStale(error)) throw invalidLink();
    throw error;
  }
  await noteEndedSessions(deps, owner.id, nowMs);
  await deps.outbox.drain();
}
