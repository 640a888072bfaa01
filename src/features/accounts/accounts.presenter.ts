import { type Account, rolesOf } from '../../domain/accounts/account.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { SignedIn } from './sign-in.ts';

const presentUser = (account: Account) => ({
  id: account.id,
  email: account.email,
  username: account.username,
  display_name: account.displayName,
  email_verified: account.emailVerifiedAtMs !== null,
  roles: rolesOf(account.role),
  created_at: rfc3339(account.createdAtMs),
});

export const presentSignedIn = ({ account, accessToken, refreshToken, expiresInSeconds }: SignedIn) => ({
  user: presentUser(account),
  access_token: accessToken,
  refresh_token: refreshToken,
  token_type: 'Bearer' as const,
  expires_in: expiresInSeconds,
});
