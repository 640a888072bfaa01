import type { Context } from 'hono';
import { keyOf } from '../../domain/ids.ts';
import { bearerToken, callerOf } from '../../http/auth.ts';
import type { AppEnv, Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { isAllowedOrigin } from '../../http/request-context.ts';
import { IDENTITY_HEADERS } from '../../wire/socket-identity.ts';
import { redeemTicket } from '../accounts/accounts.usecases.ts';

const PROTOCOL = 'bourse.v1';
const TOKEN_PROTOCOL = /^bearer\.(.+)$/;

/**
 * Opens the socket of a book. The Worker checks where the page comes from and who is calling; the object is told by
 * headers that only this function sets. A token never rides in the URL: there, a one-time ticket does.
 */
export async function openSocket(
  c: Context<AppEnv>,
  book: { product_id: string; size_id: string },
  ticket: string | undefined,
): Promise<Response> {
  const deps = c.get('deps');
  const { headers } = c.req.raw;
  if (headers.get('Upgrade')?.toLowerCase() !== 'websocket') {
    throw problem('upgrade_required', 'This is a WebSocket: connect with ws:// or wss://.');
  }
  const origin = headers.get('Origin');
  if (origin !== null && !isAllowedOrigin(deps, origin, c.req.url)) {
    throw problem('origin_not_allowed', 'Pages of this origin may not open sockets here.');
  }
  const bookKey = keyOf('siz', book.size_id);
  if (bookKey === null) throw problem('size_not_found', 'There is no such size.');

  const offered = (headers.get('Sec-WebSocket-Protocol') ?? '').split(',').map((name) => name.trim());
  const caller = await identify(c, offered, ticket);
  const forwarded = new Headers({ Upgrade: 'websocket' });
  if (caller !== null) {
    forwarded.set(IDENTITY_HEADERS.userId, caller.userId);
    forwarded.set(IDENTITY_HEADERS.sessionId, caller.sessionId);
    forwarded.set(IDENTITY_HEADERS.expiresAtMs, String(caller.expiresAtMs));
  }
  if (offered.includes(PROTOCOL)) forwarded.set(IDENTITY_HEADERS.protocol, PROTOCOL);
  const response = await deps.books.connect(
    bookKey,
    new Request(`https://book/${book.product_id}`, { headers: forwarded }),
  );
  if (response.status === 404)
    throw problem('size_not_found', 'There is no such size, or it is not yours to see.');
  if (response.status === 503)
    throw problem('unavailable', 'This book has as many watchers as it can take. Try again later.');
  return response;
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
