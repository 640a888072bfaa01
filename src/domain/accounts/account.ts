/** The built-in roles (C.1). Admins may define more, so that a role is any name in the table of roles. */
export const ROLES = [
  'user',
  'verified_seller',
  'authenticator',
  'moderator',
  'support',
  'finance',
  'admin',
  'superadmin',
] as const;
export type Role = (typeof ROLES)[number] | (string & {});

export const USER_STATUSES = ['active', 'suspended', 'banned'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** A person who trades. Times are epoch milliseconds. */
export interface Account {
  id: string;
  email: string;
  username: string;
  displayName: string;
  role: Role;
  status: UserStatus;
  /** When a suspension ends; null while there is none, and for one without an end. */
  suspendedUntilMs: number | null;
  /** When the link of the mail was followed; null until then. */
  emailVerifiedAtMs: number | null;
  createdAtMs: number;
}

/** Everybody is a user, and a superadmin an admin as well: what a token and `/me` carry. */
export const rolesOf = (role: Role): Role[] =>
  role === 'user' ? ['user'] : role === 'superadmin' ? ['user', 'admin', 'superadmin'] : ['user', role];

/** The badge: for whoever's documents were approved, and for the role that comes with it. */
export const isVerifiedSeller = (role: Role, verifiedSellerAtMs: number | null): boolean =>
  verifiedSellerAtMs !== null || role === 'verified_seller';
