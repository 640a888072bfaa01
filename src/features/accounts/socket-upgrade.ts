import type { Context } from 'hono';
import { bearerToken, callerOf } from '../../http/auth.ts';
import type { AppEnv, Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { isAllowedOrigin } from '../../http/request-context.ts';
import { IDENTITY_HEADERS } from '../../wire/socket-identity.ts';
import { redeemTicket } from './accounts.usecases.ts';

const PROTOCOL = 'bourse.v1';
const TOKEN_PROTOCOL = /^bearer\.(.+)$/;

export interface SocketUpgrade {
  /** Null when nobody has signed in. */
  caller: Caller | null;
  /** The upgrade as an object gets it: nothing of the client's but who it is, by headers that only this file sets. */
  forwardTo(url: string): Request;
}

/**
 * Reads the upgrade of any socket: checks where the page comes from and who is calling. A token never rides in the
 * address: there, a one-time ticket does.
 */
export async function readUpgrade(c: Context<AppEnv>, ticket: string | undefined): Promise<SocketUpgrade> {
  const deps = c.get('deps');
  const { headers } = c.req.raw;
  if (headers.get('Upgrade')?.toLowerCase() !== 'websocket') {
    throw problem('upgrade_required', 'This is a WebSocket: connect with ws:// or wss://.');
  }
  const origin = headers.get('Origin');
  if (origin !== null && !isAllowedOrigin(deps, origin, c.req.url)) {
    throw problem('origin_not_allowed', 'Pages of this origin may not open sockets here.');
  }
  const offered = (headers.get('Sec-WebSocket-Protocol') ?? '').split(',').map((name) => name.trim());
  const caller = await identify(c, offered, ticket);
  const forwarded = new Headers({ Upgrade: 'websocket' });
  if (caller !== null) {
    forwarded.set(IDENTITY_HEADERS.userId, caller.userId);
    forwarded.set(IDENTITY_HEADERS.sessionId, caller.sessionId);
    forwarded.set(IDENTITY_HEADERS.expiresAtMs, String(caller.expiresAtMs));
  }
  if (offered.includes(PROTOCOL)) forwarded.set(IDENTITY_HEADERS.protocol, PROTOCOL);
  return { caller, forwardTo: (url) => new Request(url, { headers: forwarded }) };
}

/** The same for a socket that only signed-in users may open. */
export async function readSignedInUpgrade(
  c: Context<AppEnv>,
  ticket: string | undefined,
): Promise<SocketUpgrade & { caller: Caller }> {
  const { caller, forwardTo } = await readUpgrade(c, ticket);
  if (caller === null)
    throw problem(
      'unauthenticated',
      'Sign in first: by Authorization, by the subprotocol bearer.<token>, or by a ticket.',
    );
  return { caller, forwardTo };
}

async function identify(
  c: Context<AppEnv>,
  offered: string[],
  ticket: string | undefined,
): Promise<Caller | null> {
  const deps = c.get('deps');
  if (ticket !== undefined) {
    const caller = await redeemTicket(deps, ticket);
    if (caller === null)
      throw problem(
        'invalid_ticket',
        'The ticket is unknown, used or too old. Get a new one from POST /api/v1/ws-tickets.',
      );
    return caller;
  }
  const fromProtocol = offered
    .map((name) => TOKEN_PROTOCOL.exec(name)?.[1])
    .find((token) => token !== undefined);
  const token = bearerToken(c.req.header('Authorization')) ?? fromProtocol ?? null;
  if (token === null) {
    if (c.req.header('Authorization') !== undefined)
      throw problem('invalid_token', 'The Authorization header must be: Bearer <access token>.');
    return null;
  }
  const caller = await callerOf(deps, token, deps.now());
  if (caller === null) throw problem('invalid_token', 'The access token is not valid or no longer valid.');
  return caller;
}
