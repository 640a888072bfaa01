/** What the sockets of every object share: who is behind one, the way in, the frames, the way out. */
import { z } from 'zod';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Revocations } from '../../src/platform/tokens/revocations.ts';
import { IDENTITY_HEADERS } from '../../src/wire/socket-identity.ts';

/** Whom the Worker has verified; part of what a socket carries through hibernation. */
export const SocketIdentity = z.object({
  userId: z.string().nullable(),
  sessionId: z.string().nullable(),
  /** When the access token behind the socket ends. */
  expiresAtMs: z.number().nullable(),
});
export type SocketIdentity = z.infer<typeof SocketIdentity>;

export function identityOf(request: Request): SocketIdentity {
  const expires = request.headers.get(IDENTITY_HEADERS.expiresAtMs);
  return {
    userId: request.headers.get(IDENTITY_HEADERS.userId),
    sessionId: request.headers.get(IDENTITY_HEADERS.sessionId),
    expiresAtMs: expires === null ? null : Number(expires),
  };
}

export const isUpgrade = (request: Request): boolean =>
  request.headers.get('Upgrade')?.toLowerCase() === 'websocket';

/** The text frame `ping` is answered with `pong` without waking the object. */
export function answerPings(ctx: DurableObjectState): void {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
}

/** Accepts a socket that may hibernate; `tags` find it again. */
export function acceptSocket(
  ctx: DurableObjectState,
  request: Request,
  tags: string[] = [],
): { socket: WebSocket; response: Response } {
  const { 0: client, 1: socket } = new WebSocketPair();
  ctx.acceptWebSocket(socket, tags);
  const protocol = request.headers.get(IDENTITY_HEADERS.protocol);
  const response = new Response(null, {
    status: 101,
    webSocket: client,
    headers: protocol === null ? {} : { 'Sec-WebSocket-Protocol': protocol },
  });
  return { socket, response };
}

/** True once the token or the session behind a socket has ended; the list of ended sessions is refreshed beside it. */
export function hasSessionEnded(
  ctx: DurableObjectState,
  revocations: Revocations,
  { expiresAtMs, sessionId }: SocketIdentity,
  nowMs: number,
): boolean {
  const refresh = revocations.refreshIfStale(nowMs);
  if (refresh !== null) ctx.waitUntil(refresh);
  return (
    (expiresAtMs !== null && expiresAtMs <= nowMs) || (sessionId !== null && revocations.isRevoked(sessionId))
  );
}

export type ReadFrame<T> = { ok: true; value: T } | { ok: false; code: ErrorCode; detail: string };

/** Parses one text frame of at most `maxBytes` against its schema. */
export function readFrame<T>(
  message: string | ArrayBuffer,
  schema: z.ZodType<T>,
  maxBytes: number,
): ReadFrame<T> {
  if (typeof message !== 'string')
    return { ok: false, code: 'unsupported_media_type', detail: 'Frames are text with one JSON object.' };
  if (isLongerThan(message, maxBytes))
    return { ok: false, code: 'body_too_large', detail: `A frame holds at most ${maxBytes} bytes.` };
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return { ok: false, code: 'malformed_json', detail: 'The frame is not JSON.' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    ok: false,
    code: 'validation_failed',
    detail: `/${issue!.path.map(String).join('/')}: ${issue!.message}`,
  };
}

/** Whether the text takes more bytes in UTF-8, where a UTF-16 unit takes one to three. */
function isLongerThan(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes);
}

/** Ends the closing handshake; codes that never travel in a frame cannot be echoed. */
export function answerClose(socket: WebSocket, code: number, reason: string): void {
  const isSendable = code !== 1005 && code !== 1006 && code !== 1015;
  try {
    socket.close(isSendable ? code : 1000, isSendable ? reason : '');
  } catch {
    // Already closed on both ends.
  }
}
