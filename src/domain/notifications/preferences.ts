/** What a reader wants to hear of, and by which way (C.8, SN-33). */
import {
  CATEGORIES,
  type Category,
  CHANNELS,
  type Channel,
  definitionOf,
  NOTICE_TYPES,
  type NoticeType,
} from './notice.ts';
import { audibleAtMs, type QuietHours } from './quiet-hours.ts';

/** `email.match_created` or `push.orders`: one channel for one type, or for all of a category. */
export type Toggle = `${Channel}.${Category | NoticeType}`;

export interface Preferences {
  /** The master switch of each channel. */
  masters: Readonly<Record<Channel, boolean>>;
  /** What somebody has said; silence means the default of the type. */
  toggles: Readonly<Partial<Record<Toggle, boolean>>>;
  quietHours: QuietHours | null;
  timeZone: string;
}

export const DEFAULT_PREFERENCES: Preferences = {
  masters: { in_app: true, email: true, push: true, sms: false },
  toggles: {},
  quietHours: null,
  timeZone: 'UTC',
};

const CATEGORY_NAMES: ReadonlySet<string> = new Set(CATEGORIES);
const CHANNEL_NAMES: ReadonlySet<string> = new Set(CHANNELS);

export function isToggle(text: string): text is Toggle {
  const [channel = '', subject = ''] = text.split('.', 2);
  return CHANNEL_NAMES.has(channel) && (CATEGORY_NAMES.has(subject) || Object.hasOwn(NOTICE_TYPES, subject));
}

/** Money and safety are always told in the app, and a few things always by mail. */
export function isLocked(type: NoticeType, channel: Channel): boolean {
  const { category, channels, always = [] } = definitionOf(type);
  if (always.includes(channel)) return true;
  return channel === 'in_app' && channels.includes('in_app') && isLockedCategory(category);
}

export const isLockedCategory = (category: Category): boolean =>
  category === 'payments' || category === 'security';

/** Whether a notice goes by a channel: what is locked does; else the master, then the type, then its category, decide. */
export function wants(preferences: Preferences, type: NoticeType, category: Category, channel: Channel) {
  if (isLocked(type, channel)) return true;
  if (!preferences.masters[channel]) return false;
  const { toggles } = preferences;
  const said = toggles[`${channel}.${type}`] ?? toggles[`${channel}.${category}`];
  if (said !== undefined) return said;
  // A text costs money: it is never sent unless somebody asked for it by its category or type.
  return channel !== 'sms' && definitionOf(type).channels.includes(channel);
}

export function channelsFor(
  preferences: Preferences,
  type: NoticeType,
  category: Category = definitionOf(type).category,
): Channel[] {
  return CHANNELS.filter((channel) => wants(preferences, type, category, channel));
}

/** When a delivery may go out: pushes and texts respect the quiet hours, except where an account is in danger. */
export function dueAtMs(
  preferences: Preferences,
  channel: Channel,
  category: Category,
  earliestMs: number,
): number {
  if (category === 'security' || channel === 'in_app' || channel === 'email') return earliestMs;
  return audibleAtMs(earliestMs, preferences.quietHours, preferences.timeZone);
}

/** The names that SN-33 gave its switches, and what they switch here. */
export const NAMED_TOGGLES = {
  email_match_created: 'email.match_created',
  email_order_created: 'email.order_created',
  email_order_shipped: 'email.order_shipped',
  email_payment_received: 'email.payments',
  email_payout_completed: 'email.payout_completed',
  push_match_created: 'push.match_created',
  push_order_updates: 'push.orders',
  push_payment_updates: 'push.payments',
} as const satisfies Record<string, Toggle>;
export type NamedToggle = keyof typeof NAMED_TOGGLES;

/** Whether a toggle is on as things are: said, or by what its type or category does by default. */
export function isToggleOn({ toggles }: Preferences, toggle: Toggle): boolean {
  const said = toggles[toggle];
  if (said !== undefined) return said;
  const [channel, subject] = toggle.split('.') as [Channel, Category | NoticeType];
  if (Object.hasOwn(NOTICE_TYPES, subject)) {
    const { category, channels } = definitionOf(subject as NoticeType);
    return toggles[`${channel}.${category}`] ?? (channel !== 'sms' && channels.includes(channel));
  }
  return (
    channel !== 'sms' &&
    Object.values(NOTICE_TYPES).some(
      ({ category, channels }) => category === subject && (channels as readonly Channel[]).includes(channel),
    )
  );
}
