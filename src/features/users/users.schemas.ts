import { z } from '@hono/zod-openapi';
import { USER_STATUSES } from '../../domain/accounts/account.ts';
import { KYC_STATUSES } from '../../domain/accounts/verification.ts';
import { SELLER_TIERS } from '../../domain/market/fees.ts';
import { PageQuery } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';
import { ProfileFields } from '../profiles/profile-fields.ts';

export const UserId = z.object({ id: z.string().max(64) });

export const UsersQuery = PageQuery.extend({
  search: z
    .string()
    .trim()
    .min(1)
    .max(254)
    .optional()
    .meta({ description: 'The beginning of a username, or of an e-mail address when it has an @; or an id' }),
  role: z.string().max(64).optional(),
  status: z.enum(USER_STATUSES).optional(),
  verified: z.enum(['true', 'false']).optional().meta({ description: 'Verified as a seller' }),
});

export const ManagedUser = z
  .object({
    id: z.string(),
    email: z.string(),
    username: z.string(),
    display_name: z.string(),
    role: z.string(),
    status: z.enum(USER_STATUSES),
    suspended_until: Timestamp.nullable(),
    is_active: z.boolean(),
    is_superuser: z.boolean(),
    email_verified: z.boolean(),
    is_verified_seller: z.boolean(),
    last_login: Timestamp.nullable(),
    created_at: Timestamp,
    deleted_at: Timestamp.nullable(),
  })
  .meta({ id: 'ManagedUser' });

export const ManagedUserDetail = ManagedUser.extend({
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  phone: z.string().nullable(),
  bio: z.string().nullable(),
  can_buy: z.boolean(),
  can_sell: z.boolean(),
  seller_tier: z.enum(SELLER_TIERS),
  two_factor_enabled: z.boolean(),
  verification_status: z.enum(KYC_STATUSES).nullable(),
  allowed_actions: z.array(z.enum(['edit', 'assign_role', 'reset_two_factor', 'delete'])),
}).meta({ id: 'ManagedUserDetail' });

const Reason = z.string().trim().min(1).max(500);

export const UserChanges = z
  .strictObject({
    ...ProfileFields,
    username: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{3,30}$/, 'Use 3 to 30 letters, digits, dots, dashes or underscores')
      .optional(),
    can_buy: z.boolean().optional(),
    can_sell: z.boolean().optional(),
    seller_tier: z.enum(SELLER_TIERS).optional().meta({ description: 'Which fees they pay (SN-43)' }),
    reason: Reason.optional(),
  })
  .refine(({ reason: _, ...changes }) => Object.keys(changes).length > 0, 'Change something')
  .meta({ id: 'UserChanges' });
export type UserChanges = z.infer<typeof UserChanges>;

export const DeleteUserQuery = z.object({ reason: Reason.optional() });

export const ResetTwoFactorQuery = z.object({
  reason: Reason.meta({ description: 'How the owner has shown who they are' }),
});
