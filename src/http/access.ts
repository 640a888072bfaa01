/**
 * Who may call a route, said once: the security and the guard of the route, and the `x-access` of its operation in the
 * OpenAPI document, from which the authorisation matrix is tested.
 */
import type { MiddlewareHandler } from 'hono';
import type { Permission } from '../domain/accounts/permissions.ts';
import { optionalUser, requirePermission, requireUser } from './auth.ts';
import type { AppEnv } from './factory.ts';
import { idempotent } from './idempotency.ts';
import { BEARER, IDEMPOTENCY_KEY } from './openapi.ts';

type Guard = MiddlewareHandler<AppEnv>;

export interface Access {
  security?: typeof BEARER;
  middleware: Guard[];
  'x-access': 'anyone' | 'signature' | 'user' | 'party' | `permission:${Permission}`;
}

/** Nobody is asked who they are: a token, good or bad, makes no difference. */
export const open: Access = { middleware: [], 'x-access': 'anyone' };

/** Whoever signs the body with the shared secret: a machine, not a user. */
export const signed: Access = { middleware: [], 'x-access': 'signature' };

/** Nobody needs to sign in; who does may be shown more, and a bad token is refused. */
export const anyone: Access = { middleware: [optionalUser], 'x-access': 'anyone' };

/** Every signed-in user, on what is their own. */
export const signedIn: Access = { security: BEARER, middleware: [requireUser], 'x-access': 'user' };

/** A socket of a signed-in user. Browsers cannot send the header on it, so the upgrade itself asks who they are. */
export const signedInSocket: Access = { security: BEARER, middleware: [], 'x-access': 'user' };

/** A signed-in user who has a part in the thing that the path names; for anybody else it does not exist: 404. */
export const party: Access = { ...signedIn, 'x-access': 'party' };

/** Whoever's role has the permission: 403 for everybody else. */
export const permitted = (permission: Permission): Access => ({
  security: BEARER,
  middleware: [requirePermission(permission)],
  'x-access': `permission:${permission}`,
});

/** The same access for a mutation: it takes an `Idempotency-Key`, and a repeat gets the first answer. */
export const mutation = (access: Access) => ({
  ...access,
  middleware: [...access.middleware, idempotent],
  parameters: [IDEMPOTENCY_KEY],
});
