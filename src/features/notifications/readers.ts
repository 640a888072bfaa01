import type { notificationPreferences } from '../../db/notifications-schema.ts';
import type { Language } from '../../domain/notifications/notice.ts';
import { DEFAULT_PREFERENCES, type Preferences } from '../../domain/notifications/preferences.ts';

/** Somebody to be told something. */
export interface Reader {
  userId: string;
  email: string;
  name: string;
  /** Verified, or null. */
  phone: string | null;
  /** A browser or an app that takes pushes. */
  hasPushTarget: boolean;
  language: Language;
  preferences: Preferences;
}

/** What a row of preferences says; without a row, the defaults. */
export function preferencesOf(
  row: typeof notificationPreferences.$inferSelect | null,
  zone: string | null,
): Preferences {
  const timeZone = zone ?? DEFAULT_PREFERENCES.timeZone;
  if (row === null) return { ...DEFAULT_PREFERENCES, timeZone };
  return {
    masters: {
      in_app: row.inAppEnabled,
      email: row.emailEnabled,
      push: row.pushEnabled,
      sms: row.smsEnabled,
    },
    toggles: JSON.parse(row.toggles) as Preferences['toggles'],
    quietHours:
      row.quietStart === null || row.quietEnd === null ? null : { start: row.quietStart, end: row.quietEnd },
    timeZone,
  };
}
