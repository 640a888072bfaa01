import { z } from 'zod';
import { isVerifiedSeller, rolesOf } from '../../domain/accounts/account.ts';
import { rfc3339 } from '../../http/openapi.ts';
import { pictureUrls } from '../media/pictures.ts';
import type { OwnPreferences } from './preferences.usecases.ts';
import type { UserRow } from './profiles.repository.ts';
import type { Profile } from './profiles.usecases.ts';

const Widths = z.array(z.number());

export const presentAvatar = ({ avatarHash, avatarWidths }: UserRow) =>
  avatarHash === null || avatarWidths === null
    ? null
    : pictureUrls('avatars', avatarHash, Widths.parse(JSON.parse(avatarWidths)));

export const presentMe = (row: UserRow, permissions: readonly string[]) => {
  const isVerified = isVerifiedSeller(row.role, row.verifiedSellerAt);
  return {
    id: row.id,
    email: row.email,
    username: row.username,
    display_name: row.displayName,
    email_verified: row.emailVerifiedAt !== null,
    first_name: row.firstName,
    last_name: row.lastName,
    phone: row.phone,
    bio: row.bio,
    avatar: presentAvatar(row),
    roles: rolesOf(row.role),
    permissions: [...permissions],
    can_buy: row.canBuy,
    can_sell: row.canSell,
    is_verified_seller: isVerified,
    last_login_at: row.lastLoginAt === null ? null : rfc3339(row.lastLoginAt),
    created_at: rfc3339(row.createdAt),
    allowed_actions: [
      'edit' as const,
      'change_password' as const,
      ...(row.emailVerifiedAt === null ? (['verify_email'] as const) : []),
      ...(isVerified ? [] : (['request_verification'] as const)),
      'export' as const,
      'delete' as const,
    ],
  };
};

export function presentProfile({ user, preferences, reputation, responseMs, ...rest }: Profile) {
  const isShown = preferences.showRatings && reputation !== undefined;
  const name = [user.firstName, user.lastName].filter((part) => part !== null).join(' ');
  return {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    name: preferences.showName && name !== '' ? name : null,
    bio: user.bio,
    avatar: presentAvatar(user),
    is_verified_seller: rest.isVerifiedSeller,
    is_deleted: user.deletedAt !== null,
    rating: isShown ? reputation.rating : null,
    reliability: isShown ? { marks: reputation.reliability.marks } : null,
    average_response_seconds: responseMs === null ? null : Math.round(responseMs / 1000),
    member_since: rfc3339(user.createdAt),
    created_at: rfc3339(user.createdAt),
  };
}

export const presentPreferences = (own: OwnPreferences) => ({
  language: own.language,
  timezone: own.timezone,
  theme: own.theme,
  date_format: own.dateFormat,
  time_format: own.timeFormat,
  privacy: {
    show_name: own.showName,
    show_ratings: own.showRatings,
    show_presence: own.showPresence,
    listed_in_search: own.isListedInSearch,
  },
});
