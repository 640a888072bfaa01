import { z } from '@hono/zod-openapi';

const MAX_NAME = 80;
const MAX_BIO = 500;

const oneLine = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u;
const ONE_LINE = 'Control characters and line breaks are not allowed';
const Name = z.string().trim().min(1).max(MAX_NAME).regex(oneLine, ONE_LINE);
const Bio = z
  .string()
  .trim()
  .max(MAX_BIO)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*(\r?\n[^\p{Cc}\p{Zl}\p{Zp}]*)*$/u, 'Control characters are not allowed');
const Phone = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'Write it as +, country code and number, without spaces')
  .meta({ example: '+4930123456' });

/** What of a profile its owner and its admins may write. */
export const ProfileFields = {
  display_name: Name.optional(),
  first_name: Name.nullable().optional(),
  last_name: Name.nullable().optional(),
  phone: Phone.nullable().optional(),
  bio: Bio.nullable().optional(),
};
