/** How the product looks and speaks to one person, and what of them others may see (GR-11). */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ['system', 'light', 'dark'] as const;
export const DATE_FORMATS = ['YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY'] as const;
export const TIME_FORMATS = ['24h', '12h'] as const;

export interface Preferences {
  language: Language;
  /** An IANA name, such as Europe/Berlin. */
  timezone: string;
  theme: (typeof THEMES)[number];
  dateFormat: (typeof DATE_FORMATS)[number];
  timeFormat: (typeof TIME_FORMATS)[number];
  /** Others see the first and last name on the profile. */
  showName: boolean;
  /** Others see ratings and reliability on the profile. */
  showRatings: boolean;
  /** The account is found by searching for people. */
  isListedInSearch: boolean;
}

/** What somebody has who never chose. */
export const DEFAULT_PREFERENCES: Preferences = {
  language: 'en',
  timezone: 'UTC',
  theme: 'system',
  dateFormat: 'YYYY-MM-DD',
  timeFormat: '24h',
  showName: false,
  showRatings: true,
  isListedInSearch: true,
};
