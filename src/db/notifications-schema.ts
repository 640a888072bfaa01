/** Tables of notifications: what somebody was told, by which ways it went, and what they want to hear of (C.8). */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  CATEGORIES,
  CHANNELS,
  DELIVERY_STATUSES,
  LANGUAGES,
  NOTICE_TYPE_NAMES,
} from '../domain/notifications/notice.ts';
import { TEMPLATE_CHANNELS } from '../domain/notifications/templates/template.ts';

/** One thing told to one user: an event tells a user each type once, however often it is delivered. */
export const notifications = sqliteTable(
  'notifications',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    eventId: text().notNull(),
    type: text({ enum: NOTICE_TYPE_NAMES }).notNull(),
    category: text({ enum: CATEGORIES }).notNull(),
    template: text().notNull(),
    language: text({ enum: LANGUAGES }).notNull(),
    title: text().notNull(),
    body: text().notNull(),
    /** A path of the site. */
    link: text(),
    /** JSON: ids of what it is about, for the app. */
    data: text().notNull(),
    /** JSON: what templates speak of. */
    variables: text().notNull(),
    /** Shown in the app; others went by mail or push only. */
    isListed: integer({ mode: 'boolean' }).notNull(),
    readAt: integer(),
    /** Deleted by its reader. The row stays, so that the event cannot tell it again. */
    deletedAt: integer(),
    createdAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('notifications_once').on(t.eventId, t.userId, t.type),
    index('notifications_list')
      .on(t.userId, t.createdAt, t.id)
      .where(sql`is_listed = 1 and deleted_at is null`),
    index('notifications_category')
      .on(t.userId, t.category, t.createdAt, t.id)
      .where(sql`is_listed = 1 and deleted_at is null`),
    index('notifications_unread')
      .on(t.userId, t.createdAt, t.id)
      .where(sql`is_listed = 1 and deleted_at is null and read_at is null`),
    index('notifications_created').on(t.createdAt),
  ],
);

/** One row for each channel that a notification goes by (GR-12). */
export const deliveries = sqliteTable(
  'deliveries',
  {
    id: text().primaryKey(),
    notificationId: text()
      .notNull()
      .references(() => notifications.id),
    userId: text().notNull(),
    eventId: text().notNull(),
    type: text({ enum: NOTICE_TYPE_NAMES }).notNull(),
    channel: text({ enum: CHANNELS }).notNull(),
    status: text({ enum: DELIVERY_STATUSES }).notNull(),
    attempts: integer().notNull(),
    error: text(),
    /** What the provider calls it. */
    reference: text(),
    /** When it may go out, or be tried again, or, while it is being sent, counts as abandoned. */
    dueAt: integer().notNull(),
    /** Pushes of one group that wait together go out as one. */
    groupKey: text(),
    /** JSON that only the message may show, such as the token of a link; gone once it is sent. */
    secrets: text(),
    /** The version of the template it was written with; null until then. */
    templateVersion: integer(),
    sentAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (t) => [
    uniqueIndex('deliveries_once').on(t.eventId, t.userId, t.type, t.channel),
    index('deliveries_due').on(t.dueAt).where(sql`status in ('pending', 'sending')`),
    index('deliveries_notification').on(t.notificationId),
    index('deliveries_group')
      .on(t.userId, t.groupKey)
      .where(sql`status = 'pending' and group_key is not null`),
    index('deliveries_created').on(t.createdAt, t.id),
    index('deliveries_status').on(t.status, t.createdAt, t.id),
    index('deliveries_user').on(t.userId, t.createdAt, t.id),
  ],
);

/** Later versions of the built-in templates. The newest one that is not retired is in force. */
export const notificationTemplates = sqliteTable(
  'notification_templates',
  {
    name: text().notNull(),
    channel: text({ enum: TEMPLATE_CHANNELS }).notNull(),
    language: text({ enum: LANGUAGES }).notNull(),
    version: integer().notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    action: text(),
    retiredAt: integer(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.name, t.channel, t.language, t.version] })],
);

/** A user without a row has said nothing. */
export const notificationPreferences = sqliteTable('notification_preferences', {
  userId: text().primaryKey(),
  inAppEnabled: integer({ mode: 'boolean' }).notNull(),
  emailEnabled: integer({ mode: 'boolean' }).notNull(),
  pushEnabled: integer({ mode: 'boolean' }).notNull(),
  smsEnabled: integer({ mode: 'boolean' }).notNull(),
  /** JSON: `{"email.match_created": false}`. */
  toggles: text().notNull(),
  /** `HH:MM`, both or neither. */
  quietStart: text(),
  quietEnd: text(),
  version: integer().notNull(),
  updatedAt: integer().notNull(),
});

/** Where texts go. A number counts once its owner has sent back the code. */
export const notificationPhones = sqliteTable('notification_phones', {
  userId: text().primaryKey(),
  phone: text().notNull(),
  codeHash: text(),
  codeExpiresAt: integer(),
  attempts: integer().notNull(),
  verifiedAt: integer(),
  updatedAt: integer().notNull(),
});

/** Browsers that asked for pushes (RFC 8030). An endpoint belongs to whoever subscribed last. */
export const pushSubscriptions = sqliteTable(
  'push_subscriptions',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    endpoint: text().notNull(),
    p256dh: text().notNull(),
    auth: text().notNull(),
    userAgent: text().notNull(),
    createdAt: integer().notNull(),
    lastUsedAt: integer(),
  },
  (t) => [
    uniqueIndex('push_subscriptions_endpoint').on(t.endpoint),
    index('push_subscriptions_user').on(t.userId, t.createdAt),
  ],
);

/** Apps on phones, by the token that their platform gave them. */
export const DEVICE_PLATFORMS = ['ios', 'android', 'web'] as const;
export const devices = sqliteTable(
  'devices',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    platform: text({ enum: DEVICE_PLATFORMS }).notNull(),
    token: text().notNull(),
    createdAt: integer().notNull(),
    lastUsedAt: integer(),
  },
  (t) => [uniqueIndex('devices_token').on(t.token), index('devices_user').on(t.userId, t.createdAt)],
);

/** Told to everybody, page by page. */
export const ANNOUNCEMENT_STATUSES = ['sending', 'sent', 'cancelled'] as const;
export const announcements = sqliteTable(
  'announcements',
  {
    id: text().primaryKey(),
    title: text().notNull(),
    body: text().notNull(),
    link: text(),
    category: text({ enum: CATEGORIES }).notNull(),
    status: text({ enum: ANNOUNCEMENT_STATUSES }).notNull(),
    /** Users told so far, and the last one of them. */
    told: integer().notNull(),
    lastUserId: text().notNull(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
    finishedAt: integer(),
  },
  (t) => [index('announcements_created').on(t.createdAt, t.id)],
);

/** How far the reminders of a kind have come: everything that falls due up to here was told. */
export const reminderMarks = sqliteTable('reminder_marks', {
  kind: text().primaryKey(),
  dueAt: integer().notNull(),
  id: text().notNull(),
});

/** What would have left this machine: mails and texts of local development, for reading in a browser. */
export const localLetters = sqliteTable(
  'local_letters',
  {
    id: text().primaryKey(),
    channel: text({ enum: CHANNELS }).notNull(),
    recipient: text().notNull(),
    subject: text().notNull(),
    text: text().notNull(),
    html: text(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('local_letters_created').on(t.createdAt, t.id),
    index('local_letters_recipient').on(t.recipient, t.createdAt, t.id),
  ],
);
