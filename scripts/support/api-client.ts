/**
 * A lean client of the public HTTP API for the scripts: a bounded pool of kept-alive connections, retries that are safe
 * because every mutation carries its Idempotency-Key or client_id, and sessions that renew themselves.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From `/api/v1` on, such as `/products`. */
  readonly path: string;
  readonly token?: string;
  /** Sent as JSON, unless it is bytes, which go as they are with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly idempotencyKey?: string;
};

export type ApiClient = {
  /** The answer, whatever its status. Throws only when the server cannot be reached. */
  send(request: ApiRequest): Promise<ApiAnswer>;
  close(): void;
};

/** A refusal that the caller did not foresee: carries the problem's code. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(request: ApiRequest, answer: ApiAnswer) {
    const { code, detail } = problemOf(answer);
    super(`${request.method} ${request.path}: ${answer.status} ${code}: ${detail}`);
    this.status = answer.status;
    this.code = code;
  }
}

/** Tries of one request that meets a busy or restarting server. */
const MAX_TRIES = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const TAKEN = new Set(['email_taken', 'username_taken']);
const RETRIED_STATUSES = new Set([429, 500, 502, 503, 504]);
/** A session renews its token when less than this is left of it. */
const RENEW_BEFORE_MS = 60_000;

export function createApiClient(url: string, connections: number): ApiClient {
  const base = new URL('/api/v1', url);
  const secure = base.protocol === 'https:';
  const agent = new (secure ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    maxSockets: connections,
    scheduling: 'lifo',
  });
  const open = secure ? httpsRequest : httpRequest;

  const sendOnce = (request: ApiRequest): Promise<ApiAnswer & { retryAfterMs: number | null }> =>
    new Promise((resolve, reject) => {
      const body = encodeBody(request);
      const outgoing = open(
        {
          agent,
          hostname: base.hostname,
          port: base.port,
          path: base.pathname + request.path,
          method: request.method,
          headers: headersOf(request, body),
        },
        (incoming) => readAnswer(incoming).then(resolve, reject),
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  return {
    async send(request) {
      for (let attempt = 1; ; attempt++) {
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
        try {
          const answer = await sendOnce(request);
          if (attempt === MAX_TRIES || !isPassing(answer)) return answer;
          await sleep(answer.retryAfterMs ?? pauseMs);
        } catch (error) {
          if (attempt === MAX_TRIES) throw error;
          await sleep(pauseMs);
        }
      }
    },
    close: () => agent.destroy(),
  };
}

/** Sends, and throws ApiProblem unless the status is one of those expected. */
export async function sendExpecting(
  client: ApiClient,
  request: ApiRequest,
  statuses: readonly number[],
): Promise<ApiAnswer> {
  const answer = await client.send(request);
  if (!statuses.includes(answer.status)) throw new ApiProblem(request, answer);
  return answer;
}

export function problemOf({ status, body }: ApiAnswer): { code: string; detail: string } {
  const { code, detail } = (typeof body === 'object' && body !== null ? body : {}) as {
    code?: unknown;
    detail?: unknown;
  };
  return {
    code: typeof code === 'string' ? code : `http_${status}`,
    detail: typeof detail === 'string' ? detail : '',
  };
}

/** Signed-in access that outlives its 15-minute token. */
export type Session = {
  readonly email: string;
  token(): Promise<string>;
};

type Tokens = { access_token: string; refresh_token: string; expires_in: number };

/** Logs in; throws ApiProblem when the credentials are refused. */
export async function login(client: ApiClient, email: string, password: string): Promise<Session> {
  const answer = await sendExpecting(
    client,
    { method: 'POST', path: '/auth/login', body: { email, password } },
    [200],
  );
  return sessionOf(client, email, answer.body as Tokens);
}

export type Registration = { email: string; username: string; password: string; display_name: string };

/** Registers, or logs in where the account is already there. */
export async function registerOrLogin(client: ApiClient, account: Registration): Promise<Session> {
  const request: ApiRequest = {
    method: 'POST',
    path: '/auth/register',
    body: account,
    idempotencyKey: `register:${account.email}`,
  };
  const answer = await client.send(request);
  if (answer.status === 201) return sessionOf(client, account.email, answer.body as Tokens);
  // Both names are ours, so either being taken means that the account is there; a wrong password then says so.
  if (TAKEN.has(problemOf(answer).code)) return login(client, account.email, account.password);
  throw new ApiProblem(request, answer);
}

function sessionOf(client: ApiClient, email: string, first: Tokens): Session {
  let tokens = first;
  let renewAtMs = Date.now() + first.expires_in * 1000 - RENEW_BEFORE_MS;
  let renewing: Promise<void> | null = null;
  const renew = async (): Promise<void> => {
    // A refresh token works once, so callers that arrive together must share one renewal.
    const body = { refresh_token: tokens.refresh_token };
    const answer = await sendExpecting(client, { method: 'POST', path: '/auth/refresh', body }, [200]);
    tokens = answer.body as Tokens;
    renewAtMs = Date.now() + tokens.expires_in * 1000 - RENEW_BEFORE_MS;
  };
  return {
    email,
    async token() {
      if (Date.now() >= renewAtMs) {
        renewing ??= renew().finally(() => {
          renewing = null;
        });
        await renewing;
      }
      return tokens.access_token;
    },
  };
}

function isPassing(answer: ApiAnswer): boolean {
  return RETRIED_STATUSES.has(answer.status) || problemOf(answer).code === 'idempotency_in_flight';
}

function encodeBody({ body }: ApiRequest): Buffer | Uint8Array | undefined {
  if (body === undefined) return undefined;
  return body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
}

function headersOf(request: ApiRequest, body: Uint8Array | undefined): Record<string, string | number> {
  const headers: Record<string, string | number> = { accept: 'application/json' };
  if (body) {
    headers['content-type'] = request.contentType ?? 'application/json';
    headers['content-length'] = body.length;
  }
  if (request.token) headers.authorization = `Bearer ${request.token}`;
  if (request.idempotencyKey) headers['idempotency-key'] = request.idempotencyKey;
  return headers;
}

async function readAnswer(incoming: IncomingMessage): Promise<ApiAnswer & { retryAfterMs: number | null }> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8');
  const seconds = Number(incoming.headers['retry-after']);
  return {
    status: incoming.statusCode ?? 0,
    body: parseJson(text),
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  };
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
