/** The account itself. */
import type { NoticeRule } from './rule.ts';

const ME = { to: ['user_id'] } as const;

export const ACCOUNT_RULES: readonly NoticeRule[] = [
  { on: 'account.registered', type: 'user_registered', template: 'user_registered', ...ME, link: () => '/' },
  {
    on: 'account.email_verification_requested',
    type: 'email_verification',
    template: 'email_verification',
    ...ME,
    secret: ['token', 'email'],
  },
  {
    on: 'account.password_reset_requested',
    type: 'password_reset',
    template: 'password_reset',
    ...ME,
    secret: ['token', 'email'],
  },
  { on: 'account.password_changed', type: 'password_changed', template: 'password_changed', ...ME },
  { on: 'account.locked', type: 'account_locked', template: 'account_locked', ...ME },
  { on: 'account.new_device', type: 'new_device', template: 'new_device', ...ME },
  { on: 'account.email_verified', type: 'email_verified', template: 'email_verified', ...ME },
  {
    on: 'account.email_change_requested',
    type: 'email_verification',
    template: 'email_change',
    ...ME,
    // To the new address, which is not the account's yet.
    secret: ['token', 'email'],
  },
  {
    on: 'account.email_changed',
    type: 'email_changed',
    template: 'email_changed',
    ...ME,
    // To the old address, which is the account's no more.
    secret: ['email'],
  },
  { on: 'account.two_factor_enabled', type: 'two_factor_enabled', template: 'two_factor_enabled', ...ME },
  { on: 'account.two_factor_disabled', type: 'two_factor_disabled', template: 'two_factor_disabled', ...ME },
  { on: 'account.two_factor_reset', type: 'two_factor_disabled', template: 'two_factor_reset', ...ME },
  { on: 'account.recovery_codes_made', type: 'recovery_codes_made', template: 'recovery_codes_made', ...ME },
  { on: 'account.role_changed', type: 'role_changed', template: 'role_changed', ...ME },
  {
    on: 'account.deleted',
    type: 'account_deleted',
    template: 'account_deleted',
    ...ME,
    // The account has no address any more: the event says where the last word goes.
    secret: ['email'],
  },
  { on: 'kyc.approved', type: 'verification_approved', template: 'verification_approved', ...ME },
  { on: 'kyc.rejected', type: 'verification_rejected', template: 'verification_rejected', ...ME },
  { on: 'moderation.acted', type: 'moderation_action', template: 'moderation_action', ...ME },
];
