import { and, desc, eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { knownDevices } from '../../db/identity-schema.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { Client } from './account.statements.ts';
import { hashSecret } from './secret.ts';

/** More than one person signs in from; bounds what a login reads. */
const MAX_DEVICES = 50;

export interface DeviceKnowledge {
  /** The hash of the cookie's secret when it is one of this user's; null for a device that has not signed in before. */
  hash: string | null;
  /** The user has signed in before, and never from this address with this browser. */
  isNewPlace: boolean;
}

/** What is known of the device that a client shows. Asks the same of an account that does not exist. */
export async function recogniseDevice(db: Db, userId: string, client: Client): Promise<DeviceKnowledge> {
  const shown = await Promise.all(client.deviceTokens.map(hashSecret));
  const known = await db
    .select()
    .from(knownDevices)
    .where(eq(knownDevices.userId, userId))
    .orderBy(desc(knownDevices.lastUsedAt))
    .limit(MAX_DEVICES);
  const hash = known.find((device) => shown.includes(device.hash))?.hash ?? null;
  const wasHere = known.some(
    ({ address, userAgent }) => address === client.address && userAgent === client.userAgent,
  );
  return { hash, isNewPlace: known.length > 0 && hash === null && !wasHere };
}

/** Remembers a device: a new secret takes the place of an older one of the same browser at the same address. */
export function rememberDeviceStatements(
  db: Db,
  device: { userId: string; hash: string },
  { address, userAgent }: Client,
  nowMs: number,
): Statement[] {
  const mine = eq(knownDevices.userId, device.userId);
  return [
    db
      .delete(knownDevices)
      .where(and(mine, eq(knownDevices.address, address), eq(knownDevices.userAgent, userAgent))),
    db.insert(knownDevices).values({ ...device, address, userAgent, createdAt: nowMs, lastUsedAt: nowMs }),
  ];
}

export const touchDeviceStatement = (db: Db, userId: string, hash: string, nowMs: number): Statement =>
  db
    .update(knownDevices)
    .set({ lastUsedAt: nowMs })
    .where(and(eq(knownDevices.userId, userId), eq(knownDevices.hash, hash)));

export const forgetDevicesStatement = (db: Db, userId: string): Statement =>
  db.delete(knownDevices).where(eq(knownDevices.userId, userId));
