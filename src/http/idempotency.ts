import { and, eq, isNull, lt } from 'drizzle-orm';
import { createMiddleware } from 'hono/factory';
import { idempotencyKeys } from '../db/schema.ts';
import type { AppEnv } from './factory.ts';
import { problem } from './problem.ts';

export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,128}$/;
/** A first request that has not answered by now died on the way; its key may be taken over. */
const IN_FLIGHT_MS = 30_000;
/** How long a key is remembered. */
export const IDEMPOTENCY_RETENTION_MS = 24 * 3_600_000;

export function readIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (!IDEMPOTENCY_KEY_PATTERN.test(header)) {
    throw problem(
      'validation_failed',
      'Idempotency-Key must be 1 to 128 printable ASCII characters without spaces.',
    );
  }
  return header;
}

async function sha256Hex(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Idempotency for mutations that live in D1: the first answer below 500 is stored and given again; another body under
 * the same key is 422, a first request still in flight 409. Order commands do not come here: their keys live in the
 * book, in the same transaction as their effect. Mount after `requireUser` or `requirePermission`.
 */
export const idempotent = createMiddleware<AppEnv>(async (c, next) => {
  const key = readIdempotencyKey(c.req.header('Idempotency-Key'));
  const caller = c.get('caller');
  if (key === null || caller === null) return next();
  const { db, now } = c.get('deps');
  const nowMs = now();
  const route = `${c.req.method} ${c.req.path}`;
  const bodyHash = await sha256Hex(await c.req.arrayBuffer());
  const mine = and(eq(idempotencyKeys.userId, caller.userId), eq(idempotencyKeys.key, key));

  await db
    .delete(idempotencyKeys)
    .where(and(mine, isNull(idempotencyKeys.status), lt(idempotencyKeys.createdAt, nowMs - IN_FLIGHT_MS)));
  const claimed = await db
    .insert(idempotencyKeys)
    .values({ userId: caller.userId, key, route, bodyHash, createdAt: nowMs })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });

  if (claimed.length === 0) {
    const [first] = await db.select().from(idempotencyKeys).where(mine);
    if (!first)
      throw problem(
        'idempotency_in_flight',
        'The first request with this Idempotency-Key just ended; try again.',
      );
    if (first.route !== route || first.bodyHash !== bodyHash) {
      throw problem(
        'idempotency_key_reused',
        'This Idempotency-Key was used for a different request; use a new one.',
      );
    }
    if (first.status === null)
      throw problem(
        'idempotency_in_flight',
        'The first request with this Idempotency-Key is still in flight.',
      );
    return new Response(first.body || null, {
      status: first.status,
      headers: {
        'Content-Type': first.status < 400 ? 'application/json' : 'application/problem+json',
        'Idempotency-Replayed': 'true',
      },
    });
  }

  await next();
  // A server error is nobody's answer: the key is freed so that a retry runs again.
  if (c.res.status >= 500) {
    await db.delete(idempotencyKeys).where(mine);
    return;
  }
  const body = await c.res.clone().text();
  await db.update(idempotencyKeys).set({ status: c.res.status, body }).where(mine);
});
