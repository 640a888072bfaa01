/** Mailed links: random, stored as a hash, for one purpose and one address, and good for one use. */
import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL } from '../../db/client.ts';
import { accountTokens } from '../../db/identity-schema.ts';
import type { Deps } from '../../deps.ts';
import {
  ACCOUNT_TOKEN_LIFE_MS,
  type AccountTokenPurpose,
  MAX_LINKS_PER_HOUR,
} from '../../domain/accounts/account-token.ts';
import { HOUR_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { accountEventStatement } from './account.statements.ts';
import { hashSecret, newSecret } from './secret.ts';

interface Recipient {
  id: string;
  email: string;
  username: string;
  displayName: string;
}

const REQUESTED = {
  verify_email: 'account.email_verification_requested',
  reset_password: 'account.password_reset_requested',
  change_email: 'account.email_change_requested',
} as const satisfies Record<AccountTokenPurpose, string>;

/**
 * A new link and the event that asks for its mail: the only place where the token itself is ever written, until the
 * mail is sent. The links before it go out of use. A batch that answers the same `cause` again breaks on its uniqueness.
 */
export async function linkStatements(
  deps: Deps,
  purpose: AccountTokenPurpose,
  to: Recipient,
  { cause, correlationId }: { cause: string; correlationId: string },
): Promise<Statement[]> {
  const nowMs = deps.now();
  const token = newSecret(deps.random);
  const expiresAt = nowMs + ACCOUNT_TOKEN_LIFE_MS[purpose];
  return [
    outdateLinksStatement(deps, to.id, purpose),
    deps.db.insert(accountTokens).values({
      hash: await hashSecret(token),
      userId: to.id,
      purpose,
      emailKey: to.email.toLowerCase(),
      cause,
      createdAt: nowMs,
      expiresAt,
    }),
    accountEventStatement(
      deps,
      REQUESTED[purpose],
      to.id,
      {
        email: to.email,
        username: to.username,
        display_name: to.displayName,
        token,
        expires_at: new Date(expiresAt).toISOString(),
      },
      { correlationId, eventId: `${cause}:link` },
    ),
  ];
}

/** No link of this kind works any more. */
export const outdateLinksStatement = (deps: Deps, userId: string, purpose: AccountTokenPurpose): Statement =>
  deps.db
    .update(accountTokens)
    .set({ usedAt: deps.now() })
    .where(
      and(eq(accountTokens.userId, userId), eq(accountTokens.purpose, purpose), isNull(accountTokens.usedAt)),
    );

/** True when an account was sent as many mails of a kind in the last hour as it may be. */
export async function isSentEnough(
  deps: Deps,
  userId: string,
  purpose: AccountTokenPurpose,
): Promise<boolean> {
  const recent = await deps.db
    .select({ hash: accountTokens.hash })
    .from(accountTokens)
    .where(
      and(
        eq(accountTokens.userId, userId),
        eq(accountTokens.purpose, purpose),
        gt(accountTokens.createdAt, deps.now() - HOUR_MS),
      ),
    )
    .limit(MAX_LINKS_PER_HOUR);
  return recent.length >= MAX_LINKS_PER_HOUR;
}

export const invalidLink = () =>
  problem('invalid_link', 'This link is unknown, was used, or is too old. Ask for a new one.');

/** A link that was mailed, for what and to which address. */
export interface Link {
  hash: string;
  userId: string;
  emailKey: string;
  purpose: AccountTokenPurpose;
}

/** The account and address of a link that still works; refused with `invalid_link`. */
export async function findLink(
  deps: Deps,
  token: string,
  purposes: readonly AccountTokenPurpose[],
): Promise<Link> {
  const hash = await hashSecret(token);
  const [row] = await deps.db
    .select()
    .from(accountTokens)
    .where(
      and(
        eq(accountTokens.hash, hash),
        inArray(accountTokens.purpose, [...purposes]),
        isNull(accountTokens.usedAt),
        gt(accountTokens.expiresAt, deps.now()),
      ),
    );
  if (!row) throw invalidLink();
  return { hash, userId: row.userId, emailKey: row.emailKey, purpose: row.purpose };
}

/** Spends a link as a part of a batch, which is rolled back as stale when another request was first. */
export const spendLinkStatements = (deps: Deps, hash: string): Statement[] => [
  deps.db
    .update(accountTokens)
    .set({ usedAt: deps.now() })
    .where(and(eq(accountTokens.hash, hash), isNull(accountTokens.usedAt))),
  deps.db.run(sql.raw(GUARD_SQL)),
];
