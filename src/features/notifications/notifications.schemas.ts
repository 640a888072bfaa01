import { z } from '@hono/zod-openapi';
import { DEVICE_PLATFORMS } from '../../db/notifications-schema.ts';
import { CATEGORIES, CHANNELS, LANGUAGES, NOTICE_TYPE_NAMES } from '../../domain/notifications/notice.ts';
import { isToggle, NAMED_TOGGLES, type NamedToggle } from '../../domain/notifications/preferences.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

export const NotificationSchema = z
  .object({
    id: z.string(),
    type: z.enum(NOTICE_TYPE_NAMES),
    category: z.enum(CATEGORIES),
    title: z.string(),
    body: z.string(),
    link: z.string().nullable().meta({ description: 'A path of the site' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'Ids of what it is about' }),
    is_read: z.boolean(),
    read_at: Timestamp.nullable(),
    created_at: Timestamp,
    allowed_actions: z.array(z.enum(['read', 'unread', 'delete'])),
  })
  .meta({ id: 'Notification' });

export const NotificationList = pageOf(NotificationSchema).meta({ id: 'NotificationList' });

export const NotificationQuery = PageQuery.extend({
  unread: z.enum(['true', 'false']).optional().meta({ description: '`true`: only what is unread' }),
  category: z.enum(CATEGORIES).optional(),
});

export const NotificationId = z.object({ id: z.string().max(64) });
export const UnreadCount = z.object({ unread_count: z.int() }).meta({ id: 'UnreadCount' });
export const ReadAll = z.object({ marked: z.int(), unread_count: z.int() }).meta({ id: 'NotificationsRead' });

const Clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Use HH:MM, from 00:00 to 23:59')
  .meta({ example: '22:00' });

const QuietHours = z
  .strictObject({ start: Clock, end: Clock })
  .meta({ id: 'QuietHours', description: 'On your own clock; an end before the start is on the next day' });

const NAMED = Object.keys(NAMED_TOGGLES) as NamedToggle[];
const named = <T extends z.ZodType>(value: T) =>
  Object.fromEntries(NAMED.map((name) => [name, value])) as Record<NamedToggle, T>;

const ByChannel = <T extends z.ZodType>(value: T) =>
  z.object(
    Object.fromEntries(CHANNELS.map((channel) => [channel, value])) as Record<(typeof CHANNELS)[number], T>,
  );

export const PreferencesSchema = z
  .object({
    email_enabled: z.boolean(),
    push_enabled: z.boolean(),
    inapp_enabled: z.boolean(),
    sms_enabled: z.boolean(),
    ...named(z.boolean()),
    categories: z.object(
      Object.fromEntries(CATEGORIES.map((category) => [category, ByChannel(z.boolean())])) as Record<
        (typeof CATEGORIES)[number],
        ReturnType<typeof ByChannel<z.ZodBoolean>>
      >,
    ),
    locked: z.array(z.string()).meta({
      description: 'What cannot be switched off: money and safety in the app, and a few mails',
      example: ['in_app.payments'],
    }),
    toggles: z.record(z.string(), z.boolean()).meta({
      description: 'What you have set, by `channel.category` or `channel.type`',
      example: { 'email.match_created': false },
    }),
    quiet_hours: QuietHours.nullable(),
    time_zone: z.string().meta({ description: 'Of your profile: the clock of the quiet hours' }),
    language: z.enum(LANGUAGES).meta({ description: 'Of your profile, where there are templates in it' }),
  })
  .meta({ id: 'NotificationPreferences' });

const MAX_TOGGLES = 100;
export const PreferencesBody = z
  .strictObject({
    email_enabled: z.boolean().optional(),
    push_enabled: z.boolean().optional(),
    inapp_enabled: z.boolean().optional(),
    sms_enabled: z.boolean().optional(),
    ...named(z.boolean().optional()),
    toggles: z
      .record(
        z.string().max(60).refine(isToggle, 'Use channel.category or channel.type'),
        z.boolean().nullable(),
      )
      .refine((toggles) => Object.keys(toggles).length <= MAX_TOGGLES, `At most ${MAX_TOGGLES} toggles`)
      .optional()
      .meta({ description: 'By `channel.category` or `channel.type`; null forgets what you had set' }),
    quiet_hours: QuietHours.nullable().optional(),
  })
  .meta({
    id: 'SetNotificationPreferences',
    example: { push_enabled: false, quiet_hours: { start: '22:00', end: '07:00' } },
  });

const Base64Url = (minBytes: number, maxBytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+={0,2}$/, 'Use base64url')
    .refine((text) => {
      const bytes = Math.floor((text.replaceAll('=', '').length * 3) / 4);
      return bytes >= minBytes && bytes <= maxBytes;
    }, `Use ${minBytes} bytes as base64url`);

export const PushSubscriptionBody = z
  .strictObject({
    endpoint: z.url().max(2_000),
    expirationTime: z.number().nullable().optional(),
    keys: z.strictObject({
      p256dh: Base64Url(65, 65).meta({
        description: 'The public key of the browser: an uncompressed P-256 point',
      }),
      auth: Base64Url(16, 16),
    }),
  })
  .meta({ id: 'PushSubscriptionRequest', description: 'As PushSubscription.toJSON() of a browser gives it' });

export const PushSubscriptionSchema = z
  .object({ id: z.string(), endpoint: z.string(), user_agent: z.string(), created_at: Timestamp })
  .meta({ id: 'PushSubscription' });

export const EndpointBody = z
  .strictObject({ endpoint: z.string().min(1).max(2_000) })
  .meta({ id: 'PushEndpoint' });

export const VapidKey = z
  .object({ public_key: z.string().meta({ description: 'applicationServerKey, base64url' }) })
  .meta({ id: 'VapidKey' });

export const DeviceBody = z
  .strictObject({
    platform: z.enum(DEVICE_PLATFORMS),
    token: z.string().regex(/^[\x21-\x7e]{8,512}$/, 'Use 8 to 512 printable characters'),
  })
  .meta({ id: 'DeviceRequest' });

export const DeviceSchema = z
  .object({
    id: z.string(),
    platform: z.enum(DEVICE_PLATFORMS),
    token_ending: z
      .string()
      .meta({ description: 'The last characters; the token itself is not shown again' }),
    created_at: Timestamp,
  })
  .meta({ id: 'Device' });

export const PhoneBody = z
  .strictObject({
    phone: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/, 'Use E.164, such as +971501234567')
      .meta({ example: '+971501234567' }),
  })
  .meta({ id: 'PhoneRequest' });
export const PhoneCodeBody = z
  .strictObject({ code: z.string().regex(/^\d{6}$/, 'Six digits') })
  .meta({ id: 'PhoneCode' });
export const PhoneSchema = z
  .object({ phone: z.string().nullable(), verified: z.boolean() })
  .meta({ id: 'Phone' });
