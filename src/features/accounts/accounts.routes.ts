import { createRoute } from '@hono/zod-openapi';
import type { Failure } from '../../domain/errors.ts';
import { open, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { Problem, problem } from '../../http/problem.ts';
import { presentSignedIn } from './accounts.presenter.ts';
import {
  ChallengeSchema,
  JwksSchema,
  LoginBody,
  LoginForm,
  RefreshBody,
  RegisterBody,
  SignedInSchema,
  TicketSchema,
} from './accounts.schemas.ts';
import { issueTicket, login, logout, refresh, register, TICKET_SECONDS } from './accounts.usecases.ts';
import { clientOf, rememberDevice } from './device.ts';

const TAGS = ['Accounts'];

/** Browsers and verifiers may keep the key set this long; a rotation publishes the new key before it signs. */
const JWKS_MAX_AGE_SECONDS = 300;

interface Credentials {
  email?: string | undefined;
  username?: string | undefined;
  password: string;
}

/** What was typed, from whichever of the two bodies was sent; the other one is empty, and so are both without a body. */
function credentialsOf(body: Partial<Credentials>, form: Partial<Credentials>) {
  const { email, username, password } = { ...body, ...form };
  const name = email ?? username;
  if (name === undefined || password === undefined)
    throw problem('validation_failed', 'Send a name and a password, as JSON or as a form.');
  return { name, password };
}

function refuse(failure: Failure): Problem {
  const waitSeconds = failure.extra?.retry_after_seconds;
  return new Problem(failure, waitSeconds === undefined ? {} : { 'Retry-After': String(waitSeconds) });
}

/** The sign-in routes under their own prefix, or hidden from the documents under the shorter one of GR-01. */
function createAuthRoutes(prefix: '/auth' | '', hide: boolean) {
  const routes = createRoutes();

  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path: `${prefix}/register`,
      operationId: 'register',
      tags: TAGS,
      hide,
      summary: 'Create an account and sign in',
      request: { body: jsonBody(RegisterBody) },
      responses: {
        201: json(SignedInSchema, 'The new account, signed in'),
        ...problems(400, 403, 409, 413, 415, 503),
      },
    }),
    async (c) => {
      const { email, username, password, display_name } = c.req.valid('json');
      const client = clientOf(c);
      const outcome = await register(
        c.get('deps'),
        { email, username, password, displayName: display_name ?? null },
        client,
      );
      if (!outcome.ok) throw refuse(outcome.error);
      rememberDevice(c, client, outcome.value.deviceToken);
      return c.json(presentSignedIn(outcome.value), 201);
    },
  );

  for (const path of hide ? ['/login', '/token'] : ['/login']) {
    routes.openapi(
      createRoute({
        ...open,
        method: 'post',
        path: `${prefix}${path}`,
        operationId: 'login',
        tags: TAGS,
        hide,
        summary: 'Sign in with a password, as JSON or as an OAuth2 password form',
        request: {
          body: {
            content: {
              'application/json': { schema: LoginBody },
              'application/x-www-form-urlencoded': { schema: LoginForm },
            },
          },
        },
        responses: {
          200: json(SignedInSchema, 'Signed in'),
          202: json(ChallengeSchema, 'The password is right; a code is needed as well'),
          ...problems(400, 401, 403, 413, 415, 503),
        },
      }),
      async (c) => {
        const client = clientOf(c);
        const credentials = credentialsOf(c.req.valid('json'), c.req.valid('form'));
        const outcome = await login(c.get('deps'), credentials, client);
        if (!outcome.ok) throw refuse(outcome.error);
        if ('challenge' in outcome.value) {
          const { challenge, expiresInSeconds: expires_in } = outcome.value;
          return c.json({ two_factor_required: true as const, challenge, expires_in }, 202);
        }
        rememberDevice(c, client, outcome.value.deviceToken);
        return c.json(presentSignedIn(outcome.value), 200);
      },
    );
  }

  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path: `${prefix}/refresh`,
      operationId: 'refresh',
      tags: TAGS,
      hide,
      summary: 'Trade a refresh token for new tokens; it works once',
      request: { body: jsonBody(RefreshBody) },
      responses: {
        200: json(SignedInSchema, 'New tokens for the same session'),
        ...problems(400, 401, 403, 413, 415),
      },
    }),
    async (c) => {
      const outcome = await refresh(c.get('deps'), c.req.valid('json').refresh_token);
      if (!outcome.ok) throw refuse(outcome.error);
      return c.json(presentSignedIn(outcome.value), 200);
    },
  );

  routes.openapi(
    createRoute({
      ...party,
      method: 'post',
      path: `${prefix}/logout`,
      operationId: 'logout',
      tags: TAGS,
      hide,
      summary: 'End this session',
      responses: { 204: { description: 'The session and its tokens have ended' }, ...problems(401) },
    }),
    async (c) => {
      await logout(c.get('deps'), callerIn(c), clientOf(c));
      return c.body(null, 204);
    },
  );
  return routes;
}

export const accountsRoutes = createAuthRoutes('/auth', false);
export const accountsAliases = createAuthRoutes('', true);

accountsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'post',
    path: '/ws-tickets',
    operationId: 'createSocketTicket',
    tags: TAGS,
    summary: 'Get a one-time ticket that opens a socket',
    responses: { 201: json(TicketSchema, 'A ticket for one socket'), ...problems(401) },
  }),
  async (c) => {
    const ticket = await issueTicket(c.get('deps'), callerIn(c));
    return c.json({ ticket, expires_in: TICKET_SECONDS }, 201);
  },
);

/** Mounted at the root: where verifiers look for keys. */
export const wellKnownRoutes = createRoutes();

wellKnownRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'getJwks',
    tags: TAGS,
    summary: 'The public keys of access tokens',
    responses: { 200: json(JwksSchema, 'A JWK set') },
  }),
  (c) => {
    c.header('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`);
    return c.json(c.get('deps').tokens.jwks(), 200);
  },
);
