import { z } from '@hono/zod-openapi';
import { DATE_FORMATS, LANGUAGES, THEMES, TIME_FORMATS } from '../../domain/accounts/preferences.ts';
import { Timestamp } from '../../http/openapi.ts';
import { ACTIVITIES } from '../accounts/account.statements.ts';
import { ProfileFields } from './profile-fields.ts';

export const ProfileChanges = z
  .strictObject(ProfileFields)
  .refine((changes) => Object.keys(changes).length > 0, 'Change something')
  .meta({ id: 'ProfileChanges' });
export type ProfileChanges = z.infer<typeof ProfileChanges>;

export const AvatarAnswer = z
  .object({
    url: z.string(),
    variants: z.array(z.object({ width: z.number().int(), url: z.string() })),
  })
  .meta({ id: 'Avatar' });

export const MeAnswer = z
  .object({
    id: z.string().meta({ example: 'usr_0123456789abcdef' }),
    email: z.string(),
    username: z.string(),
    display_name: z.string(),
    email_verified: z.boolean(),
    first_name: z.string().nullable(),
    last_name: z.string().nullable(),
    phone: z.string().nullable(),
    bio: z.string().nullable(),
    avatar: AvatarAnswer.nullable(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()).meta({ description: 'What your role may do beyond your own things' }),
    can_buy: z.boolean(),
    can_sell: z.boolean(),
    is_verified_seller: z.boolean(),
    last_login_at: Timestamp.nullable(),
    created_at: Timestamp,
    allowed_actions: z.array(
      z.enum(['edit', 'change_password', 'verify_email', 'request_verification', 'export', 'delete']),
    ),
  })
  .meta({ id: 'Me' });

export const PublicProfile = z
  .object({
    id: z.string(),
    username: z.string(),
    display_name: z.string(),
    name: z.string().nullable().meta({ description: 'First and last name, when the user shows them' }),
    bio: z.string().nullable(),
    avatar: AvatarAnswer.nullable(),
    is_verified_seller: z.boolean(),
    is_deleted: z.boolean(),
    rating: z
      .object({
        average: z.number().nullable(),
        count: z.number().int(),
        breakdown: z.record(z.string(), z.number().int()),
      })
      .nullable()
      .meta({ description: 'Null when the user does not show it' }),
    reliability: z
      .object({ marks: z.number().int() })
      .nullable()
      .meta({ description: 'Orders that failed through this user in the last 180 days' }),
    average_response_seconds: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'How long the last messages waited for an answer; null without any' }),
    member_since: Timestamp,
    created_at: Timestamp,
  })
  .meta({ id: 'PublicUser' });

const isTimezone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

const Privacy = z.strictObject({
  show_name: z.boolean(),
  show_ratings: z.boolean(),
  show_presence: z.boolean(),
  listed_in_search: z.boolean(),
});

export const PreferencesAnswer = z
  .object({
    language: z.enum(LANGUAGES),
    timezone: z.string(),
    theme: z.enum(THEMES),
    date_format: z.enum(DATE_FORMATS),
    time_format: z.enum(TIME_FORMATS),
    privacy: Privacy,
  })
  .meta({ id: 'Preferences' });

export const PreferencesBody = z
  .strictObject({
    language: z.enum(LANGUAGES).optional(),
    timezone: z
      .string()
      .min(1)
      .max(64)
      .refine(isTimezone, 'Use an IANA name, such as Europe/Berlin')
      .optional(),
    theme: z.enum(THEMES).optional(),
    date_format: z.enum(DATE_FORMATS).optional(),
    time_format: z.enum(TIME_FORMATS).optional(),
    privacy: Privacy.partial().optional(),
  })
  .meta({ id: 'SetPreferences', description: 'What is left out stays as it is' });
export type PreferencesBody = z.infer<typeof PreferencesBody>;

export const ActivityAnswer = z
  .object({
    id: z.string(),
    action: z.enum(ACTIVITIES),
    device: z.string().nullable(),
    ip_address: z.string().nullable(),
    session_id: z.string().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'Activity' });
