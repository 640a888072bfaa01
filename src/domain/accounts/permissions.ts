/**
 * What a role may do beyond its own things (C.1, GR-04). The strings are stored with the roles, which admins may edit;
 * the built-in roles begin with the ones below.
 */
export const PERMISSIONS = [
  'catalog.manage',
  'market.manage',
  'users.read',
  'users.manage',
  'users.suspend',
  'users.ban',
  'admins.manage',
  'roles.manage',
  'verification.review',
  'kyc.review',
  'reports.review',
  'content.moderate',
  'orders.read',
  'orders.manage',
  'disputes.manage',
  'finance.read',
  'refunds.manage',
  'payouts.manage',
  'fees.manage',
  'analytics.read',
  'audit.read',
  'dead_letters.manage',
  'webhooks.read',
  'flags.manage',
  'notifications.manage',
  'system.read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface RoleDefinition {
  name: string;
  description: string;
  permissions: readonly Permission[];
}

const ADMIN = PERMISSIONS.filter((permission) => permission !== 'admins.manage');

/** The roles of C.1. They may be edited, but never taken away. */
export const BUILT_IN_ROLES = [
  { name: 'user', description: 'Buys and sells, and manages what is their own', permissions: [] },
  { name: 'verified_seller', description: 'A seller with a badge and higher limits', permissions: [] },
  {
    name: 'authenticator',
    description: 'Checks the goods in the verification queue',
    permissions: ['verification.review'],
  },
  {
    name: 'moderator',
    description: 'Reviews reports, hides content, warns and suspends',
    permissions: ['reports.review', 'content.moderate', 'users.read', 'users.suspend'],
  },
  {
    name: 'support',
    description: 'Helps with orders and disputes',
    permissions: ['orders.read', 'orders.manage', 'disputes.manage', 'users.read'],
  },
  {
    name: 'finance',
    description: 'Refunds, payouts and the ledger',
    permissions: [
      'orders.read',
      'finance.read',
      'refunds.manage',
      'payouts.manage',
      'fees.manage',
      'disputes.manage',
    ],
  },
  { name: 'admin', description: 'Everything except managing admins', permissions: ADMIN },
  { name: 'superadmin', description: 'Everything', permissions: PERMISSIONS },
] as const satisfies readonly RoleDefinition[];
