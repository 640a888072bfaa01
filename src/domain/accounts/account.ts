/** Roles of this release (C.1 names more; they arrive with administration). */
export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const USER_STATUSES = ['active', 'suspended'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** A person who trades. Times are epoch milliseconds. */
export interface Account {
  id: string;
  email: string;
  username: string;
  displayName: string;
  role: Role;
  status: UserStatus;
  createdAtMs: number;
}

/** Every admin is a user as well: what a token and `/me` carry. */
export const rolesOf = (role: Role): Role[] => (role === 'user' ? ['user'] : ['user', role]);
