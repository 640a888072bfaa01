import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ERROR_CODES, type ErrorCode, type Failure, type FieldError, failure } from '../domain/errors.ts';
import type { AppEnv } from './factory.ts';

/** The one table from code to HTTP status: a new code does not compile without a line here. */
export const STATUS = {
  malformed_json: 400,
  validation_failed: 422,
  unsupported_media_type: 415,
  body_too_large: 413,
  route_not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  rate_limited: 429,
  idempotency_key_reused: 422,
  idempotency_in_flight: 409,
  precondition_failed: 412,
  precondition_required: 428,
  invalid_cursor: 422,
  upgrade_required: 426,
  origin_not_allowed: 403,
  unauthenticated: 401,
  invalid_token: 401,
  invalid_credentials: 401,
  invalid_refresh_token: 401,
  forbidden: 403,
  email_taken: 409,
  username_taken: 409,
  account_suspended: 403,
  account_banned: 403,
  registration_closed: 403,
  weak_password: 422,
  invalid_ticket: 401,
  user_not_found: 404,
  wrong_password: 403,
  invalid_link: 422,
  session_not_found: 404,
  two_factor_invalid: 403,
  two_factor_challenge_invalid: 401,
  two_factor_on: 409,
  two_factor_off: 409,
  role_not_found: 404,
  role_taken: 409,
  role_protected: 409,
  role_in_use: 409,
  last_superadmin: 409,
  account_has_open_orders: 409,
  account_has_money: 409,
  kyc_not_found: 404,
  kyc_pending: 409,
  kyc_decided: 409,
  kyc_documents_missing: 422,
  too_many_documents: 409,
  document_not_found: 404,
  invalid_document: 422,
  product_not_found: 404,
  size_not_found: 404,
  image_not_found: 404,
  sku_taken: 409,
  size_taken: 409,
  insufficient_stock: 409,
  insufficient_reservation: 409,
  invalid_image: 422,
  image_too_large: 413,
  too_many_images: 409,
  range_not_satisfiable: 416,
  order_not_found: 404,
  match_not_found: 404,
  invalid_price: 422,
  price_off_tick: 422,
  invalid_quantity: 422,
  price_outside_collar: 422,
  self_trade_prevented: 409,
  post_only_would_cross: 409,
  fok_unfillable: 409,
  open_order_limit: 409,
  book_halted: 409,
  book_cancel_only: 409,
  book_overloaded: 503,
  order_expired: 422,
  not_resting: 409,
  quantity_below_filled: 409,
  nothing_to_amend: 422,
  no_liquidity: 409,
  fee_schedule_not_found: 404,
  dead_letter_not_found: 404,
  invalid_transition: 409,
  transition_due: 409,
  reason_required: 422,
  tracking_required: 422,
  invalid_outcome: 422,
  amount_mismatch: 409,
  invalid_amount: 422,
  refund_exceeds_remaining: 409,
  hold_frozen: 409,
  hold_closed: 409,
  insufficient_funds: 409,
  below_payout_minimum: 422,
  payouts_frozen: 409,
  payment_not_found: 404,
  payment_method_not_found: 404,
  payment_declined: 422,
  refund_not_found: 404,
  payout_not_found: 404,
  transfer_not_found: 404,
  seller_account_required: 409,
  mixed_currencies: 422,
  address_not_found: 404,
  too_many_addresses: 409,
  invalid_signature: 400,
  conversation_not_found: 404,
  message_not_found: 404,
  self_conversation: 422,
  conversation_blocked: 403,
  message_type_reserved: 422,
  message_too_long: 422,
  message_not_editable: 409,
  too_many_reactions: 409,
  too_many_sockets: 429,
  stream_not_found: 404,
  stream_not_live: 409,
  stream_not_ready: 409,
  payouts_halted: 409,
  souk_closed: 409,
  offer_not_found: 404,
  own_listing: 422,
  listing_unavailable: 409,
  not_negotiable: 409,
  swap_listing_unavailable: 409,
  offer_open_already: 409,
  offers_used_up: 409,
  offer_moves_used_up: 409,
  offer_expired: 409,
  offer_frozen: 409,
  not_your_turn: 403,
  listing_not_found: 404,
  category_not_found: 404,
  category_slug_taken: 409,
  category_cycle: 422,
  category_in_use: 409,
  listing_limit_reached: 409,
  selling_not_allowed: 403,
  buying_not_allowed: 403,
  review_not_found: 404,
  review_not_open: 409,
  already_reviewed: 409,
  review_not_editable: 409,
  already_replied: 409,
  report_not_found: 404,
  report_target_not_found: 404,
  already_reported: 409,
  dispute_not_found: 404,
  too_many_watched: 409,
  saved_search_not_found: 404,
  moderation_action_not_found: 404,
  already_lifted: 409,
  fee_schedule_taken: 409,
  webhook_not_found: 404,
  notification_not_found: 404,
  delivery_not_found: 404,
  delivery_done: 409,
  template_not_found: 404,
  unknown_variable: 422,
  announcement_not_found: 404,
  letter_not_found: 404,
  device_not_found: 404,
  endpoint_not_allowed: 422,
  too_many_devices: 409,
  invalid_code: 422,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, ContentfulStatusCode>;

const TITLES: Partial<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Refused',
  426: 'Upgrade required',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

/** RFC 9457 problem details, as every error answer of the API. */
export const ProblemSchema = z
  .object({
    type: z.string().meta({
      description: 'A stable URI of the kind of problem',
      example: 'urn:bourse:problem:price_outside_collar',
    }),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(ERROR_CODES),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .loose()
  .meta({ id: 'Problem', description: 'RFC 9457 problem document with a stable `code`' });

/** Thrown inside handlers and middleware; `app.onError` turns it into a problem document. */
export class Problem extends Error {
  readonly failure: Failure;
  readonly headers: Record<string, string>;
  constructor(value: Failure, headers: Record<string, string> = {}) {
    super(value.detail);
    this.failure = value;
    this.headers = headers;
  }
}

export const problem = (code: ErrorCode, detail: string, extra?: Failure['extra']): Problem =>
  new Problem(failure(code, detail, extra));

export function problemResponse(
  value: Failure,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  const status = STATUS[value.code];
  const body = {
    type: `urn:bourse:problem:${value.code}`,
    title: TITLES[status] ?? 'Error',
    status,
    code: value.code,
    detail: value.detail,
    request_id: requestId,
    ...(value.errors ? { errors: value.errors } : {}),
    ...value.extra,
  };
  const challenge: Record<string, string> =
    status === 401 ? { 'WWW-Authenticate': 'Bearer realm="bourse"' } : {};
  return Response.json(body, {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Request-Id': requestId,
      ...challenge,
      ...headers,
    },
  });
}

export function fail(c: Context<AppEnv>, value: Failure, headers: Record<string, string> = {}): Response {
  return problemResponse(value, c.get('requestId'), headers);
}

/** What a route answers to input that its schema refuses. */
export function validationFailure(issues: Parameters<typeof fieldErrors>[0]): Failure {
  return {
    code: 'validation_failed',
    detail: 'The request does not match what this route accepts; see errors.',
    errors: fieldErrors(issues),
  };
}

export const MALFORMED_JSON = failure('malformed_json', 'The body could not be read as JSON.');

export function fieldErrors(
  issues: readonly { path: PropertyKey[]; message: string; code?: string; keys?: string[] }[],
): FieldError[] {
  return issues.map((issue) => ({
    pointer: `/${[...issue.path, ...(issue.code === 'unrecognized_keys' ? (issue.keys ?? []).slice(0, 1) : [])].map(String).join('/')}`,
    detail: issue.message,
  }));
}
