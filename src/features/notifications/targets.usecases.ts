/** Where pushes and texts go: browsers, apps, and a phone number that its owner has confirmed. */
import { and, asc, eq, sql } from 'drizzle-orm';
import { devices, notificationPhones, pushSubscriptions } from '../../db/notifications-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import { hashSecret } from '../accounts/secret.ts';

/** A newcomer past this takes the place of the oldest: people forget browsers, they do not sign them off. */
const MAX_TARGETS = 20;
const CODE_LIFE_MS = 10 * MINUTE_MS;
const MAX_CODE_ATTEMPTS = 5;
/** Between two codes, so that nobody's phone is flooded. */
const CODE_PAUSE_MS = MINUTE_MS;

export type SubscriptionRow = typeof pushSubscriptions.$inferSelect;
export type DeviceRow = typeof devices.$inferSelect;

/** An endpoint belongs to whoever subscribed last: two people may share a browser, one after the other. */
export async function subscribe(
  deps: Deps,
  userId: string,
  {
    endpoint,
    p256dh,
    auth,
    userAgent,
  }: { endpoint: string; p256dh: string; auth: string; userAgent: string },
): Promise<SubscriptionRow> {
  if (deps.push.publicKey === null) throw problem('unavailable', 'Pushes are not configured here.');
  if (!deps.push.accepts(endpoint))
    throw problem('endpoint_not_allowed', 'The endpoint is not one of a known push service.');
  const nowMs = deps.now();
  const values = { userId, p256dh, auth, userAgent: userAgent.slice(0, 200), createdAt: nowMs };
  const [[row]] = await deps.db.batch([
    deps.db
      .insert(pushSubscriptions)
      .values({ id: newId('psh', deps.random), endpoint, lastUsedAt: null, ...values })
      .onConflictDoUpdate({ target: pushSubscriptions.endpoint, set: values })
      .returning(),
    deps.db.delete(pushSubscriptions).where(
      sql`${pushSubscriptions.id} in (select id from push_subscriptions where user_id = ${userId}
        order by created_at desc limit -1 offset ${MAX_TARGETS})`,
    ),
  ]);
  return row!;
}

export async function unsubscribe(deps: Deps, userId: string, endpoint: string): Promise<void> {
  await deps.db
    .delete(pushSubscriptions)
    .where(and(eq(pushSubscriptions.userId, userId), eq(pushSubscriptions.endpoint, endpoint)));
}

export async function addDevice(
  deps: Deps,
  userId: string,
  { platform, token }: Pick<DeviceRow, 'platform' | 'token'>,
): Promise<DeviceRow> {
  const nowMs = deps.now();
  const values = { userId, platform, createdAt: nowMs };
  const [[row]] = await deps.db.batch([
    deps.db
      .insert(devices)
      .values({ id: newId('dev', deps.random), token, lastUsedAt: null, ...values })
      .onConflictDoUpdate({ target: devices.token, set: values })
      .returning(),
    deps.db.delete(devices).where(
      sql`${devices.id} in (select id from devices where user_id = ${userId}
        order by created_at desc limit -1 offset ${MAX_TARGETS})`,
    ),
  ]);
  return row!;
}

export const listDevices = (deps: Deps, userId: string): Promise<DeviceRow[]> =>
  deps.db
    .select()
    .from(devices)
    .where(eq(devices.userId, userId))
    .orderBy(asc(devices.createdAt))
    .limit(MAX_TARGETS);

export async function removeDevice(deps: Deps, userId: string, id: string): Promise<void> {
  const removed = await deps.db
    .delete(devices)
    .where(and(eq(devices.userId, userId), eq(devices.id, id)))
    .returning({ id: devices.id });
  if (removed.length === 0) throw problem('device_not_found', 'There is no such device.');
}

export async function readPhone(deps: Deps, userId: string) {
  const [row] = await deps.db.select().from(notificationPhones).where(eq(notificationPhones.userId, userId));
  return { phone: row?.phone ?? null, isVerified: row != null && row.verifiedAt !== null };
}

/** Sends a code to a number. No text goes there before its owner has given the code back. */
export async function askForPhone(deps: Deps, userId: string, phone: string): Promise<void> {
  const nowMs = deps.now();
  const [known] = await deps.db
    .select()
    .from(notificationPhones)
    .where(eq(notificationPhones.userId, userId));
  if (known && known.codeHash !== null && nowMs - known.updatedAt < CODE_PAUSE_MS)
    throw problem('rate_limited', 'A code was sent a moment ago. Wait a minute.');
  const code = sixDigits(deps);
  const values = {
    phone,
    codeHash: await hashSecret(`${userId}:${code}`),
    codeExpiresAt: nowMs + CODE_LIFE_MS,
    attempts: 0,
    verifiedAt: null,
    updatedAt: nowMs,
  };
  await deps.db
    .insert(notificationPhones)
    .values({ userId, ...values })
    .onConflictDoUpdate({ target: notificationPhones.userId, set: values });
  const outcome = await deps.sms.send({
    id: newId('dlv', deps.random),
    to: phone,
    text: `Your Bourse code is ${code}. It works for ten minutes.`,
  });
  if (outcome.kind !== 'sent') throw problem('unavailable', 'The text could not be sent. Try again later.');
}

/** Confirms a number with its code; refused with `invalid_code`, after a few tries whatever is sent. */
export async function confirmPhone(deps: Deps, userId: string, code: string): Promise<void> {
  const nowMs = deps.now();
  const mine = eq(notificationPhones.userId, userId);
  // The try is counted before the code is looked at, so that parallel guesses cannot slip past the limit.
  const [row] = await deps.db
    .update(notificationPhones)
    .set({ attempts: sql`${notificationPhones.attempts} + 1` })
    .where(and(mine, sql`${notificationPhones.codeHash} is not null`))
    .returning();
  const isRight =
    row !== undefined &&
    row.attempts <= MAX_CODE_ATTEMPTS &&
    (row.codeExpiresAt ?? 0) > nowMs &&
    row.codeHash === (await hashSecret(`${userId}:${code}`));
  if (!isRight) throw problem('invalid_code', 'The code is wrong or too old. Ask for a new one.');
  await deps.db
    .update(notificationPhones)
    .set({ verifiedAt: nowMs, codeHash: null, updatedAt: nowMs })
    .where(and(mine, eq(notificationPhones.phone, row.phone)));
}

export async function forgetPhone(deps: Deps, userId: string): Promise<void> {
  await deps.db.delete(notificationPhones).where(eq(notificationPhones.userId, userId));
}

function sixDigits({ random }: Deps): string {
  const [a = 0, b = 0, c = 0, d = 0] = random(new Uint8Array(4));
  return String((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % 1_000_000).padStart(6, '0');
}
