/** Every refusal a client can meet has one of these stable codes; `http/problem.ts` gives each its status. */
export const ERROR_CODES = [
  // Requests
  'malformed_json',
  'validation_failed',
  'unsupported_media_type',
  'body_too_large',
  'route_not_found',
  'method_not_allowed',
  'not_acceptable',
  'rate_limited',
  'idempotency_key_reused',
  'idempotency_in_flight',
  'precondition_failed',
  'precondition_required',
  'invalid_cursor',
  'upgrade_required',
  'origin_not_allowed',
  // Identity
  'unauthenticated',
  'invalid_token',
  'invalid_credentials',
  'invalid_refresh_token',
  'forbidden',
  'email_taken',
  'username_taken',
  'account_suspended',
  'account_banned',
  'registration_closed',
  'weak_password',
  'invalid_ticket',
  'user_not_found',
  // Catalogue
  'product_not_found',
  'size_not_found',
  'image_not_found',
  'sku_taken',
  'size_taken',
  'insufficient_stock',
  'insufficient_reservation',
  'invalid_image',
  'image_too_large',
  'too_many_images',
  'range_not_satisfiable',
  // The book
  'order_not_found',
  'match_not_found',
  'invalid_price',
  'price_off_tick',
  'invalid_quantity',
  'price_outside_collar',
  'self_trade_prevented',
  'post_only_would_cross',
  'fok_unfillable',
  'open_order_limit',
  'book_halted',
  'book_cancel_only',
  'book_overloaded',
  'order_expired',
  'not_resting',
  'quantity_below_filled',
  'nothing_to_amend',
  'no_liquidity',
  'fee_schedule_not_found',
  'dead_letter_not_found',
  // Orders and money
  'invalid_transition',
  'transition_due',
  'reason_required',
  'tracking_required',
  'invalid_outcome',
  'amount_mismatch',
  'invalid_amount',
  'refund_exceeds_remaining',
  'hold_frozen',
  'hold_closed',
  'insufficient_funds',
  'below_payout_minimum',
  'payouts_frozen',
  'payment_not_found',
  'payment_method_not_found',
  'payment_declined',
  'refund_not_found',
  'payout_not_found',
  'seller_account_required',
  'mixed_currencies',
  'address_not_found',
  'too_many_addresses',
  'invalid_signature',
  // Conversations
  'conversation_not_found',
  'message_not_found',
  'self_conversation',
  'conversation_blocked',
  'message_type_reserved',
  'message_too_long',
  'message_not_editable',
  'too_many_reactions',
  'too_many_sockets',
  'payouts_halted',
  // Listings
  'listing_not_found',
  'category_not_found',
  'category_slug_taken',
  'category_cycle',
  'category_in_use',
  'listing_limit_reached',
  'selling_not_allowed',
  // Trust
  'souk_closed',
  'review_not_found',
  'review_not_open',
  'already_reviewed',
  'review_not_editable',
  'already_replied',
  'report_not_found',
  'report_target_not_found',
  'already_reported',
  'dispute_not_found',
  'moderation_action_not_found',
  'already_lifted',
  'fee_schedule_taken',
  // The platform
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** One offending field: a JSON pointer into the input and what to do about it. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** A refusal as a value: a stable code, a sentence for a person, and facts for a program. */
export interface Failure {
  code: ErrorCode;
  detail: string;
  errors?: FieldError[];
  /** Extra members of the problem document, such as `reference_cents`. */
  extra?: Record<string, string | number | boolean | null | readonly string[]>;
}

export const failure = (code: ErrorCode, detail: string, extra?: Failure['extra']): Failure =>
  extra ? { code, detail, extra } : { code, detail };
