/**
 * The vocabulary of one order book: orders, fills, rules, commands, and what a command changed or why it was refused.
 * Everything here is plain JSON, so that it can be stored, sent over RPC and compared as it is.
 */
import type { Side } from '../ids.ts';

export type { Side };

export const SIDES = ['bid', 'ask'] as const satisfies readonly Side[];

/** Good till cancelled, good till time, immediate or cancel, fill or kill. */
export const TIMES_IN_FORCE = ['gtc', 'gtt', 'ioc', 'fok'] as const;
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];

export const ORDER_STATUSES = ['active', 'matched', 'cancelled', 'expired'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Why an order left the book; `remainder` is the unfilled part of an IOC. */
export const CLOSE_REASONS = ['filled', 'user', 'remainder', 'self_trade', 'expired', 'admin'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Whose price a match executes at: always the ask's, or that of the order that was resting. */
export const PRICE_RULES = ['ask', 'maker'] as const;
export type PriceRule = (typeof PRICE_RULES)[number];

export const BOOK_STATUSES = ['open', 'cancel_only', 'halted'] as const;
export type BookStatus = (typeof BOOK_STATUSES)[number];

/** Which of the two orders is cancelled when a user is about to trade with themselves. */
export const SELF_TRADE_MODES = ['cancel_newest', 'cancel_oldest'] as const;
export type SelfTradeMode = (typeof SELF_TRADE_MODES)[number];

/** The largest quantity of one order (product model C.2). */
export const MAX_ORDER_QUANTITY = 100;

/**
 * An order as it stood after one command. A snapshot never changes once the command that made it has returned.
 * `seq` is the order's identity in its book; `prioritySeq` is its place in the queue of its price and differs from
 * `seq` only after an amendment that gave the place up.
 */
export interface OrderState {
  seq: number;
  prioritySeq: number;
  side: Side;
  userId: string;
  clientId: string | null;
  priceCents: number;
  quantity: number;
  filled: number;
  timeInForce: TimeInForce;
  postOnly: boolean;
  expiresAtMs: number | null;
  createdAtMs: number;
  updatedAtMs: number;
  status: OrderStatus;
  closeReason: CloseReason | null;
  /** How often it came back after a match that failed; absent is never. */
  relinks?: number;
  /** Starts at 1 and rises by one with each command that changes the order. */
  version: number;
}

/** An order comes back after a failed match at most this often (product model C.2.6). */
export const MAX_RELINKS = 2;

/** Why an order does not come back: the book takes none now, its owner or its time ended it, or it was back too often. */
export type RelinkRefusal = 'not_now' | 'closed' | 'relinked_too_often';

export interface Fill {
  bidSeq: number;
  askSeq: number;
  buyerId: string;
  sellerId: string;
  priceCents: number;
  quantity: number;
  takerSide: Side;
}

export interface BookRules {
  priceRule: PriceRule;
  tickCents: number;
  selfTrade: SelfTradeMode;
  status: BookStatus;
  /** A price this many times above or below the reference needs `confirm`; null switches the collar off. */
  collarFactor: number | null;
  retailCents: number | null;
  maxOpenOrdersPerUser: number;
}

export interface Sale {
  priceCents: number;
  atMs: number;
}

/** A price level after a command: `[side, priceCents, quantity, orderCount]`; quantity 0 means that it is gone. */
export type LevelChange = [side: Side, priceCents: number, quantity: number, orderCount: number];

/** A match that did not happen because both orders belong to the same user. */
export interface PreventedMatch {
  makerSeq: number;
  takerUserId: string;
  priceCents: number;
  quantity: number;
}

/** Everything one accepted command did. Each order and each level appears at most once, with its state afterwards. */
export interface Change {
  seq: number;
  atMs: number;
  /** The order the command was about comes first, then expired orders, then makers in the order they were met. */
  orders: readonly OrderState[];
  fills: readonly Fill[];
  levels: readonly LevelChange[];
  prevented: readonly PreventedMatch[];
}

export interface PlaceCommand {
  side: Side;
  userId: string;
  clientId: string | null;
  priceCents: number;
  quantity: number;
  timeInForce: TimeInForce;
  postOnly: boolean;
  expiresAtMs: number | null;
  /** True places a price outside the collar all the same. */
  confirm: boolean;
}

/** What to change; an absent field stays. `quantity` is the new total, filled part included. */
export interface AmendPatch {
  priceCents?: number | undefined;
  quantity?: number | undefined;
  expiresAtMs?: number | null | undefined;
  confirm?: boolean | undefined;
}

/** Why a command was refused. A refused command has changed nothing, the sequence included. */
export type Rejection =
  | { code: 'book_halted' }
  | { code: 'book_cancel_only' }
  | { code: 'invalid_price' }
  | { code: 'price_off_tick'; tickCents: number }
  | { code: 'invalid_quantity'; maxQuantity: number }
  /** A GTT order without an expiry, or an expiry that is no time at all. */
  | { code: 'invalid_expiry' }
  | { code: 'order_expired' }
  | { code: 'price_outside_collar'; referenceCents: number; factor: number }
  | { code: 'open_order_limit'; limit: number }
  | { code: 'fok_unfillable'; availableQuantity: number }
  | { code: 'post_only_would_cross'; bestPriceCents: number }
  | { code: 'self_trade_prevented'; makerSeq: number }
  | { code: 'not_resting' }
  | { code: 'quantity_below_filled'; filled: number }
  | { code: 'nothing_to_amend' };

export type RejectionCode = Rejection['code'];

export function oppositeOf(side: Side): Side {
  return side === 'bid' ? 'ask' : 'bid';
}

/** True when an order of this side and limit would trade with a resting order at `makerPriceCents`. */
export function isMarketable(side: Side, limitCents: number, makerPriceCents: number): boolean {
  return side === 'bid' ? limitCents >= makerPriceCents : limitCents <= makerPriceCents;
}
