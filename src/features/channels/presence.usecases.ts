import type { Deps } from '../../deps.ts';
import { rfc3339 } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import {
  areContacts,
  contactsOf,
  findPresence,
  saveLastSeen,
  saveOnline,
  saveShowPresence,
  visibleUsers,
} from './contacts.repository.ts';

/** Whether somebody is here, as their contacts see it (C.7). */
export interface Presence {
  userId: string;
  isOnline: boolean;
  lastSeenAtMs: number | null;
}

const presenceFrame = (userId: string, isOnline: boolean, lastSeenAtMs: number | null) => ({
  type: isOnline ? 'user:online' : 'user:offline',
  data: { user_id: userId, last_seen_at: lastSeenAtMs === null ? null : rfc3339(lastSeenAtMs) },
});

/** Tells the contacts of a user, and nobody else, that the user came or went. */
async function tellContacts(
  deps: Deps,
  userId: string,
  contacts: readonly string[],
  isOnline: boolean,
  lastSeenAtMs: number | null,
): Promise<void> {
  const frame = presenceFrame(userId, isOnline, lastSeenAtMs);
  await Promise.all(contacts.map((contact) => deps.channels.publish(`user:${contact}`, [frame])));
}

/** Before a line opens: from its first frame on, its user is told everything. */
export const announceLine = (deps: Deps, userId: string): Promise<void> =>
  saveOnline(deps.db, userId, deps.now());

/** A user's first device came, or the last one went (SL-14, SL-15). Whoever comes hears which contacts are here. */
export async function presenceChanged(deps: Deps, userId: string, isOnline: boolean): Promise<void> {
  const nowMs = deps.now();
  if (isOnline) await saveOnline(deps.db, userId, nowMs);
  else await saveLastSeen(deps.db, userId, nowMs);
  const contacts = await contactsOf(deps.db, userId);
  if ((await findPresence(deps.db, userId)).showPresence)
    await tellContacts(deps, userId, contacts, isOnline, isOnline ? null : nowMs);
  if (!isOnline) return;
  const here = await deps.channels.online(await visibleUsers(deps.db, contacts));
  await deps.channels.publish(
    `user:${userId}`,
    Array.from(here, (contact) => presenceFrame(contact, true, null)),
  );
}

export async function readShowPresence(deps: Deps, userId: string): Promise<boolean> {
  return (await findPresence(deps.db, userId)).showPresence;
}

/** Lets the contacts see whether the user is here, or no longer; they are told at once. */
export async function changeShowPresence(deps: Deps, userId: string, showPresence: boolean): Promise<void> {
  const nowMs = deps.now();
  const before = await findPresence(deps.db, userId);
  await saveShowPresence(deps.db, userId, showPresence, nowMs);
  if (before.showPresence === showPresence) return;
  const here = await deps.channels.online([userId]);
  if (here.has(userId))
    await tellContacts(deps, userId, await contactsOf(deps.db, userId), showPresence, null);
}

/** The presence of a contact; for anybody else there is no such user. One's own is always shown. */
export async function readPresence(deps: Deps, callerId: string, userId: string): Promise<Presence> {
  const isSelf = callerId === userId;
  if (!isSelf && !(await areContacts(deps.db, callerId, userId)))
    throw problem('user_not_found', 'There is no such user among your contacts.');
  const { showPresence, lastSeenAt } = await findPresence(deps.db, userId);
  if (!showPresence && !isSelf) return { userId, isOnline: false, lastSeenAtMs: null };
  const here = await deps.channels.online([userId]);
  return { userId, isOnline: here.has(userId), lastSeenAtMs: lastSeenAt };
}
