import { eq } from 'drizzle-orm';
import { notificationPreferences } from '../../db/notifications-schema.ts';
import type { Deps } from '../../deps.ts';
import {
  CATEGORIES,
  CHANNELS,
  NOTICE_TYPE_NAMES,
  type NoticeType,
} from '../../domain/notifications/notice.ts';
import {
  isLocked,
  isLockedCategory,
  isToggleOn,
  NAMED_TOGGLES,
  type NamedToggle,
  type Preferences,
  type Toggle,
} from '../../domain/notifications/preferences.ts';
import { problem } from '../../http/problem.ts';
import { findReaders } from './notices.repository.ts';
import type { Reader } from './readers.ts';

const ATTEMPTS = 5;

export interface PreferenceChanges {
  masters: Partial<Preferences['masters']>;
  named: Partial<Record<NamedToggle, boolean | undefined>>;
  toggles: Readonly<Record<string, boolean | null>>;
  /** Undefined: as it is. */
  quietHours?: Preferences['quietHours'] | undefined;
}

export async function readReader(deps: Deps, userId: string): Promise<Reader> {
  const reader = (await findReaders(deps.db, [userId])).get(userId);
  if (reader === undefined) throw problem('user_not_found', 'There is no such user.');
  return reader;
}

/** Changes what is named and leaves the rest; two devices at once lose nothing of each other. */
export async function changePreferences(
  deps: Deps,
  userId: string,
  changes: PreferenceChanges,
): Promise<Reader> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const reader = await readReader(deps, userId);
    const [known] = await deps.db
      .select({ version: notificationPreferences.version })
      .from(notificationPreferences)
      .where(eq(notificationPreferences.userId, userId));
    if (await write(deps, userId, merged(reader.preferences, changes), known?.version ?? 0))
      return readReader(deps, userId);
  }
  throw problem('unavailable', 'Your preferences are changing too fast; try again.');
}

function merged(
  before: Preferences,
  { masters, named, toggles, quietHours }: PreferenceChanges,
): Preferences {
  const all: Partial<Record<Toggle, boolean>> = { ...before.toggles };
  for (const [name, isOn] of Object.entries(named))
    if (isOn !== undefined) all[NAMED_TOGGLES[name as NamedToggle]] = isOn;
  for (const [toggle, isOn] of Object.entries(toggles)) {
    if (isOn === null) delete all[toggle as Toggle];
    else all[toggle as Toggle] = isOn;
  }
  return {
    ...before,
    masters: { ...before.masters, ...masters },
    toggles: all,
    quietHours: quietHours === undefined ? before.quietHours : quietHours,
  };
}

async function write(
  deps: Deps,
  userId: string,
  { masters, toggles, quietHours }: Preferences,
  version: number,
): Promise<boolean> {
  const values = {
    inAppEnabled: masters.in_app,
    emailEnabled: masters.email,
    pushEnabled: masters.push,
    smsEnabled: masters.sms,
    toggles: JSON.stringify(toggles),
    quietStart: quietHours?.start ?? null,
    quietEnd: quietHours?.end ?? null,
    version: version + 1,
    updatedAt: deps.now(),
  };
  const written = await deps.db
    .insert(notificationPreferences)
    .values({ userId, ...values })
    .onConflictDoUpdate({
      target: notificationPreferences.userId,
      set: values,
      setWhere: eq(notificationPreferences.version, version),
    })
    .returning({ version: notificationPreferences.version });
  // Without a row before, a row that is there now is somebody else's: it has version 1 or more.
  return written.length === 1;
}

export function presentPreferences({ preferences, language }: Reader) {
  const { masters, toggles, quietHours, timeZone } = preferences;
  const named = Object.fromEntries(
    Object.entries(NAMED_TOGGLES).map(([name, toggle]) => [name, isToggleOn(preferences, toggle)]),
  ) as Record<NamedToggle, boolean>;
  const categories = Object.fromEntries(
    CATEGORIES.map((category) => [
      category,
      Object.fromEntries(
        CHANNELS.map((channel) => [
          channel,
          (channel === 'in_app' && isLockedCategory(category)) ||
            (masters[channel] && isToggleOn(preferences, `${channel}.${category}`)),
        ]),
      ),
    ]),
  ) as Record<(typeof CATEGORIES)[number], Record<(typeof CHANNELS)[number], boolean>>;
  const lockedTypes = NOTICE_TYPE_NAMES.flatMap((type: NoticeType) =>
    CHANNELS.filter((channel) => channel !== 'in_app' && isLocked(type, channel)).map(
      (channel) => `${channel}.${type}`,
    ),
  );
  return {
    email_enabled: masters.email,
    push_enabled: masters.push,
    inapp_enabled: masters.in_app,
    sms_enabled: masters.sms,
    ...named,
    categories,
    locked: [...CATEGORIES.filter(isLockedCategory).map((category) => `in_app.${category}`), ...lockedTypes],
    toggles: toggles as Record<string, boolean>,
    quiet_hours: quietHours,
    time_zone: timeZone,
    language,
  };
}
