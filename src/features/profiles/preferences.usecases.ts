import type { Deps } from '../../deps.ts';
import type { Preferences } from '../../domain/accounts/preferences.ts';
import type { Caller } from '../../http/factory.ts';
import { activityStatement, type Client } from '../accounts/account.statements.ts';
import { changeShowPresence, readShowPresence } from '../channels/presence.usecases.ts';
import { findPreferences, upsertPreferences } from './profiles.repository.ts';
import type { PreferencesBody } from './profiles.schemas.ts';

/** The preferences of users, for whoever writes or speaks to them; every one who was asked for is in the answer. */
export const preferencesOf = (deps: Deps, userIds: readonly string[]): Promise<Map<string, Preferences>> =>
  findPreferences(deps.db, userIds);

export interface OwnPreferences extends Preferences {
  showPresence: boolean;
}

export async function readPreferences(deps: Deps, userId: string): Promise<OwnPreferences> {
  const [preferences, showPresence] = await Promise.all([
    findPreferences(deps.db, [userId]),
    readShowPresence(deps, userId),
  ]);
  return { ...preferences.get(userId)!, showPresence };
}

/** Sets what is given. Presence is kept where sockets look it up, and contacts hear of it at once. */
export async function changePreferences(
  deps: Deps,
  caller: Caller,
  changes: PreferencesBody,
  client: Client,
): Promise<OwnPreferences> {
  const { showPresence: _, ...before } = await readPreferences(deps, caller.userId);
  const { privacy } = changes;
  const after: Preferences = {
    language: changes.language ?? before.language,
    timezone: changes.timezone ?? before.timezone,
    theme: changes.theme ?? before.theme,
    dateFormat: changes.date_format ?? before.dateFormat,
    timeFormat: changes.time_format ?? before.timeFormat,
    showName: privacy?.show_name ?? before.showName,
    showRatings: privacy?.show_ratings ?? before.showRatings,
    isListedInSearch: privacy?.listed_in_search ?? before.isListedInSearch,
  };
  await deps.db.batch([
    upsertPreferences(deps.db, caller.userId, after, deps.now()),
    activityStatement(deps, caller.userId, 'preferences_changed', client, caller.sessionId),
  ]);
  if (privacy?.show_presence !== undefined)
    await changeShowPresence(deps, caller.userId, privacy.show_presence);
  return readPreferences(deps, caller.userId);
}
