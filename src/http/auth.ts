import { eq } from 'drizzle-orm';
import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { roles } from '../db/house-schema.ts';
import { users } from '../db/schema.ts';
import type { Deps } from '../deps.ts';
import type { Permission } from '../domain/accounts/permissions.ts';
import type { AppEnv, Caller } from './factory.ts';
import { Problem, problem } from './problem.ts';

/** Longer credentials are refused unread. */
const MAX_TOKEN_LENGTH = 8_192;

/** The caller behind a bearer token, or null. Synchronous when this isolate has verified the token before. */
export function callerOf(deps: Deps, token: string, nowMs: number): Caller | null | Promise<Caller | null> {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  const claims = deps.tokens.verify(token, nowMs);
  if (claims instanceof Promise) return claims.then((found) => live(deps, found));
  return live(deps, claims);
}

function live(deps: Deps, claims: Caller | null): Caller | null {
  return claims && !deps.revocations.isRevoked(claims.sessionId) ? claims : null;
}

export function bearerToken(header: string | null | undefined): string | null {
  return header && /^bearer /i.test(header) ? header.slice(7).trim() : null;
}

async function identify(deps: Deps, authorization: string | undefined): Promise<Caller | null> {
  if (authorization === undefined) return null;
  const token = bearerToken(authorization);
  if (token === null)
    throw problem('invalid_token', 'The Authorization header must be: Bearer <access token>.');
  const caller = await callerOf(deps, token, deps.now());
  if (!caller) throw await refusedToken(deps, token);
  return caller;
}

/** What somebody hears whose token does not count: one who was suspended or banned hears that, and not to sign in again. */
async function refusedToken(deps: Deps, token: string): Promise<Problem> {
  const claims = token.length > MAX_TOKEN_LENGTH ? null : await deps.tokens.verify(token, deps.now());
  const reason = claims && deps.revocations.reasonOf(claims.sessionId);
  if (reason === 'suspended') return problem('account_suspended', 'This account is suspended.');
  if (reason === 'banned') return problem('account_banned', 'This account is banned.');
  return problem(
    'invalid_token',
    'The access token is not valid or no longer valid. Sign in again or refresh it.',
  );
}

/** Who calls, when they say so; a bad token is refused even where none is needed. */
export const optionalUser = createMiddleware<AppEnv>(async (c, next) => {
  c.set('caller', await identify(c.get('deps'), c.req.header('Authorization')));
  await next();
});

export const requireUser = createMiddleware<AppEnv>(async (c, next) => {
  const caller = await identify(c.get('deps'), c.req.header('Authorization'));
  if (!caller) throw problem('unauthenticated', 'Sign in first: send Authorization: Bearer <access token>.');
  limitUser(c.get('deps'), caller, c.req.method);
  c.set('caller', caller);
  await next();
});

/**
 * Lets in whoever's role has the permission, as the database says now: a role that was taken or edited a moment ago
 * counts, whatever the token was made with. 401 without a token, 403 without the permission.
 */
export const requirePermission = (permission: Permission) =>
  createMiddleware<AppEnv>(async (c, next) => {
    const deps = c.get('deps');
    const caller = await identify(deps, c.req.header('Authorization'));
    if (!caller)
      throw problem('unauthenticated', 'Sign in first: send Authorization: Bearer <access token>.');
    if (!(await permissionsOf(deps.db, caller.userId)).includes(permission))
      throw problem('forbidden', `This needs the permission ${permission}.`);
    limitUser(deps, caller, c.req.method);
    c.set('caller', caller);
    await next();
  });

/** The permissions of a user who may act at all; none for somebody suspended or unknown. */
export async function permissionsOf(db: Db, userId: string): Promise<readonly string[]> {
  const [row] = await db
    .select({ permissions: roles.permissions, status: users.status })
    .from(users)
    .innerJoin(roles, eq(roles.name, users.role))
    .where(eq(users.id, userId));
  return row?.status === 'active' ? z.array(z.string()).parse(JSON.parse(row.permissions)) : [];
}

/** The caller of a route behind {@link requireUser} or {@link requirePermission}. */
export function callerIn(c: { get(key: 'caller'): Caller | null }): Caller {
  const caller = c.get('caller');
  if (!caller) throw problem('unauthenticated', 'Sign in first.');
  return caller;
}

/** Counts a writing request of this user, or the several that one body holds; throws the 429. */
export function limitUser(deps: Deps, caller: Caller, method: string, cost = 1): void {
  if (method === 'GET' || method === 'HEAD') return;
  const waitSeconds = deps.rate.check(
    `user:${caller.userId}`,
    deps.config.RATE_WRITES_PER_USER,
    deps.now(),
    cost,
  );
  if (waitSeconds > 0) throw rateLimited(waitSeconds);
}

export function rateLimited(waitSeconds: number): Problem {
  return new Problem(
    { code: 'rate_limited', detail: `Too many requests. Try again in ${waitSeconds} s.` },
    { 'Retry-After': String(waitSeconds) },
  );
}
