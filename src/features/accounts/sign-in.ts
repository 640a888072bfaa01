/** How a session begins, whether it was a new account, a password or a second factor that opened it. */
import type { Deps } from '../../deps.ts';
import { type Account, rolesOf } from '../../domain/accounts/account.ts';
import { type Failure, failure } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { DAY_MS } from '../../domain/time.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { accountEventStatement, activityStatement, type Client } from './account.statements.ts';
import { forgetLoginAttempts, type NewSession, openSession } from './accounts.repository.ts';
import { deviceName } from './device.ts';
import {
  type DeviceKnowledge,
  rememberDeviceStatements,
  touchDeviceStatement,
} from './devices.repository.ts';
import type { AttemptPlace } from './login-attempts.ts';
import { hashSecret, newSecret } from './secret.ts';

export interface SignedIn {
  account: Account;
  accessToken: string;
  expiresInSeconds: number;
  refreshToken: string;
  /** The secret that the device's cookie is to keep; null when it has one already. */
  deviceToken: string | null;
}

/** What somebody who is suspended or banned is told. */
export function barredFailure({ status, suspendedUntilMs }: Account): Failure {
  if (status === 'banned') return failure('account_banned', 'This account is banned.');
  const until = suspendedUntilMs === null ? null : new Date(suspendedUntilMs).toISOString();
  return failure('account_suspended', 'This account is suspended.', { suspended_until: until });
}

export async function newSession(
  deps: Deps,
  userId: string,
  client: Client,
  refreshToken: string,
): Promise<NewSession> {
  const nowMs = deps.now();
  return {
    id: newId('ses', deps.random),
    userId,
    userAgent: client.userAgent,
    address: client.address,
    refreshHash: await hashSecret(refreshToken),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + deps.config.REFRESH_TOKEN_DAYS * DAY_MS,
  };
}

/** Tokens of a session that is stored. */
export async function issueTokens(
  deps: Deps,
  account: Account,
  sessionId: string,
  refreshToken: string,
  deviceToken: string | null = null,
): Promise<SignedIn> {
  const { token, expiresInSeconds } = await deps.tokens.sign(
    { userId: account.id, sessionId, username: account.username, roles: rolesOf(account.role) },
    deps.now(),
  );
  return { account, accessToken: token, expiresInSeconds, refreshToken, deviceToken };
}

/**
 * Opens a session for somebody who has proved who they are: session, device, activity and, at a place where they never
 * were, the word to them, all in one batch with `more`. Stale when the password has changed since it was checked, or when
 * a guard among `more` says so; nothing has happened then.
 */
export async function beginSession(
  deps: Deps,
  { account, passwordHash }: { account: Account; passwordHash: string },
  client: Client,
  device: DeviceKnowledge,
  places: readonly AttemptPlace[],
  more: readonly Statement[] = [],
): Promise<SignedIn> {
  const refreshToken = newSecret(deps.random);
  const deviceToken = device.hash === null ? newSecret(deps.random) : null;
  const session = await newSession(deps, account.id, client, refreshToken);
  const nowMs = deps.now();
  const statements: Statement[] = [
    ...more,
    ...places.map((place) => forgetLoginAttempts(deps.db, place)),
    ...(device.hash !== null
      ? [touchDeviceStatement(deps.db, account.id, device.hash, nowMs)]
      : rememberDeviceStatements(
          deps.db,
          { userId: account.id, hash: await hashSecret(deviceToken ?? '') },
          client,
          nowMs,
        )),
    activityStatement(deps, account.id, 'signed_in', client, session.id),
  ];
  if (device.isNewPlace)
    statements.push(
      accountEventStatement(
        deps,
        'account.new_device',
        account.id,
        {
          email: account.email,
          display_name: account.displayName,
          session_id: session.id,
          device: deviceName(client.userAgent),
          address: client.address,
        },
        { correlationId: client.requestId },
      ),
    );
  await openSession(deps.db, session, passwordHash, statements);
  if (device.isNewPlace) await deps.outbox.drain();
  return issueTokens(deps, account, session.id, refreshToken, deviceToken);
}
