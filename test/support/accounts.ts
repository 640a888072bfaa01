import { env, exports } from 'cloudflare:workers';
import { composeOnce } from '../../src/composition.ts';
import { sessions, users } from '../../src/db/schema.ts';
import { type Role, rolesOf } from '../../src/domain/accounts/account.ts';
import { newId } from '../../src/domain/ids.ts';

const ORIGIN = 'https://bourse.test';
const DAY_MS = 24 * 3_600_000;

/** The password of everybody who signs up here, and its hash, so that none has to be made for each. */
export const TEST_PASSWORD = 'a quiet horse 42';
const TEST_PASSWORD_HASH =
  '$scrypt$ln=14,r=8,p=5$Ym91cnNlIHRlc3Qgc2FsdA$jPLZnfHY0uJXWl/hfQegWodwPek4Z9rBSY9Eiq87S9A';

export interface TestUser {
  userId: string;
  sessionId: string;
  username: string;
  email: string;
  /** An access token of a live session. */
  token: string;
}

export interface RequestOptions {
  method?: string;
  token?: string | undefined;
  /** Sent as a JSON body; the method becomes POST unless one is given. */
  json?: unknown;
  /** Sent as it is. */
  body?: BodyInit;
  headers?: Record<string, string>;
}

/** One request to the Worker under test, by path. */
export function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { token, json, body = json === undefined ? undefined : JSON.stringify(json) } = options;
  const headers = new Headers(options.headers);
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`);
  if (json !== undefined && !headers.has('Content-Type')) headers.set('Content-Type', 'application/json');
  return exports.default.fetch(
    new Request(`${ORIGIN}${path}`, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      ...(body === undefined ? {} : { body }),
    }),
  );
}

/** The body of an answer, for assertions that name its shape. */
export async function bodyOf<T = Record<string, unknown>>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

/**
 * A signed-in user, written straight into the database: no password is hashed, so that a test may have hundreds. The
 * name must be free within the test file.
 */
export async function signUp(name: string, role: Role = 'user'): Promise<TestUser> {
  const { deps } = composeOnce(env);
  const nowMs = deps.now();
  const userId = newId('usr', deps.random);
  const sessionId = newId('ses', deps.random);
  const email = `${name.toLowerCase()}@bourse.test`;
  await deps.db.batch([
    deps.db.insert(users).values({
      id: userId,
      email,
      emailKey: email,
      username: name,
      usernameKey: name.toLowerCase(),
      displayName: name,
      passwordHash: TEST_PASSWORD_HASH,
      role,
      status: 'active',
      createdAt: nowMs,
      updatedAt: nowMs,
    }),
    deps.db.insert(sessions).values({
      id: sessionId,
      userId,
      userAgent: 'test',
      address: 'local',
      createdAt: nowMs,
      lastUsedAt: nowMs,
      expiresAt: nowMs + DAY_MS,
    }),
  ]);
  const { token } = await deps.tokens.sign(
    { userId, sessionId, username: name, roles: rolesOf(role) },
    nowMs,
  );
  return { userId, sessionId, username: name, email, token };
}

export const signUpAdmin = (name = 'admin'): Promise<TestUser> => signUp(name, 'admin');
