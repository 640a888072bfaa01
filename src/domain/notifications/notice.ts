/** The nouns of notifications (C.8): what there is to tell, by which ways, and how far a telling has come. */
export const CHANNELS = ['in_app', 'email', 'push', 'sms'] as const;
export type Channel = (typeof CHANNELS)[number];

export const CATEGORIES = [
  'matches',
  'orders',
  'payments',
  'offers',
  'messages',
  'listings',
  'reviews',
  'alerts',
  'marketing',
  'account',
  'security',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** GR-12. `cancelled`: nobody needs it any more, such as a push for what was read meanwhile. */
export const DELIVERY_STATUSES = [
  'pending',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'cancelled',
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export const LANGUAGES = ['en', 'fr', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];

interface TypeDefinition {
  category: Category;
  /** Where it goes when its reader has said nothing. */
  channels: readonly Channel[];
  /** Where it goes whatever its reader has said: nobody can be kept from a reset link. */
  always?: readonly Channel[];
}

const EVERYWHERE = ['in_app', 'email', 'push'] as const;
const HERE = ['in_app'] as const;
const HERE_AND_PUSH = ['in_app', 'push'] as const;
const HERE_AND_MAIL = ['in_app', 'email'] as const;
const MAIL = ['email'] as const;

/** Every type of C.8, and those of an account's safety. */
export const NOTICE_TYPES = {
  user_registered: { category: 'account', channels: HERE_AND_MAIL },
  email_verification: { category: 'security', channels: MAIL, always: MAIL },
  password_reset: { category: 'security', channels: MAIL, always: MAIL },
  password_changed: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  account_locked: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  new_device: { category: 'security', channels: EVERYWHERE, always: MAIL },
  email_verified: { category: 'account', channels: HERE },
  email_changed: { category: 'security', channels: MAIL, always: MAIL },
  two_factor_enabled: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  two_factor_disabled: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  recovery_codes_made: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  role_changed: { category: 'security', channels: HERE_AND_MAIL },
  account_deleted: { category: 'security', channels: MAIL, always: MAIL },
  match_created: { category: 'matches', channels: EVERYWHERE },
  outbid: { category: 'matches', channels: HERE_AND_PUSH },
  bid_expiring: { category: 'matches', channels: HERE_AND_PUSH },
  bid_expired: { category: 'matches', channels: HERE_AND_PUSH },
  ask_expiring: { category: 'matches', channels: HERE_AND_PUSH },
  ask_expired: { category: 'matches', channels: HERE_AND_PUSH },
  order_created: { category: 'orders', channels: HERE_AND_MAIL },
  order_paid: { category: 'orders', channels: EVERYWHERE },
  order_processing: { category: 'orders', channels: HERE },
  ship_by_reminder: { category: 'orders', channels: EVERYWHERE },
  order_shipped: { category: 'orders', channels: EVERYWHERE },
  order_delivered: { category: 'orders', channels: EVERYWHERE },
  order_completed: { category: 'orders', channels: HERE_AND_MAIL },
  order_cancelled: { category: 'orders', channels: EVERYWHERE },
  order_on_hold: { category: 'orders', channels: HERE_AND_MAIL },
  payment_succeeded: { category: 'payments', channels: HERE_AND_MAIL },
  payment_failed: { category: 'payments', channels: EVERYWHERE },
  payment_held: { category: 'payments', channels: HERE },
  payment_released: { category: 'payments', channels: EVERYWHERE },
  refund_issued: { category: 'payments', channels: HERE_AND_MAIL },
  payout_completed: { category: 'payments', channels: HERE_AND_MAIL },
  payout_failed: { category: 'payments', channels: EVERYWHERE },
  new_offer: { category: 'offers', channels: EVERYWHERE },
  offer_accepted: { category: 'offers', channels: EVERYWHERE },
  offer_declined: { category: 'offers', channels: HERE_AND_PUSH },
  offer_countered: { category: 'offers', channels: EVERYWHERE },
  offer_expired: { category: 'offers', channels: HERE_AND_PUSH },
  offer_lapsed: { category: 'offers', channels: HERE_AND_PUSH },
  offer_frozen: { category: 'offers', channels: HERE },
  offer_resumed: { category: 'offers', channels: HERE },
  new_message: { category: 'messages', channels: HERE_AND_PUSH },
  listing_created: { category: 'listings', channels: HERE },
  listing_updated: { category: 'listings', channels: HERE },
  product_sold: { category: 'listings', channels: HERE_AND_PUSH },
  price_drop: { category: 'alerts', channels: HERE_AND_PUSH },
  price_alert: { category: 'alerts', channels: EVERYWHERE },
  back_in_market: { category: 'alerts', channels: HERE_AND_PUSH },
  favourite_sold: { category: 'alerts', channels: HERE },
  search_matched: { category: 'alerts', channels: HERE_AND_MAIL },
  review_received: { category: 'reviews', channels: HERE_AND_PUSH },
  review_reply: { category: 'reviews', channels: HERE },
  new_follower: { category: 'alerts', channels: HERE },
  stream_started: { category: 'alerts', channels: HERE_AND_PUSH },
  stream_ended: { category: 'alerts', channels: HERE },
  dispute_opened: { category: 'orders', channels: EVERYWHERE },
  dispute_updated: { category: 'orders', channels: EVERYWHERE },
  dispute_resolved: { category: 'orders', channels: EVERYWHERE },
  verification_approved: { category: 'account', channels: HERE_AND_MAIL },
  verification_rejected: { category: 'account', channels: HERE_AND_MAIL },
  moderation_action: { category: 'security', channels: HERE_AND_MAIL, always: MAIL },
  system_announcement: { category: 'account', channels: HERE },
} as const satisfies Record<string, TypeDefinition>;

export type NoticeType = keyof typeof NOTICE_TYPES;
export const NOTICE_TYPE_NAMES = Object.keys(NOTICE_TYPES) as [NoticeType, ...NoticeType[]];
export const definitionOf = (type: NoticeType): TypeDefinition => NOTICE_TYPES[type];

/** What a template speaks of: a word, a count, an amount, or a moment. */
export type Variable = string | number | { cents: number; currency: string } | { atMs: number };
export type Variables = Readonly<Record<string, Variable>>;
