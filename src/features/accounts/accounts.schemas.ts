import { z } from '@hono/zod-openapi';
import {
  hasPasswordLength,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from '../../domain/accounts/password-policy.ts';
import { Timestamp } from '../../http/openapi.ts';

/** RFC 5321: the longest address that mail can carry. */
const MAX_EMAIL_LENGTH = 254;
/** Longer texts are refused before they are normalised and counted. */
const MAX_SECRET_TEXT = 1_024;

export const Email = z.email().max(MAX_EMAIL_LENGTH).toLowerCase().meta({ example: 'alice@bourse.example' });

export const Username = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{3,30}$/, 'Use 3 to 30 letters, digits, dots, dashes or underscores')
  .meta({ example: 'alice', description: 'Public; unique whatever its case' });

export const NewPassword = z
  .string()
  .max(MAX_SECRET_TEXT)
  .normalize('NFC')
  .refine(hasPasswordLength, `Use ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`)
  .meta({ format: 'password', minLength: MIN_PASSWORD_LENGTH, maxLength: MAX_PASSWORD_LENGTH });

export const GivenPassword = z
  .string()
  .min(1)
  .max(MAX_SECRET_TEXT)
  .normalize('NFC')
  .meta({ format: 'password' });

export const DisplayName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'Control characters and line breaks are not allowed');

export const RegisterBody = z
  .strictObject({
    email: Email,
    username: Username,
    password: NewPassword,
    display_name: DisplayName.optional().meta({ description: 'The username when left out' }),
  })
  .meta({ id: 'Register' });

const LoginName = z.string().min(1).max(MAX_EMAIL_LENGTH);

export const LoginBody = z
  .strictObject({
    email: LoginName.optional().meta({ description: 'The e-mail address; a username is taken as well' }),
    username: LoginName.optional(),
    password: GivenPassword,
  })
  .refine((body) => (body.email === undefined) !== (body.username === undefined), {
    error: 'Send either email or username',
    path: ['email'],
  })
  .meta({ id: 'Login' });

/** RFC 6749 section 4.3. Clients of that grant may name themselves; here that means nothing. */
export const LoginForm = z
  .strictObject({
    grant_type: z.literal('password').optional(),
    username: LoginName.meta({ description: 'The e-mail address or the username' }),
    password: GivenPassword,
    scope: z.string().max(200).optional(),
    client_id: z.string().max(200).optional(),
    client_secret: z.string().max(200).optional(),
  })
  .meta({ id: 'PasswordGrant' });

export const RefreshBody = z
  .strictObject({ refresh_token: z.string().min(1).max(MAX_SECRET_TEXT) })
  .meta({ id: 'Refresh' });

export const UserSchema = z
  .object({
    id: z.string().meta({ example: 'usr_0123456789abcdef' }),
    email: z.string(),
    username: z.string(),
    display_name: z.string(),
    email_verified: z.boolean(),
    roles: z.array(z.string()),
    created_at: Timestamp,
  })
  .meta({ id: 'User' });

export const SignedInSchema = z
  .object({
    user: UserSchema,
    access_token: z.string().meta({ description: 'JWT (RFC 9068); send it as Authorization: Bearer' }),
    refresh_token: z.string().meta({ description: 'Opaque; works once, and each refresh gives the next' }),
    token_type: z.literal('Bearer'),
    expires_in: z.number().int().meta({ description: 'Seconds until the access token ends' }),
  })
  .meta({ id: 'SignedIn' });

export const ChallengeSchema = z
  .object({
    two_factor_required: z.literal(true),
    challenge: z.string().meta({ description: 'Send it with a code to /auth/login/two-factor' }),
    expires_in: z.number().int().meta({ description: 'Seconds until the password is needed again' }),
  })
  .meta({ id: 'LoginChallenge' });

export const TicketSchema = z
  .object({
    ticket: z.string().meta({ description: 'Opens one socket, once' }),
    expires_in: z.number().int(),
  })
  .meta({ id: 'SocketTicket' });

export const JwksSchema = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())) })
  .meta({ id: 'JsonWebKeySet', description: 'RFC 7517' });
